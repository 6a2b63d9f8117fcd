//! Every exit code, each reached in several ways; and that whatever is refused writes nothing.

use crate::support::company::{ADA, EVA, KIM, OLGA, SVEN};
use crate::support::{Company, Folder};
use serde_json::Value;

/// Runs a command that must fail: with this code, saying these words, and leaving so many entries behind.
#[track_caller]
fn refused(folder: &Folder, arguments: &[&str], code: i32, says: &str, recorded: u64) {
    let (entries, blobs) = (folder.whole(), folder.blobs());
    let said = folder.run(arguments).fails(code);
    assert!(said.contains(says), "{arguments:?} does not say `{says}`: {said}");
    assert!(said.starts_with(if code == 1 { "refused: " } else { "error: " }), "{arguments:?}: {said}");
    assert_eq!(folder.whole() - entries, recorded, "{arguments:?} left entries behind");
    assert_eq!(folder.blobs(), blobs, "{arguments:?} left sealed files behind");
}

#[test]
fn one_is_a_rule_that_refuses() {
    let folder = Folder::company();
    let company = Company::shared();
    let (grant, pending) = (company.grant.as_str(), company.pending.as_str());
    let text = folder.file("agreement.md", "# Another agreement\n");
    let there = folder.file("there.md", "mine");
    let cases: &[(&[&str], &str)] = &[
        (&["access", "approve", pending, "--as", KIM], "nobody"),
        (&["access", "approve", pending, "--as", EVA], "only"),
        (&["access", "approve", pending], "only a person of this organisation"),
        (&["access", "refuse", pending, "--reason", "No.", "--as", EVA], "only"),
        (&["access", "take-back", pending, "--as", EVA], "only whoever made a request"),
        (&["access", "revoke", grant, "--reason", "No.", "--as", KIM], "only"),
        (&["access", "request", "S-1", "--purpose", "Again.", "--as", KIM], "waits for an answer"),
        (&["access", "request", "S-1", "--purpose", "For me."], "--as"),
        (&["access", "emergency", "S-1", "--purpose", "Fire.", "--as", EVA], "you hold a grant"),
        (&["access", "justify", grant, "--account", "Nothing.", "--as", EVA], "does not wait"),
        (&["access", "review", grant, "--as", OLGA], "does not wait"),
        (&["access", "who", "S-1", "--as", EVA], "only the secret's owner"),
        (&["access", "mine", OLGA, "--as", EVA], "only counsel"),
        (&["access", "why", OLGA, "S-1", "--as", EVA], "only counsel"),
        (&["account", "invite", EVA, "--as", KIM], "only"),
        (&["account", "close", EVA, "--reason", "No.", "--as", KIM], "only"),
        (&["account", "remove-second-factor", EVA, "--reason", "Lost."], "second factor"),
        (&["agreement", "publish", &text, "--title", "Mine", "--as", EVA], "only counsel"),
        (&["agreement", "publish", &text, "--title", "confidentiality  AGREEMENT"], "already called"),
        (
            &[
                "agreement",
                "sign",
                "A-1",
                "--name",
                "Eva Engineer",
                "--read-to-end",
                "--consent",
                "--as",
                EVA,
            ],
            "you have signed it",
        ),
        (&["agreement", "sign", "A-1", "--name", "Kim Contractor", "--read-to-end"], "--as"),
        (&["agreement", "assign", "A-1", KIM, "--as", EVA], "only"),
        (&["agreement", "withdraw", "A-1", "--reason", "No.", "--as", EVA], "only counsel"),
        (&["document", "add", "S-1", &text, "--as", EVA], "only the secret's owner or counsel"),
        (&["document", "register", "S-1", "--name", "x", "--place", "y", "--as", EVA], "only"),
        (&["document", "withdraw", "D-1", "--reason", "No.", "--as", EVA], "only"),
        (&["document", "open", "D-1", "--out", &there, "--as", EVA], "is there already"),
        (&["document", "open", "D-1"], "--as"),
        (&["init", "--name", "Another"], "already holds a record"),
        (&["person", "add", "--name", "Eva", "--mail", "EVA@Halden.Example", "--department", "X"], "already"),
        (
            &[
                "person",
                "add",
                "--name",
                "Eve",
                "--mail",
                "eve@halden.example",
                "--department",
                "X",
                "--as",
                EVA,
            ],
            "only",
        ),
        (&["person", "end", ADA, "--reason", "Gone."], "administrator"),
        (&["person", "clear", EVA, "3", "--reason", "Same."], "like that already"),
        (&["person", "clear", SVEN, "9", "--reason", "Me.", "--as", SVEN], "their own clearance"),
        (&["person", "roles", ADA, "--as", ADA], "their own roles"),
        (&["person", "suspend", EVA, "--reason", "Why.", "--as", KIM], "only"),
        (&["person", "reinstate", EVA, "--reason", "Why."], "not suspended"),
        (&["record", "list", "--as", EVA], "only counsel"),
        (&["requirements", "set", "restricted", "--clearance", "1", "--reason", "Why.", "--as", EVA], "only"),
        (&["secret", "accept", "S-1"], "nothing waits to be judged"),
        (&["secret", "accept", "S-3", "--as", OLGA], "only counsel"),
        (&["secret", "return", "S-3", "--reason", "No.", "--as", OLGA], "only counsel"),
        (&["secret", "retire", "S-1", "--reason", "No.", "--as", OLGA], "only counsel"),
        (&["secret", "revise", "S-1", "--title", "Mine", "--as", EVA], "only"),
        (
            &["secret", "revise", "S-1", "--title", "Mine", "--from-version", "7", "--as", OLGA],
            "changed meanwhile",
        ),
        (&["secret", "review", "S-3", "--next", "2027-01-31"], "not in the register"),
    ];
    for (arguments, says) in cases {
        refused(&folder, arguments, 1, says, 0);
    }
}

