//! Files on their way into the vault: sealed as they stream, digested as they pass.

use crate::committer::Done;
use crate::config::Config;
use crate::error::ServiceError;
use crate::house::Service;
use crate::keyring::ContentKey;
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use program::{Actor, Digest, Line, Scope, SecretId, Time, documents};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use vault::{BlobId, Document, Key, SealedBlobs, Swept};

/// What seals a file is bound to being one of ours; that it is this one and no other, its own key says.
const CONTEXT: &[u8] = b"ringfence/content/v1";
/// A blob that no entry names is swept when it is older than this: an upload by another process may still be on its way.
const ORPHAN_AGE_MS: i64 = 24 * program::HOUR;

/// The sealed blobs of the organisation.
pub(crate) struct Blobs {
    sealed: SealedBlobs,
}

/// A file that was sealed but is not yet in the record.
pub(crate) struct Stored {
    pub(crate) blob: BlobId,
    pub(crate) key: Arc<Key>,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
}

/// A document on its way in.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The secret it belongs to.
    pub secret: SecretId,
    /// Its file name.
    pub name: Line,
    /// Its media type.
    pub media_type: Line,
}

impl Blobs {
    pub(crate) fn open(config: &Config) -> Result<Self, vault::StorageError> {
        Ok(Self { sealed: SealedBlobs::new(vault::Blobs::local(config.blobs())?) })
    }

    /// Seals a stream under a key of its own. When this fails nothing is kept.
    pub(crate) async fn store(
        &self,
        content: impl Stream<Item = std::io::Result<Bytes>>,
        most: Option<u64>,
    ) -> Result<Stored, ServiceError> {
        let key = Key::generate()?;
        let tally = Mutex::new((Context::new(&SHA256), 0u64));
        let seen = content.map(|piece| {
            let piece = piece?;
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.0.update(&piece);
            tally.1 = tally.1.saturating_add(piece.len() as u64);
            match most {
                Some(most) if tally.1 > most => Err(too_large(most)),
                _ => Ok(piece),
            }
        });
        let (blob, size) = self.sealed.put(&key, CONTEXT, seen).await?;
        let (context, _) = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        let digest = Digest(context.finish().as_ref().try_into().unwrap_or_default());
        Ok(Stored { blob, key: Arc::new(key), size, digest })
    }

    pub(crate) async fn read(&self, key: &Key, blob: &str) -> Result<Document, ServiceError> {
        let id: BlobId =
            blob.parse().map_err(|_| ServiceError::Content("its blob has no proper name".to_owned()))?;
        Ok(self.sealed.open(key, CONTEXT, id).await?)
    }

    /// Takes back a file that did not get into the record. A crash before this leaves an orphan for the sweep.
    pub(crate) async fn forget(&self, blob: BlobId) {
        if let Err(error) = self.sealed.blobs().delete(blob).await {
            tracing::warn!(%error, "a blob that no entry names could not be removed; it will be swept");
        }
    }

    async fn sweep(&self, keep: impl Fn(&BlobId) -> bool, now: Time) -> Result<Swept, ServiceError> {
        self.sealed
            .blobs()
            .sweep(keep, now.0.saturating_sub(ORPHAN_AGE_MS))
            .await
            .map_err(|error| ServiceError::Storage(error.to_string()))
    }
}

fn too_large(most: u64) -> std::io::Error {
    std::io::Error::other(format!(
        "the file is larger than the {most} bytes that are taken here; nothing was kept"
    ))
}

impl Service {
    /// Seals a document in the vault and records it. The bytes are taken as a stream, in constant memory; when anything
    /// fails on the way, nothing is kept.
    ///
    /// # Errors
    /// The actor may not add documents to this secret (asked before the first byte is taken); the disk is full; the stream
    /// broke off.
    pub async fn add_document(
        &self,
        actor: &Actor,
        upload: Upload,
        content: impl Stream<Item = std::io::Result<Bytes>>,
    ) -> Result<Done, ServiceError> {
        documents::may_add(&self.state(), actor, self.now(), upload.secret)?;
        let stored = self.house.blobs.store(content, self.largest_document()).await?;
        let command = documents::Command::Add {
            secret: upload.secret,
            name: upload.name,
            media_type: upload.media_type,
            size: stored.size,
            digest: stored.digest,
            blob: stored.blob.to_string(),
        };
        self.record_content(actor, stored, Scope::Secret(upload.secret), command.into()).await
    }

    /// Records an act that brings a sealed file into the record; takes the file back where the act is refused.
    pub(crate) async fn record_content(
        &self,
        actor: &Actor,
        stored: Stored,
        under: Scope,
        command: program::Command,
    ) -> Result<Done, ServiceError> {
        let content = ContentKey { blob: stored.blob.to_string(), key: stored.key, under };
        let by = actor.clone();
        let decide = move |state: &program::State, now| program::decide(state, &by, now, &command);
        let done = self.submit(actor, vec![content], decide).await;
        // Where it is not known whether the entry was written, the blob must stay: the sweep finds out later.
        if let Err(ServiceError::Refused(_) | ServiceError::Full) = &done {
            self.house.blobs.forget(stored.blob).await;
        }
        done
    }

    /// Removes sealed files that no entry names: what a crash or a broken upload left behind.
    ///
    /// # Errors
    /// The folder or bucket failed.
    pub async fn sweep(&self) -> Result<Swept, ServiceError> {
        self.refresh().await?;
        let state = self.state();
        let kept = state.documents.iter().filter_map(|document| match &document.kept {
            documents::Kept::Vault { blob, .. } => blob.parse().ok(),
            documents::Kept::Elsewhere { .. } => None,
        });
        let kept = kept.chain(state.agreements.blobs().filter_map(|blob| blob.parse().ok()));
        let kept: BTreeSet<BlobId> = kept.collect();
        // By the wall clock, as files are dated by it: entries may be ahead of it, and uploads under way would look old.
        self.house.blobs.sweep(|blob| kept.contains(blob), self.house.clock.now()).await
    }
}
