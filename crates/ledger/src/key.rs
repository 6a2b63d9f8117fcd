//! Named Ed25519 keys: of logs, which sign, and of witnesses, which cosign (C2SP signed-note, "Verifier keys").

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};

use crate::base64;
use crate::cosignature;
use crate::digest::sha256;
use crate::note::{NoteError, Signature, check_name};

/// What a key's signatures state: the signature types of C2SP signed-note that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A log's: plain Ed25519 over the text (type 0x01).
    Log,
    /// A witness's: Ed25519 over a checkpoint and the time at which it was seen (type 0x04, C2SP tlog-cosignature).
    Witness,
}

/// A named Ed25519 key that signs. It is never printed, and wiped when dropped by the library that holds it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// A named Ed25519 public key: `example.com/log+530d903a+AekyeRrm56…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    kind: KeyKind,
    name: String,
    id: u32,
    public: [u8; 32],
}

impl KeyKind {
    /// The signature type identifier byte.
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Log, Self::Witness].into_iter().find(|kind| kind.byte() == byte)
    }
}

impl SigningKey {
    /// A log's key of a seed (RFC 8032, section 5.1.5). The caller wipes the seed.
    ///
    /// A witness's is a [`CosigningKey`](crate::CosigningKey).
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let (pair, verifier) = from_seed(KeyKind::Log, name.into(), seed)?;
        Ok(Self { pair, verifier })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, text: &str) -> Signature {
        Signature {
            name: self.verifier.name.clone(),
            id: self.verifier.id,
            bytes: self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}

impl VerifierKey {
    /// A named public key (RFC 8032 encoding).
    pub fn new(kind: KeyKind, name: impl Into<String>, public: [u8; 32]) -> Result<Self, NoteError> {
        let name = name.into();
        check_name(&name)?;
        let id = key_id(kind, &name, &public);
        Ok(Self { kind, name, id, public })
    }

    /// What its signatures state.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key's name, usually an address without `https://`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id: the first four bytes of SHA-256 over name, newline, type and public key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The public key's 32 bytes (RFC 8032).
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Whether a signature claims to be by this key.
    pub(crate) fn made(&self, signature: &Signature) -> bool {
        self.name == signature.name && self.id == signature.id
    }

    pub(crate) fn verifies(&self, text: &str, signature: &Signature) -> bool {
        match self.kind {
            KeyKind::Log => self.signed(text.as_bytes(), &signature.bytes),
            KeyKind::Witness => cosignature::verified(self, text, &signature.bytes).is_some(),
        }
    }

    /// Whether `signature` is this key's Ed25519 signature over `message` (RFC 8032, section 5.1.7).
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(message, signature).is_ok()
    }
}

pub(crate) fn from_seed(
    kind: KeyKind,
    name: String,
    seed: &[u8; 32],
) -> Result<(Ed25519KeyPair, VerifierKey), NoteError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key(name.clone()))?;
    let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key(name.clone()))?;
    Ok((pair, VerifierKey::new(kind, name, public)?))
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = std::iter::once(self.kind.byte()).chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id.to_be_bytes()), BASE64.encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let mut parts = text.splitn(3, '+');
            let (name, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let key = base64::decode(key)?;
            let (&[kind], public) = key.split_first_chunk::<1>()?;
            let key = Self::new(KeyKind::of(kind)?, name, public.try_into().ok()?).ok()?;
            // The id is a function of the rest: a text that states another is a mistake or a trick.
            (key.to_string() == text).then_some(key)
        };
        read().ok_or_else(|| NoteError::VerifierKey(text.chars().take(200).collect()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.verifier.name).finish_non_exhaustive()
    }
}

fn key_id(kind: KeyKind, name: &str, public: &[u8; 32]) -> u32 {
    let mut input = Vec::with_capacity(name.len() + 34);
    input.extend_from_slice(name.as_bytes());
    input.extend_from_slice(&[b'\n', kind.byte()]);
    input.extend_from_slice(public);
    let [a, b, c, d, ..] = sha256(&input).0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
