//! Retention: what must be kept, what was destroyed for good, and the copies against loss.

mod copies;
mod destroyed;
mod holds;
mod overview;

use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use program::Subject;
use program::retention::{BACKERS, HOLDERS, RETENTION_READERS};

pub(crate) use destroyed::{ReceiptView, finished, receipt_of};
pub(crate) use holds::{HoldRow, holds_on};

/// Every route of retention. A hold on one thing stands on that thing's page too, for those who may know of it.
#[must_use]
pub fn routes() -> Routes {
    let readers = Rule::Roles(RETENTION_READERS);
    let (holders, backers) = (Rule::Roles(HOLDERS), Rule::Roles(BACKERS));
    Routes::new()
        .get("/retention", readers, overview::page)
        .get("/retention/holds", readers, holds::page)
        .get("/retention/holds.csv", readers, holds::csv)
        .get("/retention/holds.json", readers, holds::json)
        .get("/retention/holds/new", holders, holds::ask_place)
        .post("/retention/holds/new", holders, holds::place)
        .get("/retention/holds/{id}/lift", holders, holds::ask_lift)
        .post("/retention/holds/{id}/lift", holders, holds::lift)
        .get("/retention/destroyed", readers, destroyed::page)
        .get("/retention/destroyed.csv", readers, destroyed::csv)
        .get("/retention/destroyed.json", readers, destroyed::json)
        .post("/retention/finish", backers, copies::finish)
        .get("/retention/forget", backers, copies::ask_forget)
        .post("/retention/forget", backers, copies::forget)
}

/// What a hold or a destruction is about, as far as the visitor may know it.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// `D-3`.
    pub(crate) id: String,
    /// Its title, file name or name; empty where it is not for this visitor.
    pub(crate) name: String,
    /// Its page, where they may see it.
    pub(crate) href: Option<String>,
}

impl About {
    pub(crate) fn of(visitor: &Visitor, about: Subject) -> Self {
        let sees = visitor.sees(about);
        let (folder, name) = match about {
            Subject::SecretId(id) => {
                let found = visitor.state.secrets.get(id).filter(|_| sees);
                ("secrets", found.map(|secret| secret.profile.title.to_string()))
            }
            Subject::DocumentId(id) => {
                let found = visitor.state.documents.get(id).filter(|_| sees);
                ("documents", found.map(|document| document.name.clone()))
            }
            Subject::PersonId(id) => ("people", Some(visitor.name(id))),
            _ => ("", None),
        };
        Self {
            id: about.to_string(),
            name: name.unwrap_or_default(),
            href: (sees && !folder.is_empty()).then(|| format!("/{folder}/{about}")),
        }
    }
}
