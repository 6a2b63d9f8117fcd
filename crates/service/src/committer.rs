//! The committer: decides acts on the newest state, makes their events durable, applies them, answers.
//!
//! Acts that wait together go into one transaction (one fsync): each is decided on the state that those before it would
//! make. If the record cannot be written, or another process was first, that state is dropped and nothing has happened;
//! then the acts are decided again.

use crate::error::ServiceError;
use crate::house::House;
use crate::keyring::{ContentKey, Tag};
use journal::{AppendError, Draft};
use ledger::{Disclosure, Salt};
use program::{Actor, Event, OrganisationEvent, Recorded, Refusal, Scope, State, Time};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use vault::Key;

/// The most acts in one transaction.
const BATCH: usize = 256;
/// How often a batch is decided anew because another process was first, before its callers are told to try again.
const TRIES: usize = 100;

/// Decides on a state at a time; called again when another process was first.
pub(crate) type Decide = Box<dyn Fn(&State, Time) -> Result<Vec<Event>, Refusal> + Send>;

/// Something somebody wants done, and where the answer goes.
pub(crate) struct Act {
    pub(crate) actor: Actor,
    pub(crate) content: Vec<ContentKey>,
    /// Nothing else goes into its transaction: the checkpoint over it is the last that a key signs.
    pub(crate) alone: bool,
    pub(crate) decide: Decide,
    pub(crate) answer: oneshot::Sender<Result<Done, ServiceError>>,
}

/// What was done: durable, and applied.
#[derive(Debug, Clone)]
pub struct Done {
    /// The entries, in order.
    pub entries: Vec<Recorded>,
    /// The state after the transaction they were part of.
    pub state: Arc<State>,
}

impl Done {
    /// The position of the first entry; what "Recorded as entry 41" says.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.entries.first().map(|recorded| recorded.position)
    }

    /// The first event.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        self.entries.first().map(|recorded| &recorded.event)
    }
}

/// A batch, decided: what to append, and what follows from it once it is durable.
struct Plan {
    time: Time,
    state: State,
    drafts: Vec<Draft>,
    outcomes: Vec<Result<Vec<Recorded>, ServiceError>>,
    fresh: Fresh,
}

/// Keys made for the first event about somebody or something.
type Fresh = HashMap<Tag, (Arc<Key>, Vec<u8>)>;

/// What was made for a batch, kept while it is tried: keys may be durable before the entries that need them, and another
/// try then has to bring the same ones.
#[derive(Default)]
struct Made {
    scopes: Fresh,
    /// Wrapped keys of files, each with the tag of the key that wraps it.
    contents: HashMap<Tag, (Tag, Vec<u8>)>,
}

impl Made {
    /// Gives up those keys in whose place another process has stored its own, whether or not its entry came to be.
    async fn yield_to_others(&mut self, house: &House) -> Result<(), ServiceError> {
        let store = house.journal.store();
        let mut taken = Vec::new();
        for (tag, (_, wrapped)) in &self.scopes {
            if store.get_key(tag).await?.is_some_and(|stored| stored != *wrapped) {
                house.keys.by_tag(store, tag).await?;
                taken.push(*tag);
            }
        }
        self.scopes.retain(|tag, _| !taken.contains(tag));
        self.contents.retain(|_, (scope, _)| !taken.contains(scope));
        Ok(())
    }
}

pub(crate) async fn run(house: Arc<House>, mut acts: mpsc::Receiver<Act>) {
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(act) => act,
            None => match acts.recv().await {
                Some(act) => act,
                None => return,
            },
        };
        // Lets those who are about to ask get in: their acts share this one's fsync.
        tokio::task::yield_now().await;
        let mut alone = first.alone;
        let mut batch = vec![first];
        while batch.len() < BATCH && !alone {
            match acts.try_recv() {
                Ok(act) if act.alone => {
                    held = Some(act);
                    alone = true;
                }
                Ok(act) => batch.push(act),
                Err(_) => break,
            }
        }
        commit(&house, batch).await;
    }
}

async fn commit(house: &House, mut batch: Vec<Act>) {
    let _moving = house.moving().await;
    let mut made = Made::default();
    for _ in 0..TRIES {
        match attempt(house, &mut batch, &mut made).await {
            Ok(Settled::Answered) => return,
            Ok(Settled::Behind) => {}
            Err(error) => return fail(batch, &error),
        }
    }
    fail(
        batch,
        &ServiceError::Storage("other writers were first a hundred times over; try again".to_owned()),
    );
}

enum Settled {
    Answered,
    Behind,
}

