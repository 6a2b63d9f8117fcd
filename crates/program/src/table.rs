//! CSV tables on their way in and out: rows with their lines, cells into types with everything that is wrong, and cells
//! that no spreadsheet takes for a formula.

use crate::{Date, Refusal, Time, TimeError};
use csv::StringRecord;
use std::fmt::Display;
use std::sync::Arc;

/// Bytes a file may have: 16 MiB.
pub const MOST_BYTES: usize = 16 << 20;
/// Rows a file may have, the header aside.
pub const MOST_ROWS: usize = 200_000;

/// Lines in another encoding that a refusal names one by one.
const NAMED: usize = 100;

const BOM: &str = "\u{FEFF}";

/// A column that a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// As the header writes it.
    pub(crate) name: &'static str,
    /// Must the file have it?
    pub(crate) required: bool,
}

/// One row as it stands in the file.
pub(crate) struct Row {
    /// The line it begins on, the first line of the file being 1.
    pub(crate) line: u64,
    columns: Arc<[&'static str]>,
    cells: StringRecord,
}

impl Row {
    /// The cell of a column without the white space and the apostrophe that [`write_row`] put in front, where the file has
    /// that column.
    pub(crate) fn cell(&self, column: &str) -> Option<&str> {
        let index = self.columns.iter().position(|one| *one == column)?;
        self.cells.get(index).map(|cell| unguard(cell.trim()).trim())
    }

    /// What is wrong with the number of cells.
    pub(crate) fn shape(&self) -> Option<String> {
        let (has, needs) = (self.cells.len(), self.columns.len());
        let spare = self.cells.iter().skip(needs).any(|cell| !cell.trim().is_empty());
        if has < needs || spare {
            let hint = "look for a separator or a quotation mark too many or too few";
            return Some(format!("this row has {has} cells where the header has {needs}: {hint}"));
        }
        None
    }
}

/// Reads a file with some or all of the `known` columns; rows without any text are left out.
///
/// # Errors
/// In words, what is wrong with it as a whole.
pub(crate) fn rows(bytes: &[u8], known: &[Column]) -> Result<Vec<Row>, String> {
    let text = text(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut lines = Lines { rest: text.as_bytes(), start: 0, line: 1 };
    let mut columns: Option<Arc<[&'static str]>> = None;
    let mut rows = Vec::new();
    loop {
        let mut cells = StringRecord::new();
        let start = reader.position().byte();
        match reader.read_record(&mut cells) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(format!("this file cannot be read as CSV: {error}")),
        }
        let line = lines.line_at(start);
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &columns {
            None => columns = Some(header(&cells, known)?),
            Some(columns) => rows.push(Row { line, columns: Arc::clone(columns), cells }),
        }
        if rows.len() > MOST_ROWS {
            return Err(format!("this file has more than {MOST_ROWS} rows: import it in parts"));
        }
    }
    match columns {
        None => Err(format!("this file is empty: its first line names the columns, {}", names(known))),
        Some(_) => Ok(rows),
    }
}

/// The cells of a row on their way into types, and what was wrong with them.
pub(crate) struct Cells<'a> {
    row: &'a Row,
    /// Everything that is wrong with the row.
    pub(crate) problems: Vec<String>,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(row: &'a Row) -> Self {
        Self { row, problems: Vec::new() }
    }

    /// An empty cell is a problem.
    pub(crate) fn required<T, E: Display>(
        &mut self,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(text) = self.text(column) else {
            self.problems.push(format!("{column}: this must not be empty"));
            return None;
        };
        self.read(column, text, read)
    }

    /// An empty cell empties the field; a missing column leaves it.
    pub(crate) fn optional<T, E: Display>(
        &mut self,
        column: &str,
        before: Option<T>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.row.cell(column).is_none() {
            return before;
        }
        let text = self.text(column)?;
        self.read(column, text, read)
    }

    /// An empty cell and a missing column both leave the field.
    pub(crate) fn kept<T, E: Display>(
        &mut self,
        column: &str,
        before: T,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        let Some(text) = self.text(column) else {
            return before;
        };
        self.read(column, text, read).unwrap_or(before)
    }

    /// What stands in a cell, where anything does.
    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        self.row.cell(column).filter(|text| !text.is_empty())
    }

    fn read<T, E: Display>(
        &mut self,
        column: &str,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(text).map_err(|error| self.problems.push(format!("{column}: {error}"))).ok()
    }
}

/// Reads a day, which becomes the instant that `whole_day` says, or an instant.
pub(crate) fn instant(text: &str, whole_day: impl FnOnce(Date) -> Time) -> Result<Time, TimeError> {
    match Date::parse(text) {
        Ok(date) => Ok(whole_day(date)),
        Err(_) => Time::parse(text),
    }
}

