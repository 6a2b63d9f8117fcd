//! Events are for ever: every kind ever written can be read, keeps every field, and adds up to a state.
//!
//! A line of `golden/events.jsonl` is never changed. A new kind, or a new field, adds a line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use program::{Event, Recorded, State, Time};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const GOLDEN: &str = include_str!("golden/events.jsonl");

/// Every file in which kinds of events are named.
const SOURCES: [&str; 9] = [
    include_str!("../src/organisation.rs"),
    include_str!("../src/people/events.rs"),
    include_str!("../src/secrets/events.rs"),
    include_str!("../src/documents/events.rs"),
    include_str!("../src/agreements/events.rs"),
    include_str!("../src/access/events.rs"),
    include_str!("../src/accounts/events.rs"),
    include_str!("../src/evidence/events.rs"),
    include_str!("../src/retention/events.rs"),
];

fn golden() -> impl Iterator<Item = (String, Map<String, Value>)> {
    GOLDEN.lines().map(|line| {
        let mut line: Map<String, Value> = serde_json::from_str(line).unwrap();
        let Some(Value::Object(fields)) = line.remove("fields") else { panic!("{line:?} has no fields") };
        (line["kind"].as_str().unwrap().to_owned(), fields)
    })
}

fn recorded() -> Vec<Recorded> {
    let read = |(position, (kind, fields)): (u64, (String, Map<String, Value>))| {
        let (by, event) = Event::from_fields(&kind, fields).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let time = Time(1_800_000_000_000 + i64::try_from(position).unwrap());
        Recorded { position, time, by, event }
    };
    (0..).zip(golden()).map(read).collect()
}

fn state() -> State {
    let mut state = State::default();
    recorded().iter().for_each(|recorded| state.apply(recorded));
    state
}

#[test]
fn every_kind_has_an_example() {
    let named = SOURCES.iter().flat_map(|source| source.split("#[serde(rename = \"").skip(1));
    let kinds: BTreeSet<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    let examples: BTreeSet<String> = golden().map(|(kind, _)| kind).collect();
    assert_eq!(examples.iter().map(String::as_str).collect::<BTreeSet<_>>(), kinds);
    assert!(kinds.iter().all(|kind| kind.contains('.')) && kinds.len() >= 61, "{} kinds", kinds.len());
}

#[test]
fn every_example_is_read_and_written_again_with_all_its_fields() {
    for (kind, fields) in golden() {
        let (by, event) =
            Event::from_fields(&kind, fields.clone()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(event.to_fields(&by).unwrap(), (kind, fields));
    }
}

#[test]
fn examples_add_up_and_are_described_at_every_step() {
    let mut state = State::default();
    for recorded in recorded() {
        state.apply(&recorded);
        let described = program::describe(&state, &recorded);
        assert!(!described.trim().is_empty(), "{:?}", recorded.event);
        assert_eq!(state.size, recorded.position + 1);
    }
    // One of the two people was erased.
    assert_eq!((state.people.len(), state.secrets.len(), state.documents.len()), (1, 2, 2));
    assert_eq!((state.access.requests().count(), state.access.grants().count()), (3, 2));
}

/// In whichever order: what happens to something unknown is no reason to stop.
#[test]
fn examples_backwards_do_not_panic() {
    let mut state = State::default();
    recorded().iter().rev().for_each(|recorded| state.apply(recorded));
}

#[test]
fn snapshot_of_the_state_is_read_back_the_same() {
    for state in [State::default(), state()] {
        let bytes = rmp_serde::to_vec_named(&state).unwrap();
        let read: State = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(rmp_serde::to_vec_named(&read).unwrap(), bytes);
        assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&state).unwrap());
    }
}

/// What a past state is made of is never short of a kind that was added since.
#[test]
fn every_kind_that_bears_on_access_is_read_for_a_past_moment() {
    let bearing: BTreeSet<&str> = program::BEARING.iter().copied().collect();
    for (kind, _) in golden() {
        let area = kind.split('.').next().unwrap();
        if ["organisation", "person", "agreement"].contains(&area)
            && !kind.contains("passphrase")
            && !kind.contains("recovery")
        {
            assert!(bearing.contains(kind.as_str()), "`{kind}` bears on access");
        }
    }
    let known: BTreeSet<String> = golden().map(|(kind, _)| kind).collect();
    assert!(bearing.iter().all(|kind| known.contains(*kind)));
}
