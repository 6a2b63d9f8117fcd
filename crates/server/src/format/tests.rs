use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn sizes_read_like_a_file_manager() {
    let cases = [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (4_200_000, "4.2 MB"),
        (9_960_000, "10 MB"),
        (999_600, "1.0 MB"),
        (u64::MAX, "18 EB"),
    ];
    for (bytes, text) in cases {
        assert_eq!(size(bytes), text, "{bytes}");
    }
}

#[test]
fn numbers_are_grouped_by_three() {
    assert_eq!(number(0), "0");
    assert_eq!(number(999), "999");
    assert_eq!(number(1000), "1\u{202f}000");
    assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
    assert_eq!(count(1, "person", "people"), "1 person");
    assert_eq!(count(0, "person", "people"), "0 people");
}

#[test]
fn a_gap_is_never_rounded_away() {
    assert_eq!(percent(0, 0), "–");
    assert_eq!(percent(9_999, 10_000), "99\u{202f}%");
    assert_eq!(percent(1, 10_000), "1\u{202f}%");
    assert_eq!(percent(u64::MAX, u64::MAX), "100\u{202f}%");
    assert_eq!(percent(1, 3), "33\u{202f}%");
    assert_eq!(percent(2, 3), "67\u{202f}%");
}

#[test]
fn initials_of_any_name() {
    let cases = [
        ("Ana Horvat", "AH"),
        ("Ana Marija de la Cruz Horvat", "AH"),
        ("Cher", "C"),
        ("  ", "?"),
        ("-- !!", "?"),
        ("(Bob) \"The\" Smith", "BS"),
        ("ليلى حداد", "لح"),
        ("ßeta omega", "SSO"),
    ];
    for (name, letters) in cases {
        assert_eq!(initials(name), letters, "{name}");
    }
}

#[test]
fn moments_are_written_in_the_zone_given() {
    let vienna = TimeZone::get("Europe/Vienna").unwrap();
    assert_eq!(moment(at("2026-03-03T13:05:00Z"), &vienna), "3 Mar 2026, 14:05 CET");
    assert_eq!(moment(at("2026-07-03T13:05:00Z"), &vienna), "3 Jul 2026, 15:05 CEST");
    assert_eq!(day(jiff::civil::date(2026, 3, 3)), "3 Mar 2026");
}

#[test]
fn distances_in_time_both_ways() {
    let now = at("2026-03-03T12:00:00Z");
    let cases = [
        ("2026-03-03T12:00:59Z", "just now"),
        ("2026-03-03T11:59:00Z", "1 minute ago"),
        ("2026-03-03T10:00:00Z", "2 hours ago"),
        ("2026-03-06T12:00:00Z", "in 3 days"),
        ("2026-01-01T12:00:00Z", "2 months ago"),
        ("2031-03-03T12:00:00Z", "in 4 years"),
    ];
    for (then, words) in cases {
        assert_eq!(relative(at(then), now), words, "{then}");
    }
    assert_eq!(relative(Timestamp::MIN, Timestamp::MAX).split(' ').next_back(), Some("ago"));
    let today = jiff::civil::date(2026, 3, 3);
    assert_eq!(relative_day(today, today), "today");
    assert_eq!(relative_day(jiff::civil::date(2026, 3, 4), today), "tomorrow");
    assert_eq!(relative_day(jiff::civil::date(2026, 3, 2), today), "yesterday");
    assert_eq!(relative_day(jiff::civil::date(2026, 3, 13), today), "in 10 days");
}

proptest! {
    #[test]
    fn shortening_keeps_the_limit_and_whole_characters(text in ".*", limit in 1usize..40) {
        let short = shorten(&text, limit);
        prop_assert!(short.chars().count() <= limit);
        prop_assert!(short == text || short.ends_with('…'));
    }

    #[test]
    fn nothing_breaks_on_any_number_or_name(value: u64, other: u64, name in ".*") {
        prop_assert!(!size(value).is_empty() && !number(value).is_empty());
        prop_assert!(!percent(value.min(other), value.max(other)).is_empty());
        prop_assert!(!initials(&name).is_empty());
    }
}

#[test]
fn what_somebody_named_stands_in_quotation_marks() {
    let cases = [
        ("nothing named", "nothing named"),
        ("`a b` (S-1) of `c`", "“a b” (S-1) of “c”"),
        ("an odd ` is part of a name", "an odd ` is part of a name"),
        ("``", "“”"),
    ];
    for (sentence, shown) in cases {
        assert_eq!(said(sentence), shown);
    }
}
