//! The list of requests: what waits for the visitor's answer, their own, and all they may see.

use crate::format;
use crate::frame::Frame;
use crate::pages::secrets::badge;
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tab, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::access::{Outcome, Request};
use program::secrets::Tier;
use serde::Serialize;
use std::cmp::Reverse;

/// The outcomes one can filter by: word in the address, words on the page.
const OUTCOMES: [(&str, &str); 4] =
    [("waiting", "Waits"), ("granted", "Granted"), ("refused", "Refused"), ("withdrawn", "Taken back")];

#[derive(Template)]
#[template(path = "access/requests.html")]
struct RequestsPage {
    frame: Frame,
    list: ListState,
    tabs: Vec<Tab>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
    chips: Vec<Chip>,
    tiers: Vec<Choice>,
    outcomes: Vec<Choice>,
    nothing: bool,
}

struct Row {
    id: String,
    person: String,
    title: String,
    tier: Option<TierBadge>,
    purpose: String,
    asked: When,
    ends: When,
    outcome: (Tone, &'static str),
}

/// `GET /requests`
pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/requests", query);
    let found = find(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let all = || visitor.state.access.requests().filter(|request| visitor.sees(request.id));
    let count = |show: &str| all().filter(|request| shows(&visitor, request, show)).count() as u64;
    let tab = |show: &str, label: &str| {
        Tab::counted(list.with("show", show), label, count(show), list.get("show") == show)
    };
    let page = RequestsPage {
        frame: visitor.frame("Requests", "/requests"),
        tabs: vec![tab("", "All I may see"), tab("answer", "Wait for my answer"), tab("mine", "Mine")],
        columns: vec![
            list.column("Who asks", "person"),
            list.column("For", "secret"),
            list.column("Tier", "tier"),
            list.plain("What for"),
            list.column("Asked", "asked"),
            list.column("Until", "ends"),
            list.column("State", "outcome"),
        ],
        rows: shown.iter().map(|request| row(&visitor, request)).collect(),
        chips: chips(&list),
        tiers: Tier::ALL
            .iter()
            .map(|tier| Choice::new(tier.as_str(), tier.name(), "", list.get("tier")))
            .collect(),
        outcomes: list.choices("outcome", &OUTCOMES),
        nothing: all().next().is_none(),
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

/// A request as it is exported.
#[derive(Serialize)]
struct Exported {
    request: String,
    person: String,
    name: String,
    secret: String,
    title: String,
    purpose: String,
    asked: String,
    ends: String,
    approved_by: Vec<String>,
    outcome: &'static str,
    grant: Option<String>,
    refused_because: Option<String>,
}

/// `GET /requests.json`
pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, query);
    json_file("requests.json", &rows)
}

/// `GET /requests.csv`
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let head = [
        "request",
        "person",
        "name",
        "secret",
        "title",
        "purpose",
        "asked",
        "ends",
        "approved_by",
        "outcome",
        "grant",
        "refused_because",
    ];
    let rows = exported(&visitor, query).into_iter().map(|row| {
        let grant = row.grant.unwrap_or_default();
        let refused = row.refused_because.unwrap_or_default();
        let by = row.approved_by.join(" ");
        let outcome = row.outcome.to_owned();
        vec![
            row.request,
            row.person,
            row.name,
            row.secret,
            row.title,
            row.purpose,
            row.asked,
            row.ends,
            by,
            outcome,
            grant,
            refused,
        ]
    });
    csv_file("requests.csv", &head, rows)
}

fn exported(visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let found = find(visitor, &ListState::new("/requests", query));
    let one = |request: &&Request| Exported {
        request: request.id.to_string(),
        person: request.person.to_string(),
        name: visitor.name(request.person),
        secret: request.secret.to_string(),
        title: visitor.title(request.secret),
        purpose: request.purpose.clone(),
        asked: request.at.rfc3339(),
        ends: request.ends.rfc3339(),
        approved_by: request.approvals.iter().map(|approval| approval.by.to_string()).collect(),
        outcome: word(&request.outcome),
        grant: if let Outcome::Granted(grant) = &request.outcome { Some(grant.to_string()) } else { None },
        refused_because: if let Outcome::Denied(reason) = &request.outcome {
            Some(reason.clone())
        } else {
            None
        },
    };
    found.iter().map(one).collect()
}

