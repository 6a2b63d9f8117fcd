//! The names of authorities (RFC 5280, 4.1.2.4), as bytes to compare and as text to show.

use std::fmt::Write;

use data_encoding::HEXLOWER;
use der::Tag;

use super::fields::{Element, Read};

/// The longest text of a name, in characters.
const MAX_TEXT: usize = 1000;

#[derive(Clone, Debug)]
pub(super) struct Name {
    /// Two names are the same when these bytes are: the strictest of the ways that RFC 5280, 7.1 leaves open.
    pub(super) der: Vec<u8>,
    /// `C=AT, O=Example, CN=Example Root` for people.
    pub(super) text: String,
}

impl Name {
    pub(super) fn read(element: Element<'_>, name: &'static str) -> Read<Self> {
        let mut text = String::new();
        let mut relative_names = element.fields();
        while !relative_names.is_empty() {
            let mut attributes = relative_names.take(Tag::Set, name)?.fields();
            let mut separator = if text.is_empty() { "" } else { ", " };
            loop {
                let mut attribute = attributes.sequence(name)?;
                let kind = attribute.take(Tag::ObjectIdentifier, name)?.oid(name)?.text();
                let value = attribute.any(name)?;
                attribute.end(name)?;
                // RFC 4514, 2.4: a value that is no text is shown as its bytes. Names are compared as bytes, whatever they say.
                let value = string(value).unwrap_or_else(|| format!("#{}", HEXLOWER.encode(value.der)));
                text.push_str(separator);
                text.push_str(short(&kind).unwrap_or(&kind));
                text.push('=');
                value.chars().for_each(|character| push_visible(&mut text, character));
                if attributes.is_empty() {
                    break;
                }
                separator = " + ";
            }
        }
        if text.chars().nth(MAX_TEXT).is_some() {
            text = text.chars().take(MAX_TEXT).chain(['…']).collect();
        }
        Ok(Self { der: element.der.to_vec(), text })
    }
}

/// A DirectoryString or one of the kinds that stand in names beside it.
fn string(element: Element<'_>) -> Option<String> {
    let bytes = element.value;
    match Tag::try_from(element.tag).ok()? {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            bytes.is_ascii().then(|| bytes.iter().map(|&byte| char::from(byte)).collect())
        }
        // In practice these are Latin-1.
        Tag::TeletexString => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair)));
            if rest.is_empty() { units.map(char::from_u32).collect() } else { None }
        }
        _ => None,
    }
}

/// A name in a report must not pass for two, nor turn the line round.
fn push_visible(text: &mut String, character: char) {
    let turning =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turning {
        // Writing to a string does not fail.
        let _ = write!(text, "{}", character.escape_unicode());
    } else {
        if matches!(character, ',' | '+' | '=' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(character);
    }
}

/// The short names of RFC 4519 that authorities use.
fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.97" => "organizationIdentifier",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}
