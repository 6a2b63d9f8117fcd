//! What each tier asks of whoever opens its documents, with a preview of what a change would shut; and the organisation's
//! name and zone.

mod organisation;
mod requirements;

use crate::routes::{Routes, Rule};
use program::access::{REQUIREMENT_READERS, SETTERS};
use program::people::Role;

/// The routes of the settings.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/settings/requirements", Rule::Roles(REQUIREMENT_READERS), requirements::page)
        .get("/settings/requirements/{tier}", Rule::Roles(SETTERS), requirements::edit)
        .post("/settings/requirements/{tier}", Rule::Roles(SETTERS), requirements::change)
        .get("/settings/organisation", Rule::Roles(&[Role::Administrator]), organisation::page)
        .post("/settings/organisation", Rule::Roles(&[Role::Administrator]), organisation::change)
}
