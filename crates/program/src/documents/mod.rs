//! Documents of a secret: what is in the vault, what was left where it is, and every time one was opened or refused.
//!
//! Demand V1. The bytes are not here: `service` seals them in the vault and tells this area their size, digest and blob.
//! An opening is an entry, durable before the first byte leaves; so is a refusal.

mod commands;
mod events;
mod sight;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{Command, Opening, Target, decide, decide_opening, may_add, may_destroy, may_hear_why};
pub use events::Event;
pub use sight::{may_see, once_known};
pub use state::{Day, Document, Documents, Kept};
