//! One sheet that says: this text and these documents existed by then, and nothing else about them.

use super::{Sheet, Volume};
use crate::error::PressError;
use crate::typeset::{self, Order};
use serde::Serialize;

/// What the sheet tells: positions, times and digests, as a bundle shows them that proves existence alone. Times are in UTC, as
/// `2026-03-03 09:12:44 UTC`.
#[derive(Debug, Clone, Serialize)]
pub struct Existence {
    /// The secret's id.
    pub secret: String,
    /// When the sheet was made.
    pub made: String,
    /// The same moment in milliseconds since 1970 UTC: the date that the PDF bears.
    pub made_at: i64,
    /// Which program made it, with its version.
    pub program: String,
    /// The record's verifier key (C2SP signed-note).
    pub key: String,
    /// The entries that hold the text of the version, by salted digests.
    pub texts: Vec<Dated>,
    /// The documents it had.
    pub documents: Vec<SealedDocument>,
}

/// An entry, and who outside saw it.
#[derive(Debug, Clone, Serialize)]
pub struct Dated {
    /// Its position.
    pub position: u64,
    /// Its time, by the organisation's clock.
    pub time: String,
    /// Who outside the organisation was first to say that they saw the record with this entry in it.
    pub seen: Option<Seen>,
}

/// A document, by its digest.
#[derive(Debug, Clone, Serialize)]
pub struct SealedDocument {
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The entry that states it.
    #[serde(flatten)]
    pub dated: Dated,
}

/// The word of somebody outside.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// The authority's name, or the names of the witnesses that it takes.
    pub who: Vec<String>,
    /// When, as they say; of several witnesses the last.
    pub time: String,
    /// Whether it is a time stamp (RFC 3161), and not a witness's cosignature.
    pub stamped: bool,
    /// Of how many entries.
    pub size: u64,
}

/// What the template is given beside what is told.
#[derive(Serialize)]
struct Proof<'a> {
    #[serde(flatten)]
    told: &'a Existence,
    /// Who vouches for the date by which all of it existed; nobody, where one thing has nobody.
    by: Option<&'a Seen>,
    /// How many things somebody outside vouches for.
    vouched: usize,
    /// The time of the last entry, by the organisation's clock.
    latest: &'a str,
}

impl Existence {
    /// The sheet: PDF/A.
    ///
    /// # Errors
    /// It could not be typeset.
    pub fn pdf(&self) -> Result<Vec<u8>, PressError> {
        let order = Order {
            template: "proof.typ",
            ident: format!("proof.typ {} {}", self.secret, self.made),
            creator: &self.program,
            made: self.made_at,
        };
        let all: Vec<&Dated> =
            self.texts.iter().chain(self.documents.iter().map(|document| &document.dated)).collect();
        let vouched = all.iter().filter(|dated| dated.seen.is_some()).count();
        // Written with the year first and in UTC, times sort as texts.
        let by = all.iter().filter_map(|dated| dated.seen.as_ref()).max_by_key(|seen| &seen.time);
        let latest = all.iter().map(|dated| dated.time.as_str()).max().unwrap_or_default();
        let told = Proof { told: self, by: by.filter(|_| vouched == all.len()), vouched, latest };
        typeset::pdf(
            &order,
            &Sheet { e: &told, head: String::new(), linked: false, volume: Volume::only(all.len()) },
        )
    }
}
