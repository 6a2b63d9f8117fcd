//! What the record adds up to, in memory.
//!
//! The maps are persistent: a clone costs nothing, so every reader holds a whole, unchanging state while the next one is
//! being made, and a batch that could not be made durable is dropped as if it had never been decided.

use crate::event::Answer;
use crate::{Event, Organisation, Recorded, Subject};
use crate::{Time, access, accounts, agreements, documents, evidence, people, retention, secrets};
use serde::{Deserialize, Serialize};

/// The state of everything after some number of entries.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// How many entries were applied: the position the next one will have.
    pub size: u64,
    /// The organisation.
    pub organisation: Organisation,
    /// Employees and contractors.
    pub people: people::People,
    /// The register of trade secrets.
    pub secrets: secrets::Secrets,
    /// Their documents.
    pub documents: documents::Documents,
    /// Agreements and who signed them.
    pub agreements: agreements::Agreements,
    /// Requirements, requests and grants.
    pub access: access::Access,
    /// Accounts, sessions and tokens.
    pub accounts: accounts::Accounts,
    /// Who vouches for the record from outside.
    pub evidence: evidence::Evidence,
    /// Legal holds, what was destroyed, and backups.
    pub retention: retention::Retention,
}

impl State {
    /// The shape of the snapshots this version writes; one of another shape is not read but made anew from the record.
    pub const SHAPE: &'static str = concat!(env!("CARGO_PKG_VERSION"), "/6");

    /// Passes over an entry that nobody can read any more because the key of whom it is about was destroyed. What it added is
    /// forgotten when that is recorded, so that the state is the same whether it was ever read or not. Its subjects are known
    /// all the same: no number of theirs is given again, also where the copy that this is was made before the erasure.
    pub fn pass_over(&mut self, position: u64, time: Time, subjects: &[Subject]) {
        self.size = position.saturating_add(1);
        for subject in subjects {
            self.people.note_number(*subject);
            self.accounts.note_number(*subject);
        }
        self.evidence.note_act(position, time);
    }

    /// Adds a recorded event. Never fails: what was recorded has happened.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.size = recorded.position.saturating_add(1);
        match &recorded.event {
            Event::Organisation(event) => self.organisation.apply(recorded, event),
            Event::People(event) => self.people.apply(recorded, event),
            Event::Secrets(event) => self.secrets.apply(recorded, event),
            Event::Documents(event) => self.documents.apply(recorded, event),
            Event::Agreements(event) => self.agreements.apply(recorded, event),
            Event::Access(event) => self.access.apply(recorded, event),
            Event::Accounts(event) => self.accounts.apply(recorded, event),
            Event::Evidence(event) => self.evidence.apply(recorded, event),
            Event::Retention(event) => self.retention.apply(recorded, event),
        }
        match &recorded.event {
            Event::People(people::Event::Erased { person, .. }) => {
                self.agreements.forget(*person);
                self.accounts.forget(*person, recorded.time);
                self.retention.note_erased(*person, recorded);
            }
            Event::Documents(documents::Event::Destroyed { document, .. }) => {
                self.retention.note_destroyed(*document, recorded);
            }
            _ => {}
        }
        if !matches!(recorded.event, Event::Evidence(evidence::Event::Anchored { .. })) {
            self.evidence.note_act(recorded.position, recorded.time);
        }
        match recorded.event.answer() {
            Some(Answer::Opened { grant }) => {
                self.documents.count(recorded.time, true);
                if let Some(grant) = grant {
                    self.access.note_use(grant, recorded.time);
                }
            }
            Some(Answer::Refused) => self.documents.count(recorded.time, false),
            None => {}
        }
    }
}
