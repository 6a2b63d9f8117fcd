//! Who may know what documents a secret has.

use super::Document;
use crate::secrets::{self, Secret};
use crate::sight::{OVERSEERS, here};
use crate::{Actor, State, Time};
use gate::Condition;

/// May the actor know of this document: its name, its size, where it is kept?
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, document: &Document) -> bool {
    state.secrets.get(document.secret).is_some_and(|secret| may_see_of(state, actor, now, secret))
}

/// May the actor know which documents this secret has? Their names can tell much, and nobody made them safe to show as
/// they made the secret's summary: besides those who run the register, they are known to whoever owns, submitted or knows
/// the secret, and to whoever holds a grant that is in force; not to everybody who may find it and ask. Where the tier asks
/// for no grant, whoever may know of the secret may open it, and so knows its documents.
#[must_use]
pub fn may_see_of(state: &State, actor: &Actor, now: Time, secret: &Secret) -> bool {
    if !secrets::may_see(state, actor, now, secret) {
        return false;
    }
    let ungranted = || !state.access.requirement(secret.tier()).conditions.contains(Condition::Grant);
    let inside = |person| {
        secrets::is_involved(person, secret)
            || state.access.grants_between(person, secret.id).any(|grant| grant.is_live(now))
            || ungranted()
    };
    actor.holds(state, now, OVERSEERS) || here(state, actor, now).is_some_and(|person| inside(person.id))
}
