//! Who may know who has access, and why.

use super::{Grant, Request};
use crate::people::{self, Role};
use crate::secrets::{self, Secret};
use crate::sight::{OVERSEERS, here};
use crate::{Actor, PersonId, SecretId, State, Time};

/// Who reads what every tier asks: whoever runs a part of the programme. Everybody else is told, secret by secret, the
/// conditions that they meet and fail; the whole table, with the networks in it, would show where to try.
pub const REQUIREMENT_READERS: &[Role] = &Role::ALL;

/// May the actor know who has access to this secret, who asked for it, and who can open it? Its owner, and those who
/// oversee the programme.
#[must_use]
pub fn may_oversee(state: &State, actor: &Actor, now: Time, secret: SecretId) -> bool {
    let owner = state.secrets.get(secret).map(|secret| secret.profile.owner);
    actor.holds(state, now, OVERSEERS)
        || here(state, actor, now).is_some_and(|person| owner == Some(person.id))
}

/// May the actor see this request: one of their own, or one for a secret that they oversee?
#[must_use]
pub fn may_see_request(state: &State, actor: &Actor, now: Time, request: &Request) -> bool {
    is_own(state, actor, now, request.person) || may_oversee(state, actor, now, request.secret)
}

/// May the actor see this grant? Besides whom a request is shown to: human resources, who take grants back when somebody
/// leaves; and whoever its holder reports to, where they may know of the secret.
#[must_use]
pub fn may_see_grant(state: &State, actor: &Actor, now: Time, grant: &Grant) -> bool {
    let leads = || {
        state.secrets.get(grant.secret).is_some_and(|secret| secrets::may_see(state, actor, now, secret))
            && people::leads(state, actor, now, grant.person)
    };
    may_see_use(state, actor, now, grant) || actor.holds(state, now, &[Role::HumanResources]) || leads()
}

/// May the actor know when this grant was last used? It tells what somebody did and not only what they may: its holder,
/// and those who read the secret's history.
#[must_use]
pub fn may_see_use(state: &State, actor: &Actor, now: Time, grant: &Grant) -> bool {
    is_own(state, actor, now, grant.person) || may_oversee(state, actor, now, grant.secret)
}

/// May the actor ask why this secret opens for `person`, or does not? Of oneself always; of others those who oversee the
/// secret, and those who can mend what fails: human resources, and whoever the person reports to. Never about a secret that
/// the actor may not know of.
#[must_use]
pub fn may_ask_why(state: &State, actor: &Actor, now: Time, person: PersonId, secret: &Secret) -> bool {
    secrets::may_see(state, actor, now, secret)
        && (is_own(state, actor, now, person)
            || may_oversee(state, actor, now, secret.id)
            || actor.holds(state, now, &[Role::HumanResources])
            || people::leads(state, actor, now, person))
}

fn is_own(state: &State, actor: &Actor, now: Time, person: PersonId) -> bool {
    here(state, actor, now).is_some_and(|me| me.id == person)
}
