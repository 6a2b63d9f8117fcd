//! The register of trade secrets: the list, one secret with its parts, and everything that is done to it.

mod act;
mod form;
mod import;
mod list;
mod past;
mod show;

pub(crate) use act::{ActPage, Asked, named};
pub(crate) use list::badge;
pub(crate) use past::looks_back;
pub(crate) use show::{kept, mine};

use crate::errors::PageError;
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use act::Act;
use program::secrets::{REVIEWERS, Secret};
use program::{Command, Refusal, SecretId};
use std::str::FromStr;

/// Every route of the register.
pub fn routes() -> Routes {
    let mut routes = Routes::new()
        .get("/secrets", Rule::Person, list::list)
        .get("/secrets.csv", Rule::Person, list::csv)
        .get("/secrets.json", Rule::Person, list::json)
        .get("/secrets/new", Rule::Person, form::new)
        .post("/secrets/new", Rule::Person, form::submit)
        .get("/secrets/import", Rule::Roles(REVIEWERS), import::ask)
        .upload("/secrets/import", Rule::Roles(REVIEWERS), import::preview)
        .post("/secrets/import/confirm", Rule::Roles(REVIEWERS), import::confirm)
        .get("/secrets/{id}", Rule::Person, show::overview)
        .get("/secrets/{id}/documents", Rule::Person, show::documents)
        .get("/secrets/{id}/people", Rule::Person, show::people)
        .get("/secrets/{id}/versions", Rule::Person, show::versions)
        .get("/secrets/{id}/history", Rule::Person, show::history)
        .get("/secrets/{id}/as-of", Rule::Person, past::page)
        .get("/secrets/{id}/edit", Rule::Person, form::edit)
        .post("/secrets/{id}/edit", Rule::Person, form::revise);
    for act in Act::ALL {
        let path = format!("/secrets/{{id}}/{}", act.word());
        routes = routes.get(&path, Rule::Person, move |visitor, id| act::ask(act, visitor, id)).post(
            &path,
            Rule::Person,
            move |app, visitor, id, form| act::run(act, app, visitor, id, form),
        );
    }
    routes
}

/// An id in an address; one that is none is as unknown as one that belongs to nothing.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The secret, if the visitor may know that it exists.
pub(crate) fn known<'a>(visitor: &'a Visitor, text: &str) -> Result<&'a Secret, PageError> {
    let found = visitor.state.secrets.get(id::<SecretId>(text)?);
    found.filter(|secret| visitor.sees(secret.id)).ok_or(PageError::NotFound)
}

/// Would this be allowed? Asked of the rules themselves, so that a page never offers what they refuse. What is merely
/// not filled in yet does not count as refused.
pub(crate) fn may(visitor: &Visitor, command: Option<Command>) -> bool {
    let decided =
        command.map(|command| program::decide(&visitor.state, &visitor.actor, visitor.now, &command));
    match decided {
        Some(Ok(_)) => true,
        Some(Err(Refusal { field, .. })) => field.is_some(),
        None => false,
    }
}
