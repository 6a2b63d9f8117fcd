//! The evidence bundle's container: a ZIP archive of one exact shape (docs/record-format.md, section 5).
//!
//! All bytes around the contents follow from the members' names, sizes and checksums. So an archive is read by taking these
//! from its end, [planning](Layout::plan) the archive that they make, and comparing: what differs in a byte is another
//! archive, and is not read. Nothing can be hidden between the members, and no reader of ZIP sees other members.
//!
//! To write one, plan it, then write each member's [header](Member::header) and content, and the [end](Layout::end).

use std::borrow::Cow;

/// The most members of an archive.
pub const MAX_MEMBERS: usize = 65_534;
/// Sizes and offsets stay below this: it would say that the true number stands elsewhere (APPNOTE, 4.4.1.4).
pub const LIMIT: u64 = u32::MAX as u64;
/// The longest name.
pub const MAX_NAME: usize = 250;
/// The longest segment of a name.
pub const MAX_SEGMENT: usize = 100;

/// The bytes of a local header before its name.
const LOCAL: usize = 30;
/// The bytes of a central header before its name.
const CENTRAL: usize = 46;
/// The bytes of the record at the very end.
const END: usize = 22;

/// Where everything stands in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    members: Vec<Member>,
    // Where the central headers begin.
    central: u64,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    name: String,
    size: u64,
    crc: u32,
    // Where its local header begins.
    start: u64,
}

/// An archive in memory.
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

/// Why a file is not an archive of the exact shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {reason}")]
pub struct Unreadable {
    /// The first byte that is not as it should be.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

/// Why members cannot make an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the member `{name}` {problem}")]
pub struct PlanError {
    // Which member, in the order given.
    index: usize,
    name: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error(
        "is not named well: a name is segments of `A-Z a-z 0-9 . _ -`, joined by `/`, that neither begin nor end with `.`"
    )]
    Name,
    #[error("does not come after the one before it in the order of names")]
    Order,
    #[error("has the name of another, or of another's folder, if upper and lower case count as the same")]
    Clash,
    #[error("is one too many: an archive holds 65,534")]
    TooMany,
    #[error("is too large: an archive holds less than 4 GiB")]
    TooLarge,
}

impl Layout {
    /// The archive of these members: name, size and CRC-32 of each, in ascending order of names.
    pub fn plan(members: impl IntoIterator<Item = (String, u64, u32)>) -> Result<Self, PlanError> {
        let mut layout = Self::default();
        for (index, (name, size, crc)) in members.into_iter().enumerate() {
            let start = layout.central;
            let end = size.checked_add(start + (LOCAL + name.len()) as u64);
            let problem = if index >= MAX_MEMBERS {
                Some(Problem::TooMany)
            } else if !is_name(&name) {
                Some(Problem::Name)
            } else if layout.members.last().is_some_and(|before| before.name >= name) {
                Some(Problem::Order)
            } else if end.is_none_or(|end| end >= LIMIT) {
                Some(Problem::TooLarge)
            } else {
                None
            };
            match (problem, end) {
                (None, Some(end)) => {
                    layout.members.push(Member { name, size, crc, start });
                    layout.central = end;
                }
                (problem, _) => {
                    let name = name.chars().take(MAX_NAME).collect();
                    return Err(PlanError { index, name, problem: problem.unwrap_or(Problem::TooLarge) });
                }
            }
        }
        match clash(&layout.members) {
            Some((index, name)) => Err(PlanError { index, name, problem: Problem::Clash }),
            None => Ok(layout),
        }
    }

