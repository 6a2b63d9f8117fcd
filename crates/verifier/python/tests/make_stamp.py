"""Time stamps put together by hand, element by element (docs/record-format.md, section 10), so that any of them can be another.

`GOOD` and `BAD` name them, each by what is changed of the usual one. `openssl` makes keys and signatures, nothing else.
"""
import functools
import hashlib
import os
import subprocess
import tempfile

SCRATCH = tempfile.TemporaryDirectory(prefix="make-bundle-")


def openssl(*arguments, **more):
    run = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if run.returncode:
        raise RuntimeError("openssl %s: %s" % (" ".join(arguments), run.stderr.decode(errors="replace")))
    return run.stdout


def tlv(tag, *parts):
    """One element of DER."""
    content = b"".join(parts)
    length = b"" if len(content) < 0x80 else len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([0x80 | len(length)]) + length if length else bytes([len(content)])) + content


def oid(dotted):
    first, second, *arcs = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in [40 * first + second, *arcs]:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 127)
        content += bytes(groups)
    return tlv(0x06, content)


NULL = tlv(0x05)
SHA = {"sha1": oid("1.3.14.3.2.26"), "sha256": oid("2.16.840.1.101.3.4.2.1"), "sha384": oid("2.16.840.1.101.3.4.2.2"), "sha512": oid("2.16.840.1.101.3.4.2.3")}
RSA = "1.2.840.113549.1.1."
SHA256 = tlv(0x30, SHA["sha256"], NULL)


def signed_with(kind, hashing, null=NULL, more=b""):
    """The AlgorithmIdentifier of a signature."""
    if kind == "ED25519":
        return tlv(0x30, oid("1.3.101.112"))
    if kind == "PSS":
        of_hash, salt = tlv(0x30, SHA[hashing], null), hashlib.new(hashing).digest_size
        mask = tlv(0x30, oid(RSA + "8"), of_hash)
        return tlv(0x30, oid(RSA + "10"), tlv(0x30, tlv(0xA0, of_hash), tlv(0xA1, mask), tlv(0xA2, tlv(0x02, bytes([salt]))), more))
    if kind.startswith("RSA"):
        return tlv(0x30, oid(RSA + {"sha1": "5", "sha256": "11", "sha384": "12", "sha512": "13"}[hashing]), null)
    return tlv(0x30, oid("1.2.840.10045.4." + {"sha1": "1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}[hashing]))


@functools.lru_cache(maxsize=None)
def secret(name, kind):
    """The path of a private key."""
    path = os.path.join(SCRATCH.name, "stamp-%s-%s.key" % (name, kind))
    how = {"RSA": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ED25519": ["ED25519"]}.get(kind) or ["EC", "-pkeyopt", "ec_paramgen_curve:" + kind]
    openssl("genpkey", "-algorithm", *how, "-out", path)
    return path


@functools.lru_cache(maxsize=None)
def public(name, kind):
    """The SubjectPublicKeyInfo of a key."""
    return openssl("pkey", "-in", secret(name, kind), "-pubout", "-outform", "DER")


@functools.lru_cache(maxsize=None)
def sign(name, kind, hashing, message, pss=False):
    path = os.path.join(SCRATCH.name, "stamp-message")
    with open(path, "wb") as file:
        file.write(message)
    more = [] if kind == "ED25519" else ["-digest", hashing]
    more += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"] if pss else []
    return openssl("pkeyutl", "-sign", "-rawin", "-inkey", secret(name, kind), "-in", path, *more)


def name_of(common, tag=0x0C):
    return tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), tlv(tag, common))))


def extension(number, value, critical=None):
    return tlv(0x30, oid(number), tlv(0x01, critical) if critical else b"", tlv(0x04, value))


YES = b"\xff"
CONSTRAINTS, USAGE, PURPOSE, OTHER_NAME, SUBJECT_KEY, ISSUER_KEY, NAMES = (
    "2.5.29." + last for last in ("19", "15", "37", "17", "14", "35", "30"))


