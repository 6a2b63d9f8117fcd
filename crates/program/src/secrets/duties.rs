//! What is due in the register: submissions to judge or amend, and reviews.

use super::Status;
use crate::people::{Person, Role};
use crate::{DAY, Duty, State, Task, Time};

/// A submission is judged within a week: an idea that waits is unprotected.
const JUDGE_WITHIN: i64 = 7 * DAY;
/// A review shows up this long before its date.
const NOTICE: i64 = 30 * DAY;

pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    // Found once: a register of thousands may wait to be judged.
    let reviewers: Vec<&Person> =
        state.people.iter().filter(|p| p.is_active(now) && p.has(Role::Counsel)).collect();
    for secret in state.secrets.iter() {
        let title = &secret.profile.title;
        let submitted = secret.versions.last().map_or(now, |version| version.at);
        match secret.status {
            Status::Submitted => {
                let judges = reviewers
                    .iter()
                    .filter(|p| Some(p.id) != secret.submitter && p.id != secret.profile.owner);
                duties.extend(judges.map(|person| Duty {
                    person: person.id,
                    task: Task::JudgeSubmission,
                    about: secret.id.into(),
                    text: format!("Judge the submission `{title}`"),
                    due: Some(submitted + JUDGE_WITHIN),
                }));
            }
            Status::Returned => duties.push(Duty {
                person: secret.submitter.unwrap_or(secret.profile.owner),
                task: Task::AmendSubmission,
                about: secret.id.into(),
                text: format!("Amend the submission `{title}`: it was returned"),
                due: None,
            }),
            Status::Accepted => {
                duties.extend(secret.profile.review.filter(|due| *due - now <= NOTICE).map(|due| Duty {
                    person: secret.profile.owner,
                    task: Task::ReviewSecret,
                    about: secret.id.into(),
                    text: format!("Review `{title}`"),
                    due: Some(due),
                }))
            }
            Status::Retired => {}
        }
    }
}
