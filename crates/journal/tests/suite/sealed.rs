//! A copy of the database without the keys says sizes and times, nothing else.

use journal::Draft;

use crate::support::*;

/// Words that stand in the entries, their fields, the keys' origin or the snapshot.
const SECRETS: [&str; 8] = [
    "secret.registered",
    "person-anna",
    "secret-glaze",
    "Kobalt",
    "title",
    "_sd",
    "acme.example",
    "state of the art",
];

#[test]
fn the_files_of_a_journal_hold_no_word_of_it() {
    let place = sqlite();
    runtime().block_on(async {
        let journal = place.create(16).await;
        fill(&journal, 300, 64).await;
        journal.save_snapshot(300, "1", b"state of the art").await.unwrap();
        for word in SECRETS {
            assert!(!found_in_files(&place, word.as_bytes()), "`{word}` stands in the clear");
        }
        // The search itself works: this is in every SQLite file.
        assert!(found_in_files(&place, b"CREATE TABLE"));
    });
}

#[test]
fn equal_entries_have_no_equal_bytes() {
    on_both(async |place| {
        let journal = place.create(16).await;
        let same: Vec<Draft> = (0..64).map(|_| draft(1)).collect();
        journal.append(0, 1_000, same).await.unwrap();
        // Hash columns of a tree do not repeat either: the position is in the entry.
        for column in ["entries.head", "entries.fields", "segments.sealed"] {
            let (table, name) = column.split_once('.').unwrap();
            let distinct = place.number(&format!("SELECT COUNT(DISTINCT {name}) FROM {table}")).await;
            let rows = place.number(&format!("SELECT COUNT(*) FROM {table}")).await;
            assert_eq!(distinct, rows, "{column}");
            assert!(rows >= 4);
        }
        let prefixes = place.number("SELECT COUNT(DISTINCT substr(head, 2, 12)) FROM entries").await;
        assert_eq!(prefixes, 64, "a nonce was used twice");
    });
}
