//! Asking people to sign: some that are ticked, or everybody shown who lacks it.

use super::{path, standing, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::pages::people::{complain, day, found_by};
use crate::parts::{Choice, Errors, ListState, Tab, Tone};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::agreements::{Agreement, Command, may_sign};
use program::people::{Engagement, Person};
use program::{AgreementId, PersonId};
use serde::Deserialize;

/// People shown with a box to tick; `everybody` means those beyond them too.
const SHOWN: usize = 100;

/// What is typed to ask people.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    whom: String,
    person: Vec<String>,
    due: String,
    q: String,
    department: String,
    engagement: String,
    /// How many lacked it when the page was shown.
    count: String,
}

#[derive(Template)]
#[template(path = "agreements/assign.html")]
struct AssignPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    title: String,
    list: ListState,
    departments: Vec<Choice>,
    engagements: Vec<Choice>,
    errors: Errors,
    value: Typed,
    rows: Vec<Row>,
    total: u64,
    more: u64,
    asked: u64,
    bound: u64,
}

struct Row {
    id: String,
    name: String,
    department: String,
    tone: Tone,
    standing: String,
    reason: String,
    chosen: bool,
}

pub(super) async fn page(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let list = ListState::new(&format!("{}/assign", path(id)), query);
    let person = list.get("person");
    let value = Typed {
        q: list.get("q").to_owned(),
        department: list.get("department").to_owned(),
        engagement: list.get("engagement").to_owned(),
        person: if person.is_empty() { Vec::new() } else { vec![person.to_owned()] },
        ..Typed::default()
    };
    show(&visitor, agreement, value, Errors::default())
}

pub(super) async fn assign(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let mut errors = Errors::default();
    let due = day(&mut errors, "due", &typed.due, |day| day.end(&visitor.zone));
    let people: Vec<PersonId> = if typed.whom == "everybody" {
        let lacking = lacking(&visitor, agreement, &typed);
        if typed.count != lacking.len().to_string() {
            errors.add(
                "people",
                "The people shown have changed in the meantime. Nobody was asked yet: look again.",
            );
        }
        lacking.into_iter().map(|person| person.id).collect()
    } else {
        let ticked =
            typed.person.iter().map(|id| id.parse::<PersonId>()).collect::<Result<Vec<PersonId>, _>>();
        ticked.map_err(|error| errors.add("people", error.to_string())).unwrap_or_default()
    };
    if people.is_empty() && errors.is_empty() {
        errors.add("people", "Tick the people who are to sign.");
    }
    if !errors.is_empty() {
        return show(&visitor, agreement, typed, errors);
    }
    match app.service.act(&visitor.actor, Command::Assign { agreement: id, people, due }).await {
        Ok(done) => {
            let asked = crate::format::count(done.entries.len() as u64, "person was", "people were");
            Ok(recorded(
                &format!("{}/signers?state=waiting", path(id)),
                &done,
                format!("{asked} asked to sign"),
            ))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            show(&visitor, agreement, typed, errors)
        }
    }
}

/// Who fits the filters and lacks a signature that suffices.
fn lacking<'a>(visitor: &'a Visitor, agreement: &Agreement, filters: &'a Typed) -> Vec<&'a Person> {
    let lacks = |person: &&Person| standing(&visitor.state, person.id, agreement, visitor.now).lacks();
    let mut found: Vec<&Person> = fitting(visitor, filters).filter(lacks).collect();
    found.sort_by_cached_key(|person| (person.name.as_str().to_lowercase(), person.id));
    found
}

fn fitting<'a>(visitor: &'a Visitor, filters: &'a Typed) -> impl Iterator<Item = &'a Person> {
    visitor.state.people.iter().filter(|person| {
        may_sign(person, visitor.now)
            && (filters.department.is_empty() || filters.department == person.department.as_str())
            && (filters.engagement.is_empty() || filters.engagement == person.engagement.word())
            && found_by(person, &filters.q)
    })
}

fn show(visitor: &Visitor, agreement: &Agreement, value: Typed, errors: Errors) -> PageResult {
    if agreement.withdrawn.is_some() {
        return Err(PageError::NotFound);
    }
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let found = lacking(visitor, agreement, &value);
    let others = fitting(visitor, &value)
        .map(|person| standing(&visitor.state, person.id, agreement, visitor.now).word);
    let others: Vec<&str> = others.collect();
    let rows = found.iter().take(SHOWN).map(|person| {
        let stands = standing(&visitor.state, person.id, agreement, visitor.now);
        Row {
            id: person.id.to_string(),
            name: person.name.to_string(),
            department: person.department.to_string(),
            tone: stands.tone(),
            standing: stands.words(visitor),
            reason: stands.reason().to_owned(),
            chosen: value.person.iter().any(|id| *id == person.id.to_string()),
        }
    });
    let departments = visitor.state.people.departments();
    let pairs = [("q", &value.q), ("department", &value.department), ("engagement", &value.engagement)];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.clone()));
    let page = AssignPage {
        frame: visitor.frame(&format!("Ask people to sign {}", agreement.title()), "/agreements"),
        trail: trail(agreement, Some(("assign", "Ask people to sign"))),
        id: agreement.id.to_string(),
        title: agreement.title().to_owned(),
        departments: departments.keys().map(|name| Choice::new(name, name, "", &value.department)).collect(),
        engagements: vec![
            Choice::new(Engagement::Employee.word(), "Employees", "", &value.engagement),
            Choice::new(Engagement::Contractor.word(), "Contractors", "", &value.engagement),
        ],
        rows: rows.collect(),
        total: found.len() as u64,
        more: found.len().saturating_sub(SHOWN) as u64,
        asked: others.iter().filter(|word| matches!(**word, "waiting" | "overdue")).count() as u64,
        bound: others.iter().filter(|word| **word == "signed").count() as u64,
        list: ListState::new(&format!("{}/assign", path(agreement.id)), pairs),
        errors,
        value,
    };
    render(status, &page)
}
