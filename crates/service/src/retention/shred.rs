//! Destroying a document's bytes or a person's data: the entry, the keys, the receipt.

use super::keyfile;
use crate::committer::Done;
use crate::error::ServiceError;
use crate::house::{House, Service};
use crate::keyring::Tag;
use program::documents::{self, Kept};
use program::people;
use program::retention::{BACKERS, Command, Destruction, Left, Place, Receipt, Shredded};
use program::{Actor, DocumentId, Event, PersonId, State, Subject, Text};
use std::path::PathBuf;

/// What the record's own keys are called in a receipt.
const OWN_KEYS: &str = "the record's own keys";
/// And the states of before, which hold what a person's entries told.
const SNAPSHOTS: &str = "the record's saved states";

/// Something that was destroyed.
#[derive(Debug, Clone)]
pub struct Destroyed {
    /// The decision, and the receipt.
    pub entries: Vec<program::Recorded>,
    /// Where keys were deleted, and where they may still be.
    pub receipt: Receipt,
}

impl Service {
    /// Destroys the bytes of a document for good: nothing opens it from the entry on, and its key is deleted wherever it is kept.
    ///
    /// # Errors
    /// The refusal of a rule, a legal hold among them; or the record could not be written, and nothing was destroyed.
    pub async fn destroy_document(
        &self,
        actor: &Actor,
        document: DocumentId,
        reason: Text,
    ) -> Result<Destroyed, ServiceError> {
        let done = self.act(actor, documents::Command::Destroy { document, reason }).await?;
        self.with_receipt(done, document.into()).await
    }

    /// Erases a person's data for good: their entries can be read by nobody from now on, signatures among them.
    ///
    /// # Errors
    /// As [`Service::destroy_document`].
    pub async fn erase_person(
        &self,
        actor: &Actor,
        person: PersonId,
        reason: Text,
    ) -> Result<Destroyed, ServiceError> {
        let done = self.act(actor, people::Command::Erase { person, reason }).await?;
        self.with_receipt(done, person.into()).await
    }

    async fn with_receipt(&self, done: Done, subject: Subject) -> Result<Destroyed, ServiceError> {
        let mut entries = done.entries;
        entries.extend(self.shred(subject).await?);
        let state = self.state();
        let receipt = state.retention.destruction(subject).and_then(|found| found.receipt.clone());
        let receipt = receipt.ok_or(ServiceError::Stopping)?;
        Ok(Destroyed { entries, receipt })
    }

    /// Deletes keys that ought to be gone and may still be somewhere; gives the receipts. Where nothing could be done that was
    /// not done before, there is none.
    ///
    /// # Errors
    /// The actor does not look after copies; the record could not be written.
    pub async fn finish_destructions(&self, actor: &Actor) -> Result<Vec<program::Recorded>, ServiceError> {
        actor.require(&self.state(), self.now(), BACKERS, "finish what was destroyed")?;
        self.shred_all().await
    }

    async fn shred_all(&self) -> Result<Vec<program::Recorded>, ServiceError> {
        self.refresh().await?;
        let open: Vec<Subject> = self
            .state()
            .retention
            .destructions()
            .filter(|found| found.is_open())
            .map(|found| found.about)
            .collect();
        let mut receipts = Vec::new();
        for subject in open {
            receipts.extend(self.shred(subject).await?);
        }
        Ok(receipts)
    }

    /// Deletes the keys of what was destroyed, and records where.
    async fn shred(&self, subject: Subject) -> Result<Vec<program::Recorded>, ServiceError> {
        let house = &self.house;
        let _keeping = house.keeping.lock().await;
        let state = self.state();
        let Some(found) = state.retention.destruction(subject).filter(|found| found.is_open()) else {
            return Ok(Vec::new());
        };
        let (done, left) = house.delete_everywhere(&state, found).await;
        let news = found.receipt.as_ref().is_none_or(|receipt| receipt.left != left) || !done.is_empty();
        if !news {
            return Ok(Vec::new());
        }
        let note = Command::NoteShredded { about: subject, done, left };
        Ok(self.act(&Actor::program(), note).await?.entries)
    }
}

