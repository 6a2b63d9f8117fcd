//! The record of one organisation: created once, opened by proof, followed as others write to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ledger::{Checkpoint, Digest, Edge, SigningKey, TILE_WIDTH, TileId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use vault::Key;

use crate::codec::{Reader, Writer};
use crate::error::{Damage, JournalError, OpenError, StorageError};
use crate::faults::Step;
use crate::index::{Postings, SegmentIndex};
use crate::record::{SealedRow, Sealer, Stored, context};
use crate::sql;
use crate::store::Store;

/// How many entries share a key and an index, unless a test asks for another number.
pub const SEGMENT: u64 = 4096;
/// How many of the last entries are computed anew when a journal is opened, at least.
pub(crate) const TAIL: u64 = 4096;
/// Rows per query when many are read.
pub(crate) const PAGE: u64 = 1024;

/// What a journal is sealed and signed with.
pub struct JournalKeys {
    /// Seals what the journal says about entries; fields are sealed by keys of their own.
    pub journal: Key,
    /// The keys that sign a checkpoint at every commit, one after the other, in the order in which they came into use; at
    /// least one. Whoever calls knows which of them is in use ([`Journal::sign_with`]); here any of them is believed.
    pub signing: Vec<Arc<SigningKey>>,
    /// Whose record it is: the first line of each checkpoint (C2SP tlog-checkpoint).
    pub origin: String,
}

/// How far the record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The time of the last entry in ms since 1970 UTC; 0 where there is none.
    pub time: i64,
    /// The root of the tree over them (RFC 6962).
    pub root: Digest,
}

/// An open journal. Every method may be called from many tasks at once.
pub struct Journal {
    pub(crate) store: Store,
    pub(crate) keys: JournalKeys,
    signers: RwLock<Signers>,
    pub(crate) sealer: Sealer,
    pub(crate) indexes: Mutex<HashMap<u64, Arc<SegmentIndex>>>,
    /// Held while a snapshot is written: the parts of two are not mixed.
    pub(crate) snapshots: tokio::sync::Mutex<()>,
    state: RwLock<State>,
    /// The one connection that writes. Whoever holds the lock may change `state`; the connection is
    /// taken out while it is in use, so that an append that is dropped half-way drops it too.
    pub(crate) writer: tokio::sync::Mutex<Option<AnyConnection>>,
}

/// The keys that have signed and may be met, and the one that signs.
struct Signers {
    known: Vec<Arc<SigningKey>>,
    current: Arc<SigningKey>,
}

/// The record as this process last saw it.
pub(crate) struct State {
    pub(crate) walk: Walk,
    pub(crate) root: Digest,
    /// The signed checkpoint.
    pub(crate) note: String,
    /// The head's column as it stands in the database: unchanged means nobody has written.
    pub(crate) sealed: Vec<u8>,
}

/// The row of `head`.
pub(crate) struct HeadRow {
    pub(crate) size: u64,
    pub(crate) time: i64,
    /// How many entries a segment has. In the clear only so that [`verify`](crate::verify) can go on where
    /// the sealed number cannot be had.
    pub(crate) segment: u64,
    pub(crate) sealed: Vec<u8>,
}

impl Journal {
    /// Begins the record in an empty store.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one already, [`OpenError::Storage`] if the database fails.
    pub async fn create(store: Store, keys: JournalKeys) -> Result<Self, OpenError> {
        Self::create_with(store, keys, SEGMENT).await
    }

    /// As [`Journal::create`], with segments of another size than [`SEGMENT`], for tests. At most [`SEGMENT`].
    ///
    /// # Errors
    /// As [`Journal::create`].
    pub async fn create_with(store: Store, keys: JournalKeys, segment: u64) -> Result<Self, OpenError> {
        let sealer = Sealer::new(keys.journal.clone(), segment.clamp(1, SEGMENT));
        let first = keys.signing.first().ok_or_else(no_key)?;
        let (_, sealed) = seal_head(&keys, first, &sealer, &Edge::new())?;
        let inserted = sqlx::query(sql::HEAD_INSERT)
            .bind(0_i64)
            .bind(number(sealer.segment()))
            .bind(sealed)
            .execute(store.pool())
            .await?
            .rows_affected();
        if inserted == 0 {
            return Err(OpenError::Exists);
        }
        Self::open(store, keys).await
    }

