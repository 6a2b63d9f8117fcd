//! One grant: whose, what for, until when, used or not; taking it back; and accounting for an emergency access.

use super::act::{ActPage, Area, Typed, confirmed, remark, text};
use super::grants::{Used, standing_of, used};
use super::{known_grant, sees_why, trail};
use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::marks;
use crate::pages::history::{History, history_of};
use crate::pages::secrets::badge;
use crate::parts::{Choice, Errors, Mark, Tab, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::Text;
use program::access::{Command, Grant, why};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access/grant.html")]
struct GrantPage {
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
    from: When,
    ends: When,
    used: Used,
    standing: (Tone, &'static str),
    approvers: Vec<String>,
    revoked: Option<(String, When, String)>,
    emergency: Option<Emergency>,
    marks: Vec<Mark>,
    revokes: bool,
    justifies: bool,
    looks: bool,
    history: History,
}

struct Emergency {
    justified: Option<(When, String)>,
    looked: Option<(When, bool, String)>,
}

/// Where the page of history before this one began.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Earlier {
    before: Option<u64>,
}

/// `GET /grants/{id}`
pub(super) async fn page(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(earlier): Query<Earlier>,
) -> PageResult {
    let (grant, secret) = known_grant(&visitor, &id)?;
    let links = visitor.sees(secret.id);
    let by = |person: Option<program::PersonId>| {
        person.map_or_else(|| "the operator".to_owned(), |p| visitor.name(p))
    };
    let any = |command: fn(program::GrantId, Text) -> Command| {
        Text::new("a reason").is_ok_and(|text| visitor.may(command(grant.id, text)))
    };
    let page = GrantPage {
        frame: visitor.frame(&format!("Grant {}", grant.id), "/requests"),
        trail: trail("/grants", "Grants", format!("/grants/{}", grant.id), grant.id.to_string()),
        id: grant.id.to_string(),
        person: visitor.name(grant.person),
        person_page: visitor.person_page(grant.person),
        secret: secret.id.to_string(),
        title: visitor.title(secret.id),
        tier: badge(secret.tier()),
        links,
        purpose: grant.purpose.clone(),
        from: visitor.moment(grant.from),
        ends: visitor.moment(grant.ends),
        used: used(&visitor, grant),
        standing: standing_of(grant, visitor.now),
        approvers: grant.approvers.iter().map(|person| visitor.name(*person)).collect(),
        revoked: grant.revoked.as_ref().map(|r| (by(r.by), visitor.moment(r.at), r.reason.clone())),
        emergency: grant.emergency.as_ref().map(|emergency| Emergency {
            justified: emergency
                .justified
                .as_ref()
                .map(|(at, account)| (visitor.moment(*at), account.clone())),
            looked: emergency.reviewed.as_ref().map(|(at, in_order, note)| {
                (visitor.moment(*at), *in_order, note.clone().unwrap_or_default())
            }),
        }),
        marks: standing(&app, &visitor, grant, links),
        revokes: any(|grant, reason| Command::Revoke { grant, reason }),
        justifies: any(|grant, account| Command::Justify { grant, account }),
        looks: visitor.may(Command::ReviewEmergency { grant: grant.id, in_order: true, note: None }),
        history: history_of(&app.service, &visitor, grant.id, earlier.before, 50).await?,
    };
    render(StatusCode::OK, &page)
}

/// How the holder stands now; nothing of a secret that the visitor may not know.
fn standing(app: &App, visitor: &Visitor, grant: &Grant, links: bool) -> Vec<Mark> {
    let secret = visitor.state.secrets.get(grant.secret);
    if !links || !secret.is_some_and(|secret| sees_why(visitor, grant.person, secret)) {
        return Vec::new();
    }
    let (_, because) = why(&visitor.state, app.service.gate(), grant.person, grant.secret, visitor.now, None);
    marks::marks_of(visitor, grant.person, &because)
}

/// `GET /grants/{id}/revoke`
pub(super) async fn ask_revoke(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    revoking(&visitor, known_grant(&visitor, &id)?.0, &Typed::default()).show()
}

/// `POST /grants/{id}/revoke`
pub(super) async fn revoke(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (grant, _) = known_grant(&visitor, &id)?;
    let name = visitor.name(grant.person);
    let page = revoking(&visitor, grant, &typed);
    let mut errors = Errors::default();
    let reason = text(&mut errors, "reason", &typed.reason);
    confirmed(&mut errors, &typed.confirm, &name);
    let (Some(reason), true) = (reason, errors.is_empty()) else {
        return page.again(errors);
    };
    let said = format!("The grant to {name} was revoked. It opens nothing from now on.");
    let command = Command::Revoke { grant: grant.id, reason };
    page.run(&app, &visitor, command, &format!("/grants/{}", grant.id), said).await
}

fn revoking(visitor: &Visitor, grant: &Grant, typed: &Typed) -> ActPage {
    let name = visitor.name(grant.person);
    let title = visitor.title(grant.secret);
    let back = format!("/grants/{}", grant.id);
    let mut page = ActPage::new(
        visitor,
        format!("Revoke the access of {name} to {title}"),
        format!("{back}/revoke"),
        "Revoke the grant",
        back.clone(),
    );
    page.trail = trail("/grants", "Grants", back, grant.id.to_string());
    page.kind = "danger";
    page.tone = Tone::Warn;
    page.says = vec![
        format!("From the moment you press the button, {name} opens nothing of {title} under this grant."),
        "What they opened before stays in the record.".to_owned(),
        "It cannot be undone; they would have to ask again.".to_owned(),
    ];
    page.area = Some(Area {
        name: "reason",
        label: "Why?",
        help: "It stands in the record.",
        value: typed.reason.clone(),
        required: true,
    });
    page.confirm = Some(name);
    page
}

/// `GET /grants/{id}/justify`
pub(super) async fn ask_justify(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    justifying(&visitor, known_grant(&visitor, &id)?.0, &Typed::default()).show()
}

/// `POST /grants/{id}/justify`
pub(super) async fn justify(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (grant, _) = known_grant(&visitor, &id)?;
    let page = justifying(&visitor, grant, &typed);
    let mut errors = Errors::default();
    let Some(account) = text(&mut errors, "reason", &typed.reason) else {
        return page.again(errors);
    };
    let (command, said) =
        (Command::Justify { grant: grant.id, account }, "You accounted for your emergency access.");
    page.run(&app, &visitor, command, &format!("/grants/{}", grant.id), said).await
}

fn justifying(visitor: &Visitor, grant: &Grant, typed: &Typed) -> ActPage {
    let title = visitor.title(grant.secret);
    let back = format!("/grants/{}", grant.id);
    let heading = format!("Account for your emergency access to {title}");
    let mut page = ActPage::new(visitor, heading, format!("{back}/justify"), "Record it", back.clone());
    page.trail = trail("/grants", "Grants", back, grant.id.to_string());
    page.quote = grant.purpose.clone();
    page.says_title = "Who reads this".to_owned();
    page.says = vec![
        "The owner, counsel and the security officer. It stays in the record as you write it.".to_owned(),
    ];
    page.area = Some(Area {
        name: "reason",
        label: "What did you do with it, and why could it not wait?",
        help: "What you opened, whom you gave what, and where copies are.",
        value: typed.reason.clone(),
        required: true,
    });
    page
}

/// `GET /grants/{id}/look`
pub(super) async fn ask_look(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    looking(&visitor, known_grant(&visitor, &id)?.0, &Typed::default()).show()
}

/// `POST /grants/{id}/look`
pub(super) async fn look(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let (grant, _) = known_grant(&visitor, &id)?;
    let page = looking(&visitor, grant, &typed);
    let mut errors = Errors::default();
    let in_order = match typed.in_order.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            errors.add("in_order", "Say whether it was in order");
            false
        }
    };
    let note = remark(&mut errors, "reason", &typed.reason);
    if !in_order && note.is_none() && errors.is_empty() {
        errors.add("reason", "Say what was not in order");
    }
    if !errors.is_empty() {
        return page.again(errors);
    }
    let command = Command::ReviewEmergency { grant: grant.id, in_order, note };
    let to = format!("/grants/{}", grant.id);
    page.run(&app, &visitor, command, &to, "You looked at the emergency access.").await
}

