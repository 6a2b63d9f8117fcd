//! Stores blobs under random names: each appears whole and durable, or not at all.
//!
//! Built on `object_store`, with the local folder now. What its local back end does, as read in its
//! source (0.14): a write goes to a staging file `NAME#1`; completing it calls fsync on the file,
//! renames it and, with `with_fsync`, calls fsync on the folder too. A crash therefore leaves either
//! no blob (perhaps a staging file, which lists do not show and [`Blobs::sweep`] removes) or the
//! whole one. Deleting does not sync the folder there, so it is done here.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FolderPath, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};

use crate::key::{SealError, fill_random};

/// Bytes gathered before they are handed to the store, above the 5 MiB that S3 asks of a part.
const PART_LEN: usize = 8 * 1024 * 1024;
/// Bytes fetched at a time while reading.
const READ_LEN: u64 = 1024 * 1024;
const ID_LEN: usize = 16;

/// The random 128-bit name of a blob, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId([u8; ID_LEN]);

/// What a list tells of one blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its name.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// When it was completed, in milliseconds since 1970 UTC by the store's clock.
    pub modified_ms: i64,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs nobody referred to.
    pub blobs: u64,
    /// Staging files of writes that never completed.
    pub staging: u64,
    /// Bytes freed by both.
    pub bytes: u64,
}

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No room on the disk, or over a quota or size limit. Nothing of the blob is kept.
    #[error("the storage is full: free some space or raise the quota, then try again")]
    Full,
    /// There is no such blob.
    #[error("blob `{0}` does not exist")]
    NotFound(BlobId),
    /// The bytes asked for lie beyond the blob's end.
    #[error("bytes {start} to {end} were asked of a blob of {size} bytes")]
    OutOfRange {
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Length of the blob in bytes.
        size: u64,
    },
    /// An earlier write of this blob failed, so it can only be given up.
    #[error("the blob cannot be completed because writing it failed before")]
    Broken,
    /// The system has no randomness for a name.
    #[error(transparent)]
    NoRandomness(#[from] SealError),
    /// The store or the file system reports something else.
    #[error("the storage failed")]
    Store(#[source] object_store::Error),
    /// The folder cannot be used.
    #[error("the storage folder cannot be used")]
    Folder(#[source] std::io::Error),
}

/// A place where blobs are kept.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<LocalFileSystem>,
    folder: PathBuf,
}

impl Blobs {
    /// Opens the folder, creating it where it is missing.
    ///
    /// # Errors
    /// [`StorageError::Folder`] where it can neither be found nor made.
    pub fn local(folder: impl AsRef<FolderPath>) -> Result<Self, StorageError> {
        std::fs::create_dir_all(&folder).map_err(StorageError::Folder)?;
        let folder = folder.as_ref().canonicalize().map_err(StorageError::Folder)?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent).map_err(StorageError::Folder)?;
        }
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(from_store)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), folder })
    }

    /// Starts a new blob. It exists once [`BlobWriter::finish`] has returned.
    ///
    /// # Errors
    /// [`StorageError::Full`] or others of [`StorageError`].
    pub async fn create(&self) -> Result<BlobWriter, StorageError> {
        self.writer(BlobId::generate()?).await
    }

    async fn writer(&self, id: BlobId) -> Result<BlobWriter, StorageError> {
        let upload = self.store.put_multipart(&id.path()).await.map_err(from_store)?;
        Ok(BlobWriter { id, upload, part: Vec::new(), part_len: 0, size: 0, broken: false })
    }

    /// Stores a stream as a new blob with constant memory. If the stream fails nothing is kept.
    ///
    /// # Errors
    /// The stream's own error, or [`StorageError`] converted to it.
    pub async fn put<E: From<StorageError>>(
        &self,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(BlobId, u64), E> {
        let mut writer = self.create().await?;
        let mut content = std::pin::pin!(content);
        loop {
            let outcome = match content.try_next().await {
                Ok(Some(bytes)) => writer.write(bytes).await.map_err(E::from),
                Ok(None) => return Ok(writer.finish().await?),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                writer.abort().await;
                return Err(error);
            }
        }
    }

    /// Copies a blob, as it is, into another store under the same name; `false` where it is there already. A name is given to
    /// one content alone and never again, so that what is there with the same length is not written anew.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] or others; then nothing of it is there.
    pub async fn copy(&self, id: BlobId, to: &Blobs) -> Result<bool, StorageError> {
        let size = self.size(id).await?;
        match to.size(id).await {
            Ok(there) if there == size => return Ok(false),
            Ok(_) | Err(StorageError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let mut writer = to.writer(id).await?;
        let mut pieces = std::pin::pin!(self.clone().fetch(id, 0..size));
        loop {
            let outcome = match pieces.try_next().await {
                Ok(Some(bytes)) => writer.write(bytes).await,
                Ok(None) => return writer.finish().await.map(|_| true),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                writer.abort().await;
                return Err(error);
            }
        }
    }

    /// Reads part of a blob, about a MiB at a time.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], [`StorageError::OutOfRange`]; the stream fails where the blob is
    /// deleted or shortened underneath.
    pub async fn read(
        &self,
        id: BlobId,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, StorageError>> + Send + use<>, StorageError> {
        let Range { start, end } = range;
        let size = self.size(id).await?;
        if start > end || end > size {
            return Err(StorageError::OutOfRange { start, end, size });
        }
        Ok(self.clone().fetch(id, range))
    }

    /// Length of a blob in bytes.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] or others of [`StorageError`].
    pub async fn size(&self, id: BlobId) -> Result<u64, StorageError> {
        let found = self.store.head(&id.path()).await.map_err(|error| not_found(id, error))?;
        Ok(found.size)
    }

    /// Deletes a blob for good; one that is not there is no error.
    ///
    /// # Errors
    /// [`StorageError::Store`].
    pub async fn delete(&self, id: BlobId) -> Result<(), StorageError> {
        match self.store.delete(&id.path()).await {
            Ok(()) => self.blocking(sync_folder).await,
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(from_store(error)),
        }
    }

    /// All blobs, in no order. Unfinished ones and foreign files are not among them.
    ///
    /// # Errors
    /// [`StorageError::Store`].
    pub async fn list(&self) -> Result<Vec<BlobInfo>, StorageError> {
        let found = self.store.list(None).try_filter_map(|meta| async move {
            Ok(meta.location.as_ref().parse().ok().map(|id| BlobInfo {
                id,
                size: meta.size,
                modified_ms: meta.last_modified.timestamp_millis(),
            }))
        });
        found.try_collect().await.map_err(from_store)
    }

    /// Removes blobs that `keep` does not want and staging files, both only where they were last
    /// written before `older_than_ms` (milliseconds since 1970 UTC), so that a blob not yet recorded
    /// by whoever wrote it is spared.
    ///
    /// # Errors
    /// [`StorageError`]; what was removed until then stays removed.
    pub async fn sweep(
        &self,
        keep: impl Fn(&BlobId) -> bool,
        older_than_ms: i64,
    ) -> Result<Swept, StorageError> {
        let mut swept = self.blocking(move |folder| sweep_staging(folder, older_than_ms)).await?;
        for blob in self.list().await? {
            if blob.modified_ms < older_than_ms && !keep(&blob.id) {
                self.delete(blob.id).await?;
                swept.blobs += 1;
                swept.bytes += blob.size;
            }
        }
        Ok(swept)
    }

    /// One piece of a blob, which must be there in full.
    pub(crate) async fn fetch_whole(&self, id: BlobId, range: Range<u64>) -> Result<Bytes, StorageError> {
        let Range { start, end } = range;
        if start == end {
            return Ok(Bytes::new());
        }
        let bytes = self.store.get_range(&id.path(), range).await.map_err(|error| not_found(id, error))?;
        match bytes.len() as u64 == end - start {
            true => Ok(bytes),
            false => Err(StorageError::OutOfRange { start, end, size: start + bytes.len() as u64 }),
        }
    }

    /// The pieces of a range, one after the other.
    pub(crate) fn fetch(
        self,
        id: BlobId,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StorageError>> + Send + use<> {
        stream::try_unfold(range, move |Range { start, end }| {
            let blobs = self.clone();
            async move {
                if start >= end {
                    return Ok(None);
                }
                let next = end.min(start.saturating_add(READ_LEN));
                let bytes = blobs.fetch_whole(id, start..next).await?;
                Ok(Some((bytes, next..end)))
            }
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&FolderPath) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(std::io::Error::other).and_then(|outcome| outcome).map_err(StorageError::Folder)
    }
}

/// Writes one blob; dropped before `finish`, it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    id: BlobId,
    upload: Box<dyn MultipartUpload>,
    part: Vec<Bytes>,
    part_len: usize,
    size: u64,
    broken: bool,
}

impl BlobWriter {
    /// Takes more bytes; at most 8 MiB are held back.
    ///
    /// # Errors
    /// [`StorageError::Full`] and others; after one the blob can only be aborted.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), StorageError> {
        while !bytes.is_empty() {
            let head = bytes.split_to(bytes.len().min(PART_LEN.saturating_sub(self.part_len)));
            self.part_len += head.len();
            self.size += head.len() as u64;
            self.part.push(head);
            if self.part_len >= PART_LEN {
                self.put_part().await?;
            }
        }
        Ok(())
    }

    /// Makes the blob appear, whole and synced to disk, and gives its name and length in bytes.
    ///
    /// # Errors
    /// [`StorageError::Full`] and others; nothing of the blob is kept then.
    pub async fn finish(mut self) -> Result<(BlobId, u64), StorageError> {
        if (!self.part.is_empty() || self.broken)
            && let Err(error) = self.put_part().await
        {
            self.abort().await;
            return Err(error);
        }
        match self.upload.complete().await {
            Ok(_) => Ok((self.id, self.size)),
            Err(error) => {
                self.discard().await;
                Err(from_store(error))
            }
        }
    }

    /// Gives the blob up. What cannot be removed now is left to [`Blobs::sweep`].
    pub async fn abort(mut self) {
        self.discard().await;
    }

    async fn discard(&mut self) {
        // Only a leftover staging file could make this fail, and a sweep removes that.
        let _ = self.upload.abort().await;
    }

    /// Parts are awaited one by one: completing after a lost part would publish a hole.
    async fn put_part(&mut self) -> Result<(), StorageError> {
        if self.broken {
            return Err(StorageError::Broken);
        }
        self.broken = true;
        self.part_len = 0;
        let part = std::mem::take(&mut self.part).into_iter().collect();
        self.upload.put_part(part).await.map_err(from_store)?;
        self.broken = false;
        Ok(())
    }
}

impl BlobId {
    fn generate() -> Result<Self, SealError> {
        let mut bytes = [0; ID_LEN];
        fill_random(&mut bytes)?;
        Ok(Self(bytes))
    }

    fn path(self) -> Path {
        Path::from(self.to_string())
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

/// The text is not the name of a blob.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a blob's name is 32 lower-case hexadecimal digits")]
pub struct BadBlobId;

impl FromStr for BlobId {
    type Err = BadBlobId;

    fn from_str(text: &str) -> Result<Self, BadBlobId> {
        let digits = text.as_bytes();
        let (pairs, []) = digits.as_chunks::<2>() else {
            return Err(BadBlobId);
        };
        let mut bytes = [0; ID_LEN];
        if pairs.len() != ID_LEN {
            return Err(BadBlobId);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(letter: u8) -> Result<u8, BadBlobId> {
    match letter {
        b'0'..=b'9' => Ok(letter - b'0'),
        b'a'..=b'f' => Ok(letter - b'a' + 10),
        _ => Err(BadBlobId),
    }
}

fn not_found(id: BlobId, error: object_store::Error) -> StorageError {
    match error {
        object_store::Error::NotFound { .. } => StorageError::NotFound(id),
        other => from_store(other),
    }
}

/// A full disk hides as an `io::Error` somewhere below the store's own error.
fn from_store(error: object_store::Error) -> StorageError {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(found) = cause {
        if let Some(io) = found.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge)
        {
            return StorageError::Full;
        }
        cause = found.source();
    }
    StorageError::Store(error)
}

/// Makes what was created or removed in a folder survive a power cut.
fn sync_folder(folder: &FolderPath) -> std::io::Result<()> {
    match cfg!(unix) {
        true => std::fs::File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

/// Staging files are named `BLOB#NUMBER` by the local store.
fn sweep_staging(folder: &FolderPath, older_than_ms: i64) -> std::io::Result<Swept> {
    let mut swept = Swept::default();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let staging = name.to_str().and_then(|name| name.split_once('#')).is_some_and(|(blob, number)| {
            blob.parse::<BlobId>().is_ok() && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        if !staging {
            continue;
        }
        let found = entry.metadata()?;
        let age = found.modified()?.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
        if i64::try_from(age).is_ok_and(|modified_ms| modified_ms < older_than_ms) {
            std::fs::remove_file(entry.path())?;
            swept.staging += 1;
            swept.bytes += found.len();
        }
    }
    Ok(swept)
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;
