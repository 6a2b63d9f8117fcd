//! Joins the house: one method per thing a user can do. Authenticate, decide, record, release.
//!
//! This is the only place where rules meet the disk. An act runs one path: [`Service::act`] hands it to the committer
//! (`committer.rs`), which lets `program` decide on the newest state, makes the events durable, applies them, and
//! answers. Bytes of a document leave only through `release.rs`, which needs a permit that exists only once the opening is
//! a durable entry.

mod agreements;
mod clock;
mod committer;
mod config;
mod content;
mod error;
mod evidence;
mod house;
mod keyring;
mod record;
mod release;
mod retention;
mod setup;
mod sign_in;

pub use agreements::{AgreementText, NewVersion, PaperCopy, shown_by};
pub use committer::Done;
pub use config::{Config, Passphrase};
pub use content::Upload;
pub use error::{OpenError, ServiceError, Shut};
pub use evidence::{
    Anchoring, AsOf, Bundle, DescriptionSalt, ExportPlan, Exporting, PlannedEntry, Published, ShownFields,
    Voucher,
};
pub use house::{Service, Status};
pub use journal::{Faults, Step};
pub use record::{EntryProof, EntryView, FieldView, HistoryFilter, HistoryPage, Verification};
pub use release::{Content, OpenDocument, OpenText};
pub use retention::{BackedUp, BackupPlan, BackupStep, Destroyed, RestoreStep, Restored};
pub use setup::Created;
pub use sign_in::{NewSecondFactor, SignInOutcome, SignedIn};
pub use vault::KdfParams;
