//! The signed head of the tree: whose record, how many entries, which root (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, EMPTY_ROOT};
use crate::note::{NoteError, SignedNote, SigningKey, VerifierKey};

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
    /// A checkpoint of another record.
    #[error("the checkpoint is of the record `{found}`, not of `{expected}`")]
    OtherOrigin {
        /// The origin that was asked for.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
    /// The note around it is not in order.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Signs a checkpoint.
///
/// Who signs two checkpoints that are not consistent has forked the record: sign only what has been appended.
pub fn sign_checkpoint(checkpoint: &Checkpoint, key: &SigningKey) -> Result<SignedNote, CheckpointError> {
    checkpoint.check()?;
    Ok(SignedNote::sign(checkpoint.to_string(), &[key])?)
}

/// Reads a checkpoint that `key` has signed and that is of the record `origin`.
pub fn open_checkpoint(note: &str, key: &VerifierKey, origin: &str) -> Result<Checkpoint, CheckpointError> {
    let note = SignedNote::parse(note)?;
    note.verify(std::slice::from_ref(key))?;
    let checkpoint: Checkpoint = note.text().parse()?;
    if checkpoint.origin != origin {
        return Err(CheckpointError::OtherOrigin { expected: origin.to_owned(), found: checkpoint.origin });
    }
    Ok(checkpoint)
}

impl Checkpoint {
    fn check(&self) -> Result<(), CheckpointError> {
        if !is_line(&self.origin) {
            return Err(CheckpointError::Malformed("its origin is empty or not one line"));
        }
        if !self.extensions.iter().all(|line| is_line(line)) {
            return Err(CheckpointError::Malformed("an extension line is empty or not one line"));
        }
        if self.size == 0 && self.root != EMPTY_ROOT {
            return Err(CheckpointError::Malformed("an empty tree has another root"));
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
        checkpoint.check()?;
        Ok(checkpoint)
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

/// A decimal number without sign and leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests;
