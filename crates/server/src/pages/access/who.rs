//! "Who can open this, and why?": everybody who was ever granted the secret, with a row of marks.

use super::trail;
use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::marks;
use crate::pages::secrets::{badge, known, looks_back};
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{
    Chip, Choice, Column, ListState, Mark, MarkState, Pager, Remedy, Tab, Tier as TierBadge, When,
};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use gate::Condition;
use program::Time;
use program::access::{self, why};
use program::secrets::Secret;
use serde::Serialize;

#[derive(Template)]
#[template(path = "access/who.html")]
struct WhoPage {
    frame: Frame,
    trail: Vec<Tab>,
    list: ListState,
    secret: String,
    title: String,
    tier: TierBadge,
    everybody: bool,
    /// The visitor may see how it stood at a past moment.
    looks_back: bool,
    later: &'static str,
    opens: u64,
    all: u64,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
    chips: Vec<Chip>,
    standings: Vec<Choice>,
}

struct Row {
    id: String,
    name: String,
    department: String,
    grant: Option<String>,
    opens: bool,
    until: Option<When>,
    marks: Vec<Mark>,
    /// The first thing that is in the way, and what can be done about it.
    first: Option<(String, Remedy)>,
}

/// `GET /secrets/{id}/who`. Whoever may not ask about others is led to how they stand themselves.
pub(super) async fn page(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    if !visitor.oversees(secret.id) {
        return Ok(Redirect::to(&format!("/access/why?secret={}", secret.id)).into_response());
    }
    let list = ListState::new(&format!("/secrets/{}/who", secret.id), query);
    let everyone = access::who(&visitor.state, app.service.gate(), secret.id, visitor.now);
    let found = find(&visitor, &list, &everyone);
    let (pager, here) = list.page_of(&found);
    let requirement = visitor.state.access.requirement(secret.tier());
    let asks = |condition| requirement.conditions.contains(condition);
    let choice = |word: &str, label: &str| Choice::new(word, label, "", list.get("state"));
    let page = WhoPage {
        frame: visitor.frame(&format!("Who can open {}", secret.profile.title), "/secrets"),
        trail: trail("/secrets", "Register", format!("/secrets/{}", secret.id), secret.id.to_string()),
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        everybody: !asks(Condition::Grant),
        looks_back: looks_back(&visitor, secret),
        later: match (asks(Condition::SecondFactor), asks(Condition::Network)) {
            (true, true) => "A fresh second factor and an allowed network are asked at each opening.",
            (true, false) => "A fresh second factor is asked at each opening.",
            (false, true) => "An allowed network is asked at each opening.",
            (false, false) => "",
        },
        opens: everyone.iter().filter(|row| row.opens).count() as u64,
        all: everyone.len() as u64,
        columns: vec![
            list.column("Who", "name"),
            list.column("Department", "department"),
            list.plain("Conditions"),
            list.plain("Opens now"),
            list.column("Until", "until"),
            list.plain("What is in the way"),
        ],
        rows: here.iter().map(|row| shown(&app, &visitor, secret, row)).collect(),
        chips: [
            list.chip("q", &format!("Search: {}", list.get("q"))),
            list.chip("state", if list.get("state") == "opens" { "It opens" } else { "It does not open" }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        standings: vec![choice("opens", "It opens"), choice("shut", "It does not open")],
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

/// One person as exported.
#[derive(Serialize)]
struct Exported {
    person: String,
    name: String,
    department: String,
    grant: Option<String>,
    opens: bool,
    failing: Vec<&'static str>,
    until: Option<String>,
}

/// `GET /secrets/{id}/who.json`
pub(super) async fn json(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let (name, rows) = exported(&app, &visitor, &id, query)?;
    json_file(&format!("{name}.json"), &rows)
}

/// `GET /secrets/{id}/who.csv`
pub(super) async fn csv(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let (name, rows) = exported(&app, &visitor, &id, query)?;
    let head = ["person", "name", "department", "grant", "opens", "failing", "until"];
    let rows = rows.into_iter().map(|row| {
        let (grant, until) = (row.grant.unwrap_or_default(), row.until.unwrap_or_default());
        vec![row.person, row.name, row.department, grant, row.opens.to_string(), row.failing.join(" "), until]
    });
    csv_file(&format!("{name}.csv"), &head, rows)
}

fn exported(
    app: &App,
    visitor: &Visitor,
    id: &str,
    query: Vec<(String, String)>,
) -> Result<(String, Vec<Exported>), PageError> {
    let secret = known(visitor, id)?;
    if !visitor.oversees(secret.id) {
        return Err(PageError::NotFound);
    }
    let everyone = access::who(&visitor.state, app.service.gate(), secret.id, visitor.now);
    let found = find(visitor, &ListState::new("", query), &everyone);
    let rows = found.into_iter().map(|row| Exported {
        person: row.person.to_string(),
        name: visitor.name(row.person),
        department: department(visitor, row),
        grant: row.grant.map(|grant| grant.to_string()),
        opens: row.opens,
        failing: row.failing.iter().map(Condition::as_str).collect(),
        until: row.until.map(Time::rfc3339),
    });
    Ok((format!("who-{}", secret.id), rows.collect()))
}

fn department(visitor: &Visitor, row: &access::Row) -> String {
    visitor.state.people.get(row.person).map_or_else(String::new, |person| person.department.to_string())
}

fn find<'a>(visitor: &Visitor, list: &ListState, everyone: &'a [access::Row]) -> Vec<&'a access::Row> {
    let q = list.get("q");
    let fits = |row: &&access::Row| {
        let standing = match list.get("state") {
            "opens" => row.opens,
            "shut" => !row.opens,
            _ => true,
        };
        let text = || format!("{} {} {}", row.person, visitor.name(row.person), department(visitor, row));
        standing && (q.is_empty() || contains(&text(), q))
    };
    let mut found: Vec<&access::Row> = everyone.iter().filter(fits).collect();
    let (key, backwards) =
        list.get("sort").strip_prefix('-').map_or((list.get("sort"), false), |key| (key, true));
    match key {
        "name" => found.sort_by_cached_key(|row| visitor.name(row.person).to_lowercase()),
        "department" => found.sort_by_cached_key(|row| department(visitor, row).to_lowercase()),
        "until" => found.sort_by_key(|row| row.until.unwrap_or(Time::LATEST)),
        // As the question is meant: those for whom it opens come first.
        _ => {}
    }
    if backwards {
        found.reverse();
    }
    found
}

fn shown(app: &App, visitor: &Visitor, secret: &Secret, row: &access::Row) -> Row {
    let (_, because) = why(&visitor.state, app.service.gate(), row.person, secret.id, visitor.now, None);
    let marks = marks::marks_of(visitor, row.person, &because);
    let first = marks.iter().find_map(|mark| match &mark.state {
        MarkState::Failing(Some(remedy)) => Some((mark.why.clone(), remedy.clone())),
        _ => None,
    });
    Row {
        id: row.person.to_string(),
        name: visitor.name(row.person),
        department: department(visitor, row),
        grant: row.grant.map(|grant| grant.to_string()),
        opens: row.opens,
        until: row.until.filter(|_| row.opens).map(|until| visitor.moment(until)),
        marks,
        first,
    }
}
