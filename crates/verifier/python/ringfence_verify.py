#!/usr/bin/env python3
"""Verifies a Ringfence evidence bundle (.zip), or the proof of one entry (.tlog-proof).

    ringfence_verify.py FILE [--json] [--key VKEY] [--policy FILE] [--tsa-root PEM]

It needs Python 3.9 or later and `openssl` 3.x, which it calls for signatures and certificates. It fetches nothing, and writes nothing
but to a temporary folder. It was written from docs/record-format.md alone and follows section 9 there; "section N" means that page.
Exit codes: 0 verified, 1 not verified, 2 unreadable, or asked wrongly.
"""
import argparse, base64, datetime, hashlib, json, os, re, struct, subprocess, sys, tempfile, zlib
from collections import namedtuple

WRONG = (ValueError, LookupError, RecursionError)   # what reading and checking raise, by `require` or by Python's own readers
now = {"check": None, "at": None}                   # what is being checked now, and at what: what is wrong then fails there

def checking(check, at):
    now.update(check=check, at=str(at))

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

def json_number(text):
    """Only decimals become `int`."""
    require(float(text) - float(text) == 0, "not a number, or beyond a double: `%s`" % text[:20])
    return int(text) if re.fullmatch("0|[1-9][0-9]{0,15}", text) else float(text)

def json_object(pairs):
    require(len(dict(pairs)) == len(pairs), "a name stands twice in an object")
    return dict(pairs)

JSON = json.JSONDecoder(object_pairs_hook=json_object, parse_int=json_number, parse_float=json_number, parse_constant=json_number)

def from_json(data):
    """JSON as the page's head says."""
    value = JSON.decode(data.decode("utf-8"))
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode("utf-8")   # fails at half a surrogate pair
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (list, dict))]:
        level, depth = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)], depth + 1
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
    """The members by name. All headers are made anew from names, sizes and CRC-32s, and must be what the file has, byte for byte."""
    checking("container", "archive")
    members, crcs, names, folders, central, at, last = {}, {}, set(), set(), [], 0, ""
    while data[at:at + 4] == b"PK\x03\x04" and len(data) >= at + 30:
        crc, size, _, length = struct.unpack("<IIIH", data[at + 14:at + 28])
        start = at + 30 + length
        name = data[at + 30:start].decode("ascii")
        header = struct.pack("<HHHHHIIIHH", 0x14, 0x0800, 0, 0, 0x21, crc, size, size, length, 0)
        require(data[at:start] == b"PK\x03\x04" + header + name.encode() and start + size <= len(data), "byte %d: no such header" % at)
        require(NAME.fullmatch(name) and name > last and name.lower() not in names, "byte %d: a name that is not allowed" % at)
        require(at < 2 ** 32 - 1 and size < 2 ** 32 - 1, "byte %d: too large" % at)
        central.append(b"PK\x01\x02\x14\0" + header + struct.pack("<HHHII", 0, 0, 0, 0, at) + name.encode())
        members[name], crcs[name], last, at = data[start:start + size], crc, name, start + size
        names.add(name.lower())
        folders.update(name.lower()[:slash.start()] for slash in re.finditer("/", name))
    directory = b"".join(central)
    require(len(members) <= 65534 and at < 2 ** 32 - 1 and len(directory) < 2 ** 32 - 1, "it is too large")
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), at, 0)
    require(data[at:] == directory + end, "what follows the last member is not what the members give")
    require(not names & folders, "a name is a folder of another")
    for name, content in members.items():
        checking("container", name)
        require(zlib.crc32(content) == crcs[name], "its CRC-32 is wrong")
    return members

# Section 4: keys, notes, signatures ----------------------------------------------------------------------------------------------

Key = namedtuple("Key", "name id public text")
Checkpoint = namedtuple("Checkpoint", "text origin size root signatures")
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

def read_note(data):
    """A signed note: its text, and its signatures as (name, key id, bytes)."""
    require(len(data) <= 2 ** 20, "longer than 2^20 bytes")
    note, signatures = data.decode("utf-8"), []
    require(not any(c < " " and c != "\n" for c in note), "a control character")
    text, gap, rest = note.rpartition("\n\n")
    require(gap and rest.endswith("\n"), "not a text, an empty line, and signatures")
    for line in rest[:-1].split("\n"):
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014" and is_key_name(parts[1]), "not a signature line: `%s`" % line)
        signature = from_base64(parts[2])
        signatures.append((parts[1], signature[:4], signature[4:]))
    require(len(signatures) <= 100 and all(signature[2] for signature in signatures), "more than 100 signatures, or an empty one")
    return text + "\n", signatures

def read_checkpoint(data):
    """A signed note of three lines: origin, size, root."""
    text, signatures = read_note(data)
    lines = text.split("\n")
    require(len(lines) == 4 and lines[0], "not three lines")
    size, root = decimal(lines[1], 2 ** 53), from_base64(lines[2])
    require(len(root) == 32 and (size or root == sha256()), "the root is not a digest, or not that of nothing")
    return Checkpoint(text, lines[0], size, root, signatures)

