//! Naming witnesses and authorities, and naming them no more.

use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, is_confirmed};
use crate::frame::Frame;
use crate::pages::people::{complain, line, text};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use program::evidence::{Authority, Witness};
use program::{Line, Text};
use serde::Deserialize;
use service::{Done, ServiceError};

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    key: String,
    address: String,
    quorum: String,
    root: String,
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "evidence/new.html")]
struct NewPage {
    frame: Frame,
    trail: Vec<Tab>,
    /// A witness, or an authority.
    witness: bool,
    /// How many witnesses there will be, in words.
    count: String,
    typed: Typed,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "evidence/remove.html")]
struct RemovePage {
    frame: Frame,
    trail: Vec<Tab>,
    witness: bool,
    /// How many witnesses there will be, and the same in words.
    left: usize,
    count: String,
    typed: Typed,
    errors: Errors,
}

/// `GET /evidence/witnesses/new`
pub(super) async fn new_witness(visitor: Visitor) -> PageResult {
    let quorum = visitor.state.evidence.quorum.max(1).to_string();
    new(&visitor, true, Typed { quorum, ..Typed::default() }, Errors::default())
}

/// `GET /evidence/authorities/new`
pub(super) async fn new_authority(visitor: Visitor) -> PageResult {
    new(&visitor, false, Typed::default(), Errors::default())
}

/// `POST /evidence/witnesses/new`
pub(super) async fn add_witness(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut errors = Errors::default();
    let name = line(&mut errors, "name", "Name", &typed.name);
    let key = line(&mut errors, "key", "Key", &typed.key);
    let address = line(&mut errors, "address", "Address", &typed.address);
    let (quorum, reason) = (quorum(&mut errors, &typed), reason(&mut errors, &typed));
    if let (Some(name), Some(key), Some(address), Some(quorum), Some(reason)) =
        (name, key, address, quorum, reason)
    {
        let mut witnesses = visitor.state.evidence.witnesses.clone();
        witnesses.push(Witness { name, key, address });
        match app.service.set_witnesses(&visitor.actor, witnesses, quorum, reason).await {
            Ok(done) => return Ok(back(&done, "The witness was named; they are asked within a minute")),
            Err(error) => taken(error, &mut errors)?,
        }
    }
    new(&visitor, true, typed, errors)
}

/// `POST /evidence/authorities/new`
pub(super) async fn add_authority(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut errors = Errors::default();
    let name = line(&mut errors, "name", "Name", &typed.name);
    let address = line(&mut errors, "address", "Address", &typed.address);
    let root = text(&mut errors, "root", "Root certificate", &typed.root);
    let reason = reason(&mut errors, &typed);
    if let (Some(name), Some(address), Some(root), Some(reason)) = (name, address, root, reason) {
        let mut authorities = visitor.state.evidence.authorities.clone();
        authorities.push(Authority { name, address, root });
        match app.service.set_authorities(&visitor.actor, authorities, reason).await {
            Ok(done) => return Ok(back(&done, "The authority was named; it is asked within a minute")),
            Err(error) => taken(error, &mut errors)?,
        }
    }
    new(&visitor, false, typed, errors)
}

/// `GET /evidence/witnesses/remove?name=`
pub(super) async fn ask_remove_witness(visitor: Visitor, Query(asked): Query<Typed>) -> PageResult {
    let known = visitor.state.evidence.witnesses.iter().any(|witness| witness.name.as_str() == asked.name);
    let left = visitor.state.evidence.witnesses.len().saturating_sub(1);
    let quorum = usize::try_from(visitor.state.evidence.quorum).unwrap_or(left).min(left).to_string();
    let typed = Typed { name: asked.name, quorum, ..Typed::default() };
    if known { remove(&visitor, true, typed, Errors::default()) } else { Err(PageError::NotFound) }
}

/// `GET /evidence/authorities/remove?name=`
pub(super) async fn ask_remove_authority(visitor: Visitor, Query(asked): Query<Typed>) -> PageResult {
    let mut authorities = visitor.state.evidence.authorities.iter();
    let known = authorities.any(|authority| authority.name.as_str() == asked.name);
    let typed = Typed { name: asked.name, ..Typed::default() };
    if known { remove(&visitor, false, typed, Errors::default()) } else { Err(PageError::NotFound) }
}

