//! Snapshots: a state computed from the entries up to a position, kept so that it need not be computed again.

use sqlx::Row;

use crate::codec::{Reader, Writer};
use crate::error::StorageError;
use crate::journal::{Journal, number};
use crate::record::context;
use crate::sql;

/// Bytes in one sealed part.
const PART: usize = 1 << 20;
/// How many snapshots are kept.
const KEPT: usize = 2;

impl Journal {
    /// Keeps `bytes` as the state after the first `position` entries, as program version `version` writes
    /// it; forgets all but the last two snapshots.
    ///
    /// # Errors
    /// Where the database fails; then the snapshots of before are all there.
    pub async fn save_snapshot(
        &self,
        position: u64,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let at = number(position);
        let _alone = self.snapshots.lock().await;
        let pool = self.store.pool();
        sqlx::query(sql::SNAPSHOT_CLEAR).bind(at).execute(pool).await?;
        let mut parts = 0;
        // Part by part, not in one transaction: appends go on in between. Part 0 comes last and makes it count.
        for part in bytes.chunks(PART) {
            parts += 1;
            self.put_part(position, parts, part).await?;
        }
        let mut header = Writer::default();
        header.bytes(version.as_bytes());
        header.number(parts);
        header.raw(&ledger::sha256(bytes).0);
        self.put_part(position, 0, &header.0).await?;
        let heads = self.store.many(sqlx::query(sql::SNAPSHOT_HEADS)).await?;
        if let Some(oldest) = heads.get(KEPT - 1) {
            // Never the one just written, also where damaged ones of higher positions are in the way.
            let oldest = oldest.try_get::<i64, _>(0)?.min(at);
            sqlx::query(sql::SNAPSHOT_FORGET).bind(oldest).execute(pool).await?;
        }
        Ok(())
    }

    /// Forgets every snapshot of fewer than `position` entries: what such a state holds of somebody whose key was destroyed
    /// would otherwise stay readable.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_snapshots_before(&self, position: u64) -> Result<(), StorageError> {
        let _alone = self.snapshots.lock().await;
        let query = sqlx::query(sql::SNAPSHOT_FORGET).bind(number(position));
        query.execute(self.store.pool()).await?;
        self.store.overwrite_old_pages().await
    }

    /// The newest whole snapshot that this `version` wrote, not beyond the head. One that is damaged is
    /// passed over: the entries are the truth, and a state can be computed from them again.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn latest_snapshot(&self, version: &str) -> Result<Option<(u64, Vec<u8>)>, StorageError> {
        for row in self.store.many(sqlx::query(sql::SNAPSHOT_HEADS)).await? {
            let (Ok(at), Ok(header)) = (row.try_get::<i64, _>(0), row.try_get::<Vec<u8>, _>(1)) else {
                continue;
            };
            let Ok(position) = u64::try_from(at) else { continue };
            if position > self.head().size {
                continue;
            }
            if let Some(bytes) = self.read_snapshot(position, version, &header).await? {
                return Ok(Some((position, bytes)));
            }
        }
        Ok(None)
    }

    async fn read_snapshot(
        &self,
        position: u64,
        version: &str,
        header: &[u8],
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let key = self.sealer.snapshots();
        let Ok(header) = key.open(&part_context(position, 0), header) else {
            return Ok(None);
        };
        let mut r = Reader::new(&header);
        let (Ok(of), Ok(parts), Ok(digest)) = (r.text(), r.number(), r.array::<32>()) else {
            return Ok(None);
        };
        if of != version {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for part in 1..=parts {
            let query = sqlx::query(sql::SNAPSHOT_PART).bind(number(position)).bind(number(part));
            let Some(row) = self.store.one(query).await? else {
                return Ok(None);
            };
            let sealed: Vec<u8> = row.try_get(0)?;
            let Ok(opened) = key.open(&part_context(position, part), &sealed) else {
                return Ok(None);
            };
            bytes.extend_from_slice(&opened);
        }
        // Each part is authentic by itself; the digest says that they belong together.
        Ok((ledger::sha256(&bytes).0 == digest).then_some(bytes))
    }

    async fn put_part(&self, position: u64, part: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let sealed = self.sealer.snapshots().seal(&part_context(position, part), bytes)?;
        sqlx::query(sql::SNAPSHOT_PUT)
            .bind(number(position))
            .bind(number(part))
            .bind(sealed)
            .execute(self.store.pool())
            .await?;
        Ok(())
    }
}

fn part_context(position: u64, part: u64) -> Vec<u8> {
    let mut context = context(b"journal/snapshot/v1", position);
    context.extend_from_slice(&part.to_be_bytes());
    context
}
