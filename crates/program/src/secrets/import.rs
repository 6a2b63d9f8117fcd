//! The register as a file: reading many secrets from CSV or JSON, row by row before any is taken, and writing them out.
//!
//! Both formats hold the same form. People stand in it by mail address, days as `2027-09-14`. The precise description is
//! read and never written: it is sealed, and leaves only through the gate.

use super::commands::people_exist;
use super::{Amount, Draft, FACTORS, Factor, Factors, Place, PlaceKind, Profile, Secret};
use crate::table::{
    self, Cells, Column, MOST_BYTES, MOST_ROWS, clean, instant, said, start_of_day, write_row,
};
use crate::{Line, PersonId, Refusal, State, Text, Time};
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// What a file would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its rows, in order; rows without any text are left out.
    pub rows: Vec<PlannedRow>,
    /// What is wrong with the file as a whole; then there are no rows.
    pub problem: Option<String>,
}

/// One row of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRow {
    /// CSV: the line on which it begins, the first line of the file being 1. JSON: its number, the first being 1.
    pub line: u64,
    /// The title as it stands there, where there is one.
    pub title: String,
    /// The secret it would put forward, or everything that is wrong with it.
    pub outcome: Result<Box<Draft>, String>,
}

impl Plan {
    /// The secrets, if every row can be taken.
    ///
    /// # Errors
    /// The file or at least one row cannot be taken; the remedy names every such row with its line.
    pub fn drafts(&self) -> Result<Vec<Draft>, Refusal> {
        if let Some(problem) = &self.problem {
            return Err(Refusal::input("file", problem));
        }
        let refused =
            self.rows.iter().filter_map(|row| row.outcome.as_ref().err().map(|why| (row.line, why)));
        let refused: Vec<String> = refused.map(|(line, why)| format!("line {line}: {why}")).collect();
        if !refused.is_empty() {
            return Err(table::refused_rows("file", &refused));
        }
        if self.rows.is_empty() {
            return Err(Refusal::input("file", "this file holds no secrets"));
        }
        Ok(self
            .rows
            .iter()
            .filter_map(|row| row.outcome.as_ref().ok())
            .map(|draft| (**draft).clone())
            .collect())
    }

    fn problem(problem: &str) -> Self {
        Self { rows: Vec::new(), problem: Some(clean(problem)) }
    }
}

/// Says what importing a CSV file would do. Its columns are those of [`export_csv`], in any order, and `precise`; those
/// beyond title, owner, department, tier and summary may be missing. Several places or people stand in one cell with `;`
/// between them; `;;` is a semicolon within a place's name. A review date is the start of that day in `zone`.
#[must_use]
pub fn plan_csv(state: &State, now: Time, zone: &str, bytes: &[u8]) -> Plan {
    let rows = match table::rows(bytes, &columns()) {
        Ok(rows) => rows,
        Err(problem) => return Plan::problem(&problem),
    };
    let planned = rows.iter().map(|row| {
        let outcome = row.shape().map_or_else(|| form_of_row(row), Err);
        let outcome = outcome.and_then(|form| form.draft(state, now, zone)).map_err(|why| clean(&why));
        let title = clean(row.cell("title").unwrap_or_default());
        PlannedRow { line: row.line, title, outcome }
    });
    Plan { rows: planned.collect(), problem: None }
}

/// Says what importing a JSON file would do: a list of objects as [`export_json`] writes them, and `precise`.
#[must_use]
pub fn plan_json(state: &State, now: Time, zone: &str, bytes: &[u8]) -> Plan {
    if bytes.len() > MOST_BYTES {
        return Plan::problem(&format!(
            "this file is larger than {} MiB: import it in parts",
            MOST_BYTES >> 20
        ));
    }
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let values: Vec<serde_json::Value> = match serde_json::from_slice(bytes) {
        Ok(values) => values,
        Err(error) => {
            return Plan::problem(&format!("this file cannot be read as a JSON list of secrets: {error}"));
        }
    };
    if values.len() > MOST_ROWS {
        return Plan::problem(&format!("this file has more than {MOST_ROWS} secrets: import it in parts"));
    }
    let planned = (1..).zip(values).map(|(line, value)| {
        let title = clean(value.get("title").and_then(serde_json::Value::as_str).unwrap_or_default());
        let form = serde_json::from_value::<Form>(value).map_err(|error| error.to_string());
        let outcome = form.and_then(|form| form.draft(state, now, zone)).map_err(|why| clean(&why));
        PlannedRow { line, title, outcome }
    });
    Plan { rows: planned.collect(), problem: None }
}