class Hand:
    """An authority. `change` holds, by the name of a part, what it is instead: a value, or a function of the usual one."""

    def __init__(self, who=("signer", "root"), **change):
        self.who, self.change = who, change
        self.certificates = [self.certificate(name, issuer) for name, issuer in zip(who, (*who[1:], who[-1]))]

    def part(self, name, usual):
        new = self.change.get(name.replace(" ", "_"), usual)
        return new(usual) if callable(new) else new

    def kind(self, who):
        return self.part("kind " + who, "P-256")

    def subject(self, who):
        return self.part("subject " + who, name_of(b"Stamping " + who.encode()))

    def serial(self, who):
        return tlv(0x02, b"\x40" + who.encode())

    def key_id(self, who):
        return hashlib.sha1(public(who, self.kind(who))).digest()

    def certificate(self, who, issuer):
        hashing = self.part("hashing " + who, "sha256")
        own, key_id = self.key_id(who), self.key_id(issuer)
        if who == self.who[0]:
            extensions = {CONSTRAINTS: (tlv(0x30), YES), USAGE: (tlv(0x03, b"\7\x80"), YES), PURPOSE: (tlv(0x30, oid("1.3.6.1.5.5.7.3.8")), YES)}
        else:
            extensions = {CONSTRAINTS: (tlv(0x30, tlv(0x01, YES)), YES), USAGE: (tlv(0x03, b"\1\6"), YES)}
        extensions.update({SUBJECT_KEY: (tlv(0x04, own), None), ISSUER_KEY: (tlv(0x30, tlv(0x80, key_id)), None)})
        extensions = self.part("extensions " + who, extensions)
        listed = b"".join(extension(number, *value) for number, value in extensions.items()) + self.part("more extensions " + who, b"")
        kind = self.kind(issuer)
        pss = bool(self.change.get("pss_" + who))
        algorithm = self.part("algorithm " + who, signed_with("PSS" if pss else kind, hashing))
        fields = [tlv(0xA0, tlv(0x02, b"\2")), self.serial(who), self.part("inner algorithm " + who, algorithm), self.part("issuer " + who, self.subject(issuer)),
                  self.part("validity " + who, tlv(0x30, tlv(0x17, b"250101000000Z"), tlv(0x17, b"450101000000Z"))), self.subject(who),
                  self.part("key " + who, public(who, self.kind(who))), tlv(0xA3, tlv(0x30, listed))]
        tbs = tlv(0x30, *self.part("tbs " + who, fields))
        signature = self.part("signature " + who, sign(issuer, kind, hashing, tbs, pss))
        return tlv(0x30, tbs, algorithm, tlv(0x03, b"\0", signature))

    def chain(self):
        import base64
        pem = b""
        for certificate in self.certificates:
            text = base64.b64encode(certificate)
            lines = b"".join(text[at:at + 64] + b"\n" for at in range(0, len(text), 64))
            pem += b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"
        return self.part("pem", pem)

    def stamp(self, text, **_):
        signer = self.who[0]
        kind, certificate = self.kind(signer), self.certificates[0]
        imprint = tlv(0x30, self.part("imprint algorithm", SHA256), tlv(0x04, hashlib.sha256(text).digest()))
        info = [tlv(0x02, b"\1"), self.part("policy", oid("1.2.3.4.1")), imprint, tlv(0x02, b"\7"), self.part("time", tlv(0x18, b"20260302120000Z")),
                self.part("accuracy", tlv(0x30, tlv(0x02, b"\1"), tlv(0x80, b"\1"), tlv(0x81, b"\3\xe7"))), self.part("nonce", b""), self.part("tsa", b""),
                self.part("info extensions", b"")]
        info = tlv(0x30, *info)
        issuer = self.part("issuer " + signer, self.subject(self.who[min(1, len(self.who) - 1)]))
        ess = tlv(0x30, tlv(0x04, hashlib.sha256(certificate).digest()), self.part("issuer and serial", b""))
        ess = tlv(0x30, tlv(0x30, self.part("ess", ess)), self.part("ess policies", b""))
        attributes = {"1.2.840.113549.1.9.3": oid("1.2.840.113549.1.9.16.1.4"), "1.2.840.113549.1.9.4": tlv(0x04, hashlib.sha256(info).digest()),
                      "1.2.840.113549.1.9.16.2.47": ess}
        attributes = sorted(tlv(0x30, oid(number), tlv(0x31, value)) for number, value in attributes.items())
        attributes = b"".join(self.part("attributes", attributes))
        algorithm = self.part("token algorithm", signed_with(kind, "sha256"))
        signature = self.part("token signature", sign(signer, kind, "sha256", tlv(0x31, attributes)))
        signer_info = [tlv(0x02, b"\1"), self.part("named", tlv(0x30, issuer, self.serial(signer))), self.part("signer digest", SHA256),
                       tlv(0xA0, attributes), algorithm, tlv(0x04, signature)]
        signed = [self.part("version", tlv(0x02, b"\3")), tlv(0x31, self.part("digests", SHA256)),
                  tlv(0x30, oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, self.part("content", tlv(0x04, info)))), self.part("carried", b""),
                  tlv(0x31, tlv(0x30, *self.part("signer info", signer_info)))]
        token = tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, tlv(0x30, *self.part("signed", signed))))
        return self.part("response", tlv(0x30, self.part("status", tlv(0x30, tlv(0x02, b"\0"))), token))


