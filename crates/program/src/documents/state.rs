//! Documents, as the record adds up to them.

use super::Event;
use crate::{DAY, Digest, DocumentId, PersonId, Recorded, SecretId, Time};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a document's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// Sealed in the vault.
    Vault {
        /// The sealed blob.
        blob: String,
        /// Bytes.
        size: u64,
        /// Their SHA-256.
        digest: Digest,
        /// Their media type.
        media_type: String,
    },
    /// Left where they are.
    Elsewhere {
        /// Where.
        place: String,
        /// Their SHA-256, where known.
        digest: Option<Digest>,
    },
}

/// A document of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// The secret it belongs to.
    pub secret: SecretId,
    /// Its file name.
    pub name: String,
    /// Where its bytes are.
    pub kept: Kept,
    /// When it was added.
    pub added: Time,
    /// By whom; absent for the operator of the machine.
    pub added_by: Option<PersonId>,
    /// Why it was taken out of use, once it was.
    pub withdrawn: Option<String>,
    /// When it was destroyed, once it was.
    #[serde(default)]
    pub destroyed: Option<Time>,
    /// How often it was opened.
    pub openings: u64,
    /// When it was last opened.
    pub last_opened: Option<Time>,
}

/// Openings and refusals of one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Day {
    /// Documents and precise descriptions released.
    pub opened: u32,
    /// Asked for and refused.
    pub refused: u32,
}

/// All documents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Documents {
    documents: OrdMap<DocumentId, Arc<Document>>,
    of_secret: OrdSet<(SecretId, DocumentId)>,
    days: OrdMap<i64, Day>,
}

impl Documents {
    /// One document.
    #[must_use]
    pub fn get(&self, id: DocumentId) -> Option<&Document> {
        self.documents.get(&id).map(Arc::as_ref)
    }

    /// All documents, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().map(Arc::as_ref)
    }

    /// How many there are, withdrawn ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Is there none yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The documents of one secret.
    pub fn of(&self, secret: SecretId) -> impl Iterator<Item = &Document> {
        let range = (secret, DocumentId(0))..=(secret, DocumentId(u32::MAX));
        self.of_secret.range(range).filter_map(|(_, id)| self.get(*id))
    }

    /// The id the next document will have.
    #[must_use]
    pub fn next_id(&self) -> DocumentId {
        DocumentId(self.documents.get_max().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    /// Openings and refusals by day, for the days from `since` on that had any: start of the day (UTC) and counts.
    pub fn days(&self, since: Time) -> impl Iterator<Item = (Time, Day)> + '_ {
        self.days
            .range(since.0.div_euclid(DAY)..)
            .map(|(day, counts)| (Time(day.saturating_mul(DAY)), *counts))
    }

    /// Openings and refusals since the record began.
    #[must_use]
    pub fn openings(&self) -> (u64, u64) {
        self.days.values().fold((0, 0), |(opened, refused), day| {
            (opened.saturating_add(u64::from(day.opened)), refused.saturating_add(u64::from(day.refused)))
        })
    }

    /// Counts an opening or a refusal, of a document or of a precise description.
    pub(crate) fn count(&mut self, at: Time, opened: bool) {
        let day = self.days.entry(at.0.div_euclid(DAY)).or_default();
        let count = if opened { &mut day.opened } else { &mut day.refused };
        *count = count.saturating_add(1);
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        let (id, secret) = event.about();
        let added = |name: String, kept: Kept| Document {
            id,
            secret,
            name,
            kept,
            added: recorded.time,
            added_by: recorded.by.person,
            withdrawn: None,
            destroyed: None,
            openings: 0,
            last_opened: None,
        };
        match event {
            Event::Added { name, media_type, size, digest, blob, .. } => {
                let media_type = media_type.to_string();
                let kept = Kept::Vault { blob: blob.clone(), size: *size, digest: *digest, media_type };
                self.insert(added(name.to_string(), kept));
            }
            Event::Registered { name, place, digest, .. } => {
                let kept = Kept::Elsewhere { place: place.to_string(), digest: *digest };
                self.insert(added(name.to_string(), kept));
            }
            Event::Withdrawn { reason, .. } => {
                if let Some(document) = self.documents.get_mut(&id) {
                    Arc::make_mut(document).withdrawn = Some(reason.to_string());
                }
            }
            Event::Destroyed { .. } => {
                if let Some(document) = self.documents.get_mut(&id) {
                    Arc::make_mut(document).destroyed = Some(recorded.time);
                }
            }
            Event::Opened { .. } => {
                if let Some(document) = self.documents.get_mut(&id) {
                    let document = Arc::make_mut(document);
                    document.openings = document.openings.saturating_add(1);
                    document.last_opened = Some(recorded.time);
                }
            }
            Event::Refused { .. } => {}
        }
    }

    fn insert(&mut self, document: Document) {
        self.of_secret.insert((document.secret, document.id));
        self.documents.insert(document.id, Arc::new(document));
    }
}
