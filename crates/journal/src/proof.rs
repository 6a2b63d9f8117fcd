//! Proofs about the record, computed from its tiles and checked before they are given out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use ledger::{Digest, Edge, HashSource, ProofError, TileError, TileId};

use crate::error::{Damage, JournalError};
use crate::journal::{Journal, read_tile};

/// That an entry is in the record a checkpoint is over.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// Which entry.
    pub position: u64,
    /// The hash of the entry as a leaf (RFC 6962, section 2.1).
    pub leaf: Digest,
    /// The hashes from the leaf to the root.
    pub proof: Vec<Digest>,
    /// The size of the record.
    pub size: u64,
    /// The root over it.
    pub root: Digest,
    /// The signed checkpoint that states size and root, as C2SP signed-note text.
    pub checkpoint: String,
}

/// That an earlier record is the beginning of the one a checkpoint is over.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The earlier size.
    pub old_size: u64,
    /// The root over the first `old_size` entries.
    pub old_root: Digest,
    /// The hashes that lead to both roots.
    pub proof: Vec<Digest>,
    /// The size of the record.
    pub size: u64,
    /// The root over it.
    pub root: Digest,
    /// The signed checkpoint that states size and root, as C2SP signed-note text.
    pub checkpoint: String,
}

/// The tree at one moment: what is cut out of it fits together, whatever is appended meanwhile.
#[derive(Clone, Debug)]
pub struct Tree {
    edge: Edge,
    root: Digest,
    checkpoint: String,
}

impl Tree {
    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root over them.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// The signed checkpoint that states both, as C2SP signed-note text.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }
}

impl Journal {
    /// The tree as this process knows it now.
    pub fn tree(&self) -> Tree {
        let state = self.state();
        Tree { edge: state.walk.edge.clone(), root: state.root, checkpoint: state.note.clone() }
    }

    /// Tiles of a tree, each as wide as that tree has it (C2SP tlog-tiles).
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where a tile is missing or too short.
    pub async fn tiles(
        &self,
        tree: &Tree,
        ids: impl IntoIterator<Item = TileId>,
    ) -> Result<Vec<(TileId, Vec<Digest>)>, JournalError> {
        let mut tiles = Vec::new();
        for id in ids {
            let mut hashes = self.tile_of(&tree.edge, id.level, id.index).await?;
            let width = usize::from(id.width);
            if hashes.len() < width {
                let reason = format!("the stored tree has no tile `{}`", id.path());
                return Err(Damage::at(id.index, reason).into());
            }
            // Whoever appended since may have continued it.
            hashes.truncate(width);
            tiles.push((id, hashes));
        }
        Ok(tiles)
    }

    /// A tile from the edge where it is the last of its level, or else as it is stored.
    async fn tile_of(&self, edge: &Edge, level: u8, index: u64) -> Result<Vec<Digest>, JournalError> {
        if index == edge.size() >> (8 * (u32::from(level) + 1)).min(63) {
            Ok(edge.partial(level).to_vec())
        } else {
            read_tile(&self.store, level, index).await
        }
    }

    /// Proves that the entry at `position` is in the record, as far as this process knows it.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the stored tree does not lead to the signed root.
    pub async fn inclusion_proof(&self, position: u64) -> Result<Inclusion, JournalError> {
        self.inclusion_with(&self.tree(), position).await
    }

    /// The same in the tree of a moment ago.
    ///
    /// # Errors
    /// As [`Journal::inclusion_proof`].
    pub async fn inclusion_with(&self, tree: &Tree, position: u64) -> Result<Inclusion, JournalError> {
        let Tree { edge, root, checkpoint } = tree.clone();
        let size = edge.size();
        if position >= size {
            return Err(JournalError::NoSuchEntry { position, size });
        }
        let leaf = self.get(position).await?.entry.leaf();
        let proof =
            self.prove(&edge, position, |tiles| ledger::inclusion_proof(position, size, tiles)).await?;
        ledger::verify_inclusion(&leaf, position, size, &proof, &root)
            .map_err(|_| Damage::at(position, "the stored tree does not lead from it to the signed root"))?;
        Ok(Inclusion { position, leaf, proof, size, root, checkpoint })
    }

