//! Putting a record back from a copy, into an empty place, and believing it only once all of it was checked.

use super::backup::{ABOUT, About, FILES, FORMAT, RECORD, named_files, private};
use super::keyfile::{self, KeyFile};
use crate::config::{Config, Passphrase};
use crate::error::{OpenError, ServiceError};
use crate::house::Service;
use crate::record::Verification;
use aws_lc_rs::digest::{Context, SHA256};
use futures::TryStreamExt;
use journal::{Faults, Store};
use program::documents::Kept;
use program::retention::Command;
use program::{Actor, Digest, Line, Scope, Time};
use std::path::{Path, PathBuf};
use vault::Blobs;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreStep {
    /// So many entries were checked, of so many.
    Entries(u64, u64),
    /// So many sealed files were put back and read, of so many.
    Files(u64, u64),
}

/// A record that was put back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The entry that records it.
    pub entry: u64,
    /// When the copy was made: what was recorded after it is not here.
    pub made: Time,
    /// What checking every entry found.
    pub verification: Verification,
    /// Sealed files that open, and whose digests are those in the record.
    pub files: u64,
    /// Documents whose keys are destroyed.
    pub destroyed: u64,
    /// Which version of the keys was put back.
    pub version: u32,
}

impl Service {
    /// Puts the record back from a copy and the newest copy of the keys: into an empty place, wholly or not at all. Every entry
    /// is checked against the root that the copy names, and every sealed file is read.
    ///
    /// # Errors
    /// The place is not empty; the copy, or the keys, are incomplete, damaged or do not belong together; the passphrase is not
    /// that of the copy.
    pub async fn restore(
        config: Config,
        from: &Path,
        keys: &Path,
        passphrase: &Passphrase,
        actor: &Actor,
        progress: impl Fn(RestoreStep) + Send + Sync,
    ) -> Result<Restored, OpenError> {
        let about = read_about(from)?;
        let keys = newest(keys, about.version)?;
        empty(&config).await?;
        private(&config.data).map_err(|error| unusable(&config.data, &error))?;
        let done = put_back(&config, from, &about, keys, passphrase, actor, &progress).await;
        if done.is_err() && config.journal.is_none() {
            for name in ["record.db", "keys.db"] {
                for end in ["", "-wal", "-shm"] {
                    // What was not made yet cannot be removed.
                    let _ = std::fs::remove_file(config.data.join(format!("{name}{end}")));
                }
            }
            let _ = std::fs::remove_dir_all(config.blobs());
        }
        done
    }
}

async fn put_back(
    config: &Config,
    from: &Path,
    about: &About,
    keys: KeyFile,
    passphrase: &Passphrase,
    actor: &Actor,
    progress: &(impl Fn(RestoreStep) + Send + Sync),
) -> Result<Restored, OpenError> {
    // A copy may lie where nothing can be written, and reading a database writes beside it.
    let carried =
        if config.journal.is_none() { config.record_file() } else { config.data.join("restoring.db") };
    std::fs::copy(from.join(RECORD), &carried).map_err(|error| unusable(&from.join(RECORD), &error))?;
    let store = config.connect(Faults::none()).await?;
    if config.journal.is_some() {
        let copy = Store::connect_without_keys(&Store::sqlite_url(&carried), Faults::none()).await?;
        let copied = copy.copy_to(&store, |_, _| {}).await;
        copy.close().await?;
        let _ = std::fs::remove_file(&carried);
        copied.map_err(crate::setup::journal_error)?;
    }
    let version = keys.version;
    let keys: Vec<_> = keys.keys.into_iter().collect();
    if !store.put_keys(&keys).await? {
        return Err(OpenError::Present(config.place()));
    }
    let verification = verify(config, about, passphrase, progress).await?;
    let service = Service::unseal(config.clone(), passphrase).await?;
    let (files, destroyed) = files(&service, config, from, progress).await.map_err(content)?;
    let place = from.canonicalize().unwrap_or_else(|_| from.to_path_buf());
    let place = Line::new(&place.display().to_string())
        .map_err(|error| OpenError::Copy(format!("its folder's name cannot be kept: {error}")))?;
    let note = Command::NoteRestored { place, version, size: about.size, made: about.made };
    let done = service.act(actor, note).await.map_err(content)?;
    // Keys of what the record says was destroyed may have come back with an older version of them.
    service.forget_restored().await.map_err(content)?;
    let entry = done.position().unwrap_or_default();
    Ok(Restored { entry, made: about.made, verification, files, destroyed, version })
}

/// Checks every entry, and that they are those of the copy.
async fn verify(
    config: &Config,
    about: &About,
    passphrase: &Passphrase,
    progress: &(impl Fn(RestoreStep) + Send + Sync),
) -> Result<Verification, OpenError> {
    let verification =
        Service::verify(config, passphrase, |done, of| progress(RestoreStep::Entries(done, of))).await?;
    if (verification.entries, verification.root) != (about.size, about.root) {
        return Err(OpenError::Copy(format!(
            "it says it has {} entries, and the record in it has {}, or other ones",
            about.size, verification.entries
        )));
    }
    Ok(verification)
}