def openssl(*arguments, **files):
    """Whether openssl says yes. It runs in a temporary folder, where `files` lie under their names."""
    with tempfile.TemporaryDirectory(prefix="ringfence-verify-") as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        return not subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True).returncode

def is_signed(message, signature, key, *options):
    """Whether the key, a SubjectPublicKeyInfo, signed."""
    return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "message", "-sigfile", "signature", *options,
                   key=key, message=message, signature=signature)

def is_ed25519(message, signature, public):
    """RFC 8032. What is put before the key says in DER that an Ed25519 key follows (RFC 8410)."""
    return len(signature) == 64 and is_signed(message, signature, bytes.fromhex("302a300506032b6570032100") + public)

def check_log_signature(checkpoint, key):
    """That the log's key signed; gives back the signatures by other keys."""
    own = [signature for signature in checkpoint.signatures if signature[:2] == key[:2]]
    require(own, "not signed by `%s`" % key.text)
    for _, _, signature in own:
        require(is_ed25519(checkpoint.text.encode(), signature, key.public), "the signature by `%s` is wrong" % key.text)
    return [signature for signature in checkpoint.signatures if signature not in own]

def cosigned_at(checkpoint, signature, key):
    """When the witness says that it cosigned (C2SP tlog-cosignature)."""
    seconds = int.from_bytes(signature[:8], "big")
    require(len(signature) == 72 and seconds < 253402300800, "the cosignature by `%s` has not the length or time of one" % key.text)
    message = "cosignature/v1\ntime %d\n%s" % (seconds, checkpoint.text)
    require(is_ed25519(message.encode(), signature[8:], key.public), "the cosignature by `%s` is wrong" % key.text)
    return utc(seconds)

# Sections 6 and 7: members and manifest ------------------------------------------------------------------------------------------

UNLISTED = {"checkpoint", "export.txt", "manifest.json"}     # and tile/…

def read_manifest(members):
    """The manifest, the log's keys, and the number of tokens by the size of the anchor."""
    for name in sorted(UNLISTED | {"entries.txt", "policy"}):
        checking("manifest", name)
        require(name in members, "it is missing")
    checking("manifest", "manifest.json")
    require(len(members["manifest.json"]) <= 2 ** 26, "longer than 2^26 bytes")
    manifest = from_json(members["manifest.json"])
    require(isinstance(manifest, dict) and manifest.get("format") == "ringfence-evidence/1", "not of format ringfence-evidence/1")
    for name, kind in (("keys", str), ("anchors", dict), ("files", dict), ("shown", str)):
        require(isinstance(manifest.get(name), list) and all(isinstance(item, kind) for item in manifest[name]), "`%s` is wrong" % name)
    keys, anchors, files = [read_key(text, LOG) for text in manifest["keys"]], manifest["anchors"], manifest["files"]
    require(isinstance(manifest.get("origin"), str) and keys and len(set(keys)) == len(keys), "no `origin`, no key, or one twice")
    require(all(is_number(anchor.get("size")) and is_number(anchor.get("tokens")) for anchor in anchors), "an anchor is wrong")
    for file in files:
        require(isinstance(file.get("path"), str) and isinstance(file.get("sha256"), str) and is_number(file.get("size")), "a file is wrong")
        require(re.fullmatch("[0-9a-f]{64}", file["sha256"]) and ("entry" in file) == ("field" in file), "a file is wrong")
        require(is_number(file.get("entry", 0)) and isinstance(file.get("field", ""), str), "`entry` or `field` is wrong")
    require("manifest" in manifest["shown"], "`shown` lacks `manifest`")
    for values in ([0, *(anchor["size"] for anchor in anchors)], [file["path"].encode() for file in files], [name.encode() for name in manifest["shown"]]):
        require(all(a < b for a, b in zip(values, values[1:])), "`anchors`, `files` or `shown` do not ascend")
    there, listed = {name for name in members if name not in UNLISTED and not name.startswith("tile/")}, {file["path"] for file in files}
    for name in sorted(there ^ listed):
        checking("manifest", name)
        require(name in there, "it is listed and not there, or is never listed")
        require(name in listed, "it is not listed")
    for file in files:
        checking("manifest", file["path"])
        content = members[file["path"]]
        require(len(content) == file["size"] and sha256(content).hex() == file["sha256"], "its size or digest is not as listed")
    tokens = {anchor["size"]: anchor["tokens"] for anchor in anchors}
    for name in sorted(name for name in there if name.startswith("anchors/")):
        checking("manifest", name)
        match = re.fullmatch(r"anchors/([1-9][0-9]{0,15})/(?:checkpoint|([1-9][0-9]{0,15})\.(?:tsr|pem))", name)
        require(match and int(match[2] or 0) <= tokens.get(int(match[1]), -1), "`anchors` does not name it")
    for size, count in tokens.items():
        for name in ["checkpoint"] + ["%d.%s" % (number + 1, kind) for number in range(min(count, 65534)) for kind in ("tsr", "pem")]:
            checking("manifest", "anchors/%d/%s" % (size, name))
            require(now["at"] in there, "it is missing")
    return manifest, keys, tokens

