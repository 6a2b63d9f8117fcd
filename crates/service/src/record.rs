//! Reading the record: histories, proofs, and verifying all of it.

use crate::config::{Config, Passphrase};
use crate::error::{OpenError, ServiceError};
use crate::house::{Service, recorded};
use crate::keyring::{self, KeyRing};
use journal::{Faults, Filter, VerifyError};
use program::sight;
use program::{Actor, Digest, PersonId, Recorded, Refusal, State, Subject, Time};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Which entries to show.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Any of these kinds.
    pub kinds: Vec<String>,
    /// By this person.
    pub actor: Option<PersonId>,
    /// About any of these.
    pub subjects: Vec<Subject>,
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
    /// A page of the record, as far as [`program::sight`] lets the actor read it. A page may hold fewer entries than the
    /// limit although others follow: the next one begins at `next`.
    ///
    /// # Errors
    /// The actor may not see what was asked for.
    pub async fn history(&self, actor: &Actor, filter: &HistoryFilter) -> Result<HistoryPage, ServiceError> {
        let (state, now) = (self.state(), self.now());
        may_read(&state, actor, now, filter)?;
        let found = self
            .house
            .journal
            .find(&Filter {
                kinds: filter.kinds.clone(),
                actor: filter.actor.map(|person| person.to_string()),
                subjects: filter.subjects.iter().map(ToString::to_string).collect(),
                since: filter.since.map(|time| time.0),
                until: filter.until.map(|time| time.0),
                before: filter.before,
                limit: filter.limit.clamp(1, 1000),
            })
            .await?;
        let mut entries = Vec::with_capacity(found.entries.len());
        for stored in &found.entries {
            entries.extend(self.view(stored, &state, actor, now).await?);
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
        self.view(&stored, &state, actor, now).await?.ok_or_else(unknown)
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

    /// Checks that the record continues the one that a checkpoint, kept elsewhere, was signed over: what a database put
    /// back to an older state of its own does not.
    ///
    /// # Errors
    /// The text is no checkpoint of this record; or the record is not its continuation, with the position.
    pub async fn continues(&self, kept: &str) -> Result<u64, ServiceError> {
        let journal = &self.house.journal;
        let kept = self.open_kept(kept).map_err(|error| {
            Refusal::input("against", format!("this is no checkpoint of this record: {error}"))
                .remedy("give it as `record checkpoint` printed it")
        })?;
        let size = journal.head().size;
        if kept.size > size {
            let reason = format!("the record was cut: it once had {} entries and now has {size}", kept.size);
            return Err(journal::Damage::at(size, reason).into());
        }
        if journal.consistency(kept.size).await?.old_root != kept.root {
            let reason = "the entries before it are not those that the kept checkpoint was signed over";
            return Err(journal::Damage::at(kept.size, reason).into());
        }
        Ok(kept.size)
    }

    /// Opens a checkpoint that was kept elsewhere, by whichever key signed the record then.
    pub(crate) fn open_kept(&self, kept: &str) -> Result<ledger::Checkpoint, String> {
        let journal = &self.house.journal;
        let state = self.state();
        let replaced = state.evidence.keys.iter().filter_map(|change| change.previous.as_str().parse().ok());
        let mut why = String::new();
        for key in std::iter::once(journal.verifier()).chain(replaced) {
            match ledger::open_checkpoint(kept, &key, journal.origin()) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    /// The entry as the actor may see it; nothing where they may not.
    async fn view(
        &self,
        stored: &journal::Stored,
        state: &State,
        actor: &Actor,
        now: Time,
    ) -> Result<Option<EntryView>, ServiceError> {
        let subjects: Vec<Subject> =
            stored.subjects.iter().filter_map(|subject| subject.parse().ok()).collect();
        let (position, time, kind) = (stored.position, Time(stored.time), stored.entry.kind().to_owned());
        let key = self.house.keys.by_tag(self.house.journal.store(), &stored.scope).await?;
        let Some(key) = key else {
            if !sight::may_read_entry(state, actor, now, None, &kind, &subjects) {
                return Ok(None);
            }
            let sentence =
                "The key of this entry was destroyed: what it held can be read by nobody".to_owned();
            let fields = Vec::new();
            return Ok(Some(EntryView { position, time, kind, by: None, sentence, subjects, fields }));
        };
        let read: Recorded = recorded(stored, &key)?;
        if !sight::may_read_entry(state, actor, now, read.by.person, &kind, &subjects) {
            return Ok(None);
        }
        let disclosures = stored.open(&key).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let hidden = program::hidden_fields(&kind);
        let fields = disclosures.iter().map(|disclosure| {
            let shown = !hidden.contains(&disclosure.name());
            FieldView { name: disclosure.name().to_owned(), value: shown.then(|| disclosure.value().clone()) }
        });
        let mut fields: Vec<FieldView> = fields.collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let sentence = program::describe_to(state, actor, now, &read);
        Ok(Some(EntryView { position, time, kind, by: Some(read.by), sentence, subjects, fields }))
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
        keyring::check_recovery(&store).await?;
        let altered = AtomicBool::new(false);
        let key_of = |tag: &[u8; 16]| {
            if keys.is_altered(tag) {
                altered.store(true, Ordering::Relaxed);
            }
            keys.known(tag)
        };
        let verified = journal::verify(&store, &journal_keys, key_of, progress).await;
        let verified = verified.map_err(|error| match error {
            VerifyError::Damaged(damage) => OpenError::Damaged(damage),
            VerifyError::Absent => OpenError::Absent(config.place()),
            VerifyError::Storage(error) => error.into(),
        })?;
        if altered.into_inner() {
            // Or else its entries would pass for erased.
            return Err(OpenError::DamagedKeys("a key that seals entries was altered".to_owned()));
        }
        Ok(Verification {
            entries: verified.entries,
            opened: verified.opened,
            erased: verified.erased,
            root: Digest(verified.checkpoint.root.0),
            took: begun.elapsed(),
        })
    }
}

/// What was asked for has to be all the actor's own, or a history that they may read: a page that silently left out the rest
/// would look complete.
fn may_read(state: &State, actor: &Actor, now: Time, filter: &HistoryFilter) -> Result<(), Refusal> {
    let own = actor.person.is_some() && filter.actor == actor.person;
    let may_read = |subject: &Subject| sight::may_read_history(state, actor, now, *subject);
    let about = !filter.subjects.is_empty() && filter.subjects.iter().all(may_read);
    if own || about || sight::may_read_record(state, actor, now) {
        return Ok(());
    }
    Err(Refusal::role("read the whole record", "counsel, the security officer or an auditor")
        .remedy("look at what you did yourself, or at a secret that you own"))
}
