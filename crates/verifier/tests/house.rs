//! What the verifier stands on: little enough for somebody to read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::BTreeSet;
use std::process::Command;

#[test]
fn it_stands_on_few_packages() {
    let arguments = ["tree", "-p", "verifier", "-e", "normal", "--prefix", "none", "--offline", "--locked"];
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let packages: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(packages.iter().any(|one| one.starts_with("lexopt ")), "this is the tree");
    assert!(packages.len() <= 60, "{} packages: {packages:#?}", packages.len());
}
