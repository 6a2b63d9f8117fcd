#!/usr/bin/env python3
"""Makes evidence bundles, good and broken, from docs/record-format.md alone: for tests of verifiers.

    make_bundle.py OUT.zip [--seed 1] [--entries 20] [--shown 8] [--documents 2] [--anchor 12 --anchor 18]
                           [--witnesses 3] [--quorum 2] [--cosigned 3] [--tokens 1] [--rotate 9]
    make_bundle.py --samples FOLDER     one bundle of each kind, many broken ones, and expected.json

The standard library and `openssl` (3.x) are all it needs. The same seed gives the same bytes, except for time-stamp tokens, which
carry the clock's time and fresh keys. `build(recipe, **tamper)` takes one function for each stage at which a test may interfere.
`mutate(bundle, seed)` gives a bundle with one change, of bytes or of structure, that no verifier may accept.
"""

import argparse
import base64
import functools
import hashlib
import json
import os
import random
import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import make_stamp
from make_stamp import SCRATCH, openssl, tlv

START = datetime(2026, 3, 2, 8, 0, 0, 31000, tzinfo=timezone.utc)


@dataclass
class Recipe:
    """What a bundle shall hold. Positions count from 0; the export's entry stands at position `entries`."""
    seed: int = 1
    entries: int = 20           # the tree's size before the export's entry
    shown: int = 8              # lines in entries.txt, spread over the record
    fields: int = 4             # fields of an entry
    withheld: int = 2           # of these, how many are not shown
    documents: int = 2          # files whose digest a shown entry holds
    agreements: int = 1         # files that no entry names
    anchors: tuple = ()         # sizes of anchors
    witnesses: int = 3          # witnesses in the policy
    quorum: int = 2             # how many of them the policy asks for; 0: `quorum none`
    cosigned: int = 3           # how many of them cosigned each anchor
    tokens: int = 0             # time stamps of each anchor
    rotations: tuple = ()       # positions at which a new key came into use
    tail: int = 0               # entries after the export's
    origin: str = "ringfence.local/record"
    authority: dict = field(default_factory=dict)   # arguments of Authority; {"hand": a name of make_stamp.GOOD or BAD}
    stamp: dict = field(default_factory=dict)       # arguments of Authority.stamp


# Bytes and text -----------------------------------------------------------------------------------------------------------------

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64std(data):
    return base64.b64encode(data).decode()


