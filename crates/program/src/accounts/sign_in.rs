//! Signing in: what is brought along, and what begins and ends a session.

use super::Event;
use crate::{AccountId, Digest, PersonId, State, Time};

/// A second factor as `service` checked it. That the code belongs to the account is checked there; that it was not used
/// before is checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// None was given.
    None,
    /// A time-based code that was right for this time step.
    Code {
        /// The time step (RFC 6238 section 4.2).
        step: u64,
    },
    /// A recovery code.
    Recovery {
        /// SHA-256 of it.
        code: Digest,
    },
}

/// A sign-in whose password `service` found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The account.
    pub account: AccountId,
    /// SHA-256 of the new session's token.
    pub token: Digest,
    /// The second factor brought along.
    pub proof: Proof,
}

/// What ends with somebody's employment: every session and token.
pub(crate) fn end_of_employment(_state: &State, _person: PersonId, _now: Time) -> Vec<Event> {
    Vec::new()
}
