//! One fact in the record: where, when, of what kind, and the digests of its hidden fields.

use data_encoding::BASE64URL_NOPAD;
use memchr::memchr;

use crate::canonical::MAX_INTEGER;
use crate::digest::{Digest, leaf_hash};
use crate::disclosure::Disclosure;

/// The latest time an entry can bear: the end of the year 9999, in milliseconds since 1970 UTC.
pub const MAX_TIME: i64 = 253_402_300_799_999;
/// The longest kind, in characters.
pub const MAX_KIND: usize = 128;
/// The most disclosures of one entry: its bytes then fit the 16-bit length of a C2SP entry bundle.
pub const MAX_DISCLOSURES: usize = 1024;

/// An entry of the record. Two entries are equal when, and only when, their bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    position: u64,
    time: i64,
    kind: String,
    // INVARIANT: strictly ascending by their bytes, so that one set of fields has one encoding and the order
    // says nothing about the fields (RFC 9901, section 4.2.4.1).
    digests: Vec<Digest>,
}

/// Why something cannot be an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The position cannot be written as a JSON number that all readers read alike.
    #[error("the position `{0}` is beyond 2^53 - 1")]
    Position(u64),
    /// The time is before 1970 or after 9999.
    #[error("the time `{0}` ms is not between the years 1970 and 9999")]
    Time(i64),
    /// A kind that is empty, too long or has other characters than `a-z 0-9 . -`.
    #[error("`{0}` cannot be a kind: use 1 to 128 of `a-z`, `0-9`, `.` and `-`")]
    Kind(String),
    /// Two disclosures of the same name or the same digest.
    #[error("the field `{0}` is given twice")]
    Twice(String),
    /// More disclosures than an entry holds.
    #[error("an entry holds at most 1024 fields, not `{0}`")]
    TooMany(usize),
    /// Bytes that are not the canonical form of an entry.
    #[error("the bytes are not an entry in canonical form")]
    NotCanonical,
}

impl Entry {
    /// An entry that commits to `disclosures`.
    ///
    /// `position` counts from 0, `time` is in milliseconds since 1970 UTC.
    pub fn new(
        position: u64,
        time: i64,
        kind: impl Into<String>,
        disclosures: &[Disclosure],
    ) -> Result<Self, EntryError> {
        let mut names: Vec<&str> = disclosures.iter().map(Disclosure::name).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(EntryError::Twice((*twice).to_owned()));
        }
        let mut digests: Vec<Digest> = disclosures.iter().map(Disclosure::digest).collect();
        digests.sort_unstable();
        Self { position, time, kind: kind.into(), digests }.checked()
    }

    /// Reads an entry. Only its canonical form is accepted: an entry has one text, and so one leaf.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        Self::read(bytes).ok_or(EntryError::NotCanonical)?.checked()
    }

    // The canonical form leaves no choice in any byte, so it is read as fixed pieces rather than as any JSON.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(b"{\"_sd\":[")?;
        // A digest takes 46 characters, and this is the most of them that there can be.
        let mut digests = Vec::with_capacity((bytes.len() / 46).min(MAX_DISCLOSURES));
        while let [b'"', after @ ..] = rest {
            let (text, after) = after.split_first_chunk::<43>()?;
            let mut digest = [0; 32];
            BASE64URL_NOPAD.decode_mut(text, &mut digest).ok()?;
            digests.push(Digest(digest));
            let [b'"', after @ ..] = after else { return None };
            rest = after;
            match rest {
                [b',', after @ ..] if after.starts_with(b"\"") => rest = after,
                _ => break,
            }
        }
        let rest = rest.strip_prefix(b"],\"kind\":\"")?;
        let (kind, rest) = rest.split_at_checked(memchr(b'"', rest)?)?;
        let rest = rest.strip_prefix(b"\",\"position\":")?;
        let (position, rest) = rest.split_at_checked(memchr(b',', rest)?)?;
        let rest = rest.strip_prefix(b",\"time\":\"")?;
        let (time, rest) = rest.split_first_chunk::<24>()?;
        (rest == b"\"}").then_some(Self {
            position: parse_decimal(position)?,
            time: parse_time(time)?,
            kind: str::from_utf8(kind).ok()?.to_owned(),
            digests,
        })
    }

    /// The canonical bytes (RFC 8785), for example
    /// `{"_sd":["…"],"kind":"secret.registered","position":17,"time":"2026-11-23T10:00:00.123Z"}`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96 + self.kind.len() + 46 * self.digests.len());
        bytes.extend_from_slice(b"{\"_sd\":[");
        for (n, digest) in self.digests.iter().enumerate() {
            bytes.extend_from_slice(if n == 0 { b"\"" } else { b",\"" });
            let mut text = [0; 43];
            BASE64URL_NOPAD.encode_mut(&digest.0, &mut text);
            bytes.extend_from_slice(&text);
            bytes.push(b'"');
        }
        // A kind has no character that JSON escapes.
        bytes.extend_from_slice(b"],\"kind\":\"");
        bytes.extend_from_slice(self.kind.as_bytes());
        bytes.extend_from_slice(b"\",\"position\":");
        push_decimal(&mut bytes, self.position, 1);
        bytes.extend_from_slice(b",\"time\":\"");
        push_time(&mut bytes, self.time.unsigned_abs());
        bytes.extend_from_slice(b"\"}");
        bytes
    }

    /// The hash of this entry as a leaf of the tree.
    pub fn leaf(&self) -> Digest {
        leaf_hash(&self.to_bytes())
    }

    /// Whether this entry holds the digest of `disclosure`.
    pub fn commits_to(&self, disclosure: &Disclosure) -> bool {
        self.holds(&disclosure.digest())
    }

    /// Whether `digest` is one of this entry's.
    pub fn holds(&self, digest: &Digest) -> bool {
        self.digests.binary_search(digest).is_ok()
    }

    /// Where in the record, counted from 0; also the leaf's index in the tree.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// When, in milliseconds since 1970 UTC.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// What happened, as `secret.registered`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The digests of the fields, ascending.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    fn checked(self) -> Result<Self, EntryError> {
        if self.position > MAX_INTEGER {
            return Err(EntryError::Position(self.position));
        }
        if !(0..=MAX_TIME).contains(&self.time) {
            return Err(EntryError::Time(self.time));
        }
        let lettered = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        if self.kind.is_empty() || self.kind.len() > MAX_KIND || !self.kind.bytes().all(lettered) {
            return Err(EntryError::Kind(self.kind.chars().take(MAX_KIND).collect()));
        }
        if self.digests.len() > MAX_DISCLOSURES {
            return Err(EntryError::TooMany(self.digests.len()));
        }
        if !self.digests.is_sorted_by(|a, b| a < b) {
            return Err(EntryError::NotCanonical);
        }
        Ok(self)
    }
}

