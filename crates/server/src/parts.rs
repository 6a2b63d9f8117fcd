//! The small views that the macros of `partials/ui.html` and `partials/form.html` print: tabs, pagers, marks, history.

use crate::format;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// An instant or a day, for machines, for people, and as a distance from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// RFC 3339 or `2026-03-03`, for `datetime`.
    pub machine: String,
    /// `3 Mar 2026, 14:05 CET` or `3 Mar 2026`.
    pub text: String,
    /// `in 3 days`.
    pub relative: String,
}

impl When {
    /// An instant, given with the present in milliseconds since 1970 UTC; an unknown zone shows UTC.
    #[must_use]
    pub fn moment(at: i64, now: i64, zone: &str) -> Self {
        let (at, now, zone) = (instant(at), instant(now), time_zone(zone));
        Self { machine: at.to_string(), text: format::moment(at, &zone), relative: format::relative(at, now) }
    }

    /// The day on which an instant lies in the zone.
    #[must_use]
    pub fn day(at: i64, now: i64, zone: &str) -> Self {
        let zone = time_zone(zone);
        let day = instant(at).to_zoned(zone.clone()).date();
        let today = instant(now).to_zoned(zone).date();
        Self { machine: day.to_string(), text: format::day(day), relative: format::relative_day(day, today) }
    }
}

/// How protected a secret is; drawn as a shape with its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Circle.
    Confidential,
    /// Diamond.
    Restricted,
    /// Crown.
    CrownJewel,
}

impl Tier {
    /// The tier's word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Confidential => "Confidential",
            Self::Restricted => "Restricted",
            Self::CrownJewel => "Crown jewel",
        }
    }

    /// Its class and the end of its icon's name.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
            Self::CrownJewel => "crown",
        }
    }
}

/// What a colour means; never shown without a word or a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be: met, in force, open.
    Good,
    /// Needs care soon: due, expiring, waiting.
    Warn,
    /// Wrong now: failing, refused, revoked.
    Bad,
    /// Neither: a draft, ended, not asked.
    Calm,
    /// The house's own colour: the main series of a picture.
    Accent,
    /// The house's colour, paler: the next series of a picture.
    Second,
}

impl Tone {
    /// Its class.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Calm => "calm",
            Self::Accent => "accent",
            Self::Second => "second",
        }
    }

    /// The icon that says the same.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Good => "check",
            Self::Warn => "clock",
            Self::Bad => "cross",
            Self::Calm | Self::Accent | Self::Second => "dash",
        }
    }
}

/// A link of a row of tabs or of a trail of breadcrumbs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub label: String,
    /// How many things are under it.
    pub count: Option<u64>,
    /// Whether it is the one shown.
    pub current: bool,
}

impl Tab {
    /// A link without a count.
    #[must_use]
    pub fn new(href: impl Into<String>, label: impl Into<String>, current: bool) -> Self {
        Self { href: href.into(), label: label.into(), count: None, current }
    }

    /// A link with a count.
    #[must_use]
    pub fn counted(href: impl Into<String>, label: impl Into<String>, count: u64, current: bool) -> Self {
        Self { count: Some(count), ..Self::new(href, label, current) }
    }
}

/// The columns that a reader may leave out, counted from 1: the first says what the row is about. The style sheet has a rule
/// for each.
const HIDEABLE: std::ops::RangeInclusive<usize> = 2..=10;

/// The state of a list, kept in its address: `?q=&tier=&sort=-title&page=2&size=50`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListState {
    /// The path of the list.
    pub path: String,
    /// Its query, by name; empty values are left out of links.
    pub query: BTreeMap<String, String>,
}

impl ListState {
    /// The list at `path` with the query as it came.
    #[must_use]
    pub fn new(path: &str, query: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut list = Self { path: path.to_owned(), query: BTreeMap::new() };
        let mut hidden = BTreeSet::new();
        for (name, value) in query.into_iter().filter(|(_, value)| !value.is_empty()) {
            if name == "hide" {
                hidden
                    .extend(value.split('.').filter_map(|n| n.parse().ok()).filter(|n| HIDEABLE.contains(n)));
            } else {
                list.query.insert(name, value);
            }
        }
        if !hidden.is_empty() {
            let hidden: Vec<String> = hidden.iter().map(usize::to_string).collect();
            list.query.insert("hide".to_owned(), hidden.join("."));
        }
        list
    }

    /// Whether the reader left out the column at this place, counted from 1.
    #[must_use]
    pub fn hides(&self, place: usize) -> bool {
        self.get("hide").split('.').any(|hidden| hidden.parse() == Ok(place))
    }

    /// The classes of the table by which the style sheet leaves columns out: ` hide-3 hide-5`.
    #[must_use]
    pub fn hidden(&self) -> String {
        self.get("hide").split('.').filter(|n| !n.is_empty()).map(|n| format!(" hide-{n}")).collect()
    }