def add(**extensions):
    """The extensions, with these set: `NAME=(value, critical)`; None takes one away."""
    def change(usual):
        new = {**usual, **{globals()[name]: value for name, value in extensions.items()}}
        return {number: value for number, value in new.items() if value}
    return change


def old(before, after):
    """That part, where it stands, another."""
    def change(usual):
        assert before in usual, (before, usual)
        return usual.replace(before, after, 1)
    return change


def directory(name):
    return tlv(0xA4, name)


ROOT, SIGNER = name_of(b"Stamping root"), name_of(b"Stamping signer")
THREE, FOUR = ("signer", "middle", "root"), ("signer", "middle", "upper", "root")
LIMIT = lambda number: (tlv(0x30, tlv(0x01, YES), tlv(0x02, number)), YES)      # noqa: E731
SAME = {"subject_upper": ROOT, "subject_root": ROOT}       # `upper` is the root's authority under another key: it issued it to itself
SERIAL = lambda who: tlv(0x82, b"\x40" + who)      # noqa: E731
ISSUER_NAME = tlv(0x30, oid("2.5.29.17"), tlv(0x04, tlv(0x30, tlv(0x82, b"stamp.example"), directory(name_of(b"Other")))))
UUID = oid("2.25.%d" % (2 ** 128 - 1))
FURTHER = tlv(0x30, tlv(0x04, b"x" * 32))

