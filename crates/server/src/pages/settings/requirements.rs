//! The requirements of the tiers: the table, the form, and what a change would shut or open.

use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::format;
use crate::frame::Frame;
use crate::marks;
use crate::pages::secrets::badge;
use crate::parts::{Choice, Errors, Tier as TierBadge};
use crate::respond::{PageResult, as_errors, capital, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use gate::{Condition, ConditionSet, Gate, NetworkRange};
use program::access::{AVAILABLE, Command, Event, Requirement, SETTERS, who};
use program::people::Role;
use program::secrets::{Status, Tier};
use program::{PersonId, Recorded, SecretId, State as Programme, Text};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The place in the navigation.
pub(super) const NAV: &str = "/settings/requirements";

#[derive(Template)]
#[template(path = "settings/requirements.html")]
struct TablePage {
    frame: Frame,
    tiers: Vec<(TierBadge, String)>,
    rows: Vec<(&'static str, Vec<String>)>,
    sets: bool,
    administers: bool,
}

/// `GET /settings/requirements`
pub(super) async fn page(visitor: Visitor) -> PageResult {
    let asked = Tier::ALL.map(|tier| visitor.state.access.requirement(tier));
    let row = |name: &'static str, cell: &dyn Fn(&Requirement) -> String| {
        (name, asked.iter().map(|requirement| cell(requirement)).collect::<Vec<String>>())
    };
    let mut rows: Vec<(&'static str, Vec<String>)> = AVAILABLE
        .into_iter()
        .map(|condition| row(marks::name(condition), &|requirement| in_words(requirement, condition)))
        .collect();
    rows.push(row("Approvals of a grant", &|r| r.approvals.to_string()));
    rows.push(row("Longest grant", &|r| format::count(u64::from(r.longest_grant_days), "day", "days")));
    rows.push(row("Emergency access", &|r| match r.emergency_minutes {
        0 => "none".to_owned(),
        minutes => format!("for {}", format::count(u64::from(minutes), "minute", "minutes")),
    }));
    rows.push(row("Everybody may find it and ask", &|r| if r.listed { "yes" } else { "no" }.to_owned()));
    let page = TablePage {
        frame: visitor.frame("Requirements", NAV),
        tiers: Tier::ALL.iter().map(|tier| (badge(*tier), tier.as_str().to_owned())).collect(),
        rows,
        sets: visitor.is(SETTERS),
        administers: visitor.is(&[Role::Administrator]),
    };
    render(StatusCode::OK, &page)
}

/// How a tier asks a condition, in a few words.
fn in_words(requirement: &Requirement, condition: Condition) -> String {
    if !requirement.conditions.contains(condition) {
        return "not asked".to_owned();
    }
    match condition {
        Condition::Clearance => format!("level {}", requirement.clearance),
        Condition::SecondFactor => {
            format!(
                "shown within {}",
                format::count(u64::from(requirement.second_factor_minutes), "minute", "minutes")
            )
        }
        Condition::Network => {
            let ranges: Vec<String> = requirement.networks.iter().map(ToString::to_string).collect();
            ranges.join(", ")
        }
        _ => "asked".to_owned(),
    }
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    conditions: Vec<String>,
    clearance: String,
    approvals: String,
    second_factor_minutes: String,
    networks: String,
    emergency_minutes: String,
    longest_grant_days: String,
    listed: String,
    reason: String,
    /// `preview` or `change`: which button was pressed.
    act: String,
}

#[derive(Template)]
#[template(path = "settings/requirement.html")]
struct EditPage {
    frame: Frame,
    tier: TierBadge,
    word: String,
    name: &'static str,
    conditions: Vec<Choice>,
    listed: bool,
    value: Typed,
    preview: Option<Preview>,
    errors: Errors,
}

/// What a change would do to those for whom secrets of the tier open now, the second factor and the network aside.
struct Preview {
    people_shut: u64,
    secrets_shut: u64,
    people_opened: u64,
    secrets_opened: u64,
}

/// `GET /settings/requirements/{tier}`
pub(super) async fn edit(visitor: Visitor, Path(tier): Path<String>) -> PageResult {
    let tier = known(&tier)?;
    let requirement = visitor.state.access.requirement(tier);
    let ranges: Vec<String> = requirement.networks.iter().map(ToString::to_string).collect();
    let typed = Typed {
        conditions: requirement.conditions.iter().map(|condition| condition.to_string()).collect(),
        clearance: requirement.clearance.to_string(),
        approvals: requirement.approvals.to_string(),
        second_factor_minutes: requirement.second_factor_minutes.to_string(),
        networks: ranges.join("\n"),
        emergency_minutes: requirement.emergency_minutes.to_string(),
        longest_grant_days: requirement.longest_grant_days.to_string(),
        listed: if requirement.listed { "yes" } else { "" }.to_owned(),
        ..Typed::default()
    };
    show(&visitor, StatusCode::OK, tier, typed, None, Errors::default())
}

/// `POST /settings/requirements/{tier}`: shows what the change would do, or makes it.
pub(super) async fn change(
    app: State<App>,
    visitor: Visitor,
    Path(tier): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let tier = known(&tier)?;
    let mut errors = Errors::default();
    let requirement = read(&typed, &mut errors);
    let reason = Text::new(&typed.reason).map_err(|error| capital(&error.to_string()));
    if typed.act == "change"
        && let Err(wrong) = &reason
    {
        errors.add("reason", wrong);
    }
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(requirement) = requirement.filter(|_| errors.is_empty()) else {
        return show(&visitor, wrong, tier, typed, None, errors);
    };
    // The rules judge the preview too: what they refuse has nothing to preview.
    let because = reason.or_else(|_| Text::new("preview")).map_err(|_| PageError::Internal)?;
    let command =
        Command::SetRequirement { tier, requirement: Box::new(requirement.clone()), reason: because };
    if typed.act != "change" {
        if let Err(refusal) = program::decide(&visitor.state, &visitor.actor, visitor.now, &command.into()) {
            return show(&visitor, wrong, tier, typed, None, as_errors(refusal)?);
        }
        let preview = preview(&visitor, app.service.gate(), tier, requirement);
        return show(&visitor, StatusCode::OK, tier, typed, Some(preview), errors);
    }
    match app.service.act(&visitor.actor, command).await {
        Ok(done) => {
            let text = format!("{} secrets ask this from now on.", tier.name());
            Ok(recorded("/settings/requirements", &done, text))
        }
        Err(error) => show(&visitor, wrong, tier, typed, None, as_errors(error)?),
    }
}

fn known(word: &str) -> Result<Tier, PageError> {
    word.parse().map_err(|_| PageError::NotFound)
}

fn read(typed: &Typed, errors: &mut Errors) -> Option<Requirement> {
    let mut number = |field: &str, text: &str| {
        let read = text.trim().parse::<u32>().ok();
        if read.is_none() {
            errors.add(field, "Give a whole number");
        }
        read
    };
    let clearance = number("clearance", &typed.clearance).map(|n| u8::try_from(n).unwrap_or(u8::MAX));
    let approvals = number("approvals", &typed.approvals).map(|n| u8::try_from(n).unwrap_or(u8::MAX));
    let second_factor_minutes = number("second_factor_minutes", &typed.second_factor_minutes);
    let emergency_minutes = number("emergency_minutes", &typed.emergency_minutes);
    let longest_grant_days = number("longest_grant_days", &typed.longest_grant_days);
    let mut networks = Vec::new();
    for range in typed.networks.split([',', '\n']).map(str::trim).filter(|range| !range.is_empty()) {
        match NetworkRange::parse(range) {
            Ok(range) => networks.push(range),
            Err(error) => {
                errors.add("networks", error.to_string().replacen('`', "“", 1).replacen('`', "”", 1))
            }
        }
    }
    let conditions: ConditionSet =
        typed.conditions.iter().filter_map(|name| name.parse::<Condition>().ok()).collect();
    Some(Requirement {
        conditions,
        clearance: clearance?,
        approvals: approvals?,
        second_factor_minutes: second_factor_minutes?,
        networks,
        emergency_minutes: emergency_minutes?,
        longest_grant_days: longest_grant_days?,
        listed: typed.listed == "yes",
    })
}

/// Compares who opens what now with who would, on a state in which the change has happened: the same gate decides both.
fn preview(visitor: &Visitor, gate: &Gate, tier: Tier, requirement: Requirement) -> Preview {
    let before = opening(&visitor.state, gate, visitor, tier);
    let mut state = Programme::clone(&visitor.state);
    if let Ok(reason) = Text::new("preview") {
        let event = Event::RequirementsSet { tier, requirement, reason }.into();
        state.apply(&Recorded { position: state.size, time: visitor.now, by: visitor.actor.clone(), event });
    }
    let after = opening(&state, gate, visitor, tier);
    let people = |pairs: &[&(PersonId, SecretId)]| {
        pairs.iter().map(|pair| pair.0).collect::<BTreeSet<_>>().len() as u64
    };
    let secrets = |pairs: &[&(PersonId, SecretId)]| {
        pairs.iter().map(|pair| pair.1).collect::<BTreeSet<_>>().len() as u64
    };
    let shut: Vec<_> = before.difference(&after).collect();
    let opened: Vec<_> = after.difference(&before).collect();
    Preview {
        people_shut: people(&shut),
        secrets_shut: secrets(&shut),
        people_opened: people(&opened),
        secrets_opened: secrets(&opened),
    }
}

fn opening(state: &Programme, gate: &Gate, visitor: &Visitor, tier: Tier) -> BTreeSet<(PersonId, SecretId)> {
    let secrets =
        state.secrets.iter().filter(|secret| secret.tier() == tier && secret.status != Status::Retired);
    secrets
        .flat_map(|secret| {
            let rows = who(state, gate, secret.id, visitor.now);
            rows.into_iter().filter(|row| row.opens).map(move |row| (row.person, secret.id))
        })
        .collect()
}

fn show(
    visitor: &Visitor,
    status: StatusCode,
    tier: Tier,
    value: Typed,
    preview: Option<Preview>,
    errors: Errors,
) -> PageResult {
    let conditions = AVAILABLE
        .into_iter()
        .map(|condition| Choice {
            value: condition.to_string(),
            label: marks::name(condition).to_owned(),
            help: match condition {
                Condition::Suspension | Condition::Employment => "Always asked.".to_owned(),
                Condition::Network => "Documents open from the ranges below alone.".to_owned(),
                _ => String::new(),
            },
            chosen: value.conditions.iter().any(|name| name == condition.as_str()),
        })
        .collect();
    let page = EditPage {
        frame: visitor.frame(&format!("What {} secrets ask", tier.name().to_lowercase()), NAV),
        tier: badge(tier),
        word: tier.as_str().to_owned(),
        name: tier.name(),
        conditions,
        listed: value.listed == "yes",
        value,
        preview,
        errors,
    };
    render(status, &page)
}
