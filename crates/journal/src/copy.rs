//! A copy of the record into an empty place, as it stood at one moment: what a backup is made of, and what is put back.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use crate::error::{OpenError, StorageError};
use crate::journal::{PAGE, number};
use crate::sql;
use crate::store::{Engine, Store};

impl Store {
    /// Copies the record into an empty store, of the same engine or the other: entries, hashes and indexes, as they stand at
    /// one moment, while writers go on here. Says how many entries there are; `progress` is told how many are written, and of
    /// how many. Keys are not copied, and neither are snapshots: a state is data of people and secrets in one piece, which no
    /// destroyed key of theirs would hide.
    ///
    /// Everything is written in one transaction of the target's: what is interrupted leaves nothing.
    ///
    /// # Errors
    /// [`OpenError::Absent`] where there is no record here, [`OpenError::Exists`] where there is one there.
    pub async fn copy_to(
        &self,
        target: &Store,
        progress: impl Fn(u64, u64) + Send,
    ) -> Result<u64, OpenError> {
        if !target.is_empty().await? {
            return Err(OpenError::Exists);
        }
        let mut from = self.connection().await?;
        let mut to = target.connection().await?;
        let mut from = from.begin_with(self.engine().begin_reading()).await?;
        let mut to = to.begin_with(target.begin()).await?;
        let head = sqlx::query(sql::HEAD).fetch_optional(&mut *from).await?.ok_or(OpenError::Absent)?;
        let size = u64::try_from(head.try_get::<i64, _>(0)?).unwrap_or_default();
        copy_entries(&mut from, &mut to, size, progress).await?;
        copy_tiles(&mut from, &mut to).await?;
        copy_segments(&mut from, &mut to).await?;
        sqlx::query(sql::HEAD_COPY)
            .bind(head.try_get::<i64, _>(0)?)
            .bind(head.try_get::<i64, _>(1)?)
            .bind(head.try_get::<i64, _>(2)?)
            .bind(head.try_get::<Vec<u8>, _>(3)?)
            .execute(&mut *to)
            .await?;
        to.commit().await?;
        from.rollback().await?;
        Ok(size)
    }
}

async fn copy_entries(
    from: &mut AnyConnection,
    to: &mut AnyConnection,
    size: u64,
    progress: impl Fn(u64, u64),
) -> Result<(), StorageError> {
    let mut done = 0;
    while done < size {
        let next = size.min(done.saturating_add(PAGE));
        let query = sqlx::query(sql::ENTRIES).bind(number(done)).bind(number(next));
        for rows in query.fetch_all(&mut *from).await?.chunks(sql::ROWS) {
            let text = sql::insert_entries(rows.len(), 1);
            let mut insert = sqlx::query(AssertSqlSafe(text));
            for row in rows {
                insert = insert.bind(row.try_get::<i64, _>(0)?).bind(row.try_get::<i64, _>(1)?);
                insert = insert.bind(row.try_get::<Vec<u8>, _>(2)?).bind(row.try_get::<Vec<u8>, _>(3)?);
            }
            insert.execute(&mut *to).await?;
        }
        done = next;
        progress(done, size);
    }
    Ok(())
}

async fn copy_tiles(from: &mut AnyConnection, to: &mut AnyConnection) -> Result<(), StorageError> {
    let (mut level, mut index) = (0_i64, 0_i64);
    loop {
        let query = sqlx::query(sql::TILES).bind(level).bind(index).bind(number(PAGE));
        let rows: Vec<AnyRow> = query.fetch_all(&mut *from).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        (level, index) = (last.try_get(0)?, last.try_get::<i64, _>(1)?.saturating_add(1));
        for row in &rows {
            let put = sqlx::query(sql::TILE_PUT).bind(row.try_get::<i64, _>(0)?);
            let put = put.bind(row.try_get::<i64, _>(1)?).bind(row.try_get::<Vec<u8>, _>(2)?);
            put.execute(&mut *to).await?;
        }
    }
}

async fn copy_segments(from: &mut AnyConnection, to: &mut AnyConnection) -> Result<(), StorageError> {
    let mut first = 0_i64;
    loop {
        let query = sqlx::query(sql::SEGMENTS).bind(first).bind(number(PAGE));
        let rows: Vec<AnyRow> = query.fetch_all(&mut *from).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        first = last.try_get::<i64, _>(0)?.saturating_add(1);
        for row in &rows {
            let put = sqlx::query(sql::SEGMENT_PUT).bind(row.try_get::<i64, _>(0)?);
            put.bind(row.try_get::<Vec<u8>, _>(1)?).execute(&mut *to).await?;
        }
    }
}

impl Engine {
    /// How a transaction begins that reads everything as it stands at one moment.
    fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}