/// These secrets as CSV that [`plan_csv`] reads back; dates in the organisation's zone.
#[must_use]
pub fn export_csv<'a>(state: &State, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let columns: Vec<Column> = columns().into_iter().filter(|column| column.name != "precise").collect();
    let mut out = String::new();
    write_row(&mut out, columns.iter().map(|column| column.name.to_owned()));
    for secret in secrets {
        let form = Form::of(state, secret);
        write_row(&mut out, columns.iter().map(|column| form.cell(column.name)));
    }
    out
}

/// These secrets as JSON that [`plan_json`] reads back; dates in the organisation's zone.
#[must_use]
pub fn export_json<'a>(state: &State, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let forms: Vec<Form> = secrets.into_iter().map(|secret| Form::of(state, secret)).collect();
    // Strings, numbers and lists of them always have a JSON form.
    serde_json::to_string_pretty(&forms).unwrap_or_default()
}

/// What stands in a file about one secret, before it is looked at.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    title: String,
    owner: String,
    department: String,
    tier: String,
    summary: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precise: Option<String>,
    #[serde(default)]
    places: Vec<FormPlace>,
    #[serde(default)]
    known_by: Vec<String>,
    #[serde(default)]
    value: Option<FormAmount>,
    #[serde(default)]
    cost: Option<FormAmount>,
    #[serde(default)]
    factors: [Option<FormFactor>; 6],
    #[serde(default)]
    review: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormPlace {
    sort: PlaceKind,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormAmount {
    units: u64,
    currency: String,
    #[serde(default)]
    basis: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormFactor {
    score: u8,
    reason: String,
}

impl Form {
    fn of(state: &State, secret: &Secret) -> Self {
        let profile = &secret.profile;
        let mail = |id: &PersonId| {
            state.people.get(*id).map_or_else(|| id.to_string(), |person| person.mail.to_string())
        };
        let amount = |amount: &Amount| FormAmount {
            units: amount.units,
            currency: amount.currency.to_string(),
            basis: amount.basis.as_ref().map(ToString::to_string),
        };
        let factor = |factor: &Factor| FormFactor { score: factor.score, reason: factor.reason.to_string() };
        let place = |place: &Place| FormPlace { sort: place.sort, name: place.name.to_string() };
        Self {
            title: profile.title.to_string(),
            owner: mail(&profile.owner),
            department: profile.department.to_string(),
            tier: profile.tier.to_string(),
            summary: profile.summary.to_string(),
            precise: None,
            places: profile.places.iter().map(place).collect(),
            known_by: profile.known_by.iter().map(mail).collect(),
            value: profile.value.as_ref().map(amount),
            cost: profile.cost.as_ref().map(amount),
            factors: profile.factors.each_ref().map(|one| one.as_ref().map(factor)),
            review: profile.review.map(|time| start_of_day(time, &state.organisation.zone)),
        }
    }

    /// The secret that this form puts forward, or everything that is wrong with it.
    fn draft(self, state: &State, now: Time, zone: &str) -> Result<Box<Draft>, String> {
        let mut look = Look { state, problems: Vec::new() };
        let title = look.at("title", Line::new(&self.title));
        let owner = look.person("owner", &self.owner);
        let department = look.at("department", Line::new(&self.department));
        let tier = look.at("tier", self.tier.parse());
        let summary = look.at("summary", Text::new(&self.summary));
        let precise = self.precise.and_then(|text| look.at("precise", Text::new(&text)));
        let places = self.places.iter().filter_map(|place| {
            look.at("places", Line::new(&place.name)).map(|name| Place { sort: place.sort, name })
        });
        let places = places.collect();
        let known_by = self.known_by.iter().filter_map(|mail| look.person("known_by", mail)).collect();
        let value = self.value.and_then(|amount| look.amount("value", &amount));
        let cost = self.cost.and_then(|amount| look.amount("cost", &amount));
        let mut factors = Factors::default();
        for (slot, (given, (name, _))) in factors.iter_mut().zip(self.factors.iter().zip(FACTORS)) {
            *slot = given.as_ref().and_then(|factor| look.factor(name, factor));
        }
        let review = self.review.and_then(|day| look.at("review", instant(&day, |date| date.start(zone))));
        let (Some(title), Some(owner), Some(department), Some(tier), Some(summary)) =
            (title, owner, department, tier, summary)
        else {
            return Err(look.problems.join("; "));
        };
        let profile = Profile {
            title,
            owner,
            department,
            tier,
            summary,
            places,
            known_by,
            value,
            cost,
            factors,
            review,
        };
        for checked in [profile.check(now), people_exist(state, now, &profile)] {
            look.problems.extend(checked.err().as_ref().map(said));
        }
        if look.problems.is_empty() {
            Ok(Box::new(Draft { profile, precise }))
        } else {
            Err(look.problems.join("; "))
        }
    }

    /// What stands in this column of a CSV file.
    fn cell(&self, column: &str) -> String {
        let places = |sort| {
            join(self.places.iter().filter(|place| place.sort == sort).map(|place| place.name.as_str()))
        };
        match column {
            "title" => self.title.clone(),
            "owner" => self.owner.clone(),
            "department" => self.department.clone(),
            "tier" => self.tier.clone(),
            "summary" => self.summary.clone(),
            "systems" => places(PlaceKind::System),
            "rooms" => places(PlaceKind::Room),
            "others" => places(PlaceKind::Other),
            "known_by" => join(self.known_by.iter().map(String::as_str)),
            "review" => self.review.clone().unwrap_or_default(),
            _ => self.amount_cell(column).or_else(|| self.factor_cell(column)).unwrap_or_default(),
        }
    }

    fn amount_cell(&self, column: &str) -> Option<String> {
        let (names, amount) =
            if column.starts_with(VALUE[0]) { (VALUE, &self.value) } else { (COST, &self.cost) };
        let amount = amount.as_ref()?;
        match names.iter().position(|name| *name == column)? {
            0 => Some(amount.units.to_string()),
            1 => Some(amount.currency.clone()),
            _ => amount.basis.clone(),
        }
    }

    fn factor_cell(&self, column: &str) -> Option<String> {
        let (_, factor) =
            FACTOR_COLUMNS.iter().zip(&self.factors).find(|(names, _)| names.contains(&column))?;
        let factor = factor.as_ref()?;
        Some(if column.ends_with("-reason") { factor.reason.clone() } else { factor.score.to_string() })
    }
}

/// Turns what was written into types, and collects what is wrong.
struct Look<'a> {
    state: &'a State,
    problems: Vec<String>,
}

impl Look<'_> {
    fn at<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.problems.push(format!("{field}: {error}"))).ok()
    }

    fn person(&mut self, field: &str, mail: &str) -> Option<PersonId> {
        let found = self.state.people.by_mail(mail.trim()).map(|person| person.id);
        self.at(field, found.ok_or_else(|| format!("nobody here has the mail address `{}`", mail.trim())))
    }

    fn amount(&mut self, field: &str, amount: &FormAmount) -> Option<Amount> {
        let currency = self.at(field, Line::new(&amount.currency));
        let basis = amount.basis.as_ref().and_then(|basis| self.at(field, Text::new(basis)));
        Some(Amount { units: amount.units, currency: currency?, basis })
    }

    fn factor(&mut self, name: &str, factor: &FormFactor) -> Option<Factor> {
        let reason = self.at(name, Text::new(&factor.reason));
        Some(Factor { score: factor.score, reason: reason? })
    }
}

