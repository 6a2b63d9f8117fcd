"""Tests of ringfence_verify.py with bundles made by make_bundle.py: `python3 -m unittest` in this folder, or discover from above."""
import functools
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import make_bundle as make          # noqa: E402
import ringfence_verify as verify   # noqa: E402

SCRIPT = os.path.join(os.path.dirname(HERE), "ringfence_verify.py")
NOTHING = verify.Asked(None, None, None)
ask_openssl = verify.openssl


@functools.lru_cache(maxsize=None)
def remembered(arguments, files):
    return ask_openssl(*arguments, **dict(files))


# A mutant asks openssl what its original asked: each question is asked once.
verify.openssl = lambda *arguments, **files: remembered(arguments, tuple(sorted(files.items())))


@functools.lru_cache(maxsize=None)
def world(name):
    return make.World(make.good_recipes()[name])


def verdict(data, asked=NOTHING):
    """'verified', or the check and what it failed at."""
    report = verify.verify(data, asked)
    return "verified" if report["verdict"] == "verified" else (report["failed"]["check"], report["failed"]["at"])


def failed_at(text):
    """None, or where a line fails that would be the first."""
    try:
        verify.read_line(text, "line 1")
    except verify.WRONG:
        return verify.now["at"]


class Bundles(unittest.TestCase):
    def test_good_bundles_of_each_kind_verify(self):
        for name, recipe in make.good_recipes().items():
            with self.subTest(name):
                report = verify.verify_bundle(world(name).archive, NOTHING)
                anchors = len(set(recipe.anchors) | {q + 1 for q in recipe.rotations})
                self.assertEqual(report["verdict"], "verified")
                self.assertEqual(report["size"], recipe.entries + 1 + recipe.tail)
                self.assertEqual(report["entries"], len(world(name).positions))
                self.assertEqual(report["key"], world(name).keys[-1])
                self.assertEqual(len(report["witnesses"]), anchors * min(recipe.cosigned, recipe.witnesses))
                self.assertEqual(len(report["stamps"]), anchors * recipe.tokens)
                self.assertEqual(report["quorum"], recipe.cosigned >= recipe.quorum and anchors > 0 or not recipe.quorum)
                self.assertEqual(report["files"], len(world(name).listed))

    def test_each_check_fails_alone_and_names_what_it_failed_at(self):
        checks = set()
        for name, recipe, tamper, check, at in make.broken_cases():
            with self.subTest(name):
                self.assertEqual(verdict(make.build(recipe, **tamper)), (check, at) if check else ("container", "archive"))
            checks.add(check)
        self.assertEqual(checks - {None}, {"container", "manifest", "checkpoint", "entries", "tree", "inclusion", "export", "file", "policy",
                                           "anchor", "stamp"})

    def test_base64_is_exact_in_every_place(self):
        for name, recipe, tamper, check, at in make.misspelt_cases():
            with self.subTest(name):
                self.assertEqual(verdict(make.build(recipe, **tamper)), (check, at))
        for name, proof, key in make.misspelt_proofs():
            with self.subTest(name):
                self.assertEqual(verdict(proof, verify.Asked(verify.read_key(key, 1), None, None)), ("container", "proof"))

    def test_openssl_agrees_on_good_time_stamps(self):
        """As the page tells people to ask it. Where our rules are wider, it does not: it looks at the order of nothing, and at names as words."""
        for name in ("stamped", "stamped-rsa", "stamped-p384", "stamped-ess-1", "hand-usual", "hand-self-issued", "hand-unsorted", "hand-root-by-sha1", "hand-alone"):
            members = dict(make.unarchive(world(name).archive))
            path = next(path for path in members if path.endswith(".tsr"))
            text = verify.read_note(members[os.path.dirname(path) + "/checkpoint"])[0].encode()
            pem = members[path[:-3] + "pem"]
            seconds = verify.check_stamp(members[path], pem, text)[0]
            at = "%d" % verify.datetime.datetime.strptime(seconds + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
            root = pem[pem.rindex(b"-----BEGIN"):]
            with self.subTest(name):
                self.assertTrue(ask_openssl("ts", "-verify", "-attime", at, "-data", "text", "-in", "response", "-CAfile", "root", "-untrusted", "pem",
                                            text=text, response=members[path], root=root, pem=pem))

    def test_the_same_seed_gives_the_same_bytes(self):
        self.assertEqual(make.build(make.SMALL), make.build(make.SMALL))

    def test_counts_are_of_lines_and_digests(self):
        report = verify.verify_bundle(make.build(make.Recipe(fields=4, withheld=1, entries=20, shown=10, documents=0)), NOTHING)
        self.assertEqual((report["entries"], report["fields"], report["withheld"]), (10, 30, 10))

    def test_a_long_record_takes_seconds(self):
        data = make.build(make.Recipe(entries=20_000, shown=20_000, anchors=(19_000,)))
        start = time.process_time()
        self.assertEqual(verdict(data), "verified")
        self.assertLess(time.process_time() - start, 10)


class Containers(unittest.TestCase):
    """Archives that other readers would open, or read in two ways."""

    def unreadable(self, data, why):
        with self.subTest(why):
            self.assertEqual(verdict(data), ("container", "archive"))

    def test_no_byte_of_a_header_may_differ(self):
        data = world("single").archive
        first = make.unarchive(data)[0]
        content = 30 + len(first[0])
        for at in list(range(14)) + list(range(26, content)):      # the CRC-32 and the sizes come below
            self.unreadable(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:], "local header, byte %d" % at)
        start = data.index(b"PK\x01\x02")
        for at in range(start, start + 46):
            self.unreadable(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:], "central header, byte %d" % at)
        for at in range(len(data) - 22, len(data)):
            self.unreadable(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:], "end, byte %d" % at)

    def test_nothing_stands_before_between_or_behind(self):
        data = world("plain").archive
        central, end = data.index(b"PK\x01\x02"), len(data) - 22
        for extra in (b"\0", b"PK", b"#!/bin/sh\n", data):
            self.unreadable(extra + data, "before")
            self.unreadable(data + extra, "behind")
            self.unreadable(data[:central] + extra + data[central:], "before the central headers")
            self.unreadable(data[:end] + extra + data[end:], "before the end")
        self.unreadable(data[:-2] + struct.pack("<H", 3) + b"abc", "an archive's comment")
        self.unreadable(data[:central] + data[end:], "no central headers")
        self.unreadable(data[end:], "an end alone that speaks of members")

    def test_every_cut_is_unreadable(self):
        data = world("single").archive
        for length in range(0, len(data), 7):
            self.assertEqual(verdict(data[:length]), ("container", "archive"), length)

    def test_names_that_do_not_come_out_everywhere(self):
        good = make.unarchive(world("plain").archive)
        for name in ("", "/a", "a/", "a//b", ".a", "a/.b", "..", "../a", "a/../b", "a.", "a./b", "a\\b", "a b", "a:b", "é", "a\n", "a" * 101,
                     "/".join(["a" * 50] * 5), "Policy", "POLICY", "policy/a", "Documents", "documents/d-1.PDF/x", "C:a", "~a"):
            members = sorted(good + [(name, b"x")], key=lambda m: m[0].encode())
            self.unreadable(make.archive(members), name)

    def test_order_and_doubles(self):
        good = make.unarchive(world("plain").archive)
        self.unreadable(make.archive(good[::-1]), "descending")
        self.unreadable(make.archive(good + good[-1:]), "the last twice")
        self.unreadable(make.archive(good[1:2] + good[:1] + good[2:]), "two exchanged")

    def test_an_empty_archive_is_one_and_lacks_members(self):
        self.assertEqual(verdict(make.archive([])), ("manifest", "checkpoint"))

    def test_a_wrong_crc_is_reported_of_the_first_member(self):
        data = make.archive(make.unarchive(world("plain").archive), crc=lambda content: 7)
        self.assertEqual(verdict(data), ("container", "READ-ME.txt"))

    def test_archives_by_another_hand_are_unreadable(self):
        import io
        import zipfile
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as other:
                for name, content in make.unarchive(world("plain").archive):
                    other.writestr(name, content)
            self.unreadable(file.getvalue(), "zipfile")

    def test_others_can_read_ours(self):
        import io
        import zipfile
        with zipfile.ZipFile(io.BytesIO(world("full").archive)) as ours:
            self.assertIsNone(ours.testzip())
            self.assertEqual([(name, ours.read(name)) for name in ours.namelist()], make.unarchive(world("full").archive))