/// A time in milliseconds since 1970 UTC as entries bear it, as `2026-11-23T10:00:00.123Z`; at most [`MAX_TIME`].
pub fn time_text(time: i64) -> String {
    let mut bytes = Vec::with_capacity(24);
    push_time(&mut bytes, time.clamp(0, MAX_TIME).unsigned_abs());
    String::from_utf8(bytes).unwrap_or_default()
}

/// Appends RFC 3339 with three decimals, as `2026-11-23T10:00:00.123Z`. `time` is at most [`MAX_TIME`].
fn push_time(bytes: &mut Vec<u8>, time: u64) {
    let (days, clock) = (time / 86_400_000, time % 86_400_000);
    let (year, month, day) = civil(days);
    push_decimal(bytes, year, 4);
    bytes.push(b'-');
    push_decimal(bytes, month, 2);
    bytes.push(b'-');
    push_decimal(bytes, day, 2);
    bytes.push(b'T');
    push_decimal(bytes, clock / 3_600_000, 2);
    bytes.push(b':');
    push_decimal(bytes, clock / 60_000 % 60, 2);
    bytes.push(b':');
    push_decimal(bytes, clock / 1000 % 60, 2);
    bytes.push(b'.');
    push_decimal(bytes, clock % 1000, 3);
    bytes.push(b'Z');
}

fn parse_time(text: &[u8; 24]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
        b'.',
        t0,
        t1,
        t2,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let year = number([y0, y1, y2, y3])?;
    let (month, day) = (number([m0, m1])?, number([d0, d1])?);
    let (hour, minute, second, millis) =
        (number([h0, h1])?, number([n0, n1])?, number([s0, s1])?, number([t0, t1, t2])?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year, month, day);
    // A day that does not exist is another one when it is counted back.
    if hour > 23 || minute > 59 || second > 59 || civil(days) != (year, month, day) {
        return None;
    }
    i64::try_from(days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis).ok()
}

/// The number that these digits are.
fn number<const N: usize>(digits: [u8; N]) -> Option<u64> {
    digits
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// A decimal without sign and leading zeroes.
fn parse_decimal(digits: &[u8]) -> Option<u64> {
    let whole = digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || !digits.starts_with(b"0"));
    if whole { str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

/// The proleptic Gregorian date of a day counted from 1970-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last; 400 years are 146,097 days.
/// (H. Hinnant, "chrono-compatible low-level date algorithms".)
fn civil(days: u64) -> (u64, u64, u64) {
    let since_march_0000 = days + 719_468;
    let (era, day_of_era) = (since_march_0000 / 146_097, since_march_0000 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The inverse of [`civil`], for years from 1970.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Appends `number` in decimal with at least `width` digits.
fn push_decimal(bytes: &mut Vec<u8>, mut number: u64, width: usize) {
    let start = bytes.len();
    while number > 0 || bytes.len() < start + width {
        bytes.push(b'0' + (number % 10) as u8);
        number /= 10;
    }
    if let Some(digits) = bytes.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests;
