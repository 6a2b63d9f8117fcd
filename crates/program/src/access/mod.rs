//! Need-to-know: what each tier asks, who asked for access and why, who approved it, until when, and who may open what.
//!
//! Demands A1 and A2. A grant names the person, the secret, the purpose, the approvers and its end; it is one of the
//! conditions the gate asks, never the only one. Emergency access opens for a short time without approval, alarms the owner, and
//! has to be justified and looked at afterwards. "Who can open this, and why?" and "why can't I?" are answered from the
//! same facts that decide.

mod approve;
mod commands;
mod coverage;
mod duties;
mod events;
mod explain;
mod facts;
mod requirement;
mod sight;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use approve::owner_request;
pub use approve::still_needed;
pub use commands::{Command, SETTERS, decide};
pub use coverage::{Coverage, Standing, coverage};
pub(crate) use duties::duties;
pub use events::Event;
pub use explain::{Because, Remedy, Row, may_open, openable, who, why};
pub use facts::{Circumstances, facts};
pub use requirement::{AVAILABLE, Requirement};
pub use sight::{REQUIREMENT_READERS, may_ask_why, may_oversee, may_see_grant, may_see_request, may_see_use};
pub use state::{Access, Approval, Emergency, Grant, Outcome, Request, Revocation, UNUSED_AFTER};
