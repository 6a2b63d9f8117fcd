//! What an authority answers (RFC 3161, 2.4.2): a status, and a token signed as CMS says (RFC 5652).

use std::time::Duration;

use aws_lc_rs::digest as sha;
use der::asn1::{GeneralizedTime, ObjectIdentifier};
use der::{DecodeValue, Header, Length, SliceReader, Tag, TagNumber};

use super::algorithm::{HashAlgorithm, SignatureAlgorithm};
use super::certificate::{Certificate, extension_of, only_directory_name};
use super::chain::Chain;
use super::fields::{Element, Fields, Oid, Read, Unreadable, holding, plain};
use super::oids;
use super::{Stamp, StampError};

/// The longest response, in bytes.
pub const MAX_RESPONSE: usize = 64 << 10;

const NOT_RELIED_ON: &str = "it is signed in a way that is not relied on; ask an authority that signs with RSA \
    (PKCS#1 v1.5, 2048 to 8192 bits) or ECDSA (P-256, P-384), and SHA-2";

/// A response that grants a time stamp. Nobody has checked it: see [`verify`](Self::verify).
#[derive(Clone)]
pub struct Response<'a> {
    info: Info<'a>,
    signer: Signer<'a>,
    certificates: Vec<Certificate>,
}

/// TSTInfo: what the authority states (RFC 3161, 2.4.2).
#[derive(Clone)]
struct Info<'a> {
    bytes: &'a [u8],
    policy: Oid<'a>,
    hash: HashAlgorithm,
    imprint: &'a [u8],
    serial: &'a [u8],
    time: i64,
    accuracy: Option<Duration>,
    nonce: Option<&'a [u8]>,
    authority: Option<Element<'a>>,
}

/// SignerInfo: who signed it, and how (RFC 5652, 5.3).
#[derive(Clone)]
struct Signer<'a> {
    issuer: &'a [u8],
    serial: &'a [u8],
    digest: HashAlgorithm,
    attributes: Element<'a>,
    algorithm: SignatureAlgorithm,
    signature: &'a [u8],
}

impl<'a> Response<'a> {
    /// Reads a response. One that grants no time stamp is an error that says why not.
    pub fn parse(der: &'a [u8]) -> Result<Self, StampError> {
        if der.len() > MAX_RESPONSE {
            return Err(StampError::TooLong);
        }
        let mut fields = Element::of(der, Tag::Sequence, "TimeStampResp")?.fields();
        granted(fields.sequence("status")?)?;
        let content = fields.sequence("timeStampToken")?;
        fields.end("TimeStampResp")?;
        Self::signed_data(content)
    }

    /// Checks all that can be checked: that the time stamp is over `message`, answers the request with this
    /// nonce if there was one, and was signed by the first certificate of `chain`, which leads to its root.
    ///
    /// Whether that root is worth trusting is for the caller to say: it is named in the [`Stamp`].
    pub fn verify(&self, message: &[u8], chain: &Chain, nonce: Option<u64>) -> Result<Stamp, StampError> {
        if self.info.hash.digest(message).as_ref() != self.info.imprint {
            return Err(StampError::OtherMessage);
        }
        if let Some(nonce) = nonce
            && self.info.nonce != Some(super::positive(nonce).as_slice())
        {
            return Err(StampError::OtherRequest);
        }
        let (signer, root) = chain.check(self.info.time)?;
        self.check_signature(signer)?;
        if self.info.authority.is_some_and(|name| !signer.is_called(name)) {
            return Err(StampError::Token("it names another authority than its signer"));
        }
        Ok(Stamp {
            time_ms: self.info.time,
            accuracy: self.info.accuracy,
            serial: hexadecimal(self.info.serial),
            policy: self.info.policy.text(),
            hash: self.info.hash,
            authority: signer.subject.text.clone(),
            signer_not_after_ms: signer.not_after.saturating_mul(1000),
            root_subject: root.subject.text.clone(),
            root_fingerprint: root.fingerprint(),
        })
    }

