//! The tree as files of 256 hashes, each written once and never changed (C2SP tlog-tiles).

use std::str::FromStr;

use crate::digest::Digest;
use crate::tree::{Frontier, full_root};

/// How many hashes a full tile has.
pub const TILE_WIDTH: u16 = 256;
/// Tile levels of a tree of less than 2^64 leaves.
const LEVELS: u8 = 8;
/// The highest level a path may name.
const MAX_LEVEL: u8 = 63;

/// Which tile: the `index`-th of its level, of `width` hashes (256 when full).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for tiles of leaf hashes; a hash of level `n + 1` is the root of a full tile of level `n`.
    pub level: u8,
    /// Counted from 0 within the level.
    pub index: u64,
    /// How many hashes, 1 to 256.
    pub width: u16,
}

/// A tile that has become full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedTile {
    /// The tile's level.
    pub level: u8,
    /// The tile's index within the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Digest>,
}

/// Whatever keeps tiles: a journal, a folder, another's log.
pub trait HashSource {
    /// The hashes of a tile: exactly `id.width` of them. Where a wider tile is kept, its first hashes.
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError>;
}

/// The right edge of a tree: at each level the hashes that do not yet fill a tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    frontier: Frontier,
    partials: [Vec<Digest>; LEVELS as usize],
}

/// Why a tile cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// No such tile is kept.
    #[error("the tile `{0}` is missing")]
    Missing(String),
    /// A tile with more or fewer hashes than it should have.
    #[error("the tile `{path}` has `{hashes}` hashes")]
    WrongWidth {
        /// The tile's path.
        path: String,
        /// How many hashes there are.
        hashes: usize,
    },
    /// A tree of that size has no such tile.
    #[error("a tree of size `{size}` has no such tile at level `{level}`")]
    OutsideTree {
        /// The level asked for.
        level: u8,
        /// The size of the tree.
        size: u64,
    },
    /// Not the path of a tile.
    #[error("`{0}` is not the path of a tile")]
    Path(String),
    /// The source failed.
    #[error("the tile `{path}` could not be read: {reason}")]
    Source {
        /// The tile's path.
        path: String,
        /// What the source says.
        reason: String,
    },
}

impl TileId {
    /// The tile as a tree of `size` leaves has it, full or partial; nothing if that tree has no hash in it.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = if level < LEVELS { size >> (8 * u32::from(level)) } else { 0 };
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = hashes.checked_sub(before)?.min(u64::from(TILE_WIDTH)) as u16;
        (width > 0).then_some(Self { level, index, width })
    }

    /// The path below a log's address, as `tile/0/x001/067` or `tile/0/x001/067.p/5`.
    pub fn path(&self) -> String {
        let mut index = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            index = format!("x{:03}/{index}", rest % 1000);
            rest /= 1000;
        }
        let partial = if self.width < TILE_WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{}/{index}{partial}", self.level)
    }

    /// Whether the tile has all its 256 hashes.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Reads the bytes of this tile: hash after hash.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Digest>, TileError> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() && hashes.len() == usize::from(self.width) {
            Ok(hashes.iter().copied().map(Digest).collect())
        } else {
            Err(TileError::WrongWidth { path: self.path(), hashes: hashes.len() })
        }
    }

    /// The bytes of a tile: hash after hash.
    pub fn encode(hashes: &[Digest]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

impl FromStr for TileId {
    type Err = TileError;

    /// Reads a path as [`path`](Self::path) writes it, and no other.
    fn from_str(path: &str) -> Result<Self, TileError> {
        let read = || -> Option<Self> {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = match rest.split_once(".p/") {
                Some((index, width)) => (index, width.parse().ok()?),
                None => (rest, TILE_WIDTH),
            };
            let index = index.split('/').try_fold(0u64, |sum, part| {
                let digits: u64 = part.trim_start_matches('x').parse().ok()?;
                sum.checked_mul(1000)?.checked_add(digits)
            })?;
            Some(Self { level: level.parse().ok()?, index, width })
        };
        // What is written in any other way (signs, leading zeroes, a lost `x`) is not written back alike.
        read()
            .filter(|id| id.level <= MAX_LEVEL && (1..=TILE_WIDTH).contains(&id.width) && id.path() == path)
            .ok_or_else(|| TileError::Path(path.chars().take(100).collect()))
    }
}

impl Edge {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of `size` leaves from its partial tiles, lowest level first; missing ones are empty.
    ///
    /// The hashes are believed: compare [`root`](Self::root) with a checkpoint.
    pub fn restore(size: u64, partials: Vec<Vec<Digest>>) -> Result<Self, TileError> {
        let mut edge = Self::default();
        if let Some(level) = partials.iter().skip(usize::from(LEVELS)).position(|partial| !partial.is_empty())
        {
            return Err(TileError::OutsideTree { level: LEVELS.saturating_add(level as u8), size });
        }
        for (place, given) in edge.partials.iter_mut().zip(partials) {
            *place = given;
        }
        let mut roots = Vec::new();
        for (level, partial) in (0..LEVELS).zip(&edge.partials).rev() {
            let hashes = size >> (8 * u32::from(level));
            let width = hashes % u64::from(TILE_WIDTH);
            if partial.len() as u64 != width {
                let id = TileId { level, index: hashes / u64::from(TILE_WIDTH), width: width as u16 };
                return Err(TileError::WrongWidth { path: id.path(), hashes: partial.len() });
            }
            let mut rest = partial.as_slice();
            for height in (0..8).rev().filter(|height| width >> height & 1 == 1) {
                let (full, after) = rest.split_at_checked(1 << height).unwrap_or((rest, &[]));
                roots.push(full_root(full));
                rest = after;
            }
        }
        edge.frontier = Frontier::from_parts(size, roots)
            .map_err(|_| TileError::OutsideTree { level: LEVELS - 1, size })?;
        Ok(edge)
    }

    /// Appends the hash of a leaf; gives the tiles that are full now, lowest level first.
    pub fn push(&mut self, leaf: Digest) -> Vec<CompletedTile> {
        self.frontier.push(leaf);
        let mut completed = Vec::new();
        let mut hash = leaf;
        for (level, partial) in (0..LEVELS).zip(&mut self.partials) {
            partial.push(hash);
            if partial.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let hashes = std::mem::take(partial);
            hash = full_root(&hashes);
            let index = (self.frontier.size() >> (8 * u32::from(level))) / u64::from(TILE_WIDTH) - 1;
            completed.push(CompletedTile { level, index, hashes });
        }
        completed
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The Merkle tree hash.
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// The hashes of a level that do not yet fill a tile; none when the last tile is full.
    pub fn partial(&self, level: u8) -> &[Digest] {
        self.partials.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// The partial tiles of this tree, lowest level first.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (TileId, &[Digest])> {
        (0..LEVELS).zip(&self.partials).filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| {
            let index = (self.size() >> (8 * u32::from(level))) / u64::from(TILE_WIDTH);
            (TileId { level, index, width: hashes.len() as u16 }, hashes.as_slice())
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
