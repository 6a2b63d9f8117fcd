//! What can happen to a trade secret.

use super::Profile;
use crate::{PersonId, Scope, SecretId, Subject, Text, Time};
use serde::{Deserialize, Serialize};

/// What happened to a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// Somebody put it forward: its first version.
    #[serde(rename = "secret.submitted")]
    Submitted {
        /// The secret.
        secret: SecretId,
        /// What may be shown of it.
        #[serde(flatten)]
        profile: Profile,
        /// What it precisely is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        precise: Option<Text>,
    },
    /// A reviewer took it into the register.
    #[serde(rename = "secret.accepted")]
    Accepted {
        /// The secret.
        secret: SecretId,
        /// What the reviewer had to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// A reviewer sent it back to be amended.
    #[serde(rename = "secret.returned")]
    Returned {
        /// The secret.
        secret: SecretId,
        /// What is missing.
        reason: Text,
    },
    /// It was changed: a new version.
    #[serde(rename = "secret.revised")]
    Revised {
        /// The secret.
        secret: SecretId,
        /// The number of this version.
        version: u32,
        /// What may be shown of it from now on.
        #[serde(flatten)]
        profile: Profile,
        /// What it precisely is from now on; the version before holds where this is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        precise: Option<Text>,
        /// What changed and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// Its owner looked through it and found it still to be so.
    #[serde(rename = "secret.reviewed")]
    Reviewed {
        /// The secret.
        secret: SecretId,
        /// When to look again.
        next: Time,
        /// What was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// It is a trade secret no longer. Its entries stay.
    #[serde(rename = "secret.retired")]
    Retired {
        /// The secret.
        secret: SecretId,
        /// Why.
        reason: Text,
    },
    /// Its precise description was released to somebody.
    #[serde(rename = "secret.read")]
    Read {
        /// The secret.
        secret: SecretId,
        /// The version that was shown.
        version: u32,
        /// To whom.
        person: PersonId,
        /// On which grant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<crate::GrantId>,
        /// The conditions that were asked and met.
        met: gate::ConditionSet,
    },
    /// Its precise description was asked for and not released.
    #[serde(rename = "secret.refused")]
    Refused {
        /// The secret.
        secret: SecretId,
        /// To whom.
        person: PersonId,
        /// The conditions that failed.
        failing: gate::ConditionSet,
    },
}

impl Event {
    /// The secret it happened to.
    #[must_use]
    pub fn secret(&self) -> SecretId {
        match self {
            Event::Submitted { secret, .. }
            | Event::Accepted { secret, .. }
            | Event::Returned { secret, .. }
            | Event::Revised { secret, .. }
            | Event::Reviewed { secret, .. }
            | Event::Retired { secret, .. }
            | Event::Read { secret, .. }
            | Event::Refused { secret, .. } => *secret,
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::Secret(self.secret())
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let secret = Subject::from(self.secret());
        match self {
            Event::Submitted { profile, .. } | Event::Revised { profile, .. } => {
                vec![secret, profile.owner.into()]
            }
            Event::Read { person, grant, .. } => {
                [Some(secret), Some((*person).into()), grant.map(Subject::from)]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Event::Refused { person, .. } => vec![secret, (*person).into()],
            _ => vec![secret],
        }
    }
}