    /// The certificates that came with the token, in no order.
    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificate among them that the token names as its signer's.
    pub(super) fn signer(&self) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| self.signer.is(certificate))
    }

    fn signed_data(mut content: Fields<'a>) -> Result<Self, StampError> {
        if content.take(Tag::ObjectIdentifier, "contentType")?.oid("contentType")? != oids::SIGNED_DATA {
            return Err(StampError::Token("it is not signed"));
        }
        let wrapped = content.take(holding(TagNumber::N0), "content")?;
        content.end("timeStampToken")?;
        let mut fields = Element::of(wrapped.value, Tag::Sequence, "SignedData")?.fields();

        // RFC 5652, 5.1: 3 where the content is not plain data, as long as all certificates are of the common kind.
        if fields.take(Tag::Integer, "version")?.number("version")? != 3 {
            return Err(Unreadable("version").into());
        }
        let digests = fields.take(Tag::Set, "digestAlgorithms")?.fields();
        let digests = digests.all(Tag::Sequence, "digestAlgorithms")?;
        let digests: Read<Vec<_>> =
            digests.into_iter().map(|digest| HashAlgorithm::read(digest, "digestAlgorithms")).collect();
        let info = Info::read(fields.sequence("encapContentInfo")?)?;
        // Nobody signed these: what cannot be read among them is nothing against the token, and no help with the chain.
        let certificates = fields.maybe(holding(TagNumber::N0), "certificates")?;
        let certificates = certificates.map(|set| set.fields().all(Tag::Sequence, "certificates"));
        let certificates = certificates.transpose().unwrap_or_default().unwrap_or_default();
        let certificates =
            certificates.into_iter().filter_map(|element| Certificate::read(element.der).ok()).collect();
        let signers = fields.take(Tag::Set, "signerInfos")?;
        fields.end("SignedData")?;
        let signer = Signer::read(Element::of(signers.value, Tag::Sequence, "signerInfos")?.fields())?;
        if !digests?.contains(&Some(signer.digest)) {
            return Err(Unreadable("digestAlgorithms").into());
        }
        Ok(Self { info, signer, certificates })
    }

    fn check_signature(&self, signer: &Certificate) -> Result<(), StampError> {
        if !self.signer.is(signer) {
            return Err(StampError::Token(
                "it was signed by another than the first certificate of the chain",
            ));
        }
        let attributes = Attributes::read(self.signer.attributes)?;
        let content_type = attributes.one(oids::CONTENT_TYPE)?.ok_or(Unreadable("contentType"))?;
        if content_type.oid("contentType")? != oids::TST_INFO {
            return Err(StampError::Token("what is signed is not a time stamp"));
        }
        let digest = attributes.one(oids::MESSAGE_DIGEST)?.ok_or(Unreadable("messageDigest"))?;
        if !digest.is(Tag::OctetString) || digest.value != self.signer.digest.digest(self.info.bytes).as_ref()
        {
            return Err(StampError::Token("what it states is not what was signed"));
        }
        attributes.check_certificate(signer)?;
        // RFC 5652, 5.4: what is signed is the attributes as a SET, not under the tag they bear in the token.
        let mut signed = vec![Tag::Set.octet()];
        signed.extend(self.signer.attributes.der.iter().skip(1));
        if !signer.key.makes(self.signer.algorithm) {
            return Err(StampError::Token(NOT_RELIED_ON));
        }
        if signer.key.made(self.signer.algorithm, &signed, self.signer.signature) {
            Ok(())
        } else {
            Err(StampError::WrongSignature)
        }
    }
}

