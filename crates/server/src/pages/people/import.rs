//! Importing people from a CSV file: first what it would do, line by line, then, when that is confirmed, the import.
//!
//! Between the two nothing is kept here. The preview carries the file and a digest of what it showed: if the register
//! changed in the meantime, so that the file would now do something else, the new preview is shown instead.

use super::{complain, engagement_name, role_name};
use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, SafeUpload};
use crate::format::{count, number};
use crate::frame::Frame;
use crate::parts::{Errors, Tab, Tone};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use program::PersonId;
use program::people::{Command, Joiner, Plan, Planned, PlannedRow, plan};
use serde::Deserialize;
use std::sync::Arc;

/// The largest file taken in a browser, in bytes: some 20 000 people. Larger ones go by the command line.
const LARGEST: usize = 2 << 20;
/// Lines shown; a refused one always is.
const LINES: usize = 500;

#[derive(Template)]
#[template(path = "people/import.html")]
struct ImportPage {
    frame: Frame,
    trail: Vec<Tab>,
    errors: Errors,
    text: String,
}

#[derive(Template)]
#[template(path = "people/preview.html")]
struct PreviewPage {
    frame: Frame,
    trail: Vec<Tab>,
    lead: String,
    changed: bool,
    errors: Errors,
    /// Number, words, address.
    figures: Vec<(String, &'static str, &'static str)>,
    refused: Vec<Row>,
    refused_title: String,
    ready: bool,
    submit: String,
    plan: String,
    content: String,
    rows: Vec<Row>,
    more: u64,
}

struct Row {
    line: String,
    who: String,
    tone: Tone,
    what: &'static str,
    text: String,
}

/// What the preview carries to the confirmation.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    plan: String,
    content: String,
}

pub(super) async fn page(visitor: Visitor) -> PageResult {
    show(&visitor, String::new(), Errors::default())
}

pub(super) async fn preview(visitor: Visitor, mut upload: SafeUpload) -> PageResult {
    let file = match upload.whole(LARGEST).await {
        Err(PageError::TooLarge) => {
            let mut errors = Errors::default();
            errors.add("file", "This file is larger than 2 MiB. Import it with the command `ringfence person import`, or in parts.");
            return show(&visitor, String::new(), errors);
        }
        other => other?,
    };
    let text = upload.field("text").to_owned();
    let csv = match file {
        Some(file) => file.bytes,
        None => text.clone().into_bytes(),
    };
    if csv.trim_ascii().is_empty() {
        let mut errors = Errors::default();
        errors.add("text", "Paste the rows, or choose a file that is not empty.");
        return show(&visitor, text, errors);
    }
    let found = planned(&visitor, &csv);
    if let Some(problem) = &found.problem {
        let mut errors = Errors::default();
        errors.add("file", format!("{}.", crate::respond::capital(problem).trim_end_matches('.')));
        return show(&visitor, text, errors);
    }
    show_plan(&visitor, &csv, &found, false, Errors::default())
}

pub(super) async fn confirm(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(confirmed): SafeForm<Confirmed>,
) -> PageResult {
    let csv = BASE64URL_NOPAD.decode(confirmed.content.as_bytes());
    let csv = csv.map_err(|_| PageError::BadRequest("the file did not arrive as it was shown"))?;
    let found = planned(&visitor, &csv);
    if fingerprint(&found) != confirmed.plan {
        return show_plan(&visitor, &csv, &found, true, Errors::default());
    }
    let command = Command::Import { csv: Arc::from(csv.as_slice()) };
    match app.service.act(&visitor.actor, command).await {
        Ok(done) => {
            let entries = done.entries.len() as u64;
            Ok(recorded(
                "/people",
                &done,
                format!("The import was made, in {}", count(entries, "entry", "entries")),
            ))
        }
        Err(error) => {
            let mut errors = Errors::default();
            complain(error, &mut errors)?;
            show_plan(&visitor, &csv, &found, false, errors)
        }
    }
}

fn planned(visitor: &Visitor, csv: &[u8]) -> Plan {
    plan(&visitor.state, visitor.now, &visitor.zone, csv)
}

/// The same for two plans that do the same.
fn fingerprint(plan: &Plan) -> String {
    HEXLOWER.encode(digest(&SHA256, format!("{plan:?}").as_bytes()).as_ref())
}

fn trail() -> Vec<Tab> {
    vec![Tab::new("/people", "People", false), Tab::new("/people/import", "Import", true)]
}

fn show(visitor: &Visitor, text: String, errors: Errors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(
        status,
        &ImportPage { frame: visitor.frame("Import people", "/people"), trail: trail(), errors, text },
    )
}

