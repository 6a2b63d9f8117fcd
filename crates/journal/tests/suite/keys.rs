//! Wrapped keys, snapshots, and entries whose key is gone.

use std::sync::Arc;

use journal::AppendError;
use vault::Key;

use crate::support::*;

#[test]
fn a_wrapped_key_is_put_once_replaced_if_unchanged_and_deleted() {
    on_both(async |place| {
        let store = place.store().await;
        let tag = [3; 16];
        assert_eq!(store.get_key(&tag).await.unwrap(), None);
        assert!(store.put_key(&tag, b"one").await.unwrap());
        assert!(!store.put_key(&tag, b"two").await.unwrap());
        assert_eq!(store.get_key(&tag).await.unwrap().unwrap(), b"one");
        assert!(!store.replace_key(&tag, b"two", b"three").await.unwrap());
        assert!(store.replace_key(&tag, b"one", b"three").await.unwrap());
        assert_eq!(store.all_keys().await.unwrap(), [(tag, b"three".to_vec())]);
        assert!(store.delete_key(&tag).await.unwrap());
        assert!(!store.delete_key(&tag).await.unwrap());
        assert_eq!(store.get_key(&tag).await.unwrap(), None);
    });
}

#[test]
fn a_deleted_key_is_not_in_the_file_any_more() {
    let place = sqlite();
    runtime().block_on(async {
        let store = place.store().await;
        let wrapped = b"the wrapped key that must not be found again";
        store.put_key(&[3; 16], wrapped).await.unwrap();
        assert!(found_in_files(&place, wrapped));
        store.delete_key(&[3; 16]).await.unwrap();
        assert!(!found_in_files(&place, wrapped));
    });
}

#[test]
fn keys_come_with_their_entries_or_not_at_all() {
    on_both(async |place| {
        let journal = place.create(16).await;
        let with_key = |n: u64, tag: u8| {
            let mut draft = draft(n);
            draft.new_keys = vec![([tag; 16], vec![tag; 93])];
            draft
        };
        journal.append(0, 1_000, vec![with_key(0, 1), with_key(1, 2)]).await.unwrap();
        let taken = journal.append(2, 1_000, vec![with_key(2, 3), with_key(3, 2)]).await;
        assert!(matches!(taken, Err(AppendError::KeyTaken)), "{taken:?}");
        assert_eq!(journal.store().get_key(&[3; 16]).await.unwrap(), None);
        assert_eq!(journal.store().get_key(&[2; 16]).await.unwrap().unwrap(), [2; 93]);
        journal.append(2, 1_000, vec![with_key(2, 3)]).await.unwrap();
        assert_eq!(place.verify().await.unwrap().entries, 3);
    });
}

#[test]
fn a_destroyed_key_hides_the_fields_and_the_tree_still_verifies() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 30, 10).await;
        let other = Arc::new(Key::generate().unwrap());
        let mut erased = draft(30);
        erased.scope = [2; 16];
        erased.key = other.clone();
        journal.append(30, 9_000, vec![erased]).await.unwrap();
        let key_of = |scope: &[u8; 16]| (*scope == [1; 16]).then(|| Arc::new(field_key()));
        let verified = journal::verify(journal.store(), &keys(), key_of, |_, _| {}).await.unwrap();
        assert_eq!((verified.entries, verified.opened, verified.erased), (31, 30, 1));
        let stored = journal.get(30).await.unwrap();
        assert!(stored.open(&field_key()).is_err());
        assert_eq!(stored.open(&other).unwrap().len(), 2);
    });
}

#[test]
fn the_last_two_snapshots_are_kept_and_only_whole_ones_of_this_version_are_given() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 40, 10).await;
        let state = |n: u8| -> Vec<u8> { (0..2_500_000_u32).map(|i| (i % 251) as u8 ^ n).collect() };
        assert!(journal.latest_snapshot("1").await.unwrap().is_none());
        for (position, version) in [(10, "1"), (20, "1"), (30, "2"), (30, "1")] {
            journal.save_snapshot(position, version, &state(position as u8)).await.unwrap();
        }
        let (position, bytes) = journal.latest_snapshot("1").await.unwrap().unwrap();
        assert!((position, bytes) == (30, state(30)));
        assert!(journal.latest_snapshot("2").await.unwrap().is_none());
        place.tamper("DELETE FROM snapshots WHERE position = 30 AND part = 2").await;
        assert_eq!(journal.latest_snapshot("1").await.unwrap().unwrap().0, 20);
        let swap = "UPDATE snapshots SET sealed = (SELECT sealed FROM snapshots WHERE position = 20 AND part = 1) WHERE position = 20 AND part = 2";
        place.tamper(swap).await;
        assert!(journal.latest_snapshot("1").await.unwrap().is_none());
        journal.save_snapshot(0, "1", b"").await.unwrap();
        assert_eq!(journal.latest_snapshot("1").await.unwrap().unwrap(), (0, Vec::new()));
    });
}

#[test]
fn two_snapshots_of_one_position_written_at_once_are_no_error() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 20, 10).await;
        let other = place.open().await.unwrap();
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 251) as u8).collect();
        let saved = tokio::join!(
            journal.save_snapshot(20, "1", &bytes),
            journal.save_snapshot(20, "1", &bytes),
            other.save_snapshot(20, "1", &bytes),
            other.save_snapshot(20, "1", &bytes),
        );
        saved.0.and(saved.1).and(saved.2).and(saved.3).unwrap();
        // Written by one process after the other, all parts belong together.
        journal.save_snapshot(20, "1", &bytes).await.unwrap();
        assert!(other.latest_snapshot("1").await.unwrap().unwrap() == (20, bytes));
    });
}

#[test]
fn what_an_interrupted_beginning_left_is_cleared_and_nothing_else_ever_is() {
    on_both(async |place| {
        let store = place.store().await;
        store.put_key(&[3; 16], b"half made").await.unwrap();
        store.clear_unfinished().await.unwrap();
        assert_eq!(store.all_keys().await.unwrap(), []);
        store.put_key(&[4; 16], b"kept").await.unwrap();
        drop(place.create(16).await);
        store.clear_unfinished().await.unwrap();
        assert!(store.is_empty().await.unwrap(), "a head without an entry was left");

        let journal = place.create(16).await;
        store.put_key(&[4; 16], b"kept").await.unwrap();
        fill(&journal, 1, 1).await;
        // Neither a record, nor one whose head or entries were taken away.
        for sql in ["SELECT 1", "DELETE FROM head", "UPDATE head SET size = 0"] {
            place.tamper(sql).await;
            store.clear_unfinished().await.unwrap();
            assert_eq!(store.all_keys().await.unwrap().len(), 1, "after {sql}");
        }
    });
}
