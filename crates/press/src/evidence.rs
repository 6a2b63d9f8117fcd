//! The pages of an evidence bundle that are for people: an index, how to check by hand, and a draft certificate.
//!
//! Everything here is told from what the bundle shows anyway: the caller hands over nothing that was withheld.

use crate::error::PressError;
use crate::typeset::{self, Order};
use crate::visible;
use askama::Template;
use serde::Serialize;
use std::collections::BTreeSet;

mod existence;

pub use existence::{Dated, Existence, SealedDocument, Seen};

/// What the pages tell. Times are in UTC, as `2026-03-03 09:12:44 UTC`.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Whose record; empty where it is withheld.
    pub organisation: String,
    /// The secret's id.
    pub secret: String,
    /// Its title; empty where it is withheld.
    pub title: String,
    /// The moment shown.
    pub as_of: String,
    /// When the bundle was made.
    pub made: String,
    /// The same moment in milliseconds since 1970 UTC: the date that PDFs bear.
    pub made_at: i64,
    /// Which program made it, with its version.
    pub program: String,
    /// The record's verifier key (C2SP signed-note).
    pub key: String,
    /// How many entries the record had.
    pub size: u64,
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many of their fields are withheld.
    pub withheld: usize,
    /// How many times the machine's clock is recorded to have jumped, among these entries.
    pub clock_jumps: usize,
    /// Who could open the secret then; absent where that is withheld.
    pub who: Option<Vec<Who>>,
    /// Every opening.
    pub openings: Vec<Opening>,
    /// Files whose digests are in the record.
    pub files: Vec<File>,
    /// What those outside saw.
    pub anchors: Vec<Anchor>,
    /// For the check by hand: the first entry, its number of line, and its place in its tile.
    pub by_hand: Option<ByHand>,
}

/// An entry.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its position.
    pub position: u64,
    /// Its time.
    pub time: String,
    /// Its kind.
    pub kind: String,
    /// The fields shown: name and value.
    pub shown: Vec<(String, String)>,
    /// How many are withheld.
    pub withheld: usize,
}

/// Somebody who could, or could not, open the secret.
#[derive(Debug, Clone, Serialize)]
pub struct Who {
    /// Name or id.
    pub person: String,
    /// Whether it opened for them.
    pub opens: bool,
    /// The grant, and the entry that records it.
    pub grant: Option<(String, u64)>,
    /// The conditions that failed, in words.
    pub failing: String,
    /// The entries that are the grounds: employment, clearance, signature.
    pub grounds: Vec<u64>,
}

/// One opening.
#[derive(Debug, Clone, Serialize)]
pub struct Opening {
    /// The entry.
    pub position: u64,
    /// When.
    pub time: String,
    /// Who.
    pub person: String,
    /// What.
    pub what: String,
    /// Whether it opened.
    pub opened: bool,
}

/// A file in the bundle.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    /// Its path in the bundle.
    pub path: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// The entry that states the digest.
    pub entry: Option<u64>,
}

/// What those outside saw.
#[derive(Debug, Clone, Serialize)]
pub struct Anchor {
    /// How many entries.
    pub size: u64,
    /// The time stamps over them.
    pub stamps: Vec<Stamp>,
}

/// One time stamp.
#[derive(Debug, Clone, Serialize)]
pub struct Stamp {
    /// Its path in the bundle without its ending (`.tsr`; the chain is beside it, `.pem`).
    pub path: String,
    /// Whose it is.
    pub authority: String,
    /// Its time, for people.
    pub time: String,
    /// Its time in seconds since 1970, as `openssl` takes it.
    pub seconds: i64,
    /// Where the lists of revoked certificates stand on which none of its chain stood.
    pub lists: Vec<String>,
    /// Why there is not one for each certificate, as a clause.
    pub revocation_missing: Option<String>,
}

/// Where the entry stands that the check by hand is written out for.
#[derive(Debug, Clone, Serialize)]
pub struct ByHand {
    /// Its position.
    pub position: u64,
    /// The number of its line in `entries.txt`, from 1.
    pub line: usize,
    /// Its leaf hash, in hexadecimal.
    pub leaf: String,
    /// The size of the tree that the path leads through.
    pub size: u64,
    /// From the leaf upwards: the hash to join (hexadecimal), and whether it stands on the left.
    pub path: Vec<(String, bool)>,
    /// The root, in hexadecimal.
    pub root: String,
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    e: &'a Evidence,
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct Certificate<'a> {
    e: &'a Evidence,
}

#[derive(Template)]
#[template(path = "README.txt")]
struct Readme<'a> {
    e: &'a Evidence,
}

