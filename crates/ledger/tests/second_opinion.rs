//! The same digests, entries, roots and signatures by other hands: Python's standard library and OpenSSL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use ledger::{Disclosure, Edge, Entry, Salt, SignedNote, SigningKey};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

type Field = ([u8; 16], String, Value);

/// Runs a program; nothing if it is not installed, which is said aloud.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<Output> {
    let started = Command::new(program)
        .args(arguments)
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED, NOTHING WAS CHECKED: `{program}` is not installed");
            return None;
        }
        Err(error) => panic!("`{program}` could not be started: {error}"),
    };
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Some(output)
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1i64 << 53) + 1..1i64 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_case() -> impl Strategy<Value = (u64, i64, String, Vec<Field>)> {
    let name = any::<String>().prop_filter("reserved", |name| name != "_sd" && name != "...");
    let fields = prop::collection::btree_map(name, (any::<[u8; 16]>(), any_value()), 0..5)
        .prop_map(|fields| fields.into_iter().map(|(name, (salt, value))| (salt, name, value)).collect());
    (0..1u64 << 53, 0..=ledger::entry::MAX_TIME, "[a-z0-9.-]{1,40}", fields)
}

#[test]
fn python_computes_the_same_disclosures_entries_and_roots() {
    let mut runner = TestRunner::deterministic();
    let cases: Vec<_> = (0..300).map(|_| any_case().new_tree(&mut runner).unwrap().current()).collect();
    let asked: Vec<Value> = cases
        .iter()
        .map(|(position, time, kind, fields)| {
            let fields: Vec<Value> = fields
                .iter()
                .map(|(salt, name, value)| json!([data_encoding::HEXLOWER.encode(salt), name, value]))
                .collect();
            json!({"position": position, "time": time, "kind": kind, "fields": fields})
        })
        .collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/second_opinion.py");
    let Some(output) = run("python3", &[script], &serde_json::to_vec(&asked).unwrap()) else {
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), cases.len());

    let mut edge = Edge::new();
    for ((position, time, kind, fields), answer) in cases.into_iter().zip(answers) {
        let disclosures: Vec<Disclosure> = fields
            .into_iter()
            .map(|(salt, name, value)| Disclosure::new(Salt(salt), name, value).unwrap())
            .collect();
        let entry = Entry::new(position, time, kind, &disclosures).unwrap();
        edge.push(entry.leaf());
        let ours = json!({
            "disclosures": disclosures.iter().map(Disclosure::encoded).collect::<Vec<_>>(),
            "digests": disclosures.iter().map(|d| d.digest().to_base64url()).collect::<Vec<_>>(),
            "entry": String::from_utf8(entry.to_bytes()).unwrap(),
            "root": edge.root().to_hex(),
        });
        assert_eq!(ours, answer);
    }
}

#[test]
fn openssl_verifies_our_notes_and_refuses_altered_ones() {
    let key = SigningKey::from_seed("example.com/log", &[42; 32]).unwrap();
    let note = SignedNote::sign("example.com/log\nan ordinary text\n", &[&key]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, section 4) is this, then the key.
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    std::fs::write(place("key.der"), [prefix.as_slice(), key.verifier().public()].concat()).unwrap();
    std::fs::write(place("signature"), &note.signatures()[0].bytes).unwrap();
    std::fs::write(place("text"), note.text()).unwrap();
    std::fs::write(place("altered"), note.text().replace("ordinary", "0rdinary")).unwrap();
    for (text, verifies) in [("text", true), ("altered", false)] {
        let (key, signature, text) = (place("key.der"), place("signature"), place(text));
        let arguments = [
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", &key, "-rawin", "-in", &text,
            "-sigfile", &signature,
        ];
        let Some(output) = run("openssl", &arguments, b"") else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), verifies, "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.contains("Signature Verified Successfully"), verifies, "{said}");
    }
}