    /// One value of the query, empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The address with one value changed; an empty value removes it. Everything but the page itself starts again
    /// at the first page.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query.clone();
        query.insert(name.to_owned(), value.to_owned());
        if name != "page" {
            query.remove("page");
        }
        address(&self.path, &query)
    }

    /// The address of the same rows in another form: `/secrets.csv?…`.
    #[must_use]
    pub fn export(&self, extension: &str) -> String {
        let mut query = self.query.clone();
        for presentation in ["page", "size", "hide"] {
            query.remove(presentation);
        }
        address(&format!("{}.{extension}", self.path), &query)
    }

    /// The page asked for, from 1.
    #[must_use]
    pub fn page(&self) -> u64 {
        self.get("page").parse().unwrap_or(1).max(1)
    }

    /// The rows on a page: 25, 50 or 100.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self.get("size") {
            "50" => 50,
            "100" => 100,
            _ => 25,
        }
    }

    /// The head of a column that sorts by `key`.
    #[must_use]
    pub fn column(&self, label: &str, key: &str) -> Column {
        let sort = self.get("sort");
        let (order, next) = match sort.strip_prefix('-') {
            Some(rest) if rest == key => ("descending", String::new()),
            None if sort == key => ("ascending", format!("-{key}")),
            _ => ("none", key.to_owned()),
        };
        Column { label: label.to_owned(), href: Some(self.with("sort", &next)), order, number: false }
    }

    /// The head of a column that does not sort.
    #[must_use]
    pub fn plain(&self, label: &str) -> Column {
        Column { label: label.to_owned(), href: None, order: "none", number: false }
    }

    /// A chip that removes the filter `name`, where it is set; `shown` says it in words.
    #[must_use]
    pub fn chip(&self, name: &str, shown: &str) -> Option<Chip> {
        self.query.get(name).map(|_| Chip { text: shown.to_owned(), without: self.with(name, "") })
    }

    /// What can be chosen for a parameter, each as its word in the address and its words on the page.
    #[must_use]
    pub fn choices(&self, name: &str, among: &[(&str, &str)]) -> Vec<Choice> {
        among.iter().map(|(word, words)| Choice::new(word, words, "", self.get(name))).collect()
    }

    /// The words on the page for what was chosen; empty for anything else.
    #[must_use]
    pub fn words<'a>(&self, name: &str, among: &[(&str, &'a str)]) -> &'a str {
        among.iter().find(|(word, _)| *word == self.get(name)).map_or("", |(_, words)| words)
    }

    /// Of all that was found, in its order, what stands on the page asked for; and the pager under it.
    #[must_use]
    pub fn page_of<'a, T>(&self, found: &'a [T]) -> (Pager, &'a [T]) {
        let pager = self.pager(found.len() as u64);
        let place = |row: u64| usize::try_from(row).unwrap_or(usize::MAX);
        let shown = found.get(place(pager.first.saturating_sub(1))..place(pager.last)).unwrap_or_default();
        (pager, shown)
    }

    /// The pager under a list of `total` rows.
    #[must_use]
    pub fn pager(&self, total: u64) -> Pager {
        let size = self.size();
        let pages = total.div_ceil(size).max(1);
        let page = self.page().min(pages);
        let first = if total == 0 { 0 } else { (page - 1) * size + 1 };
        let to = |page: u64| self.with("page", &page.to_string());
        Pager {
            first,
            last: page.saturating_mul(size).min(total),
            total,
            page,
            pages,
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
            sizes: [25, 50, 100]
                .into_iter()
                .map(|n| Tab::new(self.with("size", &n.to_string()), n.to_string(), n == size))
                .collect(),
        }
    }
}

/// An entry of the record, where a page names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryLink {
    /// Its position.
    pub number: u64,
    /// The visitor may read it: it is a link.
    pub reads: bool,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its words.
    pub label: String,
    /// The address that sorts by it.
    pub href: Option<String>,
    /// `ascending`, `descending` or `none`, for `aria-sort`.
    pub order: &'static str,
    /// Whether it holds numbers, set flush right.
    pub number: bool,
}

impl Column {
    /// The same column for numbers.
    #[must_use]
    pub fn numeric(self) -> Self {
        Self { number: true, ..self }
    }
}

/// A filter that is set, and the address without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// `Tier: restricted`.
    pub text: String,
    /// The address without it.
    pub without: String,
}

/// Where in a list one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    /// The first row shown, from 1; 0 of an empty list.
    pub first: u64,
    /// The last row shown.
    pub last: u64,
    /// All rows.
    pub total: u64,
    /// The page shown, from 1.
    pub page: u64,
    /// All pages, at least 1.
    pub pages: u64,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// Page sizes.
    pub sizes: Vec<Tab>,
}

/// One condition of "who may open this, and why".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The condition in a word or two: `Training`.
    pub name: String,
    /// How it stands.
    pub state: MarkState,
    /// Why, as a sentence: `Training ended on 3 March.`
    pub why: String,
}

/// How a condition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkState {
    /// Met.
    Met,
    /// Failing, and what whoever sees it can do about it.
    Failing(Option<Remedy>),
    /// The tier does not ask it.
    NotAsked,
}

/// What can be done about a failing condition, by whom sees it or by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// `Start refresher`, or a sentence where there is nothing to press.
    pub label: String,
    /// Where it is done; without it the label is only said.
    pub href: Option<String>,
}

/// One entry of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The entry's number in the record.
    pub entry: u64,
    /// When.
    pub when: When,
    /// Who; none for the system itself.
    pub who: Option<String>,
    /// What, as a sentence in the past tense.
    pub what: String,
    /// More, where there is more to say.
    pub detail: String,
    /// Its colour on the line.
    pub tone: Tone,
}

/// What is wrong with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, which is its id too.
    pub field: String,
    /// The sentence beside it and in the summary.
    pub text: String,
}

/// The errors of a form as it came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors(pub Vec<FieldError>);

impl Errors {
    /// Adds one.
    pub fn add(&mut self, field: &str, text: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), text: text.into() });
    }

    /// The sentence of a field, empty where nothing is wrong.
    #[must_use]
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|error| error.field == field).map_or("", |error| error.text.as_str())
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One choice of a select, of radio cards or of a group of checkboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// What it means, under radio cards and checkboxes.
    pub help: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice; chosen where its value is the current one.
    #[must_use]
    pub fn new(value: &str, label: &str, help: &str, current: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            help: help.to_owned(),
            chosen: value == current,
        }
    }
}

fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn time_zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

fn address(path: &str, query: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = query
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encoding of everything but the unreserved characters (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
