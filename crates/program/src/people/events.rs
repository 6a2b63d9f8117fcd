//! What can happen to a person in the register.

use super::{Profile, Role};
use crate::{PersonId, Scope, Subject, Text, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What was recorded about a person. Every field can be disclosed alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// A person was entered.
    #[serde(rename = "person.added")]
    Added {
        /// Who.
        person: PersonId,
        /// Name, mail, engagement, department, job, manager, starts, ends: a field each.
        #[serde(flatten)]
        profile: Profile,
        /// Clearance level from the first day.
        clearance: u8,
        /// Roles from the first day.
        roles: BTreeSet<Role>,
    },
    /// A person's data were changed: the whole profile as it is now.
    #[serde(rename = "person.changed")]
    Changed {
        /// Who.
        person: PersonId,
        /// Name, mail, engagement, department, job, manager, starts, ends: a field each.
        #[serde(flatten)]
        profile: Profile,
    },
    /// A person's clearance was set.
    #[serde(rename = "person.cleared")]
    Cleared {
        /// Who.
        person: PersonId,
        /// To which level.
        clearance: u8,
        /// Why.
        reason: Text,
    },
    /// A person's roles were set: all they have now.
    #[serde(rename = "person.roles-set")]
    RolesSet {
        /// Who.
        person: PersonId,
        /// The roles.
        roles: BTreeSet<Role>,
    },
    /// A person was suspended: from now on nothing opens for them.
    #[serde(rename = "person.suspended")]
    Suspended {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// A suspension was lifted.
    #[serde(rename = "person.reinstated")]
    Reinstated {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// A person's data were erased: the key that seals them is deleted wherever it is kept, so that nobody can read their
    /// entries again, signatures among them, from no copy of whatever age. Where it was deleted says `retention.shredded`.
    #[serde(rename = "person.erased")]
    Erased {
        /// Who: the number alone is left.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// A person's employment or contract was ended.
    #[serde(rename = "person.ended")]
    Ended {
        /// Who.
        person: PersonId,
        /// The first instant at which they no longer belong here.
        ends: Time,
        /// Why.
        reason: Text,
    },
}

impl Event {
    /// Whom it is about.
    #[must_use]
    pub fn person(&self) -> PersonId {
        match self {
            Event::Added { person, .. }
            | Event::Changed { person, .. }
            | Event::Cleared { person, .. }
            | Event::RolesSet { person, .. }
            | Event::Suspended { person, .. }
            | Event::Reinstated { person, .. }
            | Event::Erased { person, .. }
            | Event::Ended { person, .. } => *person,
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self {
            // Whoever looks for the person has to learn that they were erased.
            Event::Erased { .. } => Scope::Organisation,
            _ => Scope::Person(self.person()),
        }
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let manager = match self {
            Event::Added { profile, .. } | Event::Changed { profile, .. } => profile.manager,
            _ => None,
        };
        std::iter::once(self.person()).chain(manager).map(Subject::from).collect()
    }
}
