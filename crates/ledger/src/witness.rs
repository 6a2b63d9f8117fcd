//! What a witness is asked, and when it may cosign: never two checkpoints of which one does not begin with the other
//! (C2SP tlog-witness).

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, CheckpointError, decimal};
use crate::digest::{Digest, EMPTY_ROOT};
use crate::key::{KeyKind, VerifierKey};
use crate::note::{NoteError, Signature, SignedNote};
use crate::tree::{ProofError, verify_consistency};

/// The longest request that is read, in bytes: 16 signatures of 5 kB and all hashes fit twice over.
pub const MAX_REQUEST: usize = 256 << 10;
/// The most hashes of a consistency proof ("add-checkpoint").
pub const MAX_PROOF: usize = 63;

/// A request to cosign a checkpoint, with the proof that it continues the one of size `old`. Nobody has checked it: see
/// [`decide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Digest>,
    note: SignedNote,
    // INVARIANT: what the note's text says; its root may be impossible still.
    checkpoint: Checkpoint,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// Not a request.
    #[error("this is not a request to add a checkpoint: {0}")]
    Malformed(&'static str),
    /// The note in the request is not a checkpoint.
    #[error(transparent)]
    NotACheckpoint(CheckpointError),
    /// No key is known for this origin.
    #[error("the log `{0}` is not known to this witness")]
    UnknownOrigin(String),
    /// No right signature by the log, or a wrong one.
    #[error("the checkpoint is not signed by its log: {0}")]
    NotSigned(NoteError),
    /// It would have to grow backwards.
    #[error("a checkpoint of size `{new}` cannot continue one of size `{old}`")]
    Backwards {
        /// The size that it is to continue.
        old: u64,
        /// Its own size.
        new: u64,
    },
    /// The proof does not begin where the witness stands.
    #[error(
        "the latest checkpoint that this witness cosigned is of size `{size}`: prove that yours continues it"
    )]
    Conflict {
        /// The size of the latest checkpoint that was cosigned; 0 where none was.
        size: u64,
    },
    /// A record without entries under another root.
    #[error(transparent)]
    EmptyTree(CheckpointError),
    /// The log has forked, or the proof is not one: what was cosigned before is not the beginning of this checkpoint.
    #[error("the checkpoint does not continue what this witness cosigned before: {0}")]
    Inconsistent(ProofError),
}

/// Decides whether to cosign: gives the checkpoint, or the refusal.
///
/// `logs` are the keys that are trusted, each for the origin that it is named like. `last` is the latest checkpoint of
/// this origin that was cosigned; none only where none ever was. The caller keeps what it gives as the new `last`, durably and
/// before anybody sees the cosignature, and lets nobody else decide on this origin meanwhile.
pub fn decide(
    logs: &[VerifierKey],
    last: Option<&Checkpoint>,
    request: &AddCheckpoint,
) -> Result<Checkpoint, WitnessRefusal> {
    let AddCheckpoint { old, proof, note, checkpoint } = request;
    // What was cosigned of another record says nothing about this one.
    let other = last.is_some_and(|last| last.origin != checkpoint.origin);
    let keys = trusted(logs, &checkpoint.origin);
    if keys.is_empty() || other {
        return Err(WitnessRefusal::UnknownOrigin(checkpoint.origin.chars().take(200).collect()));
    }
    note.verify(&keys).map_err(WitnessRefusal::NotSigned)?;
    if *old > checkpoint.size {
        return Err(WitnessRefusal::Backwards { old: *old, new: checkpoint.size });
    }
    let (size, root) = last.map_or((0, EMPTY_ROOT), |last| (last.size, last.root));
    if *old != size {
        return Err(WitnessRefusal::Conflict { size });
    }
    checkpoint.check_empty().map_err(WitnessRefusal::EmptyTree)?;
    // Of the same size, the roots must be the same; from an empty tree, the proof is empty.
    verify_consistency(size, checkpoint.size, &root, &checkpoint.root, proof)
        .map_err(WitnessRefusal::Inconsistent)?;
    Ok(checkpoint.clone())
}

/// The keys that are trusted for an origin.
pub fn trusted(logs: &[VerifierKey], origin: &str) -> Vec<VerifierKey> {
    logs.iter().filter(|key| key.kind() == KeyKind::Log && key.name() == origin).cloned().collect()
}

