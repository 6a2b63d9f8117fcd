//! Encrypts documents of any size in chunks, so that they stream and any part can be read alone.
//!
//! This is C2SP chunked-encryption <https://c2sp.org/chunked-encryption>, instantiation
//! Cobblestone-256: keys, nonce and a 32-byte key commitment from HKDF-Expand with SHA-512, chunks of
//! 16 KiB under AES-256-GCM, the last chunk always shorter. The plaintext of a chunk appears only
//! after the whole chunk has been authenticated; that nothing is missing at the end is known only
//! when `finish` succeeds.

use std::ops::Range;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hkdf};
use zeroize::{Zeroize, Zeroizing};

use crate::key::{KEY_LEN, Key, SealError, fill_random};

/// Plaintext bytes in every chunk but the last.
pub const CHUNK_LEN: usize = 16 * 1024;
/// Ciphertext bytes of a full chunk.
pub const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;
/// Bytes before the first chunk: the salt and the commitment.
pub const HEADER_LEN: usize = SALT_LEN + COMMITMENT_LEN;

const TAG_LEN: usize = 16;
const SALT_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const MAX_CHUNKS: u64 = 1 << 38;
const DERIVED_LEN: usize = KEY_LEN + NONCE_LEN + COMMITMENT_LEN;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// The beginning of every sealed message, from which its key is found and checked.
pub type Header = [u8; HEADER_LEN];

/// A message could not be sealed or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The commitment in the header is not that of this key and context.
    #[error("the sealed message belongs to another key or another place")]
    WrongKey,
    /// A chunk was altered, moved or taken from another message.
    #[error("chunk {chunk} of the sealed message is not authentic")]
    NotAuthentic {
        /// Number of the chunk, from zero.
        chunk: u64,
    },
    /// The end is missing, or no message has this length.
    #[error("the sealed message is cut short")]
    Truncated,
    /// More than 2³⁸ chunks (4 PiB).
    #[error("the message is longer than 4 PiB")]
    TooLong,
    /// The range does not lie within the message.
    #[error("bytes {start} to {end} were asked of a message of {len} bytes")]
    OutOfRange {
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Plaintext length of the message in bytes.
        len: u64,
    },
    /// The cryptographic library refused.
    #[error(transparent)]
    Library(#[from] SealError),
}

/// Plaintext length of a message whose ciphertext has `ciphertext_len` bytes.
///
/// # Errors
/// [`ChunkError::Truncated`] where no message has that length, [`ChunkError::TooLong`] above 4 PiB.
/// The length is only as good as its source until the last chunk has been opened.
pub fn plaintext_len(ciphertext_len: u64) -> Result<u64, ChunkError> {
    let body = ciphertext_len.checked_sub(HEADER_LEN as u64).ok_or(ChunkError::Truncated)?;
    let full = body / SEALED_CHUNK_LEN as u64;
    let last = (body % SEALED_CHUNK_LEN as u64).checked_sub(TAG_LEN as u64).ok_or(ChunkError::Truncated)?;
    if full >= MAX_CHUNKS {
        return Err(ChunkError::TooLong);
    }
    Ok(full * CHUNK_LEN as u64 + last)
}

/// Ciphertext length of a message whose plaintext has `plaintext_len` bytes.
///
/// # Errors
/// [`ChunkError::TooLong`] above 4 PiB.
pub fn ciphertext_len(plaintext_len: u64) -> Result<u64, ChunkError> {
    let full = plaintext_len / CHUNK_LEN as u64;
    if full >= MAX_CHUNKS {
        return Err(ChunkError::TooLong);
    }
    Ok(HEADER_LEN as u64 + plaintext_len + (full + 1) * TAG_LEN as u64)
}

