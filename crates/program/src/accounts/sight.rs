//! Who may know of whose account.

use crate::people::Role;
use crate::sight::here;
use crate::{Actor, PersonId, State, Time};

/// Who looks through the accounts: those who invite, close and end sessions, and the auditor, who sees whether a second
/// factor is set up.
pub const READERS: &[Role] =
    &[Role::Administrator, Role::HumanResources, Role::SecurityOfficer, Role::Auditor];

/// May the actor know of this person's account, and how it stands? Their own, or by role.
#[must_use]
pub fn may_see_of(state: &State, actor: &Actor, now: Time, person: PersonId) -> bool {
    here(state, actor, now).is_some_and(|me| me.id == person) || actor.holds(state, now, READERS)
}
