#!/usr/bin/env python3
"""Verifies a Ringfence evidence bundle (.zip), or the proof of one entry (.tlog-proof).

    ringfence_verify.py FILE [--json] [--key VKEY] [--policy FILE] [--tsa-root PEM]

It needs Python 3.9 or later and `openssl` 3.x, which it calls for signatures and certificates. It fetches nothing, and writes nothing
but to a temporary folder. It was written from docs/record-format.md alone and follows section 9 there; "section N" means that page.
Exit codes: 0 verified, 1 not verified, 2 unreadable, or asked wrongly.
"""
import argparse, base64, contextlib, datetime, hashlib, json, os, re, struct, subprocess, sys, tempfile, zlib
from collections import namedtuple

class NotVerified(Exception):
    """A check failed: its name, what it failed at, and why. `container` at `archive` or `proof` means unreadable."""
    def __init__(self, name, at, reason):
        super().__init__(reason)
        self.failed = {"check": name, "at": str(at), "reason": str(reason)}

@contextlib.contextmanager
def check(name, at):
    """What is wrong within the block fails the check `name` at `at`."""
    try:
        yield
    except (ValueError, LookupError, RecursionError) as error:
        raise NotVerified(name, at, error) from None

def require(condition, reason):
    if not condition:
        raise ValueError(reason)


# Encodings: Python's own readers are lenient; here a value has one text ----------------------------------------------------------

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def from_base64(text):
    """RFC 4648, section 4."""
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "not exact base64")
    return data

def from_base64url(text):
    """RFC 4648, section 5, without padding."""
    data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    require(base64.urlsafe_b64encode(data).rstrip(b"=") == text, "not exact base64url")
    return data

def decimal(text, most):
    require(re.fullmatch("0|[1-9][0-9]{0,15}", text) and int(text) <= most, "not a decimal up to %d: `%s`" % (most, text[:20]))
    return int(text)

def from_json(data):
    """JSON as the page's head says. Of numbers, only decimals become `int`."""
    def number(text):
        value = float(text)
        require(value - value == 0, "not a number, or beyond a double: `%s`" % text[:20])
        return int(text) if re.fullmatch("0|[1-9][0-9]{0,15}", text) else value

    def members(pairs):
        require(len(dict(pairs)) == len(pairs), "a name stands twice in an object")
        return dict(pairs)

    value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=number)
    json.dumps(value, ensure_ascii=False).encode("utf-8")   # fails at half a surrogate pair
    level, depth = [value], -1
    while level:
        level = [inner for outer in level if isinstance(outer, (list, dict))
                 for inner in [None, *(outer.values() if isinstance(outer, dict) else outer)]]
        depth += 1
    require(depth <= 127, "nested too deep")
    return value

def is_number(value):
    return type(value) is int and value < 2 ** 53

def utc(seconds):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat() + "Z"


# Section 5: the container --------------------------------------------------------------------------------------------------------

SEGMENT = r"(?![.])[A-Za-z0-9._-]{1,100}(?<![.])"
NAME = re.compile("(?=.{1,250}$)%s(?:/%s)*" % (SEGMENT, SEGMENT))

def read_archive(data):
    """The members by name. The archive is made anew from names, contents and CRC-32s, and must be the file, byte for byte."""
    members, crcs, names, folders, locals_, centrals, at, last = {}, {}, set(), set(), [], [], 0, ""
    with check("container", "archive"):
        while data[at:at + 4] == b"PK\x03\x04" and len(data) >= at + 30:
            crc, size, _, length = struct.unpack("<IIIH", data[at + 14:at + 28])
            name, content = data[at + 30:at + 30 + length].decode("ascii"), data[at + 30 + length:at + 30 + length + size]
            require(NAME.fullmatch(name) and name > last and name.lower() not in names, "the name at byte %d is not allowed" % at)
            require(at < 2 ** 32 - 1 and size < 2 ** 32 - 1, "the member at byte %d is too large" % at)
            header = struct.pack("<HHHHHIIIHH", 0x14, 0x0800, 0, 0, 0x21, crc, size, size, length, 0)
            locals_.append(b"PK\x03\x04" + header + name.encode() + content)
            centrals.append(b"PK\x01\x02\x14\0" + header + struct.pack("<HHHII", 0, 0, 0, 0, at) + name.encode())
            members[name], crcs[name], last, at = content, crc, name, at + len(locals_[-1])
            names.add(name.lower())
            folders.update(name.lower()[:slash.start()] for slash in re.finditer("/", name))
        length = sum(map(len, centrals))
        require(len(members) <= 65534 and at < 2 ** 32 - 1 and length < 2 ** 32 - 1, "it is too large")
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(members), len(members), length, at, 0)
        require(b"".join([*locals_, *centrals, end]) == data, "it is not of the one shape that its members give")
        require(not names & folders, "a name is a folder of another")
    for name, content in members.items():
        with check("container", name):
            require(zlib.crc32(content) == crcs[name], "its CRC-32 is wrong")
    return members


