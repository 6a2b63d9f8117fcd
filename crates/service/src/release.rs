//! Releasing what the vault holds: the gate decides, the opening is made durable, and only then do bytes follow.
//!
//! A [`Permit`] is made in one place, from an entry that is already in the record; without one there is no key. That
//! is the whole of "log before plaintext": there is no other way to a document's bytes in this crate, and no way past
//! this crate to the vault.

use crate::error::{ServiceError, Shut};
use crate::house::Service;
use bytes::Bytes;
use futures::Stream;
use program::access::{self, Circumstances};
use program::documents::{self, Kept, Target};
use program::{Actor, DocumentId, Event, Recorded, Refusal, Scope, SecretId, secrets};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use vault::Document;

/// Proof that an opening was allowed by the gate and is durable.
struct Permit {
    entry: u64,
    target: Target,
}

/// A document that was opened for somebody. The opening is in the record before this exists.
pub struct OpenDocument {
    /// The document.
    pub id: DocumentId,
    /// Its file name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The entry that records the opening.
    pub entry: u64,
    content: Document,
}

/// Plaintext on its way out.
pub type Content = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// A sealed text that was opened for somebody.
#[derive(Debug, Clone)]
pub struct OpenText {
    /// The text.
    pub text: String,
    /// The entry that records the opening.
    pub entry: u64,
}

impl OpenDocument {
    /// The bytes, or a range of them, in pieces of at most 256 KiB.
    ///
    /// # Errors
    /// A range outside the document.
    pub fn content(&self, range: Option<Range<u64>>) -> Result<Content, ServiceError> {
        use futures::TryStreamExt;
        let range = range.unwrap_or(0..self.content.len());
        let pieces = self.content.read_range(range)?;
        Ok(Box::pin(pieces.map_err(std::io::Error::other)))
    }
}

impl Service {
    /// Opens a document, if the gate lets this person now.
    ///
    /// # Errors
    /// [`ServiceError::Shut`] with every condition that fails; or the record could not be written, and nothing opened.
    pub async fn open_document(&self, actor: &Actor, id: DocumentId) -> Result<OpenDocument, ServiceError> {
        let permit = self.ask(actor, Target::Document(id)).await?;
        self.release_document(&permit, id).await
    }

    /// Opens the precise description of a secret, if the gate lets this person now.
    ///
    /// # Errors
    /// As [`Service::open_document`].
    pub async fn open_precise(&self, actor: &Actor, id: SecretId) -> Result<OpenText, ServiceError> {
        let permit = self.ask(actor, Target::Precise(id)).await?;
        self.release_precise(&permit, id).await
    }

    /// Asks the gate and records its answer, whichever it is. Only an allowed opening, once durable, gives a permit.
    async fn ask(&self, actor: &Actor, target: Target) -> Result<Permit, ServiceError> {
        let by = actor.clone();
        let house = Arc::clone(&self.house);
        let decide = move |state: &program::State, now| {
            documents::decide_opening(state, &house.gate, &by, now, target).map(|opening| vec![opening.event])
        };
        let done = self.submit(actor, Vec::new(), decide).await?;
        let entry = done.entries.first().ok_or(ServiceError::Stopping)?;
        match Permit::from_entry(entry, target) {
            Some(permit) => Ok(permit),
            None => Err(self.shut(actor, target, entry, &done.state)?),
        }
    }

    /// Why it did not open; to somebody who may not know of the secret, only that it is unknown.
    fn shut(
        &self,
        actor: &Actor,
        target: Target,
        entry: &Recorded,
        state: &program::State,
    ) -> Result<ServiceError, Refusal> {
        let secret = documents::may_hear_why(state, actor, entry.time, target)?.id;
        let person = actor.person.ok_or_else(|| Refusal::unknown(secret))?;
        let circumstances =
            Circumstances { second_factor_at: actor.second_factor_at, address: actor.address };
        let (_, because) = access::why(state, self.gate(), person, secret, entry.time, Some(circumstances));
        Ok(ServiceError::Shut(Box::new(Shut { target, because, entry: entry.position })))
    }

    async fn release_document(&self, permit: &Permit, id: DocumentId) -> Result<OpenDocument, ServiceError> {
        let state = self.state();
        let document = state.documents.get(id).filter(|_| permit.target == Target::Document(id));
        let document = document.ok_or_else(|| Refusal::unknown(id))?;
        let Kept::Vault { blob, media_type, .. } = &document.kept else {
            return Err(Refusal::unknown(id).into());
        };
        let house = &self.house;
        let key = house.keys.content(house.journal.store(), blob, Scope::Secret(document.secret)).await?;
        let content = house.blobs.read(&key, blob).await?;
        Ok(OpenDocument {
            id,
            name: document.name.clone(),
            media_type: media_type.clone(),
            size: content.len(),
            entry: permit.entry,
            content,
        })
    }

    async fn release_precise(&self, permit: &Permit, id: SecretId) -> Result<OpenText, ServiceError> {
        let state = self.state();
        let secret = state.secrets.get(id).filter(|_| permit.target == Target::Precise(id));
        let at = secret.and_then(secrets::Secret::precise_at).ok_or_else(|| Refusal::unknown(id))?;
        let stored = self.house.journal.get(at).await?;
        let recorded = self.house.read(&stored).await?;
        let text = match recorded.map(|recorded| recorded.event) {
            Some(Event::Secrets(
                secrets::Event::Submitted { precise, .. } | secrets::Event::Revised { precise, .. },
            )) => precise,
            _ => None,
        };
        let text = text.ok_or_else(|| ServiceError::Content("its key was destroyed".to_owned()))?;
        Ok(OpenText { text: text.to_string(), entry: permit.entry })
    }
}

impl Permit {
    /// INVARIANT: the entry comes out of the committer, so it is durable.
    fn from_entry(entry: &Recorded, target: Target) -> Option<Self> {
        let allowed = match (&entry.event, target) {
            (Event::Documents(documents::Event::Opened { document, .. }), Target::Document(id)) => {
                *document == id
            }
            (Event::Secrets(secrets::Event::Read { secret, .. }), Target::Precise(id)) => *secret == id,
            _ => false,
        };
        allowed.then_some(Permit { entry: entry.position, target })
    }
}
