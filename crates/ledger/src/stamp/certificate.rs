//! One certificate (RFC 5280, section 4): what it says, and whether another signed it.

use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::algorithm::{PublicKey, SignatureAlgorithm};
use super::fields::{Element, Fields, Oid, Read, Unreadable, holding, plain};
use super::name::Name;
use super::oids;
use crate::digest::{Digest, sha256};

/// The longest certificate, in bytes.
pub(super) const MAX_CERTIFICATE: usize = 16 << 10;

// RFC 5280, 4.2.1.3: the named bits of a key usage.
const DIGITAL_SIGNATURE: u8 = 0x80;
const NON_REPUDIATION: u8 = 0x40;
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;

/// A certificate. Nobody has checked it: see [`issued_by`](Self::issued_by).
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Name,
    pub(super) subject: Name,
    /// In seconds since 1970.
    pub(super) not_before: i64,
    /// In seconds since 1970.
    pub(super) not_after: i64,
    pub(super) key: PublicKey,
    /// The bytes that the issuer signed.
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    extensions: Extensions,
}

#[derive(Clone, Debug, Default)]
struct Extensions {
    /// Basic constraints: whether it is an authority, and how many may stand between it and the signer.
    authority: Option<(bool, Option<u64>)>,
    /// The bits of the first byte, and whether there are others.
    key_usage: Option<(u8, bool)>,
    /// Extended key usage: whether it is critical, and whether it is time stamping alone.
    purposes: Option<(bool, bool)>,
    subject_key: Option<Vec<u8>>,
    issuer_key: IssuerKey,
    /// GeneralNames, each as it stands.
    alternative_names: Vec<Vec<u8>>,
    /// Where the issuer's list of revoked certificates is kept, as far as that could be read.
    lists_of_revoked: Vec<String>,
    /// Whether there is one that must be understood and is not.
    beyond: bool,
}

/// The authority key identifier (RFC 5280, 4.2.1.1).
#[derive(Clone, Debug, Default)]
struct IssuerKey {
    id: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
    serial: Option<Vec<u8>>,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Read<Self> {
        if der.len() > MAX_CERTIFICATE {
            return Err(Unreadable("certificate"));
        }
        let mut outer = Element::of(der, Tag::Sequence, "certificate")?.fields();
        let tbs = outer.take(Tag::Sequence, "tbsCertificate")?;
        let algorithm = outer.take(Tag::Sequence, "signatureAlgorithm")?;
        let signature = outer.take(Tag::BitString, "signatureValue")?.whole_bits("signatureValue")?;
        outer.end("certificate")?;

        let mut fields = tbs.fields();
        // Version 3, which alone has extensions, is written 2; version 1 is not written.
        let version = fields.maybe(holding(TagNumber::N0), "version")?;
        let version =
            version.map(|version| Element::of(version.value, Tag::Integer, "version")?.number("version"));
        let extended = match version.transpose()? {
            Some(2) => true,
            None => false,
            Some(_) => return Err(Unreadable("version")),
        };
        let serial = fields.take(Tag::Integer, "serialNumber")?.integer("serialNumber")?;
        if fields.take(Tag::Sequence, "signature")?.der != algorithm.der {
            return Err(Unreadable("signature"));
        }
        let issuer = Name::read(fields.take(Tag::Sequence, "issuer")?, "issuer")?;
        let mut validity = fields.sequence("validity")?;
        let not_before = validity.any("notBefore")?.seconds("notBefore")?;
        let not_after = validity.any("notAfter")?.seconds("notAfter")?;
        validity.end("validity")?;
        let subject = Name::read(fields.take(Tag::Sequence, "subject")?, "subject")?;
        let key =
            PublicKey::read(fields.take(Tag::Sequence, "subjectPublicKeyInfo")?, "subjectPublicKeyInfo")?;
        let extensions = if extended { fields.maybe(holding(TagNumber::N3), "extensions")? } else { None };
        let extensions = match extensions {
            Some(list) => Extensions::read(Element::of(list.value, Tag::Sequence, "extensions")?)?,
            None => Extensions::default(),
        };
        fields.end("tbsCertificate")?;
        Ok(Self {
            der: der.to_vec(),
            serial: serial.to_vec(),
            issuer,
            subject,
            not_before,
            not_after,
            key,
            signed: tbs.der.to_vec(),
            algorithm: SignatureAlgorithm::of_certificate(algorithm, "signatureAlgorithm")?,
            signature: signature.to_vec(),
            extensions,
        })
    }