# Section 4: keys, notes, signatures ----------------------------------------------------------------------------------------------

Key = namedtuple("Key", "name id public text")
Checkpoint = namedtuple("Checkpoint", "text origin size root signatures")    # a signature: name, key id, bytes
LOG, WITNESS = 1, 4     # signature types of C2SP signed-note

def is_key_name(name):
    return name != "" and "+" not in name and not any(c.isspace() or c < " " for c in name)

def read_key(text, kind):
    """A verifier key, `name+id+base64`, of this type."""
    require(text.count("+") >= 2, "not a verifier key: `%s`" % text)
    name, key_id, rest = text.split("+", 2)
    material = from_base64(rest)
    require(is_key_name(name) and len(material) == 33 and material[0] == kind, "not an Ed25519 key of type %d: `%s`" % (kind, text))
    require(sha256(name.encode(), b"\n", material)[:4].hex() == key_id, "the id does not belong to the key: `%s`" % text)
    return Key(name, bytes.fromhex(key_id), material[1:], text)

def read_checkpoint(data):
    """A signed note of three lines: origin, size, root."""
    require(len(data) <= 2 ** 20, "longer than 2^20 bytes")
    note, signatures = data.decode("utf-8"), []
    require(not any(c < " " and c != "\n" for c in note), "a control character")
    text, gap, rest = note.rpartition("\n\n")
    lines = text.split("\n")
    require(gap and rest.endswith("\n") and len(lines) == 3 and lines[0], "not three lines, an empty one, and signatures")
    for line in rest[:-1].split("\n"):
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014" and is_key_name(parts[1]), "not a signature line: `%s`" % line)
        signature = from_base64(parts[2])
        signatures.append((parts[1], signature[:4], signature[4:]))
    require(len(signatures) <= 100 and all(signature[2] for signature in signatures), "more than 100 signatures, or an empty one")
    origin, size, root = lines[0], decimal(lines[1], 2 ** 53), from_base64(lines[2])
    require(len(root) == 32, "the root is not a digest")
    return Checkpoint(text + "\n", origin, size, root, signatures)

def openssl(*arguments, **files):
    """Whether openssl says yes. It runs in a temporary folder, where `files` lie under their names."""
    with tempfile.TemporaryDirectory(prefix="ringfence-verify-") as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        return not subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True).returncode

def is_signed(message, signature, public):
    """Ed25519 (RFC 8032). What is put before the key says in DER that an Ed25519 key follows (RFC 8410)."""
    key = bytes.fromhex("302a300506032b6570032100") + public
    return len(signature) == 64 and openssl(
        "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "message", "-sigfile", "signature",
        key=key, message=message, signature=signature)

def check_log_signature(checkpoint, key):
    """That the log's key signed; gives back the signatures by other keys."""
    own = [signature for name, key_id, signature in checkpoint.signatures if (name, key_id) == key[:2]]
    require(len(own) == 1, "not signed, or twice, by `%s`" % key.text)
    require(is_signed(checkpoint.text.encode(), own[0], key.public), "the signature by `%s` is wrong" % key.text)
    return [signature for signature in checkpoint.signatures if signature[:2] != key[:2]]

def cosigned_at(checkpoint, signature, key):
    """When the witness says that it cosigned (C2SP tlog-cosignature)."""
    seconds = int.from_bytes(signature[:8], "big")
    require(len(signature) == 72 and seconds < 253402300800, "the cosignature by `%s` has no length or time of one" % key.text)
    message = "cosignature/v1\ntime %d\n%s" % (seconds, checkpoint.text)
    require(is_signed(message.encode(), signature[8:], key.public), "the cosignature by `%s` is wrong" % key.text)
    return utc(seconds)


