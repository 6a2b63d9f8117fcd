//! Lists of revoked certificates (RFC 5280, section 5): whether a certificate stands on its issuer's.

use der::{Tag, TagNumber};

use super::StampError;
use super::algorithm::SignatureAlgorithm;
use super::certificate::extension_of;
use super::chain::Chain;
use super::fields::{Element, Read, Unreadable, holding};
use super::name::Name;

/// The longest list of revoked certificates, in bytes.
pub const MAX_LIST_OF_REVOKED: usize = 4 << 20;

/// What an issuer says about a certificate that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When the issuer said so, in milliseconds since 1970 UTC.
    pub this_update_ms: i64,
    /// By when it will say more, if it says.
    pub next_update_ms: Option<i64>,
    /// Since when the certificate is revoked, if it is.
    pub revoked_ms: Option<i64>,
}

/// Reads the list of the issuer of one of the chain's certificates (`place` counts from 0, the signer's), in DER, and looks for that
/// certificate.
///
/// Checked are whose list it is and the issuer's signature. The chain itself is checked with a time stamp; whether the list is
/// new enough is for the caller to say.
pub fn check_crl(chain: &Chain, place: usize, crl: &[u8]) -> Result<Revocation, StampError> {
    if crl.len() > MAX_LIST_OF_REVOKED {
        return Err(StampError::Revocation("it is longer than 4 MiB"));
    }
    let [certificate, issuer, ..] = chain.certificates().get(place..).unwrap_or_default() else {
        return Err(StampError::Chain(
            "it has one certificate; add those of the authorities above, up to the root",
        ));
    };
    let list = List::read(crl)
        .map_err(|Unreadable(_)| StampError::Revocation("it is not one in DER, as RFC 5280 has it"))?;
    if list.issuer != issuer.subject.der {
        return Err(StampError::Revocation("it is another authority's than the issuer of the certificate"));
    }
    if list.beyond {
        return Err(StampError::Revocation(
            "it is a part of a list, or has a restriction that this program does not know",
        ));
    }
    if !issuer.may_sign_lists() || !issuer.key.made(list.algorithm, list.signed, list.signature) {
        return Err(StampError::Revocation("the issuer of the certificate did not sign it"));
    }
    let found = list.revoked.iter().find(|(serial, _)| *serial == certificate.serial);
    let millis = |seconds: i64| seconds.saturating_mul(1000);
    Ok(Revocation {
        this_update_ms: millis(list.this_update),
        next_update_ms: list.next_update.map(millis),
        revoked_ms: found.map(|(_, since)| millis(*since)),
    })
}

struct List<'a> {
    signed: &'a [u8],
    algorithm: SignatureAlgorithm,
    signature: &'a [u8],
    issuer: &'a [u8],
    this_update: i64,
    next_update: Option<i64>,
    /// Serial numbers, and since when.
    revoked: Vec<(&'a [u8], i64)>,
    /// Whether there is an extension that must be understood and is not.
    beyond: bool,
}

impl<'a> List<'a> {
    fn read(der: &'a [u8]) -> Read<Self> {
        let mut outer = Element::of(der, Tag::Sequence, "CertificateList")?.fields();
        let tbs = outer.take(Tag::Sequence, "tbsCertList")?;
        let algorithm = outer.take(Tag::Sequence, "signatureAlgorithm")?;
        let signature = outer.take(Tag::BitString, "signatureValue")?.whole_bits("signatureValue")?;
        outer.end("CertificateList")?;

        let mut fields = tbs.fields();
        // Version 2, which alone has extensions, is written 1; version 1 is not written.
        let version = fields.maybe(Tag::Integer, "version")?.map(|version| version.number("version"));
        if version.transpose()?.is_some_and(|version| version != 1) {
            return Err(Unreadable("version"));
        }
        if fields.take(Tag::Sequence, "signature")?.der != algorithm.der {
            return Err(Unreadable("signature"));
        }
        let issuer = fields.take(Tag::Sequence, "issuer")?;
        Name::read(issuer, "issuer")?;
        let this_update = fields.any("thisUpdate")?.seconds("thisUpdate")?;
        let next_update = match fields.maybe(Tag::UtcTime, "nextUpdate")? {
            Some(time) => Some(time),
            None => fields.maybe(Tag::GeneralizedTime, "nextUpdate")?,
        };
        let next_update = next_update.map(|time| time.seconds("nextUpdate")).transpose()?;
        let (mut revoked, mut beyond) = (Vec::new(), false);
        if let Some(list) = fields.maybe(Tag::Sequence, "revokedCertificates")? {
            let mut entries = list.fields();
            while !entries.is_empty() {
                let mut entry = entries.sequence("revokedCertificates")?;
                let serial = entry.take(Tag::Integer, "userCertificate")?.integer("userCertificate")?;
                let since = entry.any("revocationDate")?.seconds("revocationDate")?;
                if let Some(extensions) = entry.maybe(Tag::Sequence, "crlEntryExtensions")? {
                    beyond |= has_critical(extensions)?;
                }
                entry.end("revokedCertificates")?;
                revoked.push((serial, since));
            }
        }
        if let Some(wrapped) = fields.maybe(holding(TagNumber::N0), "crlExtensions")? {
            beyond |= has_critical(Element::of(wrapped.value, Tag::Sequence, "crlExtensions")?)?;
        }
        fields.end("tbsCertList")?;
        Ok(Self {
            signed: tbs.der,
            algorithm: SignatureAlgorithm::read(algorithm, None, "signatureAlgorithm")?,
            signature,
            issuer: issuer.der,
            this_update,
            next_update,
            revoked,
            beyond,
        })
    }
}

/// Whether one of these is critical. Those that cut a list in parts are (RFC 5280, 5.2.4, 5.2.5 and 5.3.3); none that may be is read here.
fn has_critical(extensions: Element<'_>) -> Read<bool> {
    let list = extensions.fields().all(Tag::Sequence, "crlExtensions")?;
    let parts: Read<Vec<bool>> = list.into_iter().map(|extension| Ok(extension_of(extension)?.1)).collect();
    Ok(parts?.contains(&true))
}