/// `POST /evidence/witnesses/remove`
pub(super) async fn remove_witness(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut witnesses = visitor.state.evidence.witnesses.clone();
    forget(&mut witnesses, &typed.name, |witness| &witness.name)?;
    let mut errors = Errors::default();
    let quorum = if witnesses.is_empty() { Some(0) } else { quorum(&mut errors, &typed) };
    if let (Some(quorum), Some(reason)) = (quorum, confirmed(&mut errors, &typed)) {
        match app.service.set_witnesses(&visitor.actor, witnesses, quorum, reason).await {
            Ok(done) => return Ok(back(&done, "The witness is asked no more")),
            Err(error) => taken(error, &mut errors)?,
        }
    }
    remove(&visitor, true, typed, errors)
}

/// `POST /evidence/authorities/remove`
pub(super) async fn remove_authority(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut authorities = visitor.state.evidence.authorities.clone();
    forget(&mut authorities, &typed.name, |authority| &authority.name)?;
    let mut errors = Errors::default();
    if let Some(reason) = confirmed(&mut errors, &typed) {
        match app.service.set_authorities(&visitor.actor, authorities, reason).await {
            Ok(done) => return Ok(back(&done, "The authority is asked no more")),
            Err(error) => taken(error, &mut errors)?,
        }
    }
    remove(&visitor, false, typed, errors)
}

fn forget<T>(all: &mut Vec<T>, name: &str, of: impl Fn(&T) -> &Line) -> Result<(), PageError> {
    let before = all.len();
    all.retain(|one| of(one).as_str() != name);
    if all.len() == before { Err(PageError::NotFound) } else { Ok(()) }
}

fn reason(errors: &mut Errors, typed: &Typed) -> Option<Text> {
    text(errors, "reason", "Reason", &typed.reason)
}

fn confirmed(errors: &mut Errors, typed: &Typed) -> Option<Text> {
    let reason = reason(errors, typed);
    if is_confirmed(&typed.confirm, &typed.name) {
        return reason;
    }
    errors.add("confirm", format!("Type “{}” to go on.", typed.name));
    None
}

fn quorum(errors: &mut Errors, typed: &Typed) -> Option<u32> {
    let read = typed.quorum.trim().parse().ok();
    if read.is_none() {
        errors.add("quorum", "Say how many have to cosign, as a number.");
    }
    read
}

/// The rules speak of all witnesses at once; what is wrong is wrong with the one on this page.
fn taken(error: ServiceError, errors: &mut Errors) -> Result<(), PageError> {
    complain(error, errors)?;
    for error in &mut errors.0 {
        if matches!(error.field.as_str(), "witnesses" | "authorities") {
            error.field = "name".to_owned();
        }
    }
    Ok(())
}

fn back(done: &Done, said: &str) -> axum::response::Response {
    recorded("/evidence", done, said)
}

fn trail(page: &str, words: &str) -> Vec<Tab> {
    vec![Tab::new("/evidence", "Evidence", false), Tab::new(page, words, true)]
}

fn of_witnesses(count: usize) -> String {
    format!("Of {}.", crate::format::count(count as u64, "witness", "witnesses"))
}

fn status(errors: &Errors) -> StatusCode {
    if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

fn new(visitor: &Visitor, witness: bool, typed: Typed, errors: Errors) -> PageResult {
    let (path, words) = match witness {
        true => ("/evidence/witnesses/new", "Name a witness"),
        false => ("/evidence/authorities/new", "Name a time-stamping authority"),
    };
    let page = NewPage {
        frame: visitor.frame(words, "/evidence"),
        trail: trail(path, words),
        witness,
        count: of_witnesses(visitor.state.evidence.witnesses.len().saturating_add(1)),
        typed,
        errors,
    };
    render(status(&page.errors), &page)
}

fn remove(visitor: &Visitor, witness: bool, typed: Typed, errors: Errors) -> PageResult {
    let place = if witness { "witnesses" } else { "authorities" };
    let path = format!("/evidence/{place}/remove?name={}", crate::respond::encoded(&typed.name));
    let left = visitor.state.evidence.witnesses.len().saturating_sub(1);
    let page = RemovePage {
        frame: visitor.frame(&format!("Ask {} no more", typed.name), "/evidence"),
        trail: trail(&path, "Ask no more"),
        witness,
        count: of_witnesses(left),
        left,
        typed,
        errors,
    };
    render(status(&page.errors), &page)
}
