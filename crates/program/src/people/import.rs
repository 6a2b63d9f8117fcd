//! Reading people from a CSV file: what it would do, row by row, before it is done.

use super::check::{check_clearance, check_dates, circle};
use super::mail::key;
use super::{Engagement, Joiner, Mail, Person, Profile, Role};
use crate::table::{self, Cells, Row, clean, instant, said};
use crate::{Line, PersonId, State, Time};
use std::collections::{BTreeSet, HashMap};

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
    /// The line on which it begins, the first line of the file being 1.
    pub line: u64,
    /// What it would do.
    pub outcome: Planned,
}

/// What a row would do.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// Enter somebody, who will have this id.
    Add(PersonId, Joiner),
    /// Change somebody: profile, clearance and roles as they shall be.
    Change(PersonId, Joiner),
    /// Nothing: this person is like that already.
    Same(PersonId),
    /// The row cannot be taken, and everything that is wrong with it.
    Refuse(String),
}

impl Plan {
    /// The rows that cannot be taken, each with its line and why.
    pub fn refused(&self) -> impl Iterator<Item = (u64, &str)> {
        self.rows.iter().filter_map(|row| match &row.outcome {
            Planned::Refuse(why) => Some((row.line, why.as_str())),
            _ => None,
        })
    }
}

/// Says what importing `bytes` would do. Dates without a time are read in `zone`: `starts` is the first day, `ends` the
/// last. People are known again by their mail address. For somebody known, a column the file does not have, and an empty
/// clearance or roles cell, leave things as they are (`none` takes all roles away); any other empty cell empties the field.
#[must_use]
pub fn plan(state: &State, now: Time, zone: &str, bytes: &[u8]) -> Plan {
    let columns =
        Column::ALL.map(|column| table::Column { name: column.name(), required: column.required() });
    match table::rows(bytes, &columns) {
        Ok(rows) => Plan { rows: Planner::new(state, now, zone, &rows).plan(&rows), problem: None },
        Err(problem) => Plan { rows: Vec::new(), problem: Some(clean(&problem)) },
    }
}

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Mail,
    Engagement,
    Department,
    Job,
    Clearance,
    Roles,
    Manager,
    Starts,
    Ends,
}

impl Column {
    pub(super) const ALL: [Column; 10] = [
        Column::Name,
        Column::Mail,
        Column::Engagement,
        Column::Department,
        Column::Job,
        Column::Clearance,
        Column::Roles,
        Column::Manager,
        Column::Starts,
        Column::Ends,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Mail => "mail",
            Column::Engagement => "engagement",
            Column::Department => "department",
            Column::Job => "job",
            Column::Clearance => "clearance",
            Column::Roles => "roles",
            Column::Manager => "manager",
            Column::Starts => "starts",
            Column::Ends => "ends",
        }
    }

    fn required(self) -> bool {
        matches!(self, Column::Name | Column::Mail | Column::Engagement | Column::Department | Column::Starts)
    }
}

/// Whom a mail address in the file stands for, and the line on which it came first.
#[derive(Clone, Copy)]
struct Place {
    id: PersonId,
    line: u64,
}

struct Planner<'a> {
    state: &'a State,
    now: Time,
    zone: &'a str,
    places: HashMap<String, Place>,
}

impl<'a> Planner<'a> {
    /// Gives everybody in the file their id first, so that a manager may stand below those who report to them.
    fn new(state: &'a State, now: Time, zone: &'a str, rows: &[Row]) -> Self {
        let mut places = HashMap::with_capacity(rows.len());
        let mut next = state.people.next();
        for row in rows {
            let mail = key(row.cell(Column::Mail.name()).unwrap_or_default());
            if mail.is_empty() || places.contains_key(&mail) {
                continue;
            }
            let known = state.people.by_mail(&mail).map(|person| person.id);
            let id = known.unwrap_or(next);
            if known.is_none() {
                next = PersonId(next.0.saturating_add(1));
            }
            places.insert(mail, Place { id, line: row.line });
        }
        Self { state, now, zone, places }
    }

    fn plan(&self, rows: &[Row]) -> Vec<PlannedRow> {
        let outcome = |row: &Row| self.row(row).unwrap_or_else(|why| Planned::Refuse(clean(&why)));
        let mut planned: Vec<PlannedRow> =
            rows.iter().map(|row| PlannedRow { line: row.line, outcome: outcome(row) }).collect();
        let circular = self.circular(&planned);
        for row in &mut planned {
            if let Planned::Add(id, _) | Planned::Change(id, _) | Planned::Same(id) = row.outcome
                && circular.contains(&id)
            {
                row.outcome = Planned::Refuse(format!("manager: {}", circle(id).message));
            }
        }
        planned
    }

