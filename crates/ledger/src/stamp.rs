//! Time stamps (RFC 3161): an authority outside the house states that a text existed at a time.
//!
//! What is checked is section 10 of `docs/record-format.md`. From the bottom up: [`fields`] reads DER and
//! [`algorithm`] checks signatures; [`certificate`] is one certificate and [`chain`] the way from a signer to
//! its root; [`response`] is what the authority answered, [`revocation`] what an issuer took back. Whether a root is worth trusting nothing here says.

use std::time::Duration;

use der::Tag;

use crate::digest::{Digest, sha256};

mod algorithm;
mod certificate;
mod chain;
mod fields;
mod name;
mod oids;
mod response;
mod revocation;

pub use algorithm::HashAlgorithm;
pub use chain::{Chain, MAX_CHAIN, MAX_PEM};
pub use response::{MAX_RESPONSE, Response};
pub use revocation::{MAX_LIST_OF_REVOKED, Revocation, check_crl};

/// What a time stamp proves, once it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the text existed, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// By how much the time may be off, if the authority says.
    pub accuracy: Option<Duration>,
    /// The authority's number of the time stamp, in hexadecimal.
    pub serial: String,
    /// The policy under which it was given, as `1.2.3.4`.
    pub policy: String,
    /// The digest by which the text is named.
    pub hash: HashAlgorithm,
    /// Whose certificate signed it, as `C=AT, O=Example, CN=Example Time Stamping`.
    pub authority: String,
    /// Until when that certificate is valid, in milliseconds since 1970 UTC.
    pub signer_not_after_ms: i64,
    /// The authority at the end of the chain.
    pub root_subject: String,
    /// The SHA-256 digest of its certificate.
    pub root_fingerprint: Digest,
}

/// Why something is not a time stamp that can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Not a response, or not in DER.
    #[error("this is not a time-stamp response: `{0}` is missing, or not as RFC 3161 has it")]
    Malformed(&'static str),
    /// Longer than [`MAX_RESPONSE`].
    #[error("this is not a time-stamp response: it is longer than 64 KiB")]
    TooLong,
    /// A refusal by the authority.
    #[error("the authority gave no time stamp (status {status}): `{text}`")]
    NotGranted {
        /// PKIStatus (RFC 3161, 2.4.2).
        status: u64,
        /// What the authority says about it.
        text: String,
    },
    /// A time stamp of something else.
    #[error("the time stamp is over another text")]
    OtherMessage,
    /// An answer to another request.
    #[error("the time stamp answers another request: its nonce is not the one that was sent")]
    OtherRequest,
    /// A token that is readable and not in order.
    #[error("the time stamp is not in order: {0}")]
    Token(&'static str),
    /// The signature does not verify.
    #[error("the signature of the time stamp is wrong: it was altered or forged")]
    WrongSignature,
    /// Not a chain of certificates.
    #[error("this is not a chain of certificates: {0}")]
    Chain(&'static str),
    /// Not a list of revoked certificates that can be relied on.
    #[error("this list of revoked certificates is of no use: {0}")]
    Revocation(&'static str),
    /// A certificate that cannot be read.
    #[error("certificate {place} cannot be read: `{field}` is missing, or not as RFC 5280 has it")]
    UnreadableCertificate {
        /// From 1.
        place: usize,
        /// At what.
        field: &'static str,
    },
    /// A certificate that does not hold in its place.
    #[error("certificate {place} of the chain, `{subject}`, {reason}")]
    Certificate {
        /// From 1, the signer's.
        place: usize,
        /// Whose it is.
        subject: String,
        /// What does not hold.
        reason: &'static str,
    },
}

/// A request for a time stamp of `message` (RFC 3161, 2.4.1): its SHA-256, the nonce, and that certificates are wanted.
///
/// `nonce` is random, so that an old answer does not pass for a new one.
pub fn request(message: &[u8], nonce: u64) -> Vec<u8> {
    let algorithm = [element(Tag::ObjectIdentifier, oids::SHA256.as_bytes()), element(Tag::Null, &[])];
    let digest = element(Tag::OctetString, sha256(message).as_bytes());
    let imprint = [element(Tag::Sequence, &algorithm.concat()), digest];
    let fields = [
        element(Tag::Integer, &[1]),
        element(Tag::Sequence, &imprint.concat()),
        element(Tag::Integer, &positive(nonce)),
        element(Tag::Boolean, &[0xff]),
    ];
    element(Tag::Sequence, &fields.concat())
}

/// Checks a response over `message` with the chain in PEM, from the signer's certificate to the root's.
pub fn verify(response: &[u8], message: &[u8], chain_pem: &str) -> Result<Stamp, StampError> {
    Response::parse(response)?.verify(message, &Chain::from_pem(chain_pem)?, None)
}

impl From<fields::Unreadable> for StampError {
    fn from(fields::Unreadable(field): fields::Unreadable) -> Self {
        Self::Malformed(field)
    }
}

/// A short element: nothing in a request is longer than 127 bytes.
fn element(tag: Tag, content: &[u8]) -> Vec<u8> {
    let header = [tag.octet(), content.len() as u8];
    [&header, content].concat()
}

/// The content of an INTEGER that is not negative (X.690, 8.3).
fn positive(number: u64) -> Vec<u8> {
    let bytes = [&[0], number.to_be_bytes().as_slice()].concat();
    let needless = bytes.windows(2).take_while(|pair| matches!(pair, [0, next] if *next < 0x80)).count();
    bytes.into_iter().skip(needless).collect()
}

#[cfg(test)]
mod tests;