def time_of(position):
    moment = START + timedelta(milliseconds=37211 * position)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (moment.microsecond // 1000)


def seconds_of(position):
    return int((START + timedelta(milliseconds=37211 * position)).timestamp())


# Entries, fields, lines (sections 1 to 3) ---------------------------------------------------------------------------------------

def disclosure(salt, name, value):
    return base64url(json.dumps([salt, name, value], ensure_ascii=False).encode())


def entry_bytes(kind, position, time, disclosures, more_digests=()):
    digests = sorted([sha256(d.encode()) for d in disclosures] + list(more_digests))
    sd = ",".join('"%s"' % base64url(d) for d in digests)
    return ('{"_sd":[%s],"kind":"%s","position":%d,"time":"%s"}' % (sd, kind, position, time)).encode()


def line(entry, disclosures):
    return entry + "".join("~" + d for d in disclosures).encode()


# Keys and notes (section 4) -----------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def secret_key(name):
    """Path of a private key that follows from its name, as PKCS #8."""
    path = os.path.join(SCRATCH.name, "key-%s.der" % sha256(name.encode()).hex()[:16])
    with open(path, "wb") as file:
        file.write(bytes.fromhex("302e020100300506032b657004220420") + sha256(b"a test's key\n", name.encode()))
    return path


@functools.lru_cache(maxsize=None)
def public_key(name):
    return openssl("pkey", "-in", secret_key(name), "-inform", "DER", "-pubout", "-outform", "DER")[-32:]


@functools.lru_cache(maxsize=4096)
def sign(name, message):
    if not message:
        return b"\0" * 64     # openssl takes no empty file
    path = os.path.join(SCRATCH.name, "message")
    with open(path, "wb") as file:
        file.write(message)
    return openssl("pkeyutl", "-sign", "-inkey", secret_key(name), "-keyform", "DER", "-rawin", "-in", path)


def key_id(name, kind, public):
    return sha256(name.encode(), b"\n", bytes([kind]), public)[:4]


def verifier_key(name, kind, public):
    return "%s+%s+%s" % (name, key_id(name, kind, public).hex(), base64std(bytes([kind]) + public))


def signature_line(name, kind, public, signature):
    return "\u2014 %s %s\n" % (name, base64std(key_id(name, kind, public) + signature))


def log_signature(origin, secret, text):
    return signature_line(origin, 1, public_key(secret), sign(secret, text.encode()))


def cosignature(witness, seconds, text):
    message = "cosignature/v1\ntime %d\n%s" % (seconds, text)
    return signature_line(witness, 4, public_key(witness), struct.pack(">Q", seconds) + sign(witness, message.encode()))


# The tree (section 8) -----------------------------------------------------------------------------------------------------------

def fold(hashes):
    """Root of a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01", hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def tree_root(leaves):
    """RFC 6962, 2.1, as it is written there but for the recursion into full subtrees."""
    if not leaves:
        return sha256()
    split = 1 << (len(leaves) - 1).bit_length() >> 1
    if split << 1 == len(leaves) or len(leaves) == 1:
        return fold(leaves)
    return sha256(b"\x01", fold(leaves[:split]), tree_root(leaves[split:]))


def inclusion_path(leaves, position):
    """RFC 6962, 2.1.1."""
    if len(leaves) <= 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if position < split:
        return inclusion_path(leaves[:split], position) + [tree_root(leaves[split:])]
    return inclusion_path(leaves[split:], position - split) + [tree_root(leaves[:split])]


def tile_path(level, index, width):
    text = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        text = "x%03d/%s" % (index % 1000, text)
    return "tile/%d/%s" % (level, text) + ("" if width == 256 else ".p/%d" % width)


def tiles(leaves, positions, anchors):
    """The tiles of section 8, by path."""
    levels = [leaves]
    while len(levels[-1]) >= 256:
        below = levels[-1]
        levels.append([fold(below[i:i + 256]) for i in range(0, len(below) - 255, 256)])
    wanted = set()

    def want(level, index):
        while level < len(levels) and (level, index) not in wanted and levels[level][index * 256:]:
            wanted.add((level, index))
            if len(levels[level]) < (index + 1) * 256:
                break
            level, index = level + 1, index // 256

    for level, hashes in enumerate(levels):
        if len(hashes) % 256:
            wanted.add((level, len(hashes) // 256))
    for position in positions:
        want(0, position // 256)
    for size in anchors:
        for level in range(len(levels)):
            if (size >> 8 * level) % 256:
                want(level, size >> 8 * (level + 1))
    found = {}
    for level, index in wanted:
        hashes = levels[level][index * 256:(index + 1) * 256]
        found[tile_path(level, index, len(hashes))] = b"".join(hashes)
    return found


# The container (section 5) ------------------------------------------------------------------------------------------------------

def archive(members, crc=zlib.crc32):
    """Packs (name, content) pairs, in the order given: a test may give a wrong one."""
    body, directory = [], []
    offset = 0
    members = list(members.items()) if isinstance(members, dict) else list(members)
    for name, content in members:
        name = name.encode()
        middle = struct.pack("<HHHHHIIIHH", 20, 0x0800, 0, 0, 0x0021, crc(content), len(content), len(content), len(name), 0)
        directory.append(b"PK\x01\x02" + struct.pack("<H", 20) + middle + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name)
        body.append(b"PK\x03\x04" + middle + name + content)
        offset += len(body[-1])
    directory = b"".join(directory)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), offset, 0)
    return b"".join(body) + directory + end


def unarchive(data):
    """Names and contents of a good archive, for mutations."""
    members, at = [], 0
    while data[at:at + 4] == b"PK\x03\x04":
        size, name_length = struct.unpack("<I", data[at + 18:at + 22])[0], struct.unpack("<H", data[at + 26:at + 28])[0]
        name = data[at + 30:at + 30 + name_length].decode()
        members.append((name, data[at + 30 + name_length:at + 30 + name_length + size]))
        at += 30 + name_length + size
    return members


# Time stamps (section 10) -------------------------------------------------------------------------------------------------------

DIGEST_OIDS = {"sha1": "2b0e03021a", "sha256": "608648016503040201", "sha384": "608648016503040202", "sha512": "608648016503040203",
               "sha3-256": "608648016503040208"}


ESS = bytes.fromhex("2a864886f70d010910022f")      # the signed attribute that names the signer's certificate


class Authority:
    """A time-stamping authority: root, intermediate, signer. What is given otherwise than here makes a bad one.

    `usage` and `ca` are extensions in openssl's words, `valid` the validity of each certificate, `curve` None for RSA.
    """
    made = {}

    @classmethod
    def of(cls, **arguments):
        key = json.dumps(arguments, sort_keys=True)
        if key not in cls.made:
            hand = arguments.get("hand")
            cls.made[key] = make_stamp.Hand(**{**make_stamp.GOOD, **make_stamp.BAD}[hand]) if hand else cls(**arguments)
        return cls.made[key]

    def __init__(self, curve="P-256", digest="sha256", ess="sha256", usage="critical,timeStamping", ca="critical,CA:TRUE", valid=None, embed=True,
                 intermediate=True, key_usage="critical,digitalSignature", ca_key_usage="critical,keyCertSign,cRLSign", more="", name="Test",
                 hashing="sha256"):
        self.folder = tempfile.mkdtemp(prefix="authority-", dir=SCRATCH.name)
        self.digest, self.embed = digest, embed
        self.names = ["root", "intermediate", "signer"] if intermediate else ["root", "signer"]
        lines = ["[req]", "distinguished_name = dn", "[dn]", "[any]", "organizationName = optional", "commonName = optional"]
        for issuer in self.names:
            lines += ["[ca_%s]" % issuer, "database = index-" + issuer, "serial = serial-" + issuer, "new_certs_dir = .", "policy = any",
                      "default_md = " + hashing, "unique_subject = no"]
            self.write("index-" + issuer, b"")
            self.write("serial-" + issuer, make_serial(issuer))
        for who in self.names:
            lines += ["[%s]" % who, "subjectKeyIdentifier = hash", "authorityKeyIdentifier = keyid:always"]
            lines += ["basicConstraints = critical,CA:FALSE"] if who == "signer" else []
            lines += ["keyUsage = " + key_usage] if who == "signer" and key_usage else []
            lines += ["extendedKeyUsage = " + usage] if who == "signer" and usage else []
            lines += ["basicConstraints = " + (ca if who == "intermediate" else "critical,CA:TRUE")] if who != "signer" and ca else []
            lines += ["keyUsage = " + ca_key_usage] if who != "signer" and ca_key_usage else []
            lines += [more] if who == "signer" and more else []
        lines += ["[tsa]", "serial = serial", "default_policy = 1.2.3.4.1", "digests = sha1, sha256, sha384, sha512", "signer_digest = sha256",
                  "accuracy = secs:1", "tsa_name = yes", "ess_cert_id_alg = " + ess]
        self.write("config", "\n".join(lines).encode() + b"\n")
        self.write("serial", b"01\n")
        for who, issuer in zip(self.names, ["root"] + self.names):
            kind = ["EC", "-pkeyopt", "ec_paramgen_curve:" + curve] if curve else ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            start, end = (valid or {}).get(who, ("20250101000000Z", "20450101000000Z"))
            self.run("genpkey", "-algorithm", *kind, "-out", who + ".key")
            self.run("req", "-new", "-key", who + ".key", "-subj", "/O=%s/CN=%s stamping %s" % (name, name, who), "-config", "config",
                     "-out", who + ".csr")
            signed_by = ["-selfsign", "-keyfile", "root.key"] if who == "root" else ["-cert", issuer + ".pem", "-keyfile", issuer + ".key"]
            self.run("ca", "-batch", "-notext", "-preserveDN", "-config", "config", "-name", "ca_" + issuer, *signed_by, "-in", who + ".csr",
                     "-startdate", start, "-enddate", end, "-extensions", who, "-out", who + ".pem")

    def write(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def run(self, *arguments):
        return openssl(*arguments, cwd=self.folder)

    def chain(self):
        return b"".join(self.read(who + ".pem") for who in reversed(self.names))

    def stamp(self, text, **by_hand):
        """A response over `text`: by `openssl ts`, now, or by hand."""
        if by_hand:
            return self.stamp_by_hand(text, **by_hand)
        self.write("text", text)
        self.run("ts", "-query", "-data", "text", "-" + self.digest, "-out", "query", *(["-cert"] if self.embed else []))
        self.run("ts", "-reply", "-queryfile", "query", "-config", "config", "-section", "tsa", "-signer", "signer.pem", "-inkey", "signer.key",
                 "-out", "reply")
        return self.read("reply")

    def stamp_by_hand(self, text, time="20260302120000Z", digest="sha256", status=0, cades=True, kind="1.2.840.113549.1.9.16.1.4",
                      hashing="sha256", imprint=None, more=b"", signed_by=("signer",)):
        """A response of our own making, so that what no authority would sign can be tried."""
        algorithm = tlv(0x30, tlv(0x06, bytes.fromhex(DIGEST_OIDS[digest])), tlv(0x05))
        imprint = hashlib.new(digest, text).digest() if imprint is None else imprint
        info = tlv(0x30, tlv(0x02, b"\1"), tlv(0x06, b"\x2a\x03\x04\x01"), tlv(0x30, algorithm, tlv(0x04, imprint)), tlv(0x02, b"\7"),
                   tlv(0x18, time.encode()), more)
        self.write("info", info)
        self.run("cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-econtent_type", kind, "-md", hashing, "-outform", "DER", "-in", "info",
                 "-out", "token", *(["-cades"] if cades else []), *([] if self.embed else ["-nocerts"]),
                 *[word for who in signed_by for word in ("-signer", who + ".pem", "-inkey", who + ".key")])
        return tlv(0x30, tlv(0x30, tlv(0x02, bytes([status]))), self.read("token"))


def make_serial(issuer):
    return b"%032X\n" % int.from_bytes(sha256(issuer.encode())[:15], "big")


# The bundle ---------------------------------------------------------------------------------------------------------------------

WORDS = ["Rezeptur 7", "furnace curve", "Ministère", "試料", "to compare with the May batch", "D-3", "Ada Öztürk", "page 4 of 9", "\u2028", "~", "\\\""]


class World:
    """A record and one bundle cut out of it; `tamper` may change what is made at each stage."""

    def __init__(self, recipe, **tamper):
        self.recipe, self.tamper = recipe, dict(tamper)
        self.random = random.Random("bundle %d" % recipe.seed)
        self.log_keys = ["log %d of %d" % (i, recipe.seed) for i in range(len(recipe.rotations) + 1)]
        self.keys = self.changed("keys", [verifier_key(recipe.origin, 1, public_key(k)) for k in self.log_keys])
        self.witnesses = ["witness%d.example/w" % (i + 1) for i in range(recipe.witnesses)]
        self.leaves, self.lines, self.listed, self.references = [], {}, {}, {}
        self.write_record()
        self.write_anchors()
        self.write_members()

    def changed(self, stage, value, *context):
        """What stage `stage` makes of `value`: the value, unless a test interferes."""
        change = self.tamper.get(stage)
        return change(value, *context) if change else value

    def salt(self):
        return base64url(self.random.getrandbits(128).to_bytes(16, "big"))

    def write_record(self):
        """Every leaf of the record before the export; entries are made only where they are shown, the other leaves are random."""
        recipe = self.recipe
        count = min(recipe.shown, recipe.entries)
        positions = sorted(set(i * recipe.entries // count for i in range(count)) | set(recipe.rotations)) if count else []
        positions = self.changed("positions", positions)
        plain = [p for p in positions if p not in recipe.rotations]
        documents = {p: "documents/D-%d.pdf" % (i + 1) for i, p in enumerate(plain[:recipe.documents])}
        chosen = set(positions)
        for position in range(recipe.entries):
            if position not in chosen:
                self.leaves.append(sha256(b"leaf", struct.pack(">QQ", recipe.seed, position)))
                continue
            kind, wanted = self.random.choice(["document.opened", "access.granted", "secret.classified"]), []
            if position in recipe.rotations:
                kind, wanted = "evidence.key-rotated", [("key", self.keys[1 + recipe.rotations.index(position)])]
            elif position in documents:
                content = ("%%PDF-1.7\n%d\n" % position).encode() + self.random.getrandbits(2048).to_bytes(256, "big")
                kind, wanted = "document.sealed", [("digest", sha256(content).hex())]
                self.listed[documents[position]] = content
                self.references[documents[position]] = (position, "digest")
            others = [("by", self.random.choice(["P-1", "P-2"])), ("reason", self.random.choice(WORDS)), ("pages", self.random.randrange(99)),
                      ("facts", {"tier": "A", "approved": True, "of": [1.5, None, "x"]}), ("note", "")]
            fields = (wanted + others)[:max(recipe.fields, len(wanted))]
            shown = max(len(fields) - recipe.withheld, len(wanted))
            fields = self.changed("fields", fields, position)
            disclosures = self.changed("disclosures", [disclosure(self.salt(), n, v) for n, v in fields], position)
            entry = entry_bytes(kind, position, time_of(position), disclosures)
            entry = self.changed("entry", entry, position)
            self.leaves.append(sha256(b"\0", entry))
            self.lines[position] = self.changed("line", line(entry, disclosures[:shown]), position)
        for number in range(recipe.agreements):
            self.listed["agreements/A-%d.txt" % (number + 1)] = ("Agreement %d\n" % number).encode()
        self.listed["entries.txt"] = self.changed("entries", b"".join(self.lines[p] + b"\n" for p in positions))
        self.positions = positions

    def text(self, size, root):
        return "%s\n%d\n%s\n" % (self.recipe.origin, size, base64std(root))

    def signer(self, size):
        """The key in use for a checkpoint of `size`."""
        return self.log_keys[sum(1 for q in self.recipe.rotations if q + 1 < size)]

    def write_anchors(self):
        recipe = self.recipe
        sizes = sorted(set(recipe.anchors) | set(q + 1 for q in recipe.rotations))
        for size in sizes:
            text = self.changed("anchor_text", self.text(size, tree_root(self.leaves[:size])), size)
            note = text + "\n" + log_signature(recipe.origin, self.signer(size), text)
            for number, witness in enumerate(self.witnesses[:recipe.cosigned]):
                note += cosignature(witness, seconds_of(size) + number, text)
            folder = "anchors/%d/" % size
            self.listed[folder + "checkpoint"] = self.changed("anchor", note.encode(), size)
            for number in range(1, recipe.tokens + 1):
                authority = Authority.of(**recipe.authority)
                token = authority.stamp(self.changed("stamped", text.encode(), size), **recipe.stamp)
                self.listed[folder + "%d.tsr" % number] = self.changed("token", token, size)
                self.listed[folder + "%d.pem" % number] = self.changed("chain", authority.chain(), size)
        self.anchors = sizes

    def policy(self):
        recipe = self.recipe
        lines = ["# whom the organisation asked to watch its record", "log " + self.keys[-1]]
        for number, name in enumerate(self.witnesses):
            lines.append("witness w%d %s https://%s" % (number + 1, verifier_key(name, 4, public_key(name)), name))
        if recipe.quorum:
            lines.append("group all-of-them %d %s" % (recipe.quorum, " ".join("w%d" % (i + 1) for i in range(recipe.witnesses))))
        lines.append("quorum " + ("all-of-them" if recipe.quorum else "none"))
        return "\n".join(lines).encode() + b"\n"

    def write_members(self):
        recipe = self.recipe
        self.listed["policy"] = self.changed("policy", self.policy())
        self.listed["READ-ME.txt"] = b"For people to read.\n"
        self.listed = self.changed("listed", self.listed)
        files = []
        for path in sorted(self.listed):
            file = {"path": path, "sha256": sha256(self.listed[path]).hex(), "size": len(self.listed[path])}
            if path in self.references:
                file["entry"], file["field"] = self.references[path]
            files.append(file)
        manifest = {"format": "ringfence-evidence/1", "origin": recipe.origin, "keys": self.keys,
                    "anchors": [{"size": size, "tokens": recipe.tokens} for size in self.anchors], "files": files, "shown": ["by", "manifest"],
                    "secret": "S-1 Rezeptur", "made": time_of(recipe.entries), "organisation": "Muster GmbH"}
        manifest = self.changed("manifest", manifest)
        manifest = self.changed("manifest_bytes", json.dumps(manifest, indent=1, ensure_ascii=False).encode())
        fields = self.changed("export_fields", [("by", "P-9"), ("manifest", sha256(manifest).hex()), ("for", "the court")])
        disclosures = [disclosure(self.salt(), n, v) for n, v in fields]
        entry = entry_bytes("evidence.exported", recipe.entries, time_of(recipe.entries), disclosures)
        entry = self.changed("export_entry", entry)
        self.leaves.append(sha256(b"\0", entry))
        for position in range(recipe.entries + 1, recipe.entries + 1 + recipe.tail):
            self.leaves.append(sha256(b"leaf", struct.pack(">QQ", recipe.seed, position)))
        size = len(self.leaves)
        self.root = tree_root(self.leaves)
        text = self.changed("text", self.text(size, self.root))
        note = text + "\n" + log_signature(recipe.origin, self.log_keys[-1], text)
        members = dict(self.listed)
        members["manifest.json"] = manifest
        shown = self.changed("export_shown", disclosures[:2], disclosures)
        members["export.txt"] = self.changed("export_line", line(entry, shown)) + b"\n"
        members["checkpoint"] = self.changed("checkpoint", note.encode())
        members.update(self.changed("tiles", tiles(self.leaves, self.positions + [recipe.entries], self.anchors)))
        self.members = self.changed("members", members)
        self.archive = self.changed("archive", archive(sorted(self.members.items(), key=lambda m: m[0].encode())))

    def proof(self, position, cosigned=None):
        """The tlog-proof of section 12 for one shown position, against the bundle's checkpoint."""
        text = self.text(len(self.leaves), self.root)
        note = text + "\n" + log_signature(self.recipe.origin, self.log_keys[-1], text)
        for number, witness in enumerate(self.witnesses[:self.recipe.cosigned if cosigned is None else cosigned]):
            note += cosignature(witness, seconds_of(len(self.leaves)) + number, text)
        lines = ["c2sp.org/tlog-proof@v1", "extra " + base64std(self.lines[position]), "index %d" % position]
        lines += [base64std(h) for h in inclusion_path(self.leaves, position)]
        return ("\n".join(lines) + "\n\n" + note).encode()


def build(recipe=None, **tamper):
    """A bundle as bytes."""
    return World(recipe or Recipe(), **tamper).archive


def resealed(archive_bytes, change):
    """The bundle with `change` done to its list of (name, content), packed again with right CRC-32s, in order."""
    members = change(unarchive(archive_bytes))
    return archive(sorted(members, key=lambda m: m[0].encode()))


# Samples ------------------------------------------------------------------------------------------------------------------------

SMALL = Recipe(entries=20, anchors=(12,))
FULL = Recipe(seed=7, entries=300, shown=40, anchors=(40, 256, 290), tokens=1, rotations=(77,), tail=3)


def good_recipes():
    """One bundle of each kind, by name."""
    return {
        "plain": Recipe(seed=2, quorum=0, witnesses=0),
        "single": Recipe(seed=3, entries=1, shown=1, documents=0, agreements=0, quorum=0, witnesses=0),
        "witnessed": Recipe(seed=4, anchors=(5, 12, 20)),
        "too-few-witnesses": Recipe(seed=5, anchors=(12,), cosigned=1),
        "withheld": Recipe(seed=6, withheld=4, documents=0),
        "rotated": Recipe(seed=8, rotations=(6, 13), anchors=(7, 10, 18)),
        "tile-256": Recipe(seed=9, entries=255, anchors=(200,)),
        "tile-257": Recipe(seed=10, entries=256, anchors=(256,)),
        "deep": Recipe(seed=11, entries=70_000, shown=30, anchors=(1, 255, 256, 65_536, 66_000)),
        "stamped": Recipe(seed=12, anchors=(12, 16), tokens=2),
        "stamped-rsa": Recipe(seed=13, anchors=(12,), tokens=1, authority={"curve": None, "digest": "sha512", "embed": False}),
        "stamped-by-hand": Recipe(seed=14, anchors=(12,), tokens=1, stamp={"time": "20260302120000.25Z", "status": 1}),
        "stamped-p384": Recipe(seed=15, anchors=(12,), tokens=1, authority={"curve": "P-384", "hashing": "sha384"},
                               stamp={"digest": "sha384", "hashing": "sha384"}),
        "stamped-long-ago": Recipe(seed=16, anchors=(12,), tokens=1, authority={"valid": {"signer": ("20250101000000Z", "20260401000000Z")}},
                                   stamp={"time": "20260331235959Z"}),
        "stamped-ess-1": Recipe(seed=17, anchors=(12,), tokens=1, authority={"ess": "sha1", "intermediate": False}),
        "full": FULL,
        **{"hand-" + case: by_hand(case) for case in make_stamp.GOOD},
    }


def by_hand(case):
    return Recipe(seed=18, entries=6, shown=2, documents=0, agreements=0, anchors=(4,), witnesses=0, quorum=0, tokens=1, authority={"hand": case})


def replace(old, new, count=1):
    """A tampering that replaces bytes (or text), and insists that they were there."""
    def change(value, *_):
        assert old in value, (old, value)
        return value.replace(old, new, count)
    return change


def only(chosen, change):
    """A tampering at one position, size or path only."""
    return lambda value, at: change(value) if at == chosen else value


def edit(**changes):
    """A tampering that sets members of an object."""
    return lambda value, *_: {**value, **changes}


def flip(value, *_):
    """The middle byte another one."""
    middle = len(value) // 2
    return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1:]


