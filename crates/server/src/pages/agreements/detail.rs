//! One agreement: what it covers, its versions, how many it binds, and what happened.

use super::{covers_in_words, state_pill, tabs, term_in_words, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::history::{History, history_of};
use crate::parts::{EntryLink, Tab, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use program::AgreementId;
use program::agreements::{ASKERS, Agreement, Media, PUBLISHERS};
use serde::Deserialize;

/// Entries on a page of a history.
const ENTRIES: usize = 50;

/// What stands above every tab.
struct Head {
    id: String,
    title: String,
    tone: Tone,
    state: &'static str,
    version: u32,
    withdrawn: Option<String>,
    asks: bool,
    publishes: bool,
    tabs: Vec<Tab>,
}

#[derive(Template)]
#[template(path = "agreements/overview.html")]
struct OverviewPage {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    covers: String,
    term: String,
    second_factor: bool,
    digest: String,
    signed: u64,
    waiting: u64,
    overdue: u64,
    declined: u64,
    versions: Vec<VersionRow>,
}

struct VersionRow {
    number: u32,
    at: When,
    entry: EntryLink,
    media: &'static str,
    size: String,
    resign: bool,
    suffices: bool,
    note: String,
}

#[derive(Template)]
#[template(path = "agreements/history.html")]
struct HistoryTab {
    frame: Frame,
    trail: Vec<Tab>,
    head: Head,
    history: History,
    here: String,
}

/// Where a page of a history begins.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    before: Option<u64>,
}

pub(super) async fn overview(visitor: Visitor, Path(id): Path<AgreementId>) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let newest = agreement.newest().ok_or(PageError::NotFound)?;
    let stand = |wanted: &str| {
        let parties = visitor.state.agreements.parties(id);
        let stands = parties.map(|person| super::standing(&visitor.state, person, agreement, visitor.now));
        stands.filter(|stands| stands.word == wanted).count() as u64
    };
    let versions = agreement.versions.iter().rev().map(|version| VersionRow {
        number: version.number,
        at: visitor.moment(version.at),
        entry: visitor.entry(version.position, &[id.into()], None),
        media: match version.text.media {
            Media::Markdown => "Text",
            Media::Pdf => "PDF",
        },
        size: crate::format::size(version.text.size),
        resign: version.resign,
        suffices: agreement.is_current(version.number),
        note: version.note.as_ref().map(ToString::to_string).unwrap_or_default(),
    });
    let page = OverviewPage {
        covers: covers_in_words(&visitor, &newest.covers),
        term: term_in_words(newest),
        second_factor: newest.second_factor,
        digest: newest.text.digest.to_string(),
        signed: stand("signed"),
        waiting: stand("waiting"),
        overdue: stand("overdue"),
        declined: stand("declined"),
        versions: versions.collect(),
        frame: visitor.frame(agreement.title(), "/agreements"),
        trail: trail(agreement, None),
        head: head(&visitor, agreement, ""),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn history(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    Query(from): Query<From>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let page = HistoryTab {
        history: history_of(&app.service, &visitor, id, from.before, ENTRIES).await?,
        here: format!("/agreements/{id}/history"),
        frame: visitor.frame(agreement.title(), "/agreements"),
        trail: trail(agreement, None),
        head: head(&visitor, agreement, "history"),
    };
    render(StatusCode::OK, &page)
}

fn head(visitor: &Visitor, agreement: &Agreement, tab: &str) -> Head {
    let (tone, state) = state_pill(agreement);
    let live = agreement.withdrawn.is_none();
    Head {
        id: agreement.id.to_string(),
        title: agreement.title().to_owned(),
        tone,
        state,
        version: agreement.newest().map_or(0, |version| version.number),
        withdrawn: agreement
            .withdrawn
            .as_ref()
            .map(|withdrawn| format!("On {}. {}", visitor.when(withdrawn.at), withdrawn.reason)),
        asks: live && visitor.is(ASKERS),
        publishes: live && visitor.is(PUBLISHERS),
        tabs: tabs(visitor, agreement, tab),
    }
}
