//! The form that puts a secret forward, and the one that changes it.

mod values;

use super::known;
use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::parts::{Choice, Errors, Tab};
use crate::respond::{PageResult, as_errors, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use program::secrets::{self, Draft, FACTORS, Secret, Tier};
use program::{Command, Refusal, Text};
use values::Values;

#[derive(Template)]
#[template(path = "secrets/form.html")]
struct FormPage {
    frame: Frame,
    trail: Vec<Tab>,
    title: String,
    lead: &'static str,
    action: String,
    back: String,
    submit: &'static str,
    /// The version a change begins from; absent for a new secret.
    from_version: Option<u32>,
    precise_help: &'static str,
    values: Values,
    tiers: Vec<Choice>,
    factors: Vec<FactorField>,
    errors: Errors,
}

struct FactorField {
    key: &'static str,
    question: &'static str,
    scores: Vec<Choice>,
    reason: String,
    error: String,
}

/// `GET /secrets/new`
pub(super) async fn new(visitor: Visitor) -> PageResult {
    let person = visitor.state.people.get(visitor.person);
    let values = Values {
        owner: person.map(|person| person.mail.to_string()).unwrap_or_default(),
        department: person.map(|person| person.department.to_string()).unwrap_or_default(),
        ..Values::default()
    };
    render(StatusCode::OK, &new_page(&visitor, values, Errors::default()))
}

/// `POST /secrets/new`
pub(super) async fn submit(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(pairs): SafeForm<Vec<(String, String)>>,
) -> PageResult {
    let values = Values::read(&pairs);
    let errors = match values.draft(&visitor) {
        Ok(draft) => match app.service.act(&visitor.actor, secrets::Command::Submit(Box::new(draft))).await {
            Ok(done) => {
                let id = done.entries.iter().find_map(|entry| match &entry.event {
                    program::Event::Secrets(event) => Some(event.secret()),
                    _ => None,
                });
                let to = id.map_or_else(|| "/secrets".to_owned(), |id| format!("/secrets/{id}"));
                return Ok(recorded(&to, &done, "The secret was put forward. A reviewer looks at it next"));
            }
            Err(error) => as_errors(error)?,
        },
        Err(errors) => errors,
    };
    render(StatusCode::UNPROCESSABLE_ENTITY, &new_page(&visitor, values, errors))
}

/// `GET /secrets/{id}/edit`
pub(super) async fn edit(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let values = Values::of(&visitor, secret);
    render(StatusCode::OK, &edit_page(&visitor, secret, values, Errors::default()))
}

/// `POST /secrets/{id}/edit`
pub(super) async fn revise(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(pairs): SafeForm<Vec<(String, String)>>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let values = Values::read(&pairs);
    let errors = match values.draft(&visitor).and_then(|draft| Ok((draft, values.remark()?))) {
        Ok((draft, note)) => {
            let from_version = values.from_version.parse().unwrap_or(0);
            let command = revision(secret, from_version, draft, note);
            match app.service.act(&visitor.actor, command).await {
                Ok(done) => {
                    return Ok(recorded(
                        &format!("/secrets/{}", secret.id),
                        &done,
                        "The new version was recorded",
                    ));
                }
                Err(error) => as_errors(error)?,
            }
        }
        Err(errors) => errors,
    };
    render(StatusCode::UNPROCESSABLE_ENTITY, &edit_page(&visitor, secret, values, errors))
}

/// Would the rules let the visitor make a new version?
pub(super) fn may_revise(visitor: &Visitor, secret: &Secret) -> bool {
    let precise = Text::new("asked on trial").ok();
    let draft = Draft { profile: secret.profile.clone(), precise };
    super::may(visitor, Some(revision(secret, secret.version(), draft, None)))
}

fn revision(secret: &Secret, from_version: u32, draft: Draft, note: Option<Text>) -> Command {
    secrets::Command::Revise { secret: secret.id, from_version, draft: Box::new(draft), note }.into()
}

fn new_page(visitor: &Visitor, values: Values, errors: Errors) -> FormPage {
    FormPage {
        frame: visitor.frame("Put a secret forward", "/secrets"),
        trail: vec![Tab::new("/secrets", "Register", false)],
        title: "Put a secret forward".to_owned(),
        lead: "Counsel looks at it before it stands in the register. It is sealed and dated from the moment you send it.",
        action: "/secrets/new".to_owned(),
        back: "/secrets".to_owned(),
        submit: "Put it forward",
        from_version: None,
        precise_help: "Sealed under a key of its own; opens only through the gate, and every reading is recorded.",
        tiers: tiers(visitor, &values),
        factors: factors(&values, &errors),
        values,
        errors,
    }
}

fn edit_page(visitor: &Visitor, secret: &Secret, values: Values, errors: Errors) -> FormPage {
    let home = format!("/secrets/{}", secret.id);
    FormPage {
        frame: visitor.frame("Change a secret", "/secrets"),
        trail: vec![
            Tab::new("/secrets", "Register", false),
            Tab::new(home.clone(), secret.id.to_string(), false),
        ],
        title: format!("Change: {}", secret.profile.title),
        lead: "This makes a new version. The one before stays in the record.",
        action: format!("{home}/edit"),
        back: home,
        submit: "Record the new version",
        precise_help: "Sealed, and not shown here. Leave it empty to keep the one before.",
        from_version: Some(values.from_version.parse().unwrap_or_else(|_| secret.version())),
        tiers: tiers(visitor, &values),
        factors: factors(&values, &errors),
        values,
        errors,
    }
}

fn tiers(visitor: &Visitor, values: &Values) -> Vec<Choice> {
    let choice = |tier: &Tier| {
        let requirement = visitor.state.access.requirement(*tier);
        let harm = match tier {
            Tier::Confidential => "Disclosure would hurt.",
            Tier::Restricted => "Disclosure would cost us an advantage.",
            Tier::CrownJewel => "Disclosure would endanger the company.",
        };
        let approvals = crate::format::count(u64::from(requirement.approvals), "approval", "approvals");
        let help = format!("{harm} Asks for {approvals} and clearance {}.", requirement.clearance);
        Choice::new(tier.as_str(), tier.name(), &help, &values.tier)
    };
    Tier::ALL.iter().map(choice).collect()
}

fn factors(values: &Values, errors: &Errors) -> Vec<FactorField> {
    let fields = FACTORS.iter().zip(&values.factors).map(|((key, question), (score, reason))| FactorField {
        key,
        question,
        scores: ["1", "2", "3", "4", "5"].iter().map(|n| Choice::new(n, n, "", score)).collect(),
        reason: reason.clone(),
        error: errors.of(key).to_owned(),
    });
    fields.collect()
}

/// Collects everything that is wrong with a form, where the rules would stop at the first.
fn note<T>(errors: &mut Errors, field: &str, result: Result<T, impl std::fmt::Display>) -> Option<T> {
    result.map_err(|error| errors.add(field, crate::respond::capital(&error.to_string()))).ok()
}

/// A refusal as the error of a field.
fn refused(error: &Refusal) -> String {
    match &error.remedy {
        Some(remedy) => format!("{}: {remedy}", error.message),
        None => error.message.clone(),
    }
}
