//! Opening: the bytes of a document and the precise description of a secret, behind the gate and after the record.
//!
//! Opening is a POST that answers with the bytes themselves, not a link to them. A link would be a second key: it could be
//! fetched again by a viewer, prefetched, kept in a history or passed on, and on several nodes it would need a memory that
//! they share. So one press of the button is one decision, one entry and one release, and a GET or HEAD, which browsers and
//! scanners send unasked, never opens anything.

use super::add::trail;
use crate::app::App;
use crate::form::SafeForm;
use crate::frame::Frame;
use crate::pages::secrets::{id as id_of, known, mine};
use crate::pages::table::disposition;
use crate::parts::{Mark, Tab, Tier};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use program::secrets::Secret;
use serde::Deserialize;
use service::OpenDocument;

/// What a document may do in the browser: nothing. No script, no form, no request, no origin, no frame around it.
const SANDBOX: &str =
    "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/// The same for a PDF, without `sandbox`: browsers' own viewers do not start in one. They run a PDF's script, where they run
/// any, apart from every origin.
const SANDBOX_PDF: &str =
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/// The entry that recorded the opening, for whoever fetches without looking.
const ENTRY: &str = "x-ringfence-entry";

/// How the bytes are wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct How {
    how: String,
}

/// `POST /documents/{id}/content`
pub(super) async fn open(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(how): SafeForm<How>,
) -> PageResult {
    // Not asked beforehand whether the visitor may know of it: the attempt is recorded, and the service tells no more.
    let opened = app.service.open_document(&visitor.actor, id_of(&id)?).await?;
    let inline = if how.how == "read" { readable(&opened.media_type, &opened.name) } else { None };
    answer(&opened, inline)
}

/// The answer that carries the bytes. What is not shown is always `application/octet-stream`: the type that somebody once
/// sent along with a file never decides what a browser does with it.
fn answer(opened: &OpenDocument, inline: Option<&'static str>) -> PageResult {
    let content = opened.content(None)?;
    let mut response = Response::new(Body::from_stream(content));
    let headers = response.headers_mut();
    let kind = if inline.is_some() { "inline" } else { "attachment" };
    let policy = if inline == Some(PDF) { SANDBOX_PDF } else { SANDBOX };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(inline.unwrap_or("application/octet-stream")));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(opened.size));
    headers.insert(CONTENT_DISPOSITION, disposition(kind, &opened.name));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ENTRY, HeaderValue::from(opened.entry));
    Ok(response)
}

const PDF: &str = "application/pdf";
const TEXT: &str = "text/plain; charset=utf-8";

/// The type under which a document is shown in the browser; none where it is only downloaded. What could run script in our
/// origin (HTML, SVG, XML) never is, whatever name it goes by: each type shown is one of these constants.
pub(super) fn readable(media_type: &str, name: &str) -> Option<&'static str> {
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/pdf" => Some(PDF),
        "image/png" => Some("image/png"),
        "image/jpeg" => Some("image/jpeg"),
        "image/gif" => Some("image/gif"),
        "image/webp" => Some("image/webp"),
        // A text is shown as its characters, and these are all texts that people read so.
        "text/plain" | "text/markdown" | "text/csv" | "text/rust" | "text/x-rust" | "text/x-python"
        | "application/json" | "application/toml" => Some(TEXT),
        // Browsers do not know the types of many plain texts and of source code.
        "application/octet-stream" | "text/x-markdown" => {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            let known = [
                "txt", "md", "csv", "json", "toml", "yaml", "yml", "rs", "py", "c", "h", "cpp", "go", "java",
                "log",
            ];
            ending.filter(|ending| known.contains(&ending.as_str())).map(|_| TEXT)
        }
        _ => None,
    }
}

#[derive(Template)]
#[template(path = "documents/precise.html")]
struct PrecisePage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    back: String,
    title: String,
    tier: Tier,
    exists: bool,
    opens: bool,
    marks: Vec<Mark>,
    /// The text, once it was opened, and the entry that recorded it.
    opened: Option<(String, u64)>,
}

/// `GET /secrets/{id}/precise`: says what reading it records, and opens nothing.
pub(super) async fn ask_precise(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let (opens, marks) = mine(&app, &visitor, secret);
    render(StatusCode::OK, &PrecisePage { opens, marks, ..precise_page(&visitor, secret) })
}

/// The page before anything was decided or opened.
fn precise_page(visitor: &Visitor, secret: &Secret) -> PrecisePage {
    PrecisePage {
        frame: visitor.frame("Precise description", "/secrets"),
        trail: trail(secret),
        id: secret.id.to_string(),
        back: format!("/secrets/{}", secret.id),
        title: secret.profile.title.to_string(),
        tier: crate::pages::secrets::badge(secret.tier()),
        exists: secret.precise_at().is_some(),
        opens: false,
        marks: Vec::new(),
        opened: None,
    }
}

/// `POST /secrets/{id}/precise`
pub(super) async fn precise(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(How { .. }): SafeForm<How>,
) -> PageResult {
    let opened = app.service.open_precise(&visitor.actor, id_of(&id)?).await?;
    let opened = Some((opened.text, opened.entry));
    let page = PrecisePage { opens: true, opened, ..precise_page(&visitor, known(&visitor, &id)?) };
    render(StatusCode::OK, &page)
}

#[cfg(test)]
mod tests;