class Encodings(unittest.TestCase):
    def refuses(self, read, values):
        for value in values:
            with self.subTest(value if len(value) < 200 else value[:50]):
                with self.assertRaises(verify.WRONG):
                    read(value)

    def test_json_is_what_every_reader_understands_alike(self):
        for good in (b"1", b' {"a":[1.5e3,"\\ud83d\\ude00",null]}\n', b'"\\u0000"', b"1e308", b"-0", b"[" * 127 + b"]" * 127, b"1" * 300,
                     '"\u2028\ufeff"'.encode()):
            verify.from_json(good)
        self.refuses(verify.from_json, [
            b"", b" ", b"NaN", b"-Infinity", b"1e400", b"1" * 400, b"-1e400", b"01", b"+1", b"1.", b".5", b"0x1", b"1 1", b"[1,]", b'{"a":1,}', b"'a'",
            b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"x":{"a":1,"a":1}}]', b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud800":1}', b'"\xed\xa0\x80"',
            b'"\xff"', b'\xef\xbb\xbf1', b'1\0', b'"\n"', b'"\\x41"', b'"\\u00e"', b"[" * 128 + b"]" * 128, b"[" * 100_000, b'{"a":' * 128 + b"1" + b"}" * 128,
            "1".encode("utf-16"), b"\xc2\xa01", b"\x0c1", b"// c\n1", "１".encode()])

    def test_only_decimals_are_whole_numbers(self):
        for text in (b"-0", b"1.0", b"1e2", b"-1", b"9007199254740992", b"true", b'"1"', b"null", b"12345678901234567890"):
            self.assertFalse(verify.is_number(verify.from_json(text)), text)
        for text in (b"0", b"7", b"9007199254740991"):
            self.assertTrue(verify.is_number(verify.from_json(text)), text)

    def test_base64_is_exact(self):
        self.refuses(verify.from_base64url, [b"A", b"AB", b"QQ==", b"QUI=", b"QQ=", b"Q Q", b"QQ\n", b"+/+/", b"QR", b"QUJD\0", b"\xc3\xa9AA", b"QU*JD"])
        self.refuses(verify.from_base64, ["A", "QQ", "QQ=", "QQ===", "QR==", "Q Q=", "QQ==\n", "-_-_", "QQ==QQ==", "é", "=", "QUJ*D"])
        self.assertEqual(verify.from_base64url(b""), b"")
        self.assertEqual(verify.from_base64url(b"-_8"), b"\xfb\xff")

    def test_an_entry_has_one_text(self):
        digests = [make.base64url(make.sha256(bytes([i]))) for i in range(3)]
        low, high = sorted(digests[:2], key=lambda d: make.base64.urlsafe_b64decode(d + "="))

        def entry(sd='"%s","%s"' % (low, high), kind="a.b-1", position="17", time="2024-02-29T23:59:59.999Z"):
            return ('{"_sd":[%s],"kind":"%s","position":%s,"time":"%s"}' % (sd, kind, position, time)).encode()

        good = [entry(), entry(sd=""), entry(position="0"), entry(position=str(2 ** 53 - 1)), entry(kind="x" * 128), entry(time="1970-01-01T00:00:00.000Z"),
                entry(time="9999-12-31T23:59:59.999Z"), entry(time="2000-02-29T00:00:00.000Z")]
        for text in good:
            self.assertIsNone(failed_at(text), text)
        bad = [entry(sd='"%s","%s"' % (high, low)), entry(sd='"%s","%s"' % (low, low)), entry(sd='"%s"' % low[:-1]), entry(sd='"%sB"' % low[:-1]),
               entry(sd='"%s=""' % low), entry(sd='"%s" ' % low), entry(sd='"%s",' % low), entry(kind=""), entry(kind="A"), entry(kind="a_b"),
               entry(kind="x" * 129), entry(kind="é"), entry(kind="\\u0061"), entry(position="-1"), entry(position="-0"), entry(position="017"),
               entry(position="17.0"), entry(position="1e1"), entry(position=str(2 ** 53)), entry(position='"17"'), entry(position="१"),
               entry(time="2023-02-29T00:00:00.000Z"), entry(time="1900-02-29T00:00:00.000Z"), entry(time="1969-12-31T23:59:59.999Z"),
               entry(time="2024-13-01T00:00:00.000Z"), entry(time="2024-00-01T00:00:00.000Z"), entry(time="2024-01-00T00:00:00.000Z"),
               entry(time="2024-01-01T24:00:00.000Z"), entry(time="2016-12-31T23:59:60.000Z"), entry(time="2024-01-01T00:60:00.000Z"),
               entry(time="2024-01-01T00:00:00Z"), entry(time="2024-01-01T00:00:00.0000Z"), entry(time="2024-01-01t00:00:00.000z"),
               entry(time="2024-01-01T00:00:00.000+00:00"), entry(time="10000-01-01T00:00:00.000Z"), entry(time=" 2024-01-01T00:00:00.000Z"),
               entry() + b" ", b" " + entry(), entry() + b"\r", entry()[:-1], entry().replace(b'"kind"', b'"Kind"'), b"\xef\xbb\xbf" + entry(),
               entry().replace(b',"time"', b',"more":1,"time"'), b"", entry().replace(b'"position":17,', b""), entry() + b"\0",
               entry(sd=",".join('"%s"' % make.base64url(struct.pack(">I28x", i)) for i in range(1025)))]
        for text in bad:
            self.assertEqual(failed_at(text), "line 1", text[:300])
        self.assertIsNone(failed_at(entry(sd=",".join('"%s"' % make.base64url(struct.pack(">I28x", i)) for i in range(1024)))))

    def test_a_disclosure_is_of_its_entry(self):
        def failed(*arrays, shown=None, digests=None):
            texts = [make.base64url(a if isinstance(a, bytes) else json.dumps(a, ensure_ascii=False).encode()) for a in arrays]
            entry = make.entry_bytes("a", 5, make.time_of(5), texts if digests is None else digests)
            line = make.line(entry, texts if shown is None else [texts[i] for i in shown])
            return failed_at(line) or verify.read_line(line, "line 1").fields

        self.assertEqual(failed(["s", "by", "P-1"], ["s", "", None]), {"by": "P-1", "": None})
        self.assertEqual(failed(b' [ "s" , "by" , 1 ] '), {"by": 1})
        for array in (["", "by", 1], ["s", "_sd", 1], ["s", "...", 1], ["s", "by"], ["s", "by", 1, 2], [1, "by", 1], ["s", 1, 1], [None, "by", 1],
                      {"s": 1}, b'["s","by",1', b'["s","by",NaN]', b'["s","by",{"a":1,"a":2}]', b'["s","by","\\ud800"]', b'\xef\xbb\xbf["s","by",1]'):
            self.assertEqual(failed(array), "5", array)
        self.assertEqual(failed(["s", "by", 1], ["t", "by", 2]), "5")
        self.assertEqual(failed(["s", "by", 1], shown=[0, 0]), "5")
        self.assertEqual(failed(["s", "by", 1], digests=["x"]), "5")

    def test_a_verifier_key_has_one_text(self):
        public = make.public_key("a")
        good = make.verifier_key("example.com/log", 1, public)
        self.assertEqual(verify.read_key(good, 1).public, public)
        name, key_id, rest = good.split("+", 2)
        other = make.verifier_key("example.com/log", 4, public)
        self.refuses(lambda text: verify.read_key(text, 1), [
            "", "+", "++", other, good + "=", good + " ", " " + good, good[:-1], "x" + good, "%s+%s+%s" % (name, key_id.upper() if key_id != key_id.upper() else "G" * 8, rest),
            "%s+%s+%s" % (name, key_id[1:] + "0", rest), make.verifier_key("", 1, public), make.verifier_key("a b", 1, public),
            make.verifier_key("a\u00a0b", 1, public), make.verifier_key("a\u2003b", 1, public), make.verifier_key("a\tb", 1, public),
            make.verifier_key("example.com/log", 1, public + b"\0"), make.verifier_key("example.com/log", 1, public[:-1]), good.replace("+", "-")])

    def test_a_checkpoint_has_three_lines(self):
        w = world("plain")
        good = w.members["checkpoint"]
        text, signature = good.decode().split("\n\n")
        origin, size, root = text.split("\n")
        self.assertEqual(verify.read_checkpoint(good).size, 21)

        def note(*lines, rest=signature, gap="\n\n"):
            return ("\n".join(lines) + gap + rest).encode()

        self.assertEqual(verify.read_checkpoint(note(origin, str(2 ** 53), root)).size, 2 ** 53)
        self.refuses(verify.read_checkpoint, [
            b"", note(origin, size), note(origin, size, root, "more"), note("", size, root), note(origin, "", root), note(origin, "021", root),
            note(origin, "-1", root), note(origin, "1.0", root), note(origin, str(2 ** 53 + 1), root), note(origin, "9" * 40, root), note(origin, size, root[:-1]),
            note(origin, size, make.base64std(b"x" * 31)), note(origin, size, ""), note(origin, size, root + "\r"), note(origin, size + " ", root),
            note(origin, size, root, gap="\n"), note(origin, size, root, rest=""), note(origin, size, root, rest=signature[:-1]),
            note(origin, size, root, rest=signature + "\n"), note(origin, size, root, rest=signature.replace("\u2014", "-")),
            note(origin, size, root, rest=signature.replace(" ", "  ")), note(origin, size, root, rest=signature[:-1] + " \n"),
            note(origin, size, root, rest=signature.replace("=", "")), note(origin, size, root, rest="\u2014 a AAAA\n"),
            note(origin, size, root, rest="\u2014 a AAA\n"), note(origin, size, root, rest=signature * 101), good.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf\n" + good,
            good + b"\0", good.replace(b"ringfence", b"ring\x01fence"), good + b"\xff", note(origin, size, root, rest=signature + "x" * 2 ** 20 + "\n")])

    def test_policies(self):
        w = world("witnessed")
        log = w.keys[0]
        keys = [make.verifier_key("w%d" % i, 4, make.public_key("w%d" % i)) for i in range(4)]
        three = "".join("witness %s %s\n" % (name, key) for name, key in zip("abcd", keys))

        def met(text, *names):
            policy = verify.Policy(text.encode())
            return policy.is_met({verify.read_key(keys["abcd".index(name)], 4) for name in names})

        self.assertTrue(met("quorum none\n"))
        self.assertTrue(met(" \t quorum\tnone \t\n\n# x\n \t# y\n"))
        self.assertTrue(met(three + "quorum b\n", "b"))
        self.assertFalse(met(three + "quorum b\n", "a", "c", "d"))
        nested = three + "group x any a b\ngroup y all c d\ngroup z 2 x y\nquorum z\n"
        self.assertTrue(met(nested, "b", "c", "d"))
        self.assertFalse(met(nested, "a", "b", "c"))
        self.assertTrue(met("log %s https://x\nquorum none\n" % log))
        deep = three + "group g0 any a\n" + "".join("group g%d any g%d\n" % (i + 1, i) for i in range(255)) + "quorum g255\n"
        self.assertTrue(met(deep, "a"))
        self.refuses(verify.Policy, [deep.replace("quorum", "group more any b\nquorum").encode()])
        self.refuses(lambda text: verify.Policy(text if isinstance(text, bytes) else text.encode()), [
            "", "\n", "# x\n", "quorum none", "quorum none\r\n", "quorum\n", "quorum none none\n", "quorum x\n", "Quorum none\n", "quorum none\nquorum none\n",
            "log\nquorum none\n", "log %s u v\nquorum none\n" % log, "log %s\nlog %s\nquorum none\n" % (log, log), "log %s\nquorum none\n" % keys[0],
            "witness a %s\nquorum none\n" % log, "witness a\nquorum none\n", "witness a %s u v\nquorum none\n" % keys[0],
            "witness none %s\nquorum none\n" % keys[0], "witness a %s\nwitness a %s\nquorum none\n" % tuple(keys[:2]),
            "witness a %s\nwitness b %s\nquorum none\n" % (keys[0], keys[0]),
            "witness a %s\nwitness b %s\nquorum none\n" % (keys[0], make.verifier_key("other", 4, make.public_key("w0"))),
            three + "group g any\nquorum g\n", three + "group g 0 a\nquorum g\n", three + "group g 2 a\nquorum g\n", three + "group g 01 a\nquorum g\n",
            three + "group g +1 a\nquorum g\n", three + "group g any a a\nquorum g\n", three + "group g any none\nquorum g\n", three + "group g any x\nquorum g\n",
            three + "group g any g\nquorum g\n", three + "group a any b\nquorum a\n", three + "group none any b\nquorum none\n",
            three + "group g any a\ngroup h any a\nquorum g\n", three + "group g any a\ngroup h any g\ngroup i any g\nquorum h\n", "quorum g\n" + three + "group g any a\n",
            three + "group g ALL a\nquorum g\n", "quorum none\n\0", "quorum none\n# \x7f\n", b"quorum none\n\x0b\n", "quorum none\n" + "#" * 2 ** 20 + "\n"])
        verify.Policy(b"# \xff\xfe\x80\nquorum none\n")