/// Puts the sealed files back and reads each to its end: how many are what the record says, and how many have lost their key.
async fn files(
    service: &Service,
    config: &Config,
    from: &Path,
    progress: &(impl Fn(RestoreStep) + Send + Sync),
) -> Result<(u64, u64), ServiceError> {
    let copies = Blobs::local(from.parent().unwrap_or(from).join(FILES))?;
    let here = Blobs::local(config.blobs())?;
    let state = service.state();
    let named = named_files(&state);
    let of = u64::try_from(named.len()).unwrap_or(u64::MAX);
    let (mut files, mut destroyed) = (0_u64, 0_u64);
    for (id, done) in named.into_iter().zip(1..) {
        let name = id.to_string();
        match service.content_key(&name).await? {
            None => destroyed = destroyed.saturating_add(1),
            Some((scope, digest)) => {
                copies.copy(id, &here).await.map_err(|error| match error {
                    vault::StorageError::NotFound(id) => {
                        ServiceError::Content(format!("the copy lacks the sealed file {id}"))
                    }
                    other => other.into(),
                })?;
                let key = service.house.keys.content(service.house.journal.store(), &name, scope).await?;
                let read = digest_of(service.house.blobs.read(&key, &name).await?).await?;
                if read != digest {
                    return Err(ServiceError::Content(format!(
                        "the sealed file {id} is not what was recorded"
                    )));
                }
                files = files.saturating_add(1);
            }
        }
        progress(RestoreStep::Files(done, of));
    }
    Ok((files, destroyed))
}

async fn digest_of(document: vault::Document) -> Result<Digest, ServiceError> {
    let mut context = Context::new(&SHA256);
    let mut pieces = std::pin::pin!(document.read_range(0..document.len())?);
    while let Some(piece) = pieces.try_next().await? {
        context.update(&piece);
    }
    Ok(Digest(context.finish().as_ref().try_into().unwrap_or_default()))
}

impl Service {
    /// Whose key wraps the key of this file, and the file's digest; nothing where that key is destroyed.
    async fn content_key(&self, blob: &str) -> Result<Option<(Scope, Digest)>, ServiceError> {
        let state = self.state();
        let document = state.documents.iter().find_map(|document| match &document.kept {
            Kept::Vault { blob: kept, digest, .. } if kept == blob => {
                Some((Scope::Secret(document.secret), *digest))
            }
            _ => None,
        });
        let found = document.or_else(|| state.agreements.file(blob));
        let Some((scope, digest)) = found else { return Ok(None) };
        let store = self.house.journal.store();
        let wrapped = store.get_key(&self.house.keys.content_tag(blob)).await?.is_some();
        let whose = self.house.keys.by_tag(store, &self.house.keys.tag(scope)).await?.is_some();
        Ok((wrapped && whose).then_some((scope, digest)))
    }

    /// Deletes what the record says is destroyed from the keys that were put back.
    async fn forget_restored(&self) -> Result<(), ServiceError> {
        let tags = self.house.destroyed_tags(&self.state());
        if !tags.is_empty() {
            self.house.journal.store().delete_keys(&tags).await?;
        }
        Ok(())
    }
}

fn read_about(from: &Path) -> Result<About, OpenError> {
    let path = from.join(ABOUT);
    let text = std::fs::read_to_string(&path).map_err(|error| unusable(&path, &error))?;
    let about: About = serde_json::from_str(&text)
        .map_err(|error| OpenError::Copy(format!("`{}` cannot be read: {error}", path.display())))?;
    if about.format != FORMAT {
        return Err(OpenError::Copy(format!(
            "it is in the format `{}`, which this version does not read",
            about.format
        )));
    }
    Ok(about)
}

/// The newest version of the keys in a folder, which must not be older than the copy.
fn newest(folder: &Path, least: u32) -> Result<KeyFile, OpenError> {
    let found = keyfile::versions(folder).map_err(|error| unusable(folder, &error))?;
    let Some((version, path)) = found.last_key_value() else {
        return Err(OpenError::Copy(format!("there are no keys in `{}`", folder.display())));
    };
    if *version < least {
        return Err(OpenError::Copy(format!(
            "the newest keys in `{}` are version {version}, and the copy was made with version {least}: keys are missing",
            folder.display()
        )));
    }
    KeyFile::read(path).map_err(|why| OpenError::Copy(format!("`{}`: {why}", path.display())))
}

/// Nothing is ever put back over something.
async fn empty(config: &Config) -> Result<(), OpenError> {
    let here = |path: &PathBuf| path.exists();
    let taken = match config.journal {
        None => [config.record_file(), config.data.join("keys.db"), config.blobs()].iter().any(here),
        Some(_) => {
            let store = config.connect(Faults::none()).await?;
            !store.is_empty().await? || !store.all_keys().await?.is_empty() || here(&config.blobs())
        }
    };
    if taken { Err(OpenError::Present(config.place())) } else { Ok(()) }
}

fn unusable(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Copy(format!("`{}` cannot be used: {error}", path.display()))
}

fn content(error: ServiceError) -> OpenError {
    match error {
        ServiceError::Damaged(damage) => OpenError::Damaged(damage),
        ServiceError::Content(why) => OpenError::Copy(why),
        ServiceError::Refused(refusal) => OpenError::Refused(refusal),
        other => OpenError::Storage(other.to_string()),
    }
}
