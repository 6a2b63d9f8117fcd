//! Accounts that a password alone protects.

use crate::{Duty, State, Task, Time};

/// Everybody with an open account and no second factor is asked to set one up.
pub(crate) fn duties(state: &State, now: Time, duties: &mut Vec<Duty>) {
    let bare = state.accounts.iter().filter(|account| account.is_open() && account.second_factor.is_none());
    for account in bare {
        if state.people.get(account.person).is_some_and(|person| person.is_active(now)) {
            duties.push(Duty {
                person: account.person,
                task: Task::SetUpSecondFactor,
                about: account.id.into(),
                text: "Set up a second factor for signing in".to_owned(),
                due: None,
            });
        }
    }
}
