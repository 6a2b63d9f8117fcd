#!/usr/bin/env python3
"""Tests of verify.html in a real browser: `python3 -m unittest` in this folder. Needs chromium and chromedriver, and the script's maker of bundles."""
import json
import os
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import compare  # noqa: E402
import run      # noqa: E402

AUDIT = os.path.join(HERE, "../../../server/tests/browser/audit.js")
make = compare.script()[0].make


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = run.Browser()
        cls.folder = tempfile.TemporaryDirectory()
        make.write_samples(cls.folder.name)
        with open(os.path.join(cls.folder.name, "expected.json"), encoding="utf-8") as file:
            cls.expected = json.load(file)

    @classmethod
    def tearDownClass(cls):
        cls.browser.end()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.see(1280)
        self.browser.open()

    def sample(self, name):
        return os.path.join(self.folder.name, name)

    def member(self, bundle, name):
        with open(self.sample(bundle), "rb") as file:
            return dict(make.unarchive(file.read()))[name]

    def written(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def choose(self, path):
        """Chooses a file as a person does, and waits for what the page says."""
        self.browser.run("document.getElementById('result').hidden = true")
        self.browser.type(self.browser.find("#file"), path)
        self.wait("return !document.getElementById('result').hidden && document.getElementById('progress').hidden")
        return self.browser.run("return document.querySelector('.verdict h2').textContent")

    def wait(self, script):
        until = time.time() + 20
        while not self.browser.run(script):
            self.assertLess(time.time(), until, "waited in vain for: " + script)

    def text(self, css="main"):
        return self.browser.run("return document.querySelector(arguments[0]).innerText", css)

    def verdict(self, path, **given):
        return self.browser.verdicts([path], {os.path.basename(path): given})[0]

    # What is checked.

    def test_nothing_but_its_own_scripts_may_run(self):
        with open(run.PAGE, encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(run.sealed(page), page, "run `run.py --seal`")
        self.assertIn("default-src 'none'", page)
        self.assertNotIn("unsafe", page)
        violated = self.browser.wait(
            "const done = arguments[0]; addEventListener('securitypolicyviolation', (e) => done(e.violatedDirective)); fetch('file:///etc/hostname').catch(() => {});")
        self.assertEqual(violated, "connect-src")

    def test_every_sample_gets_the_verdict_it_was_made_for(self):
        names = sorted(self.expected)
        given = {name: {"key": self.expected[name]["key"]} for name in names if name.endswith(".tlog-proof")}
        for one in self.browser.verdicts([self.sample(name) for name in names], given):
            wanted, failed = self.expected[one["file"]], one["failed"] or {}
            with self.subTest(one["file"]):
                self.assertEqual(one["verdict"], wanted["verdict"], one)
                for part in ("check", "at"):
                    if wanted.get(part):
                        self.assertEqual(failed.get(part), wanted[part], one)

    def test_it_agrees_with_the_script_on_what_others_changed(self):
        differ = [(name, ours["failed"], theirs) for name, _, ours, theirs, parts in compare.compared(self.browser, 0, 200, 200, 60) if parts]
        self.assertEqual(differ, [])

    def test_a_file_is_never_held_whole_if_it_need_not_be(self):
        big = b"0123456789abcdef" * (70 << 16)
        recipe = make.Recipe(seed=33, entries=6, shown=2, anchors=())
        good = make.build(recipe, listed=lambda listed: {**listed, "documents/film.bin": big})
        at = good.index(big) + (66 << 20)
        changed = make.resealed(good, lambda members: [(n, c[:66 << 20] + b"x" + c[(66 << 20) + 1:]) if n == "documents/film.bin" else (n, c) for n, c in members])
        damaged = good[:at] + b"x" + good[at + 1:]
        self.browser.run("window.most = 0; const whole = Blob.prototype.arrayBuffer;"
                         "Blob.prototype.arrayBuffer = function () { window.most = Math.max(window.most, this.size); return whole.call(this); }")
        for data, wanted in ((good, None), (changed, ("manifest", "documents/film.bin")), (damaged, ("container", "documents/film.bin"))):
            one = self.verdict(self.written("film.zip", data))
            self.assertEqual(one["failed"] and (one["failed"]["check"], one["failed"]["at"]), wanted, one)
        self.assertEqual(self.choose(self.written("film.zip", good)), "Verified")
        self.assertTrue(0 < self.browser.run("return window.most") <= 1 << 22)
        self.assertIn(make.sha256(good).hex(), self.text())

    def test_bytes_get_the_same_verdict_as_a_file(self):
        for name in ("good-full.zip", "bad-tree-missing.zip", "bad-container-trailing.zip"):
            path = self.sample(name)
            with open(path, "rb") as file:
                text = run.base64.b64encode(file.read()).decode()
            one = self.browser.wait("const [text, done] = arguments; window.verifyBundle(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer).then(done)", text)
            self.assertEqual(one, {key: value for key, value in self.verdict(path).items() if key != "file"})

    def test_what_is_given_is_compared(self):
        path, other = self.sample("good-full.zip"), self.sample("good-stamped.zip")
        good, strange = self.verdict(path), self.verdict(other)
        self.assertEqual(self.verdict(path, key=good["key"])["verdict"], "verified")
        self.assertEqual(self.verdict(path, key=strange["key"])["failed"]["check"], "checkpoint")
        self.assertEqual(self.verdict(path, root=good["stamps"][0]["root"].upper())["verdict"], "verified")
        refused = self.verdict(path, root="0" * 64)["failed"]
        self.assertEqual((refused["check"], refused["at"]), ("stamp", "--tsa-root"))
        self.assertEqual(self.verdict(path, root=self.member("good-full.zip", "anchors/40/1.pem").decode())["verdict"], "verified")
        few = "good-too-few-witnesses.zip"
        few = self.verdict(self.sample(few), policy=self.member(few, "policy").decode())["failed"]
        self.assertEqual((few["check"], few["at"]), ("policy", "--policy"))
        none = self.verdict(path, policy="quorum none\n")
        self.assertEqual((none["verdict"], none["witnesses"], none["quorum"]), ("verified", [], True))

    def test_what_cannot_be_read_of_what_is_given_is_no_verdict(self):
        path = self.sample("good-full.zip")
        for given in ({"key": "nonsense"}, {"policy": "nonsense"}, {"root": "nonsense"}):
            self.assertEqual(self.verdict(path, **given)["verdict"], "error")
        self.assertIn("give the key", self.verdict(self.sample("good-plain.tlog-proof"))["error"])

    def test_without_ed25519_it_says_so_and_checks_nothing(self):
        added = self.browser.devtools("Page.addScriptToEvaluateOnNewDocument", source="""
            const keep = crypto.subtle.importKey.bind(crypto.subtle);
            crypto.subtle.importKey = (format, key, algorithm, ...rest) => (algorithm.name || algorithm) === "Ed25519"
              ? Promise.reject(new DOMException("no", "NotSupportedError")) : keep(format, key, algorithm, ...rest);""")
        try:
            self.browser.open()
            self.wait("return !document.getElementById('result').hidden")
            self.assertIn("cannot check Ed25519 signatures", self.text())
            self.assertFalse(self.browser.run("return document.getElementById('drop').checkVisibility()"))
            self.assertIn("Ed25519", self.verdict(self.sample("good-plain.zip"))["error"])
        finally:
            self.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])

    def test_a_browser_whose_digests_are_wrong_checks_nothing(self):
        added = self.browser.devtools("Page.addScriptToEvaluateOnNewDocument", source="crypto.subtle.digest = async () => new ArrayBuffer(32);")
        try:
            self.browser.open()
            self.assertIn("digests", self.verdict(self.sample("good-plain.zip"))["error"])
        finally:
            self.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])

    # What is seen.

    def test_every_view_fits_is_named_has_contrast_and_is_silent(self):
        with open(AUDIT, encoding="utf-8") as file:
            audit = file.read()
        views = [None, "good-full.zip", "good-plain.zip", "bad-anchor-root.zip", "bad-container-trailing.zip"]
        for width in (1440, 820, 390):
            for dark in (False, True):
                self.browser.see(width, dark)
                for view in views:
                    self.browser.open()
                    if view:
                        self.choose(self.sample(view))
                    self.browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true })")
                    with self.subTest(view=view, width=width, dark=dark):
                        self.assertEqual(self.browser.run(audit), [])
        self.assertEqual(self.browser.console(), [])
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)

    def test_a_good_bundle_is_told_in_words(self):
        self.assertEqual(self.choose(self.sample("good-full.zip")), "Verified")
        said = self.text()
        for words in ("What is proved", "What is not proved", "That the bundle is complete", "Seen by others", "witness1.example/w", "Test stamping root", "Documents"):
            self.assertIn(words, said)
        self.assertIn("compare that key", self.text(".verdict"))
        rows = self.browser.run("return document.querySelectorAll('#entries tbody tr').length")
        self.assertEqual(rows, self.verdict(self.sample("good-full.zip"))["entries"])

    def test_a_bad_bundle_says_where_and_why_and_shows_nothing_of_itself(self):
        self.assertEqual(self.choose(self.sample("bad-tree-missing.zip")), "Not verified")
        said = self.text()
        self.assertIn("(tree)", said)
        self.assertIn("tile/0/000.p/21", said)
        self.assertNotIn("Entries\n", said)
        self.assertEqual(self.browser.run("return document.getElementById('entries')"), None)

    def test_a_proof_asks_for_the_key_and_then_tells_its_entry(self):
        name = "good-plain.tlog-proof"
        self.assertEqual(self.choose(self.sample(name)), "Not checked yet")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "key")
        self.browser.type(self.browser.find("#key"), self.expected[name]["key"] + "\ue007")
        self.wait("return document.querySelector('.verdict h2')?.textContent === 'Verified'")
        self.assertIn("checked against the key you gave", self.text(".verdict"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('#entries tbody tr').length"), 1)

    def test_search_finds_and_a_document_leads_to_its_entry(self):
        self.choose(self.sample("good-full.zip"))
        self.browser.type(self.browser.find("#search"), "key rotated")
        self.wait("return document.querySelectorAll('#entries tbody tr').length === 1")
        self.browser.run("[...document.querySelectorAll('button.link')].find((b) => b.textContent.startsWith('entry')).click()")
        self.assertTrue(self.browser.run("return document.activeElement.id").startswith("entry-"))
        self.assertGreater(self.browser.run("return document.querySelectorAll('#entries tbody tr').length"), 1)

    def test_a_document_is_saved_byte_for_byte(self):
        with tempfile.TemporaryDirectory() as saved:
            self.browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=saved)
            self.choose(self.sample("good-full.zip"))
            self.browser.run("[...document.querySelectorAll('a[download]')].find((a) => a.textContent === 'documents/D-1.pdf').click()")
            path = os.path.join(saved, "D-1.pdf")
            until = time.time() + 10
            while not os.path.exists(path) and time.time() < until:
                time.sleep(0.05)
            with open(path, "rb") as file:
                self.assertEqual(file.read(), self.member("good-full.zip", "documents/D-1.pdf"))

    def test_words_in_a_bundle_are_words(self):
        bad = "<img src=x onerror=alert(1)>"
        strange = [("by", bad), ("note", "Ana \u202egpj.exe"), ("name", "\u0639\u0644\u064a")]
        fields = make.only(7, lambda f: strange + [one for one in f if one[0] not in dict(strange)])
        recipe = make.Recipe(seed=31, entries=20, shown=20, fields=7, withheld=0, anchors=())
        path = self.written("hostile <b>name.zip", make.build(recipe, fields=fields))
        self.assertEqual(self.choose(path), "Verified")
        said = self.text("#entry-7")
        self.assertIn(bad, said)
        self.assertIn("\u27e8U+202E\u27e9gpj.exe", said)
        self.assertEqual(self.browser.run("return document.querySelectorAll('img, b').length"), 0)

    def test_a_large_bundle_leaves_the_page_at_hand(self):
        recipe = make.Recipe(seed=32, entries=4000, shown=4000, fields=3, withheld=1, documents=0, agreements=0, anchors=())
        path = self.written("large.zip", make.build(recipe))
        self.browser.run("window.longest = 0; let last = performance.now(); const tick = () => { const now = performance.now();"
                         "window.longest = Math.max(window.longest, now - last); last = now; setTimeout(tick, 5) }; tick()")
        self.assertEqual(self.choose(path), "Verified")
        self.assertLess(self.browser.run("return window.longest"), 1000)
        self.assertEqual(self.browser.run("return document.querySelectorAll('#entries tbody tr').length"), 50)

    def test_it_works_by_keyboard(self):
        tab = "\ue004"
        order = []
        for _ in range(4):
            actions = [{"type": "key", "id": "k", "actions": [{"type": "keyDown", "value": tab}, {"type": "keyUp", "value": tab}]}]
            self.browser.post("/actions", {"actions": actions})
            order.append(self.browser.run("const e = document.activeElement; return e.id || e.className || e.tagName.toLowerCase()"))
        self.assertEqual(order[:3], ["skip", "choose", "summary"])

    def test_it_prints(self):
        self.choose(self.sample("good-full.zip"))
        paper = self.browser.devtools("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        self.assertGreater(len(paper), 10000)
        self.wait("return document.querySelectorAll('#entries tbody tr').length > 0")


if __name__ == "__main__":
    unittest.main()
