//! The register: what the visitor may know of, searched, filtered, sorted and exported.

use crate::format;
use crate::frame::Frame;
use crate::pages::table::{attachment, contains};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::secrets::{self, Secret, Status, Tier};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "secrets/list.html")]
struct ListPage {
    frame: Frame,
    list: ListState,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
    chips: Vec<Chip>,
    tiers: Vec<Choice>,
    statuses: Vec<Choice>,
    departments: Vec<Choice>,
    imports: bool,
    nothing: bool,
}

struct Row {
    id: String,
    title: String,
    tier: TierBadge,
    owner: String,
    department: String,
    documents: String,
    strength: String,
    review: Option<When>,
    overdue: bool,
    status: (Tone, &'static str),
}

/// `GET /secrets`
pub(super) async fn list(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/secrets", query);
    let found = find(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let rows = shown.iter().map(|secret| row(&visitor, secret)).collect();
    let known = visitor.state.secrets.iter().filter(|secret| seen(&visitor, secret));
    let departments: BTreeSet<&str> = known.map(|secret| secret.profile.department.as_str()).collect();
    let page = ListPage {
        frame: visitor.frame("Register", "/secrets"),
        columns: vec![
            list.column("Secret", "title"),
            list.column("Tier", "tier"),
            list.column("Owner", "owner"),
            list.column("Department", "department"),
            list.column("Documents", "documents").numeric(),
            list.column("Strength", "strength").numeric(),
            list.column("Review", "review"),
            list.column("State", "status"),
        ],
        rows,
        chips: chips(&visitor, &list),
        tiers: Tier::ALL
            .iter()
            .map(|tier| Choice::new(tier.as_str(), tier.name(), "", list.get("tier")))
            .collect(),
        statuses: STATUSES
            .iter()
            .map(|status| Choice::new(status.as_str(), state_of(*status).1, "", list.get("status")))
            .collect(),
        departments: departments
            .iter()
            .map(|name| Choice::new(name, name, "", list.get("department")))
            .collect(),
        imports: super::may(&visitor, Some(secrets::Command::Import(Vec::new()).into())),
        nothing: departments.is_empty(),
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

/// `GET /secrets.csv`: the rows of the list, in the form that the import reads.
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let found = find(&visitor, &ListState::new("/secrets", query));
    let text = secrets::export_csv(&visitor.state, found.iter().map(AsRef::as_ref));
    attachment("secrets.csv", "text/csv; charset=utf-8", text)
}

/// `GET /secrets.json`
pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let found = find(&visitor, &ListState::new("/secrets", query));
    let text = secrets::export_json(&visitor.state, found.iter().map(AsRef::as_ref));
    attachment("secrets.json", "application/json", text)
}

const STATUSES: [Status; 4] = [Status::Submitted, Status::Returned, Status::Accepted, Status::Retired];

/// A standing in a word, and what it means at a glance.
pub(super) fn state_of(status: Status) -> (Tone, &'static str) {
    match status {
        Status::Submitted => (Tone::Warn, "Waits for a reviewer"),
        Status::Returned => (Tone::Warn, "Returned"),
        Status::Accepted => (Tone::Good, "In the register"),
        Status::Retired => (Tone::Calm, "Retired"),
    }
}

fn seen(visitor: &Visitor, secret: &Secret) -> bool {
    visitor.sees(secret.id)
}

fn find<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<Cow<'a, Secret>> {
    let state = &visitor.state;
    let q = list.get("q");
    let owner: Option<program::PersonId> = list.get("owner").parse().ok();
    let matches = |secret: &Secret| {
        let profile = &secret.profile;
        let texts = [profile.title.as_str(), profile.summary.as_str(), profile.department.as_str()];
        let named = q.is_empty()
            || secret.id.to_string().eq_ignore_ascii_case(q.trim())
            || texts.iter().any(|text| contains(text, q))
            || contains(&visitor.name(profile.owner), q);
        let is = |name: &str, value: &str| list.get(name).is_empty() || list.get(name) == value;
        named
            && is("tier", profile.tier.as_str())
            && is("status", secret.status.as_str())
            && is("department", profile.department.as_str())
            && (list.get("owner").is_empty() || owner == Some(profile.owner))
    };
    let found = state.secrets.iter().filter(|secret| seen(visitor, secret) && matches(secret));
    let mut found: Vec<Cow<Secret>> = found.map(|secret| visitor.shown(secret)).collect();
    sort(visitor, &mut found, list.get("sort"));
    found
}

fn sort(visitor: &Visitor, found: &mut [Cow<Secret>], sort: &str) {
    let (key, backwards) = sort.strip_prefix('-').map_or((sort, false), |key| (key, true));
    match key {
        "title" => found.sort_by_cached_key(|secret| secret.profile.title.as_str().to_lowercase()),
        "tier" => found.sort_by_key(|secret| secret.tier()),
        "owner" => found.sort_by_cached_key(|secret| visitor.name(secret.profile.owner).to_lowercase()),
        "department" => found.sort_by_cached_key(|secret| secret.profile.department.as_str().to_lowercase()),
        "documents" => found.sort_by_cached_key(|secret| documents(visitor, secret)),
        "strength" => found.sort_by(|a, b| {
            let strength = |secret: &Secret| secret.profile.strength().unwrap_or(0.0);
            strength(a).total_cmp(&strength(b))
        }),
        "review" => found.sort_by_key(|secret| secret.profile.review.unwrap_or(program::Time::LATEST)),
        "status" => found.sort_by_key(|secret| secret.status),
        // What nobody sorted: the newest first.
        _ => found.sort_by_key(|secret| Reverse(secret.id)),
    }
    if backwards {
        found.reverse();
    }
}

fn row(visitor: &Visitor, secret: &Secret) -> Row {
    let review = secret.profile.review.filter(|_| secret.status == Status::Accepted);
    Row {
        id: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        owner: visitor.name(secret.profile.owner),
        department: secret.profile.department.to_string(),
        documents: documents(visitor, secret)
            .map_or_else(|| "–".to_owned(), |documents| documents.to_string()),
        strength: secret
            .profile
            .strength()
            .map_or_else(|| "–".to_owned(), |strength| format!("{strength:.1}")),
        review: review.map(|review| When::day(review.0, visitor.now.0, &visitor.zone)),
        overdue: review.is_some_and(|review| review <= visitor.now),
        status: state_of(secret.status),
    }
}

/// How many documents are in use, where the visitor may know of them.
fn documents(visitor: &Visitor, secret: &Secret) -> Option<usize> {
    let all = || visitor.state.documents.of(secret.id).filter(|document| document.withdrawn.is_none());
    visitor.sees_whole(secret).then(|| all().count())
}

/// The tier as the pages draw it.
pub(crate) fn badge(tier: Tier) -> TierBadge {
    match tier {
        Tier::Confidential => TierBadge::Confidential,
        Tier::Restricted => TierBadge::Restricted,
        Tier::CrownJewel => TierBadge::CrownJewel,
    }
}

fn chips(visitor: &Visitor, list: &ListState) -> Vec<Chip> {
    let tier = list
        .get("tier")
        .parse::<Tier>()
        .map_or_else(|_| list.get("tier").to_owned(), |tier| tier.name().to_owned());
    let status = STATUSES.iter().find(|status| status.as_str() == list.get("status"));
    let owner =
        list.get("owner").parse().map_or_else(|_| list.get("owner").to_owned(), |id| visitor.name(id));
    let words = [
        ("q", format!("Search: {}", format::shorten(list.get("q"), 40))),
        ("tier", format!("Tier: {tier}")),
        ("status", format!("State: {}", status.map_or("", |status| state_of(*status).1))),
        ("department", format!("Department: {}", list.get("department"))),
        ("owner", format!("Owner: {owner}")),
    ];
    words.iter().filter_map(|(name, shown)| list.chip(name, shown)).collect()
}