/// Seals one message as it streams by.
pub struct Sealer {
    message: Message,
    header: Option<Header>,
    chunk: u64,
    pending: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Starts a message under `key`; it opens only under the same `context`.
    ///
    /// # Errors
    /// [`ChunkError::Library`] where there is no randomness or memory.
    pub fn new(key: &Key, context: &[u8]) -> Result<Self, ChunkError> {
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt)?;
        Self::with_salt(key, context, salt)
    }

    fn with_salt(key: &Key, context: &[u8], salt: [u8; SALT_LEN]) -> Result<Self, ChunkError> {
        let (message, commitment) = Message::derive(key, context, &salt)?;
        let mut header = [0; HEADER_LEN];
        for (to, from) in header.iter_mut().zip(salt.iter().chain(commitment.iter())) {
            *to = *from;
        }
        Ok(Self {
            message,
            header: Some(header),
            chunk: 0,
            pending: Zeroizing::new(Vec::with_capacity(CHUNK_LEN)),
        })
    }

    /// Takes more plaintext and appends what is ready of the ciphertext to `out`.
    ///
    /// # Errors
    /// [`ChunkError::TooLong`] past 4 PiB, [`ChunkError::Library`] where the library refuses. After
    /// an error the message must be given up.
    pub fn push(&mut self, mut plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        self.put_header(out);
        out.reserve((self.pending.len() + plaintext.len()) / CHUNK_LEN * SEALED_CHUNK_LEN);
        if !self.pending.is_empty() {
            let take = plaintext.len().min(CHUNK_LEN - self.pending.len());
            let (head, rest) = plaintext.split_at_checked(take).unwrap_or((plaintext, &[]));
            self.pending.extend_from_slice(head);
            plaintext = rest;
            if self.pending.len() < CHUNK_LEN {
                return Ok(());
            }
            self.message.seal_chunk(self.chunk, &self.pending, out)?;
            self.chunk += 1;
            self.pending.clear();
        }
        let mut chunks = plaintext.chunks_exact(CHUNK_LEN);
        for full in &mut chunks {
            self.message.seal_chunk(self.chunk, full, out)?;
            self.chunk += 1;
        }
        self.pending.extend_from_slice(chunks.remainder());
        Ok(())
    }

    /// Ends the message with its short last chunk.
    ///
    /// # Errors
    /// As [`Sealer::push`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        self.put_header(out);
        self.message.seal_chunk(self.chunk, &self.pending, out)
    }

    fn put_header(&mut self, out: &mut Vec<u8>) {
        if let Some(header) = self.header.take() {
            out.extend_from_slice(&header);
        }
    }
}

/// Opens one message as it streams by, from its first byte to its last.
pub struct Opener {
    key: Key,
    context: Vec<u8>,
    header: Vec<u8>,
    body: Option<Inflow>,
}

impl Opener {
    /// Waits for a message sealed under `key` and `context`.
    pub fn new(key: &Key, context: &[u8]) -> Self {
        Self {
            key: key.clone(),
            context: context.to_vec(),
            header: Vec::with_capacity(HEADER_LEN),
            body: None,
        }
    }

    /// Takes more ciphertext and appends the plaintext of every chunk that proved authentic to `out`.
    ///
    /// # Errors
    /// [`ChunkError::WrongKey`] before any plaintext where key or context are not those of the
    /// sealing; [`ChunkError::NotAuthentic`] at the first bad chunk, after which nothing more comes.
    pub fn push(&mut self, mut ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        if self.body.is_none() {
            let missing = HEADER_LEN - self.header.len();
            let Some((head, rest)) = ciphertext.split_at_checked(missing) else {
                self.header.extend_from_slice(ciphertext);
                return Ok(());
            };
            self.header.extend_from_slice(head);
            ciphertext = rest;
            let header = self.header.first_chunk().ok_or(ChunkError::Truncated)?;
            let message = Message::open(&self.key, &self.context, header)?;
            self.body = Some(Inflow::new(Arc::new(message), 0));
        }
        let body = self.body.as_mut().ok_or(ChunkError::Truncated)?;
        body.push(ciphertext, out)
    }

    /// Opens the last chunk and so proves that the message is whole.
    ///
    /// # Errors
    /// [`ChunkError::Truncated`] where the end is missing, [`ChunkError::NotAuthentic`] where it is
    /// not the end of this message.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        self.body.ok_or(ChunkError::Truncated)?.finish(out)
    }
}

/// Which ciphertext to fetch for a range of plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangePlan {
    /// The bytes of the ciphertext that are needed, whole chunks.
    pub ciphertext: Range<u64>,
    first_chunk: u64,
    skip: usize,
    take: u64,
    takes_last: bool,
}

impl RangePlan {
    /// Plans for `plaintext` bytes of a message whose ciphertext is `ciphertext_len` bytes long. A
    /// range that ends where the message ends takes in the last chunk even when it is empty, so that
    /// a cut message is noticed.
    ///
    /// # Errors
    /// [`ChunkError::OutOfRange`], or as [`plaintext_len`].
    pub fn new(plaintext: Range<u64>, ciphertext_len: u64) -> Result<Self, ChunkError> {
        let len = plaintext_len(ciphertext_len)?;
        let Range { start, end } = plaintext;
        if start > end || end > len {
            return Err(ChunkError::OutOfRange { start, end, len });
        }
        let chunk = CHUNK_LEN as u64;
        let first_chunk = start / chunk;
        let wanted_end = match start == end {
            true => chunk_offset(first_chunk),
            false => chunk_offset(end.div_ceil(chunk)),
        };
        let takes_last = end == len || wanted_end > ciphertext_len;
        let ciphertext_end = if takes_last { ciphertext_len } else { wanted_end };
        Ok(Self {
            ciphertext: chunk_offset(first_chunk)..ciphertext_end,
            first_chunk,
            skip: (start % chunk) as usize,
            take: end - start,
            takes_last,
        })
    }
}

