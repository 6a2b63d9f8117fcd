//! Taking back: a request to one person, or the whole agreement.

use super::{path, signers, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, is_confirmed};
use crate::frame::Frame;
use crate::pages::people::{complain, text};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::agreements::{Agreement, Command};
use program::{AgreementId, PersonId};
use serde::Deserialize;

/// What is typed to take something back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    person: String,
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "agreements/take-back.html")]
struct TakeBackPage {
    frame: Frame,
    trail: Vec<Tab>,
    heading: String,
    consequences: Vec<String>,
    action: String,
    errors: Errors,
    value: Typed,
    confirm: Option<String>,
    submit: &'static str,
    kind: &'static str,
    back: String,
}

pub(super) async fn withdrawal(visitor: Visitor, Path(id): Path<AgreementId>) -> PageResult {
    let agreement = live(&visitor, id)?;
    show_withdrawal(&visitor, agreement, Typed::default(), Errors::default())
}

pub(super) async fn withdraw(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let agreement = live(&visitor, id)?;
    let mut errors = Errors::default();
    let reason = text(&mut errors, "reason", "Reason", &typed.reason);
    if !is_confirmed(&typed.confirm, agreement.title()) {
        errors.add("confirm", format!("Type {}, so that no other agreement is meant.", agreement.title()));
    }
    let (Some(reason), true) = (reason, errors.is_empty()) else {
        return show_withdrawal(&visitor, agreement, typed, errors);
    };
    match app.service.act(&visitor.actor, Command::Withdraw { agreement: id, reason }).await {
        Ok(done) => Ok(recorded(&path(id), &done, format!("{} was withdrawn", agreement.title()))),
        Err(error) => {
            complain(error, &mut errors)?;
            show_withdrawal(&visitor, agreement, typed, errors)
        }
    }
}

pub(super) async fn cancellation(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(value): Query<Typed>,
) -> PageResult {
    let agreement = live(&visitor, id)?;
    show_cancellation(&visitor, agreement, value, Errors::default())
}

pub(super) async fn cancel(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let agreement = live(&visitor, id)?;
    let person = asked(&visitor, agreement, &typed)?;
    let mut errors = Errors::default();
    let Some(reason) = text(&mut errors, "reason", "Reason", &typed.reason) else {
        return show_cancellation(&visitor, agreement, typed, errors);
    };
    match app.service.act(&visitor.actor, Command::CancelAssignment { agreement: id, person, reason }).await {
        Ok(done) => {
            let who = visitor.name(person);
            Ok(recorded(&format!("{}/signers", path(id)), &done, format!("{who} need not sign any more")))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            show_cancellation(&visitor, agreement, typed, errors)
        }
    }
}

fn live(visitor: &Visitor, id: AgreementId) -> Result<&Agreement, PageError> {
    visitor
        .state
        .agreements
        .get(id)
        .filter(|agreement| agreement.withdrawn.is_none())
        .ok_or(PageError::NotFound)
}

/// The person to whom a request was put.
fn asked(visitor: &Visitor, agreement: &Agreement, typed: &Typed) -> Result<PersonId, PageError> {
    let person = typed.person.parse::<PersonId>().map_err(|_| PageError::NotFound)?;
    let assignment = visitor.state.agreements.assignment(person, agreement.id);
    assignment.map(|_| person).ok_or(PageError::NotFound)
}

fn show_withdrawal(visitor: &Visitor, agreement: &Agreement, value: Typed, errors: Errors) -> PageResult {
    let signed = signers::signed_now(visitor, agreement) as u64;
    let waiting = signers::waiting(visitor, agreement) as u64;
    let consequences = vec![
        format!(
            "{} bound by it now. Their signatures stay in the record, but no longer count for access: what rests on them stops opening at once.",
            crate::format::count(signed, "person is", "people are"),
        ),
        format!(
            "{} taken back. Nobody can sign it any more. This cannot be undone.",
            crate::format::count(waiting, "open request is", "open requests are")
        ),
    ];
    show(
        visitor,
        errors,
        TakeBack {
            agreement,
            end: "withdraw",
            heading: format!("Withdraw {}", agreement.title()),
            consequences,
            confirm: Some(agreement.title().to_owned()),
            submit: "Withdraw the agreement",
            kind: "danger",
            value,
        },
    )
}

fn show_cancellation(visitor: &Visitor, agreement: &Agreement, value: Typed, errors: Errors) -> PageResult {
    let person = asked(visitor, agreement, &value)?;
    let who = visitor.name(person);
    show(
        visitor,
        errors,
        TakeBack {
            agreement,
            end: "cancel",
            heading: format!("Take back the request to {who}"),
            consequences: vec![format!(
                "{who} need not sign {} any more. A signature given before stays as it is. Where a secret asks for this agreement, it does not open for them.",
                agreement.title()
            )],
            confirm: None,
            submit: "Take it back",
            kind: "primary",
            value,
        },
    )
}

/// What differs between the two pages.
struct TakeBack<'a> {
    agreement: &'a Agreement,
    end: &'static str,
    heading: String,
    consequences: Vec<String>,
    confirm: Option<String>,
    submit: &'static str,
    kind: &'static str,
    value: Typed,
}

fn show(visitor: &Visitor, errors: Errors, page: TakeBack<'_>) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let own = path(page.agreement.id);
    let page = TakeBackPage {
        frame: visitor.frame(&page.heading, "/agreements"),
        trail: trail(page.agreement, Some((page.end, page.submit))),
        action: format!("{own}/{}", page.end),
        back: format!("{own}/signers"),
        heading: page.heading,
        consequences: page.consequences,
        confirm: page.confirm,
        submit: page.submit,
        kind: page.kind,
        value: page.value,
        errors,
    };
    render(status, &page)
}
