//! Thousands of damaged time stamps, judged here and by `openssl`.
//!
//! What `openssl` refuses must be refused here. What it accepts and is refused here must be refused for a reason
//! that is written down: see [`STRICTER`]. `RINGFENCE_MUTATIONS` says how many are tried; 10,000 take half a minute.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;

#[path = "support/authority.rs"]
mod authority;
#[path = "support/judge.rs"]
mod judge;
#[path = "support/tlv.rs"]
mod tlv;

use authority::Authority;
use judge::{Case, MESSAGE, ask, tree};
use tlv::Length;

/// Why a damaged response that `openssl` accepts is refused here: by what damage (all kinds if empty), with which of
/// these words, and why we want it so. In all of them only such bytes are damaged as nobody signed, or as are
/// signed in the form that `openssl` gives them.
const STRICTER: [(&str, &[&str], &str); 8] = [
    ("a length", &[""], "DER writes a length in one way; openssl reads others and writes them anew to check"),
    (
        "",
        &["`signedAttrs`", "`issuer`", "`certificates`", "`signerInfos`", "`digestAlgorithms`"],
        "DER marks a list as a list; openssl goes by its number and writes it anew to check",
    ),
    ("", &["response: `TimeStampResp`"], "nothing may stand before or after a response"),
    ("", &["certificate "], "what came along as certificates must be such, though these are not needed"),
    ("", &["another than the first certificate"], "names are compared byte for byte; to openssl, `A` is `a`"),
    (
        "",
        &["it is signed in a way"],
        "the signature's algorithm must be named rightly; openssl goes by the key",
    ),
    (
        "",
        &["`digestAlgorithm", "`signatureAlgorithm`"],
        "parameters are NULL or left out; openssl looks past them",
    ),
    ("", &["version`"], "RFC 5652 says which version is written; openssl looks past it"),
];

#[test]
fn damaged_time_stamps_are_judged_as_openssl_judges_them() {
    if !authority::is_available() {
        return;
    }
    let wanted = std::env::var("RINGFENCE_MUTATIONS").ok().and_then(|number| number.parse().ok());
    let wanted: usize = wanted.unwrap_or(1000);
    let dir = tempfile::tempdir().unwrap();
    let settings =
        ["", "tsa_name=yes\ness_cert_id_chain=yes", "ess_cert_id_alg=sha1\nclock_precision_digits=3", ""];
    let mut goods: Vec<Case> = ["RSA-2048", "P-256", "P-384"]
        .iter()
        .zip(settings)
        .map(|(key, settings)| {
            let authority = Authority::with(&dir.path().join(key), key, settings);
            Case::of(&authority, authority.stamp(MESSAGE))
        })
        .collect();
    // Most of a response is certificates: those without any are damaged in the rest.
    for place in 0..goods.len() {
        let mut bare = tree(&goods[place].response);
        bare.at_mut(&[1, 1, 0]).nodes_mut().remove(3);
        goods.push(Case { response: bare.der(), ..goods[place].clone() });
    }
    let mut dice = Dice(0x5eed);
    let mut cases = goods.clone();
    let mut kinds = vec!["nothing"; goods.len()];
    let mut origins: Vec<usize> = (0..goods.len()).collect();
    while cases.len() < goods.len() + wanted {
        let origin = dice.below(goods.len());
        let good = &goods[origin];
        let (kind, response) = damage(&good.response, &mut dice);
        if response != good.response {
            cases.push(Case { response, ..good.clone() });
            kinds.push(kind);
            origins.push(origin);
        }
    }
    let Some(verdicts) = ask(&cases) else { return };
    let mut unexplained = BTreeSet::new();
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (((case, kind), there), origin) in cases.iter().zip(kinds).zip(verdicts).zip(origins) {
        let outcome = match (case.here(), there) {
            (Ok(_), true) => "accepted by both".to_owned(),
            (Err(_), false) => "refused by both".to_owned(),
            // The chain comes beside the token; of what comes in it, which nobody signed, openssl reads all.
            (Ok(_), false) if is_among_certificates(&goods[origin].response, &case.response) => {
                "accepted here alone: the certificates in a token are not looked at".to_owned()
            }
            (Ok(_), false) => panic!("{kind}: accepted here alone: {}", HEXLOWER.encode(&case.response)),
            (Err(error), true) => {
                let error = error.to_string();
                let why = STRICTER.iter().find(|(damage, words, _)| {
                    kind.contains(damage) && words.iter().any(|words| error.contains(words))
                });
                let Some((_, _, why)) = why else {
                    unexplained.insert(format!("{kind}: {error}: {}", HEXLOWER.encode(&case.response)));
                    continue;
                };
                format!("refused here alone: {why}")
            }
        };
        *counts.entry((kind, outcome)).or_default() += 1;
    }
    for ((kind, outcome), count) in counts {
        println!("{count:6} {kind:30} {outcome}");
    }
    assert!(unexplained.is_empty(), "refused here alone, and why is not written down: {unexplained:#?}");
}

