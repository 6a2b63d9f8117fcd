//! The list of grants: who may open what, until when, and whether they ever did.

use super::{sees_grant, subject_title};
use crate::app::App;
use crate::errors::PageError;
use crate::format;
use crate::frame::Frame;
use crate::pages::secrets::badge;
use crate::pages::table::{attachment, contains};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tier as TierBadge, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use program::access::Grant;
use program::people::Role;
use program::secrets::Tier;
use program::{DAY, Rule, Time};
use serde::Serialize;
use service::{HistoryFilter, ServiceError};
use std::cmp::Reverse;

/// A grant that is this old and opened nothing is pointed out, in milliseconds.
pub(crate) const UNUSED_AFTER: i64 = 30 * DAY;

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
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let list = ListState::new("/grants", query);
    let found = find(&app, &visitor, &list).await?;
    let pager = list.pager(found.len() as u64);
    let first = usize::try_from(pager.first.saturating_sub(1)).unwrap_or(0);
    let size = usize::try_from(list.size()).unwrap_or(25);
    let mut rows = Vec::with_capacity(size);
    for grant in found.iter().skip(first).take(size) {
        rows.push(row(&app, &visitor, grant).await?);
    }
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
        rows,
        chips: chips(&list),
        tiers: Tier::ALL
            .iter()
            .map(|tier| Choice::new(tier.as_str(), tier.name(), "", list.get("tier")))
            .collect(),
        standings: STANDINGS
            .iter()
            .map(|(word, label)| Choice::new(word, label, "", list.get("state")))
            .collect(),
        nothing: !visitor.state.access.grants().any(|grant| sees_grant(&visitor, grant)),
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
pub(super) async fn json(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let rows = exported(&app, &visitor, query).await?;
    attachment("grants.json", "application/json", serde_json::to_string_pretty(&rows).unwrap_or_default())
}

