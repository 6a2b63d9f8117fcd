//! The digests and signatures that are relied on, all by `aws-lc-rs`. SHA-1 and MD5 sign nothing here.

use aws_lc_rs::digest as sha;
use aws_lc_rs::signature::{self as sign, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::fields::{Element, Fields, Oid, Read, Unreadable, holding};
use super::oids;

/// The hash function of an imprint or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureAlgorithm {
    /// RSA PKCS#1 v1.5 (RFC 8017, 8.2).
    Rsa(HashAlgorithm),
    /// RSA-PSS with a salt as long as the digest (RFC 8017, 8.1).
    Pss(HashAlgorithm),
    Ecdsa(HashAlgorithm),
    Ed25519,
    /// One that is not relied on.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa(Vec<u8>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    /// One whose signatures are not relied on.
    Other,
}

/// An AlgorithmIdentifier as it stands (RFC 5280, 4.1.1.2).
struct Identifier<'a> {
    oid: ObjectIdentifier,
    parameters: Option<Element<'a>>,
}

impl HashAlgorithm {
    /// As people write it: `SHA-256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    pub(super) fn digest(self, bytes: &[u8]) -> sha::Digest {
        sha::digest(self.function(), bytes)
    }

    fn function(self) -> &'static sha::Algorithm {
        match self {
            Self::Sha256 => &sha::SHA256,
            Self::Sha384 => &sha::SHA384,
            Self::Sha512 => &sha::SHA512,
        }
    }

    /// Reads the AlgorithmIdentifier of a hash function; nothing for one that is not relied on.
    pub(super) fn read(element: Element<'_>, name: &'static str) -> Read<Option<Self>> {
        let identifier = Identifier::read(element, name)?;
        let hash = match identifier.oid {
            oids::SHA256 => Self::Sha256,
            oids::SHA384 => Self::Sha384,
            oids::SHA512 => Self::Sha512,
            _ => return Ok(None),
        };
        // RFC 5754, 2: no parameters, and NULL is to be accepted too.
        identifier.none_or_null(name)?;
        Ok(Some(hash))
    }
}

impl SignatureAlgorithm {
    /// Reads the AlgorithmIdentifier of a signature; `digest` is that of a CMS signer, whose RSA signatures need
    /// not say it again (RFC 3370, 3.2).
    pub(super) fn read(
        element: Element<'_>,
        digest: Option<HashAlgorithm>,
        name: &'static str,
    ) -> Read<Self> {
        let identifier = Identifier::read(element, name)?;
        let algorithm = match (identifier.oid, digest) {
            (oids::RSA, Some(hash)) => Self::Rsa(hash),
            (oids::RSA_SHA256, _) => Self::Rsa(HashAlgorithm::Sha256),
            (oids::RSA_SHA384, _) => Self::Rsa(HashAlgorithm::Sha384),
            (oids::RSA_SHA512, _) => Self::Rsa(HashAlgorithm::Sha512),
            (oids::RSA_PSS, _) => return pss(identifier.parameters, name),
            (oids::ECDSA_SHA256, _) => Self::Ecdsa(HashAlgorithm::Sha256),
            (oids::ECDSA_SHA384, _) => Self::Ecdsa(HashAlgorithm::Sha384),
            (oids::ECDSA_SHA512, _) => Self::Ecdsa(HashAlgorithm::Sha512),
            (oids::ED25519, _) => Self::Ed25519,
            _ => return Ok(Self::Other),
        };
        if matches!(algorithm, Self::Rsa(_)) {
            identifier.none_or_null(name)?;
        } else if identifier.parameters.is_some() {
            return Err(Unreadable(name));
        }
        Ok(algorithm)
    }

    /// Reads that of a certificate: whatever it is, it may be a root's, whose signature is not looked at.
    pub(super) fn of_certificate(element: Element<'_>, name: &'static str) -> Read<Self> {
        Identifier::read(element, name)?;
        Ok(Self::read(element, None, name).unwrap_or(Self::Other))
    }

    /// Whether tokens are signed so, over this digest. `openssl ts` checks no other kinds, and everybody should be
    /// able to check a time stamp with it.
    pub(super) fn signs(self, digest: HashAlgorithm) -> bool {
        matches!(self, Self::Rsa(hash) | Self::Ecdsa(hash) if hash == digest)
    }