/// Whether all that was changed lies among the certificates that the token carries.
fn is_among_certificates(good: &[u8], damaged: &[u8]) -> bool {
    let bare = |response: &[u8]| {
        let mut whole = tree(response);
        whole.at_mut(&[1, 1, 0]).nodes_mut().retain(|node| node.tag != CERTIFICATES);
        whole.der()
    };
    // What stands there may be no DER at all, which this reader takes for a mistake of its caller.
    match std::panic::catch_unwind(|| bare(damaged)) {
        Ok(left) => left == bare(good),
        Err(_) => is_within(good, damaged),
    }
}

/// Whether the bytes that were changed lie between the first certificate and what follows the last.
fn is_within(good: &[u8], damaged: &[u8]) -> bool {
    let mut whole = tree(good);
    let nodes = whole.at_mut(&[1, 1, 0]).nodes_mut();
    let Some(certificates) = nodes.iter().find(|node| node.tag == CERTIFICATES).map(tlv::Node::der) else {
        return false;
    };
    let begin = good.windows(certificates.len()).position(|window| window == certificates).unwrap();
    let same = good.iter().zip(damaged).take_while(|(one, other)| one == other).count();
    let rest = good.iter().rev().zip(damaged.iter().rev()).take_while(|(one, other)| one == other).count();
    same >= begin && good.len() - rest <= begin + certificates.len()
}

/// The tag of the certificates in SignedData (RFC 5652, section 5.1).
const CERTIFICATES: u8 = 0xa0;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// One change of one place.
fn damage(response: &[u8], dice: &mut Dice) -> (&'static str, Vec<u8>) {
    let mut bytes = response.to_vec();
    let place = dice.below(bytes.len());
    let amount = 1 + dice.below(4);
    let mut whole = tree(response);
    let paths = whole.paths();
    let path = &paths[dice.below(paths.len())];
    let (last, above) = match path.split_last() {
        Some((last, above)) => (*last, above),
        None => (0, &[][..]),
    };
    match dice.below(11) {
        0 | 1 => {
            bytes[place] ^= 1 << dice.below(8);
            ("a bit flipped", bytes)
        }
        2 => {
            bytes[place] = dice.next() as u8;
            ("a byte changed", bytes)
        }
        3 => {
            bytes.drain(place..(place + amount).min(response.len()));
            ("bytes deleted", bytes)
        }
        4 => {
            let inserted: Vec<u8> = (0..amount).map(|_| dice.next() as u8).collect();
            // At the end too.
            let place = dice.below(bytes.len() + 1);
            bytes.splice(place..place, inserted);
            ("bytes inserted", bytes)
        }
        5 => {
            let nodes = whole.at_mut(above).nodes_mut();
            let other = dice.below(nodes.len());
            nodes.swap(last, other);
            ("elements swapped", whole.der())
        }
        6 if !path.is_empty() => {
            whole.at_mut(above).nodes_mut().remove(last);
            ("an element left out", whole.der())
        }
        7 if !path.is_empty() => {
            let nodes = whole.at_mut(above).nodes_mut();
            let copy = nodes[last].clone();
            let place = dice.below(nodes.len() + 1);
            nodes.insert(place, copy);
            ("an element doubled", whole.der())
        }
        8 => {
            whole.at_mut(path).tag = dice.next() as u8;
            ("a tag changed", whole.der())
        }
        9 => {
            whole.at_mut(path).length = Length::Long;
            ("a length padded", whole.der())
        }
        _ => {
            whole.at_mut(path).length = Length::Indefinite;
            ("a length left open", whole.der())
        }
    }
}
