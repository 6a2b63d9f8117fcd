//! The signed head of the tree: whose record, how many entries, which root (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, EMPTY_ROOT};
use crate::key::{KeyKind, SigningKey, VerifierKey};
use crate::note::{NoteError, SignedNote};

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose record: usually an address without `https://`, and the name of the key that signs.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The Merkle tree hash over them.
    pub root: Digest,
    /// Further lines, without their newlines. C2SP advises against any.
    pub extensions: Vec<String>,
}

/// Why something is not a checkpoint that can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not the text of a checkpoint.
    #[error("this is not a checkpoint: {0}")]
    Malformed(&'static str),
    /// A tree without leaves under a root that it does not have.
    #[error("a record without entries has the digest of nothing as its root, and no other")]
    EmptyTree,
    /// A checkpoint of another record.
    #[error("the checkpoint is of the record `{found}`, not of `{expected}`")]
    OtherOrigin {
        /// The origin that was asked for.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
    /// A witness's key where the log's is needed.
    #[error("the key `{0}` is a witness's: a checkpoint is signed by its log's")]
    NotALog(String),
    /// The note around it is not in order.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Signs a checkpoint.
///
/// Who signs two checkpoints that are not consistent has forked the record: sign only what has been appended.
pub fn sign_checkpoint(checkpoint: &Checkpoint, key: &SigningKey) -> Result<SignedNote, CheckpointError> {
    checkpoint.check_lines()?;
    checkpoint.check_empty()?;
    Ok(SignedNote::sign(checkpoint.to_string(), &[key])?)
}

/// Reads a checkpoint that `key` has signed and that is of the record `origin`.
pub fn open_checkpoint(note: &str, key: &VerifierKey, origin: &str) -> Result<Checkpoint, CheckpointError> {
    open_note(&SignedNote::parse(note)?, key, origin)
}

/// As [`open_checkpoint`], of a note that was read before.
pub fn open_note(note: &SignedNote, key: &VerifierKey, origin: &str) -> Result<Checkpoint, CheckpointError> {
    // A witness's word for it is not the log's.
    if key.kind() != KeyKind::Log {
        return Err(CheckpointError::NotALog(key.name().to_owned()));
    }
    note.verify(std::slice::from_ref(key))?;
    let checkpoint: Checkpoint = note.text().parse()?;
    if checkpoint.origin != origin {
        return Err(CheckpointError::OtherOrigin { expected: origin.to_owned(), found: checkpoint.origin });
    }
    Ok(checkpoint)
}

impl Checkpoint {
    /// Reads the text of a note whose root may be impossible: see [`check_empty`](Self::check_empty).
    pub(crate) fn read(text: &str) -> Result<Self, CheckpointError> {
        let body =
            text.strip_suffix('\n').ok_or(CheckpointError::Malformed("it does not end in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed("it has fewer than three lines"));
        };
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(CheckpointError::Malformed("its second line is not a size"))?,
            root: Digest::from_base64(root)
                .map_err(|_| CheckpointError::Malformed("its third line is not a root"))?,
            extensions: lines.map(str::to_owned).collect(),
        };
        checkpoint.check_lines()?;
        Ok(checkpoint)
    }

    /// A tree without leaves has one root (RFC 6962, section 2.1).
    pub(crate) fn check_empty(&self) -> Result<(), CheckpointError> {
        if self.size == 0 && self.root != EMPTY_ROOT { Err(CheckpointError::EmptyTree) } else { Ok(()) }
    }

    fn check_lines(&self) -> Result<(), CheckpointError> {
        if !is_line(&self.origin) {
            return Err(CheckpointError::Malformed("its origin is empty or not one line"));
        }
        if !self.extensions.iter().all(|line| is_line(line)) {
            return Err(CheckpointError::Malformed("an extension line is empty or not one line"));
        }
        Ok(())
    }
}

impl fmt::Display for Checkpoint {
    /// The text of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let checkpoint = Self::read(text)?;
        checkpoint.check_empty()?;
        Ok(checkpoint)
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

/// A decimal number without sign and leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests;
