//! A line of a bundle: an entry, and those of its fields that are shown (docs/record-format.md, section 3).

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use memchr::memchr;

use crate::digest::{Digest, leaf_hash, sha256};
use crate::disclosure::{Disclosure, DisclosureError, name_of};
use crate::entry::{Entry, EntryError};

/// An entry and the fields of it that are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// Fields of the entry, in the order they are written.
    pub disclosures: Vec<Disclosure>,
}

/// Reads lines one after the other, and keeps the room that this takes.
#[derive(Debug, Default)]
pub struct LineReader {
    decoded: Vec<u8>,
    ends: Vec<usize>,
}

/// A line that was read and is in order. Its values have been looked at and are not kept.
#[derive(Debug)]
pub struct ShownLine<'a> {
    /// The entry.
    pub entry: Entry,
    /// The entry's leaf hash.
    pub leaf: Digest,
    /// The fields shown, in the order they are written.
    pub fields: Vec<ShownField<'a>>,
}

/// A field of a [`ShownLine`].
#[derive(Debug)]
pub struct ShownField<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    // INVARIANT: base64url.
    encoded: &'a [u8],
}

/// Why something is not a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// What it begins with is not an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// What follows a `~` is not a disclosure.
    #[error("field {number} after the entry cannot be read: {source}")]
    Field {
        /// The entry's position.
        position: u64,
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong.
        source: DisclosureError,
    },
    /// A disclosure that the entry does not hold.
    #[error("the entry does not hold the field `{name}` that is shown with it")]
    NotOfEntry {
        /// The entry's position.
        position: u64,
        /// The field's name.
        name: String,
    },
    /// A name that stands twice.
    #[error("the field `{name}` is shown twice")]
    Twice {
        /// The entry's position.
        position: u64,
        /// The field's name.
        name: String,
    },
}

impl Line {
    /// Reads a line, given without its newline.
    pub fn parse(text: &[u8]) -> Result<Self, LineError> {
        let mut reader = LineReader::default();
        let shown = reader.read(text)?;
        let disclosures = (1..).zip(&shown.fields).map(|(number, field)| {
            let position = shown.entry.position();
            field.disclosure().map_err(|source| LineError::Field { position, number, source })
        });
        Ok(Self { disclosures: disclosures.collect::<Result<_, _>>()?, entry: shown.entry })
    }

    /// The line without its newline.
    ///
    /// Whether the disclosures are the entry's is not asked here: [`parse`](Self::parse) does.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.entry.to_bytes();
        for disclosure in &self.disclosures {
            bytes.push(b'~');
            bytes.extend_from_slice(disclosure.encoded().as_bytes());
        }
        bytes
    }

    /// The field of a name, if it is shown.
    pub fn field(&self, name: &str) -> Option<&Disclosure> {
        self.disclosures.iter().find(|disclosure| disclosure.name() == name)
    }
}

impl LineReader {
    /// Reads a line, given without its newline.
    pub fn read<'a>(&'a mut self, text: &'a [u8]) -> Result<ShownLine<'a>, LineError> {
        // An entry has no `~` in it, nor has base64url.
        let (written, rest) = text.split_at(memchr(b'~', text).unwrap_or(text.len()));
        let parts = Parts(rest);
        let entry = Entry::from_bytes(written)?;
        let position = entry.position();
        let unread = |number, source| LineError::Field { position, number, source };

        // First all are decoded into one buffer, then all are read from it: so names can be borrowed.
        self.decoded.clear();
        self.ends.clear();
        for (number, part) in (1..).zip(parts.clone()) {
            let start = self.decoded.len();
            let room = BASE64URL_NOPAD.decode_len(part.len());
            let end = start + room.map_err(|_| unread(number, DisclosureError::NotBase64Url))?;
            self.decoded.resize(end, 0);
            let place = self.decoded.get_mut(start..).unwrap_or_default();
            BASE64URL_NOPAD
                .decode_mut(part, place)
                .map_err(|_| unread(number, DisclosureError::NotBase64Url))?;
            self.ends.push(end);
        }
        // JSON is UTF-8. Asked of all at once it takes a fraction of what it takes of each text in it; where one is not, each is asked.
        let decoded = str::from_utf8(&self.decoded);
        let mut fields = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for ((number, encoded), end) in (1..).zip(parts).zip(&self.ends) {
            let text = match decoded {
                Ok(all) => all.get(start..*end),
                Err(_) => self.decoded.get(start..*end).and_then(|part| str::from_utf8(part).ok()),
            };
            let name = text.ok_or(DisclosureError::NotATriple).and_then(name_of);
            let name = name.map_err(|source| unread(number, source))?;
            start = *end;
            if !entry.holds(&sha256(encoded)) {
                return Err(LineError::NotOfEntry { position, name: shortened(&name) });
            }
            fields.push(ShownField { name, encoded });
        }
        if let Some(name) = twice(&fields) {
            return Err(LineError::Twice { position, name });
        }
        Ok(ShownLine { leaf: leaf_hash(written), entry, fields })
    }
}

/// What stands after each `~`.
#[derive(Clone)]
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let [b'~', rest @ ..] = self.0 else { return None };
        let (part, rest) = rest.split_at(memchr(b'~', rest).unwrap_or(rest.len()));
        self.0 = rest;
        Some(part)
    }
}

impl ShownLine<'_> {
    /// The field of a name, if it is shown.
    pub fn field(&self, name: &str) -> Option<Disclosure> {
        self.fields.iter().find(|field| field.name == name)?.disclosure().ok()
    }
}

impl ShownField<'_> {
    /// The field with its value.
    pub fn disclosure(&self) -> Result<Disclosure, DisclosureError> {
        Disclosure::parse(str::from_utf8(self.encoded).map_err(|_| DisclosureError::NotBase64Url)?)
    }
}

impl LineError {
    /// The position of the line's entry, where that could be read.
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::Entry(_) => None,
            Self::Field { position, .. }
            | Self::NotOfEntry { position, .. }
            | Self::Twice { position, .. } => Some(*position),
        }
    }
}

/// A name that stands twice. The same disclosure twice is the same name twice.
fn twice(fields: &[ShownField<'_>]) -> Option<String> {
    // Of a few, each beside each is found sooner than they are sorted.
    if fields.len() <= 12 {
        let again = |(place, field): &(usize, &ShownField<'_>)| {
            fields.iter().take(*place).any(|before| before.name == field.name)
        };
        return fields.iter().enumerate().find(again).map(|(_, field)| shortened(&field.name));
    }
    let mut names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    names.sort_unstable();
    names.array_windows().find(|[one, next]| one == next).map(|[name, _]| shortened(name))
}

fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests;
