//! One document before it is opened, and everything that one may open.

use super::add::{document as found, may_withdraw, trail};
use super::content::readable;
use crate::app::App;
use crate::format;
use crate::frame::Frame;
use crate::pages::history::{History, history_of};
use crate::pages::retention::{HoldRow, ReceiptView, holds_on, receipt_of};
use crate::pages::secrets::{badge, kept, mine as conditions};
use crate::pages::table::contains;
use crate::parts::{Column, ListState, Mark, Pager, Tab, Tier, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use program::access::{self, Circumstances};
use program::documents::{self, Document, Kept};
use program::secrets::Secret;
use program::{DocumentId, SecretId};
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "documents/show.html")]
struct ShowPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    name: String,
    tier: Tier,
    secret: String,
    title: String,
    status: (Tone, &'static str),
    size: Option<String>,
    media_type: String,
    place: Option<String>,
    digest: Option<String>,
    added: When,
    added_by: String,
    openings: u64,
    last_opened: Option<When>,
    withdrawn: Option<String>,
    /// What became of its keys, once it was destroyed.
    receipt: Option<ReceiptView>,
    /// Legal holds on it or its secret that the visitor may know of.
    holds: Vec<HoldRow>,
    /// The visitor may destroy it.
    destroys: bool,
    /// Its bytes are here, and it was not withdrawn.
    here: bool,
    reads: bool,
    opens: bool,
    marks: Vec<Mark>,
    withdraws: bool,
    history: History,
}

/// `GET /documents/{id}`: says what opening it records, and opens nothing.
pub(super) async fn document(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    if let Some(secret) = formerly(&visitor, &id) {
        return Ok(Redirect::to(&format!("/secrets/{secret}")).into_response());
    }
    let (secret, document) = found(&visitor, &id)?;
    let before = query.iter().find(|(name, _)| name == "before").and_then(|(_, value)| value.parse().ok());
    let (opens, marks) = conditions(&app, &visitor, secret);
    let (size, media_type, place, digest) = match &document.kept {
        Kept::Vault { size, media_type, digest, .. } => {
            (Some(*size), media_type.clone(), None, Some(*digest))
        }
        Kept::Elsewhere { place, digest } => (None, String::new(), Some(place.clone()), *digest),
    };
    let page = ShowPage {
        frame: visitor.frame(&document.name, "/secrets"),
        trail: trail(secret),
        id: document.id.to_string(),
        name: document.name.clone(),
        tier: badge(secret.tier()),
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        status: kept(document),
        reads: readable(&media_type, &document.name).is_some(),
        size: size.map(format::size),
        media_type,
        place,
        digest: digest.map(|digest| digest.to_string()),
        added: visitor.moment(document.added),
        added_by: document.added_by.map_or_else(|| "the operator".to_owned(), |id| visitor.name(id)),
        openings: document.openings,
        last_opened: document.last_opened.map(|at| visitor.moment(at)),
        here: size.is_some() && document.withdrawn.is_none(),
        withdrawn: document.withdrawn.clone(),
        receipt: receipt_of(&visitor, document.id.into()),
        holds: holds_on(&visitor, &[document.id.into(), secret.id.into()]),
        destroys: documents::may_destroy(&visitor.state, &visitor.actor, visitor.now, document.id).is_ok(),
        opens,
        marks,
        withdraws: may_withdraw(&visitor, document.id),
        history: history_of(&app.service, &visitor, document.id, before, 25).await?,
    };
    render(StatusCode::OK, &page)
}

/// The secret of a document that the visitor knows no more.
fn formerly(visitor: &Visitor, id: &str) -> Option<SecretId> {
    let id: DocumentId = id.parse().ok()?;
    documents::once_known(&visitor.state, &visitor.actor, visitor.now, id).map(|secret| secret.id)
}

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
pub(super) async fn mine(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let list = ListState::new("/my/documents", query);
    let state = &visitor.state;
    let now =
        Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address };
    let gate = app.service.gate();
    let mut open = access::may_open(state, gate, visitor.person, visitor.now, Some(now));
    let nothing = open.is_empty();
    let here: BTreeSet<_> = open.iter().map(|document| document.id).collect();
    let any = access::may_open(state, gate, visitor.person, visitor.now, None);
    let later = any.iter().filter(|document| !here.contains(&document.id)).count();
    let q = list.get("q").to_owned();
    let title = |document: &Document| {
        state.secrets.get(document.secret).map_or_else(String::new, |secret| secret.profile.title.to_string())
    };
    open.retain(|document| q.is_empty() || contains(&document.name, &q) || contains(&title(document), &q));
    let (key, backwards) =
        list.get("sort").strip_prefix('-').map_or((list.get("sort"), false), |key| (key, true));
    match key {
        "name" => open.sort_by_cached_key(|document| document.name.to_lowercase()),
        "secret" => open.sort_by_cached_key(|document| title(document).to_lowercase()),
        "opened" => open.sort_by_key(|document| document.last_opened),
        _ => open.sort_by_key(|document| std::cmp::Reverse(document.id)),
    }
    if backwards {
        open.reverse();
    }
    let (pager, shown) = list.page_of(&open);
    let rows = shown.iter().filter_map(|document| {
        let secret = state.secrets.get(document.secret)?;
        Some(row(&visitor, secret, document))
    });
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
        rows: rows.collect(),
        precise: precise.map(|secret| (secret.id.to_string(), secret.profile.title.to_string())).collect(),
        pager,
        later: later as u64,
        nothing,
        list,
    };
    render(StatusCode::OK, &page)
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
