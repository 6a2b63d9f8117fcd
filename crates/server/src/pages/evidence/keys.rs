//! Replacing the key that signs the record.

use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::pages::people::{complain, text};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    reason: String,
}

#[derive(Template)]
#[template(path = "evidence/key.html")]
struct KeyPage {
    frame: Frame,
    trail: Vec<Tab>,
    verifier: String,
    /// Who has to be told.
    witnesses: Vec<String>,
    typed: Typed,
    errors: Errors,
}

/// `GET /evidence/key`
pub(super) async fn ask(State(app): State<App>, visitor: Visitor) -> PageResult {
    shown(&app, &visitor, Typed::default(), Errors::default())
}

/// `POST /evidence/key`
pub(super) async fn rotate(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut errors = Errors::default();
    if let Some(reason) = text(&mut errors, "reason", "Reason", &typed.reason) {
        match app.service.rotate_key(&visitor.actor, reason).await {
            Ok(done) => {
                return Ok(recorded("/evidence", &done, "The record is signed with a new key from now on"));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    shown(&app, &visitor, typed, errors)
}

fn shown(app: &App, visitor: &Visitor, typed: Typed, errors: Errors) -> PageResult {
    let words = "Replace the key that signs";
    let page = KeyPage {
        frame: visitor.frame(words, "/evidence"),
        trail: vec![Tab::new("/evidence", "Evidence", false), Tab::new("/evidence/key", words, true)],
        verifier: app.service.verifier_key(),
        witnesses: visitor.state.evidence.witnesses.iter().map(|witness| witness.name.to_string()).collect(),
        typed,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}