impl<'a> Info<'a> {
    fn read(mut content: Fields<'a>) -> Result<Self, StampError> {
        if content.take(Tag::ObjectIdentifier, "eContentType")?.oid("eContentType")? != oids::TST_INFO {
            return Err(StampError::Token("what it holds is not a time stamp"));
        }
        let wrapped = content.take(holding(TagNumber::N0), "eContent")?;
        content.end("encapContentInfo")?;
        let bytes = Element::of(wrapped.value, Tag::OctetString, "eContent")?.value;
        let mut fields = Element::of(bytes, Tag::Sequence, "TSTInfo")?.fields();

        if fields.take(Tag::Integer, "version")?.number("version")? != 1 {
            return Err(Unreadable("version").into());
        }
        let policy = fields.take(Tag::ObjectIdentifier, "policy")?.oid("policy")?;
        let mut imprint = fields.sequence("messageImprint")?;
        let hash = HashAlgorithm::read(imprint.take(Tag::Sequence, "hashAlgorithm")?, "hashAlgorithm")?;
        let hashed = imprint.take(Tag::OctetString, "hashedMessage")?.value;
        imprint.end("messageImprint")?;
        let serial = fields.take(Tag::Integer, "serialNumber")?.integer("serialNumber")?;
        let time = time(fields.take(Tag::GeneralizedTime, "genTime")?)?;
        let accuracy = fields.maybe(Tag::Sequence, "accuracy")?;
        let accuracy = accuracy.map(|element| accuracy_of(element.fields())).transpose()?;
        if let Some(ordering) = fields.maybe(Tag::Boolean, "ordering")? {
            ordering.boolean("ordering")?;
        }
        let nonce = fields.maybe(Tag::Integer, "nonce")?;
        let nonce = nonce.map(|nonce| nonce.integer("nonce")).transpose()?;
        let authority = fields.maybe(holding(TagNumber::N0), "tsa")?;
        let authority = authority.map(|tsa| {
            let mut name = tsa.fields();
            let one = name.any("tsa")?;
            name.end("tsa").map(|()| one)
        });
        let authority = authority.transpose()?;
        if let Some(list) = fields.maybe(holding(TagNumber::N1), "extensions")? {
            for extension in list.fields().all(Tag::Sequence, "extensions")? {
                if extension_of(extension)?.1 {
                    return Err(StampError::Token("it has a restriction that this program does not know"));
                }
            }
        }
        fields.end("TSTInfo")?;
        let hash = hash.ok_or(StampError::Token(
            "its digest is not SHA-256, SHA-384 or SHA-512; ask for one of these",
        ))?;
        Ok(Self { bytes, policy, hash, imprint: hashed, serial, time, accuracy, nonce, authority })
    }
}

impl<'a> Signer<'a> {
    fn read(mut fields: Fields<'a>) -> Result<Self, StampError> {
        // RFC 5652, 5.3: 1 where the signer is named by issuer and serial number, as RFC 3161 has it.
        if fields.take(Tag::Integer, "SignerInfo version")?.number("SignerInfo version")? != 1 {
            return Err(Unreadable("SignerInfo version").into());
        }
        let mut sid = fields.sequence("sid")?;
        let issuer = sid.take(Tag::Sequence, "issuer")?.der;
        let serial = sid.take(Tag::Integer, "serialNumber")?.integer("serialNumber")?;
        sid.end("sid")?;
        let digest = HashAlgorithm::read(fields.take(Tag::Sequence, "digestAlgorithm")?, "digestAlgorithm")?;
        let digest = digest.ok_or(StampError::Token(
            "its signature is over a digest that is not SHA-256, SHA-384 or SHA-512; ask another authority",
        ))?;
        let attributes = fields.take(holding(TagNumber::N0), "signedAttrs")?;
        let algorithm = SignatureAlgorithm::read(
            fields.take(Tag::Sequence, "signatureAlgorithm")?,
            Some(digest),
            "signatureAlgorithm",
        )?;
        let signature = fields.take(Tag::OctetString, "signature")?.value;
        // What nobody signed could be put there by anybody.
        fields.end("SignerInfo")?;
        if !algorithm.signs(digest) {
            return Err(StampError::Token(NOT_RELIED_ON));
        }
        Ok(Self { issuer, serial, digest, attributes, algorithm, signature })
    }

    fn is(&self, certificate: &Certificate) -> bool {
        certificate.issuer.der == self.issuer && certificate.serial == self.serial
    }
}

