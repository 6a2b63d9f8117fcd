use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::canonical::tests::any_value;
use crate::tests::altered;

fn name_in(decoded: &[u8]) -> Result<Cow<'_, str>, DisclosureError> {
    str::from_utf8(decoded).map_err(|_| DisclosureError::NotATriple).and_then(name_of)
}

#[test]
fn examples_of_rfc_9901_have_the_published_digests() {
    for (encoded, salt, name, value, digest) in [
        (
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "_26bc4LT-ac6q2KI6cBW5es",
            "family_name",
            "Möbius",
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        ),
        (
            "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd",
            "2GLC42sKQveCfGfryNRN9w",
            "given_name",
            "John",
            "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
        ),
        (
            "WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImZhbWlseV9uYW1lIiwgIkRvZSJd",
            "eluV5Og3gSNII8EYnsxA_A",
            "family_name",
            "Doe",
            "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo",
        ),
    ] {
        let disclosure = Disclosure::parse(encoded).unwrap();
        assert_eq!((disclosure.salt(), disclosure.name()), (salt, name));
        assert_eq!(disclosure.value(), &json!(value));
        assert_eq!(disclosure.digest().to_base64url(), digest);
        assert_eq!(disclosure.encoded(), encoded);
    }
}

#[test]
fn a_disclosure_of_ours_is_canonical_json_of_its_array() {
    let disclosure = Disclosure::new(Salt([0xff; 16]), "b", json!({"z": 1.0, "a": "ö"})).unwrap();
    let text = BASE64URL_NOPAD.decode(disclosure.encoded().as_bytes()).unwrap();
    assert_eq!(text, "[\"_____________________w\",\"b\",{\"a\":\"ö\",\"z\":1}]".as_bytes());
}

#[test]
fn what_is_not_a_disclosure_is_refused() {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    for (text, error) in [
        (encode(r#"["salt","value"]"#), DisclosureError::NotATriple),
        (encode(r#"["salt","name","value","more"]"#), DisclosureError::NotATriple),
        (encode(r#"["salt",7,"value"]"#), DisclosureError::NotATriple),
        (encode(r#"["salt","name","value"] "x""#), DisclosureError::NotATriple),
        (encode(r#"{"salt":"name"}"#), DisclosureError::NotATriple),
        (encode(&format!(r#"["s","n",{}]"#, "[".repeat(100_000))), DisclosureError::NotATriple),
        (encode(r#"["salt","name",{"a":1,"a":2}]"#), DisclosureError::NotATriple),
        (encode(r#"["salt","name","\ud800"]"#), DisclosureError::NotATriple),
        (encode(r#"["","name","value"]"#), DisclosureError::EmptySalt),
        (encode(r#"["salt","_sd","value"]"#), DisclosureError::ReservedName("_sd".into())),
        (encode(r#"["salt","...","value"]"#), DisclosureError::ReservedName("...".into())),
        ("WyJ=".into(), DisclosureError::NotBase64Url),
        ("".into(), DisclosureError::NotATriple),
    ] {
        if let Ok(decoded) = BASE64URL_NOPAD.decode(text.as_bytes()) {
            assert_eq!(name_in(&decoded), Err(error.clone()), "{text:.60}");
        }
        assert_eq!(Disclosure::parse(&text), Err(error), "{text:.60}");
    }
    assert!(matches!(
        Disclosure::new(Salt([0; 16]), "n", json!(u64::MAX)),
        Err(DisclosureError::Value { .. })
    ));
}

#[test]
fn debug_shows_neither_salt_nor_value() {
    let disclosure = Disclosure::new(Salt([7; 16]), "formula", json!("two parts of lye")).unwrap();
    assert_eq!(
        format!("{disclosure:?} {:?}", Salt([7; 16])),
        "Disclosure { name: \"formula\", .. } Salt(hidden)"
    );
}

proptest! {
    #[test]
    fn every_disclosure_reads_back_with_its_digest(salt: [u8; 16], name: String, value in any_value()) {
        if let Ok(disclosure) = Disclosure::new(Salt(salt), name, value) {
            let read = Disclosure::parse(disclosure.encoded()).unwrap();
            prop_assert_eq!(read.digest(), disclosure.digest());
            prop_assert_eq!((read.salt(), read.name()), (disclosure.salt(), disclosure.name()));
            let decoded = BASE64URL_NOPAD.decode(read.encoded().as_bytes()).unwrap();
            prop_assert_eq!(name_in(&decoded).unwrap(), read.name());
        }
    }

    #[test]
    fn another_salt_gives_another_digest(a: [u8; 16], b: [u8; 16], value in any_value()) {
        prop_assume!(a != b);
        let made = (Disclosure::new(Salt(a), "n", value.clone()), Disclosure::new(Salt(b), "n", value));
        if let (Ok(a), Ok(b)) = made {
            prop_assert_ne!(a.digest(), b.digest());
        }
    }

    #[test]
    fn hostile_text_never_panics_and_is_kept_as_it_was_read(
        text: String, bytes: Vec<u8>,
        like in altered(r#"["_26bc4LT-ac6q2KI6cBW5es", "family_name", {"M\u00f6bius": [1, null]}]"#),
        plain in altered("[\"_26bc4LT\",\"family_name\",\"Möbius\"]"),
        encoded in altered("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"),
    ) {
        let encoded = String::from_utf8_lossy(&encoded).into_owned();
        prop_assert_eq!(name_in(&like).is_ok(), Disclosure::parse(&BASE64URL_NOPAD.encode(&like)).is_ok());
        let read = Disclosure::parse(&BASE64URL_NOPAD.encode(&plain));
        let name = name_in(&plain).ok();
        prop_assert_eq!(name.as_deref(), read.as_ref().ok().map(Disclosure::name));
        prop_assert_eq!(name_in(&bytes).is_ok(), Disclosure::parse(&BASE64URL_NOPAD.encode(&bytes)).is_ok());
        for text in [text, BASE64URL_NOPAD.encode(&bytes), BASE64URL_NOPAD.encode(&like), encoded] {
            if let Ok(disclosure) = Disclosure::parse(&text) {
                prop_assert_eq!(disclosure.encoded(), text);
                prop_assert!(!disclosure.salt().is_empty());
            }
        }
    }
}
