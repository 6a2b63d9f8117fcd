//! The pages: one file or folder per area, each with its routes.

pub mod access;
pub mod accounts;
pub mod agreements;
pub mod dashboard;
pub mod documents;
pub mod door;
pub mod evidence;
pub mod history;
pub mod home;
pub mod me;
pub mod people;
pub mod record;
pub mod retention;
pub mod search;
pub mod secrets;
pub mod settings;
pub mod table;

use crate::routes::Routes;

/// The routes of all areas.
#[must_use]
pub fn routes() -> Routes {
    [
        access::routes(),
        accounts::routes(),
        agreements::routes(),
        dashboard::routes(),
        documents::routes(),
        door::routes(),
        evidence::routes(),
        home::routes(),
        me::routes(),
        people::routes(),
        record::routes(),
        retention::routes(),
        search::routes(),
        secrets::routes(),
        settings::routes(),
    ]
    .into_iter()
    .fold(Routes::new(), Routes::merge)
}
