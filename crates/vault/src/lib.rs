//! Keys, sealing, chunked encryption and blobs: everything that keeps bytes unreadable without a key.
//!
//! The hierarchy is root -> organisation key -> key per secret or person -> key per document.
//! A lower key is either derived from the one above ([`Key::derive`]) or random and wrapped by it
//! ([`Key::wrap`]); destroying a wrapped key erases all that hangs below it.

pub mod blobs;
pub mod chunked;
pub mod documents;
pub mod key;
pub mod recovery;
pub mod root;

pub use blobs::{BlobId, BlobInfo, BlobWriter, Blobs, StorageError, Swept};
pub use chunked::{ChunkError, Opener, RandomAccess, RangePlan, Sealer};
pub use documents::{Document, DocumentError, SealedBlobs};
pub use key::{Key, OpenError, SealError};
pub use recovery::{RecoveryKey, RecoveryTypo};
pub use root::{
    KdfParams, RootSeal, UnsealError, open_root, open_with_recovery, seal_root, seal_root_with_recovery,
};