    /// Opens the record after proving that its tail is what was written: the signature of the head is
    /// checked, at least the last 4,096 entries are computed anew on top of the tree's older hashes, and
    /// the root must be the one that was signed. [`verify`](crate::verify) does that for every entry.
    ///
    /// What no local check can show is a whole database put back to an older state of its own; that
    /// needs a checkpoint kept elsewhere.
    ///
    /// # Errors
    /// [`OpenError::Absent`] where there is no journal, [`OpenError::Damaged`] with position and reason,
    /// [`OpenError::Storage`] if the database fails.
    pub async fn open(store: Store, keys: JournalKeys) -> Result<Self, OpenError> {
        let row = read_head(&store).await?.ok_or(OpenError::Absent)?;
        let (sealer, checkpoint, note) = open_head(&keys, &keys.signing, &row)?;
        // Until somebody says otherwise, whoever signed the head goes on.
        let signed_by =
            |key: &&Arc<SigningKey>| ledger::open_checkpoint(&note, key.verifier(), &keys.origin).is_ok();
        let current = keys.signing.iter().find(signed_by).cloned().ok_or_else(no_key)?;
        let size = row.size;
        let from = size.saturating_sub(TAIL).min(sealer.first_of(size));
        let from = from - from % u64::from(TILE_WIDTH);
        let mut walk = Walk::from(restore(&store, from).await?);
        walk_rows(&store, &sealer, &mut walk, size, |_, tiles| tiles).await?;
        if walk.edge.root() != checkpoint.root {
            return Err(Damage::at(size, "the entries are not those the signed checkpoint is over").into());
        }
        check_head_time(&walk, &row)?;
        check_edge(&store, &walk.edge).await?;
        refuse_more(&store, size).await?;
        Ok(Self {
            sealer,
            signers: RwLock::new(Signers { known: keys.signing.clone(), current }),
            keys,
            indexes: Mutex::default(),
            snapshots: tokio::sync::Mutex::default(),
            state: RwLock::new(State { root: checkpoint.root, walk, note, sealed: row.sealed }),
            writer: tokio::sync::Mutex::new(None),
            store,
        })
    }

    /// How far the record goes, as this process last saw it.
    pub fn head(&self) -> Head {
        let state = self.state();
        Head { size: state.walk.edge.size(), time: state.walk.time.max(0), root: state.root }
    }

    /// The signed checkpoint over [`head`](Journal::head), as C2SP signed-note text.
    pub fn checkpoint(&self) -> String {
        self.state().note.clone()
    }

    /// The key that verifies the signatures of checkpoints from now on.
    pub fn verifier(&self) -> ledger::VerifierKey {
        self.signer().verifier().clone()
    }

    /// Whose record it is: the first line of each checkpoint.
    pub fn origin(&self) -> &str {
        &self.keys.origin
    }

    /// The key that signed the head as this process last saw it, where it is among those known.
    pub fn signed_by(&self) -> Option<ledger::VerifierKey> {
        let note = self.checkpoint();
        let signers = self.signers.read().unwrap_or_else(PoisonError::into_inner);
        let mut known = signers.known.iter().map(|key| key.verifier());
        known.find(|key| ledger::open_checkpoint(&note, key, &self.keys.origin).is_ok()).cloned()
    }

    /// Signs with this key from the next commit on; it counts as known, too.
    pub fn sign_with(&self, key: Arc<SigningKey>) {
        self.know(&[Arc::clone(&key)]);
        self.signers.write().unwrap_or_else(PoisonError::into_inner).current = key;
    }

