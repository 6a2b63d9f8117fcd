//! A copy of everything against loss, made while the record is in use: the record and the sealed files in one folder, the keys
//! in another.

use super::keyfile::{self, KeyFile};
use crate::error::ServiceError;
use crate::house::Service;
use journal::{Faults, Store};
use program::documents::Kept;
use program::retention::{BACKERS, Command};
use program::{Actor, Digest, Line, Recorded, Refusal, State, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vault::{BlobId, Blobs};

/// The file that says what a copy is.
pub(super) const ABOUT: &str = "backup.json";
/// The record in a copy.
pub(super) const RECORD: &str = "record.db";
/// The sealed files, once for all copies in one place: they never change.
pub(super) const FILES: &str = "blobs";
pub(super) const FORMAT: &str = "ringfence-backup/1";

/// Where to copy to.
#[derive(Debug, Clone)]
pub struct BackupPlan {
    /// The folder of copies. It may be kept anywhere and for ever: it holds no key.
    pub place: PathBuf,
    /// The folder of copies of the keys: apart from the other, and within reach, since keys that are to be deleted are deleted
    /// there too.
    pub keys: PathBuf,
}

/// What is being copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStep {
    /// So many entries, of so many.
    Entries(u64, u64),
    /// So many sealed files, of so many.
    Files(u64, u64),
}

/// A copy that was made.
#[derive(Debug, Clone)]
pub struct BackedUp {
    /// The entry that records it.
    pub entries: Vec<Recorded>,
    /// The folder of this copy.
    pub folder: PathBuf,
    /// The file of the keys.
    pub keys: PathBuf,
    /// How many entries it has.
    pub size: u64,
    /// How many sealed files belong to it.
    pub files: u64,
    /// How many of them were not there before.
    pub fresh: u64,
}

/// What a copy says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) format: String,
    pub(super) made: Time,
    pub(super) size: u64,
    pub(super) root: Digest,
    /// Which version of the keys was made with it; an older one may lack keys.
    pub(super) version: u32,
    pub(super) files: u64,
}

impl Service {
    /// Copies the record, the sealed files and the keys, while everybody goes on working.
    ///
    /// # Errors
    /// The actor may not; the folders cannot be written, or lie in one another; another copy was made at the same time.
    /// Then nothing of this one is left.
    pub async fn back_up(
        &self,
        actor: &Actor,
        plan: &BackupPlan,
        progress: impl Fn(BackupStep) + Send + Sync,
    ) -> Result<BackedUp, ServiceError> {
        actor.require(&self.state(), self.now(), BACKERS, "make copies of the record")?;
        let (place, keys) = self.folders(plan)?;
        let _keeping = self.house.keeping.lock().await;
        self.refresh().await?;
        let made = self.now();
        let stamp = made.to_string().replace([':', '.'], "-");
        let (partial, folder) = (place.join(format!("{stamp}.partial")), place.join(&stamp));
        private(&partial).map_err(|error| unwritable(&partial, &error))?;
        let done = self.copy(actor, &place, &keys, &partial, made, &progress).await;
        let (about, fresh, file) = match done {
            Ok(done) => done,
            Err(error) => {
                // What cannot be removed is named as partial, and nothing reads it.
                let _ = std::fs::remove_dir_all(&partial);
                return Err(error);
            }
        };
        let finish = || {
            std::fs::rename(&partial, &folder)?;
            std::fs::File::open(&place)?.sync_all()
        };
        if let Err(error) = finish() {
            let _ = (std::fs::remove_dir_all(&partial), std::fs::remove_file(&file));
            return Err(unwritable(&folder, &error));
        }
        let note = Command::NoteBackup {
            place: line(&folder)?,
            keys: line(&keys)?,
            version: about.version,
            size: about.size,
            root: about.root,
            files: about.files,
        };
        let entries = match self.act(actor, note).await {
            Ok(done) => done.entries,
            Err(error) => {
                let _ = (std::fs::remove_dir_all(&folder), std::fs::remove_file(&file));
                return Err(error);
            }
        };
        // What another process destroyed meanwhile may have missed a folder that was not in the record yet.
        let tags = self.house.destroyed_tags(&self.state());
        keyfile::shred(&keys, self.house.keys.record(), about.version, &tags)
            .map_err(ServiceError::Storage)?;
        Ok(BackedUp { entries, folder, keys: file, size: about.size, files: about.files, fresh })
    }

