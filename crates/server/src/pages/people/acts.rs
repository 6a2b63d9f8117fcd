//! Clearance, roles, suspension, reinstatement and the end of somebody's time here: each says what it will do first.

use super::{complain, fields, path, role_name};
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::parts::{Choice, Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use program::people::{Command, MOST_CLEARANCE, Person, Role};
use program::{PersonId, Text, Time};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What is typed for any of these acts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    clearance: String,
    roles: Vec<String>,
    ends: String,
    reason: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "people/act.html")]
struct ActPage {
    frame: Frame,
    trail: Vec<Tab>,
    heading: String,
    consequences: Vec<String>,
    action: String,
    levels: Vec<Choice>,
    roles: Vec<Choice>,
    dated: bool,
    reasoned: bool,
    confirm: Option<String>,
    value: Typed,
    errors: Errors,
    submit: &'static str,
    kind: &'static str,
    back: String,
}

/// The five acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Clear,
    SetRoles,
    Suspend,
    Reinstate,
    End,
}

impl Act {
    /// The end of its address, its heading before the name, and its button.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Clear => ("clearance", "Clearance of", "Set the clearance"),
            Self::SetRoles => ("roles", "Roles of", "Set the roles"),
            Self::Suspend => ("suspend", "Suspend", "Suspend at once"),
            Self::Reinstate => ("reinstate", "Reinstate", "Lift the suspension"),
            Self::End => ("end", "End the time here of", "End it"),
        }
    }

    const fn is_dangerous(self) -> bool {
        matches!(self, Self::Suspend | Self::End)
    }
}

pub(super) async fn clearance(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    let person = known(&visitor, id)?;
    let value = Typed { clearance: person.clearance.to_string(), ..Typed::default() };
    show(&visitor, person, Act::Clear, value, Errors::default())
}

pub(super) async fn clear(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = known(&visitor, id)?;
    let mut errors = Errors::default();
    let clearance = typed.clearance.trim().parse::<u8>();
    let clearance = clearance
        .map_err(|_| errors.add("clearance", format!("Choose a level from 0 to {MOST_CLEARANCE}.")))
        .ok();
    let reason = fields::text(&mut errors, "reason", "Reason", &typed.reason);
    let command =
        clearance.zip(reason).map(|(clearance, reason)| Command::Clear { person: id, clearance, reason });
    let done = format!("The clearance of {} was set", person.name);
    act(&app, &visitor, person, Act::Clear, typed, errors, command, done).await
}

pub(super) async fn roles(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    let person = known(&visitor, id)?;
    let roles = person.roles.iter().map(|role| role.word().to_owned()).collect();
    show(&visitor, person, Act::SetRoles, Typed { roles, ..Typed::default() }, Errors::default())
}

pub(super) async fn set_roles(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = known(&visitor, id)?;
    let mut errors = Errors::default();
    let roles = typed.roles.iter().map(|word| word.parse::<Role>()).collect::<Result<BTreeSet<Role>, _>>();
    let roles = roles.map_err(|error| errors.add("roles", error.to_string())).ok();
    let command = roles.map(|roles| Command::SetRoles { person: id, roles });
    let done = format!("The roles of {} were set", person.name);
    act(&app, &visitor, person, Act::SetRoles, typed, errors, command, done).await
}

pub(super) async fn suspension(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    show(&visitor, known(&visitor, id)?, Act::Suspend, Typed::default(), Errors::default())
}

pub(super) async fn suspend(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = known(&visitor, id)?;
    let mut errors = Errors::default();
    let reason = reasoned(&mut errors, person, Act::Suspend, &typed);
    let command = reason.map(|reason| Command::Suspend { person: id, reason });
    let done = format!("{} was suspended: nothing opens for them from now on", person.name);
    act(&app, &visitor, person, Act::Suspend, typed, errors, command, done).await
}

pub(super) async fn reinstatement(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    show(&visitor, known(&visitor, id)?, Act::Reinstate, Typed::default(), Errors::default())
}

pub(super) async fn reinstate(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = known(&visitor, id)?;
    let mut errors = Errors::default();
    let reason = reasoned(&mut errors, person, Act::Reinstate, &typed);
    let command = reason.map(|reason| Command::Reinstate { person: id, reason });
    let done = format!("The suspension of {} was lifted", person.name);
    act(&app, &visitor, person, Act::Reinstate, typed, errors, command, done).await
}

pub(super) async fn ending(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    show(&visitor, known(&visitor, id)?, Act::End, Typed::default(), Errors::default())
}

pub(super) async fn end(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = known(&visitor, id)?;
    let mut errors = Errors::default();
    let ends: Option<Time> = fields::day(&mut errors, "ends", &typed.ends, |day| day.end(&visitor.zone));
    let reason = reasoned(&mut errors, person, Act::End, &typed);
    let command =
        reason.filter(|_| errors.is_empty()).map(|reason| Command::End { person: id, ends, reason });
    let done = format!("The end of {}'s time here was set", person.name);
    act(&app, &visitor, person, Act::End, typed, errors, command, done).await
}

