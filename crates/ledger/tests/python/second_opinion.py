"""Computes digests, entries and roots again, from the specifications and the standard library alone.

Reads cases as JSON from standard input, writes the answers as JSON. Shares no code with the crate.
"""

import base64
import datetime
import hashlib
import json
import sys


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def canonical(value):
    """RFC 8785 for strings, whole numbers, truth values, null, lists and objects (no fractions)."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def disclosure(salt, name, value):
    return base64url(canonical([base64url(bytes.fromhex(salt)), name, value]).encode("utf-8"))


def entry(position, time, kind, encoded):
    digests = sorted(hashlib.sha256(text.encode("ascii")).digest() for text in encoded)
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=time)
    return canonical({
        "time": moment.isoformat(timespec="milliseconds") + "Z",
        "position": position,
        "kind": kind,
        "_sd": [base64url(digest) for digest in digests],
    })


def root(leaves):
    """RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


answers = []
leaves = []
for case in json.load(sys.stdin):
    encoded = [disclosure(*field) for field in case["fields"]]
    text = entry(case["position"], case["time"], case["kind"], encoded)
    leaves.append(hashlib.sha256(b"\x00" + text.encode("utf-8")).digest())
    answers.append({
        "disclosures": encoded,
        "digests": [base64url(hashlib.sha256(text.encode("ascii")).digest()) for text in encoded],
        "entry": text,
        "root": root(leaves).hex(),
    })
json.dump(answers, sys.stdout)
