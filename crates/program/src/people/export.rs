//! Writing the people to a CSV file that the import reads back.

use super::Person;
use super::import::Column;
use crate::table::{start_of_day, write_row};
use crate::{Date, State, Time};

/// Everybody as CSV, with the columns the import knows; dates in `zone`.
#[must_use]
pub fn export(state: &State, zone: &str) -> String {
    let mut out = String::new();
    write_row(&mut out, Column::ALL.iter().map(|column| column.name().to_owned()));
    for person in state.people.iter() {
        write_row(&mut out, Column::ALL.iter().map(|column| cell(state, person, *column, zone)));
    }
    out
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
        Column::Roles => person.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"),
        Column::Manager => {
            let manager = person.manager.and_then(|id| state.people.get(id));
            manager.map(|manager| manager.mail.to_string()).unwrap_or_default()
        }
        Column::Starts => start_of_day(person.starts, zone),
        Column::Ends => person.ends.map(|time| ends(time, zone)).unwrap_or_default(),
    }
}

/// The last day, where the end is the midnight after it.
fn ends(time: Time, zone: &str) -> String {
    let day = (time + -1).date(zone);
    let exact = Date::parse(&day).is_ok_and(|date| date.end(zone) == time);
    if exact { day } else { time.rfc3339() }
}
