//! Reads DER (X.690) field by field, in order, and lets nothing pass that it was not asked for.
//!
//! Tags, lengths and primitive values are read by the crate `der`. Its own readers of whole structures skip
//! optional fields they do not know and forget the bytes they read; here the bytes that were signed are kept.

use der::asn1::{BitStringRef, GeneralizedTime, IntRef, ObjectIdentifier, UtcTime};
use der::{Choice, Decode, DecodeValue, Header, Reader, SliceReader, Tag, TagNumber};

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
    pub(super) tag: Tag,
    pub(super) value: &'a [u8],
    pub(super) der: &'a [u8],
}

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
        self.any(name)
            .and_then(|element| if element.tag == tag { Ok(element) } else { Err(Unreadable(name)) })
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

    /// All that is left, each of the same kind, at most `most`.
    pub(super) fn all(mut self, tag: Tag, most: usize, name: &'static str) -> Read<Vec<Element<'a>>> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            if elements.len() == most {
                return Err(Unreadable(name));
            }
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

    pub(super) fn oid(self, name: &'static str) -> Read<ObjectIdentifier> {
        let oid: ObjectIdentifier = self.decode(name)?;
        // X.690, 8.19.2: an arc has no leading zeroes. The crate reads them.
        let starts = std::iter::once(&0).chain(oid.as_bytes()).zip(oid.as_bytes());
        let padded = starts.into_iter().any(|(before, first)| before & 0x80 == 0 && *first == 0x80);
        if padded { Err(Unreadable(name)) } else { Ok(oid) }
    }

    /// An INTEGER of any length, in two's complement.
    pub(super) fn integer(self, name: &'static str) -> Read<&'a [u8]> {
        self.decode::<IntRef<'_>>(name).map(|integer| integer.as_bytes())
    }

    /// An INTEGER from 0 to 2^32 - 1.
    pub(super) fn number(self, name: &'static str) -> Read<u32> {
        self.decode(name)
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
        let since = match self.tag {
            Tag::UtcTime => self.decode::<UtcTime>(name)?.to_unix_duration(),
            _ => self.decode::<GeneralizedTime>(name)?.to_unix_duration(),
        };
        i64::try_from(since.as_secs()).map_err(|_| Unreadable(name))
    }

    /// The same content under the tag that it has without its implicit one.
    pub(super) fn tagged(self, tag: Tag) -> Self {
        Self { tag, ..self }
    }

    fn decode<T: Choice<'a> + DecodeValue<'a>>(self, name: &'static str) -> Read<T> {
        let read = || der::asn1::AnyRef::new(self.tag, self.value)?.decode_as();
        read().map_err(|_| Unreadable(name))
    }
}

fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let value = reader.read_slice(header.length).ok()?;
    let (der, rest) = bytes.split_at_checked(usize::try_from(reader.position()).ok()?)?;
    Some((Element { tag: header.tag, value, der }, rest))
}
