//! Keeps the root key shut under a passphrase, or under a recovery key printed on paper.
//!
//! A [`RootSeal`] is a small file:
//!
//! ```text
//! "vault-root" || 0x01 || method (1) || memory KiB (4) || passes (4) || lanes (4) || salt (16)
//!              || root key wrapped (93) || first 8 bytes of SHA-256 over all before
//! ```
//!
//! The wrapping key is Argon2id (RFC 9106) of the passphrase, or derived from the recovery key. All
//! that stands before the wrapped key is its context. The checksum tells a damaged file from a wrong
//! passphrase; it protects against accidents only, the wrapping against everybody else.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::key::{KEY_LEN, Key, OpenError, SealError, WRAPPED_LEN, fill_random};
use crate::recovery::RecoveryKey;

const MAGIC: &[u8] = b"vault-root\x01";
const SALT_LEN: usize = 16;
const CHECKSUM_LEN: usize = 8;
const HEAD_LEN: usize = MAGIC.len() + 1 + 3 * 4 + SALT_LEN;
const SEAL_LEN: usize = HEAD_LEN + WRAPPED_LEN + CHECKSUM_LEN;
const BY_PASSPHRASE: u8 = 1;
const BY_RECOVERY_KEY: u8 = 2;

/// How much work one guess at a passphrase costs (Argon2id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfParams {
    /// No file may ask for more than 1 GiB, 16 passes or 8 lanes: a hostile one could stop the machine.
    const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 8 };

    /// Almost no work, so that tests are quick. Protects nothing.
    pub const fn light_for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    fn checked(self) -> Option<Params> {
        let Self { memory_kib, passes, lanes } = self;
        let most = Self::MOST;
        if memory_kib > most.memory_kib || passes > most.passes || lanes > most.lanes {
            return None;
        }
        Params::new(memory_kib, passes, lanes, Some(KEY_LEN)).ok()
    }
}

impl Default for KdfParams {
    /// 64 MiB, three passes, one lane: the second recommendation of RFC 9106 §4, with one lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

/// The root key, sealed. Safe to store and to back up; as strong as its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSeal {
    method: u8,
    params: KdfParams,
    bytes: Vec<u8>,
}

/// The root key stays shut.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// The file is whole, and this passphrase is not its own.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The file is whole, and this recovery key is not its own.
    #[error("the recovery key belongs to another root key")]
    WrongRecoveryKey,
    /// The file was sealed the other way.
    #[error("this file opens by {0}")]
    OtherMethod(&'static str),
    /// The file is cut, altered, from a newer version, or asks for unreasonable work.
    #[error("the sealed root key is damaged; restore the file from a backup")]
    Damaged,
    /// The key derivation found no memory.
    #[error("not enough memory to check the passphrase: {0} MiB are needed")]
    NoMemory(u32),
}

impl RootSeal {
    /// Reads a sealed root key.
    ///
    /// # Errors
    /// [`UnsealError::Damaged`].
    pub fn parse(bytes: &[u8]) -> Result<Self, UnsealError> {
        Self::read(bytes).ok_or(UnsealError::Damaged)
    }

    /// The file's content.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>()?;
        if bytes.len() != SEAL_LEN || !digest(&SHA256, body).as_ref().starts_with(checksum) {
            return None;
        }
        let (method, rest) = body.strip_prefix(MAGIC)?.split_first()?;
        let (memory_kib, rest) = read_u32(rest)?;
        let (passes, rest) = read_u32(rest)?;
        let (lanes, _) = read_u32(rest)?;
        let params = KdfParams { memory_kib, passes, lanes };
        match *method {
            BY_PASSPHRASE => params.checked().map(drop)?,
            BY_RECOVERY_KEY => {}
            _ => return None,
        }
        Some(Self { method: *method, params, bytes: bytes.to_vec() })
    }

    fn write(
        method: u8,
        params: KdfParams,
        root: &Key,
        kek: impl FnOnce(&[u8]) -> Result<Key, SealError>,
    ) -> Result<Self, SealError> {
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt)?;
        let mut bytes = [MAGIC, &[method]].concat();
        for number in [params.memory_kib, params.passes, params.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&salt);
        let wrapped = kek(&salt)?.wrap(&bytes, root)?;
        bytes.extend_from_slice(&wrapped);
        let checksum = digest(&SHA256, &bytes);
        bytes.extend(checksum.as_ref().iter().take(CHECKSUM_LEN));
        Ok(Self { method, params, bytes })
    }

    /// What is authenticated beside the wrapped key, its salt, and the wrapped key.
    fn parts(&self) -> Option<(&[u8], &[u8], &[u8])> {
        let (head, rest) = self.bytes.split_at_checked(HEAD_LEN)?;
        Some((head, head.last_chunk::<SALT_LEN>()?, rest.get(..WRAPPED_LEN)?))
    }
}

/// Seals the root key under a passphrase. Takes as long as one guess: tens to hundreds of
/// milliseconds, so not on an async worker.
///
/// # Errors
/// Where `params` are out of bounds or there is no memory or randomness.
pub fn seal_root(passphrase: &[u8], root: &Key, params: KdfParams) -> Result<RootSeal, SealError> {
    RootSeal::write(BY_PASSPHRASE, params, root, |salt| stretch(passphrase, salt, params).ok_or(SealError))
}

/// Opens what [`seal_root`] made, in the same time.
///
/// # Errors
/// See [`UnsealError`].
pub fn open_root(passphrase: &[u8], seal: &RootSeal) -> Result<Key, UnsealError> {
    if seal.method != BY_PASSPHRASE {
        return Err(UnsealError::OtherMethod("recovery key"));
    }
    let (head, salt, wrapped) = seal.parts().ok_or(UnsealError::Damaged)?;
    let kek = stretch(passphrase, salt, seal.params)
        .ok_or(UnsealError::NoMemory(seal.params.memory_kib.div_ceil(1024)))?;
    kek.unwrap_key(head, wrapped).map_err(|error| match error {
        OpenError::NotAuthentic => UnsealError::WrongPassphrase,
        OpenError::Format => UnsealError::Damaged,
    })
}

/// Seals the root key under a recovery key, which needs no stretching: it is 256 random bits.
///
/// # Errors
/// Where there is no randomness.
pub fn seal_root_with_recovery(recovery: &RecoveryKey, root: &Key) -> Result<RootSeal, SealError> {
    let none = KdfParams { memory_kib: 0, passes: 0, lanes: 0 };
    RootSeal::write(BY_RECOVERY_KEY, none, root, |_| Ok(recovery.wrapping_key()))
}

/// Opens what [`seal_root_with_recovery`] made.
///
/// # Errors
/// See [`UnsealError`].
pub fn open_with_recovery(recovery: &RecoveryKey, seal: &RootSeal) -> Result<Key, UnsealError> {
    if seal.method != BY_RECOVERY_KEY {
        return Err(UnsealError::OtherMethod("passphrase"));
    }
    let (head, _, wrapped) = seal.parts().ok_or(UnsealError::Damaged)?;
    recovery.wrapping_key().unwrap_key(head, wrapped).map_err(|error| match error {
        OpenError::NotAuthentic => UnsealError::WrongRecoveryKey,
        OpenError::Format => UnsealError::Damaged,
    })
}

fn stretch(passphrase: &[u8], salt: &[u8], params: KdfParams) -> Option<Key> {
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.checked()?);
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    argon.hash_password_into(passphrase, salt, bytes.as_mut_slice()).ok()?;
    Some(Key::from_bytes(&bytes))
}

fn read_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
#[path = "root_tests.rs"]
mod tests;