/// Writes what [`instant`] reads as the start of a day in `zone`.
pub(crate) fn start_of_day(time: Time, zone: &str) -> String {
    let day = time.date(zone);
    let exact = Date::parse(&day).is_ok_and(|date| date.start(zone) == time);
    if exact { day } else { time.rfc3339() }
}

/// A refusal in the words of a row's problems.
pub(crate) fn said(refusal: &Refusal) -> String {
    let field = refusal.field.map(|field| format!("{field}: ")).unwrap_or_default();
    let remedy = refusal.remedy.as_ref().map(|remedy| format!(" ({remedy})")).unwrap_or_default();
    format!("{field}{}{remedy}", refusal.message)
}

/// What was in the file is repeated in messages: without its control characters, and not at any length.
pub(crate) fn clean(message: &str) -> String {
    let bounded = message.chars().take(1000);
    bounded.map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The refusal of a whole file because of some of its rows, each named in the remedy.
pub(crate) fn refused_rows(field: &'static str, rows: &[String]) -> Refusal {
    let count = if rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", rows.len()) };
    Refusal::input(field, format!("{count} cannot be taken, so nothing was imported")).remedy(rows.join("\n"))
}

/// Adds a row as RFC 4180 section 2 writes it.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula and runs it (CWE-1236), so such a cell
/// gets an apostrophe in front, which [`Row::cell`] takes away again.
pub(crate) fn write_row(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        let cell = if is_formula(&cell) { format!("'{cell}") } else { cell };
        if cell.contains([',', ';', '"', '\n', '\r', '\t']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

fn unguard(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

/// Begins, after any apostrophes, with a character that makes a spreadsheet calculate. Counting cells that were guarded
/// before keeps guarding reversible.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("this file is larger than {} MiB: import it in parts", MOST_BYTES >> 20));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return "this file is UTF-16: save it as UTF-8 CSV".to_owned();
        }
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let lines = (1u64..).zip(bytes.split(|byte| *byte == b'\n'));
        let mut wrong = lines.filter(|(_, line)| std::str::from_utf8(line).is_err()).map(|(line, _)| line);
        let first = wrong.next().unwrap_or_default();
        let named: Vec<String> = wrong.by_ref().take(NAMED).map(|line| line.to_string()).collect();
        let more = match (named.is_empty(), wrong.count()) {
            (true, _) => String::new(),
            (false, 0) => format!("; nor are lines {}", named.join(", ")),
            (false, more) => format!("; nor are lines {} and {more} more", named.join(", ")),
        };
        format!("this file is not UTF-8 (line {first} has the byte 0x{byte:02X}{more}): save it as UTF-8 CSV")
    })?;
    Ok(text.strip_prefix(BOM).unwrap_or(text))
}

/// Spreadsheets write `;` where the comma is the decimal mark, and some write tabs.
fn separator(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn header(cells: &StringRecord, known: &[Column]) -> Result<Arc<[&'static str]>, String> {
    let mut columns = Vec::new();
    let names_given: Vec<&str> = cells.iter().map(str::trim).collect();
    let filled =
        names_given.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last.saturating_add(1));
    for name in names_given.into_iter().take(filled) {
        let column = known.iter().map(|column| column.name).find(|column| column.eq_ignore_ascii_case(name));
        let column = column.ok_or_else(|| {
            let shown: String = name.chars().take(80).collect();
            format!("`{shown}` is not a column: {} are", names(known))
        })?;
        if columns.contains(&column) {
            return Err(format!("the column `{name}` is there twice: remove one"));
        }
        columns.push(column);
    }
    let missing = known.iter().filter(|column| column.required && !columns.contains(&column.name));
    let missing: Vec<&str> = missing.map(|column| column.name).collect();
    if missing.is_empty() {
        return Ok(columns.into());
    }
    Err(format!(
        "these columns are missing: {}; the first line of the file names the columns",
        missing.join(", ")
    ))
}

fn names(known: &[Column]) -> String {
    known.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Turns byte positions, which only grow, into line numbers. The reader's own count is of no use here: it stands before
/// empty lines and before the second half of a line end.
struct Lines<'a> {
    rest: &'a [u8],
    start: u64,
    line: u64,
}

impl Lines<'_> {
    fn line_at(&mut self, position: u64) -> u64 {
        while let Some((byte, rest)) = self.rest.split_first() {
            let at_row = self.start >= position && !matches!(byte, b'\r' | b'\n');
            if at_row {
                break;
            }
            let lone_return = *byte == b'\r' && rest.first() != Some(&b'\n');
            if *byte == b'\n' || lone_return {
                self.line = self.line.saturating_add(1);
            }
            self.rest = rest;
            self.start = self.start.saturating_add(1);
        }
        self.line
    }
}