def misspelt(text):
    """(what, text): texts that lenient readers of base64 take for the same bytes, or for others. `text` is of either alphabet, padded or not."""
    body = text.rstrip("=")
    other = body.translate(str.maketrans("+/-_", "-_+/"))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + ("-_" if {"-", "_"} & set(body) else "+/")
    found = {
        "padding-inside": body[:2] + "=" + body[2:] + text[len(body):], "padding-between": body[:4] + "====" + body[4:] + text[len(body):],
        "padding-before": "=" + text, "padding-more": text + "=", "padding-much": text + "====", "padding-other": body if body != text else text + "=" * (-len(text) % 4),
        "other-alphabet": other, "space": body[:4] + " " + body[4:] + text[len(body):], "tab-behind": text + "\t",
        "in-parts": body[:2] + "==" + body[2:] + text[len(body):], "one-letter-more": body + "A" + text[len(body):], "zero": body[:4] + "\0" + body[4:],
        "not-ascii": body[:4] + "\u0391" + body[5:],
    }
    if len(body) % 4:
        found["unused-bits"] = body[:-1] + letters[letters.index(body[-1]) | 1] + text[len(body):]
    return [(what, new) for what, new in found.items() if new != text]


def misspelt_cases():
    """As `broken_cases`: base64 that is not exact, in each place of a bundle where base64 is read."""
    r = SMALL

    def each(place, recipe, stage, find, check, at, change=lambda value, old, new: value.replace(old, new, 1)):
        """Of what `find` finds in the stage's value, each misspelling."""
        world = {}
        World(recipe, **{stage: lambda value, *context: world.setdefault(context[0] if context else None, value) or value})
        context, value = next((context, value) for context, value in world.items() if find(value, context))
        old = find(value, context)
        for what, new in misspelt(old):
            if stage == "policy" and what == "tab-behind":
                continue    # white space between words, there
            def tamper(value, *here, new=new):
                if here and here[0] != context:
                    return value
                if isinstance(value, bytes):
                    return change(value.decode(), old, new).encode()
                return change(value, old, new)
            yield "base64-%s-%s" % (place, what), recipe, {stage: tamper}, check, at

    def key(text):
        return text.split("+", 2)[2]

    def last_word(text, line):
        return text.decode().split("\n")[line].split(" ")[-1]

    stamped = by_hand("usual")
    yield from each("digest", r, "entry", lambda entry, at: at == 2 and entry[9:52].decode(), "entries", "line 2")
    yield from each("field", r, "disclosures", lambda texts, at: at == 2 and texts[0], "entries", "2", lambda texts, old, new: [new, *texts[1:]])
    yield from each("root", r, "text", lambda text, _: text.split("\n")[2], "checkpoint", "checkpoint")
    yield from each("signature", r, "checkpoint", lambda note, _: last_word(note, 4), "checkpoint", "checkpoint")
    yield from each("key", r, "manifest", lambda manifest, _: key(manifest["keys"][0]), "manifest", "manifest.json",
                    lambda manifest, old, new: {**manifest, "keys": [manifest["keys"][0].replace(old, new)]})
    yield from each("policy-log", r, "policy", lambda policy, _: key(last_word(policy, 1)), "policy", "policy")
    yield from each("policy-witness", r, "policy", lambda policy, _: key(policy.decode().split("\n")[2].split(" ")[2]), "policy", "policy")
    yield from each("anchor-root", r, "anchor_text", lambda text, _: text.split("\n")[2], "anchor", "12")
    yield from each("anchor-signature", r, "anchor", lambda note, _: last_word(note, 4), "anchor", "12")
    yield from each("anchor-cosignature", r, "anchor", lambda note, _: last_word(note, 5), "anchor", "12")
    yield from each("certificate", stamped, "chain", lambda pem, _: pem.decode().split("\n-----END")[0].split("\n")[-1], "stamp", "anchors/4/1.tsr")