    /// The hashes that lead from the entry at `position` to the root that the first `size` entries had.
    ///
    /// # Errors
    /// [`JournalError::NoSuchEntry`] if the record was never so long, or the entry is beyond it;
    /// [`JournalError::Damaged`] if the stored tree does not lead there.
    pub async fn inclusion_at(
        &self,
        tree: &Tree,
        position: u64,
        size: u64,
    ) -> Result<Vec<Digest>, JournalError> {
        if position >= size || size > tree.size() {
            return Err(JournalError::NoSuchEntry { position, size: size.min(tree.size()) });
        }
        let leaf = self.get(position).await?.entry.leaf();
        let prove = |tiles: &Tiles| {
            let proof = ledger::inclusion_proof(position, size, tiles)?;
            Ok((ledger::root_of(size, tiles)?, proof))
        };
        let (root, proof) = self.prove(&tree.edge, position, prove).await?;
        ledger::verify_inclusion(&leaf, position, size, &proof, &root)
            .map_err(|_| Damage::at(position, "the stored tree does not lead from it to the root"))?;
        Ok(proof)
    }

    /// Proves that the record still begins with the `old_size` entries it once had.
    ///
    /// # Errors
    /// [`JournalError::NoSuchEntry`] if it never was that long, [`JournalError::Damaged`] if the stored
    /// tree does not lead to the signed root.
    pub async fn consistency(&self, old_size: u64) -> Result<Consistency, JournalError> {
        self.consistency_with(&self.tree(), old_size).await
    }

    /// The same for a tree of a moment ago.
    ///
    /// # Errors
    /// As [`Journal::consistency`].
    pub async fn consistency_with(&self, tree: &Tree, old_size: u64) -> Result<Consistency, JournalError> {
        let Tree { edge, root, checkpoint } = tree.clone();
        let size = edge.size();
        if old_size > size {
            return Err(JournalError::NoSuchEntry { position: old_size.saturating_sub(1), size });
        }
        // The old root needs hashes the proof does not: both are computed over the same tiles.
        let (old_root, proof) = self
            .prove(&edge, old_size, |tiles| {
                let proof = ledger::consistency_proof(old_size, size, tiles)?;
                Ok((ledger::root_of(old_size, tiles)?, proof))
            })
            .await?;
        ledger::verify_consistency(old_size, size, &old_root, &root, &proof).map_err(|_| {
            Damage::at(old_size, "the stored tree does not lead from here to the signed root")
        })?;
        Ok(Consistency { old_size, old_root, proof, size, root, checkpoint })
    }

    /// Computes over stored tiles. Which ones are needed depends on positions alone, so a first pass over
    /// blank tiles tells, they are read, and a second pass computes.
    async fn prove<T>(
        &self,
        edge: &Edge,
        position: u64,
        compute: impl Fn(&Tiles) -> Result<T, ProofError>,
    ) -> Result<T, JournalError> {
        let impossible = |e: ProofError| Damage::at(position, format!("the stored tree gives no proof: {e}"));
        let mut tiles = Tiles::default();
        compute(&tiles).map_err(impossible)?;
        let wanted = std::mem::take(&mut *tiles.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        for (level, index) in wanted {
            tiles.kept.insert((level, index), self.tile_of(edge, level, index).await?);
        }
        Ok(compute(&tiles).map_err(impossible)?)
    }
}

/// Tiles by level and index; those that are not kept are noted as wanted and blank.
#[derive(Default)]
struct Tiles {
    kept: BTreeMap<(u8, u64), Vec<Digest>>,
    wanted: Mutex<BTreeSet<(u8, u64)>>,
}

impl HashSource for Tiles {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        let width = usize::from(id.width);
        match self.kept.get(&(id.level, id.index)) {
            Some(hashes) => {
                hashes.get(..width).map(<[Digest]>::to_vec).ok_or_else(|| TileError::Missing(id.path()))
            }
            None => {
                let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
                wanted.insert((id.level, id.index));
                Ok(vec![Digest([0; 32]); width])
            }
        }
    }
}
