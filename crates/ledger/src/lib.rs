//! The arithmetic of a record that cannot be altered unnoticed: entries, their hidden fields, the tree over them, its signed head.
//!
//! Everything here is a function of its arguments: no file, no socket, no clock, no random number.
//!
//! From the bottom up: a field of an entry becomes a salted [`Disclosure`]; an [`Entry`] holds the
//! digests of its disclosures and nothing else of them; the entry's [leaf](Entry::leaf) is pushed on an
//! [`Edge`], which keeps the tree's right edge and gives out the [tiles](TileId) that are full; proofs are
//! computed [from tiles](HashSource); a [`Checkpoint`] signed as a [note](SignedNote) fixes the whole tree.

pub mod archive;
mod base64;
pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod digest;
pub mod disclosure;
pub mod entry;
mod json;
pub mod key;
pub mod line;
pub mod note;
pub mod policy;
pub mod proof;
pub mod stamp;
pub mod tile_set;
pub mod tiles;
pub mod tree;
pub mod witness;

pub use canonical::{CanonicalError, canonical};
pub use checkpoint::{Checkpoint, CheckpointError, open_checkpoint, sign_checkpoint};
pub use cosignature::{CosigningKey, cosign};
pub use digest::{Digest, DigestError, EMPTY_ROOT, leaf_hash, node_hash, sha256};
pub use disclosure::{Disclosure, DisclosureError, Salt};
pub use entry::{Entry, EntryError};
pub use key::{KeyKind, SigningKey, VerifierKey};
pub use line::{Line, LineError};
pub use note::{NoteError, Signature, SignedNote};
pub use policy::{Octets, Policy, PolicyError, PolicyLog, PolicyWitness};
pub use proof::{TlogProof, TlogProofError};
pub use tile_set::{Tile, TileSet, TileSetError};
pub use tiles::{CompletedTile, Edge, HashSource, TILE_WIDTH, TileError, TileId};
pub use tree::{
    Frontier, ProofError, consistency_proof, inclusion_proof, root_of, verify_consistency, verify_inclusion,
};
pub use witness::{AddCheckpoint, WitnessRefusal};

#[cfg(test)]
mod tests;
