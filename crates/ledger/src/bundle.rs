//! The evidence bundle: what it holds, and whether it holds together (docs/record-format.md, sections 5 to 11).
//!
//! A bundle in memory is verified by [`verify`]. One that is too large for that is verified in the same steps, by whoever
//! reads it: [`archive::Layout::read`](crate::archive::Layout::read) finds the members; of each that is [wanted](wanted()) as
//! content a [`Content`] is made, and of every member its [`Sums`]; a [`LineExaminer`] examines the lines, in as many blocks and
//! on as many threads as one likes; and [`Examination::verdict`] draws it all together, in the order of section 9.
//!
//! Whoever writes a bundle uses [`Manifest`], [`Line`](crate::Line), [`tile_set::needed`](crate::tile_set::needed) and
//! [`archive`](crate::archive).

use std::fmt;

use serde_json::{Map, Value, json};

use crate::archive::{Archive, Unreadable};
use crate::base64;
use crate::digest::{Digest, sha256};
use crate::key::VerifierKey;
use crate::policy::Policy;

mod anchors;
mod contents;
mod examination;
mod lines;
mod manifest;
mod proof;
mod unproved;

pub use contents::{Content, Summing, Sums, Wanted, wanted};
pub use examination::Examination;
pub use lines::{LineExaminer, Lines, MAX_LINE};
pub use manifest::{AnchorItem, FORMAT, FileItem, MAX_MANIFEST, Manifest, ManifestError};
pub use proof::{is_tlog_proof, verify_tlog_proof};

/// What whoever verifies knows from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The organisation's key: it has to be one of the bundle's.
    pub key: Option<VerifierKey>,
    /// Whose word is enough, in place of what the bundle says of it.
    pub policy: Option<Policy>,
    /// The SHA-256 fingerprints of certificates in one of which a time stamp has to end. None: in any.
    pub tsa_roots: Vec<Digest>,
}

/// What verifying came to (section 11).
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything holds.
    Verified(Box<Findings>),
    /// Something does not hold.
    NotVerified(Failure),
    /// Not a file of the format at all.
    Unreadable(Failure),
}

/// The first check that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check} at {at}: {reason}")]
pub struct Failure {
    /// Which.
    pub check: Check,
    /// At what: a member, a position, a size.
    pub at: String,
    /// Why, in one sentence for people.
    pub reason: String,
}

/// The checks, in their order (section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The archive and its checksums.
    Container,
    /// What the bundle says that it holds.
    Manifest,
    /// The signed head of the record.
    Checkpoint,
    /// The entries shown, and their fields.
    Entries,
    /// The tree's hashes.
    Tree,
    /// That the entries are in the tree.
    Inclusion,
    /// That the export is in the record itself.
    Export,
    /// That files are those that entries name.
    File,
    /// Who witnesses the record.
    Policy,
    /// What witnesses saw.
    Anchor,
    /// What authorities stamped.
    Stamp,
}

/// What a bundle, or a proof, proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Whose record.
    pub origin: String,
    /// The key that signed its head.
    pub key: VerifierKey,
    /// How many entries the record has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// How many of them are shown.
    pub entries: u64,
    /// How many fields of these are shown.
    pub fields: u64,
    /// How many fields of these are not.
    pub withheld: u64,
    /// How many files the bundle holds.
    pub files: u64,
    /// The time of the first entry shown, in milliseconds since 1970 UTC.
    pub first: i64,
    /// The time of the last.
    pub last: i64,
    /// Who cosigned, in the order of anchors and of their lines.
    pub witnesses: Vec<Witness>,
    /// Whether the quorum of the policy was met; nothing where there was no policy.
    pub quorum: Option<bool>,
    /// Who stamped, in the order of anchors and numbers.
    pub stamps: Vec<Stamped>,
    /// What follows from none of this, in sentences.
    pub not_proved: Vec<String>,
    /// What whoever made the bundle says in its manifest; nobody has checked it.
    pub said: Map<String, Value>,
}

/// A witness's cosignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name of the witness's key.
    pub name: String,
    /// How many entries it saw.
    pub size: u64,
    /// When, in seconds since 1970 UTC.
    pub seconds: u64,
}

/// A time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The member it is in.
    pub path: String,
    /// How many entries it is over.
    pub size: u64,
    /// When, in milliseconds since 1970 UTC.
    pub time: i64,
    /// The authority at the end of its chain of certificates.
    pub subject: String,
    /// The SHA-256 fingerprint of that authority's certificate.
    pub root: Digest,
}

