//! A text signed by one or more keys (C2SP signed-note), with Ed25519.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};

use crate::digest::sha256;

/// The longest note that is read, in bytes. Signatures of 5 kB and a hundred of them still fit.
pub const MAX_NOTE: usize = 1 << 20;
/// The most signatures of one note.
pub const MAX_SIGNATURES: usize = 100;

/// The signature type of plain Ed25519.
const ED25519_TYPE: u8 = 0x01;

/// A named Ed25519 key that signs. It is never printed, and wiped when dropped by the library that holds it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// A named Ed25519 public key: `example.com/log+530d903a+AekyeRrm56…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    id: u32,
    public: [u8; 32],
}

/// A text and the signatures under it. Nobody has checked them: see [`verify`](Self::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
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
    /// The signing key failed.
    #[error("the key `{0}` could not be used")]
    Key(String),
}

impl SigningKey {
    /// The key of a seed (RFC 8032, section 5.1.5). The caller wipes the seed.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let name = name.into();
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key(name.clone()))?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key(name.clone()))?;
        Ok(Self { pair, verifier: VerifierKey::new(name, public)? })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &str) -> Signature {
        Signature {
            name: self.verifier.name.clone(),
            id: self.verifier.id,
            bytes: self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}

impl VerifierKey {
    /// A named public key (RFC 8032 encoding).
    pub fn new(name: impl Into<String>, public: [u8; 32]) -> Result<Self, NoteError> {
        let name = name.into();
        check_name(&name)?;
        let id = key_id(&name, &public);
        Ok(Self { name, id, public })
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

    fn made(&self, signature: &Signature) -> bool {
        self.name == signature.name && self.id == signature.id
    }

    fn verifies(&self, text: &str, signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(text.as_bytes(), &signature.bytes).is_ok()
    }
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
            lines.split('\n').take(MAX_SIGNATURES + 1).map(Signature::parse).collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        Ok(Self { text, signatures })
    }

    /// Checks the signatures by keys that are known; gives those keys.
    ///
    /// Signatures by other keys are ignored. One wrong signature by a known key spoils the note; without a
    /// right one by a known key the text must not be used.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let mut matching = known.iter().filter(|key| key.made(signature));
            let Some(key) = matching.next() else { continue };
            if matching.any(|other| other != key) {
                return Err(NoteError::Ambiguous(key.name.clone()));
            }
            if !key.verifies(&self.text, signature) {
                return Err(NoteError::WrongSignature(key.name.clone()));
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(signers) }
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

impl Signature {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed("a line below the blank line is not a signature");
        let read = || {
            let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
            check_name(name).ok()?;
            let bytes = BASE64.decode(base64.as_bytes()).ok()?;
            let (id, bytes) = bytes.split_first_chunk::<4>()?;
            let signature =
                Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() };
            (!bytes.is_empty()).then_some(signature)
        };
        read().ok_or(malformed)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, id, bytes } in &self.signatures {
            let both: Vec<u8> = id.to_be_bytes().into_iter().chain(bytes.iter().copied()).collect();
            writeln!(f, "— {name} {}", BASE64.encode(&both))?;
        }
        Ok(())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = std::iter::once(ED25519_TYPE).chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id.to_be_bytes()), BASE64.encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let mut parts = text.splitn(3, '+');
            let (name, _id, key) = (parts.next()?, parts.next()?, parts.next()?);
            let key = BASE64.decode(key.as_bytes()).ok()?;
            let (&[kind], public) = key.split_first_chunk::<1>()?;
            let key = Self::new(name, public.try_into().ok()?).ok()?;
            // The id is a function of the rest: a text that states another is a mistake or a trick.
            (kind == ED25519_TYPE && key.to_string() == text).then_some(key)
        };
        read().ok_or_else(|| NoteError::VerifierKey(text.chars().take(200).collect()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.verifier.name).finish_non_exhaustive()
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
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

fn key_id(name: &str, public: &[u8; 32]) -> u32 {
    let mut input = Vec::with_capacity(name.len() + 34);
    input.extend_from_slice(name.as_bytes());
    input.extend_from_slice(&[b'\n', ED25519_TYPE]);
    input.extend_from_slice(public);
    let [a, b, c, d, ..] = sha256(&input).0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
