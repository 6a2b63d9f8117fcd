//! The bundles that the script's maker makes, good and broken in one thing each, get the verdicts that they were made for. The script and the
//! page are held against the same ones by their own tests.

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

use ledger::bundle::{Options, Verdict, verify_bytes};
use serde_json::{Map, Value};
use verifier::read::verify_file;

#[test]
fn every_sample_gets_the_verdict_it_was_made_for() {
    let folder = tempfile::tempdir().unwrap();
    let maker = concat!(env!("CARGO_MANIFEST_DIR"), "/python/tests/make_bundle.py");
    let run = Command::new("python3").args(["-B", maker, "--samples"]).arg(folder.path()).output();
    let run =
        run.unwrap_or_else(|error| panic!("python3 does not start ({error}): install it, as `./test` does"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let expected = std::fs::read(folder.path().join("expected.json")).unwrap();
    let expected: Map<String, Value> = serde_json::from_slice(&expected).unwrap();
    assert!(expected.len() > 300, "these are the samples");
    let mut wrong = Vec::new();
    for (name, wanted) in expected {
        let path = folder.path().join(&name);
        let key = wanted["key"].as_str().filter(|_| name.ends_with(".tlog-proof"));
        let options = Options { key: key.map(|key| key.parse().unwrap()), ..Options::default() };
        let verdict = verify_file(&path, &options).unwrap();
        // Read in parts or held in memory, it is the same.
        assert_eq!(verify_bytes(&std::fs::read(&path).unwrap(), &options), verdict, "{name}");
        let failure = verdict.failure().map(|failure| (failure.check.to_string(), failure.at.clone()));
        let (check, at) = failure.unwrap_or_default();
        let as_wanted = |part: &str, found: &str| wanted[part].as_str().is_none_or(|wanted| wanted == found);
        if wanted["verdict"] != verdict.word() || !as_wanted("check", &check) || !as_wanted("at", &at) {
            let reason = match &verdict {
                Verdict::Verified(_) => "verified".to_owned(),
                Verdict::NotVerified(failure) | Verdict::Unreadable(failure) => failure.to_string(),
            };
            wrong.push(format!("{name}: wanted {wanted}, found {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
