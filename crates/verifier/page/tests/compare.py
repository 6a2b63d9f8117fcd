#!/usr/bin/env python3
"""Compares the page, the script and the program on bundles and proofs that somebody changed: verdict, check, place, and all that is said of what they verify.

    compare.py [--from 0] [--outside 1000] [--inside 1000] [--proofs 200] [--program PATH] [--keep FOLDER]
    compare.py --folder FOLDER      with the program's verdicts that lie there: of `N.zip` in `N.json`, as `cargo run --release -p verifier --example mutants` writes them

It needs chromium, chromedriver and openssl, and for all three `cargo build --release -p verifier` with `--program target/release/ringfence-verify`; without `--program` it
compares the page with the script. `crates/verifier/python/tests/compare.py` says what is changed. Everything is fed to one browser, some hundred files at a time.
"""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.environ.get("RINGFENCE_SCRIPT", os.path.join(os.path.dirname(os.path.dirname(HERE)), "python"))


def script():
    """The script's own tools."""
    sys.path[:0] = [os.path.join(SCRIPT, "tests"), SCRIPT]
    here, sys.path[:] = sys.path[:], [path for path in sys.path if os.path.abspath(path or ".") != HERE]
    try:
        sys.modules.pop("compare", None)
        import compare
        import test_verify
        return compare, test_verify.verify
    finally:
        sys.path[:] = here


def given(arguments):
    """What the page is given, from the arguments of a command line."""
    options = dict(zip(arguments[::2], arguments[1::2]))
    if "--policy" in options:
        with open(options["--policy"], encoding="latin1") as file:
            options["--policy"] = file.read()
    return {name.lstrip("-"): value for name, value in options.items()}


def said_by(program, path, arguments):
    """What the program says of a file."""
    run = subprocess.run([program, path, "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        return json.loads(run.stdout)
    except ValueError:
        return {"verdict": "exit code %d" % run.returncode, "failed": None, "error": run.stderr.decode(errors="replace")}


def compared(browser, start, outside, inside, proofs, program=None, batch=100):
    """(name, bytes, what the script says, what the other that differs says, or the page, in which parts they differ) of each case."""
    tools, verify = script()
    wanted = argparse.Namespace(start=start, outside=outside, inside=inside, proofs=proofs, folder=None, only=None)
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared) as folder, tempfile.TemporaryDirectory(dir=shared) as fed:
        waiting = []

        def flush():
            paths, options = [], {}
            for number, (_, data, arguments, _) in enumerate(waiting):
                name = "%d.zip" % number
                paths.append(os.path.join(fed, name))
                with open(paths[-1], "wb") as file:
                    file.write(data)
                options[name] = given(arguments)
            for path, (name, data, arguments, ours), theirs in zip(paths, waiting, browser.verdicts(paths, options) if paths else []):
                del theirs["file"]
                parts = tools.differs(ours, theirs)
                if program and not parts:
                    others = said_by(program, path, arguments)
                    parts = ["program: " + part for part in tools.differs(ours, others)]
                    theirs = others if parts else theirs
                yield name, data, ours, theirs, parts
            waiting.clear()

        for path, name, arguments, asked in tools.cases(wanted, folder):
            with open(path, "rb") as file:
                data = file.read()
            waiting.append((name, data, arguments, verify.verify(data, asked)))
            if len(waiting) == batch:
                yield from flush()
        yield from flush()


def kept(browser, folder, batch=400):
    """The same of each bundle in a folder with the program's verdict beside it."""
    tools, verify = script()
    names = sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".zip") and os.path.exists(os.path.join(folder, name[:-4] + ".json")))
    for at in range(0, len(names), batch):
        paths = [os.path.join(folder, name) for name in names[at:at + batch]]
        for path, theirs in zip(paths, browser.verdicts([path + ".zip" for path in paths])):
            with open(path + ".zip", "rb") as file:
                data = file.read()
            with open(path + ".json", encoding="utf-8") as file:
                ours = json.load(file)
            del theirs["file"]
            parts = tools.differs(ours, theirs)
            if not parts:
                said = verify.verify(data, verify.Asked(None, None, None))
                parts = ["script: " + part for part in tools.differs(ours, said)]
                theirs = said if parts else theirs
            yield path, data, ours, theirs, parts


def main():
    import run
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--outside", type=int, default=1000)
    parser.add_argument("--inside", type=int, default=1000)
    parser.add_argument("--proofs", type=int, default=200)
    parser.add_argument("--folder")
    parser.add_argument("--program", help="ringfence-verify, to be compared too")
    parser.add_argument("--keep", help="a folder for what differs")
    options = parser.parse_args()
    seen, different = collections.Counter(), collections.Counter()
    signal.signal(signal.SIGINT, signal.default_int_handler)    # in the background, too
    browser = run.Browser()
    try:
        browser.open()
        cases = kept(browser, options.folder) if options.folder else compared(browser, options.start, options.outside, options.inside, options.proofs, options.program)
        for name, data, ours, theirs, parts in cases:
            seen[(ours["failed"] or {"check": "verified"})["check"]] += 1
            if not parts:
                continue
            different[", ".join(parts)] += 1
            print("%s differs in %s\n    wanted %s %s\n    found  %s %s %s" % (
                name, ", ".join(parts), ours["verdict"], ours["failed"], theirs["verdict"], theirs["failed"], theirs.get("error", "")), flush=True)
            if options.keep:
                os.makedirs(options.keep, exist_ok=True)
                with open(os.path.join(options.keep, "%d-%d.zip" % (options.start, sum(different.values()))), "wb") as file:
                    file.write(data)
    except KeyboardInterrupt:
        print("stopped before the end")
    finally:
        browser.end()
    print("page and script compared" if not options.program and not options.folder else "page, script and program compared")
    print("%d compared: %s" % (sum(seen.values()), ", ".join("%s %d" % pair for pair in sorted(seen.items()))))
    print("%d differ: %s" % (sum(different.values()), ", ".join("%s %d" % pair for pair in sorted(different.items())) or "none"))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