async fn attempt(house: &House, batch: &mut Vec<Act>, made: &mut Made) -> Result<Settled, ServiceError> {
    let base = house.current();
    let mut plan = plan(house, &base, batch, made)?;
    if plan.drafts.is_empty() || plan.outcomes.iter().any(Result::is_err) {
        // A refusal must rest on the newest state as much as an act does, and only appending checks that.
        house.catch_up().await?;
        if house.current().size != base.size {
            return Ok(Settled::Behind);
        }
    }
    if !plan.drafts.is_empty() {
        let drafts = std::mem::take(&mut plan.drafts);
        match house.journal.append(base.size, plan.time.0, drafts).await {
            Ok(_) => {}
            Err(AppendError::Conflict { .. } | AppendError::ClockBehind { .. }) => {
                house.catch_up().await?;
                return Ok(Settled::Behind);
            }
            Err(AppendError::KeyTaken) => {
                made.yield_to_others(house).await?;
                house.catch_up().await?;
                return Ok(Settled::Behind);
            }
            Err(AppendError::Unknown(error)) => {
                // What was written, if it was, has happened; its callers are told to look.
                if let Err(error) = house.catch_up().await {
                    tracing::error!(%error, "the record cannot be read after a failed commit");
                }
                return Err(AppendError::Unknown(error).into());
            }
            Err(error) => return Err(error.into()),
        }
        for (tag, (_, wrapped)) in plan.fresh.drain() {
            house.keys.keep(tag, wrapped);
        }
        for recorded in plan.outcomes.iter().flatten().flatten() {
            house.forget_destroyed(&plan.state, &recorded.event);
        }
        if plan.state.evidence.keys.len() != base.evidence.keys.len() {
            // It is durable, and whoever cannot sign learns it at the next commit.
            if let Err(error) = house.sign_as_recorded(&plan.state).await {
                tracing::error!(%error, "the key that signs was replaced, and the new one cannot be used");
            }
        }
        house.publish(plan.state);
    }
    answer(house, std::mem::take(batch), plan.outcomes);
    Ok(Settled::Answered)
}

fn answer(house: &House, batch: Vec<Act>, outcomes: Vec<Result<Vec<Recorded>, ServiceError>>) {
    let state = house.current();
    for (act, outcome) in batch.into_iter().zip(outcomes) {
        let done = outcome.map(|entries| Done { entries, state: Arc::clone(&state) });
        // Whoever asked may have gone; what was recorded stays.
        let _ = act.answer.send(done);
    }
}

fn fail(batch: Vec<Act>, error: &ServiceError) {
    tracing::error!(%error, acts = batch.len(), "acts could not be recorded");
    for act in batch {
        let _ = act.answer.send(Err(again(error)));
    }
}

/// The same error for another caller.
fn again(error: &ServiceError) -> ServiceError {
    match error {
        ServiceError::Full => ServiceError::Full,
        ServiceError::Damaged(damage) => ServiceError::Damaged(damage.clone()),
        ServiceError::Stopping => ServiceError::Stopping,
        other => ServiceError::Storage(other.to_string()),
    }
}

fn plan(house: &House, base: &State, batch: &[Act], made: &mut Made) -> Result<Plan, ServiceError> {
    let time = house.now();
    let mut plan = Plan {
        time,
        state: base.clone(),
        drafts: Vec::with_capacity(batch.len()),
        outcomes: Vec::with_capacity(batch.len()),
        fresh: Fresh::new(),
    };
    let last = last_of_a_key(house, base);
    let replaced = last.is_some();
    if let Some(last) = last {
        plan.record(house, &Actor::program(), last.into(), &[], made)?;
    }
    if let Some(jump) = clock_jump(house, base) {
        plan.record(house, &Actor::program(), jump.into(), &[], made)?;
    }
    for act in batch {
        let outcome = match (act.decide)(&plan.state, time) {
            Ok(events) => {
                let recorded =
                    events.into_iter().map(|event| plan.record(house, &act.actor, event, &act.content, made));
                Ok(recorded.collect::<Result<Vec<_>, _>>()?)
            }
            Err(refusal) => Err(refusal.into()),
        };
        plan.outcomes.push(outcome);
    }
    if !replaced
        && plan.outcomes.iter().all(|outcome| !matches!(outcome, Ok(recorded) if !recorded.is_empty()))
    {
        // A jump is told with the next act, not on its own: refusals write nothing.
        plan.drafts.clear();
    }
    Ok(plan)
}

