use super::*;
use proptest::prelude::*;
use serde_json::json;

/// The tree of RFC 6962, section 2.1, by its definition.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => [0; 32],
        [one] => *one,
        many => {
            let (left, right) = many.split_at(split(many.len()));
            hash(1, &[&root(left), &root(right)])
        }
    }
}

fn path(at: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if at < left.len() {
        (path(at, left), root(right))
    } else {
        (path(at - left.len(), right), root(left))
    };
    path.push(sibling);
    path
}

fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn proof_of(at: usize, size: usize) -> EntryProof {
    let entries: Vec<String> = (0..size).map(|n| format!("{{\"position\":{n}}}")).collect();
    let leaves: Vec<[u8; 32]> = entries.iter().map(|entry| hash(0, &[entry.as_bytes()])).collect();
    EntryProof {
        entry: entries[at].clone(),
        leaf: Digest(leaves[at]),
        path: path(at, &leaves).into_iter().map(Digest).collect(),
        checkpoint: format!("origin\n{size}\n{}\n\n— origin c2ln\n", BASE64.encode(&root(&leaves))),
        verifier: "origin+00000000+key".to_owned(),
    }
}

proptest! {
    #[test]
    fn every_entry_of_a_record_leads_to_its_root(size in 1usize..200, at in 0usize..200) {
        let at = at % size;
        prop_assert!(check(at as u64, proof_of(at, size)).holds);
    }

    #[test]
    fn a_changed_proof_does_not_hold(size in 2usize..100, at in 0usize..100, what in 0usize..5, bit in 0usize..256) {
        let at = at % size;
        let mut proof = proof_of(at, size);
        let mut position = at as u64;
        match what {
            0 => proof.entry.push(' '),
            1 => { let n = bit % proof.path.len(); proof.path[n].0[bit / 8] ^= 1 << (bit % 8); }
            2 => { proof.path.pop(); }
            3 => proof.path.push(Digest([7; 32])),
            _ => position = (position + 1 + bit as u64 % (size as u64 - 1)) % size as u64,
        }
        prop_assert!(!check(position, proof).holds);
    }
}

#[test]
fn the_file_is_a_tlog_proof() {
    let proof = proof_of(2, 3);
    let text = tlog_proof(2, &proof);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 2"]);
    assert_eq!(lines[2], BASE64.encode(&proof.path[0].0));
    assert_eq!(lines[3], "");
    assert!(text.ends_with(&proof.checkpoint));
}

#[test]
fn a_value_that_is_cut_short_can_be_looked_at_as_it_is_recorded() {
    let long = "A".repeat(1_700);
    let cut = field("token", Some(&json!(long)), "UTC");
    assert!(cut.words.unwrap().ends_with("… (1700 characters)"));
    assert!(cut.whole.unwrap().contains(&long));
    assert!(field("size", Some(&json!(9)), "UTC").whole.is_none());
    assert!(field("precise", None, "UTC").words.is_none());
    let huge = json!(["é".repeat(3_000_000)]);
    assert!(field("x", Some(&huge), "UTC").whole.unwrap().len() < 50_000);
}
