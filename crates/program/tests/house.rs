//! The shape of the house: who may use whom, and what the rules never touch.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate and the crates of ours that it may use: always ones below it.
const BELOW: [(&str, &[&str]); 11] = [
    ("ledger", &[]),
    ("vault", &[]),
    ("gate", &[]),
    ("press", &[]),
    // Whoever verifies need not trust anything else of ours.
    ("verifier", &["ledger"]),
    ("journal", &["ledger", "vault"]),
    ("program", &["gate"]),
    ("service", &["gate", "journal", "ledger", "press", "program", "vault"]),
    // Of the gate, pages show conditions and reasons by name; only `service` asks it.
    ("server", &["gate", "program", "service"]),
    // Whoever runs a witness need not trust anything else of ours.
    ("witness", &["ledger"]),
    ("ringfence", &["gate", "journal", "ledger", "program", "server", "service", "vault", "witness"]),
];

/// What no rule may touch: the clock, chance, files, the network, the machine.
const NEVER: [&str; 20] = [
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "net::Tcp",
    "net::Udp",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "getrandom",
    "rand::",
    "tokio",
    "extern \"C\"",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The packages of the workspace and what each depends on outside its tests.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let used = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"] != "dev");
        (text(&package["name"]), used.map(|dependency| text(&dependency["name"])).collect())
    });
    packages.collect()
}

/// The sources of a crate, tests apart.
fn sources(name: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("crates").join(name).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let test = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
            if path.is_dir() && !test {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !test {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    assert!(!sources.is_empty(), "{name} has no sources");
    sources
}

/// `cargo run` alone, as the README has it: cargo refuses where it finds two programs and is not told which.
#[test]
fn one_program_is_meant_where_none_is_named() {
    let metadata = metadata();
    let meant: BTreeSet<String> =
        metadata["workspace_default_members"].as_array().unwrap().iter().map(text).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let programs: Vec<String> = packages
        .iter()
        .filter(|package| meant.contains(&text(&package["id"])))
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| target["kind"].as_array().unwrap().contains(&Value::from("bin")))
        .map(|target| text(&target["name"]))
        .collect();
    assert_eq!(programs, ["ringfence"]);
}

#[test]
fn imports_point_down() {
    let packages = packages();
    let below: BTreeMap<&str, &[&str]> = BELOW.into_iter().collect();
    for (name, used) in &packages {
        let may = below.get(name.as_str()).unwrap_or_else(|| panic!("give `{name}` its floor in this test"));
        let ours = used.iter().filter(|one| packages.contains_key(*one));
        let wrong: Vec<&String> = ours.filter(|one| !may.contains(&one.as_str())).collect();
        assert!(wrong.is_empty(), "`{name}` may not use {wrong:?}");
    }
    assert!(below.keys().all(|name| packages.contains_key(*name)), "a crate that is gone is still listed");
}

#[test]
fn rules_open_no_socket_file_or_clock() {
    for name in ["program", "gate", "ledger"] {
        for (path, text) in sources(name) {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in (1..).zip(code) {
                let found = NEVER.iter().find(|never| line.contains(**never));
                assert!(found.is_none(), "{} has `{}` in code line {number}", path.display(), found.unwrap());
            }
        }
        let packages = packages();
        let io = [
            "tokio",
            "sqlx",
            "object_store",
            "axum",
            "hyper",
            "reqwest",
            "ureq",
            "getrandom",
            "rand",
            "mio",
            "socket2",
        ];
        let wrong: Vec<&&str> = io.iter().filter(|one| packages[name].contains(**one)).collect();
        assert!(wrong.is_empty(), "`{name}` uses {wrong:?}");
    }
}

#[test]
fn sql_is_in_the_journal_alone() {
    for (name, used) in packages().iter().filter(|(name, _)| *name != "journal") {
        assert!(!used.contains("sqlx"), "`{name}` uses sqlx");
        for (path, text) in sources(name) {
            assert!(!text.contains("sqlx"), "{} names sqlx", path.display());
        }
    }
}
