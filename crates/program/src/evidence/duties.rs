//! Witnesses and authorities that have not answered for too long.

use crate::people::Role;
use crate::{DAY, Duty, State, Task, Time};

/// How long what happened may go unseen by somebody who vouches for the record.
const PATIENCE: i64 = DAY;

/// Whoever vouches and has seen nothing newer than the patience allows, while there was news, is late: those who chose
/// them are told.
pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    let newest = state.evidence.last.as_ref().map(|anchor| anchor.entry);
    let zone = &state.organisation.zone;
    for standing in &state.evidence.standings {
        // Whoever answered the newest anchor is not late, however old it is: nothing may have happened since.
        let answered = standing.last.as_ref().map(|anchor| anchor.entry);
        if newest.is_none() || answered == newest {
            continue;
        }
        let seen = standing.last.as_ref().map_or(standing.since, |anchor| anchor.time);
        let due = seen + PATIENCE;
        if due > now {
            continue;
        }
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
