//! The list of grants: who may open what, until when, and whether they ever did.

use crate::format;
use crate::frame::Frame;
use crate::pages::secrets::badge;
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::access::{Grant, may_see_use};
use program::secrets::Tier;
use program::{DAY, Time};
use serde::Serialize;
use std::cmp::Reverse;

/// The standings one can filter by: word in the address, words on the page.
const STANDINGS: [(&str, &str); 6] = [
    ("live", "In force"),
    ("ends-soon", "Ends within 14 days"),
    ("unused", "Unused for 30 days"),
    ("emergency", "Emergency access"),
    ("revoked", "Revoked"),
    ("ended", "Ended"),
];

#[derive(Template)]
#[template(path = "access/grants.html")]
struct GrantsPage {
    frame: Frame,
    list: ListState,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
    chips: Vec<Chip>,
    tiers: Vec<Choice>,
    standings: Vec<Choice>,
    nothing: bool,
}

struct Row {
    id: String,
    person: String,
    title: String,
    tier: Option<TierBadge>,
    purpose: String,
    from: When,
    ends: When,
    used: Used,
    standing: (Tone, &'static str),
}

/// When a grant was last used, as far as this visitor may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Used {
    At(When),
    Never,
    /// Openings are not for this visitor's eyes.
    Unknown,
}

impl Used {
    pub(super) fn at(&self) -> Option<&When> {
        if let Self::At(at) = self { Some(at) } else { None }
    }

    pub(super) fn word(&self) -> &'static str {
        if *self == Self::Never { "never" } else { "–" }
    }
}

/// `GET /grants`
pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/grants", query);
    let found = find(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let page = GrantsPage {
        frame: visitor.frame("Grants", "/requests"),
        columns: vec![
            list.column("Who", "person"),
            list.column("May open", "secret"),
            list.column("Tier", "tier"),
            list.plain("What for"),
            list.column("Since", "from"),
            list.column("Until", "ends"),
            list.plain("Last used"),
            list.plain("State"),
        ],
        rows: shown.iter().map(|grant| row(&visitor, grant)).collect(),
        chips: chips(&list),
        tiers: Tier::ALL
            .iter()
            .map(|tier| Choice::new(tier.as_str(), tier.name(), "", list.get("tier")))
            .collect(),
        standings: list.choices("state", &STANDINGS),
        nothing: !visitor.state.access.grants().any(|grant| visitor.sees(grant.id)),
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

/// A grant as it is exported.
#[derive(Serialize)]
struct Exported {
    grant: String,
    person: String,
    name: String,
    secret: String,
    title: String,
    purpose: String,
    from: String,
    ends: String,
    approved_by: Vec<String>,
    emergency: bool,
    revoked: Option<String>,
    last_used: Option<String>,
}

/// `GET /grants.json`
pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, query);
    json_file("grants.json", &rows)
}

/// `GET /grants.csv`
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let head = [
        "grant",
        "person",
        "name",
        "secret",
        "title",
        "purpose",
        "from",
        "ends",
        "approved_by",
        "emergency",
        "revoked",
        "last_used",
    ];
    let rows = exported(&visitor, query).into_iter().map(|row| {
        let (emergency, by) = (row.emergency.to_string(), row.approved_by.join(" "));
        let (revoked, used) = (row.revoked.unwrap_or_default(), row.last_used.unwrap_or_default());
        vec![
            row.grant,
            row.person,
            row.name,
            row.secret,
            row.title,
            row.purpose,
            row.from,
            row.ends,
            by,
            emergency,
            revoked,
            used,
        ]
    });
    csv_file("grants.csv", &head, rows)
}

fn exported(visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let found = find(visitor, &ListState::new("/grants", query));
    let one = |grant: &&Grant| Exported {
        grant: grant.id.to_string(),
        person: grant.person.to_string(),
        name: visitor.name(grant.person),
        secret: grant.secret.to_string(),
        title: visitor.title(grant.secret),
        purpose: grant.purpose.clone(),
        from: grant.from.rfc3339(),
        ends: grant.ends.rfc3339(),
        approved_by: grant.approvers.iter().map(ToString::to_string).collect(),
        emergency: grant.emergency.is_some(),
        revoked: grant.revoked.as_ref().map(|revoked| revoked.at.rfc3339()),
        last_used: grant.last_used.filter(|_| sees_use(visitor, grant)).map(Time::rfc3339),
    };
    found.iter().map(one).collect()
}

