#!/usr/bin/env python3
"""Opens verify.html in a real browser and lets it check bundles: one JSON object a line.

    run.py FOLDER [OPTIONS.json]    every *.zip and *.tlog-proof of the folder: {"file": …, "verdict": …, "failed": …, …}
    run.py --seal                   writes the digests of the scripts and the style into the page's policy
    run.py --sealed                 exits with 1 if they are not those

OPTIONS.json says what is given for a file: {"good.tlog-proof": {"key": "…", "policy": "text", "root": "PEM text"}}. What expected.json of the
folder says of a key is given for proofs, without OPTIONS.json. The standard library alone; needs chromium and chromedriver.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "verify.html")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
BATCH = 200

# Reads the chosen files and checks one after the other. The page itself is as it is; only the field is added for this.
CHECK = """
const [options, done] = arguments;
(async () => {
  const said = [];
  for (const file of document.getElementById("fed").files) {
    let one;
    try { one = await window.verifyBundle(file, options[file.name] || {}); }
    catch (error) { one = { verdict: "error", failed: null, error: error.name + ": " + error.message, stack: error.stack }; }
    said.push({ file: file.name, ...one });
  }
  done(said);
})();
"""


class Browser:
    """One window, driven as W3C WebDriver says."""

    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                break
        else:
            raise SystemExit("chromedriver does not start: install chromium and chromium-driver")
        self.connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=1200)
        self.profile = tempfile.TemporaryDirectory()
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en", "--user-data-dir=" + self.profile.name]
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "timeouts": {"script": 1200000, "pageLoad": 30000},
                  "goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {"args": arguments}}}}
        self.session = self.call("POST", "/session", wanted)["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError("%s: %s" % (value["error"], value.get("message", "")))
        return value

    def post(self, path, body):
        return self.call("POST", "/session/%s%s" % (self.session, path), body)

    def open(self, path=PAGE):
        self.post("/url", {"url": "file://" + os.path.abspath(path)})

    def run(self, script, *arguments):
        return self.post("/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments):
        """Runs a script that calls its last argument when it is done."""
        return self.post("/execute/async", {"script": script, "args": list(arguments)})

    def find(self, css):
        return self.post("/element", {"using": "css selector", "value": css})[ELEMENT]

    def type(self, element, text):
        self.post("/element/%s/value" % element, {"text": text})

    def devtools(self, command, **parameters):
        return self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def see(self, width, dark=False, height=900):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def console(self):
        return [entry["message"] for entry in self.post("/se/log", {"type": "browser"})]

    def verdicts(self, paths, options=None):
        """The page's verdict on each file, in their order."""
        self.run("document.getElementById('fed')?.remove(); const f = document.createElement('input'); f.type = 'file'; f.multiple = true; f.id = 'fed';"
                 "document.body.append(f)")
        self.type(self.find("#fed"), "\n".join(os.path.abspath(path) for path in paths))
        given = {os.path.basename(path): (options or {}).get(os.path.basename(path), {}) for path in paths}
        return self.wait(CHECK, {name: value for name, value in given.items() if value})

    def end(self):
        try:
            self.call("DELETE", "/session/" + self.session)
        except (OSError, http.client.HTTPException):
            pass    # whoever stopped this has stopped the driver too
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.profile.cleanup()


def sealed(text):
    """The page with the digests in its policy that its scripts and its style have."""
    def digests(tag):
        return ["'sha256-%s'" % base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
                for inner in re.findall(r"<%s>(.*?)</%s>" % (tag, tag), text, re.S)]
    text = re.sub(r"script-src [^;]*;", lambda _: "script-src %s;" % " ".join(digests("script")), text, count=1)
    return re.sub(r"style-src [^;]*;", lambda _: "style-src %s;" % " ".join(digests("style")), text, count=1)


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    if sys.argv[1] in ("--seal", "--sealed"):
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
        if sys.argv[1] == "--sealed":
            raise SystemExit(0 if sealed(text) == text else "verify.html: its policy has other digests than its scripts: run `run.py --seal`")
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(sealed(text))
        return
    folder = sys.argv[1]
    options = {}
    expected = os.path.join(folder, "expected.json")
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            options = json.load(file)
    elif os.path.exists(expected):
        with open(expected, encoding="utf-8") as file:
            for name, one in json.load(file).items():
                if name.endswith(".tlog-proof") and one.get("key"):
                    options[name] = {"key": one["key"]}
    names = sorted(name for name in os.listdir(folder) if name.endswith((".zip", ".tlog-proof")))
    browser = Browser()
    try:
        browser.open()
        for at in range(0, len(names), BATCH):
            for one in browser.verdicts([os.path.join(folder, name) for name in names[at:at + BATCH]], options):
                print(json.dumps(one, ensure_ascii=False), flush=True)
    finally:
        browser.end()


if __name__ == "__main__":
    main()