fn looking(visitor: &Visitor, grant: &Grant, typed: &Typed) -> ActPage {
    let (name, title) = (visitor.name(grant.person), visitor.title(grant.secret));
    let back = format!("/grants/{}", grant.id);
    let heading = format!("Look at the emergency access of {name} to {title}");
    let mut page =
        ActPage::new(visitor, heading, format!("{back}/look"), "Record what you found", back.clone());
    page.trail = trail("/grants", "Grants", back, grant.id.to_string());
    page.quote = grant.purpose.clone();
    page.says_title = "What is known".to_owned();
    let account = grant.emergency.as_ref().and_then(|emergency| emergency.justified.as_ref());
    page.says = vec![
        format!("Taken on {}, and good until {}.", visitor.when(grant.from), visitor.when(grant.ends)),
        match account {
            Some((at, account)) => format!("{name} accounted for it on {}: {account}", visitor.when(*at)),
            None => format!("{name} has not accounted for it yet."),
        },
        "What they opened is in the history of the grant.".to_owned(),
    ];
    let current = typed.in_order.as_str();
    page.choices = vec![
        Choice::new("yes", "It was in order", "The alarm ends here.", current),
        Choice::new(
            "no",
            "It was not in order",
            "Say what was not. Revoke the grant too, if it still holds.",
            current,
        ),
    ];
    page.area = Some(Area {
        name: "reason",
        label: "Remark",
        help: "It stands in the record. Needed where something was not in order.",
        value: typed.reason.clone(),
        required: false,
    });
    page
}