/// Reads a witness's answer to a request that it granted: its cosignatures on `note`, by keys that are known, each with its
/// time in seconds since 1970 UTC.
///
/// Lines by unknown keys are ignored. A wrong line by a known key spoils the answer, and so does one without a time.
pub fn read_cosignatures(
    answer: &[u8],
    note: &SignedNote,
    known: &[VerifierKey],
) -> Result<Vec<(Signature, u64)>, NoteError> {
    const MALFORMED: NoteError =
        NoteError::Malformed("the witness's answer does not consist of signature lines");
    let lines =
        std::str::from_utf8(answer).ok().and_then(|lines| lines.strip_suffix('\n')).ok_or(MALFORMED)?;
    // As C2SP advises: the lines below the checkpoint are a note, read under its bounds.
    let answered = SignedNote::parse(&format!("{}\n{lines}\n", note.text()))?;
    let witnesses: Vec<VerifierKey> =
        known.iter().filter(|key| key.kind() == KeyKind::Witness).cloned().collect();
    let mut given = Vec::new();
    for (key, line) in answered.checked(&witnesses)? {
        match crate::cosignature::verified(key, note.text(), &line.bytes) {
            None | Some(0) => return Err(NoteError::WrongSignature(key.name().to_owned())),
            Some(seconds) => given.push((line.clone(), seconds)),
        }
    }
    if given.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(given) }
}

/// Reads the size in a witness's answer of status 409, from which a proof has to begin (`text/x.tlog.size`).
pub fn read_size(answer: &[u8]) -> Option<u64> {
    decimal(std::str::from_utf8(answer).ok()?.strip_suffix('\n')?)
}

impl AddCheckpoint {
    /// A request to cosign the checkpoint in `note`, with the proof that it continues the one of size `old`.
    pub fn new(old: u64, proof: Vec<Digest>, note: SignedNote) -> Result<Self, WitnessRefusal> {
        if proof.len() > MAX_PROOF {
            return Err(WitnessRefusal::Malformed("its proof has more than 63 hashes"));
        }
        let checkpoint = Checkpoint::read(note.text()).map_err(WitnessRefusal::NotACheckpoint)?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Reads the body of a request; says nothing about its signatures.
    pub fn parse(body: &[u8]) -> Result<Self, WitnessRefusal> {
        let malformed = WitnessRefusal::Malformed;
        if body.len() > MAX_REQUEST {
            return Err(malformed("it is longer than 256 KiB"));
        }
        std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?.parse()
    }

    /// Whose checkpoint it is.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// The size from which its proof begins.
    pub fn old(&self) -> u64 {
        self.old
    }

    /// The size and root that it asks to cosign; nobody has checked them.
    pub fn claimed(&self) -> (u64, &Digest) {
        (self.checkpoint.size, &self.checkpoint.root)
    }

    /// The checkpoint as it was signed.
    pub fn note(&self) -> &SignedNote {
        &self.note
    }
}

impl WitnessRefusal {
    /// The status of the HTTP response ("add-checkpoint").
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::NotACheckpoint(_) | Self::Backwards { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownOrigin(_) => 404,
            Self::Conflict { .. } => 409,
            Self::EmptyTree(_) | Self::Inconsistent(_) => 422,
        }
    }
}

impl fmt::Display for AddCheckpoint {
    /// The body of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = WitnessRefusal;

    fn from_str(text: &str) -> Result<Self, WitnessRefusal> {
        let malformed = WitnessRefusal::Malformed;
        let (head, note) =
            text.split_once("\n\n").ok_or(malformed("no blank line stands before its checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(malformed("its first line is not `old SIZE`"))?;
        let proof: Option<Vec<Digest>> =
            lines.take(MAX_PROOF + 1).map(|line| Digest::from_base64(line).ok()).collect();
        let proof = proof.ok_or(malformed("a line of its proof is not a hash"))?;
        let note = SignedNote::parse(note).map_err(|error| WitnessRefusal::NotACheckpoint(error.into()))?;
        Self::new(old, proof, note)
    }
}

#[cfg(test)]
mod tests;
