//! One file that proves that something is in a record, to whoever knows the record's key (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use crate::base64;
use crate::checkpoint::{Checkpoint, CheckpointError, decimal, open_note};
use crate::digest::Digest;
use crate::key::VerifierKey;
use crate::note::{NoteError, SignedNote};
use crate::tree::{ProofError, verify_inclusion};

/// The longest proof that is read, in bytes.
pub const MAX_TLOG_PROOF: usize = 8 << 20;
/// The most hashes of an inclusion proof: a tree has fewer than 2^64 leaves.
const MAX_HASHES: usize = 64;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// That a leaf is in a record: where, the hashes to the root, and the checkpoint over that root. Nobody has checked it: see
/// [`verify`](Self::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Whatever belongs to it; nobody signed it. May be empty.
    pub extra: Vec<u8>,
    /// The leaf's index, counted from 0.
    pub index: u64,
    /// From the leaf's sibling up to the child of the root (RFC 6962, section 2.1.1).
    pub hashes: Vec<Digest>,
    /// The checkpoint with its signatures and cosignatures.
    pub checkpoint: SignedNote,
}

/// Why something is not a proof, or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not the text of a proof.
    #[error("this is not a proof of c2sp.org/tlog-proof: {0}")]
    Malformed(&'static str),
    /// The note in it is not in order.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint in it cannot be relied on.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead to the checkpoint's root.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl TlogProof {
    /// Checks that the log signed the checkpoint of the record `origin`, and that the leaf of this hash is in it.
    ///
    /// What the extra data says of the leaf is for the caller to check, and the cosignatures are, against a
    /// [`Policy`](crate::Policy).
    pub fn verify(
        &self,
        leaf: &Digest,
        log: &VerifierKey,
        origin: &str,
    ) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = open_note(&self.checkpoint, log, origin)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", BASE64.encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        let malformed = TlogProofError::Malformed;
        if text.len() > MAX_TLOG_PROOF {
            return Err(malformed("it is longer than 8 MiB"));
        }
        let (head, note) =
            text.split_once("\n\n").ok_or(malformed("no blank line stands before its checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map_or(Some(Vec::new()), |line| {
            // Without extra data the line is left out.
            base64::decode(line.strip_prefix("extra ")?).filter(|extra| !extra.is_empty())
        });
        let extra = extra.ok_or(malformed("its extra data is not base64, or empty"))?;
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(malformed("it has no line `index NUMBER` at its place"))?;
        let hashes: Option<Vec<Digest>> =
            lines.take(MAX_HASHES + 1).map(|line| Digest::from_base64(line).ok()).collect();
        let hashes = hashes.ok_or(malformed("a line below its index is not a hash"))?;
        if hashes.len() > MAX_HASHES {
            return Err(malformed("it has more than 64 hashes"));
        }
        Ok(Self { extra, index, hashes, checkpoint: SignedNote::parse(note)? })
    }
}

#[cfg(test)]
mod tests;