# Sections 1 to 3: entries, fields, lines -----------------------------------------------------------------------------------------

DIGEST = rb'"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"'      # 32 bytes; the last two bits of the text are unused, and zero
ENTRY = re.compile(rb'\{"_sd":\[((?:%s(?:,%s)*)?)\],"kind":"([a-z0-9.-]{1,128})","position":(0|[1-9][0-9]{0,15}),"time":"'
                   rb'(([0-9]{4})-([0-9]{2})-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z)"\}' % (DIGEST, DIGEST))
Line = namedtuple("Line", "position kind time leaf fields withheld")

def read_line(line, at):
    """An entry and its shown fields. ENTRY is the one text that an entry can have."""
    checking("entries", at)
    text, *disclosures = line.split(b"~")
    entry = ENTRY.fullmatch(text)
    require(entry and len(line) < 2 ** 24, "not an entry in its one form, or too long")
    position, date = int(entry[3]), datetime.date(int(entry[5]), int(entry[6]), int(entry[7]))
    digests = [base64.urlsafe_b64decode(digest + b"=") for digest in re.findall(b"[^\",]+", entry[1])]
    require(position < 2 ** 53 and date.year >= 1970 and len(digests) <= 1024, "a position, year or number of digests beyond bounds")
    require(all(a < b for a, b in zip(digests, digests[1:])), "the digests do not ascend")
    checking("entries", position)
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
    *texts, rest = members["entries.txt"].split(b"\n")
    *export, more = members["export.txt"].split(b"\n")
    places = [(text, "line %d" % number) for number, text in enumerate(texts, 1)]
    places += [(None, "line %d" % (len(texts) + 1))] if rest or not texts else []
    places += [(None if more or len(export) != 1 else export[0], "export.txt")]
    lines = []
    for text, at in places:
        checking("entries", at)
        require(text is not None, "no line with its newline, or more than one")
        lines.append(read_line(text, at))
        before = lines[-2:][0]
        require(lines[-1] is before or before.position < lines[-1].position, "positions do not ascend")
        require(before.time <= lines[-1].time, "times run backwards")
        require(lines[-1].position < size, "the checkpoint covers %d entries" % size)
    return lines

# Section 8: the tree -------------------------------------------------------------------------------------------------------------

LEVELS = range(7)   # 256^7 is more than 2^53

def tile_path(level, index, width):
    parts = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        parts.insert(0, "x%03d" % (index % 1000))
    return "tile/%d/%s%s" % (level, "/".join(parts), "" if width == 256 else ".p/%d" % width)

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
    for name in sorted(set(needed) ^ {name for name in members if name.startswith("tile/")}):
        checking("tree", name)
        require(name in members, "this tile is missing")
        require(name in needed, "this tile is not needed")
    for name, (level, index, width) in sorted(needed.items()):
        checking("tree", name)
        require(len(members[name]) == 32 * width, "it does not hold %d hashes" % width)
        tiles[level, index] = [members[name][start:start + 32] for start in range(0, 32 * width, 32)]
    for name, (level, index, width) in sorted(needed.items()):
        checking("tree", name)
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

def root_by(path, leaf, position, size):
    """The root to which a leaf hash and the path from it lead, in a tree of `size` (RFC 6962, 2.1.1)."""
    require((size > 1) == bool(path), "too many or too few hashes")
    if size == 1:
        return leaf
    half, sibling = 1 << (size - 1).bit_length() - 1, path[-1]
    if position < half:
        return sha256(b"\1", root_by(path[:-1], leaf, position, half), sibling)
    return sha256(b"\1", sibling, root_by(path[:-1], leaf, position - half, size - half))

# C2SP tlog-policy ----------------------------------------------------------------------------------------------------------------

class Policy:
    """Logs, witnesses (also by name and id of their keys), groups in the order in which they are defined, and the quorum."""
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
            elif word == b"quorum" and len(rest) == 1 and rest[0] in names and self.quorum is None:
                self.quorum = rest[0]
            else:
                require(not word or word.startswith(b"#"), "not a line of a policy: `%s`" % line.decode("utf-8", "replace"))
        require(len(self.logs) <= 64 and len(self.witnesses) <= 256 and len(self.groups) <= 256, "more than 64 logs, 256 witnesses or 256 groups")
        require(self.quorum is not None and len({log.public for log in self.logs}) == len(self.logs), "no quorum, or a log twice")

    def is_met(self, keys):
        """Whether cosignatures by these keys are enough."""
        met = {b"none"} | {name for key, name in self.witnesses.items() if key in keys}
        for name, (number, group) in self.groups.items():
            if len(met.intersection(group)) >= number:
                met.add(name)
        return self.quorum in met

    def judge(self, log, cosigned):
        """The cosignatures by its witnesses, and whether it knows the log and those of one checkpoint are enough."""
        known = [(key, size, time) for size, by in cosigned.items() for key, time in by if key in self.witnesses]
        enough = any(self.is_met({key for key, of, _ in known if of == size}) for size in [None, *cosigned])
        return [{"name": key.name, "size": size, "time": time} for key, size, time in known], enough and (not self.logs or log in self.logs)

