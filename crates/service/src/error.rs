//! What can go wrong, told so that whoever reads it can act.

use program::access::Because;
use program::documents::Target;
use program::{Refusal, Rule};
use vault::DocumentError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A rule said no. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The gate said no; that it was asked is an entry.
    #[error("access refused: {}", .0.summary())]
    Shut(Box<Shut>),
    /// The disk or bucket is full. Nothing was changed.
    #[error("there is no space left to write: free some, and try again; nothing was lost or half done")]
    Full,
    /// The record is damaged.
    #[error(transparent)]
    Damaged(#[from] journal::Damage),
    /// The data folder or database failed.
    #[error("the record could not be written or read: {0}")]
    Storage(String),
    /// Sealed bytes do not open or cannot be read: damaged or exchanged.
    #[error("sealed content does not open: {0}")]
    Content(String),
    /// An upload ended before it was complete, or was larger than allowed.
    #[error("{0}")]
    Upload(String),
    /// The program is stopping.
    #[error("the service is stopping; try again in a moment")]
    Stopping,
}

/// A refusal by the gate: every condition that was asked, with what can be done about those that fail.
#[derive(Debug, Clone)]
pub struct Shut {
    /// What was to be opened.
    pub target: Target,
    /// The conditions asked.
    pub because: Vec<Because>,
    /// The entry that records the refusal.
    pub entry: u64,
}

impl Shut {
    /// The failing conditions, by name.
    #[must_use]
    pub fn summary(&self) -> String {
        let failing: Vec<&str> =
            self.because.iter().filter(|b| !b.met).map(|b| b.condition.as_str()).collect();
        failing.join(", ")
    }
}

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none yet.
    #[error("there is no record in `{0}` yet: make one with `ringfence init`")]
    Absent(String),
    /// There is one already.
    #[error("`{0}` already holds a record: it was left as it is")]
    Present(String),
    /// The passphrase does not unseal the root key.
    #[error("the passphrase is wrong: the record stays sealed")]
    WrongPassphrase,
    /// The passphrase is too weak to seal anything.
    #[error("{0}")]
    WeakPassphrase(String),
    /// The recovery key does not unseal the root key.
    #[error("the recovery key does not fit: {0}")]
    WrongRecoveryKey(String),
    /// A copy cannot be put back.
    #[error("the copy cannot be put back, and nothing of it was kept: {0}")]
    Copy(String),
    /// The sealed keys are damaged.
    #[error("the sealed keys are damaged: {0}")]
    DamagedKeys(String),
    /// The record is damaged: cut, edited or reordered.
    #[error("the record is damaged: {0}")]
    Damaged(journal::Damage),
    /// The record's file or database was cut or overwritten: what can be read of it is no record.
    #[error("the record cannot be read: {0}")]
    Malformed(String),
    /// The disk or database failed.
    #[error("{0}")]
    Storage(String),
    /// A newer version wrote the record.
    #[error("{0}")]
    Newer(String),
    /// A rule refused the beginning.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl ServiceError {
    /// The rule that refused, where one did.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        match self {
            ServiceError::Refused(refusal) => Some(refusal.rule),
            ServiceError::Shut(_) => Some(Rule::Gate),
            _ => None,
        }
    }
}

impl From<journal::AppendError> for ServiceError {
    fn from(error: journal::AppendError) -> Self {
        match error {
            journal::AppendError::Storage(error) => error.into(),
            journal::AppendError::Unknown(error) => Self::Storage(format!(
                "{error}; it is not known whether this was recorded, so look before you try again"
            )),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<journal::JournalError> for ServiceError {
    fn from(error: journal::JournalError) -> Self {
        match error {
            journal::JournalError::Damaged(damage) => Self::Damaged(damage),
            journal::JournalError::Storage(error) => error.into(),
            other @ journal::JournalError::NoSuchEntry { .. } => {
                Self::Refused(Refusal::new(Rule::Unknown, other.to_string()))
            }
        }
    }
}

impl From<journal::StorageError> for ServiceError {
    fn from(error: journal::StorageError) -> Self {
        match error {
            journal::StorageError::Full(_) => Self::Full,
            journal::StorageError::Malformed(_) => Self::Content(error.to_string()),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<vault::SealError> for ServiceError {
    fn from(error: vault::SealError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<vault::StorageError> for ServiceError {
    fn from(error: vault::StorageError) -> Self {
        match error {
            vault::StorageError::Full => Self::Full,
            // The record names the blob, so that it is gone or cut is damage and not a failure that may pass.
            error @ (vault::StorageError::NotFound(_) | vault::StorageError::OutOfRange { .. }) => {
                Self::Content(error.to_string())
            }
            error => Self::Storage(error.to_string()),
        }
    }
}

impl From<DocumentError> for ServiceError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Source(error) => Self::Upload(error.to_string()),
            DocumentError::Sealed(error) => Self::Content(error.to_string()),
            DocumentError::Storage(error) => error.into(),
        }
    }
}

impl From<journal::StorageError> for OpenError {
    fn from(error: journal::StorageError) -> Self {
        match error {
            journal::StorageError::Malformed(_) => Self::Malformed(error.to_string()),
            other => Self::Storage(other.to_string()),
        }
    }
}