# Sections 6 and 7: members and manifest ------------------------------------------------------------------------------------------

UNLISTED = {"checkpoint", "export.txt", "manifest.json"}     # and tile/…

def read_manifest(members):
    """The manifest, the log's keys, and the number of tokens by the size of the anchor."""
    for name in sorted(UNLISTED | {"entries.txt", "policy"}):
        with check("manifest", name):
            require(name in members, "it is missing")
    with check("manifest", "manifest.json"):
        require(len(members["manifest.json"]) <= 2 ** 26, "longer than 2^26 bytes")
        manifest = from_json(members["manifest.json"])
        require(isinstance(manifest, dict) and manifest.get("format") == "ringfence-evidence/1", "not of format ringfence-evidence/1")
        for name, kind in (("keys", str), ("anchors", dict), ("files", dict)):
            require(isinstance(manifest.get(name), list) and all(isinstance(item, kind) for item in manifest[name]), "`%s` is wrong" % name)
        keys, anchors, files = [read_key(text, LOG) for text in manifest["keys"]], manifest["anchors"], manifest["files"]
        require(isinstance(manifest.get("origin"), str) and keys and len(set(keys)) == len(keys), "no `origin`, no key, or one twice")
        require(all(is_number(anchor.get("size")) and is_number(anchor.get("tokens")) for anchor in anchors), "an anchor is wrong")
        for file in files:
            require(isinstance(file.get("path"), str) and isinstance(file.get("sha256"), str) and is_number(file.get("size")), "a file is wrong")
            require(re.fullmatch("[0-9a-f]{64}", file["sha256"]) and ("entry" in file) == ("field" in file), "a file is wrong")
            require(is_number(file.get("entry", 0)) and isinstance(file.get("field", ""), str), "`entry` or `field` is wrong")
        for values in ([0, *(anchor["size"] for anchor in anchors)], [file["path"].encode() for file in files]):
            require(all(a < b for a, b in zip(values, values[1:])), "`anchors` or `files` do not ascend")
    there, listed = {name for name in members if name not in UNLISTED and not name.startswith("tile/")}, {file["path"] for file in files}
    for name in sorted(there ^ listed):
        raise NotVerified("manifest", name, "it is not listed" if name in there else "it is listed and not there, or is never listed")
    for file in files:
        with check("manifest", file["path"]):
            content = members[file["path"]]
            require(len(content) == file["size"] and sha256(content).hex() == file["sha256"], "its size or digest is not as listed")
    tokens = {anchor["size"]: anchor["tokens"] for anchor in anchors}
    for name in sorted(name for name in there if name.startswith("anchors/")):
        with check("manifest", name):
            match = re.fullmatch(r"anchors/([1-9][0-9]{0,15})/(?:checkpoint|([1-9][0-9]{0,15})\.(?:tsr|pem))", name)
            require(match and int(match[2] or 0) <= tokens.get(int(match[1]), -1), "`anchors` does not name it")
    for size, count in tokens.items():
        for name in ["checkpoint"] + ["%d.%s" % (number + 1, kind) for number in range(min(count, 65534)) for kind in ("pem", "tsr")]:
            with check("manifest", "anchors/%d/%s" % (size, name)):
                require("anchors/%d/%s" % (size, name) in there, "it is missing")
    return manifest, keys, tokens


# Sections 1 to 3: entries, fields, lines -----------------------------------------------------------------------------------------

DIGEST = rb'"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'      # 32 bytes; the last two bits of the text are unused, and zero
ENTRY = re.compile(rb'\{"_sd":\[((?:%s(?:,%s)*)?)\],"kind":"([a-z0-9.-]{1,128})","position":(0|[1-9][0-9]{0,15}),"time":"'
                   rb'(([0-9]{4})-([0-9]{2})-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z)"\}' % (DIGEST, DIGEST))
Line = namedtuple("Line", "position kind time leaf fields withheld")

