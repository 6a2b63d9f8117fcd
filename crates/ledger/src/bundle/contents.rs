//! What of each member a verifier has to know.

use std::borrow::Cow;

use crate::archive::{Member, crc32};
use crate::bundle::manifest::MAX_MANIFEST;
use crate::digest::{Digest, Hasher, sha256};
use crate::note::MAX_NOTE;
use crate::tile_set::Tile;

use super::lines::MAX_LINE;

pub(super) const CHECKPOINT: &str = "checkpoint";
pub(super) const ENTRIES: &str = "entries.txt";
pub(super) const EXPORT: &str = "export.txt";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const POLICY: &str = "policy";
pub(super) const ANCHORS: &str = "anchors/";
pub(super) const TILES: &str = "tile/";

/// The bytes of a full tile.
const TILE: u64 = 256 * 32;

/// What of a member has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What is in it; then it is not long.
    Content,
    /// Its lines, one after the other.
    Lines,
    /// Its sums alone.
    Sums,
}

/// The content of a member, as far as it is wanted.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// Its bytes.
    Bytes(Cow<'a, [u8]>),
    /// Its bytes as those of a tile.
    Tile(Tile<'a>),
    /// It was not read: it is not wanted, or longer than what it can be.
    Unread,
}

/// The sums of a member's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Its CRC-32.
    pub crc: u32,
    /// Its SHA-256; not needed where no manifest lists the member.
    pub sha256: Option<Digest>,
}

/// The sums of content that comes in parts.
pub struct Summing {
    crc: crc32fast::Hasher,
    sha256: Option<Hasher>,
}

/// What of a member has to be known. What is longer than the format allows is not read.
pub fn wanted(member: &Member) -> Wanted {
    let name = member.name();
    let most = match name {
        ENTRIES => return Wanted::Lines,
        MANIFEST => MAX_MANIFEST as u64,
        EXPORT => MAX_LINE as u64,
        CHECKPOINT | POLICY => MAX_NOTE as u64,
        name if name.starts_with(ANCHORS) => MAX_NOTE as u64,
        name if name.starts_with(TILES) => TILE,
        _ => return Wanted::Sums,
    };
    if member.size() <= most { Wanted::Content } else { Wanted::Sums }
}

impl<'a> Content<'a> {
    /// The content of a member. What is not [`wanted`] is dropped.
    pub fn new(member: &Member, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        match wanted(member) {
            Wanted::Content if member.name().starts_with(TILES) => Self::Tile(Tile::new(bytes)),
            Wanted::Content => Self::Bytes(bytes.into()),
            Wanted::Lines | Wanted::Sums => Self::Unread,
        }
    }
}

impl Sums {
    /// The sums of the content of the member of a name.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { crc: crc32(bytes), sha256: has_digest(name).then(|| sha256(bytes)) }
    }
}

impl Summing {
    /// Begins with the content of the member of a name.
    pub fn begin(name: &str) -> Self {
        Self { crc: crc32fast::Hasher::new(), sha256: has_digest(name).then(Hasher::new) }
    }

    /// Goes on with more of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    /// The sums of it all.
    pub fn finish(self) -> Sums {
        Sums { crc: self.crc.finalize(), sha256: self.sha256.map(Hasher::finish) }
    }
}

/// Whether anything lists or states the digest of the member of a name.
fn has_digest(name: &str) -> bool {
    !name.starts_with(TILES) && name != CHECKPOINT && name != EXPORT
}
