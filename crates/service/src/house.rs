//! The service: the record, the keys, the vault and the newest state, held together.

use crate::clock::Clock;
use crate::committer::{self, Act, Done};
use crate::config::Config;
use crate::content::Blobs;
use crate::error::{OpenError, ServiceError};
use crate::evidence::{Anchors, keep_anchored};
use crate::keyring::{ContentKey, KeyRing};
use crate::sign_in::Presence;
use gate::Gate;
use journal::{Journal, Stored};
use program::{Actor, Command, Event, Recorded, Refusal, State, Subject, Time};
use serde_json::Map;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How many acts may wait for the committer before the next one has to.
const WAITING: usize = 1024;
/// How often a process looks whether another one has written.
const FOLLOW: Duration = Duration::from_millis(250);
/// Entries read at a time while the state is rebuilt.
const REPLAY: u64 = 8192;
/// A snapshot is written when this many entries came after the last one.
const SNAPSHOT_EVERY: u64 = 50_000;

/// One organisation's record, open. Cheap to clone; the record closes with the last clone.
///
/// INVARIANT: nobody outside this crate reaches the vault, the keys or the journal but through its methods.
///
/// ```compile_fail
/// fn past_the_gate(service: &service::Service) {
///     let _ = &service.house.blobs;
/// }
/// ```
#[derive(Clone)]
pub struct Service {
    pub(crate) house: Arc<House>,
    acts: mpsc::Sender<Act>,
}

/// What stands behind a [`Service`]; the committer holds it too.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) journal: Journal,
    pub(crate) keys: KeyRing,
    pub(crate) blobs: Blobs,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pub(crate) presence: Presence,
    pub(crate) anchors: Anchors,
    /// Held while keys are copied or deleted: a copy that is being made must not keep what is being deleted.
    pub(crate) keeping: tokio::sync::Mutex<()>,
    state: watch::Sender<Arc<State>>,
    /// Held while the state moves: by the committer during a commit, by the follower while catching up. Without it,
    /// entries of another process could be applied before our own that precede them.
    moving: tokio::sync::Mutex<()>,
    snapshot_at: std::sync::atomic::AtomicU64,
}

/// How the service is, for health checks and metrics.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    /// Entries in the record.
    pub entries: u64,
    /// Acts waiting for the committer.
    pub waiting: usize,
}

impl Service {
    /// Opens the house on an unsealed journal: rebuilds the state, starts the committer and the follower.
    pub(crate) async fn start(config: Config, journal: Journal, keys: KeyRing) -> Result<Self, OpenError> {
        let blobs = Blobs::open(&config).map_err(|error| OpenError::Storage(error.to_string()))?;
        let gate = Gate::new().map_err(|error| OpenError::Storage(error.to_string()))?;
        let (state, _) = watch::channel(Arc::new(State::default()));
        let house = Arc::new(House {
            config,
            journal,
            keys,
            blobs,
            gate,
            clock: Clock::new(),
            presence: Presence::default(),
            anchors: Anchors::default(),
            keeping: tokio::sync::Mutex::new(()),
            state,
            moving: tokio::sync::Mutex::new(()),
            snapshot_at: std::sync::atomic::AtomicU64::new(0),
        });
        house.replay().await?;
        let (acts, waiting) = mpsc::channel(WAITING);
        tokio::spawn(committer::run(Arc::clone(&house), waiting));
        tokio::spawn(follow(Arc::downgrade(&house)));
        tokio::spawn(keep_anchored(Arc::downgrade(&house), acts.downgrade()));
        Ok(Self { house, acts })
    }

    pub(crate) fn of(house: Arc<House>, acts: mpsc::Sender<Act>) -> Self {
        Self { house, acts }
    }