def read_line(line, at):
    """An entry and its shown fields. ENTRY is the one text that an entry can have."""
    text, *disclosures = line.split(b"~")
    with check("entries", at):
        entry = ENTRY.fullmatch(text)
        require(entry and len(line) < 2 ** 24, "not an entry in its one form, or too long")
        position, date = int(entry[3]), datetime.date(int(entry[5]), int(entry[6]), int(entry[7]))
        digests = [base64.urlsafe_b64decode(digest + b"=") for digest in re.findall(b"[^\",]+", entry[1])]
        require(position < 2 ** 53 and date.year >= 1970 and len(digests) <= 1024, "a position, year or number of digests beyond bounds")
        require(all(a < b for a, b in zip(digests, digests[1:])), "the digests do not ascend")
    with check("entries", position):
        fields, hidden = {}, set(digests)
        for disclosure in disclosures:
            value = from_json(from_base64url(disclosure))
            require(isinstance(value, list) and len(value) == 3, "a disclosure is not an array of three")
            salt, name, shown = value
            require(isinstance(salt, str) and salt and isinstance(name, str) and name not in ("_sd", "..."), "no salt, or no name of a field")
            require(sha256(disclosure) in hidden and name not in fields, "a disclosure is not of this entry, or stands twice")
            hidden.remove(sha256(disclosure))
            fields[name] = shown
    return Line(position, entry[2].decode(), entry[4].decode(), sha256(b"\0", text), fields, len(hidden))

def read_entries(members, size):
    """The lines of entries.txt, and last the line of export.txt."""
    lines = []
    *texts, rest = members["entries.txt"].split(b"\n")
    *export, more = members["export.txt"].split(b"\n")
    places = [(text, "line %d" % number) for number, text in enumerate(texts, 1)]
    places += [(None, "line %d" % (len(texts) + 1))] if rest or not texts else []
    for text, at in places + [(export[0] if len(export) == 1 and not more else None, "export.txt")]:
        with check("entries", at):
            require(text is not None, "no line with its newline, or more than one")
        line = read_line(text, at)
        with check("entries", line.position):
            require(not lines or lines[-1].position < line.position, "positions do not ascend")
            require(not lines or lines[-1].time <= line.time, "times run backwards")
            require(line.position < size, "the checkpoint covers %d entries" % size)
        lines.append(line)
    return lines


# Section 8: the tree -------------------------------------------------------------------------------------------------------------

LEVELS = range(7)   # 256^7 is more than 2^53

def tile_path(level, index, width):
    text = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        text = "x%03d/%s" % (index % 1000, text)
    return "tile/%d/%s%s" % (level, text, "" if width == 256 else ".p/%d" % width)

def full_root(hashes):
    """The root of a full subtree."""
    while len(hashes) > 1:
        hashes = [sha256(b"\1", left, right) for left, right in zip(hashes[::2], hashes[1::2])]
    return hashes[0]

def read_tiles(members, size, positions, anchors):
    """The hashes of each tile by (level, index): exactly the tiles needed, each true to the one above."""
    starts = [(0, position >> 8) for position in positions]
    starts += [(level, m >> 8 * level >> 8) for m in [size, *anchors] if m <= size for level in LEVELS if (m >> 8 * level) % 256]
    needed, tiles = {}, {}
    for level, index in starts:
        width = 256
        while width == 256 and (level, index) not in tiles:
            width = min(256, (size >> 8 * level) - 256 * index)
            needed[tile_path(level, index, width)], tiles[level, index] = (level, index, width), None
            level, index = level + 1, index >> 8
    there = {name for name in members if name.startswith("tile/")}
    for name in sorted(there ^ set(needed)):
        raise NotVerified("tree", name, "it is not needed" if name in there else "it is missing")
    for name, (level, index, width) in sorted(needed.items()):
        with check("tree", name):
            require(len(members[name]) == 32 * width, "it does not hold %d hashes" % width)
            tiles[level, index] = [members[name][start:start + 32] for start in range(0, 32 * width, 32)]
    for name, (level, index, width) in sorted(needed.items()):
        with check("tree", name):
            fits = width < 256 or full_root(tiles[level, index]) == tiles[level + 1, index >> 8][index % 256]
            require(fits, "its hash does not stand in the tile above")
    return tiles

def root_of(tiles, size):
    """The root of the first `size` entries: full subtrees, from the smallest on the right to the largest (RFC 6962, 2.1)."""
    root = None
    for level in LEVELS:
        end = (size >> 8 * level) % 256
        for bit in range(8):
            if end & 1 << bit:
                peak, end = full_root(tiles[level, size >> 8 * level >> 8][end - (1 << bit):end]), end - (1 << bit)
                root = sha256(b"\1", peak, root) if root else peak
    return root or sha256()


