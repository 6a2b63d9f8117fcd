#!/usr/bin/env python3
"""Compares ringfence_verify.py with another verifier, on bundles that somebody changed.

    compare.py PATH-OF-THE-OTHER [--outside 5000] [--inside 5000] [--proofs 1000] [--folder MUTANTS] [--from 0]

`--outside` changes good bundles; `--inside` lets the keeper of the record write something strange, and sign it; `--folder` takes
files that lie there. The other is called with `FILE --json` (and `--key`, `--policy` for proofs). Verdict, check and place are compared, and of
what both verify, all that the report says. Exit code 0 if there is no difference.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

from test_verify import make, verify, world

INSIDE = [
    make.Recipe(seed=21, entries=9, shown=4, documents=1, agreements=0, anchors=(6,), witnesses=2, quorum=1, cosigned=2),
    make.Recipe(seed=23, entries=6, shown=2, documents=0, agreements=0, rotations=(3,), witnesses=1, quorum=1, cosigned=1),
    make.Recipe(seed=22, entries=4, shown=1, documents=0, agreements=0, anchors=(3,), witnesses=0, quorum=0, tokens=1, stamp={"status": 0}),
]
OUTSIDE = ["plain", "witnessed", "rotated", "tile-257", "full", "stamped-by-hand"]


def cases(options, folder):
    """(path, name, arguments, what the script is asked)."""
    nothing = verify.Asked(None, None, None)
    path = os.path.join(folder, "mutant")

    def written(data):
        with open(path, "wb") as file:
            file.write(data)
        return path

    for number in range(options.start, options.start + options.outside):
        name = OUTSIDE[number % len(OUTSIDE)]
        mutant, what = make.mutate(world(name).archive, number)
        yield written(mutant), "outside %d: %s, %s" % (number, name, what), [], nothing
    for number in range(options.start, options.start + options.inside):
        recipe = INSIDE[number % len(INSIDE) if options.only is None else options.only]
        mutant, what = make.insider(recipe, number)
        yield written(mutant), "inside %d: seed %d, %s" % (number, recipe.seed, what), [], nothing
    w = world("deep")
    policy = os.path.join(folder, "policy")
    with open(policy, "wb") as file:
        file.write(w.members["policy"])
    asked = verify.Asked(verify.read_key(w.keys[0], 1), None, None)
    for number in range(options.start, options.start + options.proofs):
        rng = make.random.Random(number)
        proof = w.proof(w.positions[number % len(w.positions)])
        mutant = make.mutate_text(proof, rng) if number % 3 else make.mutate_bytes(proof, rng)[0]
        if not mutant.startswith(b"c2sp.org/tlog-proof@"):
            continue
        if number % 2:
            yield written(mutant), "proof %d, with a policy" % number, ["--key", w.keys[0], "--policy", policy], asked._replace(policy=verify.Policy(w.members["policy"]))
        else:
            yield written(mutant), "proof %d" % number, ["--key", w.keys[0]], asked
    for root, _, names in os.walk(options.folder) if options.folder else []:
        for name in sorted(names):
            if name.endswith(".zip"):
                yield os.path.join(root, name), os.path.join(root, name), [], nothing


def differs(ours, theirs):
    """In which parts two reports differ."""
    parts = [] if ours["verdict"] == theirs.get("verdict") else ["verdict"]
    for part in ("check", "at"):
        if (ours["failed"] or {}).get(part) != (theirs.get("failed") or {}).get(part):
            parts.append(part)
    said = (set(ours) | set(theirs)) - {"verdict", "failed", "not_proved"}
    return parts + sorted(part for part in said if not parts and ours.get(part) != theirs.get(part))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other")
    parser.add_argument("--outside", type=int, default=5000)
    parser.add_argument("--inside", type=int, default=5000)
    parser.add_argument("--proofs", type=int, default=1000)
    parser.add_argument("--folder")
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--only", type=int, help="of the kinds of `--inside`, this one")
    parser.add_argument("--keep", help="a folder for what differs")
    options = parser.parse_args()
    seen, different = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        for path, name, arguments, asked in cases(options, folder):
            with open(path, "rb") as file:
                data = file.read()
            ours = verify.verify(data, asked)
            run = subprocess.run([options.other, path, "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                theirs = json.loads(run.stdout)
            except ValueError:
                theirs = {"verdict": "exit code %d: %s" % (run.returncode, run.stderr.decode(errors="replace").strip()[-300:])}
            parts = differs(ours, theirs)
            if run.returncode != {"verified": 0, "not verified": 1, "unreadable": 2}[ours["verdict"]] and not parts:
                parts = ["exit code %d" % run.returncode]
            seen[(ours["failed"] or {"check": "verified"})["check"]] += 1
            if parts:
                different[", ".join(parts)] += 1
                print("%s differs in %s\n    ours   %s %s\n    theirs %s %s" % (
                    name, ", ".join(parts), ours["verdict"], ours["failed"], theirs.get("verdict"), theirs.get("failed")), flush=True)
                if options.keep:
                    os.makedirs(options.keep, exist_ok=True)
                    make.write(options.keep, "%d.zip" % sum(different.values()), data)
    print("%d compared: %s" % (sum(seen.values()), ", ".join("%s %d" % pair for pair in sorted(seen.items()))))
    print("%d differ: %s" % (sum(different.values()), ", ".join("%s %d" % pair for pair in sorted(different.items())) or "none"))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