    /// The newest state this process knows. It never changes under its reader.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.house.current()
    }

    /// The time, as entries would carry it now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.house.now()
    }

    /// The gate, for the questions "who can?" and "why can't I?".
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.house.gate
    }

    /// The largest document taken, in bytes, where there is a limit.
    #[must_use]
    pub fn largest_document(&self) -> Option<u64> {
        self.house.config.largest_document
    }

    /// How the service is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status { entries: self.house.current().size, waiting: WAITING.saturating_sub(self.acts.capacity()) }
    }

    /// Looks whether other processes have written, so that what is read next is what was answered last anywhere.
    ///
    /// # Errors
    /// The database failed, or what others wrote does not continue this record.
    pub async fn refresh(&self) -> Result<(), ServiceError> {
        let _moving = self.house.moving.lock().await;
        self.house.catch_up().await
    }

    /// Decides a command and records its events.
    ///
    /// # Errors
    /// The refusal of a rule; or that the record could not be written, in which case nothing has happened.
    pub async fn act(&self, actor: &Actor, command: impl Into<Command>) -> Result<Done, ServiceError> {
        let command = command.into();
        let by = actor.clone();
        self.submit(actor, Vec::new(), move |state, now| program::decide(state, &by, now, &command)).await
    }

    /// Hands an act to the committer. `decide` may be called more than once: when another process was first, it decides
    /// again on the newer state.
    pub(crate) async fn submit(
        &self,
        actor: &Actor,
        content: Vec<ContentKey>,
        decide: impl Fn(&State, Time) -> Result<Vec<Event>, Refusal> + Send + 'static,
    ) -> Result<Done, ServiceError> {
        self.send(actor, content, false, decide).await
    }

    /// As [`Service::submit`], in a transaction that holds nothing else.
    pub(crate) async fn submit_alone(
        &self,
        actor: &Actor,
        decide: impl Fn(&State, Time) -> Result<Vec<Event>, Refusal> + Send + 'static,
    ) -> Result<Done, ServiceError> {
        self.send(actor, Vec::new(), true, decide).await
    }

    async fn send(
        &self,
        actor: &Actor,
        content: Vec<ContentKey>,
        alone: bool,
        decide: impl Fn(&State, Time) -> Result<Vec<Event>, Refusal> + Send + 'static,
    ) -> Result<Done, ServiceError> {
        let (answer, answered) = oneshot::channel();
        let act = Act { actor: actor.clone(), content, alone, decide: Box::new(decide), answer };
        self.acts.send(act).await.map_err(|_| ServiceError::Stopping)?;
        answered.await.map_err(|_| ServiceError::Stopping)?
    }

    /// Writes a snapshot, so that the next start is quick. Called when a server stops.
    ///
    /// # Errors
    /// The database failed; the record is none the worse for it.
    pub async fn snapshot(&self) -> Result<(), ServiceError> {
        self.house.save_snapshot().await
    }
}