/// The signed attributes (RFC 5652, 11), each with its values.
///
/// They are a SET, which in DER ascends, and well-known authorities did not sort it. What is signed is what stands there, in its order.
struct Attributes<'a>(Vec<(Oid<'a>, Fields<'a>)>);

impl<'a> Attributes<'a> {
    fn read(set: Element<'a>) -> Read<Self> {
        let name = "signedAttrs";
        let attributes = set.fields().all(Tag::Sequence, name)?.into_iter().map(|attribute| {
            let mut fields = attribute.fields();
            let oid = fields.take(Tag::ObjectIdentifier, name)?.oid(name)?;
            let values = fields.take(Tag::Set, name)?.fields();
            fields.end(name)?;
            Ok((oid, values))
        });
        let attributes: Vec<_> = attributes.collect::<Read<_>>()?;
        let mut names: Vec<&[u8]> = attributes.iter().map(|(oid, _)| oid.as_bytes()).collect();
        names.sort_unstable();
        if names.array_windows().any(|[one, next]| one == next) {
            Err(Unreadable(name))
        } else {
            Ok(Self(attributes))
        }
    }

    /// The value of the attribute, which has one.
    fn one(&self, oid: ObjectIdentifier) -> Read<Option<Element<'a>>> {
        let found = self.0.iter().find(|(found, _)| *found == oid);
        let Some((_, mut values)) = found.copied() else { return Ok(None) };
        let value = values.any("signedAttrs")?;
        values.end("signedAttrs")?;
        Ok(Some(value))
    }

    /// That the certificate named under the signature is the signer's (RFC 2634, 5.4; RFC 5035, 3). Both attributes may stand; then
    /// both must be right. Further certificates that they name are not looked at: they are not the signer's.
    fn check_certificate(&self, signer: &Certificate) -> Result<(), StampError> {
        let mut named = false;
        for (oid, version) in [(oids::SIGNING_CERTIFICATE, 1), (oids::SIGNING_CERTIFICATE_V2, 2)] {
            let Some(value) = self.one(oid)? else { continue };
            let mut fields = Element::of(value.der, Tag::Sequence, "SigningCertificate")?.fields();
            let certificates = fields.sequence("certs")?.all(Tag::Sequence, "certs")?;
            fields.maybe(Tag::Sequence, "policies")?;
            fields.end("SigningCertificate")?;
            let first = certificates.first().ok_or(Unreadable("certs"))?;
            if !CertificateId::read(first.fields(), version)?.is(signer) {
                return Err(StampError::Token("it names another certificate than the first of the chain"));
            }
            named = true;
        }
        if named { Ok(()) } else { Err(StampError::Token("it does not say which certificate signed it")) }
    }
}

/// ESSCertID and ESSCertIDv2: the digest of a certificate, and perhaps whose it is.
struct CertificateId<'a> {
    hash: Option<HashAlgorithm>,
    digest: &'a [u8],
    issuer_and_serial: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> CertificateId<'a> {
    fn read(mut fields: Fields<'a>, version: u8) -> Result<Self, StampError> {
        let name = "ESSCertID";
        // The first version has SHA-1 and no other. Nothing rests on it alone: the signature is by the key of the
        // chain's first certificate, and issuer and serial number are compared too.
        let mut hash = None;
        if version == 2 {
            let written = fields.maybe(Tag::Sequence, name)?;
            let read =
                written.map_or(Ok(Some(HashAlgorithm::Sha256)), |hash| HashAlgorithm::read(hash, name))?;
            hash = Some(
                read.ok_or(StampError::Token("it names its certificate by a digest that is not SHA-2"))?,
            );
        }
        let digest = fields.take(Tag::OctetString, name)?.value;
        let issuer_and_serial = match fields.maybe(Tag::Sequence, name)? {
            Some(element) => {
                let mut both = element.fields();
                let issuer = only_directory_name(both.sequence(name)?, name)?;
                let serial = both.take(Tag::Integer, name)?.integer(name)?;
                both.end(name)?;
                Some((issuer, serial))
            }
            None => None,
        };
        fields.end(name)?;
        Ok(Self { hash, digest, issuer_and_serial })
    }

    fn is(&self, certificate: &Certificate) -> bool {
        let digest = match self.hash {
            Some(hash) => hash.digest(&certificate.der),
            None => sha::digest(&sha::SHA1_FOR_LEGACY_USE_ONLY, &certificate.der),
        };
        digest.as_ref() == self.digest
            && self.issuer_and_serial.is_none_or(|(issuer, serial)| {
                issuer == certificate.issuer.der && serial == certificate.serial
            })
    }
}

