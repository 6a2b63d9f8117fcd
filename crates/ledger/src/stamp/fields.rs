//! Reads DER (X.690) field by field, in order, and lets nothing pass that it was not asked for.
//!
//! Lengths and primitive values are read by the crate `der`. Its own readers of whole structures skip
//! optional fields they do not know and forget the bytes they read; here the bytes that were signed are kept.

use std::borrow::Cow;

use der::asn1::{BitStringRef, GeneralizedTime, IntRef, ObjectIdentifier, UtcTime};
use der::{Choice, Decode, DecodeValue, Length, Reader, SliceReader, Tag, TagNumber};

/// The name of a field that is missing, of another kind, or not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

pub(super) type Read<T> = Result<T, Unreadable>;

/// What is left of the fields of one SEQUENCE or SET.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// One element: its tag, its content, and both with the length as they stood.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    /// The byte of the tag: there are more kinds than the crate has names for.
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) der: &'a [u8],
}

/// An OBJECT IDENTIFIER, of whatever length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oid<'a>(&'a [u8]);

/// The tag `[number]` of an element that holds others.
pub(super) const fn holding(number: TagNumber) -> Tag {
    Tag::ContextSpecific { constructed: true, number }
}

/// The tag `[number]` of an element that holds a value.
pub(super) const fn plain(number: TagNumber) -> Tag {
    Tag::ContextSpecific { constructed: false, number }
}