    pub(super) fn fingerprint(&self) -> Digest {
        sha256(&self.der)
    }

    /// Whether it names itself as its issuer. Of a root its own signature proves nothing that its fingerprint does not, and many still
    /// bear one by SHA-1: it is not looked at.
    pub(super) fn is_root(&self) -> bool {
        self.names_as_issuer(self).is_ok()
    }

    /// Whether `issuer` is named as the issuer, and its key made the signature.
    pub(super) fn issued_by(&self, issuer: &Self) -> Result<(), &'static str> {
        self.names_as_issuer(issuer)?;
        if !issuer.key.makes(self.algorithm) {
            return Err(
                "is signed in a way that is not relied on: RSA of 2048 to 8192 bits, ECDSA (P-256, P-384) or Ed25519, with SHA-2, are",
            );
        }
        if issuer.key.made(self.algorithm, &self.signed, &self.signature) {
            Ok(())
        } else {
            Err("was not signed by the key of the next certificate")
        }
    }

    /// Whether `issuer` is named as the issuer, and nothing in it says that another is meant.
    pub(super) fn names_as_issuer(&self, issuer: &Self) -> Result<(), &'static str> {
        if self.issuer.der != issuer.subject.der {
            return Err("was issued under another name than that of the next certificate");
        }
        let named = &self.extensions.issuer_key;
        let other_key = named.id.is_some()
            && issuer.extensions.subject_key.is_some()
            && named.id != issuer.extensions.subject_key;
        let other_name = named.name.as_ref().is_some_and(|name| *name != issuer.issuer.der);
        let other_serial = named.serial.as_ref().is_some_and(|serial| *serial != issuer.serial);
        if other_key || other_name || other_serial {
            return Err("names another key of its issuer than that of the next certificate");
        }
        Ok(())
    }

    /// Whether it may issue certificates, with `between` others between it and the signer's, those left out that authorities
    /// issued to themselves (RFC 5280, 4.2.1.9 and 6.1.4).
    pub(super) fn may_issue(&self, between: u64) -> Result<(), &'static str> {
        let Some((true, longest)) = self.extensions.authority else {
            return Err("is not that of a certificate authority");
        };
        if longest.is_some_and(|longest| longest < between) {
            return Err("may not have so many authorities below it");
        }
        if !self.extensions.allows(KEY_CERT_SIGN) {
            return Err("may not sign certificates (key usage)");
        }
        Ok(())
    }

    /// Whether it may sign lists of revoked certificates (RFC 5280, 6.3.3 (f)).
    pub(super) fn may_sign_lists(&self) -> bool {
        self.extensions.allows(CRL_SIGN)
    }

    /// Where its issuer keeps the list of revoked certificates on which it would stand.
    pub(super) fn lists_of_revoked(&self) -> &[String] {
        &self.extensions.lists_of_revoked
    }

    /// Whether its key is for time stamps and for nothing else (RFC 3161, 2.3).
    pub(super) fn may_stamp(&self) -> Result<(), &'static str> {
        match &self.extensions.purposes {
            Some((true, true)) => {}
            Some((false, _)) => {
                return Err("states its purpose without making it critical (extended key usage)");
            }
            Some(_) => return Err("is for other purposes than time stamping alone (extended key usage)"),
            None => return Err("is not for time stamping (extended key usage)"),
        }
        // Signing, by either of its two names, and nothing beside it.
        match self.extensions.key_usage {
            None => Ok(()),
            Some((bits, false)) if bits != 0 && bits & !(DIGITAL_SIGNATURE | NON_REPUDIATION) == 0 => Ok(()),
            Some(_) => Err("is not for signing alone (key usage)"),
        }
    }

    /// Whether nothing in it must be understood that is not understood here.
    pub(super) fn is_understood(&self) -> Result<(), &'static str> {
        if self.extensions.beyond {
            return Err(
                "has a restriction that this program does not know; ask the authority for another chain",
            );
        }
        Ok(())
    }

    /// Whether a GeneralName is its subject or one of its alternative names (RFC 3161, 2.4.2, `tsa`).
    pub(super) fn is_called(&self, general_name: Element<'_>) -> bool {
        let subject = general_name.is(holding(TagNumber::N4)) && general_name.value == self.subject.der;
        subject || self.extensions.alternative_names.iter().any(|name| name == general_name.der)
    }
}

