//! What is due by now, for whom: every area adds its own, and the first page shows them.

use crate::{Actor, PersonId, State, Subject, Time};
use crate::{access, accounts, agreements, evidence, people, retention, secrets, sight};
use serde::Serialize;

/// The kinds of things that wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Read and sign (or decline) an agreement.
    SignAgreement,
    /// Answer a request for access.
    AnswerRequest,
    /// Say why emergency access was taken.
    JustifyEmergency,
    /// Look at an emergency access to one's own secret.
    ReviewEmergency,
    /// Judge a submitted secret.
    JudgeSubmission,
    /// Amend a submission that was returned.
    AmendSubmission,
    /// Look through a secret whose review date has come.
    ReviewSecret,
    /// Set up a second factor for one's account.
    SetUpSecondFactor,
    /// Decide on a contract that ends soon.
    ContractEnds,
    /// Ask why a witness or an authority has not vouched for the record.
    AskWitness,
    /// Delete keys of something destroyed that are still in a copy of the keys.
    FinishDestruction,
}

/// One thing that waits for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// Who has to do it.
    pub person: PersonId,
    /// What.
    pub task: Task,
    /// What it is about.
    pub about: Subject,
    /// In words, for the list: "Sign `Employee confidentiality agreement`".
    pub text: String,
    /// By when, where there is a date.
    pub due: Option<Time>,
}

/// Everything that waits for `person`, the earliest due first.
#[must_use]
pub fn duties_of(state: &State, person: PersonId, now: Time) -> Vec<Duty> {
    let mut duties = all(state, now);
    duties.retain(|duty| duty.person == person);
    duties
}

/// Everything whose date has passed, for those who run the programme.
#[must_use]
pub fn overdue(state: &State, now: Time) -> Vec<Duty> {
    let mut duties = all(state, now);
    duties.retain(|duty| duty.due.is_some_and(|due| due <= now));
    duties
}

/// May the actor read this duty: their own; or that of somebody they may look at, as long as it does not name a secret that
/// the actor may not know of?
#[must_use]
pub fn may_read_duty(state: &State, actor: &Actor, now: Time, duty: &Duty) -> bool {
    let told =
        sight::secret_of(state, duty.about).is_none_or(|secret| secrets::may_see(state, actor, now, secret));
    let person = state.people.get(duty.person);
    actor.person == Some(duty.person)
        || (told && person.is_some_and(|person| people::may_see_all_of(state, actor, now, person)))
}

fn all(state: &State, now: Time) -> Vec<Duty> {
    let mut duties = Vec::new();
    people::duties(state, now, &mut duties);
    secrets::duties(state, now, &mut duties);
    agreements::duties(state, now, &mut duties);
    access::duties(state, now, &mut duties);
    accounts::duties(state, now, &mut duties);
    evidence::duties(state, now, &mut duties);
    retention::duties(state, now, &mut duties);
    duties.sort_by_key(|duty| (duty.due.unwrap_or(Time::LATEST), duty.task, duty.about, duty.person));
    duties
}
