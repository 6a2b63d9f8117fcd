//! The wrapped keys: kept beside the entries, or in a database of their own, and deleted so that nothing of them stays.

use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Executor, Row};

use crate::error::StorageError;
use crate::sql;
use crate::store::{Engine, Query, Store};

/// How often SQLite's write-ahead log is asked to give up its old pages before that is called a failure: readers that are
/// in the way take milliseconds.
const ASKED: u32 = 200;
const PAUSE: Duration = Duration::from_millis(25);

impl Store {
    /// Clears away what somebody left who was interrupted while making a journal here: keys, and a head without any
    /// entry. Where there is an entry nothing is touched.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn clear_unfinished(&self) -> Result<(), StorageError> {
        if self.count(sql::WRITTEN).await? == 0 {
            self.key_place().1.execute(sql::KEYS_CLEAR).await?;
        }
        sqlx::query(sql::UNFINISHED_HEAD).execute(self.pool()).await?;
        Ok(())
    }

    /// The wrapped key under `tag`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get_key(&self, tag: &[u8; 16]) -> Result<Option<Vec<u8>>, StorageError> {
        let query = sqlx::query(sql::KEY).bind(tag.to_vec());
        let row = query.fetch_optional(self.key_place().1).await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// All wrapped keys with their tags, in no order. A row whose tag is not 16 bytes is not ours and left out.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn all_keys(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StorageError> {
        let rows: Vec<AnyRow> = sqlx::query(sql::KEYS).fetch_all(self.key_place().1).await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let tag: Vec<u8> = row.try_get(0)?;
            if let Ok(tag) = tag.try_into() {
                keys.push((tag, row.try_get(1)?));
            }
        }
        Ok(keys)
    }

    /// Stores a wrapped key; `false` if there is one under this tag already, which stays.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn put_key(&self, tag: &[u8; 16], wrapped: &[u8]) -> Result<bool, StorageError> {
        Ok(put(tag, wrapped).execute(self.key_place().1).await?.rows_affected() == 1)
    }

    /// Stores wrapped keys, all or none; `false` if there is another one under one of their tags, and then none is stored.
    /// One that is there already, byte for byte, is stored: whoever tries again after a failure is not in their own way.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn put_keys(&self, keys: &[([u8; 16], Vec<u8>)]) -> Result<bool, StorageError> {
        let (engine, pool) = self.key_place();
        let mut tx = pool.begin_with(engine.begin()).await?;
        for (tag, wrapped) in keys {
            if put(tag, wrapped).execute(&mut *tx).await?.rows_affected() == 1 {
                continue;
            }
            let row = sqlx::query(sql::KEY).bind(tag.to_vec()).fetch_optional(&mut *tx).await?;
            let there: Option<Vec<u8>> = row.map(|row| row.try_get(0)).transpose()?;
            if there.as_ref() != Some(wrapped) {
                tx.rollback().await?;
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Replaces the wrapped key under `tag` if it is still `old`; `false` if it is not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn replace_key(&self, tag: &[u8; 16], old: &[u8], new: &[u8]) -> Result<bool, StorageError> {
        let query = sqlx::query(sql::KEY_REPLACE).bind(new.to_vec()).bind(tag.to_vec()).bind(old.to_vec());
        let replaced = query.execute(self.key_place().1).await?.rows_affected() == 1;
        if self.key_place().0 == Engine::Sqlite {
            // The new key counts whether or not the old one's bytes are gone yet.
            let _ = overwrite_old_pages(self.key_place().1, 1).await;
        }
        Ok(replaced)
    }

    /// Deletes wrapped keys, so that what was sealed under the keys they wrap can never be opened again; says how many there
    /// were. Those that are gone already are no error: who was interrupted does it again.
    ///
    /// SQLite overwrites the bytes with zeroes, in the file and in its write-ahead log. PostgreSQL is told to clear dead rows
    /// away at once; its own write-ahead log, and what archives that, keep them for as long as they are told to.
    ///
    /// # Errors
    /// Where the database fails; [`StorageError::NotOverwritten`] where the keys are deleted and a reader kept their bytes from being
    /// overwritten.
    pub async fn delete_keys(&self, tags: &[[u8; 16]]) -> Result<u64, StorageError> {
        let (engine, pool) = self.key_place();
        let mut tx = pool.begin_with(engine.begin()).await?;
        let mut deleted = 0;
        for tag in tags {
            let query = sqlx::query(sql::KEY_DELETE).bind(tag.to_vec());
            deleted += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        match engine {
            Engine::Sqlite => overwrite_old_pages(pool, ASKED).await?,
            Engine::Postgres => {
                pool.execute("VACUUM keys").await?;
            }
        }
        Ok(deleted)
    }

    /// Overwrites what was deleted from the record's own tables.
    pub(crate) async fn overwrite_old_pages(&self) -> Result<(), StorageError> {
        match self.engine() {
            Engine::Sqlite => overwrite_old_pages(self.pool(), ASKED).await,
            Engine::Postgres => {
                self.pool().execute("VACUUM snapshots").await?;
                Ok(())
            }
        }
    }

    /// Stores keys within a transaction of the entries' own database; `false` if one is taken.
    pub(crate) async fn put_keys_within(
        conn: &mut AnyConnection,
        keys: &[([u8; 16], Vec<u8>)],
    ) -> Result<bool, StorageError> {
        for (tag, wrapped) in keys {
            if put(tag, wrapped).execute(&mut *conn).await?.rows_affected() != 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn put<'q>(tag: &[u8; 16], wrapped: &[u8]) -> Query<'q> {
    sqlx::query(sql::KEY_PUT).bind(tag.to_vec()).bind(wrapped.to_vec())
}

/// Moves SQLite's write-ahead log into the file and empties it, asking so often: readers may be in the way.
async fn overwrite_old_pages(pool: &AnyPool, times: u32) -> Result<(), StorageError> {
    for asked in 0..times {
        if asked > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let row = pool.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        if row.try_get::<i64, _>(0)? == 0 {
            return Ok(());
        }
    }
    Err(StorageError::NotOverwritten)
}