    /// Believes heads signed by these keys as well: another process may sign with one already.
    pub fn know(&self, keys: &[Arc<SigningKey>]) {
        let mut signers = self.signers.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if !signers.known.iter().any(|known| known.verifier() == key.verifier()) {
                signers.known.push(Arc::clone(key));
            }
        }
    }

    pub(crate) fn signer(&self) -> Arc<SigningKey> {
        Arc::clone(&self.signers.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The store it lives in.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Catches up with other writers: gives their entries since [`head`](Journal::head), after checking
    /// that the newly signed root is that of the record known so far, continued by exactly these entries.
    /// Where nobody has written this costs one small query.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the record was cut, changed or forked.
    pub async fn refresh(&self) -> Result<Vec<Stored>, JournalError> {
        self.store.faults().check(Step::Refresh)?;
        if self.known_head().await?.sealed == self.state().sealed {
            return Ok(Vec::new());
        }
        let _writer = self.writer.lock().await;
        let row = self.known_head().await?;
        let (mut walk, root, known) = {
            let state = self.state();
            if row.sealed == state.sealed {
                return Ok(Vec::new());
            }
            (state.walk.clone(), state.root, state.walk.edge.size())
        };
        let signers = self.signers.read().unwrap_or_else(PoisonError::into_inner).known.clone();
        let (_, checkpoint, note) = open_head(&self.keys, &signers, &row)?;
        if row.size < known {
            let reason = format!("the record was cut: it had {known} entries and now has {}", row.size);
            return Err(Damage::at(row.size, reason).into());
        }
        if row.size == known && checkpoint.root != root {
            return Err(Damage::at(known, "the record was forked: two roots are signed for one size").into());
        }
        let mut fresh = Vec::new();
        walk_rows(&self.store, &self.sealer, &mut walk, row.size, |stored, _| {
            fresh.push(stored);
            Vec::new()
        })
        .await?;
        if walk.edge.root() != checkpoint.root {
            let reason = "the entries from here on do not continue the record as it was known";
            return Err(Damage::at(known, reason).into());
        }
        check_head_time(&walk, &row)?;
        *self.state_mut() = State { root: checkpoint.root, walk, note, sealed: row.sealed };
        Ok(fresh)
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only for who holds the `writer` lock.
    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    async fn known_head(&self) -> Result<HeadRow, JournalError> {
        let row = read_head(&self.store).await?;
        Ok(row.ok_or_else(|| Damage::at(0, "the head of the record is missing"))?)
    }
}

/// A walk along the entries: the tree's edge, the last time, and the index of the open segment.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) edge: Edge,
    pub(crate) time: i64,
    pub(crate) tail: Postings,
}

/// What one step of a walk completed.
pub(crate) struct Completed {
    pub(crate) tiles: Vec<ledger::CompletedTile>,
    /// The first position of a segment that is full now, and its index.
    pub(crate) segment: Option<(u64, Postings)>,
}

impl Walk {
    pub(crate) fn from(edge: Edge) -> Self {
        Self { edge, time: i64::MIN, tail: Postings::default() }
    }

    /// Adds an entry that is known to be the next one.
    pub(crate) fn push(&mut self, sealer: &Sealer, leaf: Digest, time: i64, terms: &[u64]) -> Completed {
        let position = self.edge.size();
        let first = sealer.first_of(position);
        // A segment has at most 4,096 entries.
        self.tail.add((position - first) as u32, terms);
        self.time = time;
        let tiles = self.edge.push(leaf);
        let full = position + 1 == first + sealer.segment();
        let segment = full.then(|| (first, std::mem::take(&mut self.tail)));
        Completed { tiles, segment }
    }

    /// Opens a row, checks that it is the next entry, and adds it.
    pub(crate) fn step(&mut self, sealer: &Sealer, row: SealedRow) -> Result<(Stored, Completed), Damage> {
        self.expect(row.position)?;
        let (stored, leaf) = sealer.open(row)?;
        let completed = self.follow(sealer, &stored, leaf)?;
        Ok((stored, completed))
    }

    /// Checks that `position` is the next one.
    pub(crate) fn expect(&self, position: u64) -> Result<(), Damage> {
        if position == self.edge.size() { Ok(()) } else { Err(Damage::at(self.edge.size(), "it is missing")) }
    }

    /// Adds an opened entry.
    pub(crate) fn follow(
        &mut self,
        sealer: &Sealer,
        stored: &Stored,
        leaf: Digest,
    ) -> Result<Completed, Damage> {
        if stored.time < self.time {
            return Err(Damage::at(stored.position, "its time is before that of the entry before it"));
        }
        Ok(self.push(sealer, leaf, stored.time, &stored.terms()))
    }
}

/// Walks to `size`. `seen` gets each entry with the tiles it completed and gives back those to compare
/// with the stored ones.
async fn walk_rows(
    store: &Store,
    sealer: &Sealer,
    walk: &mut Walk,
    size: u64,
    mut seen: impl FnMut(Stored, Vec<ledger::CompletedTile>) -> Vec<ledger::CompletedTile>,
) -> Result<(), JournalError> {
    while walk.edge.size() < size {
        let from = walk.edge.size();
        let rows = read_rows(store, from, size.min(from + PAGE)).await?;
        if rows.is_empty() {
            return Err(Damage::at(from, "it is missing").into());
        }
        for row in rows {
            let (stored, completed) = walk.step(sealer, row)?;
            for tile in seen(stored, completed.tiles) {
                check_tile(store, tile.level, tile.index, &tile.hashes).await?;
            }
        }
    }
    Ok(())
}

fn no_key() -> StorageError {
    StorageError::Sign("no key to sign with was given".to_owned())
}

/// Signs the tree and seals the signed checkpoint, whose origin would name the organisation.
pub(crate) fn seal_head(
    keys: &JournalKeys,
    signer: &SigningKey,
    sealer: &Sealer,
    edge: &Edge,
) -> Result<(String, Vec<u8>), StorageError> {
    let checkpoint = Checkpoint {
        origin: keys.origin.clone(),
        size: edge.size(),
        root: edge.root(),
        extensions: Vec::new(),
    };
    let note = ledger::sign_checkpoint(&checkpoint, signer)
        .map_err(|e| StorageError::Sign(e.to_string()))?
        .to_string();
    let mut w = Writer::default();
    w.number(sealer.segment());
    w.bytes(note.as_bytes());
    let sealed = sealer.heads().seal(&context(b"journal/head/v1", edge.size()), &w.0)?;
    Ok((note, sealed))
}

/// Opens a sealed head and checks its signature; gives what the rest is opened with.
pub(crate) fn open_head(
    keys: &JournalKeys,
    signers: &[Arc<SigningKey>],
    row: &HeadRow,
) -> Result<(Sealer, Checkpoint, String), Damage> {
    let damaged = |reason: String| Damage::at(row.size, reason);
    let sealer = Sealer::new(keys.journal.clone(), SEGMENT);
    let opened = sealer
        .heads()
        .open(&context(b"journal/head/v1", row.size), &row.sealed)
        .map_err(|_| damaged("the head of the record was altered, or the key is another's".to_owned()))?;
    let mut r = Reader::new(&opened);
    let malformed = |_| damaged("the head of the record is malformed".to_owned());
    let segment = r.number().map_err(malformed)?;
    let note = r.text().map_err(malformed)?.to_owned();
    r.end().map_err(malformed)?;
    let mut opened = Err(damaged("nobody is known to sign the record".to_owned()));
    for signer in signers {
        opened = ledger::open_checkpoint(&note, signer.verifier(), &keys.origin)
            .map_err(|e| damaged(format!("the checkpoint of the record does not hold: {e}")));
        if opened.is_ok() {
            break;
        }
    }
    let checkpoint = opened?;
    if checkpoint.size != row.size {
        return Err(damaged(format!("the signed checkpoint is over {} entries", checkpoint.size)));
    }
    if segment != row.segment || !(1..=SEGMENT).contains(&segment) {
        return Err(damaged("the segment size beside the head was altered".to_owned()));
    }
    Ok((Sealer::new(keys.journal.clone(), segment), checkpoint, note))
}

pub(crate) async fn read_head(store: &Store) -> Result<Option<HeadRow>, JournalError> {
    let Some(row) = store.one(sqlx::query(sql::HEAD)).await? else {
        if store.count(sql::ENTRY_COUNT).await? > 0 {
            return Err(Damage::at(0, "the head of the record is missing").into());
        }
        return Ok(None);
    };
    let read = || -> sqlx::Result<HeadRow> {
        Ok(HeadRow {
            size: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u64::MAX),
            time: row.try_get(1)?,
            segment: u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or_default(),
            sealed: row.try_get(3)?,
        })
    };
    let head = read().map_err(|_| Damage::at(0, "the head of the record is malformed"))?;
    Ok(Some(head))
}

