//! What can go wrong with a journal, and what the caller can do about it.

use crate::faults::Step;

/// The record is not what was written: somebody, or a failing disk, changed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {position}: {reason}")]
pub struct Damage {
    /// The first position known to be wrong. Where only the whole can be told wrong (a signed
    /// checkpoint that does not fit), the size of the record.
    pub position: u64,
    /// What is wrong with it, as a clause.
    pub reason: String,
}

impl Damage {
    /// Damage found at an entry.
    pub fn at(position: u64, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}

/// The database could not do what it was asked. Nothing was half done.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No room is left where the database lives.
    #[error("the disk that holds the journal is full; free some space and try again")]
    Full(#[source] sqlx::Error),
    /// Another writer held the database for longer than the journal waits.
    #[error("the journal was busy with another writer for too long; try again")]
    Busy(#[source] sqlx::Error),
    /// Keys or snapshots are deleted, and a reader kept their bytes from being overwritten.
    #[error("what was deleted could not be overwritten yet: somebody was reading all the while; try again")]
    NotOverwritten,
    /// The database cannot be reached.
    #[error("the journal's database cannot be reached; check its address and that it runs")]
    Unreachable(#[source] sqlx::Error),
    /// The address of the database cannot be used.
    #[error(
        "the journal's address cannot be used: {0}; write `sqlite:///path/to/file` or `postgres://user@host/database`"
    )]
    Address(String),
    /// The file of the database was cut or overwritten.
    #[error("the journal's file is damaged: {0}")]
    Malformed(#[source] sqlx::Error),
    /// Anything else the database reports.
    #[error("the journal's database refused: {0}")]
    Database(#[source] sqlx::Error),
    /// The cryptographic library could not seal.
    #[error(transparent)]
    Seal(#[from] vault::SealError),
    /// The checkpoint could not be signed.
    #[error("the checkpoint could not be signed: {0}")]
    Sign(String),
    /// A test asked for this failure.
    #[error("injected failure at {0:?}")]
    Injected(Step),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(e) => e.code().map(|code| code.into_owned()),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
                return Self::Unreachable(error);
            }
            _ => None,
        };
        // SQLite's primary result code is the low byte of the extended one (sqlite.org/rescode.html);
        // PostgreSQL's are SQLSTATE (its manual, appendix A).
        // A SQLSTATE has five characters, a SQLite code never more than four digits.
        let primary =
            code.as_deref().filter(|c| c.len() < 5).and_then(|c| c.parse::<u32>().ok()).map(|c| c & 0xff);
        match (code.as_deref(), primary) {
            (Some("53100"), _) | (_, Some(13)) => Self::Full(error),
            (Some("55P03" | "57014"), _) | (_, Some(5 | 6)) => Self::Busy(error),
            // XX001 and XX002 are a damaged table and index; 11 and 26 a malformed file, and one that is no database.
            (Some("XX001" | "XX002"), _) | (_, Some(11 | 26)) => Self::Malformed(error),
            (Some("57P01" | "57P02" | "57P03" | "08006" | "08003"), _) => Self::Unreachable(error),
            _ => Self::Database(error),
        }
    }
}

/// Reading failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The record was changed.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no entry at this position (yet).
    #[error("there is no entry {position}; the record has {size} entries")]
    NoSuchEntry {
        /// What was asked for.
        position: u64,
        /// How many entries there are; positions count from 0.
        size: u64,
    },
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// A journal could not be created or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database holds no journal yet.
    #[error("there is no journal here yet; create one first")]
    Absent,
    /// The database holds a journal already.
    #[error("there is a journal here already; open it, or choose another place")]
    Exists,
    /// The record was changed.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged(damage) => Self::Damaged(damage),
            JournalError::Storage(error) => Self::Storage(error),
            JournalError::NoSuchEntry { position, .. } => Self::Damaged(Damage::at(position, "is missing")),
        }
    }
}

/// Entries were not appended: not one of the batch, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The record has another length than the caller decided upon: catch up, decide again.
    #[error("another writer was first: the record has {head} entries now")]
    Conflict {
        /// How many entries there are, as far as this process knows; refresh to be sure.
        head: u64,
    },
    /// Times never run backwards: the caller's clock is behind the last entry.
    #[error(
        "the clock is behind the record, whose last entry is of {head_time} ms; use that time and record the jump"
    )]
    ClockBehind {
        /// The time of the last entry, in ms since 1970 UTC.
        head_time: i64,
    },
    /// A draft cannot become an entry.
    #[error("draft {index} of the batch cannot be recorded: {reason}")]
    Unfit {
        /// Which draft of the batch, from 0.
        index: usize,
        /// Why, as a clause.
        reason: String,
    },
    /// A draft brings a key under a tag that has one already.
    #[error("a key is stored under this tag already")]
    KeyTaken,
    /// The commit failed and so did every attempt to learn whether it took effect. The entries may or
    /// may not be there: refresh before anything else.
    #[error("it is not known whether the entries were written; refresh before trying again ({0})")]
    Unknown(#[source] StorageError),
    /// The database failed; nothing was written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}
