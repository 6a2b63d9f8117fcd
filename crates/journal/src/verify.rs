//! Verifying everything: each row, each hash, each index and each field, recomputed and compared.

use std::sync::Arc;

use ledger::Checkpoint;
use sqlx::Row;
use vault::Key;

use crate::error::{Damage, JournalError, StorageError};
use crate::journal::{
    Completed, HeadRow, JournalKeys, PAGE, Walk, check_edge, check_head_time, check_tile, number, open_head,
    read_head, refuse_more, sealed_row,
};
use crate::record::{SealedRow, Sealer, Stored, context};
use crate::sql;
use crate::store::Store;

/// What was found in order.
#[derive(Clone, Debug)]
pub struct Verified {
    /// How many entries there are; each was recomputed.
    pub entries: u64,
    /// Of them, how many had their fields opened and compared.
    pub opened: u64,
    /// Of them, how many have fields whose key is destroyed: they can be read by nobody, and the tree
    /// still proves that they were there.
    pub erased: u64,
    /// How many full and partial tiles were compared.
    pub tiles: u64,
    /// How many segments' indexes were compared.
    pub segments: u64,
    /// The checkpoint the whole amounts to, whose signature was checked.
    pub checkpoint: Checkpoint,
}

/// The record could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no journal in this store.
    #[error("there is no journal here yet; create one first")]
    Absent,
    /// Something is not as it was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Reads and recomputes everything in the record, also of one that [`Journal::open`](crate::Journal::open)
/// refuses. `key_of` gives the key of a scope, or `None` if it is destroyed; `progress` is told how many
/// entries are done, of how many.
///
/// # Errors
/// [`VerifyError::Damaged`] with the first position that is wrong.
pub async fn verify(
    store: &Store,
    keys: &JournalKeys,
    key_of: impl Fn(&[u8; 16]) -> Option<Arc<Key>> + Send + Sync,
    progress: impl Fn(u64, u64) + Send + Sync,
) -> Result<Verified, VerifyError> {
    let row = read_head(store).await?.ok_or(VerifyError::Absent)?;
    let (sealer, checkpoint, _) = match open_head(keys, &keys.signing, &row) {
        Ok(opened) => opened,
        // Which entry is wrong says more than that the head is.
        Err(damage) => return Err(first_damage(store, keys, &row).await?.unwrap_or(damage).into()),
    };
    let mut verified = Verified { entries: 0, opened: 0, erased: 0, tiles: 0, segments: 0, checkpoint };
    let mut walk = Walk::from(ledger::Edge::new());
    let mut page = read_page(store, 0, row.size).await?;
    while walk.edge.size() < row.size {
        if page.is_empty() {
            return Err(Damage::at(walk.edge.size(), "it is missing").into());
        }
        let next = walk.edge.size() + page.len() as u64;
        // The database reads the next page while this one is computed.
        let (computed, ahead) =
            tokio::join!(compute(&sealer, &mut walk, page, &key_of), read_page(store, next, row.size));
        let computed = computed?;
        verified.opened += computed.opened;
        verified.erased += computed.erased;
        for completed in computed.completed {
            compare(store, &sealer, completed, &mut verified).await?;
        }
        verified.entries = walk.edge.size();
        progress(verified.entries, row.size);
        page = ahead?;
    }
    finish(store, &walk, &row, &mut verified).await?;
    Ok(verified)
}

struct Computed {
    opened: u64,
    erased: u64,
    completed: Vec<Completed>,
}

/// Opens the entries of a page, half of them on another core, and walks along them in order.
async fn compute(
    sealer: &Sealer,
    walk: &mut Walk,
    page: Vec<SealedRow>,
    key_of: &(impl Fn(&[u8; 16]) -> Option<Arc<Key>> + Send + Sync),
) -> Result<Computed, VerifyError> {
    // Let the query for the next page be sent before this core is busy.
    tokio::task::yield_now().await;
    let mut computed = Computed { opened: 0, erased: 0, completed: Vec::new() };
    let mut rest = page;
    let half = rest.split_off(rest.len() / 2);
    let open = |rows: Vec<SealedRow>| -> Vec<Opened> {
        rows.into_iter().map(|row| open(sealer, row, key_of)).collect()
    };
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| open(half));
        let first = open(rest);
        (first, other.join())
    });
    let second =
        second.map_err(|_| Damage::at(walk.edge.size(), "an entry after it could not be computed"))?;
    for opened in first.into_iter().chain(second) {
        walk.expect(opened.position)?;
        let (stored, leaf, fields) = opened.result?;
        match fields {
            Fields::Opened => computed.opened += 1,
            Fields::Erased => computed.erased += 1,
        }
        let completed = walk.follow(sealer, &stored, leaf)?;
        if !completed.tiles.is_empty() || completed.segment.is_some() {
            computed.completed.push(completed);
        }
    }
    Ok(computed)
}

struct Opened {
    position: u64,
    result: Result<(Stored, ledger::Digest, Fields), Damage>,
}

