//! Who may know of holds, destructions and copies.

use crate::people::{KEEPERS, Role};
use crate::{Actor, HoldId, State, Subject, Time, sight};

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

/// May the actor know in which places keys of this were deleted, and in which they may still be? Those who see copies, and
/// those who could destroy it: the owner of a document's secret, and those who erase people's data.
#[must_use]
pub fn may_see_receipt(state: &State, actor: &Actor, now: Time, about: Subject) -> bool {
    may_see_retention(state, actor, now)
        || match about {
            Subject::PersonId(_) => actor.holds(state, now, KEEPERS),
            other => sight::owns(state, actor, now, other),
        }
}
