//! One request: who asks for what, how they stand, who approved, and the visitor's answer.

use super::act::{ActPage, Area, Typed, remark, text};
use super::grants::standing_of;
use super::requests::outcome_of;
use super::{known_request, sees_why, trail};
use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::marks;
use crate::pages::history::{History, history_of};
use crate::pages::secrets::badge;
use crate::parts::{Errors, Mark, Tab, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, as_errors, capital, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::access::{Command, Outcome, Request, still_needed, why};
use program::secrets::Secret;
use program::{Event, Refusal, Text, access};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access/request.html")]
struct RequestPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    person: String,
    /// The address of their page; empty where the visitor may not look at it.
    person_page: String,
    secret: String,
    title: String,
    tier: TierBadge,
    links: bool,
    purpose: String,
    asked: When,
    ends: When,
    outcome: (Tone, &'static str),
    refused_because: String,
    /// What it became, and how that stands.
    grant: Option<(String, (Tone, &'static str))>,
    approvals: Vec<(String, When)>,
    needed: String,
    marks: Vec<Mark>,
    approves: bool,
    /// Why the visitor, who may refuse it, may not approve it.
    not_approved: String,
    refuses: bool,
    withdraws: bool,
    note: String,
    errors: Errors,
    history: History,
}

/// Where the page of history before this one began.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Earlier {
    before: Option<u64>,
}

/// `GET /requests/{id}`
pub(super) async fn page(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(earlier): Query<Earlier>,
) -> PageResult {
    show(&app, &visitor, &id, earlier.before, String::new(), Errors::default()).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    id: &str,
    before: Option<u64>,
    note: String,
    errors: Errors,
) -> PageResult {
    let (request, secret) = known_request(visitor, id)?;
    let title = visitor.title(secret.id);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let reason = Text::new("a reason").ok();
    let refuse = reason.map(|reason| Command::Refuse { request: request.id, reason });
    let not_approved = visitor.refused(Command::Approve { request: request.id, note: None });
    let grant = visitor.state.access.grant_by(request);
    let page = RequestPage {
        frame: visitor.frame(&format!("Request {}", request.id), "/requests"),
        trail: trail("/requests", "Requests", format!("/requests/{}", request.id), request.id.to_string()),
        id: request.id.to_string(),
        person: visitor.name(request.person),
        person_page: visitor.person_page(request.person),
        secret: secret.id.to_string(),
        title,
        tier: badge(secret.tier()),
        links: visitor.sees(secret.id),
        purpose: request.purpose.clone(),
        asked: visitor.moment(request.at),
        ends: visitor.moment(request.ends),
        outcome: outcome_of(&request.outcome),
        refused_because: if let Outcome::Denied(reason) = &request.outcome {
            reason.clone()
        } else {
            String::new()
        },
        grant: grant.map(|grant| (grant.id.to_string(), standing_of(grant, visitor.now))),
        approvals: request.approvals.iter().map(|a| (visitor.name(a.by), visitor.moment(a.at))).collect(),
        needed: needed(visitor, request, secret),
        marks: standing(app, visitor, request, secret),
        approves: not_approved.is_none(),
        not_approved: not_approved.map_or_else(String::new, |refusal| cannot(visitor, request, &refusal)),
        refuses: refuse.is_some_and(|command| visitor.may(command)),
        withdraws: visitor.may(Command::Withdraw { request: request.id }),
        note,
        errors,
        history: history_of(&app.service, visitor, request.id, before, 50).await?,
    };
    render(status, &page)
}

/// Why the visitor may not approve it, in sentences.
fn cannot(visitor: &Visitor, request: &Request, refusal: &Refusal) -> String {
    if request.approvals.iter().any(|approval| approval.by == visitor.person) {
        return "You have approved it. Another person has to approve it too.".to_owned();
    }
    let remedy = refusal.remedy.as_deref().map(|remedy| format!(" {}.", capital(remedy))).unwrap_or_default();
    format!("{}.{remedy}", capital(&refusal.message))
}

/// What the request still waits for, as a sentence; empty where it waits for nothing.
fn needed(visitor: &Visitor, request: &Request, secret: &Secret) -> String {
    if request.outcome != Outcome::Pending {
        return String::new();
    }
    let owner = visitor.name(secret.profile.owner);
    match still_needed(&visitor.state, request, secret, visitor.now) {
        (0, _) => String::new(),
        (1, true) => format!("It waits for {owner}, who owns the secret."),
        (n, true) => format!("It waits for {n} approvals, that of {owner}, who owns the secret, among them."),
        (1, false) => "It waits for one approval by counsel or the security officer.".to_owned(),
        (n, false) => format!("It waits for {n} approvals by counsel or the security officer."),
    }
}

/// How whoever asks stands with everything else the tier asks: shown to those who answer, and to them.
fn standing(app: &App, visitor: &Visitor, request: &Request, secret: &Secret) -> Vec<Mark> {
    if !sees_why(visitor, request.person, secret) {
        return Vec::new();
    }
    let (_, because) = why(&visitor.state, app.service.gate(), request.person, secret.id, visitor.now, None);
    marks::marks_of(visitor, request.person, &because)
}

/// `POST /requests/{id}/approve`
pub(super) async fn approve(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (request, _) = known_request(&visitor, &id)?;
    let mut errors = Errors::default();
    let note = remark(&mut errors, "reason", &typed.reason);
    if !errors.is_empty() {
        return show(&app, &visitor, &id, None, typed.reason, errors).await;
    }
    match app.service.act(&visitor.actor, Command::Approve { request: request.id, note }).await {
        Ok(done) => {
            let granted =
                done.entries.iter().any(|e| matches!(e.event, Event::Access(access::Event::Granted { .. })));
            let name = visitor.name(request.person);
            let text = if granted {
                format!("You approved it, and {name} holds a grant now.")
            } else {
                "You approved it. It waits for another approval.".to_owned()
            };
            Ok(recorded(&format!("/requests/{}", request.id), &done, text))
        }
        Err(error) => show(&app, &visitor, &id, None, typed.reason, as_errors(error)?).await,
    }
}

/// `GET /requests/{id}/refuse`
pub(super) async fn ask_refuse(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    refusing(&visitor, known_request(&visitor, &id)?.0, &Typed::default()).show()
}

/// `POST /requests/{id}/refuse`
pub(super) async fn refuse(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (request, _) = known_request(&visitor, &id)?;
    let page = refusing(&visitor, request, &typed);
    let mut errors = Errors::default();
    let Some(reason) = text(&mut errors, "reason", &typed.reason) else {
        return page.again(errors);
    };
    let command = Command::Refuse { request: request.id, reason };
    page.run(&app, &visitor, command, &format!("/requests/{}", request.id), "You refused the request.").await
}

fn refusing(visitor: &Visitor, request: &Request, typed: &Typed) -> ActPage {
    let name = visitor.name(request.person);
    let back = format!("/requests/{}", request.id);
    let heading = format!("Refuse the request of {name}");
    let mut page =
        ActPage::new(visitor, heading, format!("{back}/refuse"), "Refuse the request", back.clone());
    page.trail = trail("/requests", "Requests", back, request.id.to_string());
    page.kind = "danger";
    page.quote = request.purpose.clone();
    page.says = vec![
        format!("{name} gets no access to {} by this request.", visitor.title(request.secret)),
        "Your reason is shown to them. They may ask again.".to_owned(),
    ];
    page.area = Some(Area {
        name: "reason",
        label: "Why?",
        help: "Say what would have to be different, where anything would do.",
        value: typed.reason.clone(),
        required: true,
    });
    page
}

/// `GET /requests/{id}/withdraw`
pub(super) async fn ask_withdraw(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    withdrawing(&visitor, known_request(&visitor, &id)?.0).show()
}

/// `POST /requests/{id}/withdraw`
pub(super) async fn withdraw(app: State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let (request, _) = known_request(&visitor, &id)?;
    let (command, to) = (Command::Withdraw { request: request.id }, format!("/requests/{}", request.id));
    withdrawing(&visitor, request).run(&app, &visitor, command, &to, "You took the request back.").await
}

fn withdrawing(visitor: &Visitor, request: &Request) -> ActPage {
    let back = format!("/requests/{}", request.id);
    let heading = format!("Take back your request for {}", visitor.title(request.secret));
    let mut page = ActPage::new(visitor, heading, format!("{back}/withdraw"), "Take it back", back.clone());
    page.trail = trail("/requests", "Requests", back, request.id.to_string());
    page.says = vec!["Nobody is asked to answer it any more. You may ask again.".to_owned()];
    page
}
