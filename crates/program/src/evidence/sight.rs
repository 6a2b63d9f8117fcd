//! Who may know who vouches for the record, and up to where.

use crate::people::Role;
use crate::{Actor, State, Time};

/// Those who may: those who oversee the programme, and administrators, who have to look when somebody is late.
pub const ANCHOR_READERS: &[Role] =
    &[Role::Administrator, Role::Counsel, Role::SecurityOfficer, Role::Auditor];

/// May the actor see witnesses, authorities and anchors?
#[must_use]
pub fn may_see_anchors(state: &State, actor: &Actor, now: Time) -> bool {
    actor.holds(state, now, ANCHOR_READERS)
}
