//! Where things are kept.

use journal::{Faults, StorageError, Store};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A passphrase on its way to the key derivation; wiped when dropped, never printed.
pub type Passphrase = Zeroizing<String>;

/// Where one organisation's record and documents are.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder: sealed documents, and the record where it is a SQLite file.
    pub data: PathBuf,
    /// The record's database, where it is not a file in the data folder: `postgres://…`.
    pub journal: Option<String>,
    /// The database of the wrapped keys, where it is neither a file in the data folder nor the record's database.
    pub keys: Option<String>,
    /// The largest document taken, in bytes; none for as large as the disk allows.
    pub largest_document: Option<u64>,
}

impl Config {
    /// The data folder alone.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), journal: None, keys: None, largest_document: None }
    }

    /// The journal's address.
    #[must_use]
    pub fn journal_url(&self) -> String {
        self.journal.clone().unwrap_or_else(|| Store::sqlite_url(&self.record_file()))
    }

    /// The record's file, where it is one.
    #[must_use]
    pub fn record_file(&self) -> PathBuf {
        self.data.join("record.db")
    }

    /// The file of the wrapped keys, where they are in one: apart from the record, so that a copy of the record and of the
    /// documents holds no key.
    #[must_use]
    pub fn key_file(&self) -> Option<PathBuf> {
        (self.journal.is_none() && self.keys.is_none()).then(|| self.data.join("keys.db"))
    }

    /// The address of the wrapped keys, where they are apart from the record.
    #[must_use]
    pub fn keys_url(&self) -> Option<String> {
        self.keys.clone().or_else(|| self.key_file().map(|file| Store::sqlite_url(&file)))
    }

    pub(crate) async fn connect(&self, faults: Faults) -> Result<Store, StorageError> {
        match self.keys_url() {
            Some(keys) => Store::connect_apart(&self.journal_url(), &keys, faults).await,
            None => Store::connect_with(&self.journal_url(), faults).await,
        }
    }

    /// The folder of sealed documents.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.data.join("blobs")
    }

    /// What to call this place in messages: never with a password in it.
    #[must_use]
    pub fn place(&self) -> String {
        if self.journal.is_some() { "the database".to_owned() } else { Path::display(&self.data).to_string() }
    }
}
