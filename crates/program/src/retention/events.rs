//! What can happen to what is kept: holds, copies, and keys that were deleted.

use crate::{Digest, HoldId, Line, Scope, Subject, Text, Time};
use serde::{Deserialize, Serialize};

/// Keys that were deleted in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shredded {
    /// Where: a folder of copies, or `the record's own keys`.
    pub place: String,
    /// How many keys were deleted there, over all versions.
    pub keys: u64,
    /// How many versions of the keys were looked through.
    pub versions: u32,
}

/// A place in which keys that ought to be deleted may still be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Where.
    pub place: String,
    /// Why they could not be deleted.
    pub why: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// Somebody ordered that something be kept, whatever else is decided about it.
    #[serde(rename = "hold.placed")]
    HoldPlaced {
        /// The hold.
        hold: HoldId,
        /// What has to be kept: a secret with its documents, a document, or a person's data.
        about: Subject,
        /// Why: which dispute is expected.
        reason: Text,
    },
    /// A hold ended.
    #[serde(rename = "hold.lifted")]
    HoldLifted {
        /// The hold.
        hold: HoldId,
        /// What it was about.
        about: Subject,
        /// Why.
        reason: Text,
    },
    /// The receipt of a destruction: where keys were deleted, and where that is still to be done.
    #[serde(rename = "retention.shredded")]
    Shredded {
        /// The document or person.
        about: Subject,
        /// Where keys were deleted.
        done: Vec<Shredded>,
        /// Where they may still be.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<Left>,
    },
    /// A copy was made of the record, the sealed documents, and, apart from both, the keys.
    #[serde(rename = "retention.backed-up")]
    BackedUp {
        /// The folder of the copy.
        place: Line,
        /// The folder of the copies of the keys.
        keys: Line,
        /// Which version of the keys.
        version: u32,
        /// How many entries the copy has.
        size: u64,
        /// The root of the tree over them.
        root: Digest,
        /// How many sealed files it has.
        files: u64,
    },
    /// A folder of copies of the keys is no more: nobody has to look there for keys to delete.
    #[serde(rename = "retention.place-forgotten")]
    PlaceForgotten {
        /// The folder.
        keys: Line,
        /// What became of it.
        reason: Text,
    },
    /// The record was put back from a copy. Entries recorded after the copy was made are not in it.
    #[serde(rename = "retention.restored")]
    Restored {
        /// The folder of the copy.
        place: Line,
        /// Which version of the keys was put back.
        version: u32,
        /// How many entries the copy had.
        size: u64,
        /// When it was made.
        made: Time,
    },
}

impl Event {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Organisation
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        match self {
            Event::HoldPlaced { hold, about, .. } | Event::HoldLifted { hold, about, .. } => {
                vec![(*hold).into(), *about]
            }
            Event::Shredded { about, .. } => vec![*about],
            Event::BackedUp { .. } | Event::PlaceForgotten { .. } | Event::Restored { .. } => Vec::new(),
        }
    }
}
