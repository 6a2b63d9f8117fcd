//! Holds, destructions and copies, as the record adds up to them.

use super::{Event, Left, Shredded};
use crate::{DocumentId, HoldId, Line, PersonId, Recorded, Subject, Text, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The id.
    pub id: HoldId,
    /// What has to be kept.
    pub about: Subject,
    /// Why.
    pub reason: Text,
    /// Since when.
    pub placed: Time,
    /// By whom; absent for the operator of the machine.
    pub by: Option<PersonId>,
    /// When it ended and why, once it did.
    pub lifted: Option<(Time, Text)>,
}

/// Something that was destroyed: a document's bytes, or a person's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Destruction {
    /// What.
    pub about: Subject,
    /// The entry that decided it.
    pub entry: u64,
    /// When.
    pub at: Time,
    /// What became of the keys; absent as long as no receipt is in the record.
    pub receipt: Option<Receipt>,
}

/// Where keys were deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The newest entry that says so.
    pub entry: u64,
    /// Where keys were deleted, over all receipts.
    pub done: Vec<Shredded>,
    /// Where they may still be.
    pub left: Vec<Left>,
}

impl Destruction {
    /// Is there a place in which the keys may still be?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.receipt.as_ref().is_none_or(|receipt| !receipt.left.is_empty())
    }
}

/// A folder with copies of the keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The folder.
    pub keys: Line,
    /// The newest version in it.
    pub version: u32,
    /// When that was made.
    pub at: Time,
}

/// A copy of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// The entry that records it.
    pub entry: u64,
    /// When.
    pub at: Time,
    /// Where.
    pub place: Line,
    /// Where the keys went.
    pub keys: Line,
    /// How many entries it has.
    pub size: u64,
    /// How many sealed files.
    pub files: u64,
}

/// Holds, what was destroyed, and copies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    holds: BTreeMap<HoldId, Hold>,
    destroyed: BTreeMap<Subject, Destruction>,
    places: BTreeMap<String, Place>,
    /// The newest copy.
    pub last_backup: Option<Backup>,
    /// When the record was last put back from a copy.
    pub restored: Option<Time>,
    last_version: u32,
}

impl Retention {
    /// The hold with this id.
    #[must_use]
    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(&id)
    }

    /// Every hold, the oldest first, those that were lifted included.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// The holds in force on this.
    pub fn holds_on(&self, subject: Subject) -> impl Iterator<Item = &Hold> {
        self.holds.values().filter(move |hold| hold.about == subject && hold.lifted.is_none())
    }

    /// The id the next hold will have.
    #[must_use]
    pub fn next_hold(&self) -> HoldId {
        HoldId(self.holds.last_key_value().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    /// What was destroyed.
    pub fn destructions(&self) -> impl Iterator<Item = &Destruction> {
        self.destroyed.values()
    }

    /// The destruction of this.
    #[must_use]
    pub fn destruction(&self, subject: Subject) -> Option<&Destruction> {
        self.destroyed.get(&subject)
    }

    /// Folders that hold copies of the keys.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    /// The number the next copy of the keys will have: one for all places, so that none is older than it looks.
    #[must_use]
    pub fn next_version(&self) -> u32 {
        self.last_version.saturating_add(1)
    }

    pub(crate) fn note_destroyed(&mut self, document: DocumentId, recorded: &Recorded) {
        self.begin(document.into(), recorded);
    }

    pub(crate) fn note_erased(&mut self, person: PersonId, recorded: &Recorded) {
        self.begin(person.into(), recorded);
    }

    fn begin(&mut self, subject: Subject, recorded: &Recorded) {
        let destruction =
            Destruction { about: subject, entry: recorded.position, at: recorded.time, receipt: None };
        self.destroyed.insert(subject, destruction);
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        match event {
            Event::HoldPlaced { hold, about, reason } => {
                let placed = Hold {
                    id: *hold,
                    about: *about,
                    reason: reason.clone(),
                    placed: recorded.time,
                    by: recorded.by.person,
                    lifted: None,
                };
                self.holds.insert(*hold, placed);
            }
            Event::HoldLifted { hold, reason, .. } => {
                if let Some(hold) = self.holds.get_mut(hold) {
                    hold.lifted = Some((recorded.time, reason.clone()));
                }
            }
            Event::Shredded { about, done, left } => {
                if let Some(found) = self.destroyed.get_mut(about) {
                    let mut all = found.receipt.take().map_or_else(Vec::new, |receipt| receipt.done);
                    all.extend(done.iter().cloned());
                    found.receipt = Some(Receipt { entry: recorded.position, done: all, left: left.clone() });
                }
            }
            Event::BackedUp { place, keys, version, size, files, .. } => {
                self.last_version = self.last_version.max(*version);
                let known = Place { keys: keys.clone(), version: *version, at: recorded.time };
                self.places.insert(keys.to_string(), known);
                self.last_backup = Some(Backup {
                    entry: recorded.position,
                    at: recorded.time,
                    place: place.clone(),
                    keys: keys.clone(),
                    size: *size,
                    files: *files,
                });
            }
            Event::PlaceForgotten { keys, .. } => {
                self.places.remove(keys.as_str());
                for destruction in self.destroyed.values_mut() {
                    if let Some(receipt) = &mut destruction.receipt {
                        receipt.left.retain(|left| left.place != keys.as_str());
                    }
                }
            }
            Event::Restored { version, .. } => {
                self.last_version = self.last_version.max(*version);
                self.restored = Some(recorded.time);
            }
        }
    }
}
