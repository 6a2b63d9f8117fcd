//! The database a journal lives in: one SQLite file, or one schema of a PostgreSQL server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use crate::error::StorageError;
use crate::faults::Faults;
use crate::sql;

/// How long a writer waits for another one to finish, in ms.
const PATIENCE: u64 = 30_000;
/// Readers at once in this process.
const READERS: u32 = 8;

/// A place for one journal, and for the wrapped keys that open it. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: AnyConnectOptions,
    engine: Engine,
    pool: AnyPool,
    faults: Faults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Store {
    /// Connects to `sqlite:///path/to/file` or `postgres://…`, and makes the tables where there are none.
    ///
    /// In PostgreSQL the tables live in the first schema of the connection's `search_path` (give
    /// `?options[search_path]=name` in the address), which is made if it is not there.
    ///
    /// # Errors
    /// Where the address is not understood, or the database cannot be reached or written.
    pub async fn connect(url: &str) -> Result<Self, StorageError> {
        Self::connect_with(url, Faults::none()).await
    }

    /// As [`Store::connect`], with failures to order. For tests.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_with(url: &str, faults: Faults) -> Result<Self, StorageError> {
        sqlx::any::install_default_drivers();
        let (engine, url) = parse(url)?;
        let options: AnyConnectOptions =
            url.parse().map_err(|e: sqlx::Error| StorageError::Address(e.to_string()))?;
        let options = options.disable_statement_logging();
        if engine == Engine::Postgres {
            only_safe_lines(&options)?;
        }
        prepare(engine, &options).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(engine == Engine::Postgres)
            .after_connect(move |conn, _| Box::pin(async move { set_up(engine, conn).await }))
            .connect_with(options.clone())
            .await?;
        Ok(Self { inner: Arc::new(Inner { options, engine, pool, faults }) })
    }

    /// The address of a SQLite file, whatever characters its path has.
    pub fn sqlite_url(path: &Path) -> String {
        let mut url = String::from("sqlite://");
        for &byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                    url.push(char::from(byte));
                }
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        url
    }

    /// Whether no journal has been created here yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_empty(&self) -> Result<bool, StorageError> {
        Ok(self.one(sqlx::query(sql::HEAD)).await?.is_none())
    }

    /// Clears away what somebody left who was interrupted while making a journal here: keys, and a head without any
    /// entry. Where there is an entry nothing is touched.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn clear_unfinished(&self) -> Result<(), StorageError> {
        sqlx::query(sql::UNFINISHED_KEYS).execute(&self.inner.pool).await?;
        sqlx::query(sql::UNFINISHED_HEAD).execute(&self.inner.pool).await?;
        Ok(())
    }

    /// The wrapped key under `tag`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get_key(&self, tag: &[u8; 16]) -> Result<Option<Vec<u8>>, StorageError> {
        let row = self.one(sqlx::query(sql::KEY).bind(tag.to_vec())).await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// All wrapped keys with their tags, in no order. A row whose tag is not 16 bytes is not ours and left out.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn all_keys(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StorageError> {
        let mut keys = Vec::new();
        for row in self.many(sqlx::query(sql::KEYS)).await? {
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
        let query = sqlx::query(sql::KEY_PUT).bind(tag.to_vec()).bind(wrapped.to_vec());
        Ok(query.execute(&self.inner.pool).await?.rows_affected() == 1)
    }

    /// Replaces the wrapped key under `tag` if it is still `old`; `false` if it is not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn replace_key(&self, tag: &[u8; 16], old: &[u8], new: &[u8]) -> Result<bool, StorageError> {
        let query = sqlx::query(sql::KEY_REPLACE).bind(new.to_vec()).bind(tag.to_vec()).bind(old.to_vec());
        let replaced = query.execute(&self.inner.pool).await?.rows_affected() == 1;
        self.forget_old_pages().await;
        Ok(replaced)
    }

    /// Deletes a wrapped key; what was sealed under the key it wraps can never be opened again.
    /// `false` if there was none.
    ///
    /// SQLite overwrites the bytes with zeroes, in the file and in its write-ahead log. PostgreSQL keeps
    /// dead rows until its next `VACUUM`, and its write-ahead log for as long as it is told to.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_key(&self, tag: &[u8; 16]) -> Result<bool, StorageError> {
        let query = sqlx::query(sql::KEY_DELETE).bind(tag.to_vec());
        let deleted = query.execute(&self.inner.pool).await?.rows_affected() == 1;
        self.forget_old_pages().await;
        Ok(deleted)
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.inner.pool
    }

    /// A connection of its own, for the writer.
    pub(crate) async fn connection(&self) -> Result<AnyConnection, StorageError> {
        let mut conn = self.inner.options.connect().await?;
        set_up(self.inner.engine, &mut conn).await?;
        Ok(conn)
    }

    /// How a transaction that will write begins. SQLite takes its write lock at once: asked for later,
    /// it could be refused without waiting.
    pub(crate) fn begin(&self) -> &'static str {
        self.inner.engine.begin()
    }

    /// Whether one text with arguments may hold several statements.
    pub(crate) fn takes_several_statements(&self) -> bool {
        self.inner.engine == Engine::Sqlite
    }

    /// The first row of a query.
    pub(crate) async fn one(&self, query: Query<'_>) -> Result<Option<AnyRow>, StorageError> {
        Ok(query.fetch_optional(&self.inner.pool).await?)
    }

    /// All rows of a query.
    pub(crate) async fn many(&self, query: Query<'_>) -> Result<Vec<AnyRow>, StorageError> {
        Ok(query.fetch_all(&self.inner.pool).await?)
    }

    /// The single number a `COUNT(*)` gives.
    pub(crate) async fn count(&self, sql: &'static str) -> Result<i64, StorageError> {
        let row = self.one(sqlx::query(sql)).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get(0)?))
    }

    /// Moves SQLite's write-ahead log into the file and empties it. Readers may be in the way; the next
    /// checkpoint does it then, so a failure here is not one.
    async fn forget_old_pages(&self) {
        if self.inner.engine == Engine::Sqlite {
            let _ = self.inner.pool.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        }
    }
}