enum Fields {
    Opened,
    Erased,
}

fn open(sealer: &Sealer, row: SealedRow, key_of: &impl Fn(&[u8; 16]) -> Option<Arc<Key>>) -> Opened {
    let position = row.position;
    let result = sealer.open(row).and_then(|(stored, leaf)| {
        let fields = match key_of(&stored.scope) {
            Some(key) => {
                stored.open(&key).map_err(|e| Damage::at(position, e.reason()))?;
                Fields::Opened
            }
            None => Fields::Erased,
        };
        Ok((stored, leaf, fields))
    });
    Opened { position, result }
}

/// Compares stored tiles and indexes with the recomputed ones.
async fn compare(
    store: &Store,
    sealer: &Sealer,
    completed: Completed,
    verified: &mut Verified,
) -> Result<(), VerifyError> {
    for tile in completed.tiles {
        check_tile(store, tile.level, tile.index, &tile.hashes).await?;
        verified.tiles += 1;
    }
    let Some((first, postings)) = completed.segment else {
        return Ok(());
    };
    let damaged = |reason: &str| Damage::at(first, reason);
    let row = store.one(sqlx::query(sql::SEGMENT).bind(number(first))).await?;
    let row = row.ok_or_else(|| damaged("the index of the segment that begins here is missing"))?;
    let altered = "the index of the segment that begins here was altered";
    let sealed: Vec<u8> = row.try_get(0).map_err(|_| damaged(altered))?;
    let opened = sealer.indexes().open(&context(b"journal/index/v1", first), &sealed);
    let opened = opened.map_err(|_| damaged(altered))?;
    if opened.as_slice() != postings.encode() {
        return Err(damaged("the index of the segment that begins here is not that of its entries").into());
    }
    verified.segments += 1;
    Ok(())
}

/// What can only be said at the end: the root, and that nothing is there that should not be.
async fn finish(
    store: &Store,
    walk: &Walk,
    row: &HeadRow,
    verified: &mut Verified,
) -> Result<(), VerifyError> {
    let size = row.size;
    if walk.edge.root() != verified.checkpoint.root {
        return Err(Damage::at(size, "the entries are not those the signed checkpoint is over").into());
    }
    check_head_time(walk, row)?;
    check_edge(store, &walk.edge).await?;
    verified.tiles += walk.edge.partial_tiles().filter(|(id, _)| id.level > 0).count() as u64;
    refuse_more(store, size).await?;
    let entries = store.count(sql::ENTRY_COUNT).await?;
    let tiles = store.count(sql::TILE_COUNT).await?;
    let segments = store.count(sql::SEGMENT_COUNT).await?;
    let heads = store.count(sql::HEAD_ROWS).await?;
    // Other writers may have gone on since; then there is more than was verified, and that is as it should be.
    let moved = read_head(store).await?.is_none_or(|now| now.size != size);
    let surplus = [
        (entries, size, "entries"),
        (tiles, verified.tiles, "tiles"),
        (segments, verified.segments, "segments"),
        (heads, 1, "heads"),
    ];
    for (found, expected, what) in surplus {
        if found != number(expected) && !moved {
            let reason = format!("the database has {found} {what} where the record has {expected}");
            return Err(Damage::at(size, reason).into());
        }
    }
    Ok(())
}

/// The first entry that is missing or altered by itself, where the head says nothing.
async fn first_damage(
    store: &Store,
    keys: &JournalKeys,
    row: &HeadRow,
) -> Result<Option<Damage>, VerifyError> {
    let sealer = Sealer::new(keys.journal.clone(), row.segment);
    let mut next = 0;
    while next < row.size {
        let page = read_page(store, next, row.size).await?;
        if page.is_empty() {
            return Ok(Some(Damage::at(next, "it is missing")));
        }
        for row in page {
            if row.position != next {
                return Ok(Some(Damage::at(next, "it is missing")));
            }
            if let Err(damage) = sealer.open(row) {
                return Ok(Some(damage));
            }
            next += 1;
        }
    }
    Ok(None)
}

async fn read_page(store: &Store, from: u64, size: u64) -> Result<Vec<SealedRow>, VerifyError> {
    if from >= size {
        return Ok(Vec::new());
    }
    // From the very first row, whatever its position: nothing may be filed before the record.
    let start = if from == 0 { i64::MIN } else { number(from) };
    let limit = number(PAGE.min(size - from));
    let rows = store.many(sqlx::query(sql::ENTRIES_FIRST).bind(start).bind(limit)).await?;
    Ok(rows.iter().map(sealed_row).collect::<Result<_, _>>()?)
}

impl From<JournalError> for VerifyError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged(damage) => Self::Damaged(damage),
            JournalError::Storage(error) => Self::Storage(error),
            JournalError::NoSuchEntry { position, .. } => {
                Self::Damaged(Damage::at(position, "it is missing"))
            }
        }
    }
}
