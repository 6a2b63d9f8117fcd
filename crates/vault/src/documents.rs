//! Documents as sealed blobs: written as a stream, read whole or in part, with constant memory.
//!
//! A document is a [`crate::chunked`] message in a [`Blobs`] store. The context binds it to its
//! place (name the document's id in it), so that one blob cannot stand in for another.

use std::ops::Range;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::blobs::{BlobId, Blobs, StorageError};
use crate::chunked::{CHUNK_LEN, ChunkError, HEADER_LEN, RandomAccess, RangePlan, Sealer, plaintext_len};
use crate::key::Key;

/// Chunks opened or sealed between two chances for other tasks to run: 256 KiB, some 50 microseconds.
const STEP_CHUNKS: usize = 16;

/// A document could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The document is damaged, or key or context are not its own.
    #[error(transparent)]
    Sealed(#[from] ChunkError),
    /// What was to be stored could not be read.
    #[error("the document to be stored could not be read")]
    Source(#[from] std::io::Error),
}

/// A store of sealed documents.
#[derive(Clone, Debug)]
pub struct SealedBlobs {
    blobs: Blobs,
}

impl SealedBlobs {
    /// Keeps documents in `blobs`.
    pub fn new(blobs: Blobs) -> Self {
        Self { blobs }
    }

    /// The blobs beneath, to list, delete and sweep.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Seals a stream into a new blob; gives its name and the plaintext's length in bytes. When this
    /// returns the document is durable; when it fails nothing is kept.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub async fn put(
        &self,
        key: &Key,
        context: &[u8],
        content: impl Stream<Item = std::io::Result<Bytes>>,
    ) -> Result<(BlobId, u64), DocumentError> {
        let sealer = Sealer::new(key, context)?;
        let steps = content.map_err(DocumentError::from).map_ok(in_steps).try_flatten();
        let sealed = stream::try_unfold((Some(sealer), Box::pin(steps)), |(sealer, mut steps)| async move {
            let Some(mut sealer) = sealer else { return Ok(None) };
            tokio::task::yield_now().await;
            let mut out = Vec::new();
            let sealer = match steps.try_next().await? {
                Some(plaintext) => {
                    sealer.push(&plaintext, &mut out)?;
                    Some(sealer)
                }
                None => {
                    sealer.finish(&mut out)?;
                    None
                }
            };
            Ok::<_, DocumentError>(Some((Bytes::from(out), (sealer, steps))))
        });
        let (id, size) = self.blobs.put(sealed).await?;
        Ok((id, plaintext_len(size)?))
    }

    /// Opens a document: checks the key, the context and, by its last chunk, the length.
    ///
    /// # Errors
    /// [`ChunkError::WrongKey`], [`ChunkError::Truncated`] and others of [`DocumentError`].
    pub async fn open(&self, key: &Key, context: &[u8], id: BlobId) -> Result<Document, DocumentError> {
        let ciphertext_len = self.blobs.size(id).await?;
        let len = plaintext_len(ciphertext_len)?;
        let header = self.blobs.fetch_whole(id, 0..HEADER_LEN as u64).await?;
        let header = header.first_chunk().ok_or(ChunkError::Truncated)?;
        let access = RandomAccess::new(key, context, header)?;
        let document = Document { blobs: self.blobs.clone(), id, access, ciphertext_len, len };
        document.read_range(len..len)?.try_for_each(|_| async { Ok(()) }).await?;
        Ok(document)
    }
}

/// One open document.
#[derive(Clone)]
pub struct Document {
    blobs: Blobs,
    id: BlobId,
    access: RandomAccess,
    ciphertext_len: u64,
    len: u64,
}

impl Document {
    /// Plaintext length in bytes; it was authenticated at opening.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The plaintext of a range, in pieces of at most 256 KiB, each authenticated before it is
    /// yielded. A stream that ends in an error has yielded a true beginning of the range.
    ///
    /// # Errors
    /// [`ChunkError::OutOfRange`]; in the stream, [`DocumentError`].
    pub fn read_range(
        &self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, DocumentError>> + Send + use<>, DocumentError> {
        let plan = RangePlan::new(range, self.ciphertext_len)?;
        let opener = self.access.open(&plan);
        let pieces = self.blobs.clone().fetch(self.id, plan.ciphertext);
        let pieces = pieces.map_err(DocumentError::from).map_ok(in_steps).try_flatten();
        let opened =
            stream::try_unfold((Some(opener), Box::pin(pieces)), |(opener, mut pieces)| async move {
                let Some(mut opener) = opener else { return Ok(None) };
                let mut out = Vec::new();
                let opener = match pieces.try_next().await? {
                    Some(sealed) => {
                        opener.push(&sealed, &mut out)?;
                        tokio::task::yield_now().await;
                        Some(opener)
                    }
                    None => {
                        opener.finish(&mut out)?;
                        None
                    }
                };
                Ok::<_, DocumentError>(Some((Bytes::from(out), (opener, pieces))))
            });
        Ok(opened.try_filter(|bytes| std::future::ready(!bytes.is_empty())))
    }
}

/// Cuts what came into pieces small enough not to hold up other tasks.
fn in_steps(bytes: Bytes) -> impl Stream<Item = Result<Bytes, DocumentError>> {
    let step = STEP_CHUNKS * CHUNK_LEN;
    stream::iter((0..bytes.len()).step_by(step))
        .map(move |start| Ok(bytes.slice(start..bytes.len().min(start.saturating_add(step)))))
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
