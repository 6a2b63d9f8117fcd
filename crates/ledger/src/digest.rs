//! SHA-256 digests, and the two ways the tree uses them (RFC 6962, section 2.1).

use std::fmt;

use aws_lc_rs::digest as sha;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

use crate::base64;

/// A SHA-256 digest. Shown in hexadecimal, serialised as standard base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub [u8; 32]);

/// The root of a tree without leaves: the digest of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Digest = Digest([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a SHA-256 digest in {alphabet}")]
pub struct DigestError {
    given: String,
    alphabet: &'static str,
}

impl Digest {
    /// Reads 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        exact(HEXLOWER.decode(text.as_bytes()).ok(), text, "lower-case hexadecimal")
    }

    /// Reads padded standard base64 (RFC 4648, section 4), as checkpoints write it.
    pub fn from_base64(text: &str) -> Result<Self, DigestError> {
        exact(base64::decode(text), text, "base64")
    }

    /// Reads unpadded base64url (RFC 4648, section 5), as `_sd` arrays write it.
    pub fn from_base64url(text: &str) -> Result<Self, DigestError> {
        exact(BASE64URL_NOPAD.decode(text.as_bytes()).ok(), text, "unpadded base64url")
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Padded standard base64, 44 characters.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Unpadded base64url, 43 characters.
    pub fn to_base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The digest of bytes that come in parts.
pub struct Hasher(sha::Context);

impl Hasher {
    /// Of nothing yet.
    #[expect(clippy::new_without_default, reason = "a hasher that nobody asked for is a mistake")]
    pub fn new() -> Self {
        Self(sha::Context::new(&sha::SHA256))
    }

    /// Goes on with more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> Digest {
        of(self.0.finish())
    }
}

/// The digest of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    of(sha::digest(&sha::SHA256, bytes))
}

/// The hash of a leaf: a zero byte, then the leaf (RFC 6962, section 2.1).
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    // In one piece: a context for parts costs more than the copy, and a bundle has a million leaves.
    let mut input = Vec::with_capacity(1 + leaf.len());
    input.push(0x00);
    input.extend_from_slice(leaf);
    sha256(&input)
}

/// The hash of an inner node: a one byte, then both children (RFC 6962, section 2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [0x01; 65];
    for (place, byte) in input.iter_mut().skip(1).zip(left.0.iter().chain(&right.0)) {
        *place = *byte;
    }
    sha256(&input)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_base64()
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::from_base64(&text)
    }
}

fn exact(bytes: Option<Vec<u8>>, given: &str, alphabet: &'static str) -> Result<Digest, DigestError> {
    match bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
        Some(bytes) => Ok(Digest(bytes)),
        None => Err(DigestError { given: given.chars().take(80).collect(), alphabet }),
    }
}

fn of(digest: sha::Digest) -> Digest {
    // SHA-256 gives 32 bytes.
    Digest(digest.as_ref().try_into().unwrap_or_default())
}
