//! Filters give exactly what looking at every entry gives.

use journal::{Filter, Journal, Stored};
use proptest::prelude::*;

use crate::support::*;

const KINDS: [&str; 3] = ["secret.registered", "document.opened", "grant.revoked"];
const PEOPLE: [&str; 4] = ["person-anna", "person-bo", "person-çelik", ""];
const SUBJECTS: [&str; 4] = ["secret-glaze", "secret-kiln", "person-anna", "document-1"];

#[derive(Clone, Debug)]
struct Row {
    kind: usize,
    actor: Option<usize>,
    subjects: Vec<usize>,
    later: i64,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..3_usize, prop::option::of(0..4_usize), prop::collection::vec(0..4_usize, 0..4), 0..3_i64);
    prop::collection::vec(
        row.prop_map(|(kind, actor, subjects, later)| Row { kind, actor, subjects, later }),
        1..120,
    )
}

fn filters() -> impl Strategy<Value = Filter> {
    (
        prop::collection::vec(0..4_usize, 0..3),
        prop::option::of(0..5_usize),
        prop::collection::vec(0..5_usize, 0..3),
        prop::option::of(990..1_150_i64),
        prop::option::of(990..1_150_i64),
        prop::option::of(0..130_u64),
        1..30_usize,
    )
        .prop_map(|(kinds, actor, subjects, since, until, before, limit)| Filter {
            kinds: kinds.iter().map(|&k| KINDS.get(k).unwrap_or(&"no.such-kind").to_string()).collect(),
            actor: actor.map(|a| PEOPLE.get(a).unwrap_or(&"nobody").to_string()),
            subjects: subjects.iter().map(|&s| SUBJECTS.get(s).unwrap_or(&"nothing").to_string()).collect(),
            since,
            until,
            before,
            limit,
        })
}

fn meets(filter: &Filter, stored: &Stored) -> bool {
    let any = |wanted: &[String], has: &[String]| wanted.is_empty() || wanted.iter().any(|w| has.contains(w));
    any(&filter.kinds, &[stored.entry.kind().to_owned()])
        && filter.actor.as_ref().is_none_or(|actor| stored.actor.as_ref() == Some(actor))
        && any(&filter.subjects, &stored.subjects)
        && filter.since.is_none_or(|t| t <= stored.time)
        && filter.until.is_none_or(|t| stored.time < t)
        && filter.before.is_none_or(|p| stored.position < p)
}

async fn write(journal: &Journal, rows: &[Row], batch: usize) {
    let mut time = 1_000;
    for chunk in rows.chunks(batch) {
        time += chunk[0].later;
        let drafts = chunk
            .iter()
            .map(|row| {
                let subjects: Vec<&str> = row.subjects.iter().map(|&s| SUBJECTS[s]).collect();
                draft_of(KINDS[row.kind], row.actor.map(|a| PEOPLE[a]), &subjects, 0)
            })
            .collect();
        journal.append(journal.head().size, time, drafts).await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn filters_equal_brute_force(rows in rows(), batch in 1..20_usize, filters in prop::collection::vec(filters(), 1..12)) {
        for place in places() {
            runtime().block_on(async {
                let writer = place.create(16).await;
                write(&writer, &rows, batch).await;
                // One that wrote it, one that opened it, and one that caught up.
                let reader = place.open().await.unwrap();
                let all = reader.read(0, u64::MAX).await.unwrap();
                for journal in [&writer, &reader] {
                    for filter in &filters {
                        let expected: Vec<u64> = all.iter().rev().filter(|s| meets(filter, s)).map(|s| s.position).collect();
                        let mut found = Vec::new();
                        let mut page_filter = filter.clone();
                        loop {
                            let page = journal.find(&page_filter).await.unwrap();
                            assert!(page.entries.len() <= filter.limit);
                            found.extend(page.entries.iter().map(|s| s.position));
                            match page.next {
                                Some(before) => page_filter.before = Some(before),
                                None => break,
                            }
                        }
                        assert_eq!(found, expected, "{filter:?}");
                    }
                }
            });
        }
    }
}

#[test]
fn who_catches_up_finds_what_the_writer_finds() {
    on_both(async |place| {
        let writer = place.create(16).await;
        let follower = place.open().await.unwrap();
        let mine = Filter { actor: Some("person-bo".to_owned()), limit: 100, ..Filter::default() };
        for n in 0..50 {
            let actor = if n % 3 == 0 { "person-bo" } else { "person-anna" };
            let append = writer.append(n, 1_000, vec![draft_of("document.opened", Some(actor), &[], n)]);
            append.await.unwrap();
            if n % 7 == 0 {
                follower.refresh().await.unwrap();
                let positions = async |journal: &Journal| -> Vec<u64> {
                    journal.find(&mine).await.unwrap().entries.iter().map(|s| s.position).collect()
                };
                assert_eq!(positions(&follower).await, positions(&writer).await);
                assert_eq!(positions(&writer).await.len() as u64, n / 3 + 1);
            }
        }
    });
}

#[test]
fn a_search_over_a_damaged_index_is_refused_not_incomplete() {
    on_both(async |place| {
        let journal = place.create(16).await;
        fill(&journal, 100, 10).await;
        let filter = Filter { actor: Some("person-anna".to_owned()), limit: 100, ..Filter::default() };
        place
            .tamper(
                "UPDATE segments SET sealed = (SELECT sealed FROM segments WHERE first = 0) WHERE first = 32",
            )
            .await;
        let refused = journal.find(&filter).await;
        assert!(matches!(refused, Err(journal::JournalError::Damaged(d)) if d.position == 32));
    });
}
