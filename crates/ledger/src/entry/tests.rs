use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canonical::canonical;
use crate::disclosure::Salt;
use crate::tests::altered;

fn field(salt: u8, name: &str, value: &str) -> Disclosure {
    Disclosure::new(Salt([salt; 16]), name, json!(value)).unwrap()
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let digests = prop::collection::btree_set(any::<[u8; 32]>(), 0..12);
    (0..=MAX_INTEGER, 0..=MAX_TIME, "[a-z0-9.-]{1,128}", digests).prop_map(
        |(position, time, kind, digests)| {
            Entry { position, time, kind, digests: digests.into_iter().map(Digest).collect() }
                .checked()
                .unwrap()
        },
    )
}

#[test]
fn an_entry_is_written_as_documented() {
    let (name, owner) = (field(1, "name", "Lye"), field(2, "owner", "Ada"));
    let entry =
        Entry::new(17, 1_795_428_000_123, "secret.registered", &[name.clone(), owner.clone()]).unwrap();
    let mut digests = [name.digest(), owner.digest()];
    digests.sort();
    let expected = format!(
        r#"{{"_sd":["{}","{}"],"kind":"secret.registered","position":17,"time":"2026-11-23T10:00:00.123Z"}}"#,
        digests[0].to_base64url(),
        digests[1].to_base64url()
    );
    assert_eq!(String::from_utf8(entry.to_bytes()).unwrap(), expected);
    assert_eq!(entry.leaf(), leaf_hash(expected.as_bytes()));
    assert!(entry.commits_to(&name) && entry.commits_to(&owner));
    assert!(!entry.commits_to(&field(1, "name", "Lie")));
}

#[test]
fn the_order_of_fields_does_not_show() {
    let (a, b) = (field(1, "a", "x"), field(2, "b", "y"));
    let one = Entry::new(0, 0, "k", &[a.clone(), b.clone()]).unwrap();
    assert_eq!(one, Entry::new(0, 0, "k", &[b, a]).unwrap());
}

#[test]
fn what_cannot_be_an_entry_is_refused() {
    assert_eq!(Entry::new(MAX_INTEGER + 1, 0, "k", &[]), Err(EntryError::Position(MAX_INTEGER + 1)));
    assert_eq!(Entry::new(0, -1, "k", &[]), Err(EntryError::Time(-1)));
    assert_eq!(Entry::new(0, MAX_TIME + 1, "k", &[]), Err(EntryError::Time(MAX_TIME + 1)));
    for kind in ["", "Secret", "a b", "a\"", "ä", &"k".repeat(129)] {
        assert!(matches!(Entry::new(0, 0, kind, &[]), Err(EntryError::Kind(_))), "{kind}");
    }
    let twice = Entry::new(0, 0, "k", &[field(1, "a", "x"), field(2, "a", "y")]);
    assert_eq!(twice, Err(EntryError::Twice("a".into())));
    let many: Vec<Disclosure> = (0..=MAX_DISCLOSURES).map(|n| field(0, &n.to_string(), "")).collect();
    assert_eq!(Entry::new(0, 0, "k", &many), Err(EntryError::TooMany(1025)));
    let most = Entry::new(MAX_INTEGER, MAX_TIME, "k".repeat(MAX_KIND), &many[1..]).unwrap();
    assert!(most.to_bytes().len() <= usize::from(u16::MAX));
}

