//! The register, as the record adds up to it.

use super::{Event, Profile, Tier};
use crate::{PersonId, Recorded, SecretId, Time};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a secret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Put forward; waits for a reviewer.
    Submitted,
    /// Sent back to its submitter.
    Returned,
    /// In the register, and protected as such.
    Accepted,
    /// A trade secret no longer.
    Retired,
}

impl Status {
    /// For people and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Submitted => "submitted",
            Status::Returned => "returned",
            Status::Accepted => "accepted",
            Status::Retired => "retired",
        }
    }
}

/// One version of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// 1, 2, 3 …
    pub number: u32,
    /// When it was recorded.
    pub at: Time,
    /// By whom; absent for the operator of the machine.
    pub person: Option<PersonId>,
    /// The entry that holds this version.
    pub position: u64,
    /// The entry that holds its precise description: this one, or an earlier one where it was not changed.
    pub precise_at: Option<u64>,
}

/// A trade secret. The precise description is not here: it stays sealed in its entry, and opens through the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// What the register says about it.
    pub profile: Profile,
    /// Where it stands.
    pub status: Status,
    /// Who put it forward.
    pub submitter: Option<PersonId>,
    /// Who accepted it, and when.
    pub accepted: Option<(Option<PersonId>, Time)>,
    /// What the reviewer, or whoever retired it, said last.
    pub remark: Option<String>,
    /// Every version, the first one first.
    pub versions: Vec<Version>,
    /// When its owner last looked through it.
    pub reviewed: Option<Time>,
}

impl Secret {
    /// Its classification.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.profile.tier
    }

    /// The number of the newest version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// The entry that holds the precise description, where there is one.
    #[must_use]
    pub fn precise_at(&self) -> Option<u64> {
        self.versions.last().and_then(|version| version.precise_at)
    }
}

/// All secrets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Secrets {
    secrets: OrdMap<SecretId, Arc<Secret>>,
    owned: OrdSet<(PersonId, SecretId)>,
}

impl Secrets {
    /// One secret.
    #[must_use]
    pub fn get(&self, id: SecretId) -> Option<&Secret> {
        self.secrets.get(&id).map(Arc::as_ref)
    }

    /// All secrets, in the order in which they were submitted.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values().map(Arc::as_ref)
    }

    /// How many there are, retired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Is there none yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The secrets that `person` owns.
    pub fn owned_by(&self, person: PersonId) -> impl Iterator<Item = &Secret> {
        let range = (person, SecretId(0))..=(person, SecretId(u32::MAX));
        self.owned.range(range).filter_map(|(_, id)| self.get(*id))
    }

    /// The id the next secret will have.
    #[must_use]
    pub fn next_id(&self) -> SecretId {
        SecretId(self.secrets.get_max().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        if let Event::Submitted { secret, profile, precise } = event {
            let version = Version {
                number: 1,
                at: recorded.time,
                person: recorded.by.person,
                position: recorded.position,
                precise_at: precise.as_ref().map(|_| recorded.position),
            };
            self.owned.insert((profile.owner, *secret));
            let secret = Secret {
                id: *secret,
                profile: profile.clone(),
                status: Status::Submitted,
                submitter: recorded.by.person,
                accepted: None,
                remark: None,
                versions: vec![version],
                reviewed: None,
            };
            self.secrets.insert(secret.id, Arc::new(secret));
            return;
        }
        let Some(slot) = self.secrets.get_mut(&event.secret()) else {
            return;
        };
        let secret = Arc::make_mut(slot);
        match event {
            Event::Submitted { .. } | Event::Read { .. } | Event::Refused { .. } => {}
            Event::Accepted { note, .. } => {
                secret.status = Status::Accepted;
                secret.accepted = Some((recorded.by.person, recorded.time));
                secret.reviewed = Some(recorded.time);
                secret.remark = note.as_ref().map(ToString::to_string);
            }
            Event::Returned { reason, .. } => {
                secret.status = Status::Returned;
                secret.remark = Some(reason.to_string());
            }
            Event::Revised { version, profile, precise, .. } => {
                let precise_at =
                    if precise.is_some() { Some(recorded.position) } else { secret.precise_at() };
                self.owned.remove(&(secret.profile.owner, secret.id));
                self.owned.insert((profile.owner, secret.id));
                secret.profile = profile.clone();
                if secret.status == Status::Returned {
                    secret.status = Status::Submitted;
                }
                secret.versions.push(Version {
                    number: *version,
                    at: recorded.time,
                    person: recorded.by.person,
                    position: recorded.position,
                    precise_at,
                });
            }
            Event::Reviewed { next, .. } => {
                secret.profile.review = Some(*next);
                secret.reviewed = Some(recorded.time);
            }
            Event::Retired { reason, .. } => {
                secret.status = Status::Retired;
                secret.remark = Some(reason.to_string());
            }
        }
    }
}
