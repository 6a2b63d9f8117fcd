//! What is due about agreements: signatures that were asked for.

use super::may_sign;
use crate::{Duty, State, Task, Time};

pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    let waiting = state.agreements.assignments().filter(|(person, _, _)| {
        // Nobody is reminded of what they could not do.
        state.people.get(*person).is_some_and(|found| may_sign(found, now))
    });
    duties.extend(waiting.map(|(person, agreement, assignment)| {
        let signed = state.agreements.signature(person, agreement.id).is_some();
        let again = if signed { " again" } else { "" };
        Duty {
            person,
            task: Task::SignAgreement,
            about: agreement.id.into(),
            text: format!("Sign `{}`{again}", agreement.title()),
            due: assignment.due,
        }
    }));
}
