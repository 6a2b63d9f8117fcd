//! Witnesses and authorities that have not answered for too long.

use crate::people::Role;
use crate::{Duty, State, Task, Time};

/// Whoever vouches and has seen nothing newer than the patience allows, while there was news, is late: those who chose
/// them are told.
pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    let zone = &state.organisation.zone;
    for standing in &state.evidence.standings {
        let Some(due) = state.evidence.due(standing).filter(|due| *due <= now) else { continue };
        let seen = standing.last.as_ref().map_or(standing.since, |anchor| anchor.time);
        let keepers = state.people.iter().filter(|person| {
            person.is_active(now)
                && [Role::SecurityOfficer, Role::Administrator].iter().any(|role| person.roles.contains(role))
        });
        duties.extend(keepers.map(|person| Duty {
            person: person.id,
            task: Task::AskWitness,
            about: person.id.into(),
            text: format!(
                "`{}` has not vouched for the record since {}",
                standing.name,
                seen.for_people(zone)
            ),
            due: Some(due),
        }));
    }
}