    /// Reads one row, and collects everything that is wrong with it.
    fn row(&self, row: &Row) -> Result<Planned, String> {
        if let Some(problem) = row.shape() {
            return Err(problem);
        }
        let mut cells = Cells::of(row);
        let mail = cells.required(Column::Mail.name(), Mail::new);
        let place = mail.as_ref().and_then(|mail| self.places.get(&mail.key()).copied());
        if let Some(first) = place.filter(|place| place.line != row.line) {
            cells.problems.push(format!("mail: line {} has this address already", first.line));
        }
        let known = place.and_then(|place| self.state.people.get(place.id));
        let name = cells.required(Column::Name.name(), Line::new);
        let engagement = cells.required(Column::Engagement.name(), str::parse::<Engagement>);
        let department = cells.required(Column::Department.name(), Line::new);
        let starts =
            cells.required(Column::Starts.name(), |text| instant(text, |date| date.start(self.zone)));
        let ends = cells.optional(Column::Ends.name(), known.and_then(|person| person.ends), |text| {
            instant(text, |date| date.end(self.zone))
        });
        let job = cells.optional(Column::Job.name(), known.and_then(|person| person.job.clone()), Line::new);
        let manager = cells
            .optional(Column::Manager.name(), known.and_then(|person| person.manager), |m| self.manager(m));
        let clearance =
            cells.kept(Column::Clearance.name(), known.map_or(0, |person| person.clearance), clearance);
        let roles = cells.kept(
            Column::Roles.name(),
            known.map(|person| person.roles.clone()).unwrap_or_default(),
            roles,
        );
        let (Some(place), Some(mail), Some(name), Some(engagement), Some(department), Some(starts)) =
            (place, mail, name, engagement, department, starts)
        else {
            return Err(cells.problems.join("; "));
        };
        // The same address in other letters is no change.
        let mail = known.map_or(mail, |person| person.mail.clone());
        let profile = Profile { name, mail, engagement, department, job, manager, starts, ends };
        if let Err(refusal) = check_dates(self.now, known, &profile) {
            cells.problems.push(said(&refusal));
        }
        if !cells.problems.is_empty() {
            return Err(cells.problems.join("; "));
        }
        Ok(outcome(place.id, known, Joiner { profile, clearance, roles }))
    }

    fn manager(&self, text: &str) -> Result<PersonId, String> {
        let mail = key(text);
        let here = self.places.get(&mail).map(|place| place.id);
        let found = here.or_else(|| self.state.people.by_mail(&mail).map(|person| person.id));
        found.ok_or_else(|| format!("nobody has the mail address `{text}`, here or in this file"))
    }

    /// Everybody who, after this file, would report to themselves. Each person is walked over once.
    fn circular(&self, rows: &[PlannedRow]) -> BTreeSet<PersonId> {
        let mut managers = HashMap::with_capacity(rows.len());
        for row in rows {
            if let Planned::Add(id, joiner) | Planned::Change(id, joiner) = &row.outcome {
                managers.insert(*id, joiner.profile.manager);
            }
        }
        let manager = |id: PersonId| match managers.get(&id) {
            Some(manager) => *manager,
            None => self.state.people.get(id).and_then(|person| person.manager),
        };
        let mut walks: HashMap<PersonId, usize> = HashMap::new();
        let mut circular = BTreeSet::new();
        for (walk, start) in managers.keys().enumerate() {
            let mut at = Some(*start);
            while let Some(id) = at {
                match walks.get(&id) {
                    None => {
                        walks.insert(id, walk);
                        at = manager(id);
                    }
                    Some(earlier) if *earlier == walk => {
                        let round = std::iter::successors(manager(id), |next| manager(*next));
                        circular.insert(id);
                        circular.extend(round.take_while(|next| *next != id));
                        break;
                    }
                    Some(_) => break,
                }
            }
        }
        circular
    }
}

fn outcome(id: PersonId, known: Option<&Person>, joiner: Joiner) -> Planned {
    let Some(person) = known else {
        return Planned::Add(id, joiner);
    };
    let same = person.profile() == joiner.profile
        && person.clearance == joiner.clearance
        && person.roles == joiner.roles;
    if same { Planned::Same(id) } else { Planned::Change(id, joiner) }
}

fn clearance(text: &str) -> Result<u8, String> {
    let level =
        text.parse().map_err(|_| format!("`{text}` is not a clearance: write a digit from 0 to 9"))?;
    check_clearance(level).map(|()| level).map_err(|refusal| refusal.message)
}

/// Roles stand in one cell, with `;` between them; `,` and `|` are taken as well, for files whose cells `;` divides.
fn roles(text: &str) -> Result<BTreeSet<Role>, super::RoleError> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(BTreeSet::new());
    }
    text.split([';', ',', '|']).filter(|word| !word.trim().is_empty()).map(str::parse).collect()
}
