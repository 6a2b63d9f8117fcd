//! The certificates from the signer of a time stamp to the root, in that order.

use std::fmt::Write;

use data_encoding::BASE64;

use super::StampError;
use super::certificate::{Certificate, MAX_CERTIFICATE};
use super::fields::Unreadable;
use super::response::Response;
use crate::digest::Digest;

/// The most certificates of a chain, and of a token.
pub const MAX_CHAIN: usize = 10;
/// The longest PEM text of a chain, in bytes.
pub const MAX_PEM: usize = 2 * MAX_CHAIN * MAX_CERTIFICATE;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Certificates from the signer's to the root's. Nobody has checked them: [`Response::verify`] does.
#[derive(Clone, Debug)]
pub struct Chain {
    // INVARIANT: 1 to MAX_CHAIN.
    certificates: Vec<Certificate>,
}

impl Chain {
    /// Reads PEM (RFC 7468, section 5): one to ten certificates, the signer's first. Text around them is ignored.
    pub fn from_pem(text: &str) -> Result<Self, StampError> {
        if text.len() > MAX_PEM {
            return Err(StampError::Chain("it is longer than ten certificates can be"));
        }
        let mut certificates: Vec<Certificate> = Vec::new();
        let mut lines = text.lines().map(str::trim_ascii_end);
        while let Some(line) = lines.next() {
            if !line.starts_with("-----") {
                continue;
            }
            if line != BEGIN {
                return Err(StampError::Chain("it holds something else than certificates"));
            }
            if certificates.len() == MAX_CHAIN {
                return Err(StampError::Chain("it has more than ten certificates"));
            }
            let mut base64 = String::new();
            loop {
                match lines.next() {
                    Some(END) => break,
                    Some(line) => base64.push_str(line),
                    None => return Err(StampError::Chain("a certificate in it has no end")),
                }
            }
            let der = BASE64.decode(base64.as_bytes());
            let der = der.map_err(|_| StampError::Chain("a certificate in it is not base64"))?;
            let place = certificates.len() + 1;
            let unread = |field| StampError::UnreadableCertificate { place, field };
            certificates.push(Certificate::read(&der).map_err(|Unreadable(field)| unread(field))?);
        }
        if certificates.is_empty() {
            return Err(StampError::Chain("it has no certificate"));
        }
        Ok(Self { certificates })
    }

    /// The certificates that came with a token, from the signer's upwards, as far as they are there.
    ///
    /// Often the root is not: see [`and`](Self::and).
    pub fn from_response(der: &[u8]) -> Result<Self, StampError> {
        let response = Response::parse(der)?;
        let signer = response.signer().ok_or(StampError::Chain(
            "the certificate of the signer is not in the token; ask for it in the request",
        ))?;
        let mut chain = Self { certificates: vec![signer.clone()] };
        chain.grow(response.certificates());
        Ok(chain)
    }

    /// This chain, continued upwards with certificates of `known`, in whatever order they stand there.
    pub fn and(mut self, known: &Self) -> Self {
        self.grow(&known.certificates);
        self
    }

    /// The certificates as PEM (RFC 7468), in order.
    pub fn to_pem(&self) -> String {
        let mut pem = String::new();
        for certificate in &self.certificates {
            pem.push_str(BEGIN);
            for (place, character) in BASE64.encode(&certificate.der).chars().enumerate() {
                if place % 64 == 0 {
                    pem.push('\n');
                }
                pem.push(character);
            }
            // Writing to a string does not fail.
            let _ = writeln!(pem, "\n{END}");
        }
        pem
    }

    /// How many certificates.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Never: a chain has at least the signer's certificate.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// Whether its last certificate is its own issuer's, so that nothing is missing.
    pub fn reaches_root(&self) -> bool {
        self.certificates.last().is_some_and(Certificate::is_root)
    }

    /// Until when all of its certificates are valid, in milliseconds since 1970: a token is stamped again before.
    pub fn valid_until_ms(&self) -> i64 {
        let ends = self.certificates.iter().map(|certificate| certificate.not_after.saturating_mul(1000));
        ends.min().unwrap_or_default()
    }

    /// Each certificate that has an issuer above it, the signer's first: its fingerprint, and where its issuer says that the list of
    /// revoked certificates is kept on which it would stand (RFC 5280, 4.2.1.13).
    pub fn lists_of_revoked(&self) -> impl Iterator<Item = (Digest, &[String])> {
        let below = self.certificates.split_last().map_or(&[][..], |(_, below)| below);
        below.iter().map(|certificate| (certificate.fingerprint(), certificate.lists_of_revoked()))
    }

    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Checks all certificates at a time, and gives the signer's and the root's.
    ///
    /// `time` is in milliseconds since 1970.
    pub(super) fn check(&self, time: i64) -> Result<(&Certificate, &Certificate), StampError> {
        let (Some(signer), Some(root)) = (self.certificates.first(), self.certificates.last()) else {
            return Err(StampError::Chain("it is empty"));
        };
        if self.certificates.len() > MAX_CHAIN {
            return Err(StampError::Chain("it has more than ten certificates"));
        }
        signer.may_stamp().map_err(|reason| self.wrong(0, reason))?;
        let mut between = 0;
        for (place, certificate) in self.certificates.iter().enumerate() {
            let right = || {
                certificate.is_understood()?;
                match self.certificates.get(place + 1) {
                    Some(issuer) => certificate.issued_by(issuer)?,
                    None if certificate.subject.der != certificate.issuer.der => {
                        return Err("is the last and not a root; add the certificate of its issuer");
                    }
                    None => certificate.names_as_issuer(certificate)?,
                }
                // At the last second both readings of "until" are met: some take it as within, some as after.
                if time < certificate.not_before.saturating_mul(1000) {
                    return Err("was not yet valid at the time of the time stamp");
                }
                if time >= certificate.not_after.saturating_mul(1000) {
                    return Err("was no longer valid at the time of the time stamp");
                }
                if place > 0 { certificate.may_issue(between) } else { Ok(()) }
            };
            right().map_err(|reason| self.wrong(place, reason))?;
            if place > 0 && certificate.subject.der != certificate.issuer.der {
                between += 1;
            }
        }
        Ok((signer, root))
    }

    fn grow(&mut self, candidates: &[Certificate]) {
        while let Some(last) = self.certificates.last()
            && last.issuer.der != last.subject.der
            && self.certificates.len() < MAX_CHAIN
        {
            let fits = |candidate: &&Certificate| {
                last.issued_by(candidate).is_ok()
                    && self.certificates.iter().all(|held| held.der != candidate.der)
            };
            // Of two of the same authority, the one that ends the chain.
            let next = candidates.iter().filter(fits).max_by_key(|next| next.issuer.der == next.subject.der);
            let Some(next) = next.cloned() else { return };
            self.certificates.push(next);
        }
    }

    fn wrong(&self, place: usize, reason: &'static str) -> StampError {
        let subject = self.certificates.get(place).map(|certificate| certificate.subject.text.clone());
        StampError::Certificate { place: place + 1, subject: subject.unwrap_or_default(), reason }
    }
}
