//! Reading the record: histories, proofs, and verifying all of it.

use crate::config::{Config, Passphrase};
use crate::error::{OpenError, ServiceError};
use crate::house::{Service, recorded};
use crate::keyring::KeyRing;
use journal::{Faults, Filter, VerifyError};
use program::people::Role;
use program::{Actor, Digest, PersonId, Recorded, Refusal, SecretId, Subject, Time};
use std::time::{Duration, Instant};

/// Which entries to show.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Any of these kinds.
    pub kinds: Vec<String>,
    /// By this person.
    pub actor: Option<PersonId>,
    /// About this.
    pub subject: Option<Subject>,
    /// Not before this.
    pub since: Option<Time>,
    /// Before this.
    pub until: Option<Time>,
    /// Before this position: where the page before ended.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// One field of an entry, as it may be shown.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FieldView {
    /// Its name.
    pub name: String,
    /// Its value; absent where it is sealed and opens elsewhere or nowhere.
    pub value: Option<serde_json::Value>,
}

/// An entry, as it may be shown.
#[derive(Debug, Clone)]
pub struct EntryView {
    /// Its position.
    pub position: u64,
    /// Its time.
    pub time: Time,
    /// Its kind.
    pub kind: String,
    /// Who did it; absent where the entry's key was destroyed.
    pub by: Option<Actor>,
    /// What happened, in a sentence.
    pub sentence: String,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// A page of entries, the newest first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The entries.
    pub entries: Vec<EntryView>,
    /// Where the next page begins.
    pub next: Option<u64>,
}

/// That an entry is in the record.
#[derive(Debug, Clone)]
pub struct EntryProof {
    /// The entry as it is hashed: canonical JSON.
    pub entry: String,
    /// Its leaf hash (RFC 6962).
    pub leaf: Digest,
    /// The hashes from the leaf to the root.
    pub path: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The key that verifies its signature (C2SP signed-note).
    pub verifier: String,
}

/// What verifying the whole record found.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Entries, each one recomputed.
    pub entries: u64,
    /// Of them, those whose fields were opened and compared.
    pub opened: u64,
    /// Of them, those whose key was destroyed.
    pub erased: u64,
    /// Root of the tree.
    pub root: Digest,
    /// How long it took.
    pub took: Duration,
}

impl Service {
    /// A page of the record. Those who run the programme or audit it see all of it; a secret's owner sees what happened to
    /// that secret; anybody sees what they did themselves.
    ///
    /// # Errors
    /// The actor may not see what was asked for.
    pub async fn history(&self, actor: &Actor, filter: &HistoryFilter) -> Result<HistoryPage, ServiceError> {
        self.may_read(actor, filter)?;
        let found = self
            .house
            .journal
            .find(&Filter {
                kinds: filter.kinds.clone(),
                actor: filter.actor.map(|person| person.to_string()),
                subjects: filter.subject.iter().map(ToString::to_string).collect(),
                since: filter.since.map(|time| time.0),
                until: filter.until.map(|time| time.0),
                before: filter.before,
                limit: filter.limit.clamp(1, 1000),
            })
            .await?;
        let mut entries = Vec::with_capacity(found.entries.len());
        for stored in &found.entries {
            entries.push(self.view(stored).await?);
        }
        Ok(HistoryPage { entries, next: found.next })
    }

    /// One entry.
    ///
    /// # Errors
    /// There is none, or the actor may not see it.
    pub async fn entry(&self, actor: &Actor, position: u64) -> Result<EntryView, ServiceError> {
        let (state, now) = (self.state(), self.now());
        let unknown = || ServiceError::from(Refusal::unknown(format!("entry {position}")));
        if position >= self.house.journal.head().size {
            return Err(unknown());
        }
        let stored = self.house.journal.get(position).await?;
        let view = self.view(&stored).await?;
        let own = actor.person.is_some() && view.by.as_ref().and_then(|by| by.person) == actor.person;
        let owned = view.subjects.iter().any(|subject| owns(&state, actor, now, *subject));
        let about_me = actor.person.is_some_and(|me| view.subjects.contains(&me.into()));
        if own || owned || about_me || reads_all(&state, actor, now) { Ok(view) } else { Err(unknown()) }
    }

