//! Evidence: who outside vouches for the record, and what is handed out of it for a stranger to check.

mod checkpoint;
mod export;
mod keys;
mod overview;
mod vouchers;

use crate::routes::{Routes, Rule};
use program::evidence::{ANCHOR_READERS, EXPORTERS, KEEPERS, KEY_KEEPERS};

/// Every route of evidence.
#[must_use]
pub fn routes() -> Routes {
    let (readers, keepers) = (Rule::Roles(ANCHOR_READERS), Rule::Roles(KEEPERS));
    let exporters = Rule::Roles(EXPORTERS);
    Routes::new()
        .get("/evidence", readers, overview::page)
        .post("/evidence/ask", readers, overview::ask)
        .get("/evidence/checkpoint", readers, checkpoint::download)
        .get("/evidence/checkpoint/print", readers, checkpoint::page)
        .get("/evidence/witnesses/new", keepers, vouchers::new_witness)
        .post("/evidence/witnesses/new", keepers, vouchers::add_witness)
        .get("/evidence/witnesses/remove", keepers, vouchers::ask_remove_witness)
        .post("/evidence/witnesses/remove", keepers, vouchers::remove_witness)
        .get("/evidence/authorities/new", keepers, vouchers::new_authority)
        .post("/evidence/authorities/new", keepers, vouchers::add_authority)
        .get("/evidence/authorities/remove", keepers, vouchers::ask_remove_authority)
        .post("/evidence/authorities/remove", keepers, vouchers::remove_authority)
        .get("/evidence/key", Rule::Roles(KEY_KEEPERS), keys::ask)
        .post("/evidence/key", Rule::Roles(KEY_KEEPERS), keys::rotate)
        .get("/secrets/{id}/evidence", exporters, export::form)
        .post("/secrets/{id}/evidence", exporters, export::submit)
}