const PLACES: [(&str, PlaceKind); 3] =
    [("systems", PlaceKind::System), ("rooms", PlaceKind::Room), ("others", PlaceKind::Other)];
const VALUE: [&str; 3] = ["value", "value_currency", "value_basis"];
const COST: [&str; 3] = ["cost", "cost_currency", "cost_basis"];
/// In the order of [`FACTORS`]. The score of the factor `value` is not called `value`: that column holds the amount.
const FACTOR_COLUMNS: [[&str; 2]; 6] = [
    ["known-outside", "known-outside-reason"],
    ["known-inside", "known-inside-reason"],
    ["measures", "measures-reason"],
    ["value-score", "value-reason"],
    ["effort", "effort-reason"],
    ["difficulty", "difficulty-reason"],
];

fn columns() -> Vec<Column> {
    let required =
        ["title", "owner", "department", "tier", "summary"].map(|name| Column { name, required: true });
    let places = PLACES.map(|(name, _)| name);
    let optional = ["precise"].into_iter().chain(places).chain(["known_by"]).chain(VALUE).chain(COST);
    let optional = optional.chain(FACTOR_COLUMNS.into_iter().flatten()).chain(["review"]);
    required.into_iter().chain(optional.map(|name| Column { name, required: false })).collect()
}

/// Reads a row into a form, or says everything that is wrong with its cells.
fn form_of_row(row: &table::Row) -> Result<Form, String> {
    let mut cells = Cells::of(row);
    let mut required =
        |column| cells.required(column, |text| Ok::<_, String>(text.to_owned())).unwrap_or_default();
    let (title, owner, department, tier, summary) =
        (required("title"), required("owner"), required("department"), required("tier"), required("summary"));
    let value = amount(&mut cells, VALUE);
    let cost = amount(&mut cells, COST);
    let factors = FACTOR_COLUMNS.map(|names| factor(&mut cells, names));
    if !cells.problems.is_empty() {
        return Err(cells.problems.join("; "));
    }
    let text = |column| cells.text(column).map(ToOwned::to_owned);
    let places = PLACES.into_iter().flat_map(|(column, sort)| {
        let names = split(cells.text(column).unwrap_or_default());
        names.into_iter().map(move |name| FormPlace { sort, name })
    });
    let known_by = split(cells.text("known_by").unwrap_or_default());
    let (precise, review, places) = (text("precise"), text("review"), places.collect());
    Ok(Form {
        title,
        owner,
        department,
        tier,
        summary,
        precise,
        places,
        known_by,
        value,
        cost,
        factors,
        review,
    })
}