    /// Reads where everything stands in an archive of `length` bytes. `read` gives so many bytes from an offset.
    ///
    /// Contents are not read; of what is read no more is held at a time than the central headers, at most 20 MB.
    pub fn read<'a, E: From<Unreadable>>(
        length: u64,
        mut read: impl FnMut(u64, usize) -> Result<Cow<'a, [u8]>, E>,
    ) -> Result<Self, E> {
        let unreadable =
            |offset: u64, reason: &str| E::from(Unreadable { offset, reason: reason.to_owned() });
        let Some(before_end) = length.checked_sub(END as u64) else {
            return Err(unreadable(0, "the file is too short to be a ZIP archive"));
        };
        let end = read(before_end, END)?;
        let (Some(count), Some(size), Some(central)) = (u16_at(&end, 8), u32_at(&end, 12), u32_at(&end, 16))
        else {
            return Err(unreadable(before_end, "the end of the file cannot be read"));
        };
        let (size, central) = (u64::from(size), u64::from(central));
        let stated = end_record(usize::from(count), size, central);
        if let Some(place) = difference(&stated, &end) {
            let reason = "this is not the end of a ZIP archive without comment, in one part";
            return Err(unreadable(before_end + place as u64, reason));
        }
        if usize::from(count) > MAX_MEMBERS || central >= LIMIT || central + size != before_end {
            let reason =
                "the end of the archive states another place, or another number, of its central headers";
            return Err(unreadable(before_end, reason));
        }
        if size > u64::from(count) * (CENTRAL + MAX_NAME) as u64 {
            return Err(unreadable(central, "the central headers are longer than their number allows"));
        }

        let headers = read(central, size as usize)?;
        let mut named = Vec::with_capacity(usize::from(count));
        let mut starts = Vec::with_capacity(usize::from(count));
        let mut rest = &*headers;
        for _ in 0..count {
            let offset = central + (headers.len() - rest.len()) as u64;
            let (Some(crc), Some(size), Some(length)) =
                (u32_at(rest, 16), u32_at(rest, 24), u16_at(rest, 28))
            else {
                return Err(unreadable(offset, "a central header is cut off"));
            };
            let name = rest.get(CENTRAL..CENTRAL + usize::from(length));
            let Some(name) = name.and_then(|name| str::from_utf8(name).ok()) else {
                return Err(unreadable(offset, "the name in a central header is cut off or not a text"));
            };
            starts.push(offset);
            named.push((name.to_owned(), u64::from(size), crc));
            rest = rest.get(CENTRAL + name.len()..).unwrap_or_default();
        }
        let layout = Self::plan(named).map_err(|error| {
            unreadable(starts.get(error.index).copied().unwrap_or(central), &error.to_string())
        })?;
        if let Some(place) = difference(&layout.central_headers(), &headers) {
            let offset = central + place as u64;
            let header = starts.iter().rev().find(|start| **start <= offset).copied().unwrap_or(central);
            return Err(unreadable(offset, central_field(offset - header)));
        }
        if layout.central != central {
            let reason =
                "there are bytes between the last member and the central headers, or members overlap";
            return Err(unreadable(layout.central.min(central), reason));
        }
        for member in &layout.members {
            let expected = member.header();
            let found = read(member.start, expected.len())?;
            if let Some(place) = difference(&expected, &found) {
                return Err(unreadable(member.start + place as u64, local_field(place)));
            }
        }
        Ok(layout)
    }

    /// The members, in the order of their names.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of a name, and which it is.
    pub fn find(&self, name: &str) -> Option<(usize, &Member)> {
        let index = self.members.binary_search_by(|member| member.name.as_str().cmp(name)).ok()?;
        self.members.get(index).map(|member| (index, member))
    }

    /// What stands after the last content, to the end of the file.
    pub fn end(&self) -> Vec<u8> {
        let mut bytes = self.central_headers();
        let end = end_record(self.members.len(), bytes.len() as u64, self.central);
        bytes.extend_from_slice(&end);
        bytes
    }

    /// The bytes of the whole archive.
    pub fn length(&self) -> u64 {
        let headers: usize = self.members.iter().map(|member| CENTRAL + member.name.len()).sum();
        self.central + (headers + END) as u64
    }

    fn central_headers(&self) -> Vec<u8> {
        self.members.iter().flat_map(Member::central_header).collect()
    }
}

impl Member {
    /// The member's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of its content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The CRC-32 that its header states.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// Where its content begins.
    pub fn offset(&self) -> u64 {
        self.start + (LOCAL + self.name.len()) as u64
    }

    /// What stands before its content.
    pub fn header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LOCAL + self.name.len());
        bytes.extend_from_slice(b"PK\x03\x04\x14\x00");
        self.common(&mut bytes);
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }

    fn central_header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CENTRAL + self.name.len());
        bytes.extend_from_slice(b"PK\x01\x02\x14\x00\x14\x00");
        self.common(&mut bytes);
        // No comment, disk 0, no attributes.
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(&le32(self.start));
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }

    /// From the flags to the length of the extra field, which both headers have alike (APPNOTE, 4.3.7 and 4.3.12).
    fn common(&self, bytes: &mut Vec<u8>) {
        // Flags: names are UTF-8. Stored. 1980-01-01, 00:00.
        bytes.extend_from_slice(&[0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x21, 0x00]);
        bytes.extend_from_slice(&self.crc.to_le_bytes());
        bytes.extend_from_slice(&le32(self.size));
        bytes.extend_from_slice(&le32(self.size));
        bytes.extend_from_slice(&le16(self.name.len()));
        bytes.extend_from_slice(&[0, 0]);
    }
}