fn sees_use(visitor: &Visitor, grant: &Grant) -> bool {
    may_see_use(&visitor.state, &visitor.actor, visitor.now, grant)
}

pub(super) fn used(visitor: &Visitor, grant: &Grant) -> Used {
    match grant.last_used {
        _ if !sees_use(visitor, grant) => Used::Unknown,
        Some(at) => Used::At(visitor.moment(at)),
        None => Used::Never,
    }
}

/// Where a grant stands, in a word.
pub(crate) fn standing_of(grant: &Grant, now: Time) -> (Tone, &'static str) {
    match &grant.revoked {
        Some(_) => (Tone::Bad, "Revoked"),
        None if grant.ends <= now => (Tone::Calm, "Ended"),
        None if grant.emergency.is_some() => (Tone::Warn, "Emergency"),
        None => (Tone::Good, "In force"),
    }
}

fn is_of(visitor: &Visitor, grant: &Grant, standing: &str) -> bool {
    let now = visitor.now;
    match standing {
        "live" => grant.is_live(now),
        "unused" => grant.is_unused(now) && sees_use(visitor, grant),
        "ends-soon" => grant.is_live(now) && grant.ends - now <= 14 * DAY,
        "emergency" => grant.emergency.is_some(),
        "revoked" => grant.revoked.is_some(),
        "ended" => grant.revoked.is_none() && grant.ends <= now,
        _ => true,
    }
}

fn find<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Grant> {
    let q = list.get("q");
    let is = |name: &str, value: &str| list.get(name).is_empty() || list.get(name) == value;
    let fits = |grant: &&Grant| {
        let tier = visitor.state.secrets.get(grant.secret).map_or("", |secret| secret.tier().as_str());
        let named = || {
            let (name, title) = (visitor.name(grant.person), visitor.title(grant.secret));
            contains(&format!("{} {name} {} {title} {}", grant.id, grant.secret, grant.purpose), q)
        };
        is("tier", tier)
            && is_of(visitor, grant, list.get("state"))
            && (list.get("person").is_empty() || list.get("person") == grant.person.to_string())
            && (list.get("secret").is_empty() || list.get("secret") == grant.secret.to_string())
            && (q.is_empty() || named())
    };
    let all = visitor.state.access.grants();
    let mut found: Vec<&Grant> = all.filter(|grant| visitor.sees(grant.id)).filter(fits).collect();
    let (key, backwards) =
        list.get("sort").strip_prefix('-').map_or((list.get("sort"), false), |key| (key, true));
    match key {
        "person" => found.sort_by_cached_key(|grant| visitor.name(grant.person).to_lowercase()),
        "secret" => found.sort_by_cached_key(|grant| visitor.title(grant.secret).to_lowercase()),
        "tier" => {
            found.sort_by_key(|grant| visitor.state.secrets.get(grant.secret).map(|secret| secret.tier()))
        }
        "from" => found.sort_by_key(|grant| grant.from),
        "ends" => found.sort_by_key(|grant| grant.ends),
        // What nobody sorted: those in force, then the newest.
        _ => found.sort_by_key(|grant| (!grant.is_live(visitor.now), Reverse(grant.id))),
    }
    if backwards {
        found.reverse();
    }
    found
}

fn row(visitor: &Visitor, grant: &Grant) -> Row {
    Row {
        id: grant.id.to_string(),
        person: visitor.name(grant.person),
        title: visitor.title(grant.secret),
        tier: visitor.state.secrets.get(grant.secret).map(|secret| badge(secret.tier())),
        purpose: format::shorten(&grant.purpose, 80),
        from: visitor.date(grant.from),
        ends: visitor.moment(grant.ends),
        used: used(visitor, grant),
        standing: standing_of(grant, visitor.now),
    }
}

fn chips(list: &ListState) -> Vec<Chip> {
    let tier = list.get("tier").parse::<Tier>().map_or("", Tier::name);
    let standing = list.words("state", &STANDINGS);
    let words = [
        ("q", format!("Search: {}", format::shorten(list.get("q"), 40))),
        ("tier", format!("Tier: {tier}")),
        ("state", format!("State: {standing}")),
        ("person", format!("Person: {}", list.get("person"))),
        ("secret", format!("Secret: {}", list.get("secret"))),
    ];
    words.iter().filter_map(|(name, shown)| list.chip(name, shown)).collect()
}
