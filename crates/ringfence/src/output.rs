//! Standard output: lines, tables and JSON documents, and a reader who has gone away.

use crate::errors::Failure;
use serde_json::Value;
use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal, Write};
use unicode_width::UnicodeWidthStr;

/// Where results go.
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    styled: bool,
    /// Nobody reads any more (`| head`): the rest is dropped, and that is no error.
    closed: Cell<bool>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let styled = !json && !plain && !dumb && std::io::stdout().is_terminal();
        Self { json, styled, closed: Cell::new(false) }
    }

    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed.get() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed.set(true);
                Ok(())
            }
            other => {
                other.map_err(|error| Failure::storage(format!("standard output cannot be written: {error}")))
            }
        }
    }

    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.bytes(format!("{}\n", text.as_ref()).as_bytes())
    }

    /// A whole text as it is; in JSON as the one field `name`.
    pub(crate) fn text(&self, text: &str, name: &str) -> Result<(), Failure> {
        if self.json {
            self.document(&serde_json::json!({ name: text }))
        } else {
            self.bytes(text.as_bytes())
        }
    }

    pub(crate) fn document(&self, value: &Value) -> Result<(), Failure> {
        let text =
            serde_json::to_string_pretty(value).map_err(|error| Failure::storage(error.to_string()))?;
        self.line(text)
    }

    /// JSON, or else what `text` writes.
    pub(crate) fn either(
        &self,
        value: impl FnOnce() -> Value,
        text: impl FnOnce(&Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.json { self.document(&value()) } else { text(self) }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.style("1", text)
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.style("2", text)
    }

    fn style(&self, code: &str, text: &str) -> String {
        if self.styled { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Columns side by side, as wide as their widest cell.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
        let widths = head.iter().enumerate().map(|(column, title)| {
            let widest = cells(column).map(|cell| flat(cell).width()).max().unwrap_or(0);
            widest.max(title.width())
        });
        let widths: Vec<usize> = widths.collect();
        let head: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
        self.line(self.bold(&row(&head, &widths)))?;
        rows.iter().try_for_each(|cells| self.line(row(cells, &widths)))
    }

    /// Names and values, one below the other.
    pub(crate) fn facts(&self, facts: &[(&str, String)]) -> Result<(), Failure> {
        let facts: Vec<_> = facts.iter().filter(|(_, value)| !value.is_empty()).collect();
        let widest = facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        facts.iter().try_for_each(|(name, value)| {
            let pad = " ".repeat(widest.saturating_sub(name.width()));
            let indent = format!("\n{}", " ".repeat(widest.saturating_add(2)));
            self.line(format!("{}{pad}  {}", self.dim(name), value.replace('\n', &indent)))
        })
    }
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let cell = flat(cell);
        format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
    });
    let line: Vec<String> = padded.collect();
    line.join("  ").trim_end().to_owned()
}

/// One line of it: a table's rows are lines.
fn flat(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

/// A note on standard error, beside results on standard output.
pub(crate) fn note(text: impl AsRef<str>) {
    // Where even standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
}

/// A progress bar on standard error, where a person watches it.
pub(crate) fn progress(json: bool, what: &'static str, total: u64, bytes: bool) -> indicatif::ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let form = if bytes {
        "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}"
    } else {
        "{msg} {wide_bar} {human_pos}/{human_len} {eta}"
    };
    let style = indicatif::ProgressStyle::with_template(form)
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
    indicatif::ProgressBar::new(total).with_style(style).with_message(what)
}