fn amount(cells: &mut Cells, [units, currency, basis]: [&str; 3]) -> Option<FormAmount> {
    if [units, currency, basis].iter().all(|column| cells.text(column).is_none()) {
        return None;
    }
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("`{text}` is not an amount: write whole units, such as 11400000"))
    };
    let units = cells.required(units, number);
    let currency = cells.required(currency, |text| Ok::<_, String>(text.to_owned()));
    let basis = cells.text(basis).map(ToOwned::to_owned);
    Some(FormAmount { units: units?, currency: currency?, basis })
}

fn factor(cells: &mut Cells, [score, reason]: [&str; 2]) -> Option<FormFactor> {
    if cells.text(score).is_none() && cells.text(reason).is_none() {
        return None;
    }
    let digit = |text: &str| {
        text.parse::<u8>().map_err(|_| format!("`{text}` is not a score: write a digit from 1 to 5"))
    };
    let score = cells.required(score, digit);
    let reason = cells.required(reason, |text| Ok::<_, String>(text.to_owned()));
    Some(FormFactor { score: score?, reason: reason? })
}

/// Several names in one cell. A semicolon within a name is doubled, and a blank follows each that divides, so that
/// [`split`] finds the same names again.
fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| name.replace(';', ";;")).collect::<Vec<_>>().join("; ")
}

fn split(cell: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut rest = cell.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ';' && rest.next_if_eq(&';').is_none() {
            names.push(String::new());
        } else if let Some(name) = names.last_mut() {
            name.push(c);
        }
    }
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
