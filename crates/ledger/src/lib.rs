//! The arithmetic of a record that cannot be altered unnoticed: entries, their hidden fields, the tree over them, its signed head.
//!
//! Everything here is a function of its arguments: no file, no socket, no clock, no random number.
//!
//! From the bottom up: a field of an entry becomes a salted [`Disclosure`]; an [`Entry`] holds the
//! digests of its disclosures and nothing else of them; the entry's [leaf](Entry::leaf) is pushed on an
//! [`Edge`], which keeps the tree's right edge and gives out the [tiles](TileId) that are full; proofs are
//! computed [from tiles](HashSource); a [`Checkpoint`] signed as a [note](SignedNote) fixes the whole tree.

pub mod canonical;
pub mod checkpoint;
pub mod digest;
pub mod disclosure;
pub mod entry;
pub mod note;
pub mod stamp;
pub mod tiles;
pub mod tree;

pub use canonical::{CanonicalError, canonical};
pub use checkpoint::{Checkpoint, CheckpointError, open_checkpoint, sign_checkpoint};
pub use digest::{Digest, DigestError, EMPTY_ROOT, leaf_hash, node_hash, sha256};
pub use disclosure::{Disclosure, DisclosureError, Salt};
pub use entry::{Entry, EntryError};
pub use note::{NoteError, Signature, SignedNote, SigningKey, VerifierKey};
pub use tiles::{CompletedTile, Edge, HashSource, TILE_WIDTH, TileError, TileId};
pub use tree::{
    Frontier, ProofError, consistency_proof, inclusion_proof, root_of, verify_consistency, verify_inclusion,
};
