//! Bundles that are as they should be.

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

use ledger::Policy;
use ledger::bundle::{Findings, Options, Verdict, verify_bytes};
use support::*;

fn found(verdict: Verdict) -> Findings {
    match verdict {
        Verdict::Verified(findings) => *findings,
        other => panic!("{:#}", other.to_json()),
    }
}

fn says(findings: &Findings, begin: &str) -> bool {
    findings.not_proved.iter().any(|sentence| sentence.starts_with(begin))
}

#[test]
fn a_small_bundle_is_verified_and_says_what_it_holds() {
    let found = found(small().verdict());
    assert_eq!((found.entries, found.fields, found.withheld), (5, 8, 7));
    assert_eq!((found.size, found.files), (16, 7));
    assert_eq!(found.origin, ORIGIN);
    let witnesses: Vec<_> = found.witnesses.iter().map(|one| (one.name.as_str(), one.size)).collect();
    assert_eq!(witnesses, [("witness1.example/w", 8), ("witness2.example/w", 8), ("witness3.example/w", 11)]);
    assert_eq!(found.quorum, Some(true));
    assert_eq!(found.said["secret"], "S-1");
    assert!(found.stamps.is_empty());
    for sentence in [
        "That the record's key is the organisation's.",
        "That the bundle is complete.",
        "What the withheld fields say (7 ",
        "That the witnesses are independent",
        "That others have seen the entries from position 11 on.",
        "When it happened, by an authority",
        "That what the entries say is true.",
    ] {
        assert!(says(&found, sentence), "{sentence}: {:#?}", found.not_proved);
    }
}

#[test]
fn a_record_whose_key_changed_is_verified() {
    let found = found(large().verdict());
    assert_eq!((found.entries, found.size), (10, 534));
    assert_eq!(found.key, *record_key(2).verifier());
}

#[test]
fn a_bundle_of_one_entry_without_anybody_who_saw_it_is_verified_and_says_so() {
    let mut record = Record::new();
    record.some(1);
    let mut draft = record.draft(&[(0, &[])], &[]);
    draft.members.insert("policy".into(), format!("log {}\nquorum none\n", record_key(0).verifier()).into());
    let alone = found(draft.verdict());
    assert_eq!((alone.entries, alone.fields, alone.withheld, alone.quorum), (1, 0, 3, Some(true)));
    assert!(says(&alone, "That others have seen this record. No witness has"));
    assert!(says(&alone, "When it happened, other than by the organisation's own clock."));

    // With witnesses in the policy and none that cosigned.
    let unmet = found(record.draft(&[(0, &["by"])], &[]).verdict());
    assert_eq!(unmet.quorum, Some(false));
}

#[test]
fn records_of_every_size_around_a_tile_are_verified() {
    for size in [1, 2, 254, 255, 256, 257, 258, 511, 512, 513, 65_535, 65_536, 65_537] {
        let mut record = Record::new();
        record.some(size / 2);
        if record.size() > 0 {
            record.anchor(&[1]);
        }
        record.some(size - size / 2);
        let ends: [(u64, &[&str]); 2] = [(0, &["by"]), (size - 1, &["by"])];
        let found = found(record.draft(if size == 1 { &ends[..1] } else { &ends }, &[]).verdict());
        assert_eq!(found.size, size + 1);
    }
}

#[test]
fn a_key_that_was_given_is_one_of_the_records() {
    let bytes = large().zip();
    for number in 0..3 {
        let options = Options { key: Some(record_key(number).verifier().clone()), ..Options::default() };
        let found = found(verify_bytes(&bytes, &options));
        assert!(!says(&found, "That the record's key is the organisation's."));
    }
    let options = Options { key: Some(record_key(3).verifier().clone()), ..Options::default() };
    fails(&verify_bytes(&bytes, &options), "checkpoint", "checkpoint");
}

#[test]
fn a_policy_that_was_given_decides() {
    let bytes = small().zip();
    let with = |policy: String| {
        let policy = Some(Policy::parse(policy.as_bytes()).unwrap());
        verify_bytes(&bytes, &Options { policy, ..Options::default() })
    };
    let (log, [w1, w2, w3]) =
        (record_key(0), [witness(1), witness(2), witness(3)].map(|key| key.verifier().to_string()));
    let log = format!("log {}\n", log.verifier());
    let known = |count: usize| {
        [format!("witness a {w1}\n"), format!("witness b {w2}\n"), format!("witness c {w3}\n")][..count]
            .concat()
    };

    let two = found(with(format!("{log}{}group g all a b\nquorum g\n", known(2))));
    assert_eq!((two.witnesses.len(), two.quorum), (2, Some(true)));
    assert!(!says(&two, "That the witnesses are independent"));
    assert!(says(&two, "That others have seen the entries from position 8 on."));
    // Without a log any is meant.
    assert_eq!(found(with(format!("{}quorum a\n", known(1)))).witnesses.len(), 1);
    assert_eq!(found(with("quorum none\n".into())).quorum, Some(true));

    // All three cosigned, and no one state of the record.
    fails(&with(format!("{log}{}group g all a b c\nquorum g\n", known(3))), "policy", "--policy");
    let stranger = format!("witness d {}\nquorum d\n", witness(4).verifier());
    fails(&with(format!("{log}{stranger}")), "policy", "--policy");
    let other = format!("log {}\nquorum none\n", record_key(1).verifier());
    fails(&with(other), "policy", "--policy");
}

#[test]
fn what_is_withheld_is_nowhere_in_the_bundle() {
    let (record, document) = small_record();
    let draft = small_draft();
    let hidden: Vec<_> = draft
        .entries
        .iter()
        .flat_map(|(entry, fields)| fields.iter().map(move |field| (entry.position(), field)))
        .filter(|(_, field)| !draft.lines.iter().any(|line| contains(line, field.encoded().as_bytes())))
        .map(|(position, field)| (position, field.clone()))
        .collect();
    assert!(hidden.len() > 20 && hidden.iter().any(|(at, field)| (*at, field.name()) == (document, "name")));
    drop(record);

    let bytes = draft.seal().zip();
    for (position, field) in &hidden {
        for secret in [field.encoded(), field.salt()] {
            assert!(!contains(&bytes, secret.as_bytes()), "{} of {position}", field.name());
        }
        // Values that nobody shows, as they would be written.
        if field.name() == "name" || field.name() == "reason" {
            let value =
                field.value().as_str().map_or_else(|| field.value()["text"].to_string(), str::to_owned);
            assert!(!contains(&bytes, value.trim_matches('"').as_bytes()), "{value}");
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
