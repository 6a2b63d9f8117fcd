//! Who may look at whom.

use super::{Person, Role};
use crate::sight::here;
use crate::{Actor, PersonId, State, Time};

/// Who looks through the register of people: whoever runs a part of the programme.
pub const READERS: &[Role] = &Role::ALL;

/// May the actor know all that the register says about this person? Those who run the programme, the person, and whom
/// they report to. The directory is not for everybody: who works where, and on what footing, is what somebody who wants a
/// secret asks first.
#[must_use]
pub fn may_see_all_of(state: &State, actor: &Actor, now: Time, person: &Person) -> bool {
    actor.holds(state, now, READERS)
        || here(state, actor, now).is_some_and(|me| me.id == person.id || person.manager == Some(me.id))
}

/// Does this person report to the actor?
#[must_use]
pub fn leads(state: &State, actor: &Actor, now: Time, person: PersonId) -> bool {
    let manager = state.people.get(person).and_then(|person| person.manager);
    manager.is_some() && manager == here(state, actor, now).map(|me| me.id)
}