def misspelt_proofs():
    """(name, proof, key): proofs with base64 that is not exact."""
    w = World(good_recipes()["plain"])
    good = w.proof(w.positions[-1]).decode()
    lines = good.split("\n")
    for place, old in (("extra", lines[1][6:]), ("hash", lines[4]), ("signature", lines[-2].split(" ")[-1])):
        for what, new in misspelt(old):
            yield "base64-proof-%s-%s" % (place, what), good.replace(old, new, 1).encode(), w.keys[-1]


def broken_cases():
    """(name, recipe, tampering, check, at): bundles of which everything holds but one thing. `check` None: unreadable."""
    r = SMALL
    name = "witness1.example/w"

    def without(path):
        return lambda members: {k: v for k, v in members.items() if k != path}

    def with_member(path, content):
        return lambda members: {**members, path: content}

    def wrong_crc(data):
        at = data.index(b"agreements/A-1.txt") - 16
        data = data[:at] + flip(data[at:at + 4]) + data[at + 4:]
        at = data.rindex(b"agreements/A-1.txt") - 30
        return data[:at] + flip(data[at:at + 4]) + data[at + 4:]

    def file_of(path, **changes):
        return lambda m: {**m, "files": [{**f, **changes} if f["path"] == path else f for f in m["files"]]}

    def swap_lines(data):
        lines = data.splitlines(True)
        return b"".join([lines[1], lines[0]] + lines[2:])

    def resigned(note_text):
        """The checkpoint's text another one, and signed rightly."""
        secret = "log 0 of 1"
        return (note_text + "\n" + log_signature(r.origin, secret, note_text)).encode()

    def other_root(note):
        lines = note.decode().split("\n")
        return resigned("%s\n%s\n%s\n" % (lines[0], lines[1], base64std(sha256(b"another tree"))))

    def cosigned_again(note):
        text = note.decode().split("\n\n")[0] + "\n"
        return note + cosignature(name, seconds_of(99), text).encode()

    def stranger_cosigned(note):
        text = note.decode().split("\n\n")[0] + "\n"
        return note + cosignature("stranger.example/w", seconds_of(99), text).encode()

    stamped = Recipe(seed=12, anchors=(12,), tokens=1)
    rotated = Recipe(seed=8, rotations=(6,), anchors=(10,))

    def bad(stamp=None, **authority):
        return Recipe(seed=12, anchors=(12,), tokens=1, authority=authority, stamp=stamp or {})

    def token(**stamp):
        return bad(stamp=stamp)

    return [
        ("container-crc", r, {"archive": wrong_crc}, "container", "agreements/A-1.txt"),
        ("container-empty", r, {"archive": lambda _: b""}, None, None),
        ("container-trailing", r, {"archive": lambda data: data + b"\n"}, None, None),
        ("container-order", r, {"archive": lambda data: archive(unarchive(data)[::-1])}, None, None),
        ("container-twice", r, {"archive": lambda data: archive(unarchive(data)[:1] + unarchive(data))}, None, None),
        ("manifest-format", r, {"manifest": edit(format="ringfence-evidence/2")}, "manifest", "manifest.json"),
        ("manifest-not-json", r, {"manifest_bytes": lambda data: data[:-1]}, "manifest", "manifest.json"),
        ("manifest-twice", r, {"manifest_bytes": replace(b"{", b'{"origin": "x",')}, "manifest", "manifest.json"),
        ("manifest-nan", r, {"manifest": edit(made=float("nan"))}, "manifest", "manifest.json"),
        ("manifest-float", r, {"manifest_bytes": replace(b'"tokens": 0', b'"tokens": 0.0')}, "manifest", "manifest.json"),
        ("manifest-key-id", r, {"manifest_bytes": replace(b'+', b'+0')}, "manifest", "manifest.json"),
        ("manifest-no-policy", r, {"listed": without("policy")}, "manifest", "policy"),
        ("manifest-unlisted", r, {"members": with_member("notes.txt", b"x")}, "manifest", "notes.txt"),
        ("manifest-missing", r, {"members": without("documents/D-1.pdf")}, "manifest", "documents/D-1.pdf"),
        ("manifest-digest", r, {"members": lambda m: {**m, "READ-ME.txt": b"For people to burn.\n"}}, "manifest", "READ-ME.txt"),
        ("manifest-size", r, {"manifest": file_of("READ-ME.txt", size=21)}, "manifest", "READ-ME.txt"),
        ("manifest-anchor", r, {"listed": with_member("anchors/13/checkpoint", b"x")}, "manifest", "anchors/13/checkpoint"),
        ("checkpoint-signature", r, {"checkpoint": lambda note: note[:-20] + flip(note[-20:-10]) + note[-10:]}, "checkpoint", "checkpoint"),
        ("checkpoint-origin", r, {"checkpoint": replace(b"ringfence", b"bingfence")}, "checkpoint", "checkpoint"),
        ("checkpoint-two", r, {"checkpoint": cosigned_again}, "checkpoint", "checkpoint"),
        ("checkpoint-extension", r, {"checkpoint": lambda n: resigned(n.decode().split("\n\n")[0] + "\nmore\n")}, "checkpoint", "checkpoint"),
        ("entries-order", r, {"entries": swap_lines}, "entries", "0"),
        ("entries-spaces", r, {"entry": only(2, replace(b'"kind":', b'"kind": '))}, "entries", "line 2"),
        ("entries-date", r, {"entry": only(2, lambda e: e[:-27] + b'"2026-02-30T08:00:00.000Z"}')}, "entries", "line 2"),
        ("entries-backwards", r, {"entry": only(2, replace(b"2026-", b"2025-"))}, "entries", "2"),
        ("entries-foreign", r, {"line": only(2, lambda l: l + b"~" + disclosure("salt", "x", 1).encode())}, "entries", "2"),
        ("entries-twice", r, {"line": only(2, lambda l: l + b"~" + l.split(b"~")[1])}, "entries", "2"),
        ("entries-no-newline", r, {"entries": lambda e: e[:-1]}, "entries", "line 8"),
        ("entries-none", r, {"entries": lambda e: b""}, "entries", "line 1"),
        ("entries-name", r, {"fields": only(2, lambda f: [("...", 1)] + f[1:])}, "entries", "2"),
        ("entries-same-name", r, {"fields": only(2, lambda f: [("by", 1), ("by", 2)] + f[2:])}, "entries", "2"),
        ("tree-missing", r, {"tiles": lambda t: {}}, "tree", "tile/0/000.p/21"),
        ("tree-more", r, {"members": with_member("tile/0/000.p/20", b"\0" * 640)}, "tree", "tile/0/000.p/20"),
        ("tree-width", r, {"tiles": lambda t: {k: v + v[:32] for k, v in t.items()}}, "tree", "tile/0/000.p/21"),
        ("tree-root", r, {"checkpoint": other_root}, "tree", "root"),
        ("tree-hash", Recipe(seed=9, entries=300), {"tiles": lambda t: {k: flip(v) if k == "tile/0/000" else v for k, v in t.items()}}, "tree", "tile/0/000"),
        ("inclusion", r, {"line": only(2, replace(b'"kind":"', b'"kind":"x'))}, "inclusion", "2"),
        ("export-digest", r, {"export_fields": lambda f: [f[0], ("manifest", sha256(b"another").hex()), f[2]]}, "export", "20"),
        ("export-upper", r, {"export_fields": lambda f: [f[0], ("manifest", f[1][1].upper()), f[2]]}, "export", "20"),
        ("export-shows-less", r, {"export_shown": lambda shown, _: shown[1:]}, "export", "20"),
        ("export-shows-not-even-the-manifest", r, {"export_shown": lambda shown, _: shown[:1]}, "export", "20"),
        ("export-shows-more", r, {"export_shown": lambda _, every: every}, "export", "20"),
        ("export-shows-another", r, {"export_shown": lambda _, every: every[1:]}, "export", "20"),
        ("export-shows-in-another-order", r, {"export_shown": lambda shown, _: shown[::-1]}, "export", "20"),
        ("manifest-origin-empty", r, {"manifest": edit(origin="")}, "checkpoint", "checkpoint"),
        ("manifest-shown-missing", r, {"manifest": lambda m: {k: v for k, v in m.items() if k != "shown"}}, "manifest", "manifest.json"),
        ("manifest-shown-null", r, {"manifest": edit(shown=None)}, "manifest", "manifest.json"),
        ("manifest-shown-nothing", r, {"manifest": edit(shown=[])}, "manifest", "manifest.json"),
        ("manifest-shown-without-itself", r, {"manifest": edit(shown=["by"])}, "manifest", "manifest.json"),
        ("manifest-shown-twice", r, {"manifest": edit(shown=["by", "by", "manifest"])}, "manifest", "manifest.json"),
        ("manifest-shown-descending", r, {"manifest": edit(shown=["manifest", "by"])}, "manifest", "manifest.json"),
        ("manifest-shown-a-number", r, {"manifest": edit(shown=[1, "manifest"])}, "manifest", "manifest.json"),
        ("manifest-shown-ascending-otherwise", r, {"manifest": edit(shown=["manifest", "\U00010000", "\uffee"])}, "manifest", "manifest.json"),
        ("export-kind", r, {"export_entry": replace(b"evidence.exported", b"evidence.imported")}, "export", "20"),
        ("file-field", r, {"manifest": file_of("READ-ME.txt", entry=0, field="digest")}, "file", "READ-ME.txt"),
        ("file-entry", r, {"manifest": file_of("documents/D-1.pdf", entry=1)}, "file", "documents/D-1.pdf"),
        ("policy-log", r, {"policy": replace(b"\nlog ", b"\n#log ")}, "policy", "policy"),
        ("policy-group", r, {"policy": replace(b" 2 w1", b" 4 w1")}, "policy", "policy"),
        ("policy-two-quorums", r, {"policy": lambda p: p + b"quorum none\n"}, "policy", "policy"),
        ("policy-member-twice", r, {"policy": replace(b" 2 w1 w2 w3", b" 2 w1 w1 w3")}, "policy", "policy"),
        ("anchor-root", r, {"anchor_text": lambda t, _: t[:-46] + "X" + t[-45:]}, "anchor", "12"),
        ("anchor-twice", r, {"anchor": lambda note, _: cosigned_again(note)}, "anchor", "12"),
        ("anchor-stranger", r, {"anchor": lambda note, _: stranger_cosigned(note)}, "anchor", "12"),
        ("anchor-cosignature", r, {"anchor": lambda note, _: note[:-20] + flip(note[-20:-10]) + note[-10:]}, "anchor", "12"),
        ("anchor-too-many-keys", r, {"keys": lambda k: [verifier_key(r.origin, 1, public_key("other"))] + k}, "anchor", "keys"),
        ("anchor-rotation", rotated, {"fields": only(6, lambda f: [("key", verifier_key(r.origin, 1, public_key("other")))] + f[1:])}, "anchor", "6"),
        ("stamp-other-text", stamped, {"stamped": lambda text, _: text + b"x"}, "stamp", "anchors/12/1.tsr"),
        ("stamp-broken", stamped, {"token": lambda token, _: token[:-9] + flip(token[-9:])}, "stamp", "anchors/12/1.tsr"),
        ("stamp-chain-order", stamped, {"chain": lambda pem, _: b"-----BEGIN".join(pem.split(b"-----BEGIN")[:1] + pem.split(b"-----BEGIN")[:0:-1])}, "stamp", "anchors/12/1.tsr"),
        ("stamp-chain-short", stamped, {"chain": lambda pem, _: pem[:pem.rindex(b"-----BEGIN")]}, "stamp", "anchors/12/1.tsr"),
    ] + [(name, recipe, tamper, "stamp", "anchors/12/1.tsr") for name, recipe, tamper in [
        ("stamp-sha1", bad(digest="sha1"), {}),
        ("stamp-not-a-ca", bad(ca="critical,CA:FALSE"), {}),
        ("stamp-no-constraints", bad(ca=None), {}),
        ("stamp-ca-may-not-sign", bad(ca_key_usage="critical,digitalSignature"), {}),
        ("stamp-usage-not-critical", bad(usage="timeStamping", stamp={"status": 0}), {}),
        ("stamp-usage-more", bad(usage="critical,timeStamping,emailProtection", stamp={"status": 0}), {}),
        ("stamp-usage-unknown", bad(usage="critical,timeStamping,1.2.3.4", stamp={"status": 0}), {}),
        ("stamp-usage-other", bad(usage="critical,emailProtection", stamp={"status": 0}), {}),
        ("stamp-usage-none", bad(usage=None, stamp={"status": 0}), {}),
        ("stamp-rejected", token(status=2), {}),
        ("stamp-two-signers", token(signed_by=("signer", "intermediate")), {}),
        ("stamp-unnamed-signer", token(cades=False), {}),
        ("stamp-other-content", token(kind="1.2.840.113549.1.7.1"), {}),
        ("stamp-other-imprint", token(imprint=sha256(b"x")), {}),
        ("stamp-short-imprint", token(imprint=b""), {}),
        ("stamp-sha3", token(digest="sha3-256"), {}),
        ("stamp-by-the-intermediate", token(signed_by=("intermediate",)), {}),
        ("stamp-too-late", bad(valid={"signer": ("20250101000000Z", "20260401000000Z")}, stamp={"time": "20260401000001Z"}), {}),
        ("stamp-too-early", bad(valid={"signer": ("20250101000000Z", "20260401000000Z")}, stamp={"time": "20241231235959Z"}), {}),
        ("stamp-ca-too-late", bad(valid={"intermediate": ("20250101000000Z", "20260101000000Z")}, stamp={"status": 0}), {}),
        ("stamp-root-too-late", bad(valid={"root": ("20250101000000Z", "20260101000000Z")}, stamp={"status": 0}), {}),
        ("stamp-trailing", stamped, {"token": lambda token, _: token + b"\0"}),
        ("stamp-set-as-a-primitive", stamped, {"token": lambda token, _: replace(ESS + b"\x31", ESS + b"\x11")(token)}),
        ("stamp-empty", stamped, {"token": lambda token, _: b""}),
        ("stamp-no-token", stamped, {"token": lambda token, _: bytes.fromhex("30053003020100")}),
        ("stamp-chain-empty", stamped, {"chain": lambda pem, _: b""}),
        ("stamp-chain-other", stamped, {"chain": lambda pem, _: Authority.of(name="Other").chain()}),
        ("stamp-chain-other-root", stamped, {"chain": lambda pem, _: pem[:pem.rindex(b"-----BEGIN")] + Authority.of(name="Other").read("root.pem")}),
        ("stamp-chain-twin-root", stamped, {"chain": lambda pem, _: pem[:pem.rindex(b"-----BEGIN")] + Authority.of(curve="P-384").read("root.pem")}),
        ("stamp-chain-more", stamped, {"chain": lambda pem, _: pem + Authority.of(name="Other").read("root.pem")}),
        ("stamp-chain-between", stamped, {"chain": lambda pem, _: b"-----BEGIN".join(pem.split(b"-----BEGIN")[:2] + pem.split(b"-----BEGIN")[1:])}),
    ]] + [("hand-" + case, by_hand(case), {}, "stamp", "anchors/4/1.tsr") for case in make_stamp.BAD]


