//! What was destroyed for good: the list, and the receipt that says where its keys are gone and where they may still be.

use super::About;
use super::holds::trail;
use crate::format;
use crate::frame::{Flash, FlashKind, Frame};
use crate::pages::table::{contains, csv_file, json_file};
use crate::parts::{Chip, Choice, Column, EntryLink, ListState, Pager, Tab, Tone, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::retention::{BACKERS, Destruction, Receipt, Shredded, may_see_receipt};
use program::{Recorded, Subject};
use serde::Serialize;
use std::cmp::Reverse;

/// The standings one can filter by: word in the address, words on the page.
const STANDINGS: [(&str, &str); 2] = [("open", "Keys may still be somewhere"), ("gone", "Gone everywhere")];

/// A destruction as everybody who may know of the thing sees it.
pub(crate) struct ReceiptView {
    pub(crate) when: When,
    /// The entry that decided it.
    pub(crate) entry: EntryLink,
    /// The newest entry that says where keys were deleted.
    pub(crate) receipt: Option<EntryLink>,
    /// Keys may still be somewhere.
    pub(crate) open: bool,
    /// Where keys were deleted and where they may still be, each with how many or why; for those who may know places.
    pub(crate) places: Option<Places>,
    /// The visitor may finish it.
    pub(crate) finishes: bool,
}

pub(crate) struct Places {
    pub(crate) done: Vec<(String, String)>,
    pub(crate) left: Vec<(String, String)>,
}

/// What became of the keys of this, where it was destroyed.
pub(crate) fn receipt_of(visitor: &Visitor, about: Subject) -> Option<ReceiptView> {
    let found = visitor.state.retention.destruction(about)?;
    let told = may_see_receipt(&visitor.state, &visitor.actor, visitor.now, about);
    Some(ReceiptView {
        when: visitor.moment(found.at),
        entry: visitor.entry(found.entry, &[about], None),
        receipt: found.receipt.as_ref().map(|receipt| visitor.entry(receipt.entry, &[about], None)),
        open: found.is_open(),
        places: told.then(|| Places::of(found.receipt.as_ref())),
        finishes: found.is_open() && visitor.is(BACKERS),
    })
}

/// The message after something was destroyed: that it was, or loudly that keys may still be somewhere.
pub(crate) fn finished(text: &str, receipt: &Receipt, entries: &[Recorded]) -> Flash {
    let entry = entries.first().map(|recorded| recorded.position);
    if receipt.left.is_empty() {
        return Flash { kind: FlashKind::Done, text: text.to_owned(), entry };
    }
    let text = format!("{text}, but not everywhere yet: keys may still be where this page says");
    Flash { kind: FlashKind::Warning, text, entry }
}

impl Places {
    fn of(receipt: Option<&Receipt>) -> Self {
        let (done, left) = receipt.map_or((&[][..], &[][..]), |receipt| (&receipt.done, &receipt.left));
        Self {
            done: done.iter().map(|one| (one.place.clone(), deleted(one))).collect(),
            left: left.iter().map(|one| (one.place.clone(), one.why.clone())).collect(),
        }
    }
}

fn deleted(one: &Shredded) -> String {
    match (one.keys, one.versions) {
        (0, _) => "none is left".to_owned(),
        (keys, 0 | 1) => format!("{} deleted", format::count(keys, "key", "keys")),
        (keys, versions) => {
            let versions = format::count(u64::from(versions), "version", "versions");
            format!("{} deleted, over {versions}", format::count(keys, "key", "keys"))
        }
    }
}

/// A row of the list.
pub(super) struct DestroyedRow {
    pub(super) about: About,
    pub(super) view: ReceiptView,
}

impl DestroyedRow {
    pub(super) fn of(visitor: &Visitor, one: &Destruction) -> Option<Self> {
        let view = receipt_of(visitor, one.about)?;
        Some(Self { about: About::of(visitor, one.about), view })
    }

    /// Where it stands: tone and words.
    pub(super) fn standing(&self) -> (Tone, &'static str) {
        match (self.view.open, self.view.receipt) {
            (false, _) => (Tone::Good, "Gone everywhere"),
            (true, Some(_)) => (Tone::Bad, "Not everywhere yet"),
            (true, None) => (Tone::Warn, "Being deleted"),
        }
    }
}

#[derive(Template)]
#[template(path = "retention/destroyed.html")]
struct DestroyedPage {
    frame: Frame,
    trail: Vec<Tab>,
    list: ListState,
    columns: Vec<Column>,
    rows: Vec<DestroyedRow>,
    pager: Pager,
    chips: Vec<Chip>,
    standings: Vec<Choice>,
    nothing: bool,
}

/// Everything that was destroyed.
pub(super) fn all(visitor: &Visitor) -> Vec<&Destruction> {
    visitor.state.retention.destructions().collect()
}

/// `GET /retention/destroyed`
pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/retention/destroyed", query);
    let found = find(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let standing = list.words("state", &STANDINGS);
    let page = DestroyedPage {
        frame: visitor.frame("What was destroyed", "/retention"),
        trail: trail("/retention/destroyed", "What was destroyed"),
        columns: vec![
            list.column("What", "about"),
            list.column("When", "when"),
            list.column("Its keys", "state"),
            list.plain("Where"),
            list.plain("Entry"),
        ],
        rows: shown.iter().filter_map(|one| DestroyedRow::of(&visitor, one)).collect(),
        chips: [list.chip("q", &format!("Search: {}", list.get("q"))), list.chip("state", standing)]
            .into_iter()
            .flatten()
            .collect(),
        standings: list.choices("state", &STANDINGS),
        nothing: all(&visitor).is_empty(),
        pager,
        list,
    };
    render(StatusCode::OK, &page)
}

fn find<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Destruction> {
    let q = list.get("q");
    let fits = |one: &&Destruction| {
        let standing = match list.get("state") {
            "open" => one.is_open(),
            "gone" => !one.is_open(),
            _ => true,
        };
        let named = || {
            let about = About::of(visitor, one.about);
            contains(&format!("{} {} {}", about.id, about.name, places(one)), q)
        };
        standing && (q.is_empty() || named())
    };
    let mut found: Vec<&Destruction> = all(visitor).into_iter().filter(fits).collect();
    let sort = list.get("sort");
    match sort.trim_start_matches('-') {
        "about" => found.sort_by_key(|one| one.about),
        "when" => found.sort_by_key(|one| one.entry),
        "state" => found.sort_by_key(|one| (!one.is_open(), one.entry)),
        _ => found.sort_by_key(|one| Reverse(one.entry)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

fn places(one: &Destruction) -> String {
    let receipt = one.receipt.iter();
    let names = receipt.flat_map(|receipt| {
        let done = receipt.done.iter().map(|done| done.place.as_str());
        done.chain(receipt.left.iter().map(|left| left.place.as_str()))
    });
    names.collect::<Vec<_>>().join(" ")
}

/// A destruction as it is exported.
#[derive(Serialize)]
struct Exported {
    about: String,
    name: String,
    destroyed: String,
    entry: u64,
    receipt: Option<u64>,
    deleted_in: Vec<String>,
    may_still_be_in: Vec<String>,
    complete: bool,
}

fn exported(visitor: &Visitor, query: Vec<(String, String)>) -> Vec<Exported> {
    let found = find(visitor, &ListState::new("/retention/destroyed", query));
    let one = |one: &Destruction| {
        let receipt = one.receipt.as_ref();
        Exported {
            about: one.about.to_string(),
            name: About::of(visitor, one.about).name,
            destroyed: one.at.rfc3339(),
            entry: one.entry,
            receipt: receipt.map(|receipt| receipt.entry),
            deleted_in: receipt
                .map(|receipt| receipt.done.iter().map(|done| done.place.clone()).collect())
                .unwrap_or_default(),
            may_still_be_in: receipt
                .map(|receipt| receipt.left.iter().map(|left| left.place.clone()).collect())
                .unwrap_or_default(),
            complete: !one.is_open(),
        }
    };
    found.into_iter().map(one).collect()
}

/// `GET /retention/destroyed.csv`
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let head =
        ["about", "name", "destroyed", "entry", "receipt", "deleted_in", "may_still_be_in", "complete"];
    let rows = exported(&visitor, query).into_iter().map(|row| {
        let receipt = row.receipt.map(|entry| entry.to_string()).unwrap_or_default();
        let (done, left) = (row.deleted_in.join("; "), row.may_still_be_in.join("; "));
        let (entry, complete) = (row.entry.to_string(), row.complete.to_string());
        vec![row.about, row.name, row.destroyed, entry, receipt, done, left, complete]
    });
    csv_file("destroyed.csv", &head, rows)
}

/// `GET /retention/destroyed.json`
pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let rows = exported(&visitor, query);
    json_file("destroyed.json", &rows)
}
