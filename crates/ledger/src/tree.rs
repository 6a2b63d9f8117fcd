//! The Merkle tree: its root, and short proofs that an entry is in it or that it only grew (RFC 6962, section 2.1).

use std::collections::BTreeMap;

use crate::digest::{Digest, EMPTY_ROOT, node_hash};
use crate::tiles::{HashSource, TILE_WIDTH, TileError, TileId};

/// The least one has to keep of a tree to append to it: the roots of its full subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one hash per bit set in `size`, from the highest bit to the lowest.
    hashes: Vec<Digest>,
}

/// Why a proof cannot be made, or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not in the tree.
    #[error("the entry `{index}` is not in a tree of size `{size}`")]
    NotInTree {
        /// The entry's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A tree cannot grow into a smaller one.
    #[error("a tree of size `{old}` cannot have grown into one of size `{new}`")]
    Shrunk {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
    },
    /// A proof with too few or too many hashes.
    #[error("the proof has the wrong number of hashes, `{0}`")]
    Length(usize),
    /// The proof leads to another root.
    #[error("the proof does not lead to the root: the entry, the proof or the root has been altered")]
    OtherRoot,
    /// A tree's parts that do not fit its size.
    #[error("a tree of size `{size}` cannot have an edge of `{hashes}` hashes")]
    Frontier {
        /// The size.
        size: u64,
        /// How many hashes were given.
        hashes: usize,
    },
    /// The hashes could not be read.
    #[error("the tree's hashes could not be read")]
    Tile(#[from] TileError),
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves from the roots of its full subtrees, largest first.
    ///
    /// The hashes are believed: compare [`root`](Self::root) with a checkpoint.
    pub fn from_parts(size: u64, hashes: Vec<Digest>) -> Result<Self, ProofError> {
        if hashes.len() == size.count_ones() as usize {
            Ok(Self { size, hashes })
        } else {
            Err(ProofError::Frontier { size, hashes: hashes.len() })
        }
    }

    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        // As in adding one to a binary number: every trailing one is carried.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash.
    pub fn root(&self) -> Digest {
        let mut smallest_first = self.hashes.iter().rev().copied();
        let Some(smallest) = smallest_first.next() else {
            return EMPTY_ROOT;
        };
        smallest_first.fold(smallest, |right, left| node_hash(&left, &right))
    }

    /// The roots of the full subtrees, largest first.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }
}

/// The root of the first `size` leaves, from tiles.
pub fn root_of<S: HashSource>(size: u64, source: &S) -> Result<Digest, ProofError> {
    if size == 0 { Ok(EMPTY_ROOT) } else { Reader::new(size, source).range(0, size) }
}

/// The hashes that lead from the leaf `index` to the root of the first `size` leaves (RFC 6962, section 2.1.1).
pub fn inclusion_proof<S: HashSource>(index: u64, size: u64, source: &S) -> Result<Vec<Digest>, ProofError> {
    if index >= size {
        return Err(ProofError::NotInTree { index, size });
    }
    let mut reader = Reader::new(size, source);
    let (mut proof, mut from, mut to) = (Vec::new(), 0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(reader.range(middle, to)?);
            to = middle;
        } else {
            proof.push(reader.range(from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show that the first `new` leaves begin with the first `old` (RFC 6962, section 2.1.2).
///
/// From an empty tree, and to the same tree, the proof is empty.
pub fn consistency_proof<S: HashSource>(old: u64, new: u64, source: &S) -> Result<Vec<Digest>, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(new, source);
    let (mut proof, mut from, mut to) = (Vec::new(), 0, new);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(reader.range(middle, to)?);
            to = middle;
        } else {
            proof.push(reader.range(from, middle)?);
            from = middle;
        }
    }
    // A subtree that begins at 0 is the old tree itself, whose root the verifier has.
    if from > 0 {
        proof.push(reader.range(from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks an inclusion proof (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NotInTree { index, size });
    }
    let (mut fnode, mut snode, mut hash) = (index, size - 1, *leaf_hash);
    for sibling in proof {
        if snode == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node_hash(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    if snode != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    if hash == *root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Checks a consistency proof (RFC 9162, section 2.1.4.2).
///
/// Every tree begins with the empty one: for `old` 0 the proof is empty and says nothing about `new_root`.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Digest,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        let known = if old == 0 { &EMPTY_ROOT } else { new_root };
        // An empty new tree has one root too.
        let same = old_root == known && (new != 0 || *new_root == EMPTY_ROOT);
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length(proof.len())),
            (true, false) => Err(ProofError::OtherRoot),
            (true, true) => Ok(()),
        };
    }
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length(0))?
    };
    let shift = (old - 1).trailing_ones();
    let (mut fnode, mut snode) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if snode == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if fnode & 1 == 1 || fnode == snode {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    if snode != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// Reads each tile once while a proof is computed.
struct Reader<'a, S> {
    size: u64,
    source: &'a S,
    tiles: BTreeMap<TileId, Vec<Digest>>,
}

impl<'a, S: HashSource> Reader<'a, S> {
    fn new(size: u64, source: &'a S) -> Self {
        Self { size, source, tiles: BTreeMap::new() }
    }

    /// The Merkle tree hash of the leaves `from..to`, which are a subtree as RFC 6962 splits the tree.
    fn range(&mut self, from: u64, to: u64) -> Result<Digest, ProofError> {
        let length = to - from;
        if length.is_power_of_two() {
            return self.subtree(from, length.trailing_zeros());
        }
        let middle = from + split(length);
        Ok(node_hash(&self.subtree(from, (middle - from).trailing_zeros())?, &self.range(middle, to)?))
    }

    /// The root of the full subtree of 2^height leaves that begins at `from`.
    fn subtree(&mut self, from: u64, height: u32) -> Result<Digest, ProofError> {
        let (level, within) = (height / 8, height % 8);
        let first = from >> (8 * level);
        let id = TileId::at(level as u8, first / u64::from(TILE_WIDTH), self.size)
            .ok_or(TileError::OutsideTree { level: level as u8, size: self.size })?;
        let hashes = match self.tiles.entry(id) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let hashes = self.source.tile(id)?;
                if hashes.len() != usize::from(id.width) {
                    return Err(TileError::WrongWidth { path: id.path(), hashes: hashes.len() }.into());
                }
                place.insert(hashes)
            }
        };
        let offset = (first % u64::from(TILE_WIDTH)) as usize;
        let outside = TileError::WrongWidth { path: id.path(), hashes: hashes.len() };
        let slice = hashes.get(offset..offset + (1 << within)).ok_or(outside)?;
        Ok(full_root(slice))
    }
}

/// The root of a full subtree over 2^n hashes.
pub(crate) fn full_root(hashes: &[Digest]) -> Digest {
    let mut frontier = Frontier::new();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}

/// The largest power of two smaller than `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

#[cfg(test)]
pub(crate) mod tests;
