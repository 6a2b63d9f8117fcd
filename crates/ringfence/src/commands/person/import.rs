//! People from a CSV file: what it would do, row by row, and doing it where every row can be taken.

use crate::errors::{Code, Failure, Row};
use crate::lookup;
use crate::session::Session;
use program::people::{self, Command, Joiner, Person, Planned, PlannedRow};
use program::{Refusal, State};
use serde_json::{Value, json};
use std::path::Path;

/// How many rows do what.
#[derive(Clone, Copy)]
struct Counts {
    added: usize,
    changed: usize,
    same: usize,
}

pub(super) async fn run(session: &Session, file: &Path, dry_run: bool) -> Result<(), Failure> {
    let bytes = lookup::read(file, people::MOST_BYTES as u64)?;
    let (state, now) = (session.state(), session.now());
    let plan = people::plan(&state, now, &session.zone(), &bytes);
    if let Some(problem) = plan.problem {
        return Err(Refusal::input("csv", problem).into());
    }
    let counts = Counts::of(&plan.rows);
    let refused: Vec<Row> = plan.refused().map(|(line, why)| Row { line, why: why.to_owned() }).collect();
    if !refused.is_empty() {
        let message = format!(
            "{} of {} rows cannot be taken, so nothing was imported ({} would be added, {} changed)",
            refused.len(),
            plan.rows.len(),
            counts.added,
            counts.changed
        );
        return Err(Failure::new(Code::Input, "input", message).rows("csv", refused));
    }
    let command = Command::Import { csv: bytes.into() };
    if counts.added == 0 && counts.changed == 0 {
        return preview(session, &state, &plan.rows, counts, dry_run);
    }
    if dry_run {
        // Whoever may not do it is told so now.
        program::decide(&state, &session.actor, now, &command.into())?;
        return preview(session, &state, &plan.rows, counts, dry_run);
    }
    let done = session.service.act(&session.actor, command).await?;
    session.recorded(&done, counts.json(dry_run))
}

fn preview(
    session: &Session,
    state: &State,
    rows: &[PlannedRow],
    counts: Counts,
    dry_run: bool,
) -> Result<(), Failure> {
    let told: Vec<(u64, &str, &Joiner, String)> = rows
        .iter()
        .filter_map(|row| match &row.outcome {
            Planned::Add(_, joiner) => Some((row.line, "add", joiner, String::new())),
            Planned::Change(id, joiner) => {
                let changes = state.people.get(*id).map(|person| changes(person, joiner)).unwrap_or_default();
                Some((row.line, "change", joiner, changes.join(", ")))
            }
            Planned::Same(_) | Planned::Refuse(_) => None,
        })
        .collect();
    session.out.either(
        || {
            let rows = told.iter().map(|(line, what, joiner, changes)| {
                json!({
                    "line": line,
                    "would": what,
                    "name": joiner.profile.name,
                    "mail": joiner.profile.mail,
                    "changes": changes.split(", ").filter(|field| !field.is_empty()).collect::<Vec<_>>(),
                })
            });
            let mut shown = counts.json(dry_run);
            if let Value::Object(fields) = &mut shown {
                fields.insert("rows".to_owned(), Value::Array(rows.collect()));
            }
            shown
        },
        |out| {
            if !told.is_empty() {
                let rows: Vec<Vec<String>> = told
                    .iter()
                    .map(|(line, what, joiner, changes)| {
                        vec![
                            line.to_string(),
                            (*what).to_owned(),
                            joiner.profile.name.to_string(),
                            joiner.profile.mail.to_string(),
                            changes.clone(),
                        ]
                    })
                    .collect();
                out.table(&["Line", "Would", "Name", "Mail", "Changes"], &rows)?;
            }
            let Counts { added, changed, same } = counts;
            out.line(format!("{added} would be added, {changed} changed, {same} are like that already."))
        },
    )
}

/// The columns in which somebody would be different.
fn changes(person: &Person, wanted: &Joiner) -> Vec<&'static str> {
    let (before, after) = (person.profile(), &wanted.profile);
    let differs = [
        ("name", before.name != after.name),
        ("mail", before.mail != after.mail),
        ("engagement", before.engagement != after.engagement),
        ("department", before.department != after.department),
        ("job", before.job != after.job),
        ("clearance", person.clearance != wanted.clearance),
        ("roles", person.roles != wanted.roles),
        ("manager", before.manager != after.manager),
        ("starts", before.starts != after.starts),
        ("ends", before.ends != after.ends),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(column, _)| column).collect()
}

impl Counts {
    fn of(rows: &[PlannedRow]) -> Self {
        let count = |wanted: fn(&Planned) -> bool| rows.iter().filter(|row| wanted(&row.outcome)).count();
        Self {
            added: count(|row| matches!(row, Planned::Add(..))),
            changed: count(|row| matches!(row, Planned::Change(..))),
            same: count(|row| matches!(row, Planned::Same(_))),
        }
    }

    fn json(self, dry_run: bool) -> Value {
        json!({ "added": self.added, "changed": self.changed, "same": self.same, "dry_run": dry_run })
    }
}