/// The rows from `from` to before `to`, in order; fewer where some are missing.
pub(crate) async fn read_rows(store: &Store, from: u64, to: u64) -> Result<Vec<SealedRow>, JournalError> {
    let query = sqlx::query(sql::ENTRIES).bind(number(from)).bind(number(to));
    let rows = store.many(query).await?;
    Ok(rows.iter().map(sealed_row).collect::<Result<_, _>>()?)
}

pub(crate) fn sealed_row(row: &AnyRow) -> Result<SealedRow, Damage> {
    let position = row.try_get::<i64, _>(0).ok().and_then(|p| u64::try_from(p).ok());
    let position = position.ok_or_else(|| Damage::at(0, "an entry is filed before the first one"))?;
    let read = || -> sqlx::Result<SealedRow> {
        Ok(SealedRow {
            position,
            time: row.try_get(1)?,
            head: row.try_get(2)?,
            fields: row.try_get::<Vec<u8>, _>(3)?.into(),
        })
    };
    read().map_err(|_| Damage::at(position, "its row is malformed"))
}

/// A number as SQL has it. Positions and sizes stay below 2^53.
pub(crate) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The tree's edge at `size`, a multiple of a tile's width, from stored tiles.
async fn restore(store: &Store, size: u64) -> Result<Edge, JournalError> {
    let mut partials = vec![Vec::new()];
    for level in 1..8 {
        let hashes = size >> (8 * u32::from(level));
        let index = hashes / u64::from(TILE_WIDTH);
        let width = (hashes % u64::from(TILE_WIDTH)) as usize;
        let mut partial = Vec::new();
        if width > 0 {
            partial = read_tile(store, level, index).await?;
            partial.truncate(width);
        }
        partials.push(partial);
    }
    let edge = Edge::restore(size, partials);
    Ok(edge.map_err(|e| Damage::at(size, format!("the hashes of the entries before it do not fit: {e}")))?)
}

