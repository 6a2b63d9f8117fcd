//! Who may know what: one question for everything an id may name, and for the record. Every face asks here, so that none
//! tells what another hides.
//!
//! Need-to-know is a measure only where it holds everywhere: 18 USC 1839(3)(A) asks for reasonable measures, and a list
//! that names to everybody what a page keeps from them is none. Each area says in its room `sight.rs` who may know its
//! things; whoever may not is told that they are unknown, as if they had never been.

use crate::people::{Person, Role};
use crate::secrets::Secret;
use crate::{Actor, PersonId, State, Subject, Time};
use crate::{access, accounts, agreements, documents, people, retention, secrets};

/// Those who run the programme or audit it: they see every secret in the register, who has access to it, and the whole
/// record. They open nothing by it.
pub const OVERSEERS: &[Role] = &[Role::Counsel, Role::SecurityOfficer, Role::Auditor];

/// May the actor know of what this id names? No otherwise than where it names nothing.
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, subject: Subject) -> bool {
    match subject {
        Subject::SecretId(id) => {
            state.secrets.get(id).is_some_and(|secret| secrets::may_see(state, actor, now, secret))
        }
        Subject::DocumentId(id) => {
            state.documents.get(id).is_some_and(|document| documents::may_see(state, actor, now, document))
        }
        Subject::PersonId(id) => match state.people.get(id) {
            Some(person) => people::may_see_all_of(state, actor, now, person),
            // The number alone is left; that it was somebody's is for those who look through the register.
            None => state.people.is_erased(id) && actor.holds(state, now, people::READERS),
        },
        Subject::AgreementId(id) => agreements::may_see(state, actor, now, id),
        Subject::RequestId(id) => state
            .access
            .request(id)
            .is_some_and(|request| access::may_see_request(state, actor, now, request)),
        Subject::GrantId(id) => {
            state.access.grant(id).is_some_and(|grant| access::may_see_grant(state, actor, now, grant))
        }
        Subject::AccountId(id) => state
            .accounts
            .get(id)
            .is_some_and(|account| accounts::may_see_of(state, actor, now, account.person)),
        Subject::HoldId(id) => retention::may_see_hold(state, actor, now, id),
        // Nothing shows a session or a token by itself: they are seen with their account.
        Subject::SessionId(_) | Subject::TokenId(_) => false,
    }
}

/// May the actor read the whole record?
#[must_use]
pub fn may_read_record(state: &State, actor: &Actor, now: Time) -> bool {
    actor.holds(state, now, OVERSEERS)
}

/// May the actor read everything that happened to `subject`? Besides those who read the whole record: a secret's owner,
/// for the secret and all that hangs on it; and anybody, about themselves.
#[must_use]
pub fn may_read_history(state: &State, actor: &Actor, now: Time, subject: Subject) -> bool {
    let about_me = actor.person.is_some_and(|me| subject == me.into());
    about_me || owns(state, actor, now, subject) || may_read_record(state, actor, now)
}

/// May the actor read this entry: one that they made, or one of a history that they may read? A refusal to open what the
/// actor may not know of is not shown to them: it would tell them that it exists, which the refusal did not.
#[must_use]
pub fn may_read_entry(
    state: &State,
    actor: &Actor,
    now: Time,
    by: Option<PersonId>,
    kind: &str,
    subjects: &[Subject],
) -> bool {
    let own = actor.person.is_some() && by == actor.person;
    // An entry about the organisation itself has no subject.
    let history = || {
        may_read_record(state, actor, now)
            || subjects.iter().any(|subject| may_read_history(state, actor, now, *subject))
    };
    let hidden = || {
        let mut secrets = subjects.iter().filter_map(|subject| secret_of(state, *subject));
        is_refusal(kind) && secrets.any(|secret| !secrets::knows_of(state, actor, now, secret))
    };
    (own || history()) && !hidden()
}

/// The kinds that record that the gate did not open.
fn is_refusal(kind: &str) -> bool {
    matches!(kind, "document.refused" | "secret.refused")
}

/// The secret that this is, or hangs on.
pub(crate) fn secret_of(state: &State, subject: Subject) -> Option<&Secret> {
    let id = match subject {
        Subject::SecretId(id) => Some(id),
        Subject::DocumentId(id) => state.documents.get(id).map(|document| document.secret),
        Subject::GrantId(id) => state.access.grant(id).map(|grant| grant.secret),
        Subject::RequestId(id) => state.access.request(id).map(|request| request.secret),
        _ => None,
    };
    id.and_then(|id| state.secrets.get(id))
}

pub(crate) fn owns(state: &State, actor: &Actor, now: Time, subject: Subject) -> bool {
    let owner = secret_of(state, subject).map(|secret| secret.profile.owner);
    owner.is_some() && owner == here(state, actor, now).map(|me| me.id)
}

/// The actor as a person who belongs here now; nobody else knows anything by who they are.
pub(crate) fn here<'a>(state: &'a State, actor: &Actor, now: Time) -> Option<&'a Person> {
    actor.person.and_then(|id| state.people.get(id)).filter(|person| person.is_active(now))
}

#[cfg(test)]
mod tests;