# Section 9: anchors, and the keys in use for them --------------------------------------------------------------------------------

def check_rotations(keys, lines, anchors):
    """The positions at which a later key came into use."""
    positions = []
    for line in (line for line in lines if line.kind == "evidence.key-rotated"):
        checking("anchor", line.position)
        require(len(positions) + 1 < len(keys), "`keys` has no key that came into use here")
        require(line.fields.get("key") == keys[len(positions) + 1].text, "it does not show the next of `keys`")
        require(line.position + 1 in anchors, "the anchor after it is missing")
        positions.append(line.position)
    checking("anchor", "keys")
    require(len(positions) == len(keys) - 1, "no entry shows how the last of `keys` came into use")
    return positions

def check_anchor(anchor, size, head, tiles, key, policy):
    """The cosignatures, as (witness's key, time)."""
    require(anchor.origin == head.origin and anchor.size == size < head.size, "not of this record and size, or not below the bundle's")
    require(anchor.root == root_of(tiles, size), "its root is not that of the first %d entries" % size)
    others, cosigned = check_log_signature(anchor, key), {}
    require(len({signature[:2] for signature in anchor.signatures}) == len(anchor.signatures), "a key signed twice")
    for name, key_id, signature in others:
        require((name, key_id) in policy.by_id, "a signature by `%s`, who is no witness of the policy" % name)
        witness = policy.by_id[name, key_id]
        cosigned[witness] = cosigned_at(anchor, signature, witness)
    return list(cosigned.items())

# Section 10: time stamps. DER is read here; openssl judges signatures -----------------------------------------------------------------

def tlv(tag, content):
    """One element of DER."""
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big") or b"\0"
    return bytes([tag]) + (bytes([0x80 | len(length)]) if len(content) > 0x7F else b"") + length + content

def oid(text):
    return tlv(0x06, bytes.fromhex(text))

def is_integer(content):
    return content[:1] != b"" and (len(content) == 1 or content[:1] not in (b"\0", b"\xff") or (content[0] ^ content[1]) & 0x80 > 0)

WELL_FORMED = {     # by tag, whether a content is written in the one way that DER has
    0x01: lambda content: content in (b"\0", b"\xff"),
    0x02: is_integer,
    0x03: lambda content: content[:1] != b"" and content[0] < (8 if content[1:] else 1) and content[-1] & ((1 << content[0]) - 1) == 0,
    0x05: lambda content: content == b"",
    0x06: lambda content: b"" < content[-1:] < b"\x80" and not re.search(rb"(?:^|[\0-\x7f])\x80", content, re.S),
}

def der(data):
    """The elements of DER, as (tag, content)."""
    found, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length > 0x7F:
            start += length - 0x80
            length = int.from_bytes(data[at + 2:start], "big")
        tag, content = data[at], data[start:start + length]
        constructed = tag & 0x1F in (0x10, 0x11) if tag < 0x40 else tag & 0x20      # of the universal ones, SEQUENCE and SET
        require(tag & 0x1F < 0x1F and tlv(tag, content) == data[at:start + length] and bool(constructed) == bool(tag & 0x20), "not DER")
        require(tag not in WELL_FORMED or WELL_FORMED[tag](content), "not DER")
        found.append((tag, content))
        at = start + length
    return found

def fields(data, pattern):
    """The contents of the elements in `data`, which are those of `pattern`: tags, `..` for any, `?` after one that may be left out (then None)."""
    elements, found = der(data), []
    for tag in pattern.split():
        there = bool(elements) and tag[:2] in ("..", "%02x" % elements[0][0])
        require(there or tag.endswith("?"), "an element is missing, or is another")
        found.append(elements.pop(0)[1] if there else None)
    require(not elements, "an element is left over")
    return found

def all_of(data, tag):
    """The contents of the elements in `data`, all of this tag."""
    require({tag}.issuperset(each for each, _ in der(data)), "an element is of another kind")
    return [content for _, content in der(data)]

NULL, RSA, ED25519 = b"\x05\0", "2a864886f70d0101", oid("2b6570")
HASHES, SIGNED_WITH = {}, {ED25519: ("Ed25519", None)}       # what AlgorithmIdentifiers mean
for hash_name, last in (("sha256", 1), ("sha384", 2), ("sha512", 3)):
    of_sha2, salt = [oid("60864801650304020%d" % last) + null for null in (NULL, b"")], bytes([hashlib.new(hash_name).digest_size])
    HASHES.update({sha2: hash_name for sha2 in of_sha2})
    SIGNED_WITH.update({oid(RSA + "0%x" % (last + 10)) + null: ("RSA", hash_name) for null in (NULL, b"")})
    SIGNED_WITH[oid("2a8648ce3d04030%d" % (last + 1))] = "ECDSA", hash_name
    for own, mask in ((own, mask) for own in of_sha2 for mask in of_sha2):
        pss = tlv(0xA0, tlv(0x30, own)) + tlv(0xA1, tlv(0x30, oid(RSA + "08") + tlv(0x30, mask))) + tlv(0xA2, tlv(0x02, salt))
        SIGNED_WITH[oid(RSA + "0a") + tlv(0x30, pss)] = "PSS", hash_name