# C2SP tlog-policy ----------------------------------------------------------------------------------------------------------------

class Policy:
    """Logs, witnesses, groups in the order in which they are defined, and the quorum."""
    def __init__(self, data):
        self.logs, self.witnesses, self.by_id, self.groups, self.quorum = [], {}, {}, {}, None
        names, members, publics = {b"none"}, {b"none"}, set()
        require(len(data) <= 2 ** 20 and re.fullmatch(rb"(?:[\t\x20-\x7e\x80-\xff]*\n)*", data), "not lines of text, or too long")
        for line in data.split(b"\n"):
            word, *rest = re.split(b"[ \t]+", line.strip(b" \t"))
            if word == b"log" and len(rest) in (1, 2):
                self.logs.append(read_key(rest[0].decode("utf-8"), LOG))
            elif word == b"witness" and len(rest) in (2, 3) and rest[0] not in names:
                key = read_key(rest[1].decode("utf-8"), WITNESS)
                require(key.public not in publics and key[:2] not in self.by_id, "a witness stands twice")
                self.witnesses[key], self.by_id[key[:2]] = rest[0], key
                names.add(rest[0])
                publics.add(key.public)
            elif word == b"group" and len(rest) > 2 and rest[0] not in names:
                name, number, *group = rest
                number = {b"any": 1, b"all": len(group)}.get(number) or decimal(number.decode("utf-8"), len(group))
                require(number and names.issuperset(group) and members.isdisjoint(group) and len(set(group)) == len(group), "a group is wrong")
                self.groups[name] = number, group
                names.add(name)
                members.update(group)
            elif word == b"quorum" and rest and rest[0] in names and rest[1:] == [] and self.quorum is None:
                self.quorum = rest[0]
            else:
                require(not word or word.startswith(b"#"), "not a line of a policy: `%s`" % line.decode("utf-8", "replace"))
        require(self.quorum is not None, "no quorum")
        require(len({log.public for log in self.logs}) == len(self.logs), "a log stands twice")

    def is_met(self, keys):
        """Whether cosignatures by these keys are enough."""
        met = {b"none"} | {name for key, name in self.witnesses.items() if key in keys}
        for name, (number, group) in self.groups.items():
            if len(met.intersection(group)) >= number:
                met.add(name)
        return self.quorum in met


# Section 9: anchors, and the keys in use for them --------------------------------------------------------------------------------

def check_rotations(keys, lines, anchors):
    """The positions at which a later key came into use."""
    positions = []
    for line in (line for line in lines if line.kind == "evidence.key-rotated"):
        with check("anchor", line.position):
            require(len(positions) + 1 < len(keys), "`keys` has no key that came into use here")
            require(line.fields.get("key") == keys[len(positions) + 1].text, "it does not show the next of `keys`")
            require(line.position + 1 in anchors, "the anchor after it is missing")
        positions.append(line.position)
    with check("anchor", "keys"):
        require(len(positions) == len(keys) - 1, "no entry shows how the last of `keys` came into use")
    return positions

def check_anchor(anchor, head, size, root, key, policy):
    """The times of the cosignatures by witness's key."""
    require(anchor.origin == head.origin and anchor.size == size < head.size, "not of this record and size, or not below the bundle's")
    require(anchor.root == root, "its root is not that of the first %d entries" % size)
    cosigned = {}
    for name, key_id, signature in check_log_signature(anchor, key):
        witness = policy.by_id.get((name, key_id))
        require(witness and witness not in cosigned, "a signature by `%s`, who is no witness of the policy, or twice" % name)
        cosigned[witness] = cosigned_at(anchor, signature, witness)
    return cosigned


# Section 10: time stamps. openssl judges; here stands what it would let pass -----------------------------------------------------

DIGESTS = {bytes.fromhex("60864801650304020" + last): name for last, name in (("1", "sha256"), ("2", "sha384"), ("3", "sha512"))}
TST_INFO, CONTENT_TYPE = bytes.fromhex("2a864886f70d0109100104"), bytes.fromhex("2a864886f70d010903")
SIGNED_BY = {bytes.fromhex("2a864886f70d010910020c"): {20: "sha1"},                                        # ESSCertID
             bytes.fromhex("2a864886f70d010910022f"): {32: "sha256", 48: "sha384", 64: "sha512"}}          # ESSCertIDv2
BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE = b"\x55\x1d\x13", b"\x55\x1d\x25"
STAMPING_ALONE = bytes.fromhex("0603551d25 0101ff 040c300a0608 2b06010505070308")       # and critical

def der(data):
    """The elements of DER, as (tag, content)."""
    found, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length > 0x7F:
            start += length - 0x80
            length = int.from_bytes(data[at + 2:start], "big")
            require(length >= max(0x80, 1 << 8 * (start - at - 3)), "not DER")
        require(start + length <= len(data) and data[at] & 0x1F < 0x1F, "not DER")
        found.append((data[at], data[start:start + length]))
        at = start + length
    return found

def inside(data, *places):
    """The content of the element at the first place, of the element in it at the next, and so on."""
    for place in places:
        data = der(data)[place][1]
    return data

def extensions(certificate):
    """The extensions of a certificate: (identifier, whole content)."""
    found = [content for tag, content in der(inside(certificate, 0, 0)) if tag == 0xA3]
    return [(inside(content, 0), content) for part in found for _, content in der(inside(part, 0))]

def read_chain(data):
    """Certificates as (PEM, DER)."""
    found = re.findall(rb"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n)", data)
    require(found and b"".join(pem for pem, _ in found) == data, "not certificates in PEM alone")
    return [(pem, from_base64(text.replace(b"\n", b"").decode())) for pem, text in found]

def check_stamp(response, pem, text):
    """The time in the token, and the chain's last certificate."""
    require(len(response) <= 2 ** 20 and len(pem) <= 2 ** 20 and len(der(response)) == 1, "too long, or something follows the response")
    chain, signed_data = read_chain(pem), inside(response, 0, 1, 1, 0)
    attributes = [(inside(a, 0), inside(a, 1)) for tag, content in der(inside(signed_data, -1, 0)) if tag == 0xA0 for _, a in der(content)]
    require(inside(signed_data, 2, 0) == TST_INFO and (CONTENT_TYPE, b"\x06\x0b" + TST_INFO) in attributes, "its content is not a TSTInfo")
    named = [(SIGNED_BY[name], der(inside(value, 0, 0, 0))) for name, value in attributes if name in SIGNED_BY]
    require(named, "it does not say whose certificate signed it")
    for digests, identifier in named:
        digest = [content for tag, content in identifier if tag == 0x04][0]
        require(hashlib.new(digests[len(digest)], chain[0][1]).digest() == digest, "the chain's first certificate did not sign it")
    _, _, (_, imprint), _, (_, time), *_ = der(inside(signed_data, 2, 1, 0, 0))
    digest = hashlib.new(DIGESTS[inside(imprint, 0, 0)], text).digest()
    require(inside(imprint, 1) == digest and re.fullmatch(rb"[0-9]{14}(\.[0-9]*[1-9])?Z", time), "not over this text, or without its time")
    seconds = datetime.datetime.strptime(time[:14].decode() + "+0000", "%Y%m%d%H%M%S%z").timestamp()
    usage = [content for name, content in extensions(chain[0][1]) if name == EXTENDED_KEY_USAGE]
    require(usage == [STAMPING_ALONE], "the signer's certificate is not for time stamping alone, and critically so")
    for (subject, _), (issuer, certificate) in zip(chain, chain[1:] + chain[-1:]):
        basic = [inside(content, -1, 0) for name, content in extensions(certificate) if name == BASIC_CONSTRAINTS]
        require(len(chain) == 1 or [b[:3] for b in basic] == [b"\x01\x01\xff"], "an issuer is no certificate authority")
        require(openssl("verify", "-partial_chain", "-check_ss_sig", "-attime", "%d" % seconds, "-trusted", "issuer", "subject",
                        issuer=issuer, subject=subject), "a certificate is not signed by the next, or was not valid then")
    require(openssl("ts", "-verify", "-attime", "%d" % seconds, "-data", "text", "-in", "response", "-CAfile", "root", "-untrusted", "pem",
                    text=text, response=response, root=chain[-1][0], pem=pem), "openssl ts -verify says no")
    return utc(int(seconds)), chain[-1][1]


# Sections 9, 11 and 12: the checks in order, and the report ----------------------------------------------------------------------