#[test]
fn other_ways_to_write_the_same_entry_are_refused() {
    let entry = Entry::new(17, 1_795_428_000_123, "a.b", &[field(1, "a", "x"), field(2, "b", "y")]).unwrap();
    let good = String::from_utf8(entry.to_bytes()).unwrap();
    assert_eq!(Entry::from_bytes(good.as_bytes()).unwrap(), entry);
    let [a, b] = [entry.digests[0].to_base64url(), entry.digests[1].to_base64url()];
    for bad in [
        format!(" {good}"),
        format!("{good}\n"),
        good.replace(",\"kind\"", ", \"kind\""),
        good.replace("17", "17.0"),
        good.replace("17", "017"),
        good.replace("17", "-17"),
        good.replace("17", "99999999999999999999"),
        good.replace("17", ""),
        good.replace("17", "9007199254740992"),
        good.replace("\"kind\":\"a.b\"", "\"kind\":\"\\u0061.b\""),
        good.replace(".123Z", ".1230Z"),
        good.replace(".123Z", "+00:00"),
        good.replace(".123Z", ".123z"),
        good.replace("2026-11-23", "2026-11-31"),
        good.replace("2026-11-23", "2026-02-29"),
        good.replace("2026-11-23", "2026-00-23"),
        good.replace("T10:00:00", "T09:60:00"),
        good.replace("T10:00:00", "T+9:60:00"),
        good.replace(&a, "x").replace(&b, &a).replace("\"x\"", &format!("\"{b}\"")),
        good.replace(&a, &b),
        good.replace(&a, &format!("{a}=")),
        // The last character of 43 has two bits that say nothing.
        good.replace(&a, &format!("{}{}", a.get(..42).unwrap(), if a.ends_with('B') { 'C' } else { 'B' })),
        good.replace(&format!("\"{a}\","), &format!("\"{a}\",,")),
        good.replace(&format!("\"{b}\""), &format!("\"{b}\",")),
        good.replace(".123Z", ".12\u{661}"),
        good.replace("}", ",\"x\":1}"),
        good.replace("{", "{\"kind\":\"a.b\","),
    ] {
        assert_ne!(bad, good);
        assert!(Entry::from_bytes(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn written_as_the_generic_canonicalizer_writes_it(entry in any_entry()) {
        let time = jiff::Timestamp::from_millisecond(entry.time).unwrap();
        let digests: Vec<String> = entry.digests.iter().map(Digest::to_base64url).collect();
        let generic: Value = json!({
            "time": format!("{time:.3}"), "position": entry.position, "kind": entry.kind, "_sd": digests,
        });
        let bytes = entry.to_bytes();
        prop_assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8(canonical(&generic).unwrap()).unwrap());
        prop_assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry);
    }

    #[test]
    fn one_changed_byte_is_another_entry_or_none(entry in any_entry(), at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = entry.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = Entry::from_bytes(&bytes) {
            prop_assert_ne!(&other, &entry);
            prop_assert_ne!(other.leaf(), entry.leaf());
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes: Vec<u8>, time: String, digits in "[0-9+:TZ.-]{0,26}") {
        let _ = Entry::from_bytes(&bytes);
        let _ = time.as_bytes().first_chunk().and_then(parse_time);
        let text = format!(r#"{{"_sd":[],"kind":"k","position":1,"time":"{digits}"}}"#);
        prop_assert!(Entry::from_bytes(text.as_bytes()).is_ok_and(|e| e.to_bytes() == text.as_bytes())
            || Entry::from_bytes(text.as_bytes()).is_err());
    }

    #[test]
    fn an_entry_that_was_altered_is_none_or_is_written_as_it_was_read(
        bytes in any_entry().prop_flat_map(|entry| altered(entry.to_bytes())),
    ) {
        if let Ok(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(entry.to_bytes(), bytes);
        }
    }
}

#[test]
fn every_day_to_the_year_9999_has_its_date() {
    let mut date = jiff::civil::date(1970, 1, 1);
    for day in 0..=(MAX_TIME as u64 / 86_400_000) {
        let expected = (date.year() as u64, date.month() as u64, date.day() as u64);
        assert_eq!(civil(day), expected);
        assert_eq!(days(expected.0, expected.1, expected.2), day);
        date = date.tomorrow().unwrap_or(date);
    }
    assert_eq!(date, jiff::civil::date(9999, 12, 31));
}
