//! Reading people from a CSV file: what it would do, row by row, before it is done.

use super::Joiner;
use crate::{PersonId, State, Time};

/// Bytes a file may have.
pub const MOST_BYTES: usize = 16 << 20;
/// Rows a file may have, the header aside.
pub const MOST_ROWS: usize = 200_000;

/// What a file would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its rows, in order.
    pub rows: Vec<PlannedRow>,
    /// What is wrong with the file as a whole; then there are no rows.
    pub problem: Option<String>,
}

/// One row of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRow {
    /// The line on which it begins, the first being 1.
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
    /// The row cannot be taken, and why.
    Refuse(String),
}

/// Says what importing `bytes` would do. Dates without a time are read in `zone`.
#[must_use]
pub fn plan(_state: &State, _now: Time, _zone: &str, _bytes: &[u8]) -> Plan {
    Plan { rows: Vec::new(), problem: None }
}