Asked = namedtuple("Asked", "key policy roots")     # what is given to compare with; each may be None

def verify_bundle(data, asked):
    members = read_archive(data)
    manifest, keys, tokens = read_manifest(members)
    with check("checkpoint", "checkpoint"):
        head, last = read_checkpoint(members["checkpoint"]), keys[-1]
        require({head.origin, *(key.name for key in keys)} == {manifest["origin"]}, "its origin, the manifest's and the keys' are not one")
        require(check_log_signature(head, last) == [], "it has another signature than the log's")
        require(asked.key in (None, *keys), "none of `keys` is the key given with --key")
    *lines, export = both = read_entries(members, head.size)
    tiles = read_tiles(members, head.size, [line.position for line in both], tokens)
    with check("tree", "root"):
        require(root_of(tiles, head.size) == head.root, "the tiles give another root than the checkpoint's")
    for line in both:
        with check("inclusion", line.position):
            require(tiles[0, line.position >> 8][line.position % 256] == line.leaf, "another entry stands here in the tree")
    with check("export", export.position):
        require(export.kind == "evidence.exported", "its kind is another")
        require(export.fields.get("manifest") == sha256(members["manifest.json"]).hex(), "`manifest` is not the digest of manifest.json")
    shown = {line.position: line.fields for line in lines}
    for file in manifest["files"]:
        with check("file", file["path"]):
            digest = shown.get(file.get("entry"), {}).get(file.get("field"))
            require("entry" not in file or digest == file["sha256"], "the entry does not show its digest in that field")
    with check("policy", "policy"):
        policy = Policy(members["policy"])
        require([log.text for log in policy.logs] == [last.text], "its one log is not the last of `keys`")
    rotations, anchors, cosigned, stamps, roots = check_rotations(keys, lines, tokens), {}, {}, [], []
    for size in tokens:
        with check("anchor", size):
            anchors[size] = read_checkpoint(members["anchors/%d/checkpoint" % size])
            require(size < head.size, "it is not below the checkpoint's size")
            key = keys[sum(position + 1 < size for position in rotations)]
            cosigned[size] = check_anchor(anchors[size], head, size, root_of(tiles, size), key, policy)
    for size, name in [(size, "anchors/%d/%d" % (size, number + 1)) for size, count in tokens.items() for number in range(count)]:
        with check("stamp", name + ".tsr"):
            time, root = check_stamp(members[name + ".tsr"], members[name + ".pem"], anchors[size].text.encode())
            stamps.append({"path": name + ".tsr", "size": size, "time": time, "root": sha256(root).hex()})
            roots.append(root)
    witnesses, quorum = judge(asked.policy or policy, last, cosigned)
    with check("policy", "--policy"):
        require(not asked.policy or quorum, "the policy given names another log, or its quorum did not cosign")
    with check("stamp", "--tsa-root"):
        require(asked.roots is None or set(asked.roots) & set(roots), "no time stamp ends in a certificate given with --tsa-root")
    return report(asked, head, last, lines, len(manifest["files"]), witnesses, quorum, stamps)

def verify_proof(data, asked):
    with check("container", "proof"):
        proof = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\n(?:extra ([^\n]+)\n)?index (0|[1-9][0-9]*)\n((?:[^\n]+\n)*)\n(.*)", data, re.S)
        require(proof, "not of the shape of a tlog-proof")
        extra, path = from_base64((proof[1] or b"").decode()), [from_base64(text.decode()) for text in proof[3].split(b"\n")[:-1]]
        require(all(len(sibling) == 32 for sibling in path), "a hash has another length")
    line = read_line(extra, "line 1")
    with check("entries", line.position):
        require(proof[2] == b"%d" % line.position, "its position is not the proof's index")
    with check("checkpoint", "checkpoint"):
        head = read_checkpoint(proof[4])
        require(head.origin == asked.key.name, "the origin is not the name of the key given")
        others = check_log_signature(head, asked.key)
    with check("inclusion", line.position):
        require(line.position < head.size and root_by(path, line, line.position, head.size) == head.root, "not led to the root")
    witnesses, quorum = [], None
    with check("policy", "--policy"):
        if asked.policy:
            known = [(asked.policy.by_id[other[:2]], other[2]) for other in others if other[:2] in asked.policy.by_id]
            cosigned = {key: cosigned_at(head, signature, key) for key, signature in known}
            witnesses, quorum = judge(asked.policy, asked.key, {head.size: cosigned})
            require(quorum, "the policy given names another log, or its quorum did not cosign")
    return report(asked, head, asked.key, [line], 0, witnesses, quorum, [])

