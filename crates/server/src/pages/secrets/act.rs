//! What is done to a secret in one step: accept, return, review, retire, ask for access. Each says what will
//! happen before it asks.

use super::{known, may};
use crate::app::App;
use crate::form::{SafeForm, is_confirmed};
use crate::frame::Frame;
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, as_errors, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use program::access;
use program::secrets::{self, Secret};
use program::{Command, DAY, Date, GrantId, Refusal, SecretId, Text, Time};
use serde::Deserialize;

/// One thing that can be done to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Accept,
    Return,
    Review,
    Retire,
    Request,
}

/// A page that asks for what one act needs.
#[derive(Template)]
#[template(path = "secrets/act.html")]
pub(crate) struct ActPage {
    pub(crate) frame: Frame,
    pub(crate) trail: Vec<Tab>,
    pub(crate) title: String,
    /// What will happen, sentence by sentence.
    pub(crate) happens: Vec<String>,
    pub(crate) action: String,
    pub(crate) back: String,
    /// The label and help of the day that is asked for; no label, no field.
    pub(crate) day: (&'static str, &'static str),
    /// The label and help of the text.
    pub(crate) text: (&'static str, &'static str),
    pub(crate) text_required: bool,
    /// What has to be typed before it is done; empty where nothing has to.
    pub(crate) confirm: String,
    pub(crate) submit: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) asked: Asked,
    pub(crate) errors: Errors,
}

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) day: String,
    pub(crate) text: String,
    pub(crate) confirm: String,
}

impl Asked {
    /// The text, where one was typed.
    pub(crate) fn optional(&self) -> Result<Option<Text>, Refusal> {
        if self.text.trim().is_empty() { Ok(None) } else { self.required().map(Some) }
    }

    /// The text, which has to be there.
    pub(crate) fn required(&self) -> Result<Text, Refusal> {
        Text::new(&self.text).map_err(|error| Refusal::input("text", error.to_string()))
    }

    /// Was typed what had to be?
    pub(crate) fn confirmed(&self, what: &str) -> Result<(), Refusal> {
        if is_confirmed(&self.confirm, what) {
            return Ok(());
        }
        Err(Refusal::input("confirm", format!("type `{what}` to go on")))
    }
}

impl Act {
    pub(super) const ALL: [Act; 5] = [Act::Accept, Act::Return, Act::Review, Act::Retire, Act::Request];

    /// The end of its address.
    pub(super) fn word(self) -> &'static str {
        match self {
            Act::Accept => "accept",
            Act::Return => "return",
            Act::Review => "review",
            Act::Retire => "retire",
            Act::Request => "request",
        }
    }

    /// What stands on its button.
    pub(super) fn label(self) -> &'static str {
        match self {
            Act::Accept => "Accept into the register",
            Act::Return => "Return",
            Act::Review => "Review",
            Act::Retire => "Retire",
            Act::Request => "Ask for access",
        }
    }

    /// Is its button at the head of every page of the secret?
    pub(super) fn is_of_head(self) -> bool {
        self != Act::Request
    }

    /// The command with something filled in, to ask the rules whether it is worth offering.
    pub(super) fn trial(self, visitor: &Visitor, secret: SecretId) -> Option<Command> {
        let asked = Asked {
            day: (visitor.now + 7 * DAY).date(&visitor.zone),
            text: "asked on trial".to_owned(),
            confirm: String::new(),
        };
        self.command(visitor, secret, &asked).ok()
    }

    fn command(self, visitor: &Visitor, secret: SecretId, asked: &Asked) -> Result<Command, Refusal> {
        Ok(match self {
            Act::Accept => secrets::Command::Accept { secret, note: asked.optional()? }.into(),
            Act::Return => secrets::Command::Return { secret, reason: asked.required()? }.into(),
            Act::Review => {
                let next = day(visitor, asked, "next")?
                    .ok_or_else(|| Refusal::input("next", "name the day of the next review"))?;
                secrets::Command::Review { secret, next, note: asked.optional()? }.into()
            }
            Act::Retire => secrets::Command::Retire { secret, reason: asked.required()? }.into(),
            Act::Request => {
                let ends = day(visitor, asked, "ends")?;
                access::Command::Request { secret, purpose: asked.required()?, ends }.into()
            }
        })
    }

    fn page(self, visitor: &Visitor, secret: &Secret, asked: Asked, errors: Errors) -> ActPage {
        let title = secret.profile.title.as_str();
        let (happens, text, text_required) = match self {
            Act::Accept => (
                vec![
                    "From now on it stands in the register as a trade secret, and is protected as its tier asks.".to_owned(),
                    format!("{} answers for it.", visitor.name(secret.profile.owner)),
                ],
                ("Remark", "What you looked at, or what is to be watched."),
                false,
            ),
            Act::Return => (
                vec!["Whoever put it forward is asked to amend it. Nothing is lost.".to_owned()],
                ("What is missing", "The submitter reads this."),
                true,
            ),
            Act::Review => (
                vec!["You confirm that it is still secret, still worth keeping so, and still described as it is.".to_owned()],
                ("What you found", ""),
                false,
            ),
            Act::Retire => (
                vec![
                    "It is a trade secret no longer. It takes no more documents, and nobody can be granted access.".to_owned(),
                    "Its entries, documents and history stay.".to_owned(),
                ],
                ("Why", "For example: it was published in a patent."),
                true,
            ),
            Act::Request => (
                vec![self.approvals(visitor, secret)],
                ("What you need it for", "This stands in the grant; whoever approves reads it."),
                true,
            ),
        };
        let day = match self {
            Act::Review => ("Next review", "Within a year."),
            Act::Request => ("Until when", "Left empty, as long as the tier allows."),
            _ => ("", ""),
        };
        let danger = self == Act::Retire;
        ActPage {
            frame: visitor.frame(self.label(), "/secrets"),
            trail: trail(secret),
            title: format!("{}: {title}", self.label()),
            happens,
            action: format!("/secrets/{}/{}", secret.id, self.word()),
            back: format!("/secrets/{}", secret.id),
            day,
            text,
            text_required,
            confirm: if danger { title.to_owned() } else { String::new() },
            submit: self.label(),
            kind: if danger { "danger" } else { "primary" },
            asked,
            errors,
        }
    }

    fn approvals(self, visitor: &Visitor, secret: &Secret) -> String {
        let requirement = visitor.state.access.requirement(secret.tier());
        let owner = visitor.name(secret.profile.owner);
        match requirement.approvals {
            0 | 1 => format!(
                "{owner} has to approve it; then it opens for you, as long as the other conditions hold."
            ),
            many => format!(
                "{many} people have to approve it, {owner} among them; then it opens for you, as long as the other conditions hold."
            ),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Act::Accept => "The secret stands in the register",
            Act::Return => "The submission was returned",
            Act::Review => "The review was recorded",
            Act::Retire => "The secret was retired",
            Act::Request => "You asked for access",
        }
    }
}