/// A query with its arguments bound.
pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

impl Engine {
    fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// The words in which the engines differ.
    fn spell(self, sql: &str) -> String {
        let (bytes, int) = match self {
            Self::Sqlite => ("BLOB", "INTEGER"),
            Self::Postgres => ("BYTEA", "BIGINT"),
        };
        sql.replace("{bytes}", bytes).replace("{int}", int)
    }
}

fn parse(url: &str) -> Result<(Engine, String), StorageError> {
    if url.starts_with("sqlite:") {
        // An in-memory database would be another one for each connection.
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StorageError::Address("a journal has to be in a file".to_owned()));
        }
        let url = match url.split_once('?') {
            Some((_, query)) if query.contains("mode=") => url.to_owned(),
            Some(_) => format!("{url}&mode=rwc"),
            None => format!("{url}?mode=rwc"),
        };
        Ok((Engine::Sqlite, url))
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        Ok((Engine::Postgres, url.to_owned()))
    } else {
        Err(StorageError::Address("it names no engine this program knows".to_owned()))
    }
}

/// A database on another machine is reached over TLS with its certificate checked, or not at all: rows are sealed, but
/// a line that can be tampered with could hide that an append did or did not happen.
fn only_safe_lines(options: &AnyConnectOptions) -> Result<(), StorageError> {
    let url = &options.database_url;
    let named = |key: &str| {
        url.query_pairs().filter(|(name, _)| name == key).map(|(_, value)| value.into_owned()).last()
    };
    let host = named("host").or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let socket =
        host.is_empty() || host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f");
    let here =
        socket || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let checked = matches!(named("sslmode").as_deref(), Some("verify-full" | "verify-ca"));
    if here || checked {
        return Ok(());
    }
    Err(StorageError::Address(format!(
        "`{host}` is another machine, and the connection would not be checked: add `?sslmode=verify-full` (and `&sslrootcert=FILE` for an authority of your own)"
    )))
}