    /// Proves that an entry is in the record, with the signed checkpoint it is proved against.
    ///
    /// # Errors
    /// As [`Service::entry`].
    pub async fn entry_proof(&self, actor: &Actor, position: u64) -> Result<EntryProof, ServiceError> {
        self.entry(actor, position).await?;
        let stored = self.house.journal.get(position).await?;
        let proof = self.house.journal.inclusion_proof(position).await?;
        let entry =
            String::from_utf8(stored.entry.to_bytes()).map_err(|e| ServiceError::Storage(e.to_string()))?;
        Ok(EntryProof {
            entry,
            leaf: Digest(proof.leaf.0),
            path: proof.proof.iter().map(|hash| Digest(hash.0)).collect(),
            checkpoint: proof.checkpoint,
            verifier: self.house.journal.verifier().to_string(),
        })
    }

    /// The signed checkpoint over the whole record, as it stands.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.house.journal.checkpoint()
    }

    /// The key that verifies checkpoints (C2SP signed-note).
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.house.journal.verifier().to_string()
    }

    async fn view(&self, stored: &journal::Stored) -> Result<EntryView, ServiceError> {
        let subjects = stored.subjects.iter().filter_map(|subject| subject.parse().ok()).collect();
        let (position, time, kind) = (stored.position, Time(stored.time), stored.entry.kind().to_owned());
        let key = self.house.keys.by_tag(self.house.journal.store(), &stored.scope).await?;
        let Some(key) = key else {
            let sentence =
                "The key of this entry was destroyed: what it held can be read by nobody".to_owned();
            return Ok(EntryView { position, time, kind, by: None, sentence, subjects, fields: Vec::new() });
        };
        let read: Recorded = recorded(stored, &key)?;
        let disclosures = stored.open(&key).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let hidden = program::hidden_fields(&kind);
        let fields = disclosures.iter().map(|disclosure| {
            let shown = !hidden.contains(&disclosure.name());
            FieldView { name: disclosure.name().to_owned(), value: shown.then(|| disclosure.value().clone()) }
        });
        let mut fields: Vec<FieldView> = fields.collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let sentence = program::describe(&self.state(), &read);
        Ok(EntryView { position, time, kind, by: Some(read.by), sentence, subjects, fields })
    }

    fn may_read(&self, actor: &Actor, filter: &HistoryFilter) -> Result<(), Refusal> {
        let (state, now) = (self.state(), self.now());
        let own = actor.person.is_some() && filter.actor == actor.person;
        let about_me = actor.person.is_some_and(|me| filter.subject == Some(me.into()));
        let owned = filter.subject.is_some_and(|subject| owns(&state, actor, now, subject));
        if own || about_me || owned || reads_all(&state, actor, now) {
            return Ok(());
        }
        Err(Refusal::role("read the whole record", "counsel, the security officer or an auditor")
            .remedy("look at what you did yourself, or at a secret that you own"))
    }

    /// Verifies the whole record: every entry, hash, index and field, against the signed checkpoint. Works on a record
    /// that does not open any more.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] with the first entry that is wrong, and why.
    pub async fn verify(
        config: &Config,
        passphrase: &Passphrase,
        progress: impl Fn(u64, u64) + Send + Sync,
    ) -> Result<Verification, OpenError> {
        let (store, root) = Self::open_root(config, passphrase, Faults::none()).await?;
        let (keys, journal_keys) = KeyRing::open(&store, &root).await?;
        let begun = Instant::now();
        let verified = journal::verify(&store, &journal_keys, |tag| keys.known(tag), progress).await;
        let verified = verified.map_err(|error| match error {
            VerifyError::Damaged(damage) => OpenError::Damaged(damage),
            VerifyError::Absent => OpenError::Absent(config.place()),
            VerifyError::Storage(error) => OpenError::Storage(error.to_string()),
        })?;
        Ok(Verification {
            entries: verified.entries,
            opened: verified.opened,
            erased: verified.erased,
            root: Digest(verified.checkpoint.root.0),
            took: begun.elapsed(),
        })
    }
}

fn reads_all(state: &program::State, actor: &Actor, now: Time) -> bool {
    actor.holds(state, now, &[Role::Counsel, Role::SecurityOfficer, Role::Auditor])
}

/// Does the actor own the secret that this is, or is part of?
fn owns(state: &program::State, actor: &Actor, now: Time, subject: Subject) -> bool {
    let secret: Option<SecretId> = match subject {
        Subject::SecretId(id) => Some(id),
        Subject::DocumentId(id) => state.documents.get(id).map(|document| document.secret),
        Subject::GrantId(id) => state.access.grant(id).map(|grant| grant.secret),
        Subject::RequestId(id) => state.access.request(id).map(|request| request.secret),
        _ => None,
    };
    let owner = secret.and_then(|id| state.secrets.get(id)).map(|secret| secret.profile.owner);
    let me = actor.person.filter(|id| state.people.get(*id).is_some_and(|person| person.is_active(now)));
    owner.is_some() && owner == me
}