/// `GET /secrets/{id}/accept` and its like
pub(super) async fn ask(act: Act, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let day = if act == Act::Review { (visitor.now + 182 * DAY).date(&visitor.zone) } else { String::new() };
    let asked = Asked { day, ..Asked::default() };
    render(StatusCode::OK, &act.page(&visitor, secret, asked, Errors::default()))
}

/// `POST /secrets/{id}/accept` and its like
pub(super) async fn run(
    act: Act,
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(asked): SafeForm<Asked>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let confirmed = if act == Act::Retire { asked.confirmed(secret.profile.title.as_str()) } else { Ok(()) };
    let command = confirmed.and_then(|()| act.command(&visitor, secret.id, &asked));
    let done = match command {
        Ok(command) => app.service.act(&visitor.actor, command).await,
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(done) => {
            let part = if act == Act::Request { "/people" } else { "" };
            Ok(recorded(&format!("/secrets/{}{part}", secret.id), &done, act.done()))
        }
        Err(error) => {
            let errors = named(as_errors(error)?);
            render(StatusCode::UNPROCESSABLE_ENTITY, &act.page(&visitor, secret, asked, errors))
        }
    }
}

/// The rules call a field by what it means; on this page it is called by what it is.
pub(crate) fn named(mut errors: Errors) -> Errors {
    for error in &mut errors.0 {
        error.field = match error.field.as_str() {
            "next" | "ends" => "day".to_owned(),
            "purpose" | "reason" | "note" => "text".to_owned(),
            other => other.to_owned(),
        };
    }
    errors
}

fn day(visitor: &Visitor, asked: &Asked, field: &'static str) -> Result<Option<Time>, Refusal> {
    if asked.day.trim().is_empty() {
        return Ok(None);
    }
    let date = Date::parse(&asked.day).map_err(|error| Refusal::input(field, error.to_string()))?;
    // A review is due on its day; access lasts to the end of its last one.
    let zone = &visitor.state.organisation.zone;
    Ok(Some(if field == "ends" { date.end(zone) } else { date.start(zone) }))
}

fn trail(secret: &Secret) -> Vec<Tab> {
    vec![
        Tab::new("/secrets", "Register", false),
        Tab::new(format!("/secrets/{}", secret.id), secret.id.to_string(), false),
    ]
}

/// Would the rules let the visitor take this grant back?
pub(super) fn may_revoke(visitor: &Visitor, grant: GrantId) -> bool {
    let reason = Text::new("asked on trial").ok();
    may(visitor, reason.map(|reason| access::Command::Revoke { grant, reason }.into()))
}