# Mutations ----------------------------------------------------------------------------------------------------------------------

def mutate(bundle, seed):
    """(mutant, what was done). Half change bytes of the file as it lies there, half change the structure and pack it again."""
    rng = random.Random("mutation %d" % seed)
    mutant, what = (mutate_bytes if rng.random() < 0.5 else mutate_members)(bundle, rng)
    if mutant == bundle:
        return mutate(bundle, seed + 1_000_003)
    return mutant, what


def mutate_bytes(data, rng):
    at, length = rng.randrange(len(data)), rng.choice([1, 1, 1, 2, 4, 32, 100])
    how = rng.choice(["bit", "bit", "bit", "byte", "insert", "delete", "repeat", "truncate", "append", "zero", "swap"])
    piece = data[at:at + length]
    if how == "bit":
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:], "bit at %d" % at
    changed = {
        "byte": data[:at] + bytes([rng.randrange(256)]) + data[at + 1:],
        "insert": data[:at] + bytes(rng.randrange(256) for _ in range(length)) + data[at:],
        "delete": data[:at] + data[at + length:],
        "repeat": data[:at] + piece + data[at:],
        "truncate": data[:at],
        "append": data + bytes(rng.randrange(256) for _ in range(length)),
        "zero": data[:at] + b"\0" * len(piece) + data[at + length:],
        "swap": data[:at] + data[at + length:at + 2 * length] + piece + data[at + 2 * length:],
    }[how]
    return changed, "%s %d at %d" % (how, length, at)


