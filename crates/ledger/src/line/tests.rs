use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::disclosure::Salt;

fn field(salt: u8, name: &str) -> Disclosure {
    Disclosure::new(Salt([salt; 16]), name, json!({ "of": name })).unwrap()
}

fn entry(fields: &[Disclosure]) -> Entry {
    Entry::new(17, 1_795_428_000_123, "document.opened", fields).unwrap()
}

#[test]
fn a_line_shows_an_entry_and_some_of_its_fields() {
    let fields = [field(1, "by"), field(2, "document"), field(3, "reason")];
    let line = Line { entry: entry(&fields), disclosures: vec![fields[2].clone(), fields[0].clone()] };
    let text = line.to_bytes();
    assert_eq!(text.iter().filter(|byte| **byte == b'~').count(), 2);
    assert_eq!(Line::parse(&text).unwrap(), line);
    assert_eq!(line.field("by"), Some(&fields[0]));
    assert_eq!(line.field("document"), None);

    let mut reader = LineReader::default();
    let shown = reader.read(&text).unwrap();
    assert_eq!(shown.leaf, line.entry.leaf());
    assert_eq!(shown.field("reason").unwrap(), fields[2]);
    assert!(shown.field("document").is_none());

    let bare = Line { entry: entry(&fields), disclosures: Vec::new() };
    assert_eq!(bare.to_bytes(), bare.entry.to_bytes());
    assert_eq!(Line::parse(&bare.to_bytes()).unwrap(), bare);
}

#[test]
fn fields_of_another_entry_and_fields_shown_twice_are_refused() {
    let (by, other) = (field(1, "by"), field(2, "by"));
    let line = |disclosures: &[&Disclosure]| {
        let disclosures = disclosures.iter().map(|one| (*one).clone()).collect();
        Line { entry: entry(std::slice::from_ref(&by)), disclosures }.to_bytes()
    };
    assert!(Line::parse(&line(&[&by])).is_ok());
    let foreign = LineError::NotOfEntry { position: 17, name: "by".into() };
    assert_eq!(Line::parse(&line(&[&other])), Err(foreign.clone()));
    assert_eq!(Line::parse(&line(&[&by, &other])), Err(foreign));
    let twice = LineError::Twice { position: 17, name: "by".into() };
    assert_eq!(Line::parse(&line(&[&by, &by])), Err(twice));
}

#[test]
fn two_fields_of_one_name_that_the_entry_holds_are_refused() {
    let fields = [field(1, "by"), field(2, "by")];
    // `Entry::new` refuses this already: others may write it.
    let digests: std::collections::BTreeSet<_> = fields.iter().map(Disclosure::digest).collect();
    let digests: Vec<_> = digests.iter().map(|digest| format!("\"{}\"", digest.to_base64url())).collect();
    let text = format!(
        r#"{{"_sd":[{}],"kind":"k","position":17,"time":"2026-11-23T10:00:00.123Z"}}~{}~{}"#,
        digests.join(","),
        fields[0].encoded(),
        fields[1].encoded()
    );
    let twice = LineError::Twice { position: 17, name: "by".into() };
    assert_eq!(Line::parse(text.as_bytes()), Err(twice));
}

#[test]
fn what_is_not_a_line_is_refused_and_says_where() {
    let by = field(1, "by");
    let good = Line { entry: entry(std::slice::from_ref(&by)), disclosures: vec![by.clone()] }.to_bytes();
    let good = String::from_utf8(good).unwrap();
    for (bad, position) in [
        (format!("{good}\n"), Some(17)),
        (format!("{good}~"), Some(17)),
        (format!("{good}="), Some(17)),
        (good.replace('~', "~~"), Some(17)),
        (good.replace('~', " ~"), None),
        (good.replace('~', "\n~"), None),
        (good.replace('~', ""), None),
        (format!("~{good}"), None),
        (String::new(), None),
    ] {
        assert_eq!(Line::parse(bad.as_bytes()).unwrap_err().position(), position, "{bad}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_of_a_line_is_another_entry_or_nothing(at: prop::sample::Index, flip in 1u8..) {
        let fields = [field(1, "by"), field(2, "document")];
        let line = Line { entry: entry(&fields), disclosures: fields.to_vec() };
        let mut bytes = line.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = Line::parse(&bytes) {
            prop_assert_ne!(other.entry.leaf(), line.entry.leaf());
        }
    }

    #[test]
    fn hostile_lines_never_panic(bytes: Vec<u8>, after in "[~A-Za-z0-9_=-]{0,80}") {
        let _ = Line::parse(&bytes);
        let text = [entry(&[]).to_bytes().as_slice(), after.as_bytes()].concat();
        prop_assert_eq!(Line::parse(&text).is_ok(), after.is_empty());
    }
}

/// All fields of a line are read from one buffer: what is no text by itself must not become one beside its neighbour.
#[test]
fn a_letter_split_between_two_fields_is_in_neither() {
    let fields =
        [b"[\"s\",\"a\",\"\xc3".as_slice(), b"\xa9\",\"b\",1]"].map(|json| BASE64URL_NOPAD.encode(json));
    let mut digests = fields.clone().map(|field| sha256(field.as_bytes()));
    digests.sort();
    let digests = digests.map(|digest| format!("\"{}\"", digest.to_base64url())).join(",");
    let entry =
        format!(r#"{{"_sd":[{digests}],"kind":"a","position":17,"time":"2026-03-03T09:12:44.031Z"}}"#);
    assert!(Line::parse(entry.as_bytes()).is_ok());
    let line = format!("{entry}~{}~{}", fields[0], fields[1]);
    let error = LineError::Field { position: 17, number: 1, source: DisclosureError::NotATriple };
    assert_eq!(Line::parse(line.as_bytes()), Err(error));
}