/// Right after the key that signs was replaced: the last checkpoint that the key before has signed. It is kept in the record,
/// since what follows is proved by it, and the next commit overwrites it.
fn last_of_a_key(house: &House, base: &State) -> Option<program::evidence::Event> {
    let replaced =
        base.evidence.keys.last().is_some_and(|change| change.entry.saturating_add(1) == base.size);
    let head = house.journal.head();
    if !replaced || head.size != base.size {
        return None;
    }
    Some(program::evidence::Event::Anchored {
        size: head.size,
        root: program::Digest(head.root.0),
        checkpoint: house.journal.checkpoint(),
        cosigned: Vec::new(),
        stamps: Vec::new(),
        failed: Vec::new(),
    })
}

/// The clock went back behind the record, or leapt: entry times do not, but the record says so.
fn clock_jump(house: &House, base: &State) -> Option<OrganisationEvent> {
    let last = Time(house.journal.head().time);
    let clock = house.clock.now();
    if let Some((clock, expected)) = house.clock.jumped() {
        return (base.size > 0).then_some(OrganisationEvent::ClockJumped { clock, last: expected });
    }
    let behind =
        base.size > 0 && last - clock > program::MINUTE && base.organisation.clock_behind != Some(last);
    behind.then_some(OrganisationEvent::ClockJumped { clock, last })
}

impl Plan {
    /// Adds an event: to the state, and as a draft of an entry.
    fn record(
        &mut self,
        house: &House,
        actor: &Actor,
        event: Event,
        content: &[ContentKey],
        made: &mut Made,
    ) -> Result<Recorded, ServiceError> {
        let position = self.state.size;
        let (kind, fields) =
            event.to_fields(actor).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let scope = event.scope();
        if let Scope::Person(person) = scope
            && self.state.people.is_erased(person)
        {
            // A new key under the same tag would make everything that the deleted one sealed look altered.
            return Err(ServiceError::Storage(format!(
                "nothing can be recorded about {person}: they were erased"
            )));
        }
        let tag = house.keys.tag(scope);
        let mut new_keys = Vec::new();
        let key = self.key(house, tag, &mut new_keys, made)?;
        for content in content.iter().filter(|content| content.under == scope && names(&event, &content.blob))
        {
            let of_file = house.keys.content_tag(&content.blob);
            let wrapped = match made.contents.get(&of_file) {
                Some((_, wrapped)) => wrapped.clone(),
                None => house.keys.wrap_content(&key, content)?.1,
            };
            made.contents.insert(of_file, (tag, wrapped.clone()));
            new_keys.push((of_file, wrapped));
        }
        let salts = salts(fields.len())?;
        let disclosures =
            fields.into_iter().zip(salts).map(|((name, value), salt)| Disclosure::new(salt, name, value));
        let fields =
            disclosures.collect::<Result<Vec<_>, _>>().map_err(|e| ServiceError::Storage(e.to_string()))?;
        let subjects = event.subjects().iter().map(ToString::to_string).collect();
        let actor_id = actor.person.map(|person| person.to_string());
        self.drafts.push(Draft { kind, actor: actor_id, subjects, scope: tag, key, fields, new_keys });
        let recorded = Recorded { position, time: self.time, by: actor.clone(), event };
        self.state.apply(&recorded);
        Ok(recorded)
    }

    fn key(
        &mut self,
        house: &House,
        tag: Tag,
        new: &mut Vec<(Tag, Vec<u8>)>,
        made: &mut Made,
    ) -> Result<Arc<Key>, ServiceError> {
        if let Some((key, _)) = self.fresh.get(&tag) {
            return Ok(Arc::clone(key));
        }
        if let Some(key) = house.keys.known(&tag) {
            return Ok(key);
        }
        let (key, wrapped) = match made.scopes.get(&tag) {
            Some((key, wrapped)) => (Arc::clone(key), wrapped.clone()),
            None => house.keys.make(&tag)?,
        };
        made.scopes.insert(tag, (Arc::clone(&key), wrapped.clone()));
        new.push((tag, wrapped.clone()));
        self.fresh.insert(tag, (Arc::clone(&key), wrapped));
        Ok(key)
    }
}

/// Is this the event that brings the blob into the record?
fn names(event: &Event, blob: &str) -> bool {
    match event {
        Event::Documents(program::documents::Event::Added { blob: added, .. }) => added == blob,
        Event::Agreements(event) => event.blob() == Some(blob),
        _ => false,
    }
}

fn salts(count: usize) -> Result<impl Iterator<Item = Salt>, ServiceError> {
    let mut random = vec![0u8; count.saturating_mul(16)];
    getrandom::fill(&mut random).map_err(|error| ServiceError::Storage(error.to_string()))?;
    let salts: Vec<Salt> =
        random.chunks_exact(16).filter_map(|salt| salt.try_into().ok()).map(Salt).collect();
    Ok(salts.into_iter())
}
