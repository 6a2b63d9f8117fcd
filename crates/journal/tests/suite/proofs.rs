//! Proofs verify against the signed checkpoint, and against nothing else.

use journal::JournalError;
use ledger::{open_checkpoint, verify_consistency, verify_inclusion};

use crate::support::*;

#[test]
fn every_entry_is_proved_and_no_entry_is_proved_elsewhere() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 600, 100).await;
        for position in (0..600).step_by(37).chain([255, 256, 511, 512, 599]) {
            let proof = journal.inclusion_proof(position).await.unwrap();
            let checkpoint =
                open_checkpoint(&proof.checkpoint, keys().signing[0].verifier(), "acme.example/record")
                    .unwrap();
            assert_eq!((checkpoint.size, checkpoint.root), (600, proof.root));
            verify_inclusion(&proof.leaf, position, 600, &proof.proof, &checkpoint.root).unwrap();
            let elsewhere = (position + 1) % 600;
            verify_inclusion(&proof.leaf, elsewhere, 600, &proof.proof, &checkpoint.root).unwrap_err();
            assert_eq!(proof.leaf, journal.get(position).await.unwrap().entry.leaf());
        }
        assert!(matches!(journal.inclusion_proof(600).await, Err(JournalError::NoSuchEntry { .. })));
    });
}

#[test]
fn every_earlier_head_is_a_beginning_of_this_one() {
    on_both(async |place| {
        let journal = place.create(16).await;
        let mut heads = vec![journal.head()];
        while journal.head().size < 700 {
            fill(&journal, journal.head().size + 41, 41).await;
            heads.push(journal.head());
        }
        for old in heads {
            let proof = journal.consistency(old.size).await.unwrap();
            assert_eq!(proof.old_root, old.root);
            verify_consistency(old.size, proof.size, &old.root, &journal.head().root, &proof.proof).unwrap();
        }
        assert!(matches!(journal.consistency(10_000).await, Err(JournalError::NoSuchEntry { .. })));
    });
}