GOOD = {
    "usual": {},
    "alone": {"who": ("signer",)},
    "root-by-sha1": {"hashing_root": "sha1"},
    "root-by-nobody": {"signature_root": b"x"},
    "root-by-an-unknown-algorithm": {"algorithm_root": tlv(0x30, oid("1.2.3.4"), tlv(0x0C, b"x"))},
    "self-issued": {"who": FOUR, **SAME, "extensions_root": add(CONSTRAINTS=LIMIT(b"\1"))},
    "path-length": {"who": THREE, "extensions_root": add(CONSTRAINTS=LIMIT(b"\1")), "extensions_middle": add(CONSTRAINTS=LIMIT(b"\0"))},
    "path-length-beyond-measure": {"extensions_root": add(CONSTRAINTS=LIMIT(b"\1" + b"\0" * 20))},
    "unsorted": {"attributes": lambda usual: usual[::-1]},
    "more-attributes": {"attributes": lambda usual: usual + [tlv(0x30, oid("1.2.3"), tlv(0x31)), tlv(0x30, UUID, tlv(0x31, NULL, NULL))]},
    "no-nulls": {"imprint_algorithm": tlv(0x30, SHA["sha256"]), "digests": tlv(0x30, SHA["sha256"]), "signer_digest": tlv(0x30, SHA["sha256"])},
    "more-digests": {"digests": tlv(0x30, oid("1.2.3.4"), tlv(0x0C, b"x")) + tlv(0x30, SHA["sha512"]) + SHA256},
    "rsa": {"kind_signer": "RSA", "kind_root": "RSA"},
    "rsa-by-its-name-alone": {"kind_signer": "RSA", "token_algorithm": tlv(0x30, oid(RSA + "1"), NULL)},
    "rsa-without-nulls": {"kind_signer": "RSA", "kind_root": "RSA", "algorithm_signer": signed_with("RSA", "sha256", b""), "token_algorithm": tlv(0x30, oid(RSA + "1"))},
    "pss": {"kind_root": "RSA", "pss_signer": True},
    "pss-without-nulls": {"kind_root": "RSA", "pss_signer": True, "algorithm_signer": signed_with("PSS", "sha256", b"")},
    "ed25519": {"kind_root": "ED25519"},
    "tsa-is-the-subject": {"tsa": tlv(0xA0, directory(SIGNER))},
    "tsa-is-an-alternative-name": {"tsa": tlv(0xA0, tlv(0x82, b"stamp.example")), "more_extensions_signer": ISSUER_NAME},
    "tsa-is-another-directory-name": {"tsa": tlv(0xA0, directory(name_of(b"Other"))), "more_extensions_signer": ISSUER_NAME},
    "policy-of-a-uuid": {"policy": UUID},
    "name-that-is-no-text": {"subject_root": name_of(b"\0\0\0A", 0x1C)},
    "name-of-bad-text": {"subject_root": name_of(b"\xff")},
    "name-of-nothing": {"subject_root": tlv(0x30)},
    "issuer-and-serial": {"issuer_and_serial": tlv(0x30, tlv(0x30, directory(ROOT)), tlv(0x02, b"\x40signer")),
                          "extensions_signer": add(ISSUER_KEY=(tlv(0x30, tlv(0xA1, directory(ROOT)), SERIAL(b"root")), None))},
    "further-certificates-named": {"ess": lambda usual: usual + FURTHER + tlv(0x30), "ess_policies": tlv(0x30, NULL)},
    "no-key-identifiers": {"extensions_signer": add(ISSUER_KEY=None, SUBJECT_KEY=None), "extensions_root": add(SUBJECT_KEY=None, ISSUER_KEY=None)},
    "key-identifier-of-a-root-without-one": {"extensions_root": add(SUBJECT_KEY=None)},
    "key-usage-of-two-bytes": {"extensions_signer": add(USAGE=(tlv(0x03, b"\0\x80\0"), YES))},
    "non-repudiation-too": {"extensions_signer": add(USAGE=(tlv(0x03, b"\6\xc0"), None))},
    "no-key-usage": {"extensions_signer": add(USAGE=None), "extensions_root": add(USAGE=None)},
    "critical-policies": {"more_extensions_signer": extension("2.5.29.32", tlv(0x30), YES)},
    "unknown-extension": {"more_extensions_signer": extension("1.2.3.4", b"not DER at all"), "more_extensions_root": tlv(0x30, UUID, tlv(0x04, b""))},
    "not-critical-is-written": {"more_extensions_signer": extension("1.2.3.4", b"", b"\0")},
    "carried-nonsense": {"carried": tlv(0xA0, b"not DER at all")},
    "status-with-words": {"status": tlv(0x30, tlv(0x02, b"\1"), tlv(0x30, tlv(0x0C, b"with"), tlv(0x0C, "Änderung".encode())))},
    "nonce": {"nonce": tlv(0x01, YES) + tlv(0x02, b"\0\xff")},
    "info-extension": {"info_extensions": tlv(0xA1, extension("1.2.3.4", b"x"), extension("1.2.3.4", b"x", b"\0"))},
    "no-accuracy": {"accuracy": b""},
    "accuracy-of-nothing": {"accuracy": tlv(0x30)},
    "accuracy-of-ages": {"accuracy": tlv(0x30, tlv(0x02, b"\1" + b"\0" * 30))},
    "nine-digits": {"time": tlv(0x18, b"20260302120000.123456789Z")},
    "from-1970-on": {"validity_root": tlv(0x30, tlv(0x17, b"700101000000Z"), tlv(0x18, b"99991231235959Z"))},
    "to-the-second": {"validity_signer": tlv(0x30, tlv(0x17, b"260302120000Z"), tlv(0x18, b"20260302120001Z"))},
}