class Mutations(unittest.TestCase):
    def test_no_mutant_verifies(self):
        checks = {}
        for name, count in (("plain", 1500), ("witnessed", 1200), ("full", 500), ("stamped", 300)):
            bundle = world(name).archive
            for seed in range(count):
                mutant, what = make.mutate(bundle, seed)
                failed = verdict(mutant)
                self.assertNotEqual(failed, "verified", (name, seed, what))
                checks[failed[0]] = checks.get(failed[0], 0) + 1
        self.assertTrue({"container", "manifest", "checkpoint", "entries", "tree", "export"} <= set(checks), checks)

    def test_no_mutant_of_a_proof_verifies(self):
        w = world("deep")
        proof = w.proof(w.positions[3])
        asked = verify.Asked(verify.read_key(w.keys[0], 1), verify.Policy(w.members["policy"]), None)
        self.assertEqual(verdict(proof, asked), "verified")
        for seed in range(800):
            rng = make.random.Random(seed)
            mutant = make.mutate_text(proof, rng) if seed % 2 else make.mutate_bytes(proof, rng)[0]
            if mutant != proof and not (mutant.startswith(b"c2sp.org/tlog-proof@") and still_enough(proof, mutant)):
                self.assertNotEqual(verdict(mutant, asked), "verified", seed)


