//! Where things are kept.

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
    /// The largest document taken, in bytes; none for as large as the disk allows.
    pub largest_document: Option<u64>,
}

impl Config {
    /// The data folder alone.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), journal: None, largest_document: None }
    }

    /// The journal's address.
    #[must_use]
    pub fn journal_url(&self) -> String {
        self.journal.clone().unwrap_or_else(|| journal::Store::sqlite_url(&self.record_file()))
    }

    /// The record's file, where it is one.
    #[must_use]
    pub fn record_file(&self) -> PathBuf {
        self.data.join("record.db")
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