/// What became of a request, in a word.
pub(crate) fn outcome_of(outcome: &Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Pending => (Tone::Warn, "Waits"),
        Outcome::Granted(_) => (Tone::Good, "Granted"),
        Outcome::Denied(_) => (Tone::Bad, "Refused"),
        Outcome::Withdrawn => (Tone::Calm, "Taken back"),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pending => "waiting",
        Outcome::Granted(_) => "granted",
        Outcome::Denied(_) => "refused",
        Outcome::Withdrawn => "withdrawn",
    }
}

fn shows(visitor: &Visitor, request: &Request, show: &str) -> bool {
    match show {
        "mine" => request.person == visitor.person,
        "answer" => visitor.answers(request),
        _ => true,
    }
}

fn find<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Request> {
    let q = list.get("q");
    let is = |name: &str, value: &str| list.get(name).is_empty() || list.get(name) == value;
    let fits = |request: &&Request| {
        let tier = visitor.state.secrets.get(request.secret).map_or("", |secret| secret.tier().as_str());
        let named = || {
            let text = format!(
                "{} {} {} {} {}",
                request.id,
                visitor.name(request.person),
                request.secret,
                visitor.title(request.secret),
                request.purpose
            );
            contains(&text, q)
        };
        is("outcome", word(&request.outcome))
            && is("tier", tier)
            && (list.get("person").is_empty() || list.get("person") == request.person.to_string())
            && (list.get("secret").is_empty() || list.get("secret") == request.secret.to_string())
            && shows(visitor, request, list.get("show"))
            && (q.is_empty() || named())
    };
    let all = visitor.state.access.requests();
    let mut found: Vec<&Request> = all.filter(|request| visitor.sees(request.id)).filter(fits).collect();
    let (key, backwards) =
        list.get("sort").strip_prefix('-').map_or((list.get("sort"), false), |key| (key, true));
    match key {
        "person" => found.sort_by_cached_key(|request| visitor.name(request.person).to_lowercase()),
        "secret" => found.sort_by_cached_key(|request| visitor.title(request.secret).to_lowercase()),
        "tier" => {
            found.sort_by_key(|request| visitor.state.secrets.get(request.secret).map(|secret| secret.tier()))
        }
        "asked" => found.sort_by_key(|request| request.at),
        "ends" => found.sort_by_key(|request| request.ends),
        "outcome" => found.sort_by_key(|request| outcome_of(&request.outcome).1),
        // What nobody sorted: those that wait, then the newest.
        _ => found.sort_by_key(|request| (request.outcome != Outcome::Pending, Reverse(request.id))),
    }
    if backwards {
        found.reverse();
    }
    found
}

fn row(visitor: &Visitor, request: &Request) -> Row {
    Row {
        id: request.id.to_string(),
        person: visitor.name(request.person),
        title: visitor.title(request.secret),
        tier: visitor.state.secrets.get(request.secret).map(|secret| badge(secret.tier())),
        purpose: format::shorten(&request.purpose, 120),
        asked: visitor.moment(request.at),
        ends: visitor.date(request.ends + -1),
        outcome: outcome_of(&request.outcome),
    }
}

fn chips(list: &ListState) -> Vec<Chip> {
    let tier = list.get("tier").parse::<Tier>().map_or("", Tier::name);
    let outcome = list.words("outcome", &OUTCOMES);
    let words = [
        ("q", format!("Search: {}", format::shorten(list.get("q"), 40))),
        ("tier", format!("Tier: {tier}")),
        ("outcome", format!("State: {outcome}")),
        ("person", format!("Person: {}", list.get("person"))),
        ("secret", format!("Secret: {}", list.get("secret"))),
    ];
    words.iter().filter_map(|(name, shown)| list.chip(name, shown)).collect()
}
