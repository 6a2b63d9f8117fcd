//! The record: every entry in words, with its proof, and all of it to take away.

mod entry;
mod export;
mod list;

pub(crate) use list::in_words;

use crate::routes::{Routes, Rule};

/// Every route of the record.
pub fn routes() -> Routes {
    Routes::new()
        .get("/record", Rule::Person, list::list)
        .get("/record.csv", Rule::Person, export::csv)
        .get("/record.json", Rule::Person, export::json)
        .get("/record/checkpoint", Rule::Person, entry::checkpoint)
        .get("/record/{n}", Rule::Person, entry::entry)
        .get("/record/{n}/entry.json", Rule::Person, entry::bytes)
        .get("/record/{n}/proof", Rule::Person, entry::proof)
}
