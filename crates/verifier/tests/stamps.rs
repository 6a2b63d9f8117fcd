//! Bundles with time stamps, of an authority that `openssl` is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

#[path = "../../ledger/tests/support/authority.rs"]
mod authority;
mod support;

use authority::Authority;
use ledger::bundle::{Options, Verdict, fingerprints, verify_bytes};
use ledger::stamp::Chain;
use support::*;

/// A record of which two states were stamped: the first twice.
fn record(one: &Authority, other: &Authority) -> Draft {
    let mut record = Record::new();
    record.some(4);
    record.anchor(&[1]);
    let text = record.anchored_text();
    record.stamp(&one.stamp(text.as_bytes()), &pem(one));
    record.stamp(&other.stamp(text.as_bytes()), &pem(other));
    record.some(2);
    record.anchor(&[]);
    let text = record.anchored_text();
    record.stamp(&one.stamp(text.as_bytes()), &pem(one));
    record.some(1);
    record.draft(&[(0, &["by"]), (6, &["by"])], &[])
}

/// The certificates as the format has them: `openssl` writes a description above each.
fn pem(authority: &Authority) -> String {
    Chain::from_pem(&authority.chain_pem()).unwrap().to_pem()
}

#[test]
fn time_stamps_are_checked_and_named() {
    if !authority::is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let one = Authority::new(&folder.path().join("one"));
    let other = Authority::new(&folder.path().join("other"));
    let good = record(&one, &other).seal();
    let options =
        |pem: &str| Options { tsa_roots: fingerprints(pem.as_bytes()).unwrap(), ..Options::default() };

    let Verdict::Verified(found) = good.verdict() else { panic!("{:#}", good.verdict().to_json()) };
    let stamps: Vec<_> = found.stamps.iter().map(|stamp| (stamp.path.as_str(), stamp.size)).collect();
    assert_eq!(stamps, [("anchors/4/1.tsr", 4), ("anchors/4/2.tsr", 4), ("anchors/6/1.tsr", 6)]);
    assert_eq!(vec![found.stamps[0].root], fingerprints(one.root_pem().as_bytes()).unwrap());
    assert!(found.stamps[0].time > BEGIN);
    let says =
        |sentences: &[String], begin: &str| sentences.iter().filter(|one| one.starts_with(begin)).count();
    assert_eq!(says(&found.not_proved, "That a court knows the authority"), 2);
    assert_eq!(says(&found.not_proved, "When the entries from position 6 on were made"), 1);
    assert_eq!(good.verdict().to_json()["stamps"][0]["root"], found.stamps[0].root.to_hex());

    // An authority that was given: known; another: a stranger to all of it.
    let zip = good.zip();
    let Verdict::Verified(found) = verify_bytes(&zip, &options(&one.root_pem())) else { panic!("known") };
    assert_eq!(says(&found.not_proved, "That a court knows the authority"), 1);
    let stranger = Authority::new(&folder.path().join("stranger"));
    fails(&verify_bytes(&zip, &options(&stranger.root_pem())), "stamp", "--tsa-root");
    let both = one.root_pem() + &stranger.root_pem();
    assert_eq!(verify_bytes(&zip, &options(&both)).exit_code(), 0);
    fails(&verify_bytes(&small().zip(), &options(&one.root_pem())), "stamp", "--tsa-root");

    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = record(&one, &other);
        change(&mut draft);
        draft.verdict()
    };
    let put = |name: &'static str, bytes: Vec<u8>| {
        with(&move |draft| drop(draft.members.insert(name.into(), bytes.clone())))
    };
    // Of another text, another state of the record, with another's certificates, with a bit turned, or nothing at all.
    fails(&put("anchors/4/1.tsr", one.stamp(b"another text")), "stamp", "anchors/4/1.tsr");
    let swapped = with(&|draft| {
        let other = draft.members["anchors/6/1.tsr"].clone();
        draft.members.insert("anchors/4/1.tsr".into(), other);
    });
    fails(&swapped, "stamp", "anchors/4/1.tsr");
    fails(&put("anchors/4/2.pem", pem(&one).into()), "stamp", "anchors/4/2.tsr");
    fails(&put("anchors/6/1.pem", format!("{}\n", pem(&one)).into()), "stamp", "anchors/6/1.tsr");
    fails(&put("anchors/6/1.pem", pem(&one).replace('\n', "\r\n").into()), "stamp", "anchors/6/1.tsr");
    fails(&put("anchors/6/1.pem", b"\xff".to_vec()), "stamp", "anchors/6/1.tsr");
    fails(&put("anchors/6/1.tsr", Vec::new()), "stamp", "anchors/6/1.tsr");
    fails(&put("anchors/6/1.tsr", vec![0x30; 1 << 21]), "stamp", "anchors/6/1.tsr");
    let altered = with(&|draft| *draft.members.get_mut("anchors/4/2.tsr").unwrap().last_mut().unwrap() ^= 1);
    fails(&altered, "stamp", "anchors/4/2.tsr");
}