def mutate_members(bundle, rng):
    members = dict(unarchive(bundle))
    name = rng.choice(sorted(members))
    how = rng.choice(["content", "content", "content", "text", "text", "lines", "rename", "drop", "add", "move", "resize"])
    content = members[name]
    if how == "content" and content:
        members[name], detail = mutate_bytes(content, rng)
        how += " " + detail
    elif how == "text":
        members[name] = mutate_text(content, rng)
    elif how == "lines":
        lines = content.splitlines(True)
        first, second = rng.randrange(len(lines) or 1), rng.randrange(len(lines) or 1)
        if lines and rng.random() < 0.5:
            lines[first], lines[second] = lines[second], lines[first]
        elif lines:
            lines.insert(second, lines.pop(first) if rng.random() < 0.5 else lines[first])
        members[name] = b"".join(lines)
    elif how == "rename":
        members[rng.choice([name + "x", name + ".p", "A" + name, "tile/" + name, name.split("/")[-1]])] = members.pop(name)
    elif how == "drop":
        del members[name]
    elif how == "add":
        members[rng.choice(["x", "tile/0/001", "tile/9/000", "anchors/1/checkpoint", "documents/x.pdf", name + ".bak"])] = content
    elif how == "move":
        other = rng.choice(sorted(members))
        members[name], members[other] = members[other], content
    elif how == "resize":
        members[name] = content + rng.choice([b"\n", b" ", b"\0", content]) if rng.random() < 0.7 else content[:-1]
    if rng.random() < 0.5:
        how += ", listed anew"
        members = listed_anew(members)
    return archive(sorted(members.items(), key=lambda m: m[0].encode())), "%s of %s" % (how, name)