#[test]
fn a_refusal_by_the_gate_is_recorded_and_says_why() {
    let folder = Folder::company();
    let open = ["document", "open", "D-1", "--as", KIM];
    refused(&folder, &open, 1, "agreement: ", 1);
    let said = folder.run(&open).fails(1);
    assert!(said.contains("grant: ") && said.contains("Read and sign agreement A-1."), "{said}");
    let last = folder.whole() - 1;
    assert!(said.contains(&format!("recorded as entry {last}")), "{said}");
    assert_eq!(folder.last()["kind"], "document.refused");
    refused(&folder, &["secret", "show", "S-1", "--precise", "--as", KIM], 1, "grant: ", 1);
    assert_eq!(folder.last()["kind"], "secret.refused");
}

#[test]
fn two_is_bad_usage_or_input_and_names_that_are_not_known() {
    let folder = Folder::company();
    let text = folder.file("note.md", "# Note\n");
    let missing = folder.beside("missing.md").to_str().unwrap().to_owned();
    let cases: &[(&[&str], &str)] = &[
        (&["frobnicate"], "unrecognized subcommand"),
        (&["person", "frobnicate"], "unrecognized subcommand"),
        (&["person", "add"], "required"),
        (&["person", "list", "--role", "king"], "king"),
        (&["person", "clear", EVA, "-1", "--reason", "x"], "-1"),
        (&["person", "clear", EVA, "300", "--reason", "x"], "300"),
        (&["person", "clear", EVA, "10", "--reason", "x"], "levels go from 0 to 9"),
        (&["person", "show", "P-99"], "`P-99` is not known here"),
        (&["person", "show", "S-1"], "not known here"),
        (&["person", "show", "nobody@halden.example"], "not known here"),
        (&["person", "show", ""], "not known here"),
        (&["person", "list", "--as", "P-99"], "`P-99` is not known here"),
        (&["person", "end", EVA, "--reason", "x", "--on", "2020-02-02"], "has passed"),
        (&["person", "end", EVA, "--reason", "x", "--on", "31.12.2030"], "is not a date"),
        (&["person", "end", EVA, "--reason", " "], "must not be empty"),
        (&["person", "import", &missing], "cannot be read"),
        (&["secret", "show", "S-4294967296"], "not known here"),
        (&["secret", "show", "S--1"], "not known here"),
        (&["secret", "show", "S-01"], "not known here"),
        (&["secret", "show", "P-1"], "not known here"),
        (&["secret", "show", "S-2", "--as", KIM], "`S-2` is not known here"),
        (&["secret", "list", "--tier", "secret"], "secret"),
        (
            &["secret", "add", "--title", "x", "--owner", "P-99", "--tier", "restricted", "--summary", "x"],
            "P-99",
        ),
        (
            &[
                "secret",
                "add",
                "--title",
                "x",
                "--owner",
                OLGA,
                "--tier",
                "restricted",
                "--summary",
                "x",
                "--value",
                "many EUR",
            ],
            "is not an amount",
        ),
        (
            &[
                "secret",
                "add",
                "--title",
                "x",
                "--owner",
                OLGA,
                "--tier",
                "restricted",
                "--summary",
                "x",
                "--factor",
                "beauty=5: yes",
            ],
            "is not a scored factor",
        ),
        (
            &[
                "secret",
                "add",
                "--title",
                "x",
                "--owner",
                OLGA,
                "--tier",
                "restricted",
                "--summary",
                "x",
                "--factor",
                "value=9: yes",
            ],
            "5",
        ),
        (
            &[
                "secret",
                "add",
                "--title",
                "x",
                "--owner",
                OLGA,
                "--tier",
                "restricted",
                "--summary",
                "x",
                "--review",
                "2020-01-01",
            ],
            "already passed",
        ),
        (&["secret", "review", "S-1", "--next", "2020-01-01"], "future"),
        (&["document", "add", "S-1", &missing], "cannot be read"),
        (&["document", "add", "S-99", &text], "`S-99` is not known here"),
        (&["document", "add", "S-1", &text, &text, "--name", "two"], "single file"),
        (&["document", "open", "D-99", "--as", EVA], "`D-99` is not known here"),
        (&["document", "open", "S-1", "--as", EVA], "not known here"),
        (&["document", "register", "S-1", "--name", "x", "--place", "y", "--sha256", "abc"], "abc"),
        (&["agreement", "sign", "A-1", "--as", KIM], "no terminal"),
        (&["agreement", "sign", "A-9", "--name", "x", "--as", KIM], "not known here"),
        (&["agreement", "show", "A-1", "--version", "9"], "not known here"),
        (&["agreement", "assign", "A-1"], "required"),
        (&["agreement", "assign", "A-1", KIM, "--everyone"], "cannot be used with"),
        (&["agreement", "publish", &text], "--title"),
        (&["agreement", "publish", &text, "--title", "New", "--due", "2020-01-01"], "passed"),
        (&["agreement", "publish", &text, "--title", "New", "--term-days", "0"], "a term is"),
        (&["agreement", "paper", "A-1", EVA, &text, "--signed-on", "2026-02-30"], "is not a date"),
        (&["access", "approve", "G-1"], "is not a request's id"),
        (&["access", "revoke", "R-1", "--reason", "x"], "is not a grant's id"),
        (&["access", "revoke", "G-99", "--reason", "x"], "`G-99` is not known here"),
        (&["access", "request", "S-1", "--purpose", "x", "--until", "2020-01-01", "--as", SVEN], "future"),
        (
            &["access", "request", "S-1", "--purpose", "x", "--until", "2999-01-01", "--as", SVEN],
            "lasts at most",
        ),
        (&["access", "request", "S-2", "--purpose", "x", "--as", KIM], "`S-2` is not known here"),
        (&["access", "mine"], "whose documents?"),
        (&["access", "grants", "--person", "Nobody"], "not known here"),
        (&["account", "reset", KIM], "not known here"),
        (&["record", "show", "99999"], "`entry 99999` is not known here"),
        (&["record", "show", "18446744073709551615"], "is not known here"),
        (&["record", "show", "18446744073709551616"], "18446744073709551616"),
        (&["record", "show", "-1"], "-1"),
        (&["record", "list", "--limit", "0"], "0"),
        (&["record", "list", "--limit", "1001"], "1001"),
        (&["record", "list", "--about", "X-1"], "X-1"),
        (&["record", "list", "--since", "yesterday"], "is not a date"),
        (&["requirements", "set", "restricted", "--reason", "x"], "nothing would change"),
        (&["requirements", "set", "restricted", "--reason", "x", "--approvals", "9"], "take 1 to 5"),
        (&["requirements", "set", "restricted", "--reason", "x", "--ask", "luck"], "luck"),
        (&["requirements", "set", "restricted", "--reason", "x", "--ask", "training"], "cannot be asked yet"),
        (&["requirements", "set", "restricted", "--reason", "x", "--network", "10.0.0.0/99"], "10.0.0.0/99"),
        (&["requirements", "set", "top", "--reason", "x"], "top"),
        (&["serve", "--listen", "0.0.0.0:0"], "plain HTTP"),
        (&["serve", "--listen", "nowhere"], "nowhere"),
        (&["serve", "--tls-cert", &text], "--tls-key"),
        (&["demo", "--listen", "127.0.0.1:0"], "--serve"),
        (&["demo"], "is not empty"),
        (&["passphrase", "recover", "--recovery-file", &missing], "cannot be read"),
        (&["bench", "speed"], "unrecognized subcommand"),
        (&["completions", "abacus"], "abacus"),
    ];
    for (arguments, says) in cases {
        refused(&folder, arguments, 2, says, 0);
    }
}

