//! Contracts that are about to end, for whoever decides on them.

use crate::{DAY, Duty, State, Task, Time};

/// How long before a contract's end its manager is told.
const NOTICE: i64 = 30 * DAY;

/// A contract that ends soon waits for its manager. Where there is none, or the manager is gone, nobody is told: the list
/// of people shows the date.
pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    for person in state.people.iter() {
        let Some(ends) = person.ends.filter(|ends| now < *ends && *ends <= now + NOTICE) else {
            continue;
        };
        let manager =
            person.manager.and_then(|id| state.people.get(id)).filter(|manager| manager.is_active(now));
        if let Some(manager) = manager {
            duties.push(Duty {
                person: manager.id,
                task: Task::ContractEnds,
                about: person.id.into(),
                text: format!("Decide how it goes on with {}, whose time here ends", person.name),
                due: Some(ends),
            });
        }
    }
}
