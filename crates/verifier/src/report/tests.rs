use super::*;

#[test]
fn what_a_file_says_cannot_move_the_cursor() {
    assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d ä"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d ä");
}

#[test]
fn numbers_and_times_are_written_for_people() {
    assert_eq!(
        [grouped(0), grouped(999), grouped(1000), grouped(1_234_567)],
        ["0", "999", "1,000", "1,234,567"]
    );
    assert_eq!(utc("2026-03-03T09:12:44.031Z"), "2026-03-03 09:12:44 UTC");
    assert_eq!(utc("2026-03-03T09:12:44Z"), "2026-03-03 09:12:44 UTC");
    assert_eq!((are(1, "file"), are(2, "file")), ("1 file is".into(), "2 files are".into()));
}
