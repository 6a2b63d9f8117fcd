//! Evidence: past states, anchors by those outside, and the bundle that a stranger checks.

mod anchor;
mod as_of;
mod bundle;
mod outside;
mod publish;
mod revocation;
mod select;
mod texts;
mod vouched;
mod words;

pub use anchor::{Anchoring, Voucher};
pub(crate) use anchor::{Anchors, keep_anchored};
pub use as_of::AsOf;
pub use bundle::Bundle;
pub use publish::{DescriptionSalt, Published};
pub use select::{Exporting, Plan as ExportPlan, PlannedEntry, ShownFields};
