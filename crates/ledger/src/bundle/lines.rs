//! The lines of a bundle: millions of them, so they are examined in blocks, and the blocks put together.

use std::collections::BTreeMap;

use memchr::memchr;

use super::contents::ENTRIES;
use super::{Check, Failure};
use crate::digest::Digest;
use crate::key::VerifierKey;
use crate::line::{LineReader, ShownLine};
use crate::tile_set::Tile;
use crate::tiles::TILE_WIDTH;

/// The longest line, in bytes, its newline counted.
pub const MAX_LINE: usize = 1 << 24;

/// The kind of the entry by which a key of the record comes into use.
const ROTATION: &str = "evidence.key-rotated";

/// What lines came to that stand one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    pub(super) count: u64,
    pub(super) fields: u64,
    pub(super) withheld: u64,
    pub(super) first: Option<Mark>,
    pub(super) last: Option<Mark>,
    fault: Option<Fault>,
    // The first entry whose leaf hash is not the one in its tile.
    pub(super) outside: Option<u64>,
    // The lowest tiles of the entries, by their index, ascending.
    pub(super) tiles: Vec<u64>,
    // Of the manifest's files, those whose field is shown, and whether it is their digest.
    pub(super) files: BTreeMap<usize, bool>,
    // Where keys came into use, and which of the manifest's.
    pub(super) rotations: Vec<(u64, Option<usize>)>,
}

/// Where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) position: u64,
    pub(super) time: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    place: Place,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The line of so many before it in the same block, and of one more.
    Line(u64),
    Position(u64),
}

/// Examines lines: knows what they are compared with. Any number of threads can use it at once.
#[derive(Debug, Default)]
pub struct LineExaminer<'a> {
    /// The size of the record.
    pub(super) size: Option<u64>,
    /// Tiles of the lowest level.
    pub(super) tiles: BTreeMap<u64, &'a Tile<'a>>,
    /// By position: a file of the manifest, the field that names its digest, and the digest.
    pub(super) files: BTreeMap<u64, Vec<(usize, &'a str, Digest)>>,
    /// The record's keys.
    pub(super) keys: &'a [VerifierKey],
}

impl LineExaminer<'_> {
    /// Examines whole lines.
    ///
    /// Bytes without a newline at their end are a line that cannot be read, and so is a line of more than [`MAX_LINE`] bytes:
    /// whoever reads a file need not look for its end.
    pub fn examine(&self, block: &[u8]) -> Lines {
        let mut lines = Lines::default();
        let mut reader = LineReader::default();
        let mut rest = block;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            let (text, after) = rest.split_at(end);
            rest = after;
            if let Err(fault) = self.line(text, &mut reader, &mut lines) {
                lines.fault = Some(fault);
                break;
            }
        }
        lines
    }

    fn line(&self, text: &[u8], reader: &mut LineReader, lines: &mut Lines) -> Result<(), Fault> {
        let unread = |reason: &str| Fault { place: Place::Line(lines.count), reason: reason.to_owned() };
        let whole = text.strip_suffix(b"\n").filter(|_| text.len() <= MAX_LINE);
        let text =
            whole.ok_or_else(|| unread("the line does not end in a newline, or is longer than 16 MiB"))?;
        let shown = reader.read(text).map_err(|error| Fault {
            place: error.position().map_or(Place::Line(lines.count), Place::Position),
            reason: error.to_string(),
        })?;
        let mark = Mark { position: shown.entry.position(), time: shown.entry.time() };
        in_order(lines.last, mark, self.size)?;

        lines.count += 1;
        lines.fields += shown.fields.len() as u64;
        lines.withheld += (shown.entry.digests().len() - shown.fields.len()) as u64;
        lines.first.get_or_insert(mark);
        lines.last = Some(mark);
        self.place(&shown, mark.position, lines);
        self.wishes(&shown, mark.position, lines);
        Ok(())
    }

    fn place(&self, shown: &ShownLine<'_>, position: u64, lines: &mut Lines) {
        let index = position / u64::from(TILE_WIDTH);
        if lines.tiles.last() != Some(&index) {
            lines.tiles.push(index);
        }
        // A tile that is missing fails another check.
        let known = self.tiles.get(&index).and_then(|tile| tile.hash(position % u64::from(TILE_WIDTH)));
        if known.is_some_and(|known| known != shown.leaf) {
            lines.outside.get_or_insert(position);
        }
    }

    fn wishes(&self, shown: &ShownLine<'_>, position: u64, lines: &mut Lines) {
        for (file, field, digest) in self.files.get(&position).into_iter().flatten() {
            if let Some(shown) = shown.field(field) {
                let same = shown.value().as_str() == Some(digest.to_hex().as_str());
                lines.files.insert(*file, same);
            }
        }
        if shown.entry.kind() == ROTATION {
            let stated = shown.field("key");
            let stated = stated.as_ref().and_then(|field| field.value().as_str());
            let key = self.keys.iter().position(|key| stated == Some(key.to_string().as_str()));
            lines.rotations.push((position, key));
        }
    }
}

impl Lines {
    /// These lines, and those of the block that comes directly after.
    #[must_use]
    pub fn then(mut self, mut next: Self) -> Self {
        if self.fault.is_some() {
            return self;
        }
        if let Some(first) = next.first
            && let Err(fault) = in_order(self.last, first, None)
        {
            self.fault = Some(fault);
            return self;
        }
        self.fault = next.fault.map(|fault| match fault.place {
            Place::Line(before) => Fault { place: Place::Line(self.count + before), ..fault },
            Place::Position(_) => fault,
        });
        self.count += next.count;
        self.fields += next.fields;
        self.withheld += next.withheld;
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        self.outside = self.outside.or(next.outside);
        if self.tiles.last().is_some() && self.tiles.last() == next.tiles.first() {
            self.tiles.pop();
        }
        self.tiles.append(&mut next.tiles);
        self.files.append(&mut next.files);
        self.rotations.append(&mut next.rotations);
        self
    }

    /// That they are all in order, and that there is one: gives the first and the last.
    pub(super) fn check(&self) -> Result<(Mark, Mark), Failure> {
        match (&self.fault, self.first, self.last) {
            (Some(Fault { place: Place::Line(before), reason }), ..) => {
                Err(Check::Entries.fails(format_args!("line {}", before + 1), reason))
            }
            (Some(Fault { place: Place::Position(position), reason }), ..) => {
                Err(Check::Entries.fails(position, reason))
            }
            (None, Some(first), Some(last)) => Ok((first, last)),
            _ => Err(Check::Entries.fails("line 1", format_args!("`{ENTRIES}` has no line"))),
        }
    }
}

/// That an entry comes after the one before it, and is in a record of that size.
pub(super) fn check_order(before: Mark, mark: Mark, size: u64) -> Result<(), Failure> {
    in_order(Some(before), mark, Some(size))
        .map_err(|fault| Check::Entries.fails(mark.position, fault.reason))
}

fn in_order(before: Option<Mark>, mark: Mark, size: Option<u64>) -> Result<(), Fault> {
    let reason = match before {
        Some(before) if before.position >= mark.position => "it does not come after the entry before it",
        Some(before) if before.time > mark.time => "its time is before that of the entry before it",
        _ if size.is_some_and(|size| mark.position >= size) => {
            "the record that was signed has no such position"
        }
        _ => return Ok(()),
    };
    Err(Fault { place: Place::Position(mark.position), reason: reason.to_owned() })
}