#[test]
fn a_record_that_is_not_there_is_bad_input_for_every_command() {
    let folder = Folder::empty();
    for command in [&["person", "list"][..], &["record", "verify"], &["serve"], &["passphrase", "change"]] {
        let said = folder.run(command).fails(2);
        assert!(said.contains("make one with `ringfence init`"), "{said}");
        assert!(!folder.data().exists(), "{command:?} made a data folder");
    }
}

#[test]
fn four_is_a_record_that_stays_sealed() {
    let folder = Folder::company();
    let entries = folder.whole();
    let commands: [&[&str]; 6] = [
        &["person", "list"],
        &["record", "verify"],
        &["document", "open", "D-1", "--as", EVA],
        &["serve", "--listen", "127.0.0.1:0"],
        &["passphrase", "change"],
        &["recovery", "renew"],
    ];
    let wrong = folder.file("wrong", "wrong horse battery staple\n");
    for command in commands {
        let given: Vec<&str> = command.iter().copied().chain(["--passphrase-file", &wrong]).collect();
        let mut wrong = folder.command(&given);
        wrong.env("RINGFENCE_NEW_PASSPHRASE", "another horse battery staple");
        let said = crate::support::Answer::of(&mut wrong, format!("{given:?}")).fails(4);
        assert!(said.contains("the passphrase is wrong") && said.contains("passphrase recover"), "{said}");
        // Without a terminal of its own it cannot ask for one.
        let mut none = std::process::Command::new("setsid");
        none.args(["--wait", crate::support::RINGFENCE]).args(command).env("RINGFENCE_DATA", folder.data());
        none.env_remove("RINGFENCE_PASSPHRASE").stdin(std::process::Stdio::null());
        let said = crate::support::Answer::of(&mut none, format!("{command:?}")).fails(4);
        assert!(said.contains("no terminal") && said.contains("--passphrase-file"), "{said}");
    }
    assert_eq!(folder.whole(), entries);
}

