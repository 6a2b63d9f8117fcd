//! Each step of an append made to fail: nothing half done, nothing answered that is not there, and the journal goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journal::{AppendError, Faults, Step, StorageError};

use crate::support::*;

/// Faults that fail the `n`-th step from now on, counted over all steps; 0 for none.
#[derive(Clone, Default)]
struct Countdown(Arc<AtomicU64>);

impl Countdown {
    fn faults(&self) -> Faults {
        let left = self.0.clone();
        Faults::when(move |_| {
            let before = left.load(Ordering::Relaxed);
            left.store(before.saturating_sub(1), Ordering::Relaxed);
            before == 1
        })
    }

    fn set(&self, step: u64) {
        self.0.store(step, Ordering::Relaxed);
    }
}

#[test]
fn every_step_can_fail_and_nothing_is_half_done() {
    on_both(async |place| {
        drop(place.create(16).await);
        let countdown = Countdown::default();
        let journal = place.with_faults(countdown.faults()).await;
        // 250 entries in a batch complete segments and, now and then, a tile.
        for step in 1..=40 {
            let size = journal.head().size;
            let mut drafts: Vec<_> = (0..250).map(draft).collect();
            drafts[3].new_keys = vec![([step as u8; 16], vec![step as u8; 93])];
            countdown.set(step);
            let appended = journal.append(size, 2_000, drafts).await;
            countdown.set(0);
            let key = journal.store().get_key(&[step as u8; 16]).await.unwrap();
            let there = place.open().await.unwrap().head();
            match appended {
                Ok(stored) => {
                    assert_eq!((stored.len(), there.size), (250, size + 250));
                    assert!(key.is_some());
                }
                Err(AppendError::Storage(StorageError::Injected(_))) => {
                    assert_eq!(there.size, size);
                    assert!(key.is_none());
                }
                Err(other) => panic!("{other}"),
            }
            assert_eq!(journal.head(), there);
            journal.append(there.size, 2_000, vec![draft(1)]).await.unwrap();
        }
        assert!(journal.head().size > 1_000, "some of the steps are beyond the end of an append");
        place.verify().await.unwrap();
    });
}

#[test]
fn a_commit_that_only_seemed_to_fail_is_answered_as_done() {
    on_both(async |place| {
        drop(place.create(16).await);
        let journal = place.with_faults(Faults::when(|step| step == Step::Committed)).await;
        for n in 0..20 {
            let stored = journal.append(n, 2_000, vec![draft(n)]).await.unwrap();
            assert_eq!((stored[0].position, journal.head().size), (n, n + 1));
        }
        assert_eq!(place.verify().await.unwrap().entries, 20);
    });
}

#[test]
fn a_commit_whose_fate_cannot_be_learnt_is_unknown_until_refreshed() {
    on_both(async |place| {
        drop(place.create(16).await);
        let cut = Arc::new(AtomicU64::new(1));
        let line = cut.clone();
        let faults = Faults::when(move |step| {
            line.load(Ordering::Relaxed) == 1 && matches!(step, Step::Committed | Step::Truth)
        });
        let journal = place.with_faults(faults).await;
        let unknown = journal.append(0, 2_000, vec![draft(0)]).await;
        assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
        cut.store(0, Ordering::Relaxed);
        assert!(matches!(
            journal.append(0, 2_000, vec![draft(0)]).await,
            Err(AppendError::Conflict { head: 1 })
        ));
        let learnt = journal.refresh().await.unwrap();
        assert_eq!(learnt.iter().map(number_of).collect::<Vec<_>>(), [0]);
        journal.append(1, 2_000, vec![draft(1)]).await.unwrap();
        assert_eq!(place.verify().await.unwrap().entries, 2);
    });
}

#[test]
fn a_failed_commit_that_another_writer_overtook_is_not_taken_for_ours() {
    on_both(async |place| {
        drop(place.create(16).await);
        let rival = Arc::new(place.open().await.unwrap());
        let journal = {
            let rival = rival.clone();
            // Ours fails before its commit; by then its transaction holds the lock, so the rival comes after.
            place.with_faults(Faults::when(move |step| {
                step == Step::Begin && {
                    let rival = rival.clone();
                    let append = async move { rival.append(0, 2_000, vec![draft(7)]).await.map(drop) };
                    let done = std::thread::spawn(move || runtime().block_on(append));
                    done.join().unwrap().is_err()
                }
            }))
        }
        .await;
        let refused = journal.append(0, 2_000, vec![draft(0)]).await;
        assert!(matches!(refused, Err(AppendError::Conflict { head: 1 })), "{refused:?}");
        let theirs = journal.refresh().await.unwrap();
        assert_eq!(theirs.iter().map(number_of).collect::<Vec<_>>(), [7]);
        place.verify().await.unwrap();
    });
}

#[test]
fn a_full_disk_is_said_and_the_journal_goes_on_after() {
    // A limit on the size of files stops a child process where a full disk would.
    let place = sqlite();
    runtime().block_on(async { drop(place.create(16).await) });
    let exe = std::env::current_exe().unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(exe)
        .args(["--exact", "faults::fills_the_disk", "--ignored", "--nocapture"])
        .env("JOURNAL_TEST_URL", &place.url)
        .env("JOURNAL_TEST_PART", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let answered = answered(&output.stdout);
    assert!(!answered.is_empty());
    runtime().block_on(async {
        let journal = place.open().await.unwrap();
        let head = journal.head();
        assert_eq!(head.size, answered.last().unwrap().0 + 1, "what was refused is not there");
        journal.append(head.size, head.time, (0..500).map(draft).collect()).await.unwrap();
        place.verify().await.unwrap();
    });
}

#[test]
#[ignore = "a part of a_full_disk_is_said_and_the_journal_goes_on_after"]
fn fills_the_disk() {
    let (place, _) = given();
    runtime().block_on(async {
        let journal = place.open().await.unwrap();
        for _ in 0..1_000 {
            let head = journal.head();
            match journal.append(head.size, head.time.max(1_000), (0..100).map(draft).collect()).await {
                Ok(stored) => println!("answered {} 0", stored.last().unwrap().position),
                Err(AppendError::Storage(StorageError::Full(_) | StorageError::Database(_))) => {
                    assert_eq!(journal.head(), head);
                    // Still usable: the same refusal again, no other.
                    let again = journal.append(head.size, head.time, (0..100).map(draft).collect()).await;
                    assert!(matches!(again, Err(AppendError::Storage(_))), "{again:?}");
                    return;
                }
                Err(other) => panic!("{other}"),
            }
        }
        panic!("the limit was never met");
    });
}
