//! One document before it is opened.

use super::add::{document as found, may_withdraw, trail};
use super::content::readable;
use crate::app::App;
use crate::format;
use crate::frame::Frame;
use crate::pages::history::{History, history_of};
use crate::pages::retention::{HoldRow, ReceiptView, holds_on, receipt_of};
use crate::pages::secrets::{badge, kept, mine as conditions};
use crate::parts::{Mark, Tab, Tier, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use program::documents::{self, Kept};
use program::{DocumentId, SecretId};

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