impl Evidence {
    /// The page that people begin with: HTML, whole in itself, without script.
    ///
    /// # Errors
    /// The template could not be filled.
    pub fn index(&self) -> Result<String, PressError> {
        Ok(Index { e: self }.render()?)
    }

    /// The draft of a certificate under the Federal Rules of Evidence, 902(13) and 902(14). Counsel has to confirm it.
    ///
    /// # Errors
    /// As [`Evidence::index`].
    pub fn certificate(&self) -> Result<String, PressError> {
        Ok(Certificate { e: self }.render()?)
    }

    /// How to check it, by a verifier or by hand.
    ///
    /// # Errors
    /// As [`Evidence::index`].
    pub fn readme(&self) -> Result<String, PressError> {
        Ok(Readme { e: self }.render()?)
    }

    /// The same as [`Evidence::index`], to be printed: PDF/A, in volumes where it is long. The time to typeset grows faster than
    /// the length, and whoever waits for another document waits for one volume at most.
    ///
    /// # Errors
    /// It could not be typeset.
    pub fn index_pdfs(&self) -> Result<Vec<Vec<u8>>, PressError> {
        self.volumes(VOLUME)
    }

    /// The index in volumes of at most so many entries and so many openings.
    fn volumes(&self, rows: usize) -> Result<Vec<Vec<u8>>, PressError> {
        let of = self.entries.len().max(self.openings.len()).div_ceil(rows).max(1);
        let set = |number: usize| {
            let volume = Volume { number, of, entries: self.entries.len() };
            if of == 1 {
                return self.pdf("index.typ", volume);
            }
            let skipped = (number - 1) * rows;
            let here = Evidence {
                entries: self.entries.iter().skip(skipped).take(rows).cloned().collect(),
                openings: self.openings.iter().skip(skipped).take(rows).cloned().collect(),
                ..self.without_rows()
            };
            here.pdf("index.typ", volume)
        };
        (1..=of).map(set).collect()
    }

    /// What the first volume alone tells, and every title.
    fn without_rows(&self) -> Self {
        Evidence {
            organisation: self.organisation.clone(),
            secret: self.secret.clone(),
            title: self.title.clone(),
            as_of: self.as_of.clone(),
            made: self.made.clone(),
            program: self.program.clone(),
            key: self.key.clone(),
            who: self.who.clone(),
            files: self.files.clone(),
            anchors: self.anchors.clone(),
            by_hand: self.by_hand.clone(),
            entries: Vec::new(),
            openings: Vec::new(),
            ..*self
        }
    }

    /// The same as [`Evidence::certificate`], to be printed and signed: PDF/A.
    ///
    /// # Errors
    /// As [`Evidence::index_pdfs`].
    pub fn certificate_pdf(&self) -> Result<Vec<u8>, PressError> {
        self.pdf("certificate.typ", Volume::only(self.entries.len()))
    }

    fn pdf(&self, template: &'static str, volume: Volume) -> Result<Vec<u8>, PressError> {
        let order = Order {
            template,
            ident: format!("{template} {} {} {}", self.secret, self.made, volume.number),
            creator: &self.program,
            made: self.made_at,
        };
        let head = visible::beginning(&self.organisation, HEAD);
        let linked = volume.of == 1 && self.can_be_linked();
        typeset::pdf(&order, &Sheet { e: self, head, linked, volume })
    }

    /// Does each number of an entry that is named lead to one entry that is shown?
    fn can_be_linked(&self) -> bool {
        let shown: BTreeSet<u64> = self.entries.iter().map(|entry| entry.position).collect();
        let who = self.who.iter().flatten();
        let grounds = who.flat_map(|row| row.grounds.iter().chain(row.grant.iter().map(|(_, entry)| entry)));
        let openings = self.openings.iter().map(|opening| &opening.position);
        let files = self.files.iter().filter_map(|file| file.entry.as_ref());
        shown.len() == self.entries.len()
            && grounds.chain(openings).chain(files).all(|entry| shown.contains(entry))
    }
}

/// The most entries, and the most openings, of one volume.
const VOLUME: usize = 1_000;

/// Which part of a long document it is.
#[derive(Serialize)]
struct Volume {
    /// From 1.
    number: usize,
    of: usize,
    /// How many entries there are in all volumes.
    entries: usize,
}

impl Volume {
    fn only(entries: usize) -> Self {
        Self { number: 1, of: 1, entries }
    }
}

/// How much of a name fits at the head of a page.
const HEAD: usize = 90;

/// What a template is given.
#[derive(Serialize)]
struct Sheet<'a, T> {
    e: &'a T,
    /// Whose sheet it is, at the head of each page.
    head: String,
    /// Whether numbers of entries lead to where the entries stand.
    linked: bool,
    volume: Volume,
}

#[cfg(test)]
mod tests;