RSA_KEY, CURVES = oid(RSA + "01"), {oid("2a8648ce3d0201") + oid("2a8648ce3d030107"): 66, oid("2a8648ce3d0201") + oid("2b81040022"): 98}
SIGNED_DATA, TST_INFO = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE, DIGEST_OF_IT, ESS_1, ESS_2 = (bytes.fromhex("2a864886f70d0109" + text) for text in ("03", "04", "10020c", "10022f"))
BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, ALTERNATIVE_NAMES, POLICIES, SUBJECT_KEY, ISSUER_KEY, NAME_CONSTRAINTS = (
    bytes.fromhex("551d" + last) for last in "13 0f 25 11 20 0e 23 1e".split())
MAY_BE_CRITICAL = {BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, ALTERNATIVE_NAMES, POLICIES}
STAMPING_ALONE = tlv(0x30, oid("2b06010505070308"))

def is_signed_by(spki, scheme, message, signature):
    """Whether the key in this SubjectPublicKeyInfo signed, and it and the scheme, (kind, digest), are of those relied on."""
    kind, digest = scheme
    algorithm, bits = fields(spki, "30 03")
    if kind in ("RSA", "PSS"):
        require(algorithm == RSA_KEY + NULL and bits[0] == 0, "the key is not an RSA key")
        modulus, exponent = (int.from_bytes(number, "big", signed=True) for number in fields(*fields(bits[1:], "30"), "02 02"))
        require(1 << 2047 <= modulus < 1 << 8192 and 2 < exponent < 1 << 33 and modulus & exponent & 1, "its RSA key is not relied on")
    elif kind == "ECDSA":
        require(CURVES.get(algorithm) == len(bits) and bits[:2] == b"\0\4", "the key is not a point on P-256 or P-384")
    else:
        require(algorithm == ED25519 and len(bits) == 33 and bits[0] == 0, "the key is not an Ed25519 key")
    options = ["-digest", digest] if digest else []
    options += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"] if kind == "PSS" else []
    return is_signed(message, signature, tlv(0x30, spki), *options)

Certificate = namedtuple("Certificate", "data tbs serial algorithm issuer start end subject key signature extensions")

FORMS = {       # of the extensions that are read, what reads them
    BASIC_CONSTRAINTS: lambda value: require((fields(*fields(value, "30"), "01? 02?")[1] or b"\0")[0] < 0x80, "a path length below 0"),
    KEY_USAGE: lambda value: require(len(fields(value, "03")[0]) <= 3, "a key usage of too many bits"),
    EXTENDED_KEY_USAGE: lambda value: all_of(*fields(value, "30"), 0x06),
    ALTERNATIVE_NAMES: lambda value: der(*fields(value, "30")),
    SUBJECT_KEY: lambda value: fields(value, "04"),
    ISSUER_KEY: lambda value: require(is_integer(fields(*fields(value, "30"), "80? a1? 82?")[2] or b"\0"), "a serial number is broken"),
}

def read_certificate(data):
    """A certificate (RFC 5280, 4.1); its extensions as {name: (whether critical, value)}."""
    tbs, algorithm, signature = fields(*fields(data, "30"), "30 30 03")
    version, serial, inner, issuer, validity, subject, key, wrapped = fields(tbs, "a0 02 30 30 30 30 30 a3")
    require(fields(version, "02") == [b"\2"] and signature[0] == 0, "it is not a certificate of version 3")
    require(fields(algorithm, "06 ..?") and inner == algorithm, "its two algorithms differ")
    for attributes in all_of(issuer, 0x31) + all_of(subject, 0x31):
        require([fields(attribute, "06 ..") for attribute in all_of(attributes, 0x30)], "a name is broken")
    start, end = (read_time(*time) for time in der(validity))
    found = [fields(extension, "06 01? 04") for extension in all_of(*fields(wrapped, "30"), 0x30)]
    extensions = {name: (critical == b"\xff", value) for name, critical, value in found}
    require(len(extensions) == len(found) and NAME_CONSTRAINTS not in extensions, "an extension stands twice, or constrains names")
    require({name for name in extensions if extensions[name][0]} <= MAY_BE_CRITICAL, "a critical extension that is not allowed")
    for name in FORMS.keys() & extensions.keys():
        FORMS[name](extensions[name][1])
    return Certificate(data, tlv(0x30, tbs), serial, algorithm, issuer, start, end, subject, key, signature[1:], extensions)

def read_time(tag, text, more=b"Z"):
    """UTCTime or GeneralizedTime, in seconds since 1970, up to what follows the seconds."""
    digits = text[:-len(more)]
    require(tag in (0x17, 0x18) and text.endswith(more) and re.fullmatch(rb"[0-9]{%d}" % (12 if tag == 0x17 else 14), digits), "not a time")
    digits = (b"" if tag == 0x18 else b"20" if digits < b"50" else b"19") + digits
    seconds = int(datetime.datetime.strptime(digits.decode() + "+0000", "%Y%m%d%H%M%S%z").timestamp())
    require(seconds >= 0 and digits[-2:] < b"60", "a time before 1970, or of a leap second")
    return seconds

