//! `ringfence evidence`: counsel cuts evidence out of the record, and somebody with nothing of ours checks it.

use super::witness::Witnessing;
use crate::support::company::{AUD, CARL, EVA, OLGA};
use crate::support::{Company, Folder, RECIPE};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const FOR_WHOM: [&str; 4] = ["--recipient", "A court", "--purpose", "Exhibit 4"];

/// Verifies a file with the script, which shares no line with the program.
fn stranger(file: &str, key: &str) -> (Option<i32>, Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/python/ringfence_verify.py");
    let asked = Command::new("python3").arg(script).args([file, "--json", "--key", key]).output().unwrap();
    (asked.status.code(), serde_json::from_slice(&asked.stdout).unwrap())
}

#[test]
fn a_stranger_verifies_what_counsel_exported_and_a_witness_saw() {
    let folder = Folder::company();
    let key = folder.run(&["record", "checkpoint", "--json"]).json()["verifier"].as_str().unwrap().to_owned();
    let outside = folder.beside("outside").to_str().unwrap().to_owned();
    let made =
        folder.run(&["witness", "init", "--name", "outside.example", "--data", &outside, "--json"]).json();
    folder.run(&["witness", "trust", &key, "--data", &outside]).done();
    let serving = Witnessing::start(Path::new(&outside));
    let address = format!("http://{}/", serving.address());
    let add =
        ["evidence", "witness", "add", "Outside counsel", "--address", &address, "--reason", "It cosigns."];
    folder.run(&[&add[..], &["--key", made["verifier"].as_str().unwrap()]].concat()).done();
    let status = || folder.run(&["evidence", "status"]).done();
    assert!(status().contains("has not answered yet"), "{}", status());

    let file = folder.beside("evidence.zip").to_str().unwrap().to_owned();
    let export = ["evidence", "export", "--secret", "S-1", "--redact", "purpose,mail", "--out", &file];
    let export = [&export[..], &FOR_WHOM, &["--as", CARL]].concat();
    folder.run(&export).done();
    assert!(status().contains("has yet to see"), "the export is news: {}", status());
    let (code, verdict) = stranger(&file, &key);
    assert_eq!((code, &verdict["verdict"]), (Some(0), &"verified".into()), "{verdict}");
    assert_eq!(verdict["witnesses"][0]["name"], "outside.example", "{verdict}");
    assert_eq!(verdict["quorum"], true);
    // What was handed out is never written over.
    assert!(folder.run(&export).fails(2).contains("is there already"));
    drop(serving);
    let said = folder.run(&["evidence", "anchor"]).fails(1);
    assert!(said.contains("nobody vouched") && said.contains("Outside counsel cannot be reached"), "{said}");
    folder.whole();
}

#[test]
fn only_counsel_exports_and_a_preview_records_nothing() {
    let folder = Folder::company();
    let before = folder.whole();
    let file = folder.beside("evidence.zip").to_str().unwrap().to_owned();
    for person in [OLGA, EVA, AUD] {
        let export = ["evidence", "export", "--secret", "S-1", "--out", &file, "--as", person];
        folder.run(&[&export[..], &FOR_WHOM].concat()).fails(1);
    }
    let plan = folder
        .run(&["evidence", "plan", "--secret", "S-1", "--redact", "name", "--json", "--as", CARL])
        .json();
    let entries = plan["entries"].as_array().unwrap();
    assert!(entries.len() > 5);
    for entry in entries {
        assert!(entry["shown"].get("name").is_none() && entry["shown"].get("precise").is_none(), "{entry}");
    }
    assert_eq!(folder.whole(), before);
    assert!(!Path::new(&file).exists());
}

#[test]
fn an_original_is_checked_against_the_proof_that_it_existed() {
    let folder = Folder::company();
    let (proof, salt) = (folder.beside("proof.zip"), folder.beside("salt.json"));
    let (proof, salt) = (proof.to_str().unwrap(), salt.to_str().unwrap());
    let prove = ["evidence", "prove", "--secret", "S-1", "--out", proof, "--salt-out", salt, "--as", CARL];
    folder.run(&[&prove[..], &FOR_WHOM].concat()).done();
    let original = folder.file("bath.md", RECIPE);
    let other = folder.file("other.md", "Something else.");
    let checked = folder.run(&["evidence", "check", proof, "--document", &original, "--json"]).json();
    assert!(checked["originals"][0]["entry"].is_number(), "{checked}");
    folder.run(&["evidence", "check", proof, "--document", &other]).fails(1);
    folder.run(&["evidence", "check", &original]).fails(2);
    folder.run(&["evidence", "check", proof, "--description", &other, "--salt", salt]).fails(1);
}

#[test]
fn who_could_open_it_then_is_told_after_it_was_taken_back() {
    let folder = Folder::company();
    let opens = |who: &Value| {
        who.as_array().unwrap().iter().any(|row| row["person"] == "P-7" && row["opens"] == true)
    };
    assert!(opens(&folder.run(&["access", "who", "S-1", "--json"]).json()));
    let last = folder.last();
    let then = last["time"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(20));
    folder.run(&["access", "revoke", &Company::shared().grant, "--reason", "Done."]).done();
    assert!(!opens(&folder.run(&["access", "who", "S-1", "--json"]).json()));
    assert!(opens(&folder.run(&["access", "who", "S-1", "--as-of", &then, "--json"]).json()));
    let why = folder.run(&["access", "why", EVA, "S-1", "--as-of", &then, "--json"]).json();
    assert_eq!(why["opens"], true, "{why}");
    let shown = folder.run(&["secret", "show", "S-1", "--as-of", &then, "--json"]).json();
    assert_eq!(shown["id"], "S-1");
    folder.run(&["access", "who", "S-1", "--as-of", "2099-01-01"]).fails(2);
    folder.run(&["access", "who", "S-1", "--as-of", "1999-01-01"]).fails(2);
    folder.run(&["access", "who", "S-1", "--as-of", "nonsense"]).fails(2);
}
