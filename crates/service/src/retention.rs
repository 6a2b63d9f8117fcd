//! Destroying for good, and copies against loss.
//!
//! To destroy is to delete a key wherever it is kept: among the record's own keys, and in every version of every copy of the
//! keys (`keyfile.rs`). The decision is an entry first, so that nothing opens from then on; then keys are deleted; then the
//! receipt is an entry, which says where that was done and where it is still to be done. Who is interrupted in between does
//! it again. Copies of the record and of the sealed files (`backup.rs`) hold no key, so that their age does not matter.

mod backup;
mod keyfile;
mod restore;
mod shred;

pub use backup::{BackedUp, BackupPlan, BackupStep};
pub use restore::{RestoreStep, Restored};
pub use shred::Destroyed;
pub(crate) use shred::finish_destructions;