/// The hashes of a stored tile.
pub(crate) async fn read_tile(store: &Store, level: u8, index: u64) -> Result<Vec<Digest>, JournalError> {
    let damaged = |reason: &str| Damage::at(first_under(level, index), reason);
    let query = sqlx::query(sql::TILE).bind(i64::from(level)).bind(number(index));
    let row = store.one(query).await?;
    let row = row.ok_or_else(|| damaged("the tile of hashes that begins here is missing"))?;
    let bytes: Vec<u8> = row.try_get(0).map_err(|_| damaged("the tile that begins here is malformed"))?;
    // An upper level's tile may be partial: its length says how far it goes.
    let width = u16::try_from(bytes.len() / 32).unwrap_or(u16::MAX);
    let id = TileId { level, index, width };
    Ok(id.decode(&bytes).map_err(|_| damaged("the tile that begins here is malformed"))?)
}

/// Compares a stored tile with the hashes it should begin with; another writer may have continued it.
pub(crate) async fn check_tile(
    store: &Store,
    level: u8,
    index: u64,
    hashes: &[Digest],
) -> Result<(), JournalError> {
    let stored = read_tile(store, level, index).await?;
    let same = stored.iter().zip(hashes).take_while(|(a, b)| a == b).count();
    if same == hashes.len() {
        return Ok(());
    }
    let position = first_under(level, index).saturating_add((same as u64) << (8 * u32::from(level)));
    Err(Damage::at(position, "its hash is not the one stored in the tree").into())
}

/// Compares the stored partial tiles of the upper levels.
pub(crate) async fn check_edge(store: &Store, edge: &Edge) -> Result<(), JournalError> {
    for (id, hashes) in edge.partial_tiles().filter(|(id, _)| id.level > 0) {
        check_tile(store, id.level, id.index, hashes).await?;
    }
    Ok(())
}

pub(crate) fn check_head_time(walk: &Walk, row: &HeadRow) -> Result<(), Damage> {
    if walk.time.max(0) == row.time {
        Ok(())
    } else {
        Err(Damage::at(row.size, "the head's time is not that of the last entry"))
    }
}

/// Refuses entries beyond the signed head, unless another writer has just moved it.
pub(crate) async fn refuse_more(store: &Store, size: u64) -> Result<(), JournalError> {
    let query = sqlx::query(sql::ENTRIES_FIRST).bind(number(size)).bind(1_i64);
    if store.one(query).await?.is_none() {
        return Ok(());
    }
    match read_head(store).await? {
        Some(row) if row.size > size => Ok(()),
        _ => Err(Damage::at(size, "it is not covered by the signed head").into()),
    }
}

/// The first entry under a tile.
fn first_under(level: u8, index: u64) -> u64 {
    index.saturating_mul(1 << (8 * (u32::from(level) + 1)).min(63))
}
