//! Adding a person, and changing what is known about one.

use super::{complain, engagement_name, fields, named, path, role_name};
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
use program::people::{
    CLEARERS, Command, Engagement, Joiner, MOST_CLEARANCE, Mail, Person, Profile, ROLE_GIVERS, Role,
};
use program::{Date, Event, PersonId, Refusal};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What is typed about a person.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    mail: String,
    engagement: String,
    department: String,
    job: String,
    manager: String,
    starts: String,
    ends: String,
    clearance: String,
    roles: Vec<String>,
}

#[derive(Template)]
#[template(path = "people/profile.html")]
struct ProfilePage {
    frame: Frame,
    trail: Vec<Tab>,
    heading: String,
    lead: String,
    action: String,
    submit: &'static str,
    back: String,
    /// A person is added, not changed.
    joins: bool,
    clears: bool,
    gives: bool,
    value: Typed,
    errors: Errors,
    departments: String,
    engagements: Vec<Choice>,
    clearances: Vec<Choice>,
    roles: Vec<Choice>,
}

pub(super) async fn blank(visitor: Visitor) -> PageResult {
    let value = Typed {
        starts: visitor.now.date(&visitor.zone),
        engagement: "employee".to_owned(),
        ..Typed::default()
    };
    show(&visitor, None, value, Errors::default())
}

pub(super) async fn add(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut errors = Errors::default();
    let profile = read(&visitor, None, &typed, &mut errors);
    let clearance = typed.clearance.trim();
    let clearance = if clearance.is_empty() { Ok(0) } else { clearance.parse::<u8>() };
    if clearance.is_err() {
        errors.add("clearance", format!("A clearance is a level from 0 to {MOST_CLEARANCE}."));
    }
    let roles = typed.roles.iter().map(|word| word.parse::<Role>()).collect::<Result<BTreeSet<Role>, _>>();
    if let Err(error) = &roles {
        errors.add("roles", error.to_string());
    }
    let (Some(profile), Ok(clearance), Ok(roles)) = (profile, clearance, roles) else {
        return show(&visitor, None, typed, errors);
    };
    let name = profile.name.clone();
    let joiner = Joiner { profile, clearance, roles };
    match app.service.act(&visitor.actor, Command::Add { joiner }).await {
        Ok(done) => {
            let to = match done.event() {
                Some(Event::People(event)) => path(event.person()),
                _ => "/people".to_owned(),
            };
            Ok(recorded(&to, &done, format!("{name} was entered")))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            show(&visitor, None, typed, errors)
        }
    }
}

pub(super) async fn edit(visitor: Visitor, Path(id): Path<PersonId>) -> PageResult {
    let person = visitor.state.people.get(id).ok_or(PageError::NotFound)?;
    show(&visitor, Some(person), typed(&visitor, person), Errors::default())
}

pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<PersonId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let person = visitor.state.people.get(id).ok_or_else(|| Refusal::unknown(id))?;
    let mut errors = Errors::default();
    let Some(profile) = read(&visitor, Some(person), &typed, &mut errors) else {
        return show(&visitor, Some(person), typed, errors);
    };
    let name = profile.name.clone();
    match app.service.act(&visitor.actor, Command::Change { person: id, profile }).await {
        Ok(done) => Ok(recorded(&path(id), &done, format!("What is known about {name} was changed"))),
        Err(error) => {
            complain(error, &mut errors)?;
            show(&visitor, Some(person), typed, errors)
        }
    }
}

