//! What a witness keeps: its key, and for each log that it trusts the log's keys and the latest checkpoint it cosigned.
//!
//! ```text
//! key                     the witness's own key; its owner alone may read it
//! lock                    held by the process that serves from this folder
//! logs/HASH/keys          the log's verifier keys, one a line
//! logs/HASH/latest        the latest checkpoint that was cosigned, or that none was yet
//! logs/HASH/refused/…     signed checkpoints that were refused, for people to look at
//! ```
//!
//! HASH is the SHA-256 of the log's origin in hexadecimal. There is no other copy of `latest`, and none is needed: where it is
//! lost or cannot be read, nothing more of that log is cosigned. A backup that is put back must not be older than the last
//! answer: an older one has forgotten what the witness promised.

use crate::log::{self, Log, LogFolder};
use crate::{disk, key};
use ledger::{CosigningKey, KeyKind, NoteError, VerifierKey};
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A witness's folder: whose key it is, and which logs it trusts.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    key: CosigningKey,
}

/// What came of trusting a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// The log is new here: nothing of it was cosigned.
    NewLog,
    /// The log was trusted already, by another key; now by both.
    AnotherKey,
    /// Nothing has changed.
    Already,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no witness.
    #[error("there is no witness in `{}`: make one with `ringfence witness init`", .0.display())]
    Absent(PathBuf),
    /// There is something else, or a witness already.
    #[error("`{}` is not empty: a witness begins in a folder of its own", .0.display())]
    NotEmpty(PathBuf),
    /// A name that a key cannot bear.
    #[error(transparent)]
    Name(NoteError),
    /// No random numbers.
    #[error("the machine gives no random numbers: {0}")]
    Chance(String),
    /// Others can cosign as this witness.
    #[error("others may read the key in `{}`: take that from them (`chmod 600`), or make a new witness", .0.display())]
    KeyShown(PathBuf),
    /// Not a key.
    #[error("`{}` does not hold a witness's key", .0.display())]
    Key(PathBuf),
    /// A witness's key, where a log's is needed.
    #[error("`{0}` is a witness's key: trust the log's own")]
    NotALog(String),
    /// A second key, of which nobody said that it is the same log's.
    #[error(
        "the log `{0}` is trusted by another key: two logs cannot have one name; if its key has changed, say so"
    )]
    AnotherKey(String),
    /// More keys than one log has.
    #[error("the log `{0}` is trusted by 16 keys already")]
    ManyKeys(String),
    /// What is known of a log is gone or damaged.
    #[error("`{}` cannot be relied on: {reason}; nothing of this log is cosigned until it is put back as it last was", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two would decide at once.
    #[error("another process serves from `{}`", .0.display())]
    Busy(PathBuf),
    /// The disk failed.
    #[error("`{}` could not be read or written: {reason}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl Folder {
    /// Makes a witness with a key of its own in an empty folder, or in one that is not there yet.
    pub fn create(path: &Path, name: &str) -> Result<Self, FolderError> {
        let failed = |error: io::Error| FolderError::disk(path, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(FolderError::NotEmpty(path.to_owned()));
        }
        // A name that no key can bear leaves an empty folder behind, which can be used again.
        let key = key::make(&path.join("key"), name)?;
        DirBuilder::new().mode(0o700).create(path.join("logs")).map_err(failed)?;
        disk::sync(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), key })
    }

    /// Opens a witness's folder.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let file = path.join("key");
        if !file.exists() {
            return Err(FolderError::Absent(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), key: key::read(&file)? })
    }

    /// The public half of the witness's key, for those who rely on it.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Trusts a log's key: from now on what it signs is cosigned, as long as it only grows. The key's name is the log's origin.
    ///
    /// A second key of a log that is trusted is taken only if `another` says so: it may be another log, which by mistake is
    /// called the same.
    pub fn trust(&self, key: &VerifierKey, another: bool) -> Result<Trusted, FolderError> {
        if key.kind() != KeyKind::Log {
            return Err(FolderError::NotALog(key.name().to_owned()));
        }
        let lock = self.path.join("trust.lock");
        // Waits for another that is just being written.
        let waiting = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _one_at_a_time = waiting.map_err(|error| FolderError::disk(&lock, &error))?;
        match self.log(key.name())? {
            Some(log) => log.add_key(key, another),
            None => log::create(&self.logs_path(), key),
        }
    }

    /// The logs that are trusted, by origin.
    pub fn logs(&self) -> Result<Vec<Log>, FolderError> {
        let mut logs: Vec<Log> = self.log_folders()?.iter().map(|log| log.view(self.verifier())).collect();
        logs.sort_by(|a, b| a.origin.cmp(&b.origin));
        Ok(logs)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn key(&self) -> &CosigningKey {
        &self.key
    }

    /// The folder of a log, if it is trusted.
    pub(crate) fn log(&self, origin: &str) -> Result<Option<LogFolder>, FolderError> {
        self.log_of(&log::hash(origin))
    }

    /// The folder of the log whose origin has this hash.
    pub(crate) fn log_of(&self, hash: &str) -> Result<Option<LogFolder>, FolderError> {
        let path = self.logs_path().join(hash);
        match path.try_exists() {
            Ok(there) => Ok(there.then(|| LogFolder::new(path))),
            Err(error) => Err(FolderError::disk(&path, &error)),
        }
    }

    pub(crate) fn log_folders(&self) -> Result<Vec<LogFolder>, FolderError> {
        let path = self.logs_path();
        let failed = |error: io::Error| FolderError::disk(&path, &error);
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // What a crash left while a log was made begins with a full stop.
            if log::is_hash(&entry.file_name().to_string_lossy()) {
                folders.push(LogFolder::new(entry.path()));
            }
        }
        Ok(folders)
    }

    fn logs_path(&self) -> PathBuf {
        self.path.join("logs")
    }
}

impl FolderError {
    pub(crate) fn disk(path: &Path, error: &io::Error) -> Self {
        Self::Disk { path: path.to_owned(), reason: error.to_string() }
    }

    pub(crate) fn lost(path: &Path, reason: impl ToString) -> Self {
        Self::Lost { path: path.to_owned(), reason: reason.to_string() }
    }
}