def read_certificates(pem):
    found = re.findall(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", pem)
    return [from_base64(b"".join(text.split()).decode()) for text in found]

def to_pem(*certificates):
    """The one text of N.pem."""
    lines = [base64.b64encode(certificate) for certificate in certificates]
    return b"".join(b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % b"\n".join(
        text[start:start + 64] for start in range(0, len(text), 64)) for text in lines)

def check_token(response, text, signer):
    """That it is a time stamp of the text by this certificate. Gives its time, in seconds."""
    status, token = fields(*fields(response, "30"), "30 30")
    status, words, failure = fields(status, "02 30? 03?")
    require(status in (b"\0", b"\1") and failure is None, "the authority did not grant it")
    for word in all_of(words or b"", 0x0C):
        word.decode("utf-8")
    kind, signed_data = fields(token, "06 a0")
    version, digests, content, _, signers = fields(*fields(signed_data, "30"), "02 31 30 a0? 31")      # nobody signed the certificates in it
    signer_version, named, digest, attributes, algorithm, signature = fields(*fields(signers, "30"), "02 30 30 a0 30 04")
    content_kind, info = fields(content, "06 a0")
    require((kind, version, signer_version, content_kind) == (SIGNED_DATA, b"\3", b"\1", TST_INFO), "it is not CMS SignedData of a TSTInfo")
    require(fields(named, "30 02") == [signer.issuer, signer.serial], "another than the first of the chain signed it")
    digests, hash_name = all_of(digests, 0x30), HASHES[digest]
    require(all(HASHES.get(each, tlv(0x06, fields(each, "06 ..?")[0]) not in HASHES) for each in digests), "a digest is named wrongly")
    require(hash_name in [HASHES.get(each) for each in digests], "the digest is not named at its head")
    scheme = ("RSA", hash_name) if algorithm in (RSA_KEY, RSA_KEY + NULL) else SIGNED_WITH[algorithm]
    require(scheme in (("RSA", hash_name), ("ECDSA", hash_name)), "it is signed in a way that is not relied on")
    require(is_signed_by(signer.key, scheme, tlv(0x31, attributes), signature), "its signature is wrong")
    pairs = [fields(attribute, "06 31") for attribute in all_of(attributes, 0x30)]
    values = dict(pairs)
    info, = fields(info, "04")
    require(len(values) == len(pairs), "a signed attribute stands twice")
    require(fields(values[CONTENT_TYPE], "06") == [TST_INFO], "it is not signed as a TSTInfo")
    require(fields(values[DIGEST_OF_IT], "04") == [hashlib.new(hash_name, info).digest()], "another TSTInfo was signed")
    require(ESS_1 in values or ESS_2 in values, "it does not say whose certificate signed it")
    for name in {ESS_1, ESS_2} & values.keys():
        first = all_of(fields(*fields(values[name], "30"), "30 30?")[0], 0x30)[0]
        hashed, digest, issuer_and_serial = fields(first, "30? 04 30?") if name == ESS_2 else [None, *fields(first, "04 30?")]
        require(hashlib.new("sha1" if name == ESS_1 else HASHES[hashed] if hashed else "sha256", signer.data).digest() == digest, "another certificate signed it")
        require(issuer_and_serial in (None, tlv(0x30, tlv(0xA4, tlv(0x30, signer.issuer))) + tlv(0x02, signer.serial)), "another certificate signed it")
    return check_info(info, text, signer)

def check_info(info, text, signer):
    """The TSTInfo (RFC 3161, 2.4.2)."""
    version, _, imprint, _, time, accuracy, _, _, name, extensions = fields(*fields(info, "30"), "02 06 30 02 18 30? 01? 02? a0? a1?")
    digest, imprint = fields(imprint, "30 04")
    require(version == b"\1" and hashlib.new(HASHES[digest], text).digest() == imprint, "its imprint is not of the checkpoint's text")
    if accuracy is not None:
        seconds, *parts = fields(accuracy, "02? 80? 81?")
        require(seconds is None or seconds[0] < 0x80, "its accuracy is wrong")
        require(all(part is None or is_integer(part) and 0 < int.from_bytes(part, "big", signed=True) < 1000 for part in parts), "its accuracy is wrong")
    if name is not None:
        (tag, called), = der(name)
        names = der(*fields(signer.extensions[ALTERNATIVE_NAMES][1], "30")) if ALTERNATIVE_NAMES in signer.extensions else []
        require((tag, called) in [(0xA4, tlv(0x30, signer.subject)), *names], "it names another authority than its signer")
    for extension in all_of(extensions or b"", 0x30):
        require(fields(extension, "06 01? 04")[1] != b"\xff", "it has a critical extension")
    more = re.fullmatch(rb"[0-9]*((?:\.[0-9]{0,8}[1-9])?Z)", time)
    return read_time(0x18, time, more[1] if more else b"Z")

def check_chain(chain, seconds):
    """From the signer's to the root's. What the last signed itself with is not looked at."""
    purpose, usage = chain[0].extensions[EXTENDED_KEY_USAGE], key_usage(chain[0])
    require(purpose == (True, STAMPING_ALONE), "the signer's certificate is not for time stamping alone")
    require(usage is None or usage and usage & ~0xC000 == 0, "the signer's certificate is not for signing alone")
    below = 0
    for number, (subject, issuer) in enumerate(zip(chain, chain[1:] + chain[-1:])):
        require(subject.issuer == issuer.subject and subject.start <= seconds < subject.end, "it is not issued by the next, or was not valid then")
        key, name, serial = fields(*fields(subject.extensions.get(ISSUER_KEY, (False, b"\x30\0"))[1], "30"), "80? a1? 82?")
        own_key = fields(issuer.extensions.get(SUBJECT_KEY, (False, tlv(0x04, key or b"")))[1], "04")[0]
        named = name in (None, tlv(0xA4, tlv(0x30, issuer.issuer))) and serial in (None, issuer.serial)
        require(named and key in (None, own_key), "it names another issuer than the next")
        require(number == len(chain) - 1 or is_signed_by(issuer.key, SIGNED_WITH[subject.algorithm], subject.tbs, subject.signature), "it is not signed by the next")
        if number:
            authority, longest = fields(*fields(subject.extensions[BASIC_CONSTRAINTS][1], "30"), "01? 02?")
            require(authority == b"\xff", "it is no authority's")
            require(longest is None or below <= int.from_bytes(longest, "big"), "more authorities are below it than it allows")
            require(key_usage(subject) is None or key_usage(subject) & 0x0400, "it is not for signing certificates")
            below += subject.subject != subject.issuer

def key_usage(certificate):
    """Its bits, the first of which is 0x8000; None where it does not say."""
    if KEY_USAGE in certificate.extensions:
        return int.from_bytes(fields(certificate.extensions[KEY_USAGE][1], "03")[0][1:].ljust(2, b"\0"), "big")

def check_stamp(response, pem, text):
    """The time in the token, and the chain's last certificate."""
    require(len(response) <= 2 ** 16 and len(pem) <= 2 ** 20, "longer than 2^16 bytes, or a chain longer than 2^20")
    found = read_certificates(pem)
    require(0 < len(found) <= 10 and all(len(each) <= 2 ** 14 for each in found), "no certificate, more than ten, or one of more than 2^14 bytes")
    require(to_pem(*found) == pem, "the chain is not certificates in PEM in its one form")
    chain = [read_certificate(data) for data in found]
    seconds = check_token(response, text, chain[0])
    check_chain(chain, seconds)
    return utc(seconds), found[-1]

# Sections 9, 11 and 12: the checks in order, and the report ----------------------------------------------------------------------

Asked = namedtuple("Asked", "key policy roots")     # what is given to compare with; each may be None

def verify_bundle(data, asked):
    members = read_archive(data)
    manifest, keys, tokens = read_manifest(members)
    checking("checkpoint", "checkpoint")
    head, last = read_checkpoint(members["checkpoint"]), keys[-1]
    require({head.origin, *(key.name for key in keys)} == {manifest["origin"]}, "its origin, the manifest's and the keys' are not one")
    require(check_log_signature(head, last) == [] and len(head.signatures) == 1, "it has another signature than the log's")
    require(asked.key in (None, *keys), "none of `keys` is the key given with --key")
    *lines, export = both = read_entries(members, head.size)
    tiles = read_tiles(members, head.size, [line.position for line in both], tokens)
    checking("tree", "root")
    require(root_of(tiles, head.size) == head.root, "the tiles give another root than the checkpoint's")
    for line in both:
        checking("inclusion", line.position)
        require(tiles[0, line.position >> 8][line.position % 256] == line.leaf, "another entry stands here in the tree")
    checking("export", export.position)
    require(export.kind == "evidence.exported", "its kind is another")
    require(list(export.fields) == manifest["shown"], "it shows other fields than `shown` says, or in another order")
    require(export.fields["manifest"] == sha256(members["manifest.json"]).hex(), "`manifest` is not the digest of manifest.json")
    shown = {line.position: line.fields for line in lines}
    for file in manifest["files"]:
        checking("file", file["path"])
        digest = shown.get(file.get("entry"), {}).get(file.get("field"))
        require("entry" not in file or digest == file["sha256"], "the entry does not show its digest in that field")
    checking("policy", "policy")
    policy = Policy(members["policy"])
    require([log.text for log in policy.logs] == [last.text], "its one log is not the last of `keys`")
    rotations, anchors, cosigned, stamps, roots = check_rotations(keys, lines, tokens), {}, {}, [], []
    for size in tokens:
        checking("anchor", size)
        anchors[size], key = read_checkpoint(members["anchors/%d/checkpoint" % size]), keys[sum(q + 1 < size for q in rotations)]
        cosigned[size] = check_anchor(anchors[size], size, head, tiles, key, policy)
    for size, name in [(size, "anchors/%d/%d" % (size, number + 1)) for size, count in tokens.items() for number in range(count)]:
        checking("stamp", name + ".tsr")
        time, root = check_stamp(members[name + ".tsr"], members[name + ".pem"], anchors[size].text.encode())
        stamps.append({"path": name + ".tsr", "size": size, "time": time, "root": sha256(root).hex()})
        roots.append(root)
    checking("policy", "--policy")
    witnesses, quorum = (asked.policy or policy).judge(last, cosigned)
    require(quorum or not asked.policy, "the policy given names another log, or its quorum did not cosign")
    checking("stamp", "--tsa-root")
    require(asked.roots is None or set(asked.roots) & set(roots), "no time stamp ends in a certificate given with --tsa-root")
    return report(asked, head, last, lines, len(manifest["files"]), witnesses, quorum, stamps)

def verify_proof(data, asked):
    checking("container", "proof")
    proof = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\n(?:extra ([^\n]+)\n)?index (0|[1-9][0-9]*)\n((?:[^\n]+\n)*)\n(.*)", data, re.S)
    require(proof and len(data) <= 2 ** 23, "not of the shape of a tlog-proof")
    extra, path = from_base64((proof[1] or b"").decode()), [from_base64(text.decode()) for text in proof[3].split(b"\n")[:-1]]
    require(len(path) <= 64 and all(len(sibling) == 32 for sibling in path), "too many hashes, or one of another length")
    require(int(proof[2][:20]) < 2 ** 64 and len(proof[2]) <= 20 and read_note(proof[4]), "the index is too large")
    line = read_line(extra, "line 1")
    require(proof[2] == b"%d" % line.position, "its position is not the proof's index")
    checking("checkpoint", "checkpoint")
    head = read_checkpoint(proof[4])
    require(head.origin == asked.key.name, "the origin is not the name of the key given")
    others = check_log_signature(head, asked.key)
    checking("inclusion", line.position)
    require(line.position < head.size and root_by(path, line.leaf, line.position, head.size) == head.root, "the hashes lead to another root")
    checking("policy", "--policy")
    witnesses, quorum = [], None
    if asked.policy:
        known = [(asked.policy.by_id[other[:2]], other[2]) for other in others if other[:2] in asked.policy.by_id]
        cosigned = [(key, cosigned_at(head, signature, key)) for key, signature in known]
        witnesses, quorum = asked.policy.judge(asked.key, {head.size: cosigned})
        require(quorum, "the policy given names another log, or its quorum did not cosign")
    return report(asked, head, asked.key, [line], 0, witnesses, quorum, [])

def report(asked, head, key, lines, files, witnesses, quorum, stamps):
    withheld = sum(line.withheld for line in lines)
    not_proved = {
        "That the key is the organisation's: none was given to compare it with.": not asked.key,
        "That this is all there is: it shows what it holds, not what was left out.": True,
        "What stands in the fields withheld: %d." % withheld: withheld,
        "That others saw the same record: no witness cosigned it, so whoever keeps it could have written it anew.": not witnesses,
        "That others saw the same record: fewer witnesses cosigned it than its policy asks for.": witnesses and not quorum,
        "That no certificate behind a stamp was revoked then: ask the lists in revocation/, if there are any, or their issuers.": stamps,
        "When it was: no authority stamped it, so every time is the organisation's own word.": not stamps,
        "That a court knows the authority whose root certificate each time stamp ends in.": stamps and not asked.roots,
    }
    return {
        "verdict": "verified", "failed": None, "origin": head.origin, "key": key.text, "size": head.size,
        "root": base64.b64encode(head.root).decode(), "entries": len(lines), "fields": sum(len(line.fields) for line in lines),
        "withheld": withheld, "files": files, "first": lines[0].time, "last": lines[-1].time, "witnesses": witnesses,
        "quorum": quorum, "stamps": stamps, "not_proved": [sentence for sentence, holds in not_proved.items() if holds],
    }

def verify(data, asked):
    """The report of section 11, for a bundle or a proof."""
    try:
        return (verify_proof if is_proof(data) else verify_bundle)(data, asked)
    except WRONG as error:
        unreadable = now["check"] == "container" and now["at"] in ("archive", "proof")
        return {"verdict": "unreadable" if unreadable else "not verified", "failed": {**now, "reason": str(error) if isinstance(error, ValueError) else repr(error)}}

def is_proof(data):
    return data.startswith(b"c2sp.org/tlog-proof@")

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
        asked = Asked(None if options.key is None else read_key(options.key, LOG), None if policy is None else Policy(policy),
                      None if roots is None else read_certificates(roots))
        require(asked.roots != [], "there is no certificate in the file given with --tsa-root")
        require(asked.key or not is_proof(data), "a proof is verified against the log's key: give it with --key")
        subprocess.run(["openssl", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError, *WRONG) as error:
        parser.error(str(error))
    result = verify(data, asked)
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
