//! The tiles that a bundle holds: just those that prove what it shows (docs/record-format.md, section 8).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::digest::{Digest, node_hash};
use crate::tiles::{Edge, TILE_WIDTH, TileId};

/// The bytes of a hash in a tile.
const HASH: usize = 32;
/// Tile levels of a tree of less than 2^64 leaves.
const LEVELS: u8 = 8;

/// A tile as it is kept: its hashes one after the other. What is dear about it is computed once, when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile<'a> {
    bytes: Cow<'a, [u8]>,
    // The root of its 256 hashes; nothing for a partial tile.
    root: Option<Digest>,
}

/// Some tiles of a tree, found to be that tree's. Hashes taken from them can be relied on as the tree's root can.
#[derive(Debug)]
pub struct TileSet<'a> {
    size: u64,
    tiles: BTreeMap<TileId, &'a Tile<'a>>,
}

/// Why tiles are not those of a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileSetError {
    /// A tile that the tree does not have, or has with another width.
    #[error("a tree of `{size}` entries has no tile `{path}`")]
    OutsideTree {
        /// The tile's path.
        path: String,
        /// The tree's size.
        size: u64,
    },
    /// A tile without which the others prove nothing.
    #[error("the tile `{0}` is missing")]
    Missing(String),
    /// A tile that is not 32 bytes for each of its hashes.
    #[error("the tile `{0}` has more or fewer hashes than its path says")]
    Length(String),
    /// A tile whose hash is not the one that the tile above holds.
    #[error("the tile `{0}` is not the one that the tile above it was computed from")]
    Altered(String),
    /// The tiles fit each other and make another tree.
    #[error("the tiles lead to another root than the one that was signed")]
    OtherRoot,
}

/// The tiles that prove the leaves at `positions`, and the roots of the first `anchors` leaves, in a tree of `size`.
///
/// Positions and anchors that such a tree does not have ask for nothing.
pub fn needed(
    size: u64,
    positions: impl IntoIterator<Item = u64>,
    anchors: impl IntoIterator<Item = u64>,
) -> BTreeSet<TileId> {
    let mut needed = BTreeSet::new();
    let mut with_those_above = |level: u8, index: u64| {
        let mut next = TileId::at(level, index, size);
        // A full tile that is known already has those above it too.
        while let Some(id) = next.filter(|id| needed.insert(*id) && id.is_full()) {
            next = TileId::at(id.level + 1, id.index / u64::from(TILE_WIDTH), size);
        }
    };
    edge(size).for_each(|(level, index)| with_those_above(level, index));
    for position in positions.into_iter().filter(|position| *position < size) {
        with_those_above(0, position / u64::from(TILE_WIDTH));
    }
    for anchor in anchors.into_iter().filter(|anchor| *anchor < size) {
        edge(anchor).for_each(|(level, index)| with_those_above(level, index));
    }
    needed
}

impl<'a> Tile<'a> {
    /// A tile of these hashes. Computes the tile's own hash, if there are 256.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        let full = bytes.len() == HASH * usize::from(TILE_WIDTH);
        let root = if full { full_root(&bytes) } else { None };
        Self { bytes, root }
    }

    /// No hashes at all: no tile is like that.
    pub(crate) const NONE: Self = Self { bytes: Cow::Borrowed(&[]), root: None };

    pub(crate) fn hash(&self, place: u64) -> Option<Digest> {
        self.bytes.as_chunks::<HASH>().0.get(usize::try_from(place).ok()?).copied().map(Digest)
    }
}

impl<'a> TileSet<'a> {
    /// Checks tiles of a tree of `size` entries against its root.
    ///
    /// All partial tiles of the tree have to be there, and above every full tile the one that holds its hash. Of
    /// several that are wrong the first in the order given is named.
    pub fn check(
        size: u64,
        root: &Digest,
        tiles: impl IntoIterator<Item = (TileId, &'a Tile<'a>)>,
    ) -> Result<Self, TileSetError> {
        let given: Vec<(TileId, &Tile<'_>)> = tiles.into_iter().collect();
        for (id, tile) in &given {
            if TileId::at(id.level, id.index, size) != Some(*id) {
                return Err(TileSetError::OutsideTree { path: id.path(), size });
            }
            if tile.bytes.len() != HASH * usize::from(id.width) {
                return Err(TileSetError::Length(id.path()));
            }
        }
        let set = Self { size, tiles: given.iter().copied().collect() };
        for (id, tile) in given.iter().filter(|(id, _)| id.is_full()) {
            let (level, index) = (id.level + 1, id.index / u64::from(TILE_WIDTH));
            let outside = || TileSetError::OutsideTree { path: id.path(), size };
            let above = TileId::at(level, index, size).ok_or_else(outside)?;
            let above = set.tiles.get(&above).ok_or_else(|| TileSetError::Missing(above.path()))?;
            if tile.root.is_none() || above.hash(id.index % u64::from(TILE_WIDTH)) != tile.root {
                return Err(TileSetError::Altered(id.path()));
            }
        }
        let missing = edge(size).filter_map(|(level, index)| TileId::at(level, index, size));
        if let Some(id) = missing.into_iter().find(|id| !set.tiles.contains_key(id)) {
            return Err(TileSetError::Missing(id.path()));
        }
        if set.root_at(size) == Some(*root) { Ok(set) } else { Err(TileSetError::OtherRoot) }
    }

    /// The leaf hash of an entry, if its tile is here.
    pub fn leaf(&self, position: u64) -> Option<Digest> {
        let id = TileId::at(0, position / u64::from(TILE_WIDTH), self.size)?;
        self.tiles.get(&id)?.hash(position % u64::from(TILE_WIDTH))
    }

    /// The root of the first `size` entries, if the tiles for it are here.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        if size > self.size {
            return None;
        }
        let mut partials = vec![Vec::new(); usize::from(LEVELS)];
        for (level, index) in edge(size) {
            let tile = self.tiles.get(&TileId::at(level, index, self.size)?)?;
            let width = (size >> (8 * u32::from(level))) % u64::from(TILE_WIDTH);
            let hashes: Option<Vec<Digest>> = (0..width).map(|place| tile.hash(place)).collect();
            *partials.get_mut(usize::from(level))? = hashes?;
        }
        Some(Edge::restore(size, partials).ok()?.root())
    }
}

/// Where a tree of `size` entries has its partial tiles: at which level and which index.
fn edge(size: u64) -> impl Iterator<Item = (u8, u64)> {
    let hashes = move |level: u8| size >> (8 * u32::from(level));
    let partial = move |level: &u8| !hashes(*level).is_multiple_of(u64::from(TILE_WIDTH));
    (0..LEVELS).filter(partial).map(move |level| (level, hashes(level) / u64::from(TILE_WIDTH)))
}

/// The root of a full subtree over 2^n hashes that stand one after the other.
fn full_root(hashes: &[u8]) -> Option<Digest> {
    let mut hashes: Vec<Digest> = hashes.as_chunks::<HASH>().0.iter().copied().map(Digest).collect();
    while hashes.len() > 1 {
        hashes = hashes.as_chunks().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied()
}

#[cfg(test)]
mod tests;