impl Extensions {
    /// Whether the key usage has this bit, or there is none.
    fn allows(&self, bit: u8) -> bool {
        self.key_usage.is_none_or(|(bits, _)| bits & bit != 0)
    }

    fn read(list: Element<'_>) -> Read<Self> {
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        for extension in list.fields().all(Tag::Sequence, "extensions")? {
            let (oid, critical, value) = extension_of(extension)?;
            if seen.contains(&oid) {
                return Err(Unreadable("extensions"));
            }
            seen.push(oid);
            extensions.add(oid.known(), critical, value)?;
        }
        if seen.is_empty() { Err(Unreadable("extensions")) } else { Ok(extensions) }
    }

    fn add(&mut self, oid: Option<ObjectIdentifier>, critical: bool, value: &[u8]) -> Read<()> {
        match oid.unwrap_or(oids::NONE) {
            oids::BASIC_CONSTRAINTS => {
                let mut fields = Element::of(value, Tag::Sequence, "basicConstraints")?.fields();
                let authority = fields.maybe(Tag::Boolean, "cA")?;
                let authority = authority.map_or(Ok(false), |element| element.boolean("cA"))?;
                let longest = fields.maybe(Tag::Integer, "pathLenConstraint")?;
                let longest = longest.map(|element| element.number("pathLenConstraint")).transpose()?;
                fields.end("basicConstraints")?;
                self.authority = Some((authority, longest));
            }
            oids::KEY_USAGE => {
                // There are nine bits: they fit two bytes.
                self.key_usage =
                    Some(match Element::of(value, Tag::BitString, "keyUsage")?.flags("keyUsage")? {
                        [] => (0, false),
                        [bits] => (*bits, false),
                        [bits, more] => (*bits, *more != 0),
                        _ => return Err(Unreadable("keyUsage")),
                    });
            }
            oids::EXTENDED_KEY_USAGE => {
                let list = Element::of(value, Tag::Sequence, "extKeyUsage")?.fields();
                let purposes = list.all(Tag::ObjectIdentifier, "extKeyUsage")?;
                let purposes: Read<Vec<_>> =
                    purposes.into_iter().map(|purpose| purpose.oid("extKeyUsage")).collect();
                let alone = matches!(purposes?.as_slice(), [purpose] if *purpose == oids::TIME_STAMPING);
                self.purposes = Some((critical, alone));
            }
            oids::SUBJECT_ALT_NAME => {
                let mut names = Element::of(value, Tag::Sequence, "subjectAltName")?.fields();
                while !names.is_empty() {
                    self.alternative_names.push(names.any("subjectAltName")?.der.to_vec());
                }
            }
            // Which policies are named restricts nobody who asks for none (RFC 5280, 6.1.1 (c)).
            oids::CERTIFICATE_POLICIES => {}
            // These two must not be critical (RFC 5280, 4.2.1.1 and 4.2.1.2).
            oids::SUBJECT_KEY_ID if !critical => {
                let id = Element::of(value, Tag::OctetString, "subjectKeyIdentifier")?;
                self.subject_key = Some(id.value.to_vec());
            }
            oids::AUTHORITY_KEY_ID if !critical => {
                let fields = Element::of(value, Tag::Sequence, "authorityKeyIdentifier")?.fields();
                self.issuer_key = IssuerKey::read(fields)?;
            }
            // It restricts nothing, and what of it cannot be read decides nothing.
            oids::CRL_DISTRIBUTION_POINTS => {
                self.beyond |= critical;
                self.lists_of_revoked = list_addresses(value).unwrap_or_default();
            }
            // Critical or not: they are not computed here, and what they forbid is forbidden.
            oids::NAME_CONSTRAINTS => self.beyond = true,
            _ => self.beyond |= critical,
        }
        Ok(())
    }
}

