//! Who may know that a secret exists, and how much of it the register shows them.

use super::{Profile, Secret, Status};
use crate::sight::{OVERSEERS, here};
use crate::{Actor, PersonId, State, Time};
use gate::Condition;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// May the actor know that this secret exists? Need-to-know begins with the register: besides
/// those who run it, a secret is listed to whoever owns, submitted, knows or was granted it, and to everybody only where
/// the requirements of its tier say that people may find it and ask.
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, secret: &Secret) -> bool {
    actor.holds(state, now, OVERSEERS)
        || here(state, actor, now).is_some_and(|person| concerns(state, person.id, secret))
}

/// May the actor know all that the register holds of this secret, and which documents it has? Where a secret lives, who
/// knows it and what it is worth lead to it, and the names of its documents tell much; nobody made them safe to show as
/// they made its summary. Besides those who run the register, they are known to whoever owns, submitted or knows the
/// secret, and to whoever holds a grant that is in force; not to everybody who may find it and ask. Where the tier asks for
/// no grant, whoever may know of the secret may open it, and so knows all of it.
#[must_use]
pub fn may_see_whole(state: &State, actor: &Actor, now: Time, secret: &Secret) -> bool {
    if !may_see(state, actor, now, secret) {
        return false;
    }
    let ungranted = || !state.access.requirement(secret.tier()).conditions.contains(Condition::Grant);
    let inside = |person| {
        is_involved(person, secret)
            || state.access.grants_between(person, secret.id).any(|grant| grant.is_live(now))
            || ungranted()
    };
    actor.holds(state, now, OVERSEERS) || here(state, actor, now).is_some_and(|person| inside(person.id))
}

/// The secret as far as the register shows it to the actor: whole, or what was written for everybody who may find it.
#[must_use]
pub fn shown<'a>(state: &State, actor: &Actor, now: Time, secret: &'a Secret) -> Cow<'a, Secret> {
    if may_see_whole(state, actor, now, secret) {
        return Cow::Borrowed(secret);
    }
    let profile = Profile {
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: Default::default(),
        ..secret.profile.clone()
    };
    Cow::Owned(Secret { profile, remark: None, ..secret.clone() })
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