/// Makes the schema and its tables, in one transaction.
async fn prepare(engine: Engine, options: &AnyConnectOptions) -> Result<(), StorageError> {
    let mut conn = options.connect().await?;
    if engine == Engine::Sqlite {
        use_write_ahead_log(&mut conn).await?;
    }
    set_up(engine, &mut conn).await?;
    if conn.execute(sql::PROBE).await.is_err() {
        let mut tx = conn.begin_with(engine.begin()).await?;
        if engine == Engine::Postgres {
            // `IF NOT EXISTS` does not keep two sessions from making the same table at once; the lock does.
            tx.execute("SELECT pg_advisory_xact_lock(7235419302284016)").await?;
            make_schema(&mut tx).await?;
        }
        for table in sql::TABLES {
            tx.execute(AssertSqlSafe(engine.spell(table))).await?;
        }
        tx.commit().await?;
    }
    conn.close().await?;
    Ok(())
}

async fn make_schema(conn: &mut AnyConnection) -> Result<(), StorageError> {
    let row = conn
        .fetch_one("SELECT CAST(current_schema() AS TEXT), CAST(current_setting('search_path') AS TEXT)")
        .await?;
    let current: Option<String> = row.try_get(0)?;
    let path: String = row.try_get(1)?;
    if current.is_none() {
        let first = path.split(',').next().unwrap_or_default().trim().trim_matches('"');
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if first.is_empty() || !first.chars().all(plain) {
            return Err(StorageError::Address(format!("`{path}` names no schema")));
        }
        conn.execute(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{first}\""))).await?;
    }
    Ok(())
}

/// Turning the write-ahead log on needs the file alone for a moment, and SQLite does not wait for that
/// by itself (sqlite.org/pragma.html#pragma_journal_mode). The mode stays with the file.
async fn use_write_ahead_log(conn: &mut AnyConnection) -> Result<(), StorageError> {
    let mut waited = Duration::ZERO;
    let pause = Duration::from_millis(5);
    loop {
        match conn.execute("PRAGMA journal_mode = WAL").await.map_err(StorageError::from) {
            Ok(_) => return Ok(()),
            Err(StorageError::Busy(_)) if waited < Duration::from_millis(PATIENCE) => {
                tokio::time::sleep(pause).await;
                waited += pause;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn set_up(engine: Engine, conn: &mut AnyConnection) -> sqlx::Result<()> {
    let settings: &[&'static str] = match engine {
        // FULL: a commit is on the disk before it is answered. The log is folded into the file every
        // 4,000 pages rather than 1,000, so that fewer commits pay for it. Deleted keys are zeroed.
        Engine::Sqlite => &[
            "PRAGMA busy_timeout = 30000",
            "PRAGMA synchronous = FULL",
            "PRAGMA wal_autocheckpoint = 4000",
            "PRAGMA secure_delete = ON",
        ],
        // A stricter setting of the server's stays; `off` would answer before the commit is durable.
        Engine::Postgres => &[
            "SET lock_timeout = 30000",
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')",
        ],
    };
    for setting in settings {
        conn.execute(*setting).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(url: &str) -> bool {
        only_safe_lines(&url.parse().unwrap()).is_ok()
    }

    #[test]
    fn a_database_on_another_machine_needs_a_checked_connection() {
        for here in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@[::1]/d",
            "postgres:///d?host=/run/postgresql",
            "postgres://u@%2Frun%2Fpostgresql/d",
        ] {
            assert!(judged(here), "{here}");
        }
        for open in [
            "postgres://u@db.example/d",
            "postgres://u@db.example/d?sslmode=require",
            "postgres://u@localhost/d?host=db.example",
            "postgres://u@10.0.0.7/d?sslmode=disable",
        ] {
            assert!(!judged(open), "{open}");
        }
        assert!(judged("postgres://u@db.example/d?sslmode=verify-full"));
    }
}
