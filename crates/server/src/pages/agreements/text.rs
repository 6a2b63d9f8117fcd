//! The text of any version, for those who run the agreements and for whoever signed it.

use super::{markdown, sign::as_file};
use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::parts::{EntryLink, Tab, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use program::AgreementId;
use program::agreements::{Media, READERS};

#[derive(Template)]
#[template(path = "agreements/text.html")]
struct TextPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    title: String,
    number: u32,
    newest: bool,
    published: When,
    entry: EntryLink,
    digest: String,
    html: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, number)): Path<(AgreementId, u32)>,
) -> PageResult {
    let text = app.service.agreement_text(&visitor.actor, id, number).await?;
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let version = agreement.version(number).ok_or(PageError::NotFound)?;
    let label = format!("Version {number}");
    let here = format!("versions/{number}");
    let runs = visitor.is(READERS);
    let trail = if runs {
        super::trail(agreement, Some((&here, &label)))
    } else {
        vec![
            Tab::new("/my/agreements", "My agreements", false),
            Tab::new(format!("/agreements/{id}/{here}"), version.title.as_str(), true),
        ]
    };
    let page = TextPage {
        frame: visitor.frame(version.title.as_str(), if runs { "/agreements" } else { "/my/agreements" }),
        trail,
        id: id.to_string(),
        title: version.title.to_string(),
        number,
        newest: agreement.newest().is_some_and(|newest| newest.number == number),
        published: visitor.moment(version.at),
        entry: visitor.entry(version.position, &[id.into()], None),
        digest: text.digest.to_string(),
        html: match text.media {
            Media::Markdown => Some(markdown::to_html(&String::from_utf8_lossy(&text.bytes))),
            Media::Pdf => None,
        },
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, number)): Path<(AgreementId, u32)>,
) -> PageResult {
    let text = app.service.agreement_text(&visitor.actor, id, number).await?;
    let name = format!("{id}-v{number}");
    Ok(as_file(&name, text))
}

/// `GET /agreements/{id}/scans/{entry}`: the scan of a signed paper copy.
pub(super) async fn scan(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, entry)): Path<(AgreementId, u64)>,
) -> PageResult {
    let scan = app.service.paper_scan(&visitor.actor, id, entry).await?;
    Ok(as_file(&format!("{id}-paper-{entry}"), scan))
}
