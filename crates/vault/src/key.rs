//! A key, and what it can do: seal small records, wrap other keys, derive keys, make lookup tags.
//!
//! The 32 bytes of a [`Key`] are never used by a cipher directly. They are the pseudo-random key of
//! HKDF-Expand (RFC 5869 §2.3), and each use gets a key of its own under a label of its own, so that
//! sealing, tagging, deriving and chunked encryption under one `Key` cannot interfere.
//!
//! Formats, both opened only under the context they were sealed with:
//!
//! ```text
//! sealed record   0x01 || nonce (12) || AES-256-GCM ciphertext || tag (16)          29 bytes over
//! wrapped key     0x02 || nonce (12) || commitment (32) || ciphertext (32) || tag (16)    93 bytes
//! ```
//!
//! AES-GCM does not commit to its key: who knows two keys can craft one record that opens under both
//! (Len, Grubbs, Ristenpart, "Partitioning Oracle Attacks", 2021). A wrapped key therefore carries
//! HKDF(key, nonce || context) and is committed to its wrapping key and context. A sealed record is
//! not, for speed: where two readers must agree on a record, its digest has to be published beside it.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

/// Length of a key in bytes.
pub const KEY_LEN: usize = 32;
/// How many bytes a sealed record is longer than its plaintext.
pub const SEAL_OVERHEAD: usize = 1 + NONCE_LEN + TAG_LEN;
/// Length of a wrapped key in bytes.
pub const WRAPPED_LEN: usize = SEAL_OVERHEAD + COMMITMENT_LEN + KEY_LEN;

const TAG_LEN: usize = 16;
const COMMITMENT_LEN: usize = 32;
const SEALED_V1: u8 = 1;
const WRAPPED_V1: u8 = 2;

/// A 256-bit secret key, erased from memory when its last clone is dropped.
///
/// It cannot be printed, compared or copied by accident. A clone shares the same memory and the
/// ciphers already set up, so it costs a reference count.
///
/// One key may seal at most 2³² records: past that, random nonces repeat with a chance above 2⁻³²
/// (NIST SP 800-38D §8.3). Derive or generate a key per secret and person, and this is out of reach.
#[derive(Clone)]
pub struct Key {
    inner: Arc<Inner>,
}

struct Inner {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    expander: hmac::Key,
    sealing: OnceLock<LessSafeKey>,
    tagging: OnceLock<hmac::Key>,
}

/// Sealing failed because the cryptographic library refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library could not seal: no randomness or no memory")]
pub struct SealError;

/// Opening failed; nothing of the plaintext is returned.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are not in a format this version writes.
    #[error("the sealed data is not in a known format: it is damaged or from a newer version")]
    Format,
    /// The key, the context or the bytes are not those of the sealing.
    #[error("the sealed data does not open: wrong key, wrong place, or altered bytes")]
    NotAuthentic,
}

