//! The pages of an evidence bundle that are for people: an index, how to check by hand, and a draft certificate.
//!
//! Everything here is told from what the bundle shows anyway: the caller hands over nothing that was withheld.

use askama::Template;

/// What the pages tell. Times are in UTC, as `2026-03-03 09:12:44 UTC`.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
pub struct Anchor {
    /// How many entries.
    pub size: u64,
    /// The time stamps: path in the bundle without its ending (`.tsr`; the chain is beside it, `.pem`), authority, time.
    pub stamps: Vec<(String, String, String)>,
}

/// Where the entry stands that the check by hand is written out for.
#[derive(Debug, Clone)]
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
    pub fn index(&self) -> Result<String, askama::Error> {
        Index { e: self }.render()
    }

    /// The draft of a certificate under the Federal Rules of Evidence, 902(13) and 902(14). Counsel has to confirm it.
    ///
    /// # Errors
    /// As [`Evidence::index`].
    pub fn certificate(&self) -> Result<String, askama::Error> {
        Certificate { e: self }.render()
    }

    /// How to check it, by a verifier or by hand.
    ///
    /// # Errors
    /// As [`Evidence::index`].
    pub fn readme(&self) -> Result<String, askama::Error> {
        Readme { e: self }.render()
    }
}
