//! What is due about access: requests to answer, emergencies to justify and to look at.

use super::approve::still_needed;
use crate::people::Role;
use crate::{DAY, Duty, PersonId, State, Task, Time};

/// A request is answered within this long.
const ANSWER_WITHIN: i64 = 3 * DAY;
/// An emergency access is justified, and looked at, within this long.
const JUSTIFY_WITHIN: i64 = DAY;

pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    let deputies = deputies(state, now);
    for request in state.access.pending() {
        let Some(secret) = state.secrets.get(request.secret) else {
            continue;
        };
        let (missing, owner_waits) = still_needed(state, request, secret, now);
        let owner = secret.profile.owner;
        let stand_ins = deputies.iter().copied().filter(|id| *id != owner && (!owner_waits || missing > 1));
        let asked = owner_waits.then_some(owner).into_iter().chain(stand_ins);
        let free = asked.filter(|id| *id != request.person && !request.approvals.iter().any(|a| a.by == *id));
        let name = state
            .people
            .get(request.person)
            .map_or_else(|| request.person.to_string(), |p| p.name.to_string());
        duties.extend(free.map(|person| Duty {
            person,
            task: Task::AnswerRequest,
            about: request.id.into(),
            text: format!("Answer {name}, who asks for access to `{}`", secret.profile.title),
            due: Some(request.at + ANSWER_WITHIN),
        }));
    }
    for grant in state.access.open_emergencies() {
        let (Some(emergency), Some(secret)) = (&grant.emergency, state.secrets.get(grant.secret)) else {
            continue;
        };
        let title = &secret.profile.title;
        let due = Some(grant.from + JUSTIFY_WITHIN);
        if emergency.justified.is_none() {
            let text = format!("Say why you took emergency access to `{title}`");
            duties.push(Duty {
                person: grant.person,
                task: Task::JustifyEmergency,
                about: grant.id.into(),
                text,
                due,
            });
        }
        if emergency.reviewed.is_none() {
            duties.extend(judges(state, now, &deputies, secret.profile.owner, grant.person).into_iter().map(
                |person| Duty {
                    person,
                    task: Task::ReviewEmergency,
                    about: grant.id.into(),
                    text: format!("Look at the emergency access to `{title}`"),
                    due,
                },
            ));
        }
    }
}

/// The owner looks at an emergency access; where the owner took it, or is not here, whoever stands in for the owner.
fn judges(
    state: &State,
    now: Time,
    deputies: &[PersonId],
    owner: PersonId,
    taker: PersonId,
) -> Vec<PersonId> {
    if owner != taker && state.people.get(owner).is_some_and(|person| person.is_active(now)) {
        return vec![owner];
    }
    deputies.iter().copied().filter(|id| *id != taker).collect()
}

/// Found once: many requests may wait.
fn deputies(state: &State, now: Time) -> Vec<PersonId> {
    let stand_in = |role: &Role| matches!(role, Role::Counsel | Role::SecurityOfficer);
    let active = state.people.iter().filter(|person| person.is_active(now));
    active.filter(|person| person.roles.iter().any(stand_in)).map(|person| person.id).collect()
}
