//! Wrapped keys, snapshots, and entries whose key is gone.

use std::sync::Arc;

use journal::{AppendError, Faults, Filter, Journal, OpenError, Step, Store};
use std::sync::atomic::{AtomicBool, Ordering};
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
        assert_eq!(store.delete_keys(&[tag, [4; 16]]).await.unwrap(), 1);
        assert_eq!(store.delete_keys(&[tag]).await.unwrap(), 0);
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
        store.delete_keys(&[[3; 16]]).await.unwrap();
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

/// Keys in a file of their own: a copy of the record, of whatever age, then holds none.
#[test]
fn keys_apart_are_durable_first_and_nowhere_else() {
    for place in places() {
        runtime().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let keys_url = Store::sqlite_url(&dir.path().join("keys.db"));
            let fail = Arc::new(AtomicBool::new(false));
            let failing = fail.clone();
            let faults = Faults::when(move |step| step == Step::Head && failing.load(Ordering::SeqCst));
            let store = Store::connect_apart(&place.url, &keys_url, faults).await.unwrap();
            let journal = Journal::create_with(store.clone(), keys(), 16).await.unwrap();
            let with_key = |n: u64, tag: u8, wrapped: u8| {
                let mut draft = draft(n);
                draft.new_keys = vec![([tag; 16], vec![wrapped; 93])];
                draft
            };
            journal.append(0, 1_000, vec![with_key(0, 1, 1)]).await.unwrap();
            fail.store(true, Ordering::SeqCst);
            assert!(journal.append(1, 1_000, vec![with_key(1, 2, 2)]).await.is_err());
            fail.store(false, Ordering::SeqCst);
            assert_eq!(store.get_key(&[2; 16]).await.unwrap().unwrap(), [2; 93], "before its entry");
            // Whoever tries again with the same key is not in their own way; another key is taken.
            let taken = journal.append(1, 1_000, vec![with_key(1, 3, 3), with_key(2, 2, 9)]).await;
            assert!(matches!(taken, Err(AppendError::KeyTaken)), "{taken:?}");
            assert_eq!(store.get_key(&[3; 16]).await.unwrap(), None, "all of them or none");
            journal.append(1, 1_000, vec![with_key(1, 2, 2)]).await.unwrap();
            assert_eq!(place.verify().await.unwrap().entries, 2);
            if place.engine == "SQLite" {
                assert!(!found_in_files(&place, &[2; 93]), "the record's own files hold no key");
            }
            assert_eq!(store.delete_keys(&[[2; 16]]).await.unwrap(), 1);
            let file = std::fs::read(dir.path().join("keys.db")).unwrap();
            assert!(file.windows(93).any(|bytes| bytes == [1; 93]));
            assert!(!file.windows(32).any(|bytes| bytes == [2; 32]), "overwritten");
        });
    }
}

/// What is copied is the record and nothing that a destroyed key would not hide, whoever writes meanwhile.
#[test]
fn a_copy_is_the_record_of_one_moment_without_keys_and_snapshots() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 700, 10).await;
        journal.store().put_key(&[3; 16], b"a wrapped key").await.unwrap();
        journal.save_snapshot(700, "1", b"a state").await.unwrap();
        for target in places() {
            let writer = async {
                for n in 0..40 {
                    let size = journal.head().size;
                    journal.append(size, 90_000, vec![draft(size + n)]).await.unwrap();
                }
            };
            let store = target.store().await;
            let (copied, ()) = tokio::join!(journal.store().copy_to(&store, |_, _| {}), writer);
            let size = copied.unwrap();
            assert!((700..=journal.head().size).contains(&size), "{size}");
            assert_eq!(store.all_keys().await.unwrap(), []);
            assert!(matches!(journal.store().copy_to(&store, |_, _| {}).await, Err(OpenError::Exists)));
            let copy = Journal::open(store, keys()).await.unwrap();
            assert_eq!(copy.head().size, size);
            assert!(copy.latest_snapshot("1").await.unwrap().is_none());
            assert_eq!(target.verify().await.unwrap().entries, size);
            assert_eq!(copy.find(&Filter { limit: 5, ..Filter::default() }).await.unwrap().entries.len(), 5);
            copy.append(size, 90_000, vec![draft(size)]).await.unwrap();
        }
    });
}

#[test]
fn forgotten_snapshots_are_not_in_the_file() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 40, 10).await;
        for position in [10, 20, 30] {
            journal.save_snapshot(position, "1", &[position as u8; 500]).await.unwrap();
        }
        journal.forget_snapshots_before(30).await.unwrap();
        assert_eq!(place.number("SELECT COUNT(*) FROM snapshots WHERE position < 30").await, 0);
        assert_eq!(journal.latest_snapshot("1").await.unwrap().unwrap(), (30, vec![30; 500]));
        journal.forget_snapshots_before(31).await.unwrap();
        assert!(journal.latest_snapshot("1").await.unwrap().is_none());
    });
}

#[test]
fn the_key_that_signs_is_replaced_and_whoever_knows_both_follows() {
    on_both(async |place| {
        let journal = place.create(16).await;
        let other = place.open().await.unwrap();
        fill(&journal, 20, 10).await;
        other.refresh().await.unwrap();
        journal.sign_with(signing(8));
        assert_eq!(
            journal.signed_by().as_ref(),
            Some(signing(9).verifier()),
            "the head stays as it was signed"
        );
        fill(&journal, 30, 10).await;
        assert_eq!(journal.signed_by().as_ref(), Some(signing(8).verifier()));
        assert_eq!(&journal.verifier(), signing(8).verifier());
        // Who does not know the new key takes nothing from it.
        assert!(other.refresh().await.is_err());
        assert!(place.open().await.is_err());
        other.know(&[signing(8)]);
        assert_eq!(other.refresh().await.unwrap().len() as u64, journal.head().size - 20);
        let mut both = keys();
        both.signing.push(signing(8));
        let store = place.store().await;
        let verified =
            journal::verify(&store, &both, |_| Some(Arc::new(field_key())), |_, _| {}).await.unwrap();
        assert_eq!(verified.entries, journal.head().size);
        let again = Journal::open(store, both).await.unwrap();
        assert_eq!(&again.verifier(), signing(8).verifier(), "whoever signed the head goes on");
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
