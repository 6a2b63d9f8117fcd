//! What a witness adds to a checkpoint: that it saw it, when, and that the record only grew until then (C2SP tlog-cosignature).

use std::fmt;

use aws_lc_rs::signature::Ed25519KeyPair;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::{self, KeyKind, VerifierKey};
use crate::note::{NoteError, Signature, SignedNote};

/// The latest time a cosignature can bear: 2^63 - 1 seconds.
const MAX_SECONDS: u64 = (1 << 63) - 1;

/// A witness's named Ed25519 key. It is never printed, and wiped when dropped by the library that holds it.
///
/// It signs nothing but cosignatures. Its name is not signed, so a key has one name (C2SP tlog-cosignature,
/// "Ed25519 signed message").
pub struct CosigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// Cosigns the text of a checkpoint at a time in seconds since 1970 UTC.
///
/// It states that the key's owner knows of no larger tree of that record at that time, and that this one begins with every
/// smaller one that the owner ever cosigned. Ask [`witness::decide`](crate::witness::decide) first.
pub fn cosign(text: &str, key: &CosigningKey, seconds: u64) -> Result<Signature, CheckpointError> {
    let _: Checkpoint = text.parse()?;
    // 0 stands for no time at all, which a witness must not leave out (C2SP tlog-witness, "add-checkpoint").
    if seconds == 0 || seconds > MAX_SECONDS {
        return Err(NoteError::Time(seconds).into());
    }
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend_from_slice(key.pair.sign(message(text, seconds).as_bytes()).as_ref());
    Ok(Signature { name: key.verifier.name().to_owned(), id: key.verifier.id(), bytes })
}

impl CosigningKey {
    /// The key of a seed (RFC 8032, section 5.1.5). The caller wipes the seed.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let (pair, verifier) = key::from_seed(KeyKind::Witness, name.into(), seed)?;
        Ok(Self { pair, verifier })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }
}

impl SignedNote {
    /// The witnesses among the known keys that cosigned, and when, in seconds since 1970 UTC, as the note has them.
    ///
    /// All signatures by known keys are checked, a log's too: one that is wrong spoils the note. A witness that cosigned
    /// twice stands twice. Nobody's cosignature is no error.
    pub fn cosignatures(&self, known: &[VerifierKey]) -> Result<Vec<(VerifierKey, u64)>, NoteError> {
        let checked = self.checked(known)?.into_iter();
        let witnesses = checked.filter(|(key, _)| key.kind() == KeyKind::Witness);
        Ok(witnesses.filter_map(|(key, signature)| Some((key.clone(), time(&signature.bytes)?.0))).collect())
    }
}

/// The time of a cosignature by `key` that is right.
pub(crate) fn verified(key: &VerifierKey, text: &str, bytes: &[u8]) -> Option<u64> {
    let (seconds, signature) = time(bytes)?;
    (seconds <= MAX_SECONDS && key.signed(message(text, seconds).as_bytes(), signature)).then_some(seconds)
}

/// The bytes of a `timestamped_signature`: the time, big-endian, and the signature.
pub(crate) fn time(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (seconds, signature) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*seconds), signature))
}

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosigningKey").field("name", &self.verifier.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