/// The profile that was typed; `None` where something in it cannot be taken, and `errors` says what.
fn read(visitor: &Visitor, known: Option<&Person>, typed: &Typed, errors: &mut Errors) -> Option<Profile> {
    let zone = visitor.zone.as_str();
    let name = fields::line(errors, "name", "Full name", &typed.name);
    let mail = Mail::new(&typed.mail).map_err(|error| errors.add("mail", format!("{error}."))).ok();
    let engagement = typed.engagement.parse::<Engagement>();
    let engagement = engagement.map_err(|_| errors.add("engagement", "Choose employee or contractor.")).ok();
    let department = fields::line(errors, "department", "Department", &typed.department);
    let job = fields::optional_line(errors, "job", "Job", &typed.job);
    let manager = match typed.manager.trim() {
        "" => None,
        manager => named(&visitor.state, manager).map_err(|why| errors.add("manager", why)).ok(),
    };
    if typed.starts.trim().is_empty() {
        errors.add("starts", "Give the first day.");
    }
    let starts = fields::day(errors, "starts", &typed.starts, |day: Date| day.start(zone));
    let ends = fields::day(errors, "ends", &typed.ends, |day: Date| day.end(zone));
    if !errors.is_empty() {
        return None;
    }
    // A day that was left as it stood keeps its exact instant.
    let before = known.map(|person| self::typed(visitor, person));
    let unmoved = |now: &str, was: Option<&String>| was.is_some_and(|was| was.trim() == now.trim());
    let starts = match known {
        Some(person) if unmoved(&typed.starts, before.as_ref().map(|was| &was.starts)) => person.starts,
        _ => starts?,
    };
    let ends = match known {
        Some(person) if unmoved(&typed.ends, before.as_ref().map(|was| &was.ends)) => person.ends,
        _ => ends,
    };
    Some(Profile {
        name: name?,
        mail: mail?,
        engagement: engagement?,
        department: department?,
        job,
        manager,
        starts,
        ends,
    })
}

/// What stands in the form before anything was typed.
fn typed(visitor: &Visitor, person: &Person) -> Typed {
    let zone = visitor.zone.as_str();
    let manager = person.manager.and_then(|id| visitor.state.people.get(id));
    Typed {
        name: person.name.to_string(),
        mail: person.mail.to_string(),
        engagement: person.engagement.to_string(),
        department: person.department.to_string(),
        job: person.job.as_ref().map(ToString::to_string).unwrap_or_default(),
        manager: manager.map(|manager| manager.mail.to_string()).unwrap_or_default(),
        starts: person.starts.date(zone),
        ends: person.ends.map(|ends| (ends + -1).date(zone)).unwrap_or_default(),
        ..Typed::default()
    }
}

fn show(visitor: &Visitor, known: Option<&Person>, value: Typed, errors: Errors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let here = known.map_or_else(|| "/people/new".to_owned(), |person| format!("{}/edit", path(person.id)));
    let heading = known.map_or_else(|| "Add a person".to_owned(), |person| format!("Change {}", person.name));
    let mut trail = vec![Tab::new("/people", "People", false)];
    if let Some(person) = known {
        trail.push(Tab::new(path(person.id), person.name.as_str(), false));
    }
    trail.push(Tab::new(here.clone(), if known.is_some() { "Change" } else { "Add" }, true));
    let engagement =
        |one: Engagement, help: &str| Choice::new(one.word(), engagement_name(one), help, &value.engagement);
    let in_use: Vec<&str> = visitor.state.people.departments().keys().take(12).copied().collect();
    let departments =
        if in_use.is_empty() { String::new() } else { format!("In use: {}.", in_use.join(", ")) };
    let roles = Role::ALL.iter().map(|role| Choice {
        chosen: value.roles.iter().any(|word| word == role.word()),
        ..Choice::new(role.word(), role_name(*role), "", "")
    });
    let clearances = (0..=MOST_CLEARANCE).map(|level| level.to_string());
    let page = ProfilePage {
        frame: visitor.frame(&heading, "/people"),
        trail,
        lead: match known {
            None => "A person is not an account: they can sign and be named as knowing a secret without ever signing in.".to_owned(),
            Some(_) => String::new(),
        },
        heading,
        action: here,
        submit: if known.is_some() { "Save" } else { "Add this person" },
        back: known.map_or_else(|| "/people".to_owned(), |person| path(person.id)),
        joins: known.is_none(),
        clears: visitor.is(CLEARERS),
        gives: visitor.is(ROLE_GIVERS),
        departments,
        engagements: vec![
            engagement(Engagement::Employee, "Employed by the organisation."),
            engagement(Engagement::Contractor, "Under a contract, which has a last day."),
        ],
        clearances: clearances.map(|level| Choice::new(&level, &level, "", &value.clearance)).collect(),
        roles: roles.collect(),
        value,
        errors,
    };
    render(status, &page)
}