impl<'a> Fields<'a> {
    pub(super) fn of(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    /// The next field, of whatever kind.
    pub(super) fn any(&mut self, name: &'static str) -> Read<Element<'a>> {
        let (element, rest) = split(self.rest).ok_or(Unreadable(name))?;
        self.rest = rest;
        Ok(element)
    }

    /// The next field, which must be of this kind.
    pub(super) fn take(&mut self, tag: Tag, name: &'static str) -> Read<Element<'a>> {
        self.any(name).and_then(|element| if element.is(tag) { Ok(element) } else { Err(Unreadable(name)) })
    }

    /// The next field if it is of this kind.
    pub(super) fn maybe(&mut self, tag: Tag, name: &'static str) -> Read<Option<Element<'a>>> {
        match self.rest.first() {
            Some(&first) if first == tag.octet() => self.take(tag, name).map(Some),
            _ => Ok(None),
        }
    }

    /// The fields of the next field, a SEQUENCE.
    pub(super) fn sequence(&mut self, name: &'static str) -> Read<Self> {
        self.take(Tag::Sequence, name).map(Element::fields)
    }

    /// That there is no further field.
    pub(super) fn end(self, name: &'static str) -> Read<()> {
        if self.is_empty() { Ok(()) } else { Err(Unreadable(name)) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left, each of the same kind.
    pub(super) fn all(mut self, tag: Tag, name: &'static str) -> Read<Vec<Element<'a>>> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            elements.push(self.take(tag, name)?);
        }
        Ok(elements)
    }
}

impl<'a> Element<'a> {
    /// The one element that these bytes are.
    pub(super) fn of(der: &'a [u8], tag: Tag, name: &'static str) -> Read<Self> {
        let mut fields = Fields::of(der);
        let element = fields.take(tag, name)?;
        fields.end(name)?;
        Ok(element)
    }

    pub(super) fn fields(self) -> Fields<'a> {
        Fields::of(self.value)
    }

    /// Whether its value is written as DER has values of its kind, where there is more than one way (X.690, 8 and 11).
    fn is_well_formed(self) -> bool {
        let name = "value";
        match Tag::try_from(self.tag) {
            Ok(Tag::Boolean) => self.boolean(name).is_ok(),
            Ok(Tag::Integer) => self.integer(name).is_ok(),
            Ok(Tag::BitString) => self.flags(name).is_ok(),
            Ok(Tag::Null) => self.value.is_empty(),
            Ok(Tag::ObjectIdentifier) => self.oid(name).is_ok(),
            _ => true,
        }
    }

    /// Whether it is of this kind.
    pub(super) fn is(self, tag: Tag) -> bool {
        self.tag == tag.octet()
    }

    pub(super) fn oid(self, name: &'static str) -> Read<Oid<'a>> {
        // X.690, 8.19.2: an arc has no leading zeroes, and the last one ends.
        let starts = std::iter::once(&0).chain(self.value).zip(self.value);
        let padded = starts.into_iter().any(|(before, first)| before & 0x80 == 0 && *first == 0x80);
        let ended = self.value.last().is_some_and(|last| *last < 0x80);
        if self.is(Tag::ObjectIdentifier) && ended && !padded {
            Ok(Oid(self.value))
        } else {
            Err(Unreadable(name))
        }
    }

    /// An INTEGER of any length, in two's complement.
    pub(super) fn integer(self, name: &'static str) -> Read<&'a [u8]> {
        self.decode::<IntRef<'_>>(name).map(|integer| integer.as_bytes())
    }

    /// An INTEGER from 0; what is larger than any number here is the largest.
    pub(super) fn number(self, name: &'static str) -> Read<u64> {
        match self.integer(name)? {
            [first, ..] if *first >= 0x80 => Err(Unreadable(name)),
            [0, rest @ ..] | rest if rest.len() > 8 => Ok(u64::MAX),
            [0, rest @ ..] | rest => Ok(rest.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
        }
    }

    pub(super) fn boolean(self, name: &'static str) -> Read<bool> {
        self.decode(name)
    }

    /// A BIT STRING whose bits fill its bytes.
    pub(super) fn whole_bits(self, name: &'static str) -> Read<&'a [u8]> {
        self.decode::<BitStringRef<'_>>(name)?.as_bytes().ok_or(Unreadable(name))
    }

    /// A BIT STRING of named bits, the first of which is the highest of the first byte.
    pub(super) fn flags(self, name: &'static str) -> Read<&'a [u8]> {
        let bits: BitStringRef<'_> = self.decode(name)?;
        let unused = !(0xff_u8 << bits.unused_bits());
        let clear = bits.raw_bytes().last().is_none_or(|last| last & unused == 0);
        if clear { Ok(bits.raw_bytes()) } else { Err(Unreadable(name)) }
    }

    /// A UTCTime or GeneralizedTime without fraction, in seconds since 1970 (RFC 5280, 4.1.2.5).
    pub(super) fn seconds(self, name: &'static str) -> Read<i64> {
        let since = if self.is(Tag::UtcTime) {
            self.decode::<UtcTime>(name)?.to_unix_duration()
        } else {
            self.decode::<GeneralizedTime>(name)?.to_unix_duration()
        };
        i64::try_from(since.as_secs()).map_err(|_| Unreadable(name))
    }

    /// The same content under the tag that it has without its implicit one.
    pub(super) fn tagged(self, tag: Tag) -> Self {
        Self { tag: tag.octet(), ..self }
    }

    fn decode<T: Choice<'a> + DecodeValue<'a>>(self, name: &'static str) -> Read<T> {
        let read = || der::asn1::AnyRef::new(Tag::try_from(self.tag)?, self.value)?.decode_as();
        read().map_err(|_| Unreadable(name))
    }
}

/// The first element, and what follows it.
fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after) = bytes.split_first()?;
    let (class, holds, number) = (tag >> 6, tag & 0x20 != 0, tag & 0x1f);
    // Of the universal kinds a SEQUENCE and a SET hold others (X.690, 8.9 and 8.11), and in DER no other that is met here.
    let of_its_kind = class != 0 || holds == matches!(number, 0x10 | 0x11);
    // X.690, 8.1.2.4: a larger number is written in more bytes. None is met here.
    if number == 0x1f || !of_its_kind {
        return None;
    }
    let mut reader = SliceReader::new(after).ok()?;
    let length = Length::decode(&mut reader).ok()?;
    let value = reader.read_slice(length).ok()?;
    let (der, rest) = bytes.split_at_checked(usize::try_from(reader.position()).ok()? + 1)?;
    let element = Element { tag, value, der };
    element.is_well_formed().then_some((element, rest))
}

impl<'a> Oid<'a> {
    /// Its bytes.
    pub(super) fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The same name as one that this program knows.
    pub(super) fn known(self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.0).ok()
    }

    /// As `1.2.840.113549.1.9.3` (X.690, 8.19).
    pub(super) fn text(self) -> String {
        let mut arcs: Vec<Cow<'_, str>> = Vec::new();
        for part in self.0.split_inclusive(|byte| *byte < 0x80) {
            // An arc of more than 128 bits is no number that anybody would know again.
            let arc = part
                .iter()
                .try_fold(0_u128, |arc, byte| Some(arc.checked_mul(128)? | u128::from(byte & 0x7f)));
            match arc {
                Some(arc) if arcs.is_empty() => {
                    let first = (arc / 40).min(2);
                    arcs.push(first.to_string().into());
                    arcs.push((arc - 40 * first).to_string().into());
                }
                Some(arc) => arcs.push(arc.to_string().into()),
                None => arcs.push("…".into()),
            }
        }
        arcs.join(".")
    }
}

impl PartialEq<ObjectIdentifier> for Oid<'_> {
    fn eq(&self, other: &ObjectIdentifier) -> bool {
        self.0 == other.as_bytes()
    }
}
