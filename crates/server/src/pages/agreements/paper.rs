//! Recording a copy that somebody signed by hand: who, which version, when, and the scan.

use super::{path, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeUpload;
use crate::frame::Frame;
use crate::pages::people::{complain, day, line, named};
use crate::parts::{Choice, Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::AgreementId;
use program::agreements::Agreement;
use serde::Deserialize;

/// The largest scan taken, in bytes.
const LARGEST: usize = 20 << 20;

/// What is typed about a paper copy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    person: String,
    version: String,
    name: String,
    signed_on: String,
}

#[derive(Template)]
#[template(path = "agreements/paper.html")]
struct PaperPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    title: String,
    back: String,
    errors: Errors,
    value: Typed,
    versions: Vec<Choice>,
}

pub(super) async fn page(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(value): Query<Typed>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let version = agreement.newest().map(|version| version.number.to_string()).unwrap_or_default();
    show(&visitor, agreement, Typed { version, ..value }, Errors::default())
}

pub(super) async fn record(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    mut upload: SafeUpload,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let mut errors = Errors::default();
    let file = match upload.whole(LARGEST).await {
        Err(PageError::TooLarge) => {
            errors.add("file", "This file is larger than 20 MiB.");
            None
        }
        other => other?,
    };
    let typed = Typed {
        person: upload.field("person").to_owned(),
        version: upload.field("version").to_owned(),
        name: upload.field("name").to_owned(),
        signed_on: upload.field("signed_on").to_owned(),
    };
    let person = named(&visitor.state, &typed.person).map_err(|why| errors.add("person", why)).ok();
    let name = line(&mut errors, "name", "The name on the paper", &typed.name);
    let version = typed.version.parse::<u32>();
    let version = version.map_err(|_| errors.add("version", "Choose the version that was signed.")).ok();
    if typed.signed_on.trim().is_empty() {
        errors.add("signed_on", "Give the day that stands on the paper.");
    }
    let signed_on = day(&mut errors, "signed_on", &typed.signed_on, |day| day.start(&visitor.zone));
    let scan = file.filter(|file| !file.bytes.is_empty());
    match &scan {
        None if errors.of("file").is_empty() => {
            errors.add("file", "Choose the scan of the signed paper, as a PDF.")
        }
        Some(scan) if !scan.bytes.starts_with(b"%PDF-") => {
            errors.add("file", "A scan is a PDF: this file is none.")
        }
        _ => {}
    }
    let (Some(person), Some(name), Some(version), Some(signed_on), Some(scan), true) =
        (person, name, version, signed_on, scan, errors.is_empty())
    else {
        return show(&visitor, agreement, typed, errors);
    };
    let copy = service::PaperCopy { agreement: id, version, person, name, signed_on, scan: scan.bytes };
    match app.service.record_paper(&visitor.actor, copy).await {
        Ok(done) => {
            let who = visitor.name(person);
            Ok(recorded(
                &format!("{}/signers", path(id)),
                &done,
                format!("The paper copy signed by {who} was recorded"),
            ))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            show(&visitor, agreement, typed, errors)
        }
    }
}

fn show(visitor: &Visitor, agreement: &Agreement, value: Typed, errors: Errors) -> PageResult {
    if agreement.withdrawn.is_some() {
        return Err(PageError::NotFound);
    }
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let versions = agreement.versions.iter().rev().map(|version| {
        let words = format!("Version {} of {}", version.number, visitor.day(version.at));
        Choice::new(&version.number.to_string(), &words, "", &value.version)
    });
    let page = PaperPage {
        frame: visitor.frame("Record a paper copy", "/agreements"),
        trail: trail(agreement, Some(("paper", "Paper copy"))),
        id: agreement.id.to_string(),
        title: agreement.title().to_owned(),
        back: path(agreement.id),
        versions: versions.collect(),
        errors,
        value,
    };
    render(status, &page)
}
