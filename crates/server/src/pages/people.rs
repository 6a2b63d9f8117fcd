//! Pages of people: the list, one person with what they signed and may open, and the acts of joining, moving and leaving.

mod acts;
mod detail;
mod erase;
mod fields;
mod import;
mod list;
mod profile;

use crate::parts::Tone;
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use program::people::{CLEARERS, KEEPERS, Person, READERS, ROLE_GIVERS, Role, SUSPENDERS};
use program::{DAY, PersonId};

pub(crate) use fields::{complain, day, line, named, text};
pub(crate) use list::found_by;

/// How long before the end of somebody's time here the list says so (milliseconds).
const ENDS_SOON: i64 = 30 * DAY;

/// The routes of people. One person's page is open to everybody signed in: to those it is not for, it does not exist.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/people", Rule::Roles(READERS), list::page)
        .get("/people.csv", Rule::Roles(READERS), list::csv)
        .get("/people.json", Rule::Roles(READERS), list::json)
        .get("/people/new", Rule::Roles(KEEPERS), profile::blank)
        .post("/people/new", Rule::Roles(KEEPERS), profile::add)
        .get("/people/import", Rule::Roles(KEEPERS), import::page)
        .upload("/people/import", Rule::Roles(KEEPERS), import::preview)
        .post("/people/import/confirm", Rule::Roles(KEEPERS), import::confirm)
        .get("/people/{id}", Rule::Person, detail::overview)
        .get("/people/{id}/agreements", Rule::Person, detail::agreements)
        .get("/people/{id}/access", Rule::Person, detail::access)
        .get("/people/{id}/history", Rule::Person, detail::history)
        .get("/people/{id}/edit", Rule::Roles(KEEPERS), profile::edit)
        .post("/people/{id}/edit", Rule::Roles(KEEPERS), profile::change)
        .get("/people/{id}/clearance", Rule::Roles(CLEARERS), acts::clearance)
        .post("/people/{id}/clearance", Rule::Roles(CLEARERS), acts::clear)
        .get("/people/{id}/roles", Rule::Roles(ROLE_GIVERS), acts::roles)
        .post("/people/{id}/roles", Rule::Roles(ROLE_GIVERS), acts::set_roles)
        .get("/people/{id}/suspend", Rule::Roles(SUSPENDERS), acts::suspension)
        .post("/people/{id}/suspend", Rule::Roles(SUSPENDERS), acts::suspend)
        .get("/people/{id}/reinstate", Rule::Roles(KEEPERS), acts::reinstatement)
        .post("/people/{id}/reinstate", Rule::Roles(KEEPERS), acts::reinstate)
        .get("/people/{id}/end", Rule::Roles(KEEPERS), acts::ending)
        .post("/people/{id}/end", Rule::Roles(KEEPERS), acts::end)
        .get("/people/{id}/erase", Rule::Roles(KEEPERS), erase::ask)
        .post("/people/{id}/erase", Rule::Roles(KEEPERS), erase::run)
}

/// How somebody stands here: a word for the address, and the pill.
fn standing(person: &Person, visitor: &Visitor) -> (&'static str, Tone, String) {
    let now = visitor.now;
    let zone = visitor.zone.as_str();
    match person.ends {
        Some(ends) if ends <= now.max(person.starts) => {
            ("left", Tone::Calm, format!("Left {}", last_day(ends, zone)))
        }
        _ if person.suspended.is_some() => ("suspended", Tone::Bad, "Suspended".to_owned()),
        _ if now < person.starts => {
            ("to-come", Tone::Calm, format!("Starts {}", person.starts.day_for_people(zone)))
        }
        Some(ends) if ends - now <= ENDS_SOON => {
            ("ends-soon", Tone::Warn, format!("Ends {}", last_day(ends, zone)))
        }
        _ => ("active", Tone::Good, "Active".to_owned()),
    }
}

/// The last day of a time that ends at `ends`, the first instant outside it.
pub(crate) fn last_day(ends: program::Time, zone: &str) -> String {
    (ends + -1).day_for_people(zone)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::Counsel => "Counsel",
        Role::SecurityOfficer => "Security officer",
        Role::HumanResources => "Human resources",
        Role::Auditor => "Auditor",
    }
}

fn engagement_name(engagement: program::people::Engagement) -> &'static str {
    match engagement {
        program::people::Engagement::Employee => "Employee",
        program::people::Engagement::Contractor => "Contractor",
    }
}

fn path(id: PersonId) -> String {
    format!("/people/{id}")
}
