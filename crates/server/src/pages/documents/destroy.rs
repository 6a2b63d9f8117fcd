//! Destroying a document for good: what that means, what is in the way, and the act.

use super::add::{document as found, trail};
use crate::app::App;
use crate::form::{SafeForm, is_confirmed};
use crate::frame::Frame;
use crate::pages::people::{complain, text};
use crate::pages::retention::{HoldRow, finished, holds_on};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, render, said, sentence};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use program::documents::{self, Document};
use program::secrets::Secret;
use program::{Refusal, Rule};
use serde::Deserialize;

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "documents/destroy.html")]
struct DestroyPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    name: String,
    back: String,
    /// What is in the way, where anything is.
    obstacle: Option<String>,
    holds: Vec<HoldRow>,
    /// It can be withdrawn, which comes first.
    withdraw: bool,
    typed: Typed,
    errors: Errors,
}

/// `GET /documents/{id}/destroy`
pub(super) async fn ask(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let (secret, document) = found(&visitor, &id)?;
    shown(&visitor, secret, document, Typed::default(), Errors::default(), StatusCode::OK)
}

/// `POST /documents/{id}/destroy`
pub(super) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (secret, document) = found(&visitor, &id)?;
    // What is in the way is said before what is missing in the form.
    if obstacle(&visitor, document)?.is_some() {
        return shown(&visitor, secret, document, typed, Errors::default(), StatusCode::CONFLICT);
    }
    let mut errors = Errors::default();
    let reason = text(&mut errors, "reason", "Reason", &typed.reason);
    if !is_confirmed(&typed.confirm, &document.id.to_string()) {
        errors.add("confirm", format!("Type {} exactly, so that nothing else is meant.", document.id));
    }
    if let (Some(reason), true) = (reason, errors.is_empty()) {
        match app.service.destroy_document(&visitor.actor, document.id, reason).await {
            Ok(done) => {
                let flash = finished("The document was destroyed for good", &done.receipt, &done.entries);
                return Ok(said(&format!("/documents/{}", document.id), flash));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    shown(&visitor, secret, document, typed, errors, StatusCode::UNPROCESSABLE_ENTITY)
}

/// What is in the way of destroying it.
///
/// # Errors
/// It is not for this visitor to destroy.
fn obstacle(visitor: &Visitor, document: &Document) -> Result<Option<Refusal>, Refusal> {
    match documents::may_destroy(&visitor.state, &visitor.actor, visitor.now, document.id) {
        Ok(_) => Ok(None),
        Err(refusal) if matches!(refusal.rule, Rule::Role | Rule::Unknown) => Err(refusal),
        Err(refusal) => Ok(Some(refusal)),
    }
}

fn shown(
    visitor: &Visitor,
    secret: &Secret,
    document: &Document,
    typed: Typed,
    errors: Errors,
    status: StatusCode,
) -> PageResult {
    let obstacle = obstacle(visitor, document)?;
    let here = format!("/documents/{}", document.id);
    let mut trail = trail(secret);
    trail.push(Tab::new(here.clone(), document.id.to_string(), false));
    let page = DestroyPage {
        frame: visitor.frame(&format!("Destroy {} for good", document.id), "/secrets"),
        trail,
        id: document.id.to_string(),
        name: document.name.clone(),
        back: here,
        holds: holds_on(visitor, &[document.id.into(), secret.id.into()]),
        withdraw: document.withdrawn.is_none() && super::add::may_withdraw(visitor, document.id),
        obstacle: obstacle.as_ref().map(sentence),
        typed,
        errors,
    };
    render(status, &page)
}