fn known(visitor: &Visitor, id: PersonId) -> Result<&Person, PageError> {
    visitor.state.people.get(id).ok_or(PageError::NotFound)
}

/// The reason, where a dangerous act was also confirmed by the person's name.
fn reasoned(errors: &mut Errors, person: &Person, act: Act, typed: &Typed) -> Option<Text> {
    let reason = fields::text(errors, "reason", "Reason", &typed.reason);
    if act.is_dangerous() && typed.confirm.trim() != person.name.as_str() {
        errors.add("confirm", format!("Type {} exactly, so that nobody else is meant.", person.name));
        return None;
    }
    reason
}

#[allow(clippy::too_many_arguments, reason = "what every one of the five acts hands on")]
async fn act(
    app: &App,
    visitor: &Visitor,
    person: &Person,
    act: Act,
    typed: Typed,
    mut errors: Errors,
    command: Option<Command>,
    text: String,
) -> Result<Response, PageError> {
    let Some(command) = command else {
        return show(visitor, person, act, typed, errors);
    };
    match app.service.act(&visitor.actor, command).await {
        Ok(done) => Ok(recorded(&path(person.id), &done, text)),
        Err(error) => {
            complain(error, &mut errors)?;
            show(visitor, person, act, typed, errors)
        }
    }
}

fn show(visitor: &Visitor, person: &Person, act: Act, value: Typed, errors: Errors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (word, heading, submit) = act.words();
    let heading = format!("{heading} {}", person.name);
    let here = format!("{}/{word}", path(person.id));
    let levels = (0..=MOST_CLEARANCE).map(|level| level.to_string());
    let levels: Vec<Choice> = levels.map(|level| Choice::new(&level, &level, "", &value.clearance)).collect();
    let roles = Role::ALL.iter().map(|role| Choice {
        chosen: value.roles.iter().any(|word| word == role.word()),
        ..Choice::new(role.word(), role_name(*role), role_help(*role), "")
    });
    let page = ActPage {
        frame: visitor.frame(&heading, "/people"),
        trail: vec![
            Tab::new("/people", "People", false),
            Tab::new(path(person.id), person.name.as_str(), false),
            Tab::new(here.clone(), heading.clone(), true),
        ],
        heading,
        consequences: consequences(visitor, person, act),
        action: here,
        levels: if act == Act::Clear { levels } else { Vec::new() },
        roles: if act == Act::SetRoles { roles.collect() } else { Vec::new() },
        dated: act == Act::End,
        reasoned: act != Act::SetRoles,
        confirm: act.is_dangerous().then(|| person.name.to_string()),
        value,
        errors,
        submit,
        kind: if act.is_dangerous() { "danger" } else { "primary" },
        back: path(person.id),
    };
    render(status, &page)
}

/// What will happen, in sentences.
fn consequences(visitor: &Visitor, person: &Person, act: Act) -> Vec<String> {
    let (name, state) = (&person.name, &visitor.state);
    let live = state.access.grants_of(person.id).filter(|grant| grant.is_live(visitor.now)).count() as u64;
    let live = crate::format::count(live, "live grant", "live grants");
    match act {
        Act::Clear => vec![format!(
            "{name} has {live}. Where a secret asks for more than the new level, it opens no longer; a higher level alone opens nothing."
        )],
        Act::SetRoles => vec![
            "A role lets somebody run a part of the programme. It counts from the moment it is recorded."
                .to_owned(),
        ],
        Act::Suspend => vec![
            format!(
                "From the moment you press the button {name} can open nothing, signs in no longer, and their sessions and tokens end."
            ),
            format!(
                "Their {live} and their signatures stay as they are, and count again when the suspension is lifted."
            ),
        ],
        Act::Reinstate => vec![format!(
            "What {name} was granted opens again, as far as every other condition is met. They have to sign in anew."
        )],
        Act::End => {
            let owned = state.secrets.owned_by(person.id).count() as u64;
            let mut lines = vec![format!(
                "After the last day {name} can open nothing, signs in no longer, and their sessions and tokens end. Their duties under what they signed go on."
            )];
            if owned > 0 {
                lines.push(format!(
                    "They own {}: name another owner.",
                    crate::format::count(owned, "secret", "secrets")
                ));
            }
            lines
        }
    }
}

fn role_help(role: Role) -> &'static str {
    match role {
        Role::Administrator => "People, roles, accounts and settings. Reads nothing that is sealed.",
        Role::Counsel => "The register of secrets, the agreements, the enforcement.",
        Role::SecurityOfficer => "Clearances, the conditions of each tier, suspensions, monitoring.",
        Role::HumanResources => "Brings people in, moves them and sees them out.",
        Role::Auditor => "Looks at everything that is not sealed, and changes nothing.",
    }
}