impl IssuerKey {
    fn read(mut fields: Fields<'_>) -> Read<Self> {
        let name = "authorityKeyIdentifier";
        let id = fields.maybe(plain(TagNumber::N0), name)?.map(|id| id.value.to_vec());
        let issuer = fields
            .maybe(holding(TagNumber::N1), name)?
            .map(|names| only_directory_name(names.fields(), name));
        let serial = fields.maybe(plain(TagNumber::N2), name)?;
        let serial = serial.map(|serial| serial.tagged(Tag::Integer).integer(name)).transpose()?;
        fields.end(name)?;
        Ok(Self { id, name: issuer.transpose()?.map(<[u8]>::to_vec), serial: serial.map(<[u8]>::to_vec) })
    }
}

/// The Name of GeneralNames that hold one directoryName and nothing else.
pub(super) fn only_directory_name<'a>(mut names: Fields<'a>, name: &'static str) -> Read<&'a [u8]> {
    let directory = names.take(holding(TagNumber::N4), name)?;
    names.end(name)?;
    Ok(directory.value)
}

/// The web addresses of whole lists, signed by the issuer of the certificate itself (RFC 5280, 4.2.1.13). Points with `reasons` are
/// for parts of one, those with a `cRLIssuer` for another's.
fn list_addresses(value: &[u8]) -> Read<Vec<String>> {
    let name = "cRLDistributionPoints";
    let mut addresses = Vec::new();
    for point in Element::of(value, Tag::Sequence, name)?.fields().all(Tag::Sequence, name)? {
        let mut fields = point.fields();
        let Some(point) = fields.maybe(holding(TagNumber::N0), name)? else { continue };
        if !fields.is_empty() {
            continue;
        }
        // DistributionPointName: the names in full, or relative to the issuer's.
        let Some(names) = point.fields().maybe(holding(TagNumber::N0), name)? else { continue };
        let mut names = names.fields();
        while !names.is_empty() {
            let general_name = names.any(name)?;
            let address = std::str::from_utf8(general_name.value).unwrap_or_default();
            let web = address.starts_with("http://") || address.starts_with("https://");
            if general_name.is(plain(TagNumber::N6)) && web && address.is_ascii() {
                addresses.push(address.to_owned());
            }
        }
    }
    Ok(addresses)
}

/// Reads an Extension (RFC 5280, 4.1): its name, whether it is critical, and its value.
pub(super) fn extension_of(extension: Element<'_>) -> Read<(Oid<'_>, bool, &[u8])> {
    let mut fields = extension.fields();
    let oid = fields.take(Tag::ObjectIdentifier, "extensions")?.oid("extensions")?;
    let critical = fields.maybe(Tag::Boolean, "extensions")?;
    let critical = critical.map_or(Ok(false), |critical| critical.boolean("extensions"))?;
    let value = fields.take(Tag::OctetString, "extensions")?.value;
    fields.end("extensions")?;
    Ok((oid, critical, value))
}