def root_by(path, line, position, size):
    """The root to which a leaf hash and the path from it lead, in a tree of `size` (RFC 6962, 2.1.1)."""
    require((size > 1) == bool(path), "too many or too few hashes")
    if size == 1:
        return line.leaf
    *path, sibling = path
    half = 1 << (size - 1).bit_length() - 1
    if position < half:
        return sha256(b"\1", root_by(path, line, position, half), sibling)
    return sha256(b"\1", sibling, root_by(path, line, position - half, size - half))

def judge(policy, key, cosigned):
    """The cosignatures by the policy's witnesses, and whether those of one checkpoint meet its quorum."""
    known = {size: {by: time for by, time in times.items() if by in policy.witnesses} for size, times in cosigned.items()}
    witnesses = [{"name": by.name, "size": size, "time": time} for size, times in known.items() for by, time in times.items()]
    quorum = any(policy.is_met(times) for times in [{}, *known.values()])
    return witnesses, quorum and (not policy.logs or key in policy.logs)

def report(asked, head, key, lines, files, witnesses, quorum, stamps):
    withheld = sum(line.withheld for line in lines)
    not_proved = {
        "That the key is the organisation's: none was given to compare it with.": not asked.key,
        "That this is all there is: it shows what it holds, not what was left out.": True,
        "What stands in the fields withheld: %d." % withheld: withheld,
        "That others saw the same record: no witness cosigned it, so whoever keeps it could have written it anew.": not witnesses,
        "That others saw the same record: fewer witnesses cosigned it than its policy asks for.": witnesses and not quorum,
        "When it was: no authority stamped it, so every time is the organisation's own word.": not stamps,
        "That a court knows the authority whose root certificate each time stamp ends in.": stamps and not asked.roots,
    }
    return {
        "verdict": "verified", "failed": None, "origin": head.origin, "key": key.text, "size": head.size,
        "root": base64.b64encode(head.root).decode(), "entries": len(lines), "fields": sum(len(line.fields) for line in lines),
        "withheld": withheld, "files": files, "first": lines[0].time, "last": lines[-1].time, "witnesses": witnesses,
        "quorum": quorum, "stamps": stamps, "not_proved": [sentence for sentence, holds in not_proved.items() if holds],
    }

def main():
    parser = argparse.ArgumentParser(description="Verifies a Ringfence evidence bundle, or the proof of one entry.")
    parser.add_argument("file", help="a bundle (.zip) or a proof (.tlog-proof)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--key", help="the log's verifier key, as you know it from elsewhere")
    parser.add_argument("--policy", help="a C2SP tlog-policy: whose cosignatures you ask for")
    parser.add_argument("--tsa-root", help="PEM certificates: a time stamp must end in one of them")
    options = parser.parse_args()
    try:
        data, policy, roots = (None if name is None else open(name, "rb").read() for name in (options.file, options.policy, options.tsa_root))
        asked = Asked(*(value if value is None else read(value) for value, read in (
            (options.key, lambda text: read_key(text, LOG)), (policy, Policy), (roots, lambda pem: [c for _, c in read_chain(pem)]))))
        is_proof = data.startswith(b"c2sp.org/tlog-proof@")
        require(asked.key or not is_proof, "a proof is verified against the log's key: give it with --key")
        subprocess.run(["openssl", "version"], capture_output=True, check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        parser.error(str(error))
    try:
        result = (verify_proof if is_proof else verify_bundle)(data, asked)
    except NotVerified as error:
        unreadable = (error.failed["check"], error.failed["at"]) in (("container", "archive"), ("container", "proof"))
        result = {"verdict": "unreadable" if unreadable else "not verified", "failed": error.failed}
    if options.json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
    else:
        print(result["verdict"].capitalize() + ".")
        for name, value in (result["failed"] or result).items():
            for item in value if isinstance(value, list) else [value]:
                print("  %s: %s" % (name, item))
    return {"verified": 0, "not verified": 1, "unreadable": 2}[result["verdict"]]


if __name__ == "__main__":
    sys.exit(main())
