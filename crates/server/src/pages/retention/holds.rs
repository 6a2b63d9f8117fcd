//! Legal holds: the list, placing one, lifting one.

use super::About;
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::pages::people::{complain, named, text};
use crate::pages::secrets::id as parsed;
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Chip, Choice, Column, Errors, ListState, Pager, Tab, Tone, When};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::retention::{Command, HOLDERS, Hold, may_see_hold};
use program::{HoldId, Subject};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// The standings one can filter by: word in the address, words on the page.
const STANDINGS: [(&str, &str); 2] = [("in-force", "In force"), ("lifted", "Lifted")];

/// One hold, as it is shown.
pub(crate) struct HoldRow {
    pub(crate) id: String,
    pub(crate) about: About,
    pub(crate) reason: String,
    pub(crate) placed: When,
    pub(crate) by: String,
    /// When it ended and why, once it did.
    pub(crate) lifted: Option<(When, String)>,
    /// The visitor may end it.
    pub(crate) lifts: bool,
}

impl HoldRow {
    pub(crate) fn of(visitor: &Visitor, hold: &Hold) -> Self {
        Self {
            id: hold.id.to_string(),
            about: About::of(visitor, hold.about),
            reason: hold.reason.to_string(),
            placed: visitor.moment(hold.placed),
            by: by(visitor, hold),
            lifted: hold.lifted.as_ref().map(|(at, why)| (visitor.moment(*at), why.to_string())),
            lifts: hold.lifted.is_none() && visitor.is(HOLDERS),
        }
    }

    /// Where it stands: tone and word.
    pub(crate) fn standing(&self) -> (Tone, &'static str) {
        if self.lifted.is_some() { (Tone::Calm, "Lifted") } else { (Tone::Warn, "In force") }
    }
}

/// The holds in force on any of these that the visitor may know of.
pub(crate) fn holds_on(visitor: &Visitor, subjects: &[Subject]) -> Vec<HoldRow> {
    let holds = subjects.iter().flat_map(|subject| visitor.state.retention.holds_on(*subject));
    holds.filter(|hold| sees(visitor, hold)).map(|hold| HoldRow::of(visitor, hold)).collect()
}

fn sees(visitor: &Visitor, hold: &Hold) -> bool {
    may_see_hold(&visitor.state, &visitor.actor, visitor.now, hold.id)
}

fn by(visitor: &Visitor, hold: &Hold) -> String {
    hold.by.map_or_else(|| "The operator".to_owned(), |person| visitor.name(person))
}

/// Every hold that the visitor may know of, the oldest first.
pub(super) fn all(visitor: &Visitor) -> Vec<&Hold> {
    visitor.state.retention.holds().filter(|hold| sees(visitor, hold)).collect()
}

#[derive(Template)]
#[template(path = "retention/holds.html")]
struct HoldsPage {
    frame: Frame,
    trail: Vec<Tab>,
    list: ListState,
    columns: Vec<Column>,
    rows: Vec<HoldRow>,
    pager: Pager,
    chips: Vec<Chip>,
    standings: Vec<Choice>,
    nothing: bool,
    holder: bool,
}

