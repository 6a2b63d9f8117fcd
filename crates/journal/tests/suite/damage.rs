//! A record that was cut, edited, reordered or extended behind the journal's back is refused, with the position.

use journal::{Journal, JournalError, OpenError, VerifyError};

use crate::support::*;

/// 300 entries: one full tile and a partial one, 18 full segments and an open one.
async fn record(place: &Place) {
    let journal = place.create(16).await;
    fill(&journal, 300, 60).await;
}

fn refused_at(opened: Result<Journal, OpenError>) -> Option<u64> {
    match opened {
        Ok(_) => None,
        Err(OpenError::Damaged(damage)) => Some(damage.position),
        Err(other) => panic!("refused for another reason: {other}"),
    }
}

fn found_at(verified: Result<journal::Verified, VerifyError>) -> Option<u64> {
    match verified {
        Ok(_) => None,
        Err(VerifyError::Damaged(damage)) => Some(damage.position),
        Err(other) => panic!("refused for another reason: {other}"),
    }
}

/// Each way to tamper, where `open` must see it (`None`: only `verify` can), and where `verify` must.
const TAMPERING: &[(&str, Option<u64>, u64)] = &[
    ("DELETE FROM entries WHERE position = 299", Some(299), 299),
    ("DELETE FROM entries WHERE position >= 290", Some(290), 290),
    ("DELETE FROM entries WHERE position = 0", Some(0), 0),
    ("DELETE FROM entries WHERE position = 17", Some(17), 17),
    ("DELETE FROM entries", Some(0), 0),
    ("UPDATE entries SET head = (SELECT head FROM entries WHERE position = 18) WHERE position = 17", Some(17), 17),
    ("UPDATE entries SET position = CASE position WHEN 298 THEN 1299 ELSE 1298 END WHERE position IN (298, 299);
      UPDATE entries SET position = position - 1000 WHERE position > 1000", Some(298), 298),
    ("UPDATE entries SET time = time + 1 WHERE position = 299", Some(299), 299),
    ("UPDATE entries SET time = 0 WHERE position = 40", Some(40), 40),
    ("UPDATE entries SET fields = (SELECT fields FROM entries WHERE position = 41) WHERE position = 40", None, 40),
    ("UPDATE entries SET position = 300 WHERE position = 299", Some(299), 299),
    ("INSERT INTO entries SELECT 300, time, head, fields FROM entries WHERE position = 299", Some(300), 300),
    ("INSERT INTO entries SELECT -1, time, head, fields FROM entries WHERE position = 299", None, 0),
    ("UPDATE head SET size = 299", Some(299), 299),
    ("UPDATE head SET size = 301", Some(301), 300),
    ("UPDATE head SET size = -5", Some(u64::MAX), 300),
    ("UPDATE head SET segment = 32", Some(300), 16),
    ("UPDATE head SET time = time - 1", Some(300), 300),
    ("UPDATE head SET checkpoint = (SELECT head FROM entries WHERE position = 0)", Some(300), 300),
    ("DELETE FROM entries WHERE position = 299; UPDATE head SET size = 299", Some(299), 299),
    ("DELETE FROM head", Some(0), 0),
    ("DELETE FROM tiles WHERE level = 0", Some(0), 0),
    ("DELETE FROM tiles WHERE level = 1", Some(0), 0),
    ("UPDATE tiles SET hashes = (SELECT hashes FROM tiles WHERE level = 1) WHERE level = 0", Some(0), 0),
    ("UPDATE tiles SET hashes = (SELECT head FROM entries WHERE position = 5) WHERE level = 1", Some(0), 0),
    ("INSERT INTO tiles SELECT 0, 1, hashes FROM tiles WHERE level = 0", None, 300),
    ("DELETE FROM segments WHERE first = 32", None, 32),
    ("UPDATE segments SET sealed = (SELECT sealed FROM segments WHERE first = 16) WHERE first = 32", None, 32),
    ("INSERT INTO segments SELECT 288, sealed FROM segments WHERE first = 32", None, 300),
];

#[test]
fn every_tampering_is_refused_with_its_position() {
    on_both(async |place| {
        record(&place).await;
        place.verify().await.unwrap();
        for table in ["head", "entries", "tiles", "segments"] {
            place.tamper(&format!("CREATE TABLE good_{table} AS SELECT * FROM {table}")).await;
        }
        for &(sql, at_opening, at_verifying) in TAMPERING {
            place.tamper(sql).await;
            assert_eq!(refused_at(place.open().await), at_opening, "opening after {sql}");
            assert_eq!(found_at(place.verify().await), Some(at_verifying), "verifying after {sql}");
            for table in ["head", "entries", "tiles", "segments"] {
                place
                    .tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM good_{table}"))
                    .await;
            }
            assert_eq!(refused_at(place.open().await), None, "put right after {sql}");
        }
        place.verify().await.unwrap();
    });
}

#[test]
fn one_flipped_bit_anywhere_in_an_entry_is_found() {
    // SQLite can do no arithmetic on blobs: the bytes are read, changed and written from here.
    on_both(async |place| {
        record(&place).await;
        for (column, position, bit) in
            [("head", 7, 0), ("head", 150, 333), ("fields", 299, 90), ("fields", 0, 801)]
        {
            place.flip(column, position, bit).await;
            assert_eq!(found_at(place.verify().await), Some(position), "bit {bit} of {column} of {position}");
            let opened = refused_at(place.open().await);
            assert_eq!(opened, (column == "head").then_some(position));
            place.flip(column, position, bit).await;
        }
        place.verify().await.unwrap();
    });
}

#[test]
fn older_entries_than_the_tail_are_found_by_verify_and_by_reading() {
    on_both(async |place| {
        let journal = place.create(4096).await;
        fill(&journal, 9_000, 1_000).await;
        place.flip("head", 100, 77).await;
        place.open().await.unwrap();
        assert_eq!(found_at(place.verify().await), Some(100));
        assert!(matches!(journal.get(100).await, Err(JournalError::Damaged(d)) if d.position == 100));
        assert!(matches!(journal.read(0, 9_000).await, Err(JournalError::Damaged(d)) if d.position == 100));
        place.flip("head", 100, 77).await;
        place.flip("head", 8_999, 77).await;
        assert_eq!(refused_at(place.open().await), Some(8_999));
        place.flip("head", 8_999, 77).await;
        // An older tile does not matter to the tail, but no proof may come out of it.
        place.tamper("UPDATE tiles SET hashes = (SELECT hashes FROM tiles WHERE level = 0 AND idx = 2) WHERE level = 0 AND idx = 1").await;
        assert_eq!(found_at(place.verify().await), Some(256));
        assert!(
            matches!(journal.inclusion_proof(300).await, Err(JournalError::Damaged(d)) if d.position == 300)
        );
    });
}

#[test]
fn a_process_that_has_seen_more_refuses_an_older_record() {
    on_both(async |place| {
        record(&place).await;
        let journal = place.open().await.unwrap();
        place.tamper("CREATE TABLE old_head AS SELECT * FROM head").await;
        place.tamper("CREATE TABLE old_entries AS SELECT * FROM entries").await;
        journal.append(300, 9_000, vec![draft(300)]).await.unwrap();
        let restore = "DELETE FROM head; INSERT INTO head SELECT * FROM old_head; DELETE FROM entries; INSERT INTO entries SELECT * FROM old_entries";
        place.tamper(restore).await;
        assert!(matches!(journal.refresh().await, Err(JournalError::Damaged(d)) if d.position == 300));
        // The same length again, with another last entry: a fork.
        let forger = place.open().await.unwrap();
        forger.append(300, 9_000, vec![draft(7)]).await.unwrap();
        assert!(matches!(journal.refresh().await, Err(JournalError::Damaged(d)) if d.position == 301));
        // And grown beyond it.
        forger.append(301, 9_000, vec![draft(8)]).await.unwrap();
        assert!(matches!(journal.refresh().await, Err(JournalError::Damaged(d)) if d.position == 301));
    });
}

#[test]
fn another_ones_keys_open_nothing() {
    on_both(async |place| {
        record(&place).await;
        let mut wrong = keys();
        wrong.journal = vault::Key::from_bytes(&[8; 32]);
        assert_eq!(refused_at(Journal::open(place.store().await, wrong).await), Some(300));
        let mut wrong = keys();
        wrong.signing = vec![signing(1)];
        assert_eq!(refused_at(Journal::open(place.store().await, wrong).await), Some(300));
        let mut wrong = keys();
        wrong.origin = "other.example".to_owned();
        assert_eq!(refused_at(Journal::open(place.store().await, wrong).await), Some(300));
    });
}
