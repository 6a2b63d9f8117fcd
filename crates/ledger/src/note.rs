//! A text signed by one or more keys (C2SP signed-note), with Ed25519.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use crate::base64;
use crate::key::{SigningKey, VerifierKey};

/// The longest note that is read, in bytes. Signatures of 5 kB and a hundred of them still fit.
pub const MAX_NOTE: usize = 1 << 20;
/// The most signatures of one note.
pub const MAX_SIGNATURES: usize = 100;

/// A text and the signatures under it. Nobody has checked them: see [`verify`](Self::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line. Written and read without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: u32,
    /// The signature itself, without the key's id.
    pub bytes: Vec<u8>,
}

/// Why a note or a key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A name that a signature line cannot carry.
    #[error("`{0}` cannot name a key: a name is not empty and has no space, plus sign or control character")]
    Name(String),
    /// Not a verifier key.
    #[error("`{0}` is not an Ed25519 verifier key; it looks like `example.com/log+530d903a+AekyeRrm56…`")]
    VerifierKey(String),
    /// A text that cannot be signed.
    #[error("the text of a note ends in a newline and has no control characters")]
    Text,
    /// A time that a cosignature cannot bear.
    #[error("`{0}` cannot be the time of a cosignature: use the seconds since 1970")]
    Time(u64),
    /// Not a signed note.
    #[error("this is not a signed note: {0}")]
    Malformed(&'static str),
    /// A signature by a known key that does not verify.
    #[error("the signature by `{0}` is wrong: the text has been altered or the signature is forged")]
    WrongSignature(String),
    /// Two different known keys of the same name and id.
    #[error("two known keys are both called `{0}` and have the same id")]
    Ambiguous(String),
    /// No signature by a known key.
    #[error("the note is not signed by any key that is known")]
    NoKnownSignature,
    /// A signature by a key that is not known, where all must be.
    #[error("the note bears a signature by `{0}`, whose key is not known")]
    UnknownSignature(String),
    /// Two signatures by one key, where each must be another's.
    #[error("the note bears two signatures by the key `{0}`")]
    Twice(String),
    /// The signing key failed.
    #[error("the key `{0}` could not be used")]
    Key(String),
}

impl SignedNote {
    /// Signs a text. It must end in a newline.
    pub fn sign(text: impl Into<String>, keys: &[&SigningKey]) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(&text)?;
        if keys.is_empty() || keys.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has no signature, or too many"));
        }
        let signatures = keys.iter().map(|key| key.sign(&text)).collect();
        Ok(Self { text, signatures })
    }

    /// Reads a note; says nothing about its signatures.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::Malformed("it is longer than 1 MiB"));
        }
        let (before, after) =
            note.rsplit_once("\n\n").ok_or(NoteError::Malformed("no blank line before its signatures"))?;
        let text = format!("{before}\n");
        check_text(&text)?;
        let lines = after
            .strip_suffix('\n')
            .ok_or(NoteError::Malformed("its last line does not end in a newline"))?;
        let signatures: Vec<Signature> =
            lines.split('\n').take(MAX_SIGNATURES + 1).map(str::parse).collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        Ok(Self { text, signatures })
    }

    /// The note with one more signature under it.
    pub fn with_signature(mut self, signature: Signature) -> Result<Self, NoteError> {
        check_name(&signature.name)?;
        if signature.bytes.is_empty() || self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has an empty signature, or too many"));
        }
        self.signatures.push(signature);
        Ok(self)
    }

    /// Checks the signatures by keys that are known; gives those keys.
    ///
    /// Signatures by other keys are ignored. One wrong signature by a known key spoils the note; without a
    /// right one by a known key the text must not be used.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for (key, _) in self.checked(known)? {
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(signers) }
    }

    /// Checks all signatures: each is by a known key and right, and no key signed twice; gives the keys as the note has them.
    pub fn verify_all<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let is_known = |signature: &&Signature| known.iter().any(|key| key.made(signature));
        if let Some(stranger) = self.signatures.iter().find(|signature| !is_known(signature)) {
            return Err(NoteError::UnknownSignature(stranger.name.clone()));
        }
        let signers: Vec<&VerifierKey> = self.checked(known)?.into_iter().map(|(key, _)| key).collect();
        let twice =
            signers.iter().enumerate().find(|(n, key)| signers.iter().skip(n + 1).any(|other| other == *key));
        match twice {
            Some((_, key)) => Err(NoteError::Twice(key.name().to_owned())),
            None => Ok(signers),
        }
    }

    /// The signatures by known keys, all of them right.
    pub(crate) fn checked<'n, 'k>(
        &'n self,
        known: &'k [VerifierKey],
    ) -> Result<Vec<(&'k VerifierKey, &'n Signature)>, NoteError> {
        let mut checked = Vec::new();
        for signature in &self.signatures {
            let mut matching = known.iter().filter(|key| key.made(signature));
            let Some(key) = matching.next() else { continue };
            if matching.any(|other| other != key) {
                return Err(NoteError::Ambiguous(key.name().to_owned()));
            }
            if !key.verifies(&self.text, signature) {
                return Err(NoteError::WrongSignature(key.name().to_owned()));
            }
            checked.push((key, signature));
        }
        Ok(checked)
    }

    /// The signed text with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, of known and unknown keys.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both: Vec<u8> = self.id.to_be_bytes().into_iter().chain(self.bytes.iter().copied()).collect();
        write!(f, "— {} {}", self.name, BASE64.encode(&both))
    }
}

impl FromStr for Signature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let read = || {
            let (name, text) = line.strip_prefix("— ")?.split_once(' ')?;
            check_name(name).ok()?;
            let bytes = base64::decode(text)?;
            let (id, bytes) = bytes.split_first_chunk::<4>()?;
            let signature =
                Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() };
            (!bytes.is_empty()).then_some(signature)
        };
        read().ok_or(NoteError::Malformed("a line below the blank line is not a signature"))
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    if name.is_empty() || name.contains(forbidden) {
        return Err(NoteError::Name(name.chars().take(200).collect()));
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.ends_with('\n') && text.bytes().all(|byte| byte >= b' ' || byte == b'\n') {
        Ok(())
    } else {
        Err(NoteError::Text)
    }
}

#[cfg(test)]
mod tests;
