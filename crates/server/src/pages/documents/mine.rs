//! Everything that the visitor may open now.

use crate::app::App;
use crate::format;
use crate::frame::Frame;
use crate::pages::secrets::badge;
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Column, ListState, Pager, Tier, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use program::Time;
use program::access::{self, Circumstances};
use program::documents::{Document, Kept};
use program::secrets::Secret;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "documents/mine.html")]
struct MinePage {
    frame: Frame,
    list: ListState,
    columns: Vec<Column>,
    rows: Vec<MineRow>,
    pager: Pager,
    /// Documents that open once the second factor is shown, or from another network.
    later: u64,
    precise: Vec<(String, String)>,
    nothing: bool,
}

struct MineRow {
    id: String,
    name: String,
    secret: String,
    title: String,
    tier: Tier,
    size: String,
    last_opened: Option<When>,
}

/// `GET /my/documents`: what opens for the visitor now, in this session.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let list = ListState::new("/my/documents", query);
    let (state, gate, now) = (&visitor.state, app.service.gate(), circumstances(&visitor));
    let open = access::may_open(state, gate, visitor.person, visitor.now, Some(now));
    let here: BTreeSet<_> = open.iter().map(|document| document.id).collect();
    let any = access::may_open(state, gate, visitor.person, visitor.now, None);
    let later = any.iter().filter(|document| !here.contains(&document.id)).count();
    let found = find(&visitor, &list, open);
    let (pager, shown) = list.page_of(&found);
    let secrets = access::openable(state, gate, visitor.person, visitor.now, Some(now));
    let precise = secrets.iter().filter(|secret| secret.precise_at().is_some());
    let page = MinePage {
        frame: visitor.frame("What I may open", "/my/documents"),
        columns: vec![
            list.column("Document", "name"),
            list.column("Secret", "secret"),
            list.plain("Tier"),
            list.plain("Size").numeric(),
            list.column("Last opened by anybody", "opened"),
        ],
        rows: shown.iter().map(|(secret, document)| row(&visitor, secret, document)).collect(),
        precise: precise.map(|secret| (secret.id.to_string(), secret.profile.title.to_string())).collect(),
        pager,
        later: later as u64,
        nothing: here.is_empty(),
        list,
    };
    render(StatusCode::OK, &page)
}

fn circumstances(visitor: &Visitor) -> Circumstances {
    Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address }
}

/// Those that fit the search, each with its secret, in the order asked for.
fn find<'a>(
    visitor: &'a Visitor,
    list: &ListState,
    open: Vec<&'a Document>,
) -> Vec<(&'a Secret, &'a Document)> {
    let q = list.get("q");
    let known = open
        .into_iter()
        .filter_map(|document| visitor.state.secrets.get(document.secret).map(|secret| (secret, document)));
    let fits = |(secret, document): &(&Secret, &Document)| {
        q.is_empty() || contains(&format!("{} {}", document.name, secret.profile.title), q)
    };
    let mut found: Vec<(&Secret, &Document)> = known.filter(fits).collect();
    let sort = list.get("sort");
    match sort.trim_start_matches('-') {
        "name" => found.sort_by_cached_key(|(_, document)| document.name.to_lowercase()),
        "secret" => found.sort_by_cached_key(|(secret, _)| secret.profile.title.as_str().to_lowercase()),
        "opened" => found.sort_by_key(|(_, document)| document.last_opened),
        _ => found.sort_by_key(|(_, document)| std::cmp::Reverse(document.id)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

/// A document as it is exported.
#[derive(Serialize)]
struct Exported {
    document: String,
    name: String,
    secret: String,
    title: String,
    tier: &'static str,
    bytes: Option<u64>,
    last_opened: Option<String>,
}

fn exported(app: &App, visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let now = circumstances(visitor);
    let open = access::may_open(&visitor.state, app.service.gate(), visitor.person, visitor.now, Some(now));
    let found = find(visitor, &ListState::new("/my/documents", query), open);
    let one = |(secret, document): (&Secret, &Document)| Exported {
        document: document.id.to_string(),
        name: document.name.clone(),
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: secret.tier().as_str(),
        bytes: match &document.kept {
            Kept::Vault { size, .. } => Some(*size),
            Kept::Elsewhere { .. } => None,
        },
        last_opened: document.last_opened.map(Time::rfc3339),
    };
    found.into_iter().map(one).collect()
}

/// `GET /my/documents.csv`
pub(super) async fn csv(
    app: State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let head = ["document", "name", "secret", "title", "tier", "bytes", "last_opened"];
    let rows = exported(&app, &visitor, query).into_iter().map(|row| {
        let bytes = row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        let opened = row.last_opened.unwrap_or_default();
        vec![row.document, row.name, row.secret, row.title, row.tier.to_owned(), bytes, opened]
    });
    csv_file("my-documents.csv", &head, rows)
}

/// `GET /my/documents.json`
pub(super) async fn json(
    app: State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    json_file("my-documents.json", &exported(&app, &visitor, query))
}

fn row(visitor: &Visitor, secret: &Secret, document: &Document) -> MineRow {
    MineRow {
        id: document.id.to_string(),
        name: document.name.clone(),
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        size: match &document.kept {
            Kept::Vault { size, .. } => format::size(*size),
            Kept::Elsewhere { .. } => "–".to_owned(),
        },
        last_opened: document.last_opened.map(|at| visitor.date(at)),
    }
}