impl<'a> Archive<'a> {
    /// Reads an archive. Checksums are not compared: a [`Member`] states one, and [`crc32`] computes it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let layout = Layout::read(bytes.len() as u64, |offset, length| {
            Ok::<_, Unreadable>(Cow::Borrowed(part(bytes, offset, length as u64)))
        })?;
        Ok(Self { bytes, layout })
    }

    /// Where everything stands.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The content of a member.
    pub fn content(&self, member: &Member) -> &'a [u8] {
        part(self.bytes, member.offset(), member.size)
    }

    /// The content of the member of a name.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.layout.find(name).map(|(_, member)| self.content(member))
    }
}

/// The CRC-32 of some bytes (as ZIP computes it). For bytes that come in parts, see the crate `crc32fast`.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The archive of members that are all in memory. They are put in order.
pub fn write<'m>(members: impl IntoIterator<Item = (&'m str, &'m [u8])>) -> Result<Vec<u8>, PlanError> {
    let mut members: Vec<(&str, &[u8])> = members.into_iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    let stated =
        members.iter().map(|(name, content)| ((*name).to_owned(), content.len() as u64, crc32(content)));
    let layout = Layout::plan(stated)?;
    let mut bytes = Vec::with_capacity(layout.length() as usize);
    for (member, (_, content)) in layout.members.iter().zip(&members) {
        bytes.extend_from_slice(&member.header());
        bytes.extend_from_slice(content);
    }
    bytes.extend_from_slice(&layout.end());
    Ok(bytes)
}

/// Whether a member can have this name.
pub fn is_name(name: &str) -> bool {
    let lettered = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= MAX_NAME
        && name.split('/').all(|segment| {
            (1..=MAX_SEGMENT).contains(&segment.len())
                && segment.bytes().all(lettered)
                && !segment.starts_with('.')
                && !segment.ends_with('.')
        })
}

/// A member that cannot be taken out beside another on a machine that takes upper and lower case for the same.
fn clash(members: &[Member]) -> Option<(usize, String)> {
    // With `/` as the lowest letter, whatever is in the folder `a` comes directly after `a`.
    let fold = |byte: u8| if byte == b'/' { 0 } else { byte.to_ascii_lowercase() };
    let folded = members
        .iter()
        .enumerate()
        .map(|(index, member)| -> (Vec<u8>, usize) { (member.name.bytes().map(fold).collect(), index) });
    let mut folded: Vec<(Vec<u8>, usize)> = folded.collect();
    folded.sort_unstable();
    let [_, (_, index)] = folded.array_windows().find(|[(one, _), (next, _)]| {
        next.strip_prefix(one.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(&[0]))
    })?;
    members.get(*index).map(|member| (*index, member.name.clone()))
}

fn end_record(members: usize, size: u64, offset: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(END);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&le16(members));
    bytes.extend_from_slice(&le16(members));
    bytes.extend_from_slice(&le32(size));
    bytes.extend_from_slice(&le32(offset));
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// The first place where two texts differ.
fn difference(expected: &[u8], found: &[u8]) -> Option<usize> {
    if expected == found {
        return None;
    }
    let same = expected.iter().zip(found).take_while(|(one, other)| one == other);
    Some(same.count())
}

fn central_field(place: u64) -> &'static str {
    match place {
        0..4 => "a central header is missing: members are repeated, or their number is wrong",
        4..6 => "a central header states another version or system than every other",
        6..42 => local_field(place as usize - 2),
        42..46 => "a central header states another place of its member",
        _ => "the name in a central header is not where it should be",
    }
}

/// What stands at a place of a local header; of a central header the same, two bytes later, but for the rest.
fn local_field(place: usize) -> &'static str {
    match place {
        0..4 => "a member does not begin where the one before it ends",
        4..6 => "a member needs another version of ZIP",
        6..8 => "a member has other flags: it is encrypted, or its size stands elsewhere",
        8..10 => "a member is compressed",
        10..14 => "a member has a time of its own",
        14..18 => "a member's two headers state different checksums",
        18..26 => "a member's headers state different sizes",
        26..28 => "a member's two headers state names of different length",
        28..30 => "a member has an extra field",
        30..40 => "a member has a comment, another disk or attributes, or another name in its other header",
        _ => "a member's two headers state different names",
    }
}

fn part(bytes: &[u8], offset: u64, length: u64) -> &[u8] {
    let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    range.and_then(|(offset, length)| bytes.get(offset..)?.get(..length)).unwrap_or_default()
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    bytes.get(place..)?.first_chunk().map(|two| u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

// Layouts hold no number that is too large for its place: `plan` sees to it.
fn le16(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

fn le32(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests;