impl House {
    pub(crate) fn current(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// Entry times never run backwards, so neither does the time that rules are decided at.
    pub(crate) fn now(&self) -> Time {
        self.clock.now().max(Time(self.journal.head().time))
    }

    pub(crate) async fn moving(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.moving.lock().await
    }

    pub(crate) fn publish(&self, state: State) {
        self.state.send_replace(Arc::new(state));
    }

    /// Applies what other processes have recorded. The caller holds `moving`.
    pub(crate) async fn catch_up(&self) -> Result<(), ServiceError> {
        let news = match self.journal.refresh().await {
            // Another process may have replaced the key that signs.
            Err(journal::JournalError::Damaged(damage)) => {
                let state = self.current();
                let next = self.keys.signing(self.journal.store(), state.evidence.keys.len() + 1).await?;
                let Some(next) = next else { return Err(damage.into()) };
                self.journal.know(&[next]);
                self.journal.refresh().await?
            }
            other => other?,
        };
        if news.is_empty() {
            return Ok(());
        }
        let mut state = State::clone(&self.current());
        for stored in &news {
            self.apply(&mut state, stored).await?;
        }
        self.sign_as_recorded(&state).await?;
        self.publish(state);
        let since = news.first().map_or(0, |stored| stored.position);
        if let Err(error) = self.forget_older_states(since).await {
            tracing::warn!(%error, "saved states of before an erasure could not be deleted; whoever erased does it");
        }
        Ok(())
    }

    /// Deletes saved states of before an erasure that came at or after `since`: one that was being written by a process that
    /// did not know of it yet tells what was erased.
    async fn forget_older_states(&self, since: u64) -> Result<(), ServiceError> {
        let state = self.current();
        let erasures = state
            .retention
            .destructions()
            .filter(|found| matches!(found.about, Subject::PersonId(_)) && found.entry >= since);
        match erasures.map(|found| found.entry).max() {
            Some(entry) => Ok(self.journal.forget_snapshots_before(entry.saturating_add(1)).await?),
            None => Ok(()),
        }
    }

    /// Signs with the key that the record says is in use, from the next commit on; and takes no head for the record's that
    /// a key has signed which was replaced before it.
    pub(crate) async fn sign_as_recorded(&self, state: &State) -> Result<(), ServiceError> {
        let store = self.journal.store();
        let size = self.journal.head().size;
        let changes = &state.evidence.keys;
        let gone = || ServiceError::Content("a key that signs the record is gone".to_owned());
        if size == state.size && size > 0 {
            let used = changes.iter().filter(|change| change.entry.saturating_add(1) < size).count();
            let key = self.keys.signing(store, used).await?.ok_or_else(gone)?;
            if self.journal.signed_by().as_ref() != Some(key.verifier()) {
                let reason = "the head is signed by a key that was not in use then";
                return Err(journal::Damage::at(size, reason).into());
            }
        }
        let key = self.keys.signing(store, changes.len()).await?.ok_or_else(gone)?;
        let named = changes.last().is_none_or(|change| change.key.as_str() == key.verifier().to_string());
        if !named {
            return Err(ServiceError::Content("a key that signs the record was exchanged".to_owned()));
        }
        self.journal.sign_with(key);
        Ok(())
    }

    async fn apply(&self, state: &mut State, stored: &Stored) -> Result<(), ServiceError> {
        match self.read(stored).await? {
            Some(recorded) => {
                state.apply(&recorded);
                self.forget_destroyed(state, &recorded.event);
            }
            None => {
                let subjects: Vec<Subject> =
                    stored.subjects.iter().filter_map(|subject| subject.parse().ok()).collect();
                state.pass_over(stored.position, Time(stored.time), &subjects);
            }
        }
        Ok(())
    }

    /// Opens an entry's fields and reads the event; `None` where their key was destroyed.
    pub(crate) async fn read(&self, stored: &Stored) -> Result<Option<Recorded>, ServiceError> {
        let Some(key) = self.keys.by_tag(self.journal.store(), &stored.scope).await? else {
            return Ok(None);
        };
        recorded(stored, &key).map(Some)
    }

    async fn replay(&self) -> Result<(), OpenError> {
        let storage = |error: ServiceError| match error {
            ServiceError::Damaged(damage) => OpenError::Damaged(damage),
            ServiceError::Content(why) => OpenError::Malformed(why),
            other => OpenError::Storage(other.to_string()),
        };
        let mut state = self.load_snapshot().await;
        let begun_at = state.size;
        let size = self.journal.head().size;
        while state.size < size {
            let to = state.size.saturating_add(REPLAY).min(size);
            let read = self.journal.read(state.size, to).await.map_err(|error| storage(error.into()))?;
            for stored in &read {
                self.apply(&mut state, stored).await.map_err(storage)?;
            }
            if state.size < to {
                return Err(OpenError::Storage(format!("entries from {} on could not be read", state.size)));
            }
        }
        self.sign_as_recorded(&state).await.map_err(storage)?;
        self.snapshot_at.store(begun_at, std::sync::atomic::Ordering::Relaxed);
        self.publish(state);
        Ok(())
    }

    /// A snapshot only saves time: one that cannot be used is passed over, and the record read from its beginning.
    async fn load_snapshot(&self) -> State {
        let found = match self.journal.latest_snapshot(State::SHAPE).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the snapshot cannot be read; the state is rebuilt from the record");
                None
            }
        };
        let state = found.and_then(|(position, bytes)| {
            let state: State = rmp_serde::from_slice(&bytes).ok()?;
            (state.size == position && position <= self.journal.head().size).then_some(state)
        });
        state.unwrap_or_default()
    }

    pub(crate) async fn save_snapshot(&self) -> Result<(), ServiceError> {
        let state = self.current();
        let written = Arc::clone(&state);
        let bytes = tokio::task::spawn_blocking(move || rmp_serde::to_vec_named(written.as_ref()))
            .await
            .map_err(|error| ServiceError::Storage(error.to_string()))?
            .map_err(|error| ServiceError::Storage(error.to_string()))?;
        self.journal.save_snapshot(state.size, State::SHAPE, &bytes).await?;
        self.snapshot_at.store(state.size, std::sync::atomic::Ordering::Relaxed);
        self.forget_older_states(state.size).await
    }

    pub(crate) fn wants_snapshot(&self) -> bool {
        let last = self.snapshot_at.load(std::sync::atomic::Ordering::Relaxed);
        self.current().size.saturating_sub(last) >= SNAPSHOT_EVERY
    }
}

/// Reads the event of an entry whose fields this key opens.
pub(crate) fn recorded(stored: &Stored, key: &vault::Key) -> Result<Recorded, ServiceError> {
    let disclosures = stored.open(key).map_err(|error| match error {
        journal::FieldsError::Damaged(damage) => ServiceError::Damaged(damage),
        journal::FieldsError::Sealed { position, .. } => {
            ServiceError::Damaged(journal::Damage::at(position, "its sealed fields were altered"))
        }
    })?;
    let fields: Map<_, _> = disclosures.iter().map(|d| (d.name().to_owned(), d.value().clone())).collect();
    let (by, event) = Event::from_fields(stored.entry.kind(), fields)
        .map_err(|error| ServiceError::Storage(error.to_string()))?;
    Ok(Recorded { position: stored.position, time: Time(stored.time), by, event })
}

/// Keeps up with other processes, and writes a snapshot now and then, until the house is gone.
async fn follow(house: std::sync::Weak<House>) {
    loop {
        tokio::time::sleep(FOLLOW).await;
        let Some(house) = house.upgrade() else { return };
        let Ok(moving) = house.moving.try_lock() else {
            continue;
        };
        if let Err(error) = house.catch_up().await {
            tracing::error!(%error, "the record could not be followed");
        }
        drop(moving);
        if house.wants_snapshot()
            && let Err(error) = house.save_snapshot().await
        {
            tracing::warn!(%error, "no snapshot could be written");
        }
    }
}
