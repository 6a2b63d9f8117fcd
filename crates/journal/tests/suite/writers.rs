//! Several processes append to one journal: no gap, no fork, no answered append lost.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::support::*;

const PROCESSES: u64 = 4;

#[test]
fn four_processes_lose_nothing_and_fork_nothing() {
    let each = how_many("RINGFENCE_TEST_APPENDS", 1_250);
    on_both(async |place| {
        drop(place.create(4096).await);
        let children: Vec<_> = (0..PROCESSES)
            .map(|part| process("writers::child", &place, part).stdout(Stdio::piped()).spawn().unwrap())
            .collect();
        let mut expected = BTreeMap::new();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            for (position, number) in answered(&output.stdout) {
                assert!(expected.insert(position, number).is_none(), "two were told position {position}");
            }
        }
        assert_eq!(expected.len() as u64, PROCESSES * each);
        let journal = place.open().await.unwrap();
        let entries = journal.read(0, u64::MAX).await.unwrap();
        let found: BTreeMap<u64, u64> = entries.iter().map(|s| (s.position, number_of(s))).collect();
        assert_eq!(found, expected);
        assert_eq!(place.verify().await.unwrap().entries, PROCESSES * each);
    });
}

#[test]
#[ignore = "a part of four_processes_lose_nothing_and_fork_nothing"]
fn child() {
    let (place, part) = given();
    runtime().block_on(async {
        let journal = place.open().await.unwrap();
        for n in 0..how_many("RINGFENCE_TEST_APPENDS", 1_250) {
            let number = part * 1_000_000 + n;
            let position = append_whatever_happens(&journal, number).await;
            println!("answered {position} {number}");
        }
    });
}

#[test]
fn stores_made_at_once_are_one_journal() {
    on_both(async |place| {
        let created = (0..6).map(|_| async {
            let store = place.store().await;
            journal::Journal::create(store, keys()).await.is_ok()
        });
        let mut winners = 0;
        for created in join_all(created).await {
            winners += u32::from(created);
        }
        assert_eq!(winners, 1);
        place.verify().await.unwrap();
    });
}

/// Polls all futures side by side.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|cx| {
        let mut waiting = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().map(|(_, output)| output.unwrap()).collect()
}
