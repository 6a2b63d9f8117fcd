//! Documents of secrets: bringing them in, reading them through the gate, taking them out of use, destroying them for good.

mod add;
mod content;
mod destroy;
mod mine;
mod show;

use crate::routes::{Routes, Rule};

/// Every route of documents.
pub fn routes() -> Routes {
    Routes::new()
        .get("/my/documents", Rule::Person, mine::page)
        .get("/my/documents.csv", Rule::Person, mine::csv)
        .get("/my/documents.json", Rule::Person, mine::json)
        .get("/secrets/{id}/documents/new", Rule::Person, add::ask_upload)
        .upload("/secrets/{id}/documents/new", Rule::Person, add::upload)
        .get("/secrets/{id}/documents/elsewhere", Rule::Person, add::ask_elsewhere)
        .post("/secrets/{id}/documents/elsewhere", Rule::Person, add::elsewhere)
        .get("/documents/{id}", Rule::Person, show::document)
        .post("/documents/{id}/content", Rule::Person, content::open)
        .get("/documents/{id}/withdraw", Rule::Person, add::ask_withdraw)
        .post("/documents/{id}/withdraw", Rule::Person, add::withdraw)
        .get("/documents/{id}/destroy", Rule::Person, destroy::ask)
        .post("/documents/{id}/destroy", Rule::Person, destroy::run)
        .get("/secrets/{id}/precise", Rule::Person, content::ask_precise)
        .post("/secrets/{id}/precise", Rule::Person, content::precise)
}