    async fn copy(
        &self,
        actor: &Actor,
        place: &Path,
        keys: &Path,
        partial: &Path,
        made: Time,
        progress: &(impl Fn(BackupStep) + Send + Sync),
    ) -> Result<(About, u64, PathBuf), ServiceError> {
        let house = &self.house;
        let copy =
            Store::connect_without_keys(&Store::sqlite_url(&partial.join(RECORD)), Faults::none()).await?;
        let entries = |done, of| progress(BackupStep::Entries(done, of));
        let size = house.journal.store().copy_to(&copy, entries).await.map_err(copy_error)?;
        copy.close().await?;
        self.refresh().await?;
        let root = Digest(house.journal.consistency(size).await?.old_root.0);
        let (files, fresh) = self.copy_files(place, progress).await?;
        // The keys come last, so that none is missing that an entry or a file of the copy needs.
        let state = self.state();
        let destroyed = house.destroyed_tags(&state);
        let all = house.journal.store().all_keys().await?;
        let version = state.retention.next_version();
        let file = KeyFile {
            record: house.keys.record(),
            version,
            size,
            keys: all.into_iter().filter(|(tag, _)| !destroyed.contains(tag)).collect(),
        };
        let about = About { format: FORMAT.to_owned(), made, size, root, version, files };
        let text = serde_json::to_string_pretty(&about).map_err(|e| ServiceError::Storage(e.to_string()))?;
        std::fs::write(partial.join(ABOUT), text).map_err(|error| unwritable(partial, &error))?;
        sync_all(partial).map_err(|error| unwritable(partial, &error))?;
        actor.require(&state, self.now(), BACKERS, "make copies of the record")?;
        file.create(keys).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Refusal::input(
                "keys",
                format!(
                    "`{}` holds the keys of another record, or another copy is being made",
                    keys.display()
                ),
            )
            .remedy("choose another folder for the keys of this record")
            .into(),
            _ => unwritable(keys, &error),
        })?;
        Ok((about, fresh, KeyFile::path(keys, version)))
    }

    /// Copies the sealed files that the record names and that are not there yet: how many there are, and how many were copied.
    async fn copy_files(
        &self,
        place: &Path,
        progress: &(impl Fn(BackupStep) + Send + Sync),
    ) -> Result<(u64, u64), ServiceError> {
        let from = Blobs::local(self.house.config.blobs())?;
        let to = Blobs::local(place.join(FILES))?;
        let named = named_files(&self.state());
        let of = u64::try_from(named.len()).unwrap_or(u64::MAX);
        let (mut files, mut fresh) = (0_u64, 0_u64);
        for (id, done) in named.into_iter().zip(1..) {
            match from.copy(id, &to).await {
                Ok(copied) => {
                    files = files.saturating_add(1);
                    fresh = fresh.saturating_add(u64::from(copied));
                }
                // Destroyed while the copy was being made.
                Err(vault::StorageError::NotFound(_)) if !named_files(&self.state()).contains(&id) => {}
                Err(error) => return Err(error.into()),
            }
            progress(BackupStep::Files(done, of));
        }
        Ok((files, fresh))
    }

    /// Makes and looks at the two folders: neither in the other, and neither in the data folder.
    fn folders(&self, plan: &BackupPlan) -> Result<(PathBuf, PathBuf), ServiceError> {
        let made = |field, path: &Path| {
            private(path).and_then(|()| path.canonicalize()).map_err(|error| {
                Refusal::input(field, format!("`{}` cannot be used: {error}", path.display()))
            })
        };
        let (place, keys) = (made("out", &plan.place)?, made("keys", &plan.keys)?);
        let data = self.house.config.data.canonicalize().unwrap_or_else(|_| self.house.config.data.clone());
        if keys.starts_with(&place) || place.starts_with(&keys) {
            return Err(Refusal::input(
                "keys",
                "the keys have to lie apart from the copy: neither folder in the other",
            )
            .remedy(
                "choose a folder on another disk: a copy of the record, of whatever age, then holds no key",
            )
            .into());
        }
        for (field, folder) in [("out", &place), ("keys", &keys)] {
            if folder.starts_with(&data) || data.starts_with(folder) {
                return Err(Refusal::input(
                    field,
                    format!("`{}` and the data folder lie in one another", folder.display()),
                )
                .remedy("choose a folder elsewhere, on another disk")
                .into());
            }
            line(folder).map_err(|error| match error {
                ServiceError::Refused(refusal) => refusal.field(field).into(),
                other => other,
            })?;
        }
        Ok((place, keys))
    }
}

/// Every sealed file that the record names.
pub(super) fn named_files(state: &State) -> BTreeSet<BlobId> {
    let documents = state.documents.iter().filter(|document| document.destroyed.is_none());
    let documents = documents.filter_map(|document| match &document.kept {
        Kept::Vault { blob, .. } => blob.parse().ok(),
        Kept::Elsewhere { .. } => None,
    });
    documents.chain(state.agreements.blobs().filter_map(|blob| blob.parse().ok())).collect()
}

pub(super) fn private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn sync_all(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        std::fs::File::open(entry?.path())?.sync_all()?;
    }
    std::fs::File::open(folder)?.sync_all()
}

fn line(path: &Path) -> Result<Line, ServiceError> {
    let text = path.to_str().ok_or_else(|| Refusal::input("out", "the folder's name is not Unicode"))?;
    Ok(Line::new(text)
        .map_err(|error| Refusal::input("out", format!("the folder's name cannot be kept: {error}")))?)
}

fn unwritable(path: &Path, error: &std::io::Error) -> ServiceError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ServiceError::Full,
        _ => ServiceError::Storage(format!("`{}` cannot be written: {error}", path.display())),
    }
}

fn copy_error(error: journal::OpenError) -> ServiceError {
    match error {
        journal::OpenError::Damaged(damage) => ServiceError::Damaged(damage),
        journal::OpenError::Storage(error) => error.into(),
        other => ServiceError::Storage(other.to_string()),
    }
}