    fn by(self, key: &PublicKey) -> Option<(&'static dyn VerificationAlgorithm, &[u8])> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        Some(match (key, self) {
            (PublicKey::Rsa(key), Self::Rsa(Sha256)) => (&sign::RSA_PKCS1_2048_8192_SHA256, key),
            (PublicKey::Rsa(key), Self::Rsa(Sha384)) => (&sign::RSA_PKCS1_2048_8192_SHA384, key),
            (PublicKey::Rsa(key), Self::Rsa(Sha512)) => (&sign::RSA_PKCS1_2048_8192_SHA512, key),
            (PublicKey::Rsa(key), Self::Pss(Sha256)) => (&sign::RSA_PSS_2048_8192_SHA256, key),
            (PublicKey::Rsa(key), Self::Pss(Sha384)) => (&sign::RSA_PSS_2048_8192_SHA384, key),
            (PublicKey::Rsa(key), Self::Pss(Sha512)) => (&sign::RSA_PSS_2048_8192_SHA512, key),
            (PublicKey::P256(key), Self::Ecdsa(Sha256)) => (&sign::ECDSA_P256_SHA256_ASN1, key),
            (PublicKey::P256(key), Self::Ecdsa(Sha384)) => (&sign::ECDSA_P256_SHA384_ASN1, key),
            (PublicKey::P256(key), Self::Ecdsa(Sha512)) => (&sign::ECDSA_P256_SHA512_ASN1, key),
            (PublicKey::P384(key), Self::Ecdsa(Sha256)) => (&sign::ECDSA_P384_SHA256_ASN1, key),
            (PublicKey::P384(key), Self::Ecdsa(Sha384)) => (&sign::ECDSA_P384_SHA384_ASN1, key),
            (PublicKey::P384(key), Self::Ecdsa(Sha512)) => (&sign::ECDSA_P384_SHA512_ASN1, key),
            (PublicKey::Ed25519(key), Self::Ed25519) => (&sign::ED25519, key),
            _ => return None,
        })
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub(super) fn read(element: Element<'_>, name: &'static str) -> Read<Self> {
        let mut fields = element.fields();
        let identifier = Identifier::read(fields.take(Tag::Sequence, name)?, name)?;
        let bits = fields.take(Tag::BitString, name)?.whole_bits(name)?;
        fields.end(name)?;
        let curve = identifier.parameters.filter(|parameters| parameters.is(Tag::ObjectIdentifier));
        let curve = curve.map(|curve| curve.oid(name)).transpose()?.and_then(Oid::known);
        Ok(match (identifier.oid, curve, bits) {
            (oids::RSA, ..) => {
                // RFC 3279, 2.3.1: of a key they are NULL.
                identifier.parameters.ok_or(Unreadable(name))?;
                identifier.none_or_null(name)?;
                // The library also reads a key in another wrapping: only this one belongs here.
                let mut numbers = Element::of(bits, Tag::Sequence, name)?.fields();
                let modulus = numbers.take(Tag::Integer, name)?.integer(name)?;
                numbers.take(Tag::Integer, name)?.integer(name)?;
                numbers.end(name)?;
                // A positive number of 2048 to 8192 bits has a zero byte before them where all bytes are full.
                if (257..=1025).contains(&modulus.len()) { Self::Rsa(bits.to_vec()) } else { Self::Other }
            }
            // RFC 5480, 2.2: points that are not compressed begin with a four.
            (oids::EC_KEY, Some(oids::P256), [4, point @ ..]) if point.len() == 64 => {
                Self::P256(bits.to_vec())
            }
            (oids::EC_KEY, Some(oids::P384), [4, point @ ..]) if point.len() == 96 => {
                Self::P384(bits.to_vec())
            }
            (oids::ED25519, None, _) if identifier.parameters.is_none() => Self::Ed25519(bits.to_vec()),
            _ => Self::Other,
        })
    }

    /// Whether this key made `signature` over `message`.
    pub(super) fn made(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm.by(self).is_some_and(|(algorithm, key)| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        })
    }

    /// Whether there can be a signature of that kind by this key.
    pub(super) fn makes(&self, algorithm: SignatureAlgorithm) -> bool {
        algorithm.by(self).is_some()
    }
}

impl<'a> Identifier<'a> {
    fn read(element: Element<'a>, name: &'static str) -> Read<Self> {
        let mut fields = element.fields();
        let oid = fields.take(Tag::ObjectIdentifier, name)?.oid(name)?.known().unwrap_or(oids::NONE);
        let parameters = if fields.is_empty() { None } else { Some(fields.any(name)?) };
        fields.end(name)?;
        Ok(Self { oid, parameters })
    }

    fn none_or_null(&self, name: &'static str) -> Read<()> {
        match self.parameters {
            None => Ok(()),
            Some(parameters) if parameters.is(Tag::Null) && parameters.value.is_empty() => Ok(()),
            Some(_) => Err(Unreadable(name)),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055, 3.1). What is left out stands for SHA-1, which is not relied on.
fn pss(parameters: Option<Element<'_>>, name: &'static str) -> Read<SignatureAlgorithm> {
    let mut fields =
        parameters.filter(|parameters| parameters.is(Tag::Sequence)).ok_or(Unreadable(name))?.fields();
    let hash = fields.maybe(holding(TagNumber::N0), name)?;
    let mask = fields.maybe(holding(TagNumber::N1), name)?;
    let salt = fields.maybe(holding(TagNumber::N2), name)?;
    let (Some(hash), Some(mask), Some(salt)) = (hash, mask, salt) else {
        return Ok(SignatureAlgorithm::Other);
    };
    fields.end(name)?;
    let Some(hash) = HashAlgorithm::read(Element::of(hash.value, Tag::Sequence, name)?, name)? else {
        return Ok(SignatureAlgorithm::Other);
    };
    let mask = Identifier::read(Element::of(mask.value, Tag::Sequence, name)?, name)?;
    let Some(mask_hash) = mask.parameters.filter(|_| mask.oid == oids::MGF1) else {
        return Ok(SignatureAlgorithm::Other);
    };
    let mask_hash = HashAlgorithm::read(Element::of(mask_hash.der, Tag::Sequence, name)?, name)?;
    let mut salt_field = Fields::of(salt.value);
    let salt = salt_field.take(Tag::Integer, name)?.number(name)?;
    salt_field.end(name)?;
    let as_long = usize::try_from(salt).is_ok_and(|salt| salt == hash.function().output_len());
    Ok(if mask_hash == Some(hash) && as_long {
        SignatureAlgorithm::Pss(hash)
    } else {
        SignatureAlgorithm::Other
    })
}