/// What opens any range of one message: its header checked, its key at hand.
#[derive(Clone)]
pub struct RandomAccess {
    message: Arc<Message>,
}

impl RandomAccess {
    /// Checks the header of a message against key and context.
    ///
    /// # Errors
    /// [`ChunkError::WrongKey`] where they are not those of the sealing.
    pub fn new(key: &Key, context: &[u8], header: &Header) -> Result<Self, ChunkError> {
        Ok(Self { message: Arc::new(Message::open(key, context, header)?) })
    }

    /// Opens the ciphertext of `plan`, which is then pushed in order.
    pub fn open(&self, plan: &RangePlan) -> RangeOpener {
        RangeOpener {
            inflow: Inflow::new(Arc::clone(&self.message), plan.first_chunk),
            left: plan.ciphertext.end - plan.ciphertext.start,
            skip: plan.skip,
            take: plan.take,
            takes_last: plan.takes_last,
        }
    }
}

/// Opens one planned range as its ciphertext streams by.
pub struct RangeOpener {
    inflow: Inflow,
    left: u64,
    skip: usize,
    take: u64,
    takes_last: bool,
}

impl RangeOpener {
    /// Takes more of the planned ciphertext and appends authentic plaintext of the range to `out`.
    ///
    /// # Errors
    /// [`ChunkError::NotAuthentic`]; [`ChunkError::TooLong`] for more ciphertext than was planned.
    pub fn push(&mut self, ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        self.left = self.left.checked_sub(ciphertext.len() as u64).ok_or(ChunkError::TooLong)?;
        let start = out.len();
        let outcome = self.inflow.push(ciphertext, out);
        self.trim(start, out);
        outcome
    }

    /// Ends the range.
    ///
    /// # Errors
    /// [`ChunkError::Truncated`] where not all of the planned ciphertext came, or as [`Opener::finish`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        if self.left != 0 {
            return Err(ChunkError::Truncated);
        }
        let start = out.len();
        if self.takes_last {
            let inflow = std::mem::replace(&mut self.inflow, Inflow::spent());
            inflow.finish(out)?;
        } else if !self.inflow.pending.is_empty() {
            return Err(ChunkError::Truncated);
        }
        self.trim(start, out);
        match self.take {
            0 => Ok(()),
            _ => Err(ChunkError::Truncated),
        }
    }

    /// Leaves of what was appended since `start` only what lies within the range.
    fn trim(&mut self, start: usize, out: &mut Vec<u8>) {
        let skip = self.skip.min(out.len() - start);
        out.drain(start..start + skip);
        self.skip -= skip;
        let keep = self.take.min((out.len() - start) as u64);
        out.truncate(start + keep as usize);
        self.take -= keep;
    }
}

/// Cuts arriving ciphertext into chunks. Every full chunk is one of the middle, because the last
/// chunk of a message is always shorter.
struct Inflow {
    message: Option<Arc<Message>>,
    chunk: u64,
    pending: Vec<u8>,
}

impl Inflow {
    fn new(message: Arc<Message>, chunk: u64) -> Self {
        Self { message: Some(message), chunk, pending: Vec::new() }
    }

    fn spent() -> Self {
        Self { message: None, chunk: 0, pending: Vec::new() }
    }

    fn push(&mut self, mut ciphertext: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        out.reserve((self.pending.len() + ciphertext.len()) / SEALED_CHUNK_LEN * CHUNK_LEN + TAG_LEN);
        if !self.pending.is_empty() {
            let take = ciphertext.len().min(SEALED_CHUNK_LEN - self.pending.len());
            let (head, rest) = ciphertext.split_at_checked(take).unwrap_or((ciphertext, &[]));
            self.pending.extend_from_slice(head);
            ciphertext = rest;
            if self.pending.len() < SEALED_CHUNK_LEN {
                return Ok(());
            }
            let full = std::mem::take(&mut self.pending);
            self.open_chunk(&full, out)?;
            self.pending = full;
            self.pending.clear();
        }
        let mut chunks = ciphertext.chunks_exact(SEALED_CHUNK_LEN);
        for full in &mut chunks {
            self.open_chunk(full, out)?;
        }
        self.pending.extend_from_slice(chunks.remainder());
        Ok(())
    }

    fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let last = std::mem::take(&mut self.pending);
        self.open_chunk(&last, out)
    }

    /// After one bad chunk the message is given up: nothing behind it may be believed.
    fn open_chunk(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let message = self.message.take().ok_or(ChunkError::NotAuthentic { chunk: self.chunk })?;
        message.open_chunk(self.chunk, sealed, out)?;
        self.message = Some(message);
        self.chunk += 1;
        Ok(())
    }
}

/// The single-use key and base nonce of one message.
struct Message {
    cipher: LessSafeKey,
    base_nonce: [u8; NONCE_LEN],
}

struct DerivedLen;

impl hkdf::KeyType for DerivedLen {
    fn len(&self) -> usize {
        DERIVED_LEN
    }
}

impl Message {
    fn derive(
        key: &Key,
        context: &[u8],
        salt: &[u8; SALT_LEN],
    ) -> Result<(Self, [u8; COMMITMENT_LEN]), ChunkError> {
        let mut derived = Zeroizing::new([0; DERIVED_LEN]);
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, key.expose())
            .expand(&[INFO, salt, context], DerivedLen)
            .and_then(|okm| okm.fill(derived.as_mut_slice()))
            .map_err(|_| SealError)?;
        let (aes, rest) = derived.split_first_chunk::<KEY_LEN>().ok_or(SealError)?;
        let (base_nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let commitment = rest.first_chunk().ok_or(SealError)?;
        let unbound = UnboundKey::new(&AES_256_GCM, aes).map_err(|_| SealError)?;
        Ok((Self { cipher: LessSafeKey::new(unbound), base_nonce: *base_nonce }, *commitment))
    }

    fn open(key: &Key, context: &[u8], header: &Header) -> Result<Self, ChunkError> {
        let (salt, commitment) = header.split_first_chunk().ok_or(ChunkError::Truncated)?;
        let (message, expected) = Self::derive(key, context, salt)?;
        constant_time::verify_slices_are_equal(commitment, &expected).map_err(|_| ChunkError::WrongKey)?;
        Ok(message)
    }

    /// Appends the ciphertext and tag of one chunk to `out`, encrypting where it lies.
    fn seal_chunk(&self, chunk: u64, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let nonce = self.nonce(chunk)?;
        let start = out.len();
        out.extend_from_slice(plaintext);
        let body = out.get_mut(start..).unwrap_or_default();
        match self.cipher.seal_in_place_separate_tag(nonce, Aad::empty(), body) {
            Ok(tag) => {
                out.extend_from_slice(tag.as_ref());
                Ok(())
            }
            Err(_) => {
                erase_from(start, out);
                Err(ChunkError::Library(SealError))
            }
        }
    }

    /// Appends the plaintext of one chunk to `out`, or nothing if it is not authentic.
    fn open_chunk(&self, chunk: u64, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let nonce = self.nonce(chunk)?;
        let plaintext_len = sealed.len().checked_sub(TAG_LEN).ok_or(ChunkError::Truncated)?;
        let start = out.len();
        out.extend_from_slice(sealed);
        let body = out.get_mut(start..).unwrap_or_default();
        match self.cipher.open_in_place(nonce, Aad::empty(), body) {
            Ok(_) => {
                out.truncate(start + plaintext_len);
                Ok(())
            }
            Err(_) => {
                erase_from(start, out);
                Err(ChunkError::NotAuthentic { chunk })
            }
        }
    }

    /// The base nonce XOR the chunk number, big-endian.
    fn nonce(&self, chunk: u64) -> Result<Nonce, ChunkError> {
        if chunk >= MAX_CHUNKS {
            return Err(ChunkError::TooLong);
        }
        let mut nonce = self.base_nonce;
        for (byte, number) in nonce.iter_mut().rev().zip(chunk.to_be_bytes().iter().rev()) {
            *byte ^= number;
        }
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

fn chunk_offset(chunk: u64) -> u64 {
    HEADER_LEN as u64 + chunk * SEALED_CHUNK_LEN as u64
}

fn erase_from(start: usize, out: &mut Vec<u8>) {
    out.get_mut(start..).unwrap_or_default().zeroize();
    out.truncate(start);
}

#[cfg(test)]
#[path = "chunked_tests.rs"]
mod tests;
