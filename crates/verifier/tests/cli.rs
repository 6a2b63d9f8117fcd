//! The program as a stranger runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::*;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringfence-verify")).current_dir(folder).args(arguments).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("good.zip", &small().zip());
    let mut altered = small();
    altered.set("documents/D-1.txt", "three parts of lye\n");
    put("altered.zip", &altered.zip());
    put("cut.zip", &small().zip()[1..]);
    put("policy", format!("witness w {}\nquorum w\n", witness(1).verifier()).as_bytes());
    put("strict", format!("witness w {}\nquorum w\n", witness(7).verifier()).as_bytes());
    folder
}

#[test]
fn exit_codes_and_json_are_as_documented() {
    let folder = folder();
    for (file, code, word, failed) in [
        ("good.zip", 0, "verified", None),
        ("altered.zip", 1, "not verified", Some(("manifest", "documents/D-1.txt"))),
        ("cut.zip", 2, "unreadable", Some(("container", "archive"))),
    ] {
        let output = run(folder.path(), &[file, "--json"]);
        assert_eq!(output.status.code(), Some(code));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["verdict"], word);
        match failed {
            None => assert_eq!(said["failed"], Value::Null),
            Some((check, at)) => {
                assert_eq!(
                    (said["failed"]["check"].as_str(), said["failed"]["at"].as_str()),
                    (Some(check), Some(at))
                );
                assert!(said["failed"]["reason"].is_string());
            }
        }
        let text = run(folder.path(), &[file]);
        assert_eq!(text.status.code(), Some(code));
        assert!(String::from_utf8(text.stdout).unwrap().starts_with(&word.to_uppercase()));
    }
}

#[test]
fn json_of_a_verified_bundle_has_exactly_the_members_documented() {
    let folder = folder();
    let said: Value = serde_json::from_slice(&run(folder.path(), &["--json", "good.zip"]).stdout).unwrap();
    let mut members: Vec<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "entries",
            "failed",
            "fields",
            "files",
            "first",
            "key",
            "last",
            "not_proved",
            "origin",
            "quorum",
            "root",
            "size",
            "stamps",
            "verdict",
            "withheld",
            "witnesses",
        ]
    );
    assert_eq!(said["first"], "2026-03-03T09:00:01.000Z");
    assert_eq!(said["key"], record_key(0).verifier().to_string());
    assert_eq!(said["root"].as_str().unwrap().len(), 44);
    assert_eq!(
        said["witnesses"][0],
        serde_json::json!({"name": "witness1.example/w", "size": 8, "time": "2026-03-03T09:01:08Z"})
    );
}

#[test]
fn what_a_stranger_knows_decides() {
    let folder = folder();
    let code = |arguments: &[&str]| run(folder.path(), arguments).status.code();
    let (right, wrong) = (record_key(0).verifier().to_string(), record_key(1).verifier().to_string());
    assert_eq!(code(&["good.zip", "--key", &right]), Some(0));
    assert_eq!(code(&["good.zip", "--key", &wrong]), Some(1));
    assert_eq!(code(&["good.zip", "--policy", "policy"]), Some(0));
    assert_eq!(code(&["good.zip", "--policy", "strict"]), Some(1));
    let said = run(folder.path(), &["--policy=strict", "--json", "good.zip"]);
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(
        (said["failed"]["check"].as_str(), said["failed"]["at"].as_str()),
        (Some("policy"), Some("--policy"))
    );
}

#[test]
fn asked_wrongly_it_says_how_to_ask_and_gives_no_verdict() {
    let folder = folder();
    let witness = witness(1).verifier().to_string();
    for arguments in [
        [].as_slice(),
        &["missing.zip"],
        &["."],
        &["good.zip", "good.zip"],
        &["good.zip", "--colour"],
        &["good.zip", "-x"],
        &["good.zip", "--json=yes"],
        &["good.zip", "--key"],
        &["good.zip", "--key", "nonsense"],
        &["good.zip", "--key", &witness],
        &["good.zip", "--policy", "missing"],
        &["good.zip", "--policy", "good.zip"],
        &["good.zip", "--tsa-root", "policy"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.is_empty() && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    let help = run(folder.path(), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("not verified: something was altered"));
    assert_eq!(run(folder.path(), &["-V"]).status.code(), Some(0));
}

#[test]
fn the_report_says_one_idea_a_line() {
    let folder = folder();
    let report = String::from_utf8(run(folder.path(), &["good.zip"]).stdout).unwrap();
    for line in [
        "VERIFIED: good.zip",
        "What is proved",
        "  - It comes from the record `ringfence.example/record`.",
        "  - The record had 16 entries when it was signed.",
        "  - It shows 5 of these entries.",
        "  - 7 fields are withheld.",
        "Who has seen the record",
        "  - The witness `witness1.example/w` saw its first 8 entries on 2026-03-03 09:01:08 UTC.",
        "What whoever made the bundle says of it (nobody has checked this)",
        "  - secret: S-1",
        "What is not proved",
    ] {
        assert!(report.lines().any(|found| found == line), "{line}\n\n{report}");
    }
    assert!(report.ends_with('\n'));
}