impl Key {
    /// A fresh random key from the system's generator.
    ///
    /// # Errors
    /// Only where the system has no randomness to give.
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        fill_random(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(&bytes))
    }

    /// The key with these bytes, which must be uniformly random. The caller erases its own copy.
    pub fn from_bytes(bytes: &[u8; KEY_LEN]) -> Self {
        Self {
            inner: Arc::new(Inner {
                bytes: Zeroizing::new(*bytes),
                expander: hmac::Key::new(hmac::HMAC_SHA256, bytes),
                sealing: OnceLock::new(),
                tagging: OnceLock::new(),
            }),
        }
    }

    /// The bytes themselves, for wrapping and chunked encryption within this crate.
    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.inner.bytes
    }

    /// The key that belongs to `label` under this one; the same label always gives the same key.
    pub fn derive(&self, label: &str) -> Self {
        Self::from_bytes(&self.expand(&[b"vault/derive/v1\0", label.as_bytes()]))
    }

    /// Seals a small record. It opens only with this key and the same `context`, which is
    /// authenticated but not stored: name in it what the record is and where it belongs.
    ///
    /// # Errors
    /// Only where the library has neither randomness nor memory.
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::with_capacity(SEAL_OVERHEAD + plaintext.len());
        let nonce = random_nonce()?;
        out.push(SEALED_V1);
        out.extend_from_slice(&nonce);
        self.encrypt(nonce, context, plaintext, &mut out)?;
        Ok(out)
    }

    /// Opens what [`Key::seal`] made under the same `context`.
    ///
    /// # Errors
    /// [`OpenError::NotAuthentic`] for another key or context or a changed byte,
    /// [`OpenError::Format`] for bytes that were never a sealed record.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let rest = sealed.strip_prefix(&[SEALED_V1]).ok_or(OpenError::Format)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(OpenError::Format)?;
        self.decrypt(*nonce, context, rest)
    }

    /// Seals another key, committed to this key and to `context`.
    ///
    /// # Errors
    /// As [`Key::seal`].
    pub fn wrap(&self, context: &[u8], inner: &Key) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::with_capacity(WRAPPED_LEN);
        let nonce = random_nonce()?;
        out.push(WRAPPED_V1);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(self.commitment(&nonce, context).as_slice());
        self.encrypt(nonce, context, inner.expose(), &mut out)?;
        Ok(out)
    }

    /// Opens what [`Key::wrap`] made under the same `context`.
    ///
    /// # Errors
    /// As [`Key::open`].
    pub fn unwrap_key(&self, context: &[u8], wrapped: &[u8]) -> Result<Key, OpenError> {
        let rest = wrapped.strip_prefix(&[WRAPPED_V1]).ok_or(OpenError::Format)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(OpenError::Format)?;
        let (commitment, rest) = rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(OpenError::Format)?;
        if rest.len() != KEY_LEN + TAG_LEN {
            return Err(OpenError::Format);
        }
        constant_time::verify_slices_are_equal(commitment, self.commitment(nonce, context).as_slice())
            .map_err(|_| OpenError::NotAuthentic)?;
        let bytes = self.decrypt(*nonce, context, rest)?;
        let bytes = bytes.first_chunk().ok_or(OpenError::Format)?;
        Ok(Key::from_bytes(bytes))
    }

    /// A blinded lookup tag: equal data gives equal tags under one key, and without the key a tag
    /// says nothing about the data. HMAC-SHA256 cut to 128 bits (RFC 2104 §5).
    pub fn tag(&self, data: &[u8]) -> [u8; 16] {
        let key = self
            .inner
            .tagging
            .get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, self.expand(&[b"vault/tag/v1"]).as_slice()));
        let full = hmac::sign(key, data);
        let mut tag = [0; 16];
        for (to, from) in tag.iter_mut().zip(full.as_ref()) {
            *to = *from;
        }
        tag
    }

    fn commitment(&self, nonce: &[u8; NONCE_LEN], context: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
        self.expand(&[b"vault/wrap-commitment/v1", nonce, context])
    }

    /// HKDF-Expand with SHA-256 (RFC 5869 §2.3) for exactly one block, which is a single HMAC and
    /// so, unlike the general call, cannot fail.
    fn expand(&self, info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
        expand_block(&self.inner.expander, info)
    }

    fn encrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        let body = out.get_mut(start..).unwrap_or_default();
        let tag = self
            .cipher()
            .ok_or(SealError)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), body)
            .map_err(|_| SealError)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn decrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (ciphertext, tag) = body.split_last_chunk::<TAG_LEN>().ok_or(OpenError::Format)?;
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        let cipher = self.cipher().ok_or(OpenError::NotAuthentic)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        cipher
            .open_separate_gather(nonce, Aad::from(context), ciphertext, tag, &mut plaintext)
            .map_err(|_| OpenError::NotAuthentic)?;
        Ok(plaintext)
    }

    /// The expanded AES key, set up once. `None` only where the library has no memory left.
    fn cipher(&self) -> Option<&LessSafeKey> {
        if self.inner.sealing.get().is_none() {
            let bytes = self.expand(&[b"vault/seal/v1"]);
            let unbound = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).ok()?;
            // Another thread may have been first: both made the same key.
            let _ = self.inner.sealing.set(LessSafeKey::new(unbound));
        }
        self.inner.sealing.get()
    }
}

/// Fills `bytes` from the system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), SealError> {
    SystemRandom::new().fill(bytes).map_err(|_| SealError)
}

fn random_nonce() -> Result<[u8; NONCE_LEN], SealError> {
    let mut nonce = [0; NONCE_LEN];
    fill_random(&mut nonce)?;
    Ok(nonce)
}

fn expand_block(prk: &hmac::Key, info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut mac = hmac::Context::with_key(prk);
    for part in info {
        mac.update(part);
    }
    mac.update(&[1]);
    let mut block = Zeroizing::new([0; KEY_LEN]);
    for (to, from) in block.iter_mut().zip(mac.sign().as_ref()) {
        *to = *from;
    }
    block
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