/// PKIStatusInfo: whether a token was granted (RFC 3161, 2.4.2).
fn granted(mut fields: Fields<'_>) -> Result<(), StampError> {
    let status = fields.take(Tag::Integer, "status")?.number("status")?;
    let mut text = String::new();
    if let Some(lines) = fields.maybe(Tag::Sequence, "statusString")? {
        let mut said = Vec::new();
        for line in lines.fields().all(Tag::Utf8String, "statusString")? {
            said.push(std::str::from_utf8(line.value).map_err(|_| Unreadable("statusString"))?);
        }
        text = said.join(" ").chars().filter(|character| !character.is_control()).take(500).collect();
    }
    let failure = fields.maybe(Tag::BitString, "failInfo")?;
    let failed = failure.map(|bits| bits.flags("failInfo")).transpose()?.is_some();
    fields.end("PKIStatusInfo")?;
    // 0 is granted, 1 granted with modifications.
    if status > 1 || failed { Err(StampError::NotGranted { status, text }) } else { Ok(()) }
}

/// A serial number as it is printed: without the zero byte that keeps it from being negative.
fn hexadecimal(number: &[u8]) -> String {
    let digits = match number {
        [0, rest @ ..] if !rest.is_empty() => rest,
        digits => digits,
    };
    data_encoding::HEXLOWER.encode(digits)
}

/// GeneralizedTime, with a fraction or without (RFC 3161, 2.4.2), in milliseconds since 1970.
fn time(element: Element<'_>) -> Read<i64> {
    let unreadable = Unreadable("genTime");
    let text = std::str::from_utf8(element.value).map_err(|_| unreadable)?;
    let text = text.strip_suffix('Z').ok_or(unreadable)?;
    let (seconds, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let whole = format!("{seconds}Z");
    let read = || {
        let header = Header::new(Tag::GeneralizedTime, Length::try_from(whole.len())?)?;
        GeneralizedTime::decode_value(&mut SliceReader::new(whole.as_bytes())?, header)
    };
    let seconds = read().map_err(|_: der::Error| unreadable)?.to_unix_duration().as_secs();
    let millis = match fraction {
        None => 0,
        Some(digits) => {
            let in_order = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.ends_with('0');
            if digits.is_empty() || digits.len() > 9 || !in_order {
                return Err(unreadable);
            }
            let three: String = digits.chars().chain("00".chars()).take(3).collect();
            three.parse().map_err(|_| unreadable)?
        }
    };
    i64::try_from(seconds).ok().and_then(|s| s.checked_mul(1000)?.checked_add(millis)).ok_or(unreadable)
}

/// Accuracy (RFC 3161, 2.4.2): the time may be off by so much in either direction.
fn accuracy_of(mut fields: Fields<'_>) -> Read<Duration> {
    let name = "accuracy";
    let seconds = fields.maybe(Tag::Integer, name)?;
    let seconds = seconds.map_or(Ok(0), |seconds| seconds.number(name))?;
    let mut thousandths = |number| {
        let Some(element) = fields.maybe(plain(number), name)? else { return Ok(0) };
        let part = element.tagged(Tag::Integer).number(name)?;
        if (1..=999).contains(&part) { Ok(part) } else { Err(Unreadable(name)) }
    };
    let millis = thousandths(TagNumber::N0)?;
    let micros = thousandths(TagNumber::N1)?;
    fields.end(name)?;
    Ok(Duration::from_secs(seconds).saturating_add(Duration::from_micros(millis * 1000 + micros)))
}