/// `GET /retention/holds`
pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/retention/holds", query);
    let found = find(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let standing = list.words("state", &STANDINGS);
    let page = HoldsPage {
        frame: visitor.frame("Legal holds", "/retention"),
        trail: trail("/retention/holds", "Legal holds"),
        columns: vec![
            list.column("On", "about"),
            list.plain("Why"),
            list.column("Since", "placed"),
            list.column("Placed by", "by"),
            list.column("State", "state"),
        ],
        rows: shown.iter().map(|hold| HoldRow::of(&visitor, hold)).collect(),
        chips: [list.chip("q", &format!("Search: {}", list.get("q"))), list.chip("state", standing)]
            .into_iter()
            .flatten()
            .collect(),
        standings: list.choices("state", &STANDINGS),
        nothing: all(&visitor).is_empty(),
        holder: visitor.is(HOLDERS),
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

fn find<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Hold> {
    let q = list.get("q");
    let about = |hold: &Hold| About::of(visitor, hold.about);
    let fits = |hold: &&Hold| {
        let standing = match list.get("state") {
            "in-force" => hold.lifted.is_none(),
            "lifted" => hold.lifted.is_some(),
            _ => true,
        };
        let named = || {
            let about = about(hold);
            contains(
                &format!("{} {} {} {} {}", hold.id, about.id, about.name, hold.reason, by(visitor, hold)),
                q,
            )
        };
        standing && (q.is_empty() || named())
    };
    let mut found: Vec<&Hold> = all(visitor).into_iter().filter(fits).collect();
    let sort = list.get("sort");
    match sort.trim_start_matches('-') {
        "about" => found.sort_by_key(|hold| (hold.about, hold.id)),
        "placed" => found.sort_by_key(|hold| (hold.placed, hold.id)),
        "by" => found.sort_by_cached_key(|hold| (by(visitor, hold).to_lowercase(), hold.id)),
        "state" => found.sort_by_key(|hold| (hold.lifted.is_some(), hold.id)),
        _ => found.sort_by_key(|hold| Reverse(hold.id)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

/// A hold as it is exported.
#[derive(Serialize)]
struct Exported {
    hold: String,
    about: String,
    name: String,
    reason: String,
    placed: String,
    by: String,
    lifted: Option<String>,
    lifted_because: Option<String>,
}

fn exported(visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let found = find(visitor, &ListState::new("/retention/holds", query));
    let one = |hold: &Hold| Exported {
        hold: hold.id.to_string(),
        about: hold.about.to_string(),
        name: About::of(visitor, hold.about).name,
        reason: hold.reason.to_string(),
        placed: hold.placed.rfc3339(),
        by: hold.by.map(|person| person.to_string()).unwrap_or_default(),
        lifted: hold.lifted.as_ref().map(|(at, _)| at.rfc3339()),
        lifted_because: hold.lifted.as_ref().map(|(_, why)| why.to_string()),
    };
    found.into_iter().map(one).collect()
}

/// `GET /retention/holds.csv`
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let head = ["hold", "about", "name", "reason", "placed", "by", "lifted", "lifted_because"];
    let rows = exported(&visitor, query).into_iter().map(|row| {
        let (lifted, because) = (row.lifted.unwrap_or_default(), row.lifted_because.unwrap_or_default());
        vec![row.hold, row.about, row.name, row.reason, row.placed, row.by, lifted, because]
    });
    csv_file("holds.csv", &head, rows)
}

/// `GET /retention/holds.json`
pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, query);
    json_file("holds.json", &rows)
}

/// What is typed to place or lift a hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    about: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "retention/place.html")]
struct PlacePage {
    frame: Frame,
    trail: Vec<Tab>,
    typed: Typed,
    errors: Errors,
}

/// `GET /retention/holds/new?about=`
pub(super) async fn ask_place(visitor: Visitor, Query(typed): Query<Typed>) -> PageResult {
    place_page(&visitor, typed, Errors::default())
}

/// `POST /retention/holds/new`
pub(super) async fn place(
    State(app): State<App>,
    visitor: Visitor,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut errors = Errors::default();
    let about = subject(&visitor, &typed.about).map_err(|why| errors.add("about", why)).ok();
    let reason = text(&mut errors, "reason", "Reason", &typed.reason);
    if let (Some(about), Some(reason)) = (about, reason) {
        match app.service.act(&visitor.actor, Command::PlaceHold { about, reason }).await {
            Ok(done) => {
                let said = format!("{about} is under legal hold: nothing of it can be destroyed");
                return Ok(recorded("/retention", &done, said));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    place_page(&visitor, typed, errors)
}

fn place_page(visitor: &Visitor, typed: Typed, errors: Errors) -> PageResult {
    let page = PlacePage {
        frame: visitor.frame("Place a legal hold", "/retention"),
        trail: trail("/retention/holds/new", "Place a legal hold"),
        typed,
        errors,
    };
    render(status(&page.errors), &page)
}

/// What was meant: by its id, by a secret's title, a document's name, or as people are named. `Err` says what is wrong.
fn subject(visitor: &Visitor, typed: &str) -> Result<Subject, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err("Name a secret, a document or a person.".to_owned());
    }
    let state = &visitor.state;
    let unknown = || {
        format!(
            "Nothing is known as {typed}. Give an id such as S-3, D-7 or P-12, a secret’s title, a document’s name, or a mail address."
        )
    };
    if let Ok(id) = typed.parse::<Subject>() {
        let there = match id {
            Subject::PersonId(person) => state.people.get(person).is_some(),
            other => visitor.sees(other),
        };
        return if there { Ok(id) } else { Err(unknown()) };
    }
    let same = |name: &str| name.to_lowercase() == typed.to_lowercase();
    let secrets = state.secrets.iter().filter(|secret| same(secret.profile.title.as_str()));
    let secrets = secrets.filter(|secret| visitor.sees(secret.id)).map(|secret| Subject::from(secret.id));
    let documents = state.documents.iter().filter(|document| same(&document.name));
    let documents = documents.filter(|document| visitor.sees(document.id));
    let found: Vec<Subject> = secrets.chain(documents.map(|document| document.id.into())).take(2).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if typed.contains('@') || state.people.iter().any(|person| same(person.name.as_str())) => {
            named(state, typed).map(Subject::from)
        }
        [] => Err(unknown()),
        _ => Err(format!("Several things are called {typed}. Give an id such as S-3 or D-7.")),
    }
}

#[derive(Template)]
#[template(path = "retention/lift.html")]
struct LiftPage {
    frame: Frame,
    trail: Vec<Tab>,
    hold: HoldRow,
    /// The other holds in force on the same thing.
    others: u64,
    typed: Typed,
    errors: Errors,
}

/// `GET /retention/holds/{id}/lift`
pub(super) async fn ask_lift(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    lift_page(&visitor, known(&visitor, &id)?, Typed::default(), Errors::default())
}

/// `POST /retention/holds/{id}/lift`
pub(super) async fn lift(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let hold = known(&visitor, &id)?;
    let mut errors = Errors::default();
    if let Some(reason) = text(&mut errors, "reason", "Reason", &typed.reason) {
        match app.service.act(&visitor.actor, Command::LiftHold { hold: hold.id, reason }).await {
            Ok(done) => {
                return Ok(recorded("/retention", &done, format!("The hold on {} was lifted", hold.about)));
            }
            Err(error) => complain(error, &mut errors)?,
        }
    }
    lift_page(&visitor, hold, typed, errors)
}

fn lift_page(visitor: &Visitor, hold: &Hold, typed: Typed, errors: Errors) -> PageResult {
    let title = format!("Lift the hold {}", hold.id);
    let others = visitor.state.retention.holds_on(hold.about).filter(|other| other.id != hold.id).count();
    let page = LiftPage {
        frame: visitor.frame(&title, "/retention"),
        trail: trail(&format!("/retention/holds/{}/lift", hold.id), &title),
        hold: HoldRow::of(visitor, hold),
        others: others as u64,
        typed,
        errors,
    };
    render(status(&page.errors), &page)
}

fn known<'a>(visitor: &'a Visitor, text: &str) -> Result<&'a Hold, PageError> {
    let found = visitor.state.retention.hold(parsed::<HoldId>(text)?);
    found.filter(|hold| sees(visitor, hold)).ok_or(PageError::NotFound)
}

pub(super) fn trail(page: &str, words: &str) -> Vec<Tab> {
    vec![Tab::new("/retention", "Retention", false), Tab::new(page, words, true)]
}

pub(super) fn status(errors: &Errors) -> StatusCode {
    if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}