impl House {
    /// Drops from memory what an entry destroyed.
    pub(crate) fn forget_destroyed(&self, state: &State, event: &Event) {
        let subject: Subject = match event {
            Event::Documents(documents::Event::Destroyed { document, .. }) => (*document).into(),
            Event::People(people::Event::Erased { person, .. }) => (*person).into(),
            _ => return,
        };
        self.keys.forget(&self.tags_of(state, subject));
    }

    /// The tags of the keys that seal this and nothing else.
    pub(crate) fn tags_of(&self, state: &State, subject: Subject) -> Vec<Tag> {
        match subject {
            Subject::PersonId(person) => vec![self.keys.tag(program::Scope::Person(person))],
            Subject::DocumentId(document) => match state.documents.get(document).map(|found| &found.kept) {
                Some(Kept::Vault { blob, .. }) => vec![self.keys.content_tag(blob)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The tags of everything that was destroyed.
    pub(crate) fn destroyed_tags(&self, state: &State) -> Vec<Tag> {
        let destroyed = state.retention.destructions();
        destroyed.flat_map(|found| self.tags_of(state, found.about)).collect()
    }

    async fn delete_everywhere(&self, state: &State, found: &Destruction) -> (Vec<Shredded>, Vec<Left>) {
        let tags = self.tags_of(state, found.about);
        let (mut done, mut left) = (Vec::new(), Vec::new());
        // What a receipt does not say is left was done before.
        let due = |place: &str| match &found.receipt {
            None => true,
            Some(receipt) => receipt.left.iter().any(|left| left.place == place),
        };
        if due(OWN_KEYS) {
            self.keys.forget(&tags);
            match self.journal.store().delete_keys(&tags).await {
                Ok(keys) => done.push(Shredded { place: OWN_KEYS.to_owned(), keys, versions: 1 }),
                Err(error) => left.push(Left { place: OWN_KEYS.to_owned(), why: error.to_string() }),
            }
        }
        match found.about {
            Subject::DocumentId(document) => self.delete_blob(state, document).await,
            Subject::PersonId(_) if due(SNAPSHOTS) => match self.forget_states(found.entry).await {
                Ok(()) if found.receipt.is_none() => {}
                Ok(()) => done.push(Shredded { place: SNAPSHOTS.to_owned(), keys: 0, versions: 1 }),
                Err(error) => left.push(Left { place: SNAPSHOTS.to_owned(), why: error.to_string() }),
            },
            _ => {}
        }
        let places = state.retention.places().filter(|place| due(place.keys.as_str()));
        for Place { keys: folder, version, .. } in places {
            let (path, version, tags) = (PathBuf::from(folder.as_str()), *version, tags.clone());
            let record = self.keys.record();
            let shredded = move || keyfile::shred(&path, record, version, &tags);
            let shredded = tokio::task::spawn_blocking(shredded).await;
            match shredded.map_err(|error| error.to_string()).and_then(|shredded| shredded) {
                Ok((keys, versions)) => done.push(Shredded { place: folder.to_string(), keys, versions }),
                Err(why) => left.push(Left { place: folder.to_string(), why }),
            }
        }
        (done, left)
    }

    /// The sealed bytes are noise without their key; they only take room.
    async fn delete_blob(&self, state: &State, document: DocumentId) {
        if let Some(Kept::Vault { blob, .. }) = state.documents.get(document).map(|found| &found.kept)
            && let Ok(blob) = blob.parse()
        {
            self.blobs.forget(blob).await;
        }
    }

    /// Saves the state as it is now, and deletes those of before the erasure.
    async fn forget_states(&self, entry: u64) -> Result<(), ServiceError> {
        self.save_snapshot().await?;
        Ok(self.journal.forget_snapshots_before(entry.saturating_add(1)).await?)
    }
}

/// Finishes what was interrupted, and tries again where a place could not be reached. Run now and then by whoever serves.
pub(crate) async fn finish_destructions(service: &Service) {
    if service.state().retention.destructions().any(Destruction::is_open)
        && let Err(error) = service.shred_all().await
    {
        tracing::error!(%error, "keys that ought to be deleted could not be looked for");
    }
}
