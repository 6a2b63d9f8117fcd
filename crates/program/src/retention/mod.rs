//! Retention: what must be kept, what is destroyed for good, and the copies against loss.
//!
//! Demand V3. Bytes are never hunted for: each document and each person has a key of their own, and to destroy is to delete that
//! key wherever it is kept; every copy of what it sealed, of whatever age, is noise from then on, while the record's hashes
//! stay and the evidence still verifies. So copies of the record and of the sealed documents hold no key, and the copies of
//! the keys lie in *places* that are known here, where each version can be rewritten.
//!
//! A *legal hold* forbids destroying: whoever has to expect a dispute must keep what bears on it (Federal Rules of Civil
//! Procedure, rule 37(e)). Erasing a person's data meets GDPR article 17, which does not reach what is needed for legal
//! claims (17(3)(e)). When a hold has to be placed, and when one may be lifted, is for counsel to confirm.

mod commands;
mod duties;
mod events;
mod sight;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{BACKERS, Command, HOLDERS, decide, refuse_held};
pub(crate) use duties::duties;
pub use events::{Event, Left, Shredded};
pub use sight::{RETENTION_READERS, may_see_hold, may_see_receipt, may_see_retention};
pub use state::{Backup, Destruction, Hold, Place, Receipt, Retention};
