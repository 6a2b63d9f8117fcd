//! Bringing many secrets in from a file: first what it would do, row by row, then doing it.

use super::badge;
use crate::app::App;
use crate::form::{SafeForm, SafeUpload};
use crate::frame::Frame;
use crate::parts::{Errors, Tab, Tier};
use crate::respond::{PageResult, as_errors, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use program::secrets::{self, Plan};
use serde::Deserialize;

/// The largest file taken in the browser, in bytes. It goes back and forth with the preview; larger ones are for the
/// command line.
const MOST: usize = 1 << 20;

#[derive(Template)]
#[template(path = "secrets/import.html")]
struct AskPage {
    frame: Frame,
    trail: Vec<Tab>,
    text: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "secrets/preview.html")]
struct PreviewPage {
    frame: Frame,
    trail: Vec<Tab>,
    rows: Vec<Row>,
    taken: usize,
    refused: usize,
    text: String,
}

struct Row {
    line: u64,
    title: String,
    taken: Option<(Tier, String)>,
    refused: String,
}

/// The file, sent again with the confirmation: what is recorded is decided anew on it.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    text: String,
}

/// `GET /secrets/import`
pub(super) async fn ask(visitor: Visitor) -> PageResult {
    again(&visitor, StatusCode::OK, String::new(), Errors::default())
}

/// `POST /secrets/import`: shows what it would do; nothing is recorded.
pub(super) async fn preview(visitor: Visitor, mut upload: SafeUpload) -> PageResult {
    let file = upload.whole(MOST).await?;
    let pasted = upload.field("text").to_owned();
    let bytes = file.map_or_else(|| pasted.clone().into_bytes(), |file| file.bytes);
    let mut errors = Errors::default();
    let Ok(text) = String::from_utf8(bytes) else {
        errors.add("file", "The file is not UTF-8 text. Save it as CSV UTF-8 or as JSON.");
        return again(&visitor, StatusCode::UNPROCESSABLE_ENTITY, pasted, errors);
    };
    if text.trim().is_empty() {
        errors.add("file", "Choose a file, or paste its text.");
        return again(&visitor, StatusCode::UNPROCESSABLE_ENTITY, pasted, errors);
    }
    let plan = plan(&visitor, &text);
    if let Some(problem) = &plan.problem {
        errors.add("file", problem.clone());
        return again(&visitor, StatusCode::UNPROCESSABLE_ENTITY, pasted, errors);
    }
    render(StatusCode::OK, &preview_page(&visitor, &plan, text))
}

/// `POST /secrets/import/confirm`
pub(super) async fn confirm(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(confirmed): SafeForm<Confirmed>,
) -> PageResult {
    let plan = plan(&visitor, &confirmed.text);
    let done = match plan.drafts() {
        Ok(drafts) => app.service.act(&visitor.actor, secrets::Command::Import(drafts)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(done) => {
            let count = crate::format::count(done.entries.len() as u64, "secret was", "secrets were");
            Ok(recorded(
                "/secrets?status=submitted",
                &done,
                format!("{count} put forward, each to be accepted by a reviewer"),
            ))
        }
        Err(error) => again(&visitor, StatusCode::UNPROCESSABLE_ENTITY, confirmed.text, as_errors(error)?),
    }
}

fn plan(visitor: &Visitor, text: &str) -> Plan {
    let json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['[', '{']);
    let plan = if json { secrets::plan_json } else { secrets::plan_csv };
    plan(&visitor.state, visitor.now, &visitor.zone, text.as_bytes())
}

fn preview_page(visitor: &Visitor, plan: &Plan, text: String) -> PreviewPage {
    let rows: Vec<Row> = plan
        .rows
        .iter()
        .map(|row| Row {
            line: row.line,
            title: row.title.clone(),
            taken: row
                .outcome
                .as_ref()
                .ok()
                .map(|draft| (badge(draft.profile.tier), visitor.name(draft.profile.owner))),
            refused: row.outcome.as_ref().err().cloned().unwrap_or_default(),
        })
        .collect();
    let taken = rows.iter().filter(|row| row.taken.is_some()).count();
    PreviewPage {
        frame: visitor.frame("Import secrets", "/secrets"),
        trail: trail(),
        refused: rows.len().saturating_sub(taken),
        taken,
        rows,
        text,
    }
}

fn again(visitor: &Visitor, status: StatusCode, text: String, errors: Errors) -> PageResult {
    render(
        status,
        &AskPage { frame: visitor.frame("Import secrets", "/secrets"), trail: trail(), text, errors },
    )
}

fn trail() -> Vec<Tab> {
    vec![Tab::new("/secrets", "Register", false)]
}