BAD = {
    "name-constraints": {"extensions_root": add(NAMES=(tlv(0x30), None))},
    "name-constraints-critical": {"extensions_root": add(NAMES=(tlv(0x30), YES))},
    "issuer-key-other": {"extensions_signer": add(ISSUER_KEY=(tlv(0x30, tlv(0x80, b"other")), None))},
    "issuer-key-of-the-root-other": {"extensions_root": add(ISSUER_KEY=(tlv(0x30, tlv(0x80, b"other")), None))},
    "issuer-name-other": {"extensions_signer": add(ISSUER_KEY=(tlv(0x30, tlv(0xA1, directory(SIGNER)), SERIAL(b"root")), None))},
    "issuer-name-and-another": {"extensions_signer": add(ISSUER_KEY=(tlv(0x30, tlv(0xA1, directory(ROOT), tlv(0x82, b"x"))), None))},
    "issuer-name-is-no-directory": {"extensions_signer": add(ISSUER_KEY=(tlv(0x30, tlv(0xA1, tlv(0x82, b"x"))), None))},
    "issuer-serial-other": {"extensions_signer": add(ISSUER_KEY=(tlv(0x30, SERIAL(b"toor")), None))},
    "issuer-key-broken": {"extensions_root": add(ISSUER_KEY=(tlv(0x30, tlv(0x83, b"x")), None))},
    "subject-key-broken": {"extensions_signer": add(SUBJECT_KEY=(tlv(0x30), None))},
    "subject-key-critical": {"extensions_signer": add(SUBJECT_KEY=(tlv(0x04, b"x"), YES))},
    "alternative-name-broken": {"more_extensions_signer": extension(OTHER_NAME, tlv(0x30, b"\x82\5x"))},
    "tsa-is-another": {"tsa": tlv(0xA0, directory(ROOT))},
    "tsa-is-another-kind-of-text": {"tsa": tlv(0xA0, directory(name_of(b"Stamping signer", 0x13)))},
    "tsa-twice": {"tsa": tlv(0xA0, directory(SIGNER), directory(SIGNER))},
    "path-too-long": {"who": FOUR, "extensions_root": add(CONSTRAINTS=LIMIT(b"\1"))},
    "path-too-long-for-the-upper": {"who": FOUR, **SAME, "extensions_upper": add(CONSTRAINTS=LIMIT(b"\0"))},
    "path-length-below-nothing": {"extensions_root": add(CONSTRAINTS=LIMIT(b"\xff"))},
    "path-length-padded": {"extensions_root": add(CONSTRAINTS=LIMIT(b"\0\1"))},
    "unique-identifier": {"tbs_root": lambda usual: usual[:-1] + [tlv(0x81, b"\0x")] + usual[-1:]},
    "version-2": {"tbs_root": lambda usual: [tlv(0xA0, tlv(0x02, b"\1"))] + usual[1:]},
    "two-algorithms": {"inner_algorithm_root": signed_with("P-256", "sha512")},
    "algorithm-of-two-parameters": {"algorithm_root": tlv(0x30, oid("1.2.3.4"), NULL, NULL)},
    "not-its-own-issuer": {"issuer_root": name_of(b"Nobody")},
    "issuer-in-another-kind-of-text": {"issuer_signer": name_of(b"Stamping root", 0x13)},
    "name-of-an-empty-set": {"subject_root": tlv(0x30, tlv(0x31))},
    "name-with-more": {"subject_root": tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), tlv(0x0C, b"x"), NULL)))},
    "set-that-holds-nothing": {"subject_root": old(b"\x31", b"\x11")},
    "alone-and-an-authority": {"who": ("signer",), "extensions_signer": add(PURPOSE=None)},
    "alone-under-another-name": {"who": ("signer",), "issuer_signer": name_of(b"Nobody")},
    "signer-by-nobody": {"signature_signer": b"x"},
    "signer-by-sha1": {"hashing_signer": "sha1"},
    "between-by-sha1": {"who": THREE, "hashing_middle": "sha1"},
    "no-authority-between": {"who": THREE, "extensions_middle": add(CONSTRAINTS=None)},
    "usage-of-three-bytes": {"extensions_root": add(USAGE=(tlv(0x03, b"\0\4\0\x80"), YES))},
    "usage-with-unused-bits": {"extensions_root": add(USAGE=(tlv(0x03, b"\1\7"), YES))},
    "usage-of-nothing": {"extensions_signer": add(USAGE=(tlv(0x03, b"\0"), YES))},
    "usage-to-decipher": {"extensions_signer": add(USAGE=(tlv(0x03, b"\7\x80\x80"), YES))},
    "purpose-twice": {"extensions_signer": add(PURPOSE=(tlv(0x30, 2 * oid("1.3.6.1.5.5.7.3.8")), YES))},
    "purpose-of-an-authority-broken": {"extensions_root": add(PURPOSE=(tlv(0x30, NULL), None))},
    "unknown-and-critical": {"more_extensions_root": tlv(0x30, UUID, tlv(0x01, YES), tlv(0x04, b""))},
    "extension-twice": {"more_extensions_signer": 2 * extension("1.2.3.4", b"")},
    "true-is-not-one": {"more_extensions_signer": extension("1.2.3.4", b"", b"\1")},
    "oid-padded": {"more_extensions_root": tlv(0x30, tlv(0x06, b"\x2a\x80\3"), tlv(0x04, b""))},
    "oid-without-end": {"more_extensions_root": tlv(0x30, tlv(0x06, b"\x2a\x83"), tlv(0x04, b""))},
    "time-with-a-fraction": {"validity_root": tlv(0x30, tlv(0x18, b"20250101000000.5Z"), tlv(0x17, b"450101000000Z"))},
    "time-without-seconds": {"validity_root": tlv(0x30, tlv(0x17, b"2501010000Z"), tlv(0x17, b"450101000000Z"))},
    "time-of-a-zone": {"validity_root": tlv(0x30, tlv(0x17, b"250101000000+0000"), tlv(0x17, b"450101000000Z"))},
    "time-of-a-leap-second": {"validity_root": tlv(0x30, tlv(0x17, b"161231235960Z"), tlv(0x17, b"450101000000Z"))},
    "time-that-does-not-exist": {"validity_root": tlv(0x30, tlv(0x17, b"250229000000Z"), tlv(0x17, b"450101000000Z"))},
    "time-before-1970": {"validity_root": tlv(0x30, tlv(0x17, b"690101000000Z"), tlv(0x17, b"450101000000Z"))},
    "three-times": {"validity_root": tlv(0x30, tlv(0x17, b"250101000000Z"), tlv(0x17, b"450101000000Z"), tlv(0x17, b"450101000000Z"))},
    "at-the-end": {"validity_signer": tlv(0x30, tlv(0x17, b"250101000000Z"), tlv(0x17, b"260302120000Z"))},
    "before-the-begin": {"validity_root": tlv(0x30, tlv(0x17, b"260302120001Z"), tlv(0x17, b"450101000000Z"))},
    "key-without-null": {"kind_root": "RSA", "key_root": tlv(0x30, tlv(0x30, oid(RSA + "1")), public("root", "RSA")[public("root", "RSA").index(b"\x05\0") + 2:])},
    "key-on-another-curve": {"kind_root": "P-521"},
    "pss-with-a-trailer": {"kind_root": "RSA", "pss_signer": True, "algorithm_signer": signed_with("PSS", "sha256", more=tlv(0xA3, tlv(0x02, b"\1")))},
    "pss-of-two-digests": {"kind_root": "RSA", "pss_signer": True, "algorithm_signer": old(SHA["sha256"], SHA["sha512"])},
    "ecdsa-with-null": {"algorithm_signer": tlv(0x30, oid("1.2.840.10045.4.3.2"), NULL)},
    "digest-with-parameters": {"imprint_algorithm": tlv(0x30, SHA["sha256"], tlv(0x04))},
    "signer-digest-with-parameters": {"signer_digest": tlv(0x30, SHA["sha256"], tlv(0x30))},
    "digest-at-the-head-with-parameters": {"digests": SHA256 + tlv(0x30, SHA["sha256"], tlv(0x30))},
    "digest-at-the-head-twice-named": {"digests": tlv(0x30, SHA["sha256"], SHA["sha256"], NULL)},
    "digest-not-at-the-head": {"digests": tlv(0x30, SHA["sha512"])},
    "no-digest-at-the-head": {"digests": b""},
    "token-algorithm-of-another-digest": {"token_algorithm": signed_with("P-256", "sha512")},
    "token-algorithm-of-another-key": {"token_algorithm": signed_with("RSA", "sha256")},
    "token-signature-broken": {"token_signature": b"x"},
    "attribute-twice": {"attributes": lambda usual: usual + usual[:1]},
    "unknown-attribute-twice": {"attributes": lambda usual: usual + 2 * [tlv(0x30, oid("1.2.3"), tlv(0x31))]},
    "attribute-of-two-values": {"attributes": lambda usual: [tlv(0x30, oid("1.2.840.113549.1.9.3"), tlv(0x31, 2 * oid("1.2.840.113549.1.9.16.1.4")))] + usual[1:]},
    "no-certificate-named": {"attributes": lambda usual: usual[:2]},
    "ess-of-nothing": {"ess": b""},
    "ess-of-another": {"ess": FURTHER},
    "ess-of-another-first": {"ess": lambda usual: FURTHER + usual},
    "ess-of-sha1": {"ess": lambda usual: tlv(0x30, tlv(0x30, SHA["sha1"], NULL), usual[2:])},
    "ess-of-another-issuer": {"issuer_and_serial": tlv(0x30, tlv(0x30, directory(SIGNER)), tlv(0x02, b"\x40signer"))},
    "ess-of-another-serial": {"issuer_and_serial": tlv(0x30, tlv(0x30, directory(ROOT)), tlv(0x02, b"\x40sagner"))},
    "ess-of-two-issuers": {"issuer_and_serial": tlv(0x30, tlv(0x30, 2 * directory(ROOT)), tlv(0x02, b"\x40signer"))},
    "named-another": {"named": tlv(0x30, ROOT, tlv(0x02, b"\x40sagner"))},
    "named-with-more": {"named": lambda usual: tlv(0x30, usual[2:], NULL)},
    "content-in-parts": {"content": lambda usual: tlv(0x24, usual)},
    "content-twice": {"content": lambda usual: usual + usual},
    "version-padded": {"version": tlv(0x02, b"\0\3")},
    "version-1": {"version": tlv(0x02, b"\1")},
    "revocations": {"carried": tlv(0xA1)},
    "unsigned-attributes": {"signer_info": lambda usual: usual + [tlv(0xA1)]},
    "status-of-words-that-are-none": {"status": tlv(0x30, tlv(0x02, b"\0"), tlv(0x30, tlv(0x0C, b"\xff")))},
    "status-of-other-words": {"status": tlv(0x30, tlv(0x02, b"\0"), tlv(0x30, tlv(0x13, b"x")))},
    "status-padded": {"status": tlv(0x30, tlv(0x02, b"\0\0"))},
    "status-below-nothing": {"status": tlv(0x30, tlv(0x02, b"\xff"))},
    "failure": {"status": tlv(0x30, tlv(0x02, b"\0"), tlv(0x03, b"\0"))},
    "response-with-more": {"response": lambda usual: tlv(0x30, usual[4:], NULL)},
    "info-extension-critical": {"info_extensions": tlv(0xA1, extension("1.2.3.4", b"x", YES))},
    "accuracy-of-no-milliseconds": {"accuracy": tlv(0x30, tlv(0x80, b"\0"))},
    "accuracy-of-too-many": {"accuracy": tlv(0x30, tlv(0x81, b"\3\xe8"))},
    "accuracy-padded": {"accuracy": tlv(0x30, tlv(0x81, b"\0\1"))},
    "accuracy-below-nothing": {"accuracy": tlv(0x30, tlv(0x02, b"\xff"))},
    "accuracy-of-ages-below-nothing": {"accuracy": tlv(0x30, tlv(0x81, b"\xfc\x19"))},
    "accuracy-in-another-order": {"accuracy": tlv(0x30, tlv(0x81, b"\1"), tlv(0x80, b"\1"))},
    "ten-digits": {"time": tlv(0x18, b"20260302120000.1234567891Z")},
    "a-zero-at-the-end": {"time": tlv(0x18, b"20260302120000.10Z")},
    "a-point-alone": {"time": tlv(0x18, b"20260302120000.Z")},
    "token-of-1969": {"time": tlv(0x18, b"19691231235959Z")},
    "token-of-a-leap-second": {"time": tlv(0x18, b"20261231235960Z")},
    "token-of-no-second": {"time": tlv(0x18, b"202603021200Z")},
    "token-in-utc-time": {"time": tlv(0x17, b"260302120000Z")},
    "pem-with-text-before": {"pem": lambda pem: b"Stamping signer\n" + pem},
    "pem-with-text-between": {"pem": old(b"\n-----BEGIN", b"\n\n-----BEGIN")},
    "pem-with-text-after": {"pem": lambda pem: pem + b"\n"},
    "pem-with-other-lines": {"pem": lambda pem: pem.replace(b"\n", b"\r\n")},
    "pem-without-its-last-newline": {"pem": lambda pem: pem[:-1]},
    "pem-with-a-longer-line": {"pem": lambda pem: pem[:92] + pem[93:]},
    "pem-with-a-space": {"pem": old(b"\nMII", b"\n MII")},
    "pem-with-padding-inside": {"pem": lambda pem: pem[:40] + b"=" + pem[40:]},
    "pem-with-padding-too-much": {"pem": lambda pem: pem.replace(b"\n-----END", b"====\n-----END", 1)},
    "pem-of-trusted-certificates": {"pem": lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")},
}