def still_enough(proof, mutant):
    """Whether only a cosignature more than the quorum needs became one that nobody knows: then the proof holds still."""
    def signatures(data):
        return data.rpartition(b"\n\n")[2].split(b"\n")
    return mutant.rpartition(b"\n\n")[0] == proof.rpartition(b"\n\n")[0] and len(set(signatures(mutant)) & set(signatures(proof))) >= 4


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)

    def outcome(self, *arguments):
        run = self.run_script(*arguments, "--json")
        report = json.loads(run.stdout)
        failed = report["failed"]
        return run.returncode, report["verdict"], failed and (failed["check"], failed["at"])

    def test_verdicts_and_exit_codes(self):
        good, broken = self.file("a.zip", world("full").archive), self.file("b.zip", make.build(make.SMALL, **make.broken_cases()[0][2]))
        self.assertEqual(self.outcome(good), (0, "verified", None))
        self.assertEqual(self.outcome(broken), (1, "not verified", ("container", "agreements/A-1.txt")))
        self.assertEqual(self.outcome(self.file("c.zip", b"PK")), (2, "unreadable", ("container", "archive")))
        self.assertTrue(self.run_script(good).stdout.startswith("Verified."))
        for wrong in ([], [good, "--key", "x"], [good, "--key", ""], [good, "--policy", good], [good, "--tsa-root", SCRIPT], [good + "x"], [good, "--policy", ""]):
            run = self.run_script(*wrong)
            self.assertEqual((run.returncode, run.stdout), (2, ""), wrong)

    def test_a_key_to_compare_with(self):
        path = self.file("a.zip", world("rotated").archive)
        for key in world("rotated").keys:
            self.assertEqual(self.outcome(path, "--key", key), (0, "verified", None))
        self.assertEqual(self.outcome(path, "--key", world("plain").keys[0]), (1, "not verified", ("checkpoint", "checkpoint")))

    def test_the_policy_given_decides(self):
        w = world("too-few-witnesses")
        path = self.file("a.zip", w.archive)
        names = ["witness%d.example/w" % i for i in (1, 2)]
        witnesses = "".join("witness %s %s\n" % (name[7], make.verifier_key(name, 4, make.public_key(name))) for name in names)
        for policy, holds in [("quorum none\n", True), (witnesses + "quorum 1\n", True), (witnesses + "quorum 2\n", False), (w.policy().decode(), False),
                              (witnesses + "group g any 1 2\nquorum g\nlog %s\n" % w.keys[0], True),
                              (witnesses + "quorum 1\nlog %s\n" % world("plain").keys[0], False)]:
            outcome = self.outcome(path, "--policy", self.file("policy", policy.encode()))
            self.assertEqual(outcome, (0, "verified", None) if holds else (1, "not verified", ("policy", "--policy")), policy)

    def test_the_root_given_decides(self):
        path = self.file("a.zip", world("stamped").archive)
        ours, others = make.Authority.of(), make.Authority.of(curve=None, digest="sha512", embed=False)
        self.assertEqual(self.outcome(path, "--tsa-root", self.file("r", others.read("root.pem") + ours.read("root.pem"))), (0, "verified", None))
        for pem in (others.read("root.pem"), ours.read("intermediate.pem")):
            self.assertEqual(self.outcome(path, "--tsa-root", self.file("r", pem)), (1, "not verified", ("stamp", "--tsa-root")))
        plain = self.file("b.zip", world("plain").archive)
        self.assertEqual(self.outcome(plain, "--tsa-root", self.file("r", ours.read("root.pem"))), (1, "not verified", ("stamp", "--tsa-root")))

    def test_proofs(self):
        w = world("rotated")
        position = w.positions[2]
        good = w.proof(position)
        key = ["--key", w.keys[-1]]

        def outcome(proof, *more):
            return self.outcome(self.file("a.tlog-proof", proof), *(more or key))

        self.assertEqual(outcome(good), (0, "verified", None))
        self.assertEqual(self.run_script(self.file("a.tlog-proof", good)).returncode, 2)
        self.assertEqual(outcome(good.replace(b"@v1", b"@v2")), (2, "unreadable", ("container", "proof")))
        self.assertEqual(outcome(good.replace(b"index ", b"index 0")), (2, "unreadable", ("container", "proof")))
        self.assertEqual(outcome(good.replace(b"index %d" % position, b"index %d" % (position + 1))), (1, "not verified", ("entries", str(position))))
        self.assertEqual(outcome(good, "--key", w.keys[0]), (1, "not verified", ("checkpoint", "checkpoint")))
        lines = good.split(b"\n")
        self.assertEqual(outcome(b"\n".join(lines[:3] + lines[4:])), (1, "not verified", ("inclusion", str(position))))
        self.assertEqual(outcome(b"\n".join(lines[:3] + lines[3:4] + lines[3:])), (1, "not verified", ("inclusion", str(position))))
        policy = self.file("policy", w.policy())
        self.assertEqual(outcome(good, *key, "--policy", policy), (0, "verified", None))
        self.assertEqual(outcome(w.proof(position, cosigned=1), *key, "--policy", policy), (1, "not verified", ("policy", "--policy")))
        self.assertEqual(outcome(w.proof(position, cosigned=0)), (0, "verified", None))
        wrong = good[:-20] + make.flip(good[-20:-10]) + good[-10:]
        self.assertEqual(outcome(wrong), (0, "verified", None))
        self.assertEqual(outcome(wrong, *key, "--policy", policy), (1, "not verified", ("policy", "--policy")))

    def test_proofs_of_every_position_in_small_trees(self):
        for entries in range(1, 18):
            w = make.World(make.Recipe(seed=entries, entries=entries, shown=entries, quorum=0, witnesses=0, documents=0))
            asked = verify.Asked(verify.read_key(w.keys[0], 1), None, None)
            for position in range(entries):
                self.assertEqual(verdict(w.proof(position), asked), "verified")


if __name__ == "__main__":
    unittest.main()
