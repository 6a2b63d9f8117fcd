//! The script, by its own tests: `python/tests/test_verify.py` makes bundles from the format's page, good and broken.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

use std::process::Command;

#[test]
fn the_script_passes_its_tests() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/python");
    let run = Command::new("python3")
        .args(["-B", "-m", "unittest", "discover", "-s", "tests"])
        .current_dir(folder)
        .output();
    let run =
        run.unwrap_or_else(|error| panic!("python3 does not start ({error}): install it, as `./test` does"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
