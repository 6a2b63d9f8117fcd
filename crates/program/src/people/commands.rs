//! Who may enter, change, clear, suspend and see out people.

use super::{Joiner, Profile, Role};
use crate::{Actor, PersonId, Refusal, State, Text, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What can be done about people.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Enter a person.
    Add {
        /// Who, with what rights.
        joiner: Joiner,
    },
    /// Change a person's data.
    Change {
        /// Who.
        person: PersonId,
        /// The whole profile as it shall be.
        profile: Profile,
    },
    /// Set a person's clearance.
    Clear {
        /// Who.
        person: PersonId,
        /// To which level.
        clearance: u8,
        /// Why.
        reason: Text,
    },
    /// Set a person's roles.
    SetRoles {
        /// Who.
        person: PersonId,
        /// All they shall have.
        roles: BTreeSet<Role>,
    },
    /// Suspend a person at once.
    Suspend {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Lift a suspension.
    Reinstate {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// End a person's employment or contract.
    End {
        /// Who.
        person: PersonId,
        /// The first instant at which they no longer belong here; none means at once.
        ends: Option<Time>,
        /// Why.
        reason: Text,
    },
    /// Enter and change people from a CSV file, wholly or not at all. [`super::plan`] says beforehand what it would do.
    Import {
        /// The file.
        csv: Arc<[u8]>,
    },
}

/// Decides a command about people.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(_state: &State, _actor: &Actor, _now: Time, _command: &Command) -> Result<Vec<crate::Event>, Refusal> {
    Ok(Vec::new())
}