/// `GET /grants.csv`
pub(super) async fn csv(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
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
    let rows = exported(&app, &visitor, query).await?.into_iter().map(|row| {
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
    attachment("grants.csv", "text/csv; charset=utf-8", super::csv_of(&head, rows))
}

async fn exported(
    app: &App,
    visitor: &Visitor,
    query: Vec<(String, String)>,
) -> Result<Vec<Exported>, PageError> {
    let mut rows = Vec::new();
    for grant in find(app, visitor, &ListState::new("/grants", query)).await? {
        rows.push(Exported {
            grant: grant.id.to_string(),
            person: grant.person.to_string(),
            name: visitor.name(grant.person),
            secret: grant.secret.to_string(),
            title: subject_title(visitor, grant.secret),
            purpose: grant.purpose.clone(),
            from: grant.from.rfc3339(),
            ends: grant.ends.rfc3339(),
            approved_by: grant.approvers.iter().map(ToString::to_string).collect(),
            emergency: grant.emergency.is_some(),
            revoked: grant.revoked.as_ref().map(|revoked| revoked.at.rfc3339()),
            last_used: last_use(app, visitor, grant).await?.flatten().map(Time::rfc3339),
        });
    }
    Ok(rows)
}

/// When this grant last opened something: `None` where the visitor may not know, `Some(None)` where it never did.
async fn last_use(app: &App, visitor: &Visitor, grant: &Grant) -> Result<Option<Option<Time>>, PageError> {
    let filter = HistoryFilter {
        kinds: vec!["document.opened".to_owned(), "secret.read".to_owned()],
        subject: Some(grant.id.into()),
        actor: (grant.person == visitor.person).then_some(visitor.person),
        limit: 1,
        ..HistoryFilter::default()
    };
    match app.service.history(&visitor.actor, &filter).await {
        Ok(page) => Ok(Some(page.entries.first().map(|entry| entry.time))),
        Err(ServiceError::Refused(refusal)) if refusal.rule == Rule::Role => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn used(app: &App, visitor: &Visitor, grant: &Grant) -> Result<Used, PageError> {
    Ok(match last_use(app, visitor, grant).await? {
        None => Used::Unknown,
        Some(None) => Used::Never,
        Some(Some(at)) => Used::At(visitor.moment(at)),
    })
}

/// Whether the grant is in force, has been for [`UNUSED_AFTER`], and opened nothing in that time.
pub(crate) async fn is_unused(app: &App, visitor: &Visitor, grant: &Grant) -> Result<bool, PageError> {
    if !grant.is_live(visitor.now) || visitor.now - grant.from < UNUSED_AFTER {
        return Ok(false);
    }
    let last = last_use(app, visitor, grant).await?;
    Ok(last.is_some_and(|last| last.is_none_or(|at| visitor.now - at >= UNUSED_AFTER)))
}

/// Where a grant stands, in a word.
pub(super) fn standing_of(grant: &Grant, now: Time) -> (Tone, &'static str) {
    match &grant.revoked {
        Some(_) => (Tone::Bad, "Revoked"),
        None if grant.ends <= now => (Tone::Calm, "Ended"),
        None if grant.emergency.is_some() => (Tone::Warn, "Emergency"),
        None => (Tone::Good, "In force"),
    }
}

fn is_of(grant: &Grant, now: Time, standing: &str) -> bool {
    match standing {
        "live" | "unused" => grant.is_live(now),
        "ends-soon" => grant.is_live(now) && grant.ends - now <= 14 * DAY,
        "emergency" => grant.emergency.is_some(),
        "revoked" => grant.revoked.is_some(),
        "ended" => grant.revoked.is_none() && grant.ends <= now,
        _ => true,
    }
}

async fn find<'a>(app: &App, visitor: &'a Visitor, list: &ListState) -> Result<Vec<&'a Grant>, PageError> {
    let q = list.get("q");
    let is = |name: &str, value: &str| list.get(name).is_empty() || list.get(name) == value;
    let fits = |grant: &&Grant| {
        let tier = visitor.state.secrets.get(grant.secret).map_or("", |secret| secret.tier().as_str());
        let named = || {
            let (name, title) = (visitor.name(grant.person), subject_title(visitor, grant.secret));
            contains(&format!("{} {name} {} {title} {}", grant.id, grant.secret, grant.purpose), q)
        };
        is("tier", tier)
            && is_of(grant, visitor.now, list.get("state"))
            && (list.get("person").is_empty() || list.get("person") == grant.person.to_string())
            && (list.get("secret").is_empty() || list.get("secret") == grant.secret.to_string())
            && (q.is_empty() || named())
    };
    let all = visitor.state.access.grants();
    let mut found: Vec<&Grant> = all.filter(|grant| sees_grant(visitor, grant)).filter(fits).collect();
    if list.get("state") == "unused" {
        let mut unused = Vec::new();
        for grant in found {
            if is_unused(app, visitor, grant).await? {
                unused.push(grant);
            }
        }
        found = unused;
    }
    let (key, backwards) =
        list.get("sort").strip_prefix('-').map_or((list.get("sort"), false), |key| (key, true));
    match key {
        "person" => found.sort_by_cached_key(|grant| visitor.name(grant.person).to_lowercase()),
        "secret" => found.sort_by_cached_key(|grant| subject_title(visitor, grant.secret).to_lowercase()),
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
    Ok(found)
}

async fn row(app: &App, visitor: &Visitor, grant: &Grant) -> Result<Row, PageError> {
    Ok(Row {
        id: grant.id.to_string(),
        person: visitor.name(grant.person),
        title: subject_title(visitor, grant.secret),
        tier: visitor.state.secrets.get(grant.secret).map(|secret| badge(secret.tier())),
        purpose: format::shorten(&grant.purpose, 80),
        from: visitor.date(grant.from),
        ends: visitor.moment(grant.ends),
        used: used(app, visitor, grant).await?,
        standing: standing_of(grant, visitor.now),
    })
}

fn chips(list: &ListState) -> Vec<Chip> {
    let tier = list.get("tier").parse::<Tier>().map_or("", Tier::name);
    let standing =
        STANDINGS.iter().find(|(word, _)| *word == list.get("state")).map_or("", |(_, label)| *label);
    let words = [
        ("q", format!("Search: {}", format::shorten(list.get("q"), 40))),
        ("tier", format!("Tier: {tier}")),
        ("state", format!("State: {standing}")),
        ("person", format!("Person: {}", list.get("person"))),
        ("secret", format!("Secret: {}", list.get("secret"))),
    ];
    words.iter().filter_map(|(name, shown)| list.chip(name, shown)).collect()
}

/// Who may see openings of everybody, and so which grants lie unused.
pub(crate) const SEES_OPENINGS: &[Role] = &[Role::Counsel, Role::SecurityOfficer, Role::Auditor];
