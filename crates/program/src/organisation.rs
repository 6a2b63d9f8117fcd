//! The organisation itself: its name, its time zone, and what happened to its clock.

use crate::{Line, Recorded, Scope, Subject, Time};
use serde::{Deserialize, Serialize};

/// What can happen to the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum OrganisationEvent {
    /// The record was begun.
    #[serde(rename = "organisation.founded")]
    Founded {
        /// Its name.
        name: Line,
        /// Its time zone, as the tz database names it.
        zone: String,
    },
    /// Its name or time zone was changed.
    #[serde(rename = "organisation.changed")]
    Changed {
        /// Its name.
        name: Line,
        /// Its time zone, as the tz database names it.
        zone: String,
    },
    /// The machine's clock went back, or leapt ahead, between two entries. Entry times never run backwards: until the
    /// clock has caught up, entries carry the time of the entry before them.
    #[serde(rename = "organisation.clock-jumped")]
    ClockJumped {
        /// What the clock said.
        clock: Time,
        /// The time of the entry before.
        last: Time,
    },
    /// The passphrase that seals the root key was changed. The passphrase itself is never recorded.
    #[serde(rename = "organisation.passphrase-changed")]
    PassphraseChanged {},
    /// A new recovery key was printed, and the one before it stopped working.
    #[serde(rename = "organisation.recovery-renewed")]
    RecoveryRenewed {},
}

impl OrganisationEvent {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Organisation
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        Vec::new()
    }
}

/// The organisation as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Its time zone, as the tz database names it.
    pub zone: String,
    /// When the record was begun.
    pub founded: Time,
    /// The entry time that the machine's clock was last found to be behind: told once, not at every entry.
    #[serde(default)]
    pub clock_behind: Option<Time>,
}

impl Default for Organisation {
    fn default() -> Self {
        Self { name: String::new(), zone: "UTC".to_owned(), founded: Time(0), clock_behind: None }
    }
}

impl Organisation {
    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &OrganisationEvent) {
        match event {
            OrganisationEvent::Founded { name, zone } => {
                *self = Self {
                    name: name.to_string(),
                    zone: zone.clone(),
                    founded: recorded.time,
                    clock_behind: None,
                };
            }
            OrganisationEvent::Changed { name, zone } => {
                self.name = name.to_string();
                self.zone = zone.clone();
            }
            OrganisationEvent::ClockJumped { clock, last } => {
                self.clock_behind = (clock < last).then_some(*last);
            }
            OrganisationEvent::PassphraseChanged {} | OrganisationEvent::RecoveryRenewed {} => {}
        }
    }
}
