//! Who may know of holds, destructions and copies.

use crate::people::Role;
use crate::{Actor, HoldId, State, Time, sight};

/// Those who may see all of it: those who oversee the programme, and administrators, who make the copies.
pub const RETENTION_READERS: &[Role] =
    &[Role::Administrator, Role::Counsel, Role::SecurityOfficer, Role::Auditor];

/// May the actor see copies, and what was destroyed?
#[must_use]
pub fn may_see_retention(state: &State, actor: &Actor, now: Time) -> bool {
    actor.holds(state, now, RETENTION_READERS)
}

/// May the actor know of this hold? A hold tells that a dispute is expected, so that only those know who oversee the
/// programme, and the owner of what is held, who could destroy it.
#[must_use]
pub fn may_see_hold(state: &State, actor: &Actor, now: Time, hold: HoldId) -> bool {
    state.retention.hold(hold).is_some_and(|hold| {
        may_see_retention(state, actor, now) || sight::owns(state, actor, now, hold.about)
    })
}
