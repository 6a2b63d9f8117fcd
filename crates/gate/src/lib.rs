//! Decides whether a person may open a document: typed facts in, a decision with reasons out.
//!
//! The rules are Cedar policies in `policies/`, one file per [`Condition`], checked strictly against
//! `policies/gate.cedarschema` before anything is decided. This crate reads no file, clock or network: the instant and
//! the address are facts like any other.

mod condition;
mod decision;
mod explain;
mod facts;
mod memo;
mod policies;
mod requirements;

pub use condition::{Condition, ConditionSet, UnknownCondition};
pub use decision::Decision;
pub use explain::{Why, why};
pub use facts::{AgreementFacts, Facts, GrantFacts, Standing};
pub use memo::Memo;
pub use policies::{Gate, GateError, Rule};
pub use requirements::{NetworkRange, NetworkRangeError, Requirements};

#[cfg(test)]
mod tests;
