//! Who may know who vouches for the record, and up to where.

use crate::people::Role;
use crate::{Actor, State, Time, sight};

/// May the actor see witnesses, authorities and anchors? Those who oversee the programme, and administrators, who
/// have to look when one is late.
#[must_use]
pub fn may_see_anchors(state: &State, actor: &Actor, now: Time) -> bool {
    sight::may_read_record(state, actor, now) || actor.holds(state, now, &[Role::Administrator])
}
