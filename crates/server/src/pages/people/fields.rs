//! What forms about people read out of what was typed, with a sentence for everything that cannot be taken.

use crate::errors::PageError;
use crate::parts::Errors;
use crate::respond::{as_errors, capital};
use program::{Date, Line, PersonId, State, Text, Time};
use service::ServiceError;

/// Puts a rule's refusal beside its field, so that the form can be shown again with what was typed.
///
/// # Errors
/// What is not a matter of the form: something unknown, a role that is lacking, a record that cannot be written.
pub(crate) fn complain(error: ServiceError, errors: &mut Errors) -> Result<(), PageError> {
    errors.0.extend(as_errors(error)?.0);
    Ok(())
}

/// One line that has to be there.
pub(crate) fn line(errors: &mut Errors, field: &str, label: &str, typed: &str) -> Option<Line> {
    taken(errors, field, label, Line::new(typed))
}

/// One line that may be left out.
pub(crate) fn optional_line(errors: &mut Errors, field: &str, label: &str, typed: &str) -> Option<Line> {
    if typed.trim().is_empty() { None } else { line(errors, field, label, typed) }
}

/// A text that has to be there.
pub(crate) fn text(errors: &mut Errors, field: &str, label: &str, typed: &str) -> Option<Text> {
    taken(errors, field, label, Text::new(typed))
}

/// A day that may be left out, read by `read`: the first or the last instant of it counts.
pub(crate) fn day(
    errors: &mut Errors,
    field: &str,
    typed: &str,
    read: impl Fn(Date) -> Time,
) -> Option<Time> {
    if typed.trim().is_empty() {
        return None;
    }
    match Date::parse(typed) {
        Ok(date) => Some(read(date)),
        Err(error) => {
            errors.add(field, format!("{}.", capital(&error.to_string())));
            None
        }
    }
}

/// Somebody by id, mail address, or full name where only one person has it; `Err` says what is wrong in a sentence.
pub(crate) fn named(state: &State, typed: &str) -> Result<PersonId, String> {
    let typed = typed.trim();
    let by_id = typed.parse::<PersonId>().ok().and_then(|id| state.people.get(id));
    if let Some(found) = by_id.or_else(|| state.people.by_mail(typed)) {
        return Ok(found.id);
    }
    let folded = typed.to_lowercase();
    let mut same = state.people.iter().filter(|person| person.name.as_str().to_lowercase() == folded);
    match (same.next(), same.next()) {
        (Some(found), None) => Ok(found.id),
        (Some(_), Some(_)) => {
            Err(format!("Several people are called {typed}. Give a mail address or an id such as P-12."))
        }
        _ => Err(format!(
            "Nobody is known as {typed}. Give a mail address, an id such as P-12, or the full name."
        )),
    }
}

fn taken<T>(errors: &mut Errors, field: &str, label: &str, read: Result<T, program::TextError>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            errors.add(field, format!("{label}: {error}."));
            None
        }
    }
}
