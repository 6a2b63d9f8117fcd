//! Keys that ought to be gone and may still be somewhere.

use crate::{Duty, State, Task, Time};

/// Administrators are told of every place in which the keys of something destroyed may still be.
pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    for destruction in state.retention.destructions() {
        let Some(receipt) = destruction.receipt.as_ref().filter(|receipt| !receipt.left.is_empty()) else {
            continue;
        };
        let places: Vec<String> = receipt.left.iter().map(|left| format!("`{}`", left.place)).collect();
        let keepers = state.people.administrators().filter(|person| person.is_active(now));
        duties.extend(keepers.map(|person| Duty {
            person: person.id,
            task: Task::FinishDestruction,
            about: destruction.about,
            text: format!(
                "Delete the keys of {} that may still be in {}",
                destruction.about,
                places.join(" and ")
            ),
            due: Some(destruction.at),
        }));
    }
}
