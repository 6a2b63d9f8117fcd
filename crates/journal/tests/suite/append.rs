//! Appending and reading back.

use journal::{AppendError, Journal, JournalError, OpenError};
use proptest::prelude::*;

use crate::support::*;

#[test]
fn what_is_appended_is_read_after_a_restart() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 700, 33).await;
        let head = journal.head();
        drop(journal);
        let journal = place.open().await.unwrap();
        assert_eq!(journal.head(), head);
        let entries = journal.read(0, u64::MAX).await.unwrap();
        assert_eq!(entries.len(), 700);
        for (n, stored) in entries.iter().enumerate() {
            assert_eq!((stored.position, stored.time), (n as u64, stored.entry.time()));
            assert_eq!(number_of(stored), n as u64);
        }
        let verified = place.verify().await.unwrap();
        assert_eq!((verified.entries, verified.opened, verified.segments), (700, 700, 43));
    });
}

#[test]
fn an_old_expectation_is_a_conflict_and_writes_nothing() {
    on_both(async |place| {
        let ours = place.create(16).await;
        let theirs = place.open().await.unwrap();
        fill(&theirs, 3, 1).await;
        let refused = ours.append(0, 5_000, vec![draft(9)]).await;
        assert!(matches!(refused, Err(AppendError::Conflict { head: 3 })), "{refused:?}");
        let caught_up = ours.refresh().await.unwrap();
        assert_eq!(caught_up.iter().map(number_of).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(ours.refresh().await.unwrap().is_empty());
        assert_eq!(ours.append(3, 5_000, vec![draft(3)]).await.unwrap()[0].position, 3);
        assert_eq!(place.verify().await.unwrap().entries, 4);
    });
}

#[test]
fn times_never_run_backwards() {
    on_both(async |place| {
        let journal = place.create(16).await;
        journal.append(0, 5_000, vec![draft(0)]).await.unwrap();
        let refused = journal.append(1, 4_999, vec![draft(1)]).await;
        assert!(matches!(refused, Err(AppendError::ClockBehind { head_time: 5_000 })));
        journal.append(1, 5_000, vec![draft(1)]).await.unwrap();
        drop(journal);
        let journal = place.open().await.unwrap();
        let refused = journal.append(2, 4_999, vec![draft(2)]).await;
        assert!(matches!(refused, Err(AppendError::ClockBehind { head_time: 5_000 })));
    });
}

#[test]
fn an_unfit_draft_spoils_its_whole_batch_and_nothing_else() {
    on_both(async |place| {
        let journal = place.create(16).await;
        let mut bare = draft(1);
        bare.fields.clear();
        let mut shouting = draft(1);
        shouting.kind = "SECRET".to_owned();
        for unfit in [bare, shouting] {
            let refused = journal.append(0, 1_000, vec![draft(0), unfit]).await;
            assert!(matches!(refused, Err(AppendError::Unfit { index: 1, .. })), "{refused:?}");
        }
        for time in [-1, i64::MAX] {
            let refused = journal.append(0, time, vec![draft(0)]).await;
            assert!(matches!(refused, Err(AppendError::Unfit { index: 0, .. })), "{refused:?}");
        }
        assert_eq!(journal.head().size, 0);
        assert!(journal.append(0, 0, Vec::new()).await.unwrap().is_empty());
        fill(&journal, 2, 2).await;
        assert_eq!(place.verify().await.unwrap().entries, 2);
    });
}

#[test]
fn appends_at_once_in_one_process_are_all_there() {
    on_both(async |place| {
        let journal = std::sync::Arc::new(place.create(16).await);
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let journal = journal.clone();
                tokio::spawn(async move {
                    for n in 0..25 {
                        append_whatever_happens(&journal, task * 100 + n).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut numbers: Vec<u64> = journal.read(0, 1_000).await.unwrap().iter().map(number_of).collect();
        numbers.sort_unstable();
        let expected: Vec<u64> = (0..8).flat_map(|task| (0..25).map(move |n| task * 100 + n)).collect();
        assert_eq!(numbers, expected);
        assert_eq!(place.verify().await.unwrap().entries, 200);
    });
}

#[test]
fn an_append_that_is_dropped_midway_leaves_all_or_nothing() {
    on_both(async |place| {
        let journal = place.create(16).await;
        for round in 0..60_u64 {
            let size = journal.head().size;
            {
                let mut append =
                    std::pin::pin!(journal.append(size, 1_000, vec![draft(round), draft(round)]));
                for _ in 0..round % 12 {
                    let _ = futures_poll_once(append.as_mut()).await;
                    tokio::task::yield_now().await;
                }
            }
            journal.refresh().await.unwrap();
            assert_eq!(journal.head().size % 2, 0, "half a batch");
        }
        append_whatever_happens(&journal, 1).await;
        place.verify().await.unwrap();
    });
}

/// Polls a future once; gives its result if it is done.
async fn futures_poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn a_journal_is_created_once_and_opened_only_if_created() {
    on_both(async |place| {
        let store = place.store().await;
        assert!(store.is_empty().await.unwrap());
        assert!(matches!(Journal::open(store.clone(), keys()).await, Err(OpenError::Absent)));
        Journal::create(store.clone(), keys()).await.unwrap();
        assert!(!store.is_empty().await.unwrap());
        assert!(matches!(Journal::create(store, keys()).await, Err(OpenError::Exists)));
    });
}

#[test]
fn beyond_the_head_there_is_nothing() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 3, 3).await;
        assert_eq!(journal.get(2).await.unwrap().position, 2);
        assert!(matches!(journal.get(3).await, Err(JournalError::NoSuchEntry { position: 3, size: 3 })));
        assert!(journal.read(3, 9).await.unwrap().is_empty());
        assert!(journal.read(u64::MAX, u64::MAX).await.unwrap().is_empty());
    });
}

#[test]
fn a_batch_across_segments_and_tiles_is_one_transaction() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 5, 5).await;
        let stored = journal.append(5, 2_000, (5..1_105).map(draft).collect()).await.unwrap();
        assert_eq!(stored.len(), 1_100);
        let verified = place.verify().await.unwrap();
        assert_eq!((verified.entries, verified.segments), (1_105, 69));
        assert_eq!(place.open().await.unwrap().head(), journal.head());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_times_are_taken_in_order_or_refused(times in prop::collection::vec(0_i64..50, 1..40)) {
        runtime().block_on(async {
            let place = sqlite();
            let journal = place.create(16).await;
            let mut taken: Vec<i64> = Vec::new();
            for time in times {
                let appended = journal.append(taken.len() as u64, time, vec![draft(0)]).await;
                match taken.last() {
                    Some(&last) if time < last => {
                        assert!(matches!(appended, Err(AppendError::ClockBehind { head_time }) if head_time == last));
                    }
                    _ => {
                        appended.unwrap();
                        taken.push(time);
                    }
                }
            }
            let read: Vec<i64> = journal.read(0, 100).await.unwrap().iter().map(|s| s.time).collect();
            assert_eq!(read, taken);
            place.verify().await.unwrap();
        });
    }
}
