//! The library of agreements, with how many people each one binds.

use super::{covers_in_words, signers, state_pill, term_in_words};
use crate::frame::Frame;
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::agreements::{Agreement, PUBLISHERS};
use serde::Serialize;

#[derive(Template)]
#[template(path = "agreements/library.html")]
struct LibraryPage {
    frame: Frame,
    list: ListState,
    publishes: bool,
    nothing: bool,
    states: Vec<Choice>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: String,
    title: String,
    version: u32,
    covers: String,
    published: When,
    signed: u64,
    waiting: u64,
    tone: Tone,
    state: &'static str,
}

/// An agreement as the exports write it.
#[derive(Serialize)]
struct Exported {
    id: String,
    title: String,
    version: u32,
    published: String,
    covers: String,
    term: String,
    second_factor: bool,
    digest: String,
    signed: u64,
    waiting: u64,
    state: &'static str,
}

pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/agreements", query);
    let found = matching(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let rows = shown.iter().filter_map(|agreement| row(&visitor, agreement));
    let page = LibraryPage {
        publishes: visitor.is(PUBLISHERS),
        nothing: visitor.state.agreements.is_empty(),
        states: vec![
            Choice::new("in-use", "In use", "", list.get("state")),
            Choice::new("withdrawn", "Withdrawn", "", list.get("state")),
        ],
        chips: [
            list.chip("q", &format!("Search: {}", list.get("q"))),
            list.chip("state", if list.get("state") == "withdrawn" { "Withdrawn" } else { "In use" }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        columns: vec![
            list.column("Title", "title"),
            list.plain("Covers"),
            list.column("Version", "version").numeric(),
            list.column("Published", "published"),
            list.plain("Bound by it").numeric(),
            list.plain("Waiting").numeric(),
            list.plain("State"),
        ],
        rows: rows.collect(),
        pager,
        list,
        frame: visitor.frame("Agreements", "/agreements"),
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, &ListState::new("/agreements", query));
    let head = [
        "id",
        "title",
        "version",
        "published",
        "covers",
        "term",
        "second_factor",
        "digest",
        "signed",
        "waiting",
        "state",
    ];
    let rows = rows.into_iter().map(|row| {
        let (version, second_factor) = (row.version.to_string(), row.second_factor.to_string());
        let (signed, waiting) = (row.signed.to_string(), row.waiting.to_string());
        vec![
            row.id,
            row.title,
            version,
            row.published,
            row.covers,
            row.term,
            second_factor,
            row.digest,
            signed,
            waiting,
            row.state.to_owned(),
        ]
    });
    csv_file("agreements.csv", &head, rows)
}

pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, &ListState::new("/agreements", query));
    json_file("agreements.json", &rows)
}

fn matching<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Agreement> {
    let wanted = list.get("state");
    let fits = |agreement: &&Agreement| {
        let withdrawn = agreement.withdrawn.is_some();
        let title = format!("{} {}", agreement.id, agreement.title());
        (wanted.is_empty() || (wanted == "withdrawn") == withdrawn) && contains(&title, list.get("q"))
    };
    let mut found: Vec<&Agreement> = visitor.state.agreements.iter().filter(fits).collect();
    let sort = list.get("sort");
    match sort.trim_start_matches('-') {
        "version" => found.sort_by_key(|a| (a.versions.len(), a.id)),
        "published" => found.sort_by_key(|a| (a.newest().map(|version| version.at), a.id)),
        _ => found.sort_by_cached_key(|a| (a.withdrawn.is_some(), a.title().to_lowercase(), a.id)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

fn row(visitor: &Visitor, agreement: &Agreement) -> Option<Row> {
    let version = agreement.newest()?;
    let (tone, state) = state_pill(agreement);
    Some(Row {
        id: agreement.id.to_string(),
        title: agreement.title().to_owned(),
        version: version.number,
        covers: covers_in_words(visitor, &version.covers),
        published: When::day(version.at.0, visitor.now.0, &visitor.zone),
        signed: signers::signed_now(visitor, agreement) as u64,
        waiting: signers::waiting(visitor, agreement) as u64,
        tone,
        state,
    })
}

fn exported(visitor: &Visitor, list: &ListState) -> Vec<Exported> {
    let rows = matching(visitor, list).into_iter().filter_map(|agreement| {
        let version = agreement.newest()?;
        Some(Exported {
            id: agreement.id.to_string(),
            title: agreement.title().to_owned(),
            version: version.number,
            published: version.at.rfc3339(),
            covers: covers_in_words(visitor, &version.covers),
            term: term_in_words(version),
            second_factor: version.second_factor,
            digest: version.text.digest.to_string(),
            signed: signers::signed_now(visitor, agreement) as u64,
            waiting: signers::waiting(visitor, agreement) as u64,
            state: if agreement.withdrawn.is_some() { "withdrawn" } else { "in-use" },
        })
    });
    rows.collect()
}
