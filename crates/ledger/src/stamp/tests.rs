use proptest::prelude::*;

use super::*;
use crate::stamp::fields::{Element, Fields};

/// `openssl ts -query -text` reads it as version 1, SHA-256, nonce 0x80, certificates wanted.
#[test]
fn a_request_is_these_bytes() {
    let expected = "303d020101\
        3031300d060960864801650304020105000420\
        ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\
        02020080\
        0101ff";
    assert_eq!(data_encoding::HEXLOWER.encode(&request(b"abc", 0x80)), expected.replace(' ', ""));
}

#[test]
fn an_integer_has_no_byte_too_many() {
    for (number, bytes) in [
        (0, &[0][..]),
        (0x7f, &[0x7f]),
        (0x80, &[0, 0x80]),
        (0xff, &[0, 0xff]),
        (0x100, &[1, 0]),
        (u64::MAX >> 1, &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (u64::MAX, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ] {
        assert_eq!(positive(number), bytes, "{number}");
    }
}

#[test]
fn der_is_read_as_der_and_not_as_ber() {
    let read = |der: &[u8]| Fields::of(der).any("x").is_ok();
    assert!(read(&[0x04, 0x01, 0x00]));
    assert!(read(&[0x30, 0x00]));
    // Lengths: padded, indefinite, beyond the end, of too many bytes.
    assert!(!read(&[0x04, 0x81, 0x01, 0x00]));
    assert!(!read(&[0x30, 0x80, 0x00, 0x00]));
    assert!(!read(&[0x04, 0x02, 0x00]));
    assert!(!read(&[0x04, 0x85, 0, 0, 0, 0, 1, 0]));
    assert!(!read(&[0x04]));
    assert!(!read(&[]));
    // A string in parts, a tag of several bytes.
    assert!(!read(&[0x24, 0x03, 0x04, 0x01, 0x00]));
    assert!(!read(&[0x1f, 0x81, 0x00, 0x00]));

    let value = |tag: Tag, value| Element { tag: tag.octet(), value, der: value };
    assert!(value(Tag::Integer, &[0x00, 0x80]).integer("x").is_ok());
    assert!(value(Tag::Integer, &[0xff]).integer("x").is_ok());
    assert!(value(Tag::Integer, &[0x00, 0x7f]).integer("x").is_err());
    assert!(value(Tag::Integer, &[0xff, 0x80]).integer("x").is_err());
    assert!(value(Tag::Integer, &[]).integer("x").is_err());
    assert!(value(Tag::Integer, &[0xff]).number("x").is_err());
    assert!(value(Tag::Boolean, &[0x01]).boolean("x").is_err());
    assert!(value(Tag::ObjectIdentifier, &[0x2a, 0x80, 0x01]).oid("x").is_err());
    assert!(value(Tag::ObjectIdentifier, &[0x2a, 0x03, 0x80, 0x01]).oid("x").is_err());
    assert!(value(Tag::ObjectIdentifier, &[0x2a, 0x03, 0x81]).oid("x").is_err());
    assert!(value(Tag::ObjectIdentifier, &[0x2a, 0x03, 0x81, 0x00]).oid("x").is_ok());
    assert!(value(Tag::BitString, &[]).flags("x").is_err());
    assert!(value(Tag::BitString, &[8, 0]).flags("x").is_err());
    assert!(value(Tag::BitString, &[7, 0xc0]).flags("x").is_err());
    assert_eq!(value(Tag::BitString, &[7, 0x80]).flags("x"), Ok(&[0x80][..]));
    assert!(value(Tag::BitString, &[7, 0x80]).whole_bits("x").is_err());
    assert!(value(Tag::GeneralizedTime, b"20260229000000Z").seconds("x").is_err());
    assert!(value(Tag::GeneralizedTime, b"20260228000000+0100").seconds("x").is_err());
    assert_eq!(value(Tag::GeneralizedTime, b"20260228000000Z").seconds("x"), Ok(1_772_236_800));
    assert_eq!(value(Tag::UtcTime, b"260228000000Z").seconds("x"), Ok(1_772_236_800));
}

#[test]
fn a_name_is_shown_so_that_it_cannot_pass_for_another() {
    let attribute = |oid: &[u8], tag: u8, text: &[u8]| {
        let value = [&[tag, text.len() as u8], text].concat();
        let both = [element(Tag::ObjectIdentifier, oid), value].concat();
        element(Tag::Set, &element(Tag::Sequence, &both))
    };
    let read = |names: &[Vec<u8>]| {
        let der = element(Tag::Sequence, &names.concat());
        name::Name::read(Element::of(&der, Tag::Sequence, "x").unwrap(), "x").map(|name| name.text)
    };
    let common = |tag, text| attribute(&[0x55, 4, 3], tag, text);
    assert_eq!(read(&[common(0x0c, "Wien, O=Ä".as_bytes())]).unwrap(), "CN=Wien\\, O\\=Ä");
    assert_eq!(read(&[common(0x13, b"a\nb")]).unwrap(), "CN=a\\u{a}b");
    assert_eq!(read(&[common(0x0c, "a\u{202e}b".as_bytes())]).unwrap(), "CN=a\\u{202e}b");
    assert_eq!(read(&[common(0x1e, &[0, 0x41, 0x20, 0xac])]).unwrap(), "CN=A€");
    assert_eq!(read(&[common(0x14, &[0xc4])]).unwrap(), "CN=Ä");
    let two = [attribute(&[0x55, 4, 6], 0x13, b"AT"), attribute(&[0x2a, 3, 4], 0x16, b"x")];
    assert_eq!(read(&two).unwrap(), "C=AT, 1.2.3.4=x");
    // What is no text, or no kind of text that stands in names, is its bytes (RFC 4514, 2.4).
    assert_eq!(read(&[common(0x0c, &[0xff])]).unwrap(), "CN=#0c01ff");
    assert_eq!(read(&[common(0x13, &[0xc4])]).unwrap(), "CN=#1301c4");
    assert_eq!(read(&[common(0x1e, &[0xd8, 0])]).unwrap(), "CN=#1e02d800");
    assert_eq!(read(&[common(0x1e, &[0])]).unwrap(), "CN=#1e0100");
    assert_eq!(read(&[common(0x04, b"a")]).unwrap(), "CN=#040161");
    assert_eq!(read(&[common(0x1c, &[0, 0, 0, 0x41])]).unwrap(), "CN=#1c0400000041");
    // An arc of 128 bits, as X.667 makes them of random numbers.
    let uuid = [[0x69, 0x83].as_slice(), &[0xff; 17], &[0x7f]].concat();
    let many = format!("2.25.{}=x", u128::MAX);
    assert_eq!(read(&[attribute(&uuid, 0x0c, b"x")]).unwrap(), many);
    assert_eq!(read(&[attribute(&[0x69, 0x87, 0x80, 0x00], 0x0c, b"x")]).unwrap(), "2.25.114688=x");
    assert!(read(&[attribute(&[0x69, 0x80, 0x01], 0x0c, b"x")]).is_err());
    assert!(read(&[element(Tag::Set, &[])]).is_err());
}

#[test]
fn a_chain_has_one_to_ten_certificates_and_nothing_else() {
    let reason = |text: &str| Chain::from_pem(text).unwrap_err().to_string();
    assert!(reason("").contains("no certificate"));
    assert!(
        reason("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").contains("something else")
    );
    assert!(reason("-----BEGIN CERTIFICATE-----\nAAAA\n").contains("has no end"));
    assert!(reason("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n").contains("not base64"));
    assert!(
        reason("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("cannot be read")
    );
    assert!(reason(&"x".repeat(MAX_PEM + 1)).contains("longer"));
}

#[test]
fn what_is_too_long_is_not_read() {
    assert_eq!(Response::parse(&[0x30; MAX_RESPONSE + 1]).err(), Some(StampError::TooLong));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Response::parse(&bytes).is_err());
        prop_assert!(Chain::from_response(&bytes).is_err());
        prop_assert!(certificate::Certificate::read(&bytes).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), base64 in "[A-Za-z0-9+/=\n-]{0,200}") {
        prop_assert!(Chain::from_pem(&text).is_err());
        let block = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        prop_assert!(Chain::from_pem(&block).is_err());
    }

    /// Structures rather than noise: nested elements with lengths that fit.
    #[test]
    fn no_structure_makes_it_panic(der in structure()) {
        let status = element_of(0x30, &[2, 1, 0]);
        prop_assert!(Response::parse(&element_of(0x30, &[status, der.clone()].concat())).is_err());
        prop_assert!(Response::parse(&der).is_err());
        prop_assert!(certificate::Certificate::read(&der).is_err());
    }
}

fn element_of(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, content.to_vec()].concat()
}

fn structure() -> impl Strategy<Value = Vec<u8>> {
    let tag =
        prop::sample::select(vec![0x01u8, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x18, 0x80, 0x81]);
    let leaf =
        (tag, prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(tag, bytes)| element_of(tag, &bytes));
    leaf.prop_recursive(8, 64, 6, |inner| {
        let tag = prop::sample::select(vec![0x30u8, 0x30, 0x31, 0xa0, 0xa1, 0xa3]);
        (tag, prop::collection::vec(inner, 0..6)).prop_map(|(tag, parts)| element_of(tag, &parts.concat()))
    })
}
