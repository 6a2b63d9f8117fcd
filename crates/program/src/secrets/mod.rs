//! The register of trade secrets: what each one is, whose it is, what it is worth, and every version it had.
//!
//! Demand S1. A trade secret is judged one by one, at the time of the taking: 18 USC 1839(3) asks for reasonable measures
//! and for economic value from not being generally known; courts weigh the six factors of the Restatement of Torts,
//! s. 757, comment b; and a court wants the secret identified with reasonable particularity before discovery (Cal CCP
//! 2019.210). So each secret carries a *summary* that is safe to show and, apart from it, a *precise* description that is
//! sealed under the secret's own key and opens through the gate alone.
//!
//! Any employee submits; a reviewer (counsel) accepts or returns; every change after that is a new version.

mod commands;
mod duties;
mod events;
mod import;
mod profile;
mod sight;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub use commands::{Command, REVIEWERS, decide};
pub(crate) use commands::{held, seen};
pub(crate) use duties::duties;
pub use events::Event;
pub use import::{Plan, PlannedRow, export_csv, export_json, plan_csv, plan_json};
pub use profile::{Amount, Draft, FACTORS, Factor, Factors, Place, PlaceKind, Profile, Tier};
pub use sight::{knows_of, may_see, may_see_whole, shown};
pub use state::{Secret, Secrets, Status, Version};
