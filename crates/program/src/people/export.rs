//! Writing the people to a CSV file that the import reads back.

use super::Person;
use super::import::Column;
use crate::{Date, State, Time};

/// Everybody as CSV, with the columns the import knows; dates in `zone`.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula and runs it (CWE-1236), so such a cell
/// gets an apostrophe in front, which the import takes away again.
#[must_use]
pub fn export(state: &State, zone: &str) -> String {
    let mut out = String::new();
    row(
        &mut out,
        Column::ALL.iter().map(|column| column.name().to_owned()),
    );
    for person in state.people.iter() {
        row(
            &mut out,
            Column::ALL
                .iter()
                .map(|column| guard(cell(state, person, *column, zone))),
        );
    }
    out
}

/// A row as RFC 4180 section 2 writes it.
fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains([',', ';', '"', '\n', '\r', '\t']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

fn cell(state: &State, person: &Person, column: Column, zone: &str) -> String {
    let text = |line: &crate::Line| line.to_string();
    match column {
        Column::Name => text(&person.name),
        Column::Mail => person.mail.to_string(),
        Column::Engagement => person.engagement.to_string(),
        Column::Department => text(&person.department),
        Column::Job => person.job.as_ref().map(text).unwrap_or_default(),
        Column::Clearance => person.clearance.to_string(),
        Column::Roles => person
            .roles
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(";"),
        Column::Manager => {
            let manager = person.manager.and_then(|id| state.people.get(id));
            manager
                .map(|manager| manager.mail.to_string())
                .unwrap_or_default()
        }
        Column::Starts => starts(person.starts, zone),
        Column::Ends => person.ends.map(|time| ends(time, zone)).unwrap_or_default(),
    }
}

fn starts(time: Time, zone: &str) -> String {
    let day = time.date(zone);
    let exact = Date::parse(&day).is_ok_and(|date| date.start(zone) == time);
    if exact { day } else { time.rfc3339() }
}

/// The last day, where the end is the midnight after it.
fn ends(time: Time, zone: &str) -> String {
    let day = (time + -1).date(zone);
    let exact = Date::parse(&day).is_ok_and(|date| date.end(zone) == time);
    if exact { day } else { time.rfc3339() }
}

fn guard(cell: String) -> String {
    if is_formula(&cell) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// Takes away the apostrophe that [`export`] put in front.
pub(super) fn unguard(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| is_formula(rest))
        .unwrap_or(cell)
}

/// Begins, after any apostrophes, with a character that makes a spreadsheet calculate. Counting cells that were guarded
/// before keeps guarding reversible.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}