fn show_plan(visitor: &Visitor, csv: &[u8], plan: &Plan, changed: bool, errors: Errors) -> PageResult {
    let of = |fits: fn(&Planned) -> bool| plan.rows.iter().filter(|row| fits(&row.outcome)).count() as u64;
    let adds = of(|outcome| matches!(outcome, Planned::Add(..)));
    let changes = of(|outcome| matches!(outcome, Planned::Change(..)));
    let same = of(|outcome| matches!(outcome, Planned::Same(_)));
    let refused: Vec<Row> = plan
        .rows
        .iter()
        .filter_map(|one| match &one.outcome {
            Planned::Refuse(_) => Some(row(visitor, one)),
            _ => None,
        })
        .collect();
    let refusals = refused.len() as u64;
    let does: Vec<&PlannedRow> =
        plan.rows.iter().filter(|one| !matches!(one.outcome, Planned::Refuse(_))).collect();
    let status = if errors.is_empty() && refused.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let ready = refused.is_empty() && adds.saturating_add(changes) > 0;
    let lead = match (ready, refused.is_empty()) {
        (true, _) => "Nothing has happened yet. Look through it, and confirm below.",
        (false, true) => "Nothing: everybody in this file is already entered like that.",
        (false, false) => "Nothing has happened, and nothing can be imported until every row can be taken.",
    };
    let lines = if does.is_empty() { "" } else { "#rows" };
    let page = PreviewPage {
        frame: visitor.frame("What this import would do", "/people"),
        trail: trail(),
        lead: lead.to_owned(),
        changed,
        errors,
        figures: vec![
            (number(adds), "people would be added", lines),
            (number(changes), "would be changed", lines),
            (number(same), "are like that already", lines),
            (number(refusals), "rows cannot be taken", if refused.is_empty() { "" } else { "#refused" }),
        ],
        refused_title: format!("{} cannot be taken", count(refusals, "row", "rows")),
        refused,
        ready,
        submit: format!("Import {}", count(adds.saturating_add(changes), "person", "people")),
        plan: fingerprint(plan),
        content: if ready { BASE64URL_NOPAD.encode(csv) } else { String::new() },
        more: does.len().saturating_sub(LINES) as u64,
        rows: does.into_iter().take(LINES).map(|one| row(visitor, one)).collect(),
    };
    render(status, &page)
}

fn row(visitor: &Visitor, planned: &PlannedRow) -> Row {
    let (who, tone, what, text) = match &planned.outcome {
        Planned::Add(id, joiner) => {
            (format!("{} ({id})", joiner.profile.name), Tone::Good, "Add", introduced(visitor, joiner))
        }
        Planned::Change(id, joiner) => {
            (format!("{} ({id})", visitor.name(*id)), Tone::Warn, "Change", differences(visitor, *id, joiner))
        }
        Planned::Same(id) => {
            (format!("{} ({id})", visitor.name(*id)), Tone::Calm, "Leave", "Already like that".to_owned())
        }
        Planned::Refuse(why) => {
            (String::new(), Tone::Bad, "Refuse", format!("{}.", crate::respond::capital(why)))
        }
    };
    Row { line: planned.line.to_string(), who, tone, what, text }
}

fn introduced(visitor: &Visitor, joiner: &Joiner) -> String {
    told(visitor, joiner)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn differences(visitor: &Visitor, id: PersonId, wanted: &Joiner) -> String {
    let Some(person) = visitor.state.people.get(id) else {
        return String::new();
    };
    let known =
        Joiner { profile: person.profile(), clearance: person.clearance, roles: person.roles.clone() };
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let pairs = told(visitor, &known).into_iter().zip(told(visitor, wanted));
    let moved = pairs.filter(|(before, after)| before != after);
    moved
        .map(|((name, before), (_, after))| format!("{name}: {} → {}", or_none(before), or_none(after)))
        .collect::<Vec<_>>()
        .join(" · ")
}

/// What a row can set, in words.
fn told(visitor: &Visitor, joiner: &Joiner) -> Vec<(&'static str, String)> {
    let (profile, zone) = (&joiner.profile, visitor.zone.as_str());
    let roles: Vec<&str> = joiner.roles.iter().map(|role| role_name(*role)).collect();
    vec![
        ("name", profile.name.to_string()),
        ("mail", profile.mail.to_string()),
        ("engagement", engagement_name(profile.engagement).to_lowercase()),
        ("department", profile.department.to_string()),
        ("job", profile.job.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("reports to", profile.manager.map(|id| visitor.name(id)).unwrap_or_default()),
        ("first day", profile.starts.day_for_people(zone)),
        ("last day", profile.ends.map(|ends| super::last_day(ends, zone)).unwrap_or_default()),
        ("clearance", joiner.clearance.to_string()),
        ("roles", roles.join(", ")),
    ]
}
