//! The record as a file: CSV for a spreadsheet, JSON for a program. It streams, page by page, whatever its length.

use super::list::{filter, find};
use crate::app::App;
use crate::errors::PageError;
use crate::pages::table::attachment;
use crate::parts::{Errors, ListState};
use crate::respond::PageResult;
use crate::visitor::Visitor;
use axum::body::Body;
use axum::extract::{Query, State};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use service::{EntryView, HistoryFilter};

/// Entries read at a time.
const PAGE: usize = 500;

/// `GET /record.csv`
pub(super) async fn csv(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let head = "entry,time,kind,person,what,about\r\n".to_owned();
    let body = pieces(app, visitor, query, csv_line).await?;
    let body = stream::once(async move { Ok(Bytes::from(head)) }).chain(body);
    attachment("record.csv", "text/csv; charset=utf-8", Body::from_stream(body))
}

/// `GET /record.json`: one JSON document, an array of entries, the newest first.
pub(super) async fn json(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> PageResult {
    let mut first = true;
    let line = move |entry: &EntryView| {
        let before = if std::mem::take(&mut first) { "\n" } else { ",\n" };
        format!("{before}{}", json_line(entry))
    };
    let body = pieces(app, visitor, query, line).await?;
    let open = stream::once(async { Ok(Bytes::from_static(b"[")) });
    let close = stream::once(async { Ok(Bytes::from_static(b"\n]\n")) });
    attachment("record.json", "application/json", Body::from_stream(open.chain(body).chain(close)))
}

/// The entries as text, a page at a time. The first page is read before anything is answered, so that a refusal is a page
/// and not half a file.
async fn pieces(
    app: App,
    visitor: Visitor,
    query: Vec<(String, String)>,
    line: impl FnMut(&EntryView) -> String + Send + 'static,
) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, PageError> {
    let list = ListState::new("/record", query);
    let mut errors = Errors::default();
    let asked = HistoryFilter { limit: PAGE, before: None, ..filter(&visitor, &list, &mut errors) };
    if !errors.is_empty() {
        return Err(PageError::BadRequest("the filter of this export cannot be read"));
    }
    let (page, own_only) = find(&app.service, &visitor, asked.clone()).await?;
    let asked = if own_only { HistoryFilter { actor: Some(visitor.person), ..asked } } else { asked };
    let begin = (Some(page), asked, app, visitor, line);
    Ok(stream::unfold(begin, |(page, mut asked, app, visitor, mut line)| async move {
        let page = page?;
        let text: String = page.entries.iter().map(&mut line).collect();
        let next = match page.next {
            Some(next) => {
                asked.before = Some(next);
                match app.service.history(&visitor.actor, &asked).await {
                    Ok(page) => Some(page),
                    // A file that breaks off is seen to have broken off: the connection ends without its last piece.
                    Err(error) => {
                        let broken = std::io::Error::other(error.to_string());
                        return Some((Err(broken), (None, asked, app, visitor, line)));
                    }
                }
            }
            None => None,
        };
        Some((Ok(Bytes::from(text)), (next, asked, app, visitor, line)))
    }))
}

fn csv_line(entry: &EntryView) -> String {
    let person = entry.by.as_ref().and_then(|by| by.person).map(|id| id.to_string()).unwrap_or_default();
    let about: Vec<String> = entry.subjects.iter().map(ToString::to_string).collect();
    let cells = [
        entry.position.to_string(),
        entry.time.rfc3339(),
        entry.kind.clone(),
        person,
        entry.sentence.clone(),
        about.join(" "),
    ];
    format!("{}\r\n", cells.map(|cell| cell_of(&cell)).join(","))
}

/// A cell as RFC 4180 writes it. One that a spreadsheet would run as a formula (CWE-1236) gets an apostrophe in front.
fn cell_of(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn json_line(entry: &EntryView) -> String {
    let fields: serde_json::Map<String, serde_json::Value> =
        entry.fields.iter().map(|field| (field.name.clone(), json!(field.value))).collect();
    let about: Vec<String> = entry.subjects.iter().map(ToString::to_string).collect();
    json!({
        "entry": entry.position,
        "time": entry.time.rfc3339(),
        "kind": entry.kind,
        "person": entry.by.as_ref().and_then(|by| by.person).map(|id| id.to_string()),
        "what": entry.sentence,
        "about": about,
        "fields": fields,
    })
    .to_string()
}

#[cfg(test)]
mod tests;
