//! Erasing the data of somebody who has left: what is lost, what stays, what is in the way; and what is left of them.

use super::{complain, fields, path};
use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, is_confirmed};
use crate::format;
use crate::frame::Frame;
use crate::pages::retention::{HoldRow, ReceiptView, finished, holds_on, receipt_of};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, render, said, sentence};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use program::people::{Command, Person};
use program::{PersonId, Refusal, Text};
use serde::Deserialize;

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "people/erase.html")]
struct ErasePage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    name: String,
    back: String,
    /// What is in the way, where anything is.
    obstacle: Option<String>,
    holds: Vec<HoldRow>,
    /// How many signatures can no longer be shown.
    signatures: String,
    typed: Typed,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "people/erased.html")]
struct ErasedPage {
    frame: Frame,
    trail: Vec<Tab>,
    name: String,
    receipt: Option<ReceiptView>,
}

/// `GET /people/{id}/erase`
pub(super) async fn ask(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    match known(&visitor, id)? {
        Some(person) => shown(&visitor, person, Typed::default(), Errors::default(), StatusCode::OK),
        None => Ok(Redirect::to(&path(id)).into_response()),
    }
}

/// `POST /people/{id}/erase`
pub(super) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let Some(person) = known(&visitor, id)? else {
        return Ok(Redirect::to(&path(id)).into_response());
    };
    // What is in the way is said before what is missing in the form.
    if obstacle(&visitor, id).is_some() {
        return shown(&visitor, person, typed, Errors::default(), StatusCode::CONFLICT);
    }
    let mut errors = Errors::default();
    let reason = fields::text(&mut errors, "reason", "Reason", &typed.reason);
    if !is_confirmed(&typed.confirm, &id.to_string()) {
        errors.add("confirm", format!("Type {id} exactly, so that nobody else is meant."));
    }
    if let (Some(reason), true) = (reason, errors.is_empty()) {
        match app.service.erase_person(&visitor.actor, id, reason).await {
            Ok(done) => {
                let flash =
                    finished(&format!("The data of {id} were erased for good"), &done.receipt, &done.entries);
                return Ok(said(&path(id), flash));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    shown(&visitor, person, typed, errors, StatusCode::UNPROCESSABLE_ENTITY)
}

/// The person; `None` where their data were erased.
fn known(visitor: &Visitor, id: PersonId) -> Result<Option<&Person>, PageError> {
    match visitor.state.people.get(id) {
        None if visitor.state.people.is_erased(id) => Ok(None),
        found => found.map(Some).ok_or(PageError::NotFound),
    }
}

/// What the rules would refuse it for.
fn obstacle(visitor: &Visitor, person: PersonId) -> Option<Refusal> {
    let reason = Text::new("asked on trial").ok()?;
    let command = Command::Erase { person, reason };
    program::decide(&visitor.state, &visitor.actor, visitor.now, &command.into()).err()
}

fn shown(visitor: &Visitor, person: &Person, typed: Typed, errors: Errors, status: StatusCode) -> PageResult {
    let obstacle = obstacle(visitor, person.id);
    let agreements = &visitor.state.agreements;
    let signatures = agreements.iter().map(|one| agreements.signatures(person.id, one.id).len() as u64).sum();
    let heading = format!("Erase the data of {}", person.name);
    let page = ErasePage {
        frame: visitor.frame(&heading, "/people"),
        trail: vec![
            Tab::new("/people", "People", false),
            Tab::new(path(person.id), person.name.as_str(), false),
            Tab::new(format!("{}/erase", path(person.id)), "Erase", true),
        ],
        id: person.id.to_string(),
        name: person.name.to_string(),
        back: path(person.id),
        holds: holds_on(visitor, &[person.id.into()]),
        signatures: match signatures {
            0 => String::new(),
            many => format::count(many, "signature", "signatures"),
        },
        obstacle: obstacle.as_ref().map(sentence),
        typed,
        errors,
    };
    render(status, &page)
}

/// What is left of somebody whose data were erased.
pub(super) fn erased(visitor: &Visitor, id: PersonId) -> PageResult {
    let name = visitor.name(id);
    let page = ErasedPage {
        frame: visitor.frame(&name, "/people"),
        trail: vec![Tab::new("/people", "People", false), Tab::new(path(id), id.to_string(), true)],
        receipt: receipt_of(visitor, id.into()),
        name,
    };
    render(StatusCode::OK, &page)
}