#[test]
fn five_is_a_disk_or_database_that_fails() {
    let folder = Folder::company();
    let said = folder.run(&["person", "list", "--journal", "postgres://nobody@127.0.0.1:1/none"]).fails(5);
    assert!(said.contains("cannot be reached"), "{said}");
    let mut full = folder.command(&["person", "list"]);
    full.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let said = crate::support::Answer::of(&mut full, "onto a full disk".to_owned()).fails(5);
    assert!(said.contains("standard output cannot be written"), "{said}");
    let file = folder.file("file", "not a folder");
    let said = folder.run(&["init", "--name", "X", "--data", &format!("{file}/data")]).fails(5);
    assert!(said.contains("cannot be made"), "{said}");
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let folder = Folder::company();
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", "set -o pipefail; \"$0\" record list --limit 1000 | head -n 1"]);
    shell.arg(crate::support::RINGFENCE).env("RINGFENCE_DATA", folder.data());
    shell.env("RINGFENCE_PASSPHRASE", crate::support::PASSPHRASE);
    let answer = crate::support::Answer::of(&mut shell, "into head".to_owned());
    assert!(answer.done().starts_with("Entry"));
}

#[test]
fn failures_are_json_where_json_was_asked_for() {
    let folder = Folder::company();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["access", "who", "S-1", "--as", EVA], 1, "role"),
        (&["document", "open", "D-1", "--out", "new", "--as", KIM], 1, "gate"),
        (&["person", "show", "P-99"], 2, "unknown"),
        (&["person", "end", EVA, "--reason", "x", "--on", "2020-02-02"], 2, "input"),
        (&["person", "frobnicate"], 2, "usage"),
        (&["person", "list", "--passphrase-file", "/dev/null"], 2, "input"),
        (&["person", "list", "--journal", "postgres://nobody@127.0.0.1:1/none"], 5, "storage"),
    ];
    for (arguments, code, rule) in cases {
        let given: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let said = folder.run(&given).fails(code);
        let said: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        let error = &said["error"];
        assert_eq!(error["rule"], rule, "{error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        let mut keys: Vec<&String> = error.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["because", "entry", "field", "message", "remedy", "rows", "rule"]);
    }
}

#[test]
fn the_refusal_of_the_gate_says_each_condition_in_json() {
    let folder = Folder::company();
    let said = folder.run(&["document", "open", "D-1", "--as", KIM, "--json", "--out", "new"]).fails(1);
    let said: Value = serde_json::from_str(&said).unwrap();
    let conditions: Vec<&Value> =
        said["error"]["because"].as_array().unwrap().iter().map(|because| &because["condition"]).collect();
    assert_eq!(conditions, ["grant", "agreement"]);
    assert_eq!(said["error"]["entry"], folder.whole() - 1);
}