def mutate_text(content, rng):
    """A change that keeps the text's look: a digit, a hex digit's or letter's case, a space, a sign of JSON or base64."""
    places = [i for i, c in enumerate(content) if c in b'0123456789abcdefABCDEF "{}[],:+-=~_/\n']
    if not places:
        return content + b"\n"
    at = rng.choice(places)
    old = content[at:at + 1]
    new = rng.choice([old.swapcase(), b"1", b"9", b" ", b" " + old, old + b" ", old + old, b"", b"A", b"\r\n", b"0" + old, b"\t"])
    return content[:at] + new + content[at + 1:]


def listed_anew(members):
    """Sizes and digests of the manifest set right again, as a forger would."""
    try:
        manifest = json.loads(members["manifest.json"])
        known = {file["path"]: file for file in manifest["files"]}
        manifest["files"] = []
        for path in sorted(members):
            if path not in ("manifest.json", "export.txt", "checkpoint") and not path.startswith("tile/"):
                more = {k: v for k, v in known.get(path, {}).items() if k in ("entry", "field")}
                manifest["files"].append({"path": path, "sha256": sha256(members[path]).hex(), "size": len(members[path]), **more})
        return {**members, "manifest.json": json.dumps(manifest, indent=1, ensure_ascii=False).encode()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return members


# Mutations by whoever seals: everything after the change is made to fit it ---------------------------------------------------------

def insider(recipe, seed):
    """(bundle, what was done): a record whose keeper wrote one thing strangely, and then listed and signed it as it is.

    Some of these verify, and rightly so. They show whether two verifiers read alike.
    """
    rng = random.Random("insider %d" % seed)
    stages = {"manifest_bytes": 8, "policy": 4, "anchor": 4, "entry": 4, "disclosures": 6, "text": 2, "entries": 2, "export_line": 1, "checkpoint": 2,
              "export_entry": 1, "tiles": 1}
    if recipe.tokens:
        stages.update(token=12, chain=6)
    stage = rng.choices(list(stages), list(stages.values()))[0]
    details, done = [], []

    def change(value, *_):
        if done or rng.random() < 0.3 and stage in ("entry", "anchor", "token", "chain", "disclosures"):
            return value
        done.append(True)
        if stage == "disclosures":
            values = list(value)
            if values:
                at = rng.randrange(len(values))
                if rng.random() < 0.3:
                    values[at] = mutate_text(values[at].encode(), rng).decode("ascii", "replace").replace("~", "-")
                else:
                    values[at] = base64url(mutate_json(base64.urlsafe_b64decode(values[at] + "=="), rng, details))
            return values
        if stage == "tiles":
            path = rng.choice(sorted(value))
            return {**value, path: mutate_bytes(value[path], rng)[0]}
        data = value.encode() if isinstance(value, str) else value
        if stage == "manifest_bytes":
            data = mutate_json(data, rng, details)
        elif stage == "token" and rng.random() < 0.8:
            data = mutate_der(data, rng, details)
        elif stage == "chain" and rng.random() < 0.5:
            blocks = data.split(b"-----END CERTIFICATE-----\n")[:-1]
            at = rng.randrange(len(blocks))
            der = base64.b64decode(b"".join(blocks[at].split(b"\n")[1:]))
            blocks[at] = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(mutate_der(der, rng, details))
            data = b"".join(block + b"-----END CERTIFICATE-----\n" for block in blocks)
        elif stage != "token" and rng.random() < 0.8:
            data = mutate_text(data, rng)
        else:
            data, what = mutate_bytes(data, rng)
            details.append(what)
        return data.decode("utf-8", "replace") if isinstance(value, str) else data

    return build(recipe, **{stage: change}), "%s %s" % (stage, " ".join(details))


def mutate_json(text, rng, details):
    """A change that readers of JSON are known to take differently, or that keeps the meaning."""
    how = rng.choice(["number", "space", "escape", "double", "more", "more", "value", "text", "text", "bytes", "drop"])
    details.append(how)
    if how == "text":
        return mutate_text(text, rng)
    if how == "bytes":
        return mutate_bytes(text, rng)[0]
    numbers = [i for i in range(1, len(text)) if text[i:i + 1].isdigit() and text[i - 1:i] in b" ,[:"]
    strings = [i for i in range(1, len(text) - 1) if text[i:i + 1].isalnum() and text[i - 1:i] == b'"']
    commas = [i for i in range(len(text)) if text[i:i + 1] in b",:{}[]"]
    if how == "number" and numbers:
        at = rng.choice(numbers)
        end = at
        while text[end:end + 1].isdigit():
            end += 1
        old = text[at:end]
        new = rng.choice([old + b".0", old + b"e0", old + b"E+0", b"-" + old, b"-0", b"0" + old, b"+" + old, b"0", b"9007199254740991", b"9007199254740992",
                          b"18446744073709551616", b"1e400", b"1e-400", b"true", b"null", b'"' + old + b'"', b"0x1", b"[" + old + b"]", old + b".", b"NaN"])
        return text[:at] + new + text[end:]
    if how == "space" and commas:
        at = rng.choice(commas)
        new = rng.choice([b" ", b"\n", b"\t", b"\r", b"\x0b", b"\x0c", b"\xc2\xa0", b"\xef\xbb\xbf", b"\0", b"/**/", b",", b"\xe2\x80\xa8"])
        return text[:at] + new + text[at:]
    if how == "escape" and strings:
        at = rng.choice(strings)
        code = text[at]
        new = rng.choice([b"\\u%04x" % code, b"\\u%04X" % code, b"\\u%03x" % code, b"\\x%02x" % code, b"\\" + text[at:at + 1], b"\\/", b"\\u0000", b"\\ud800",
                          b"\\udc00", b"\\ud83d\\ude00", b"\\ud83d\\u0041", b"\\U0041", b"\t", b"\x7f", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80",
                          b"\xef\xbf\xbf", b"\\uD83D\\uDE00", b"\\ud83d", b"\\\"", b"\\b\\f\\n\\r\\t"])
        return text[:at] + new + text[at + 1:]
    if how == "double" and text.startswith(b"{"):
        at = text.index(b":")
        name = rng.choice([text[1:at], b'"format"', b'"\\u0066ormat"', b'"x":1,"x"', b'"":1,""', b'"a":{"b":1,"b":2},"c"'])
        return b"{" + name + b":" + rng.choice([b"1", b"null", b'"ringfence-evidence/1"']) + b"," + text[1:]
    if how in ("more", "double"):
        deep = rng.choice([1, 5, 120, 124, 125, 126, 127, 128, 500, 5000])
        value = rng.choice([b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"1e308", b"1e309", b"-1e400", b"1" * 309, b"1" * 310, b"0e999999", b"1E5", b"-0",
                            b"-0.0", b"1e", b"1.e5", b'"\\ud800"', b'"\\u0000"', b'"\\ud83d\\ude00"', b"Infinity", b"tru", b"TRUE", b"null", b"[]", b"{}", b"[,]", b"[1,]", b"'x'",
                            b"123456789012345678901234567890", b"0.1" + b"0" * 400, b'"' + b"x" * 70000 + b'"', b"[1 2]", b'{"a" 1}', b'{"a":1,}', b"{1:2}", b"00", b"--1"])
        if text.startswith(b"{"):
            return b'{"zz":' + value + b"," + text[1:]
        comma = text.rfind(b",")
        return text[:comma + 1] + value + b"]"
    if how == "value" and strings:
        at = rng.choice(strings) - 1
        end = text.find(b'"', at + 1) + 1
        return text[:at] + rng.choice([b"null", b"1", b"true", b"[]", b"{}", b'""', b'"x"', b"[" + text[at:end] + b"]"]) + text[end:]
    if how == "drop" and commas:
        at = rng.choice(commas)
        return text[:at] + text[at + 1:]
    return mutate_text(text, rng)


def mutate_der(data, rng, details):
    """A change of one element, with all lengths around it set right again."""
    def read(data):
        found, at = [], 0
        while at < len(data):
            tag, length, start = data[at], data[at + 1], at + 2
            if length > 0x7F:
                start += length - 0x80
                length = int.from_bytes(data[at + 2:start], "big")
            if start + length > len(data):
                raise ValueError
            content = data[start:start + length]
            children = None
            if tag & 0x20 or tag == 0x04:
                try:
                    children = read(content)
                except (ValueError, IndexError):
                    if tag & 0x20:
                        raise
            found.append([tag, content if not children else children])
            at = start + length
        return found

    def write(nodes):
        return b"".join(node[2] + node[1] if len(node) == 3 else tlv(node[0], node[1] if isinstance(node[1], bytes) else write(node[1])) for node in nodes)

    def walk(nodes):
        for i in range(len(nodes)):
            yield nodes, i
            if isinstance(nodes[i][1], list):
                yield from walk(nodes[i][1])

    try:
        tree = read(data)
    except (ValueError, IndexError):
        return mutate_bytes(data, rng)[0]
    places = list(walk(tree))
    number = rng.randrange(len(places))
    nodes, i = places[number]
    how = rng.choice(["drop", "twice", "tag", "byte", "byte", "empty", "swap", "long", "indefinite", "null", "grow", "from"])
    details.append("%s of element %d (tag %02x)" % (how, number, nodes[i][0]))
    content = nodes[i][1] if isinstance(nodes[i][1], bytes) else write(nodes[i][1])
    if how == "drop":
        del nodes[i]
    elif how == "twice":
        nodes.insert(i, nodes[i])
    elif how == "tag":
        nodes[i] = [rng.choice([nodes[i][0] ^ 0x20, nodes[i][0] ^ 1, 0x30, 0x31, 0x02, 0x04, 0xA0, 0xA1, 0x1F, 0]), content]
    elif how == "byte" and content:
        nodes[i] = [nodes[i][0], mutate_bytes(content, rng)[0]]
    elif how == "empty":
        nodes[i] = [nodes[i][0], b""]
    elif how == "swap":
        j = rng.randrange(len(nodes))
        nodes[i], nodes[j] = nodes[j], nodes[i]
    elif how == "long":
        nodes[i] = [0, content, bytes([nodes[i][0], 0x83]) + len(content).to_bytes(3, "big")]
    elif how == "indefinite":
        nodes[i] = [0, content + b"\0\0", bytes([nodes[i][0], 0x80])]
    elif how == "null":
        nodes.insert(i + 1, [0x05, b""])
    elif how == "grow":
        nodes[i] = [nodes[i][0], rng.choice([b"\0", b"\xff"]) + content]
    else:
        other, j = rng.choice(places)
        nodes[i] = [other[j][0], other[j][1] if isinstance(other[j][1], bytes) else write(other[j][1])]
    return write(tree)


# Command line -------------------------------------------------------------------------------------------------------------------

def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def write_samples(folder):
    os.makedirs(folder, exist_ok=True)
    expected = {}
    for name, recipe in good_recipes().items():
        world = World(recipe)
        write(folder, "good-%s.zip" % name, world.archive)
        expected["good-%s.zip" % name] = {"verdict": "verified", "key": world.keys[-1]}
        if name in ("plain", "rotated", "deep"):
            write(folder, "good-%s.tlog-proof" % name, world.proof(world.positions[-1]))
            expected["good-%s.tlog-proof" % name] = {"verdict": "verified", "key": world.keys[-1]}
    for name, proof, key in misspelt_proofs():
        write(folder, "bad-%s.tlog-proof" % name, proof)
        expected["bad-%s.tlog-proof" % name] = {"verdict": "unreadable", "key": key, "check": "container", "at": "proof"}
    for name, recipe, tamper, check, at in [*broken_cases(), *misspelt_cases()]:
        write(folder, "bad-%s.zip" % name, build(recipe, **tamper))
        verdict = {"verdict": "not verified", "check": check, "at": at} if check else {"verdict": "unreadable"}
        expected["bad-%s.zip" % name] = verdict
    write(folder, "expected.json", json.dumps(expected, indent=1).encode() + b"\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?")
    parser.add_argument("--samples", metavar="FOLDER")
    parser.add_argument("--mutants", type=int, default=0, help="write so many mutants of the bundle beside it")
    for name in ("seed", "entries", "shown", "fields", "withheld", "documents", "agreements", "witnesses", "quorum", "cosigned", "tokens", "tail"):
        parser.add_argument("--" + name, type=int, default=getattr(Recipe, name))
    parser.add_argument("--anchor", type=int, action="append", default=[], dest="anchors")
    parser.add_argument("--rotate", type=int, action="append", default=[], dest="rotations")
    parser.add_argument("--proof", type=int, action="append", default=[], help="write a tlog-proof of this position beside it")
    arguments = vars(parser.parse_args())
    out, samples, mutants, proofs = (arguments.pop(k) for k in ("out", "samples", "mutants", "proof"))
    if samples:
        write_samples(samples)
    if out:
        world = World(Recipe(**arguments))
        write("", out, world.archive)
        for position in proofs:
            write("", "%s-%d.tlog-proof" % (out, position), world.proof(position))
        for number in range(mutants):
            write("", "%s-%d.zip" % (out, number), mutate(world.archive, number)[0])
        print(world.keys[-1])
    return 0 if out or samples else parser.error("name a file, or --samples")


if __name__ == "__main__":
    sys.exit(main())
