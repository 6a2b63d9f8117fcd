//! From the bytes of a file to rows of cells, each with the line it begins on.

use super::{Column, MOST_BYTES, MOST_ROWS};
use csv::StringRecord;
use std::sync::Arc;

const BOM: &str = "\u{FEFF}";

/// One row as it stands in the file.
pub(super) struct Row {
    /// The line it begins on.
    pub(super) line: u64,
    columns: Arc<[Column]>,
    cells: StringRecord,
}

impl Row {
    /// The cell of a column, where the file has that column.
    pub(super) fn cell(&self, column: Column) -> Option<&str> {
        let index = self.columns.iter().position(|one| *one == column)?;
        self.cells.get(index)
    }

    /// What is wrong with the number of cells.
    pub(super) fn shape(&self) -> Option<String> {
        let (has, needs) = (self.cells.len(), self.columns.len());
        let spare = self.cells.iter().skip(needs).any(|cell| !cell.trim().is_empty());
        if has < needs || spare {
            let hint = "look for a separator or a quotation mark too many or too few";
            return Some(format!(
                "this row has {has} cells where the header has {needs}: {hint}"
            ));
        }
        None
    }
}

/// Reads the file.
///
/// # Errors
/// In words, what is wrong with it as a whole.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let text = text(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut lines = Lines {
        rest: text.as_bytes(),
        start: 0,
        line: 1,
    };
    let mut columns: Option<Arc<[Column]>> = None;
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
            None => columns = Some(header(&cells)?),
            Some(columns) => rows.push(Row {
                line,
                columns: Arc::clone(columns),
                cells,
            }),
        }
        if rows.len() > MOST_ROWS {
            return Err(format!(
                "this file has more than {MOST_ROWS} rows: import it in parts"
            ));
        }
    }
    match columns {
        None => Err(format!(
            "this file is empty: its first line names the columns, {}",
            names()
        )),
        Some(_) => Ok(rows),
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!(
            "this file is larger than {} MiB: import it in parts",
            MOST_BYTES >> 20
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return "this file is UTF-16: save it as UTF-8 CSV".to_owned();
        }
        let (good, bad) = bytes
            .split_at_checked(error.valid_up_to())
            .unwrap_or((bytes, &[]));
        let line = good
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            .saturating_add(1);
        let byte = bad.first().copied().unwrap_or_default();
        format!("this file is not UTF-8 (line {line} has the byte 0x{byte:02X}): save it as UTF-8 CSV")
    })?;
    Ok(text.strip_prefix(BOM).unwrap_or(text))
}

/// Spreadsheets write `;` where the comma is the decimal mark, and some write tabs.
fn separator(text: &str) -> u8 {
    let header = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

fn header(cells: &StringRecord) -> Result<Arc<[Column]>, String> {
    let mut columns = Vec::new();
    let names_given: Vec<&str> = cells.iter().map(str::trim).collect();
    let filled = names_given
        .iter()
        .rposition(|name| !name.is_empty())
        .map_or(0, |last| last.saturating_add(1));
    for name in names_given.into_iter().take(filled) {
        let column = Column::ALL
            .into_iter()
            .find(|column| column.name().eq_ignore_ascii_case(name));
        let column = column.ok_or_else(|| format!("`{name}` is not a column: {} are", names()))?;
        if columns.contains(&column) {
            return Err(format!("the column `{name}` is there twice: remove one"));
        }
        columns.push(column);
    }
    let missing = Column::ALL
        .into_iter()
        .filter(|column| column.required() && !columns.contains(column));
    let missing: Vec<&str> = missing.map(Column::name).collect();
    if missing.is_empty() {
        return Ok(columns.into());
    }
    Err(format!(
        "these columns are missing: {}; the first line of the file names the columns",
        missing.join(", ")
    ))
}

fn names() -> String {
    Column::ALL.map(Column::name).join(", ")
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