/// Verifies a bundle in memory.
pub fn verify(archive: &Archive<'_>, options: &Options) -> Verdict {
    let layout = archive.layout();
    let contents: Vec<Content<'_>> =
        layout.members().iter().map(|member| Content::new(member, archive.content(member))).collect();
    let sums: Vec<Sums> =
        layout.members().iter().map(|member| Sums::of(member.name(), archive.content(member))).collect();
    let examination = Examination::begin(layout, &contents);
    let lines = examination.line_examiner().examine(archive.get(contents::ENTRIES).unwrap_or_default());
    examination.verdict(&sums, &lines, options)
}

/// Verifies the bytes of a file: a bundle, or a proof of one field.
pub fn verify_bytes(bytes: &[u8], options: &Options) -> Verdict {
    if is_tlog_proof(bytes) {
        return verify_tlog_proof(bytes, options);
    }
    match Archive::parse(bytes) {
        Ok(archive) => verify(&archive, options),
        Err(unreadable) => unreadable.into(),
    }
}

/// The SHA-256 fingerprints of certificates in PEM, with nothing between them but what is no certificate's.
pub fn fingerprints(pem: &[u8]) -> Option<Vec<Digest>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut parts = str::from_utf8(pem).ok()?.split(BEGIN);
    parts.next()?;
    let certificates: Option<Vec<Digest>> = parts
        .map(|part| {
            let text: String = part.split_once(END)?.0.split_ascii_whitespace().collect();
            base64::decode(&text).map(|der| sha256(&der))
        })
        .collect();
    certificates.filter(|certificates| !certificates.is_empty())
}

impl Verdict {
    /// The word for it, as section 11 has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified(_) => "verified",
            Self::NotVerified(_) => "not verified",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The exit code of a verifier that comes to it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Verified(_) => 0,
            Self::NotVerified(_) => 1,
            Self::Unreadable(_) => 2,
        }
    }

    /// What failed, if something did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Verified(_) => None,
            Self::NotVerified(failure) | Self::Unreadable(failure) => Some(failure),
        }
    }

    /// The object that a verifier prints with `--json` (section 11).
    pub fn to_json(&self) -> Value {
        match self {
            Self::NotVerified(failure) | Self::Unreadable(failure) => json!({
                "verdict": self.word(),
                "failed": {
                    "check": failure.check.to_string(),
                    "at": failure.at,
                    "reason": failure.reason,
                },
            }),
            Self::Verified(found) => json!({
                "verdict": self.word(),
                "failed": null,
                "origin": found.origin,
                "key": found.key.to_string(),
                "size": found.size,
                "root": found.root.to_base64(),
                "entries": found.entries,
                "fields": found.fields,
                "withheld": found.withheld,
                "files": found.files,
                "first": crate::entry::time_text(found.first),
                "last": crate::entry::time_text(found.last),
                "witnesses": found.witnesses.iter().map(|one| json!({
                    "name": one.name, "size": one.size, "time": one.time_text(),
                })).collect::<Vec<_>>(),
                "quorum": found.quorum,
                "stamps": found.stamps.iter().map(|one| json!({
                    "path": one.path, "size": one.size, "time": one.time_text(), "root": one.root.to_hex(),
                })).collect::<Vec<_>>(),
                "not_proved": found.not_proved,
            }),
        }
    }
}

impl Witness {
    /// When, as `2026-03-03T09:12:44Z`.
    pub fn time_text(&self) -> String {
        seconds_text(self.seconds)
    }
}

impl Stamped {
    /// When, to the second, as `2026-03-03T09:12:44Z`.
    pub fn time_text(&self) -> String {
        seconds_text(u64::try_from(self.time).unwrap_or_default() / 1000)
    }
}

impl From<Unreadable> for Verdict {
    fn from(unreadable: Unreadable) -> Self {
        let reason = unreadable.to_string();
        Self::Unreadable(Failure { check: Check::Container, at: "archive".into(), reason })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Manifest => "manifest",
            Self::Checkpoint => "checkpoint",
            Self::Entries => "entries",
            Self::Tree => "tree",
            Self::Inclusion => "inclusion",
            Self::Export => "export",
            Self::File => "file",
            Self::Policy => "policy",
            Self::Anchor => "anchor",
            Self::Stamp => "stamp",
        })
    }
}

impl Check {
    fn fails(self, at: impl fmt::Display, reason: impl fmt::Display) -> Failure {
        Failure { check: self, at: at.to_string(), reason: reason.to_string() }
    }
}

fn seconds_text(seconds: u64) -> String {
    let milliseconds = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    let text = crate::entry::time_text(milliseconds.min(crate::entry::MAX_TIME));
    text.replace(".000Z", "Z")
}

#[cfg(test)]
mod tests;
