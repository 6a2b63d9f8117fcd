//! Who may know that a secret exists.

use super::{Secret, Status};
use crate::sight::{OVERSEERS, here};
use crate::{Actor, PersonId, State, Time};

/// May the actor know that this secret exists, and read its profile? Need-to-know begins with the register: besides
/// those who run it, a secret is listed to whoever owns, submitted, knows or was granted it, and to everybody only where
/// the requirements of its tier say that people may find it and ask.
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, secret: &Secret) -> bool {
    actor.holds(state, now, OVERSEERS)
        || here(state, actor, now).is_some_and(|person| concerns(state, person.id, secret))
}

/// Did the actor come to know of this secret, whether or not they belong here now? Somebody suspended is told so when an
/// opening is refused; somebody to whom a secret was never known learns nothing by trying.
#[must_use]
pub fn knows_of(state: &State, actor: &Actor, now: Time, secret: &Secret) -> bool {
    actor.holds(state, now, OVERSEERS) || actor.person.is_some_and(|person| concerns(state, person, secret))
}

fn concerns(state: &State, person: PersonId, secret: &Secret) -> bool {
    let listed = secret.status == Status::Accepted && state.access.requirement(secret.tier()).listed;
    listed || is_involved(person, secret) || state.access.any_grant(person, secret.id)
}

/// Does this person know it by the register itself: its owner, whoever put it forward, whoever is named as knowing it?
pub(crate) fn is_involved(person: PersonId, secret: &Secret) -> bool {
    secret.profile.owner == person
        || secret.submitter == Some(person)
        || secret.profile.known_by.contains(&person)
}
