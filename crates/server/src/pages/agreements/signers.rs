//! Who has signed an agreement and who has not: people × state, with filters and exports.

use super::{standing, stands::WORDS, tabs, trail};
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::people::found_by;
use crate::pages::table::{csv_file, json_file};
use crate::parts::{Chip, Choice, Column, EntryLink, ListState, Pager, Tab, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use program::AgreementId;
use program::agreements::{ASKERS, Agreement, Method, may_sign};
use program::people::Person;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "agreements/signers.html")]
struct SignersPage {
    frame: Frame,
    trail: Vec<Tab>,
    tabs: Vec<Tab>,
    title: String,
    id: String,
    asks: bool,
    live: bool,
    list: ListState,
    states: Vec<Choice>,
    departments: Vec<Choice>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    /// Words, number, address: how many stand where.
    figures: Vec<(String, &'static str, String)>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    person: String,
    name: String,
    department: String,
    left: bool,
    tone: Tone,
    standing: String,
    reason: String,
    version: String,
    at: Option<When>,
    ends: Option<When>,
    method: &'static str,
    scanned: bool,
    entry: Option<EntryLink>,
    waits: bool,
}

/// A line of the exports.
#[derive(Serialize)]
struct Exported {
    person: String,
    name: String,
    mail: String,
    department: String,
    standing: &'static str,
    due: Option<String>,
    version: Option<u32>,
    signed: Option<String>,
    ends: Option<String>,
    method: Option<&'static str>,
    entry: Option<u64>,
    reason: Option<String>,
}

pub(super) async fn page(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let own = format!("/agreements/{id}/signers");
    let list = ListState::new(&own, query);
    let found = matching(&visitor, agreement, &list);
    let (pager, shown) = list.page_of(&found);
    let rows = shown.iter().map(|person| row(&visitor, agreement, person)).collect();
    let everybody = concerned(&visitor, agreement);
    let figures = WORDS.iter().filter_map(|(word, words)| {
        let here = everybody
            .iter()
            .filter(|person| standing(&visitor.state, person.id, agreement, visitor.now).word == *word);
        let n = here.count() as u64;
        (n > 0).then(|| (crate::format::number(n), *words, format!("{own}?state={word}")))
    });
    let figures = figures.collect();
    let departments = visitor.state.people.departments();
    let departments =
        departments.keys().map(|name| Choice::new(name, name, "", list.get("department"))).collect();
    let state_words = list.words("state", &WORDS);
    let page = SignersPage {
        trail: trail(agreement, Some(("signers", "Who has signed"))),
        tabs: tabs(&visitor, agreement, "signers"),
        title: agreement.title().to_owned(),
        id: id.to_string(),
        asks: visitor.is(ASKERS),
        live: agreement.withdrawn.is_none(),
        states: list.choices("state", &WORDS),
        departments,
        chips: [
            list.chip("q", &format!("Search: {}", list.get("q"))),
            list.chip("state", state_words),
            list.chip("department", &format!("Department: {}", list.get("department"))),
        ]
        .into_iter()
        .flatten()
        .collect(),
        columns: vec![
            list.column("Name", "name"),
            list.column("Department", "department"),
            list.plain("Standing"),
            list.plain("Version").numeric(),
            list.column("Signed", "signed"),
            list.plain("Binds until"),
            list.plain("How"),
            list.plain("Entry").numeric(),
        ],
        figures,
        rows,
        pager,
        list,
        frame: visitor.frame(agreement.title(), "/agreements"),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn csv(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let head = [
        "person",
        "name",
        "mail",
        "department",
        "standing",
        "due",
        "version",
        "signed",
        "ends",
        "method",
        "entry",
        "reason",
    ];
    let rows = exported(&visitor, agreement, &ListState::new("", query)).into_iter().map(|row| {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        vec![
            row.person,
            row.name,
            row.mail,
            row.department,
            row.standing.to_owned(),
            row.due.unwrap_or_default(),
            number(row.version.map(u64::from)),
            row.signed.unwrap_or_default(),
            row.ends.unwrap_or_default(),
            row.method.unwrap_or_default().to_owned(),
            number(row.entry),
            row.reason.unwrap_or_default(),
        ]
    });
    csv_file(&format!("{id}-signers.csv"), &head, rows)
}

pub(super) async fn json(
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let rows = exported(&visitor, agreement, &ListState::new("", query));
    json_file(&format!("{id}-signers.json"), &rows)
}

/// How many people a signature binds now, under a version that suffices.
pub(super) fn signed_now(visitor: &Visitor, agreement: &Agreement) -> usize {
    let parties = visitor.state.agreements.parties(agreement.id);
    parties
        .filter(|person| standing(&visitor.state, *person, agreement, visitor.now).word == "signed")
        .count()
}

/// How many people are asked and have not answered.
pub(super) fn waiting(visitor: &Visitor, agreement: &Agreement) -> usize {
    let parties = visitor.state.agreements.parties(agreement.id);
    parties.filter(|person| visitor.state.agreements.is_assigned(*person, agreement.id)).count()
}

/// Everybody it concerns: whoever was ever a party to it, and whoever could be asked.
fn concerned<'a>(visitor: &'a Visitor, agreement: &Agreement) -> Vec<&'a Person> {
    let parties: BTreeSet<_> = visitor.state.agreements.parties(agreement.id).collect();
    let people = visitor.state.people.iter();
    people.filter(|person| parties.contains(&person.id) || may_sign(person, visitor.now)).collect()
}

fn matching<'a>(visitor: &'a Visitor, agreement: &Agreement, list: &ListState) -> Vec<&'a Person> {
    let (state, now) = (&visitor.state, visitor.now);
    let fits = |person: &&Person| {
        let word = standing(state, person.id, agreement, now).word;
        (list.get("state").is_empty() || list.get("state") == word)
            && (list.get("department").is_empty() || list.get("department") == person.department.as_str())
            && found_by(person, list.get("q"))
    };
    let mut found: Vec<&Person> = concerned(visitor, agreement).into_iter().filter(fits).collect();
    let name = |person: &Person| person.name.as_str().to_lowercase();
    let order = |person: &Person| {
        let word = standing(state, person.id, agreement, now).word;
        ["overdue", "declined", "waiting", "outdated", "ended", "not-asked", "signed"]
            .iter()
            .position(|known| *known == word)
    };
    let sort = list.get("sort");
    match sort.trim_start_matches('-') {
        "name" => found.sort_by_cached_key(|person| (name(person), person.id)),
        "department" => found.sort_by_cached_key(|p| (p.department.as_str().to_lowercase(), name(p))),
        "signed" => {
            found.sort_by_key(|p| (state.agreements.signature(p.id, agreement.id).map(|s| s.at), p.id))
        }
        // What needs somebody's care stands first.
        _ => found.sort_by_cached_key(|person| (order(person), name(person), person.id)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

fn row(visitor: &Visitor, agreement: &Agreement, person: &Person) -> Row {
    let stands = standing(&visitor.state, person.id, agreement, visitor.now);
    let signature = visitor.state.agreements.signature(person.id, agreement.id);
    let ends = signature.and_then(|signature| signature.ends);
    Row {
        person: person.id.to_string(),
        name: person.name.to_string(),
        department: person.department.to_string(),
        left: !may_sign(person, visitor.now),
        tone: stands.tone(),
        standing: stands.words(visitor),
        reason: stands.reason().to_owned(),
        version: signature.map(|signature| signature.version.to_string()).unwrap_or_default(),
        at: signature.map(|signature| visitor.moment(signature.at)),
        ends: ends.map(|ends| visitor.date(ends + -1)),
        method: signature.map_or("", |signature| how(signature.method)),
        scanned: signature.is_some_and(|signature| signature.paper.is_some()),
        entry: signature.map(|signature| {
            visitor.entry(signature.position, &[person.id.into(), agreement.id.into()], None)
        }),
        waits: matches!(stands.word, "waiting" | "overdue" | "declined"),
    }
}

fn exported(visitor: &Visitor, agreement: &Agreement, list: &ListState) -> Vec<Exported> {
    let rows = matching(visitor, agreement, list).into_iter().map(|person| {
        let stands = standing(&visitor.state, person.id, agreement, visitor.now);
        let signature = visitor.state.agreements.signature(person.id, agreement.id);
        Exported {
            person: person.id.to_string(),
            name: person.name.to_string(),
            mail: person.mail.to_string(),
            department: person.department.to_string(),
            standing: stands.word,
            due: stands.due.map(program::Time::rfc3339),
            version: signature.map(|signature| signature.version),
            signed: signature.map(|signature| signature.at.rfc3339()),
            ends: signature.and_then(|signature| signature.ends).map(program::Time::rfc3339),
            method: signature.map(|signature| how(signature.method)),
            entry: signature.map(|signature| signature.position),
            reason: Some(stands.reason().to_owned()).filter(|reason| !reason.is_empty()),
        }
    });
    rows.collect()
}

pub(super) fn how(method: Method) -> &'static str {
    match method {
        Method::Browser => "In the browser",
        Method::Shell => "At the command line",
        Method::Paper => "On paper",
    }
}
