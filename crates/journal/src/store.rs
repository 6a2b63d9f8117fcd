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
///
/// Keys may be in a database of their own ([`Store::connect_apart`]): a copy of the record, of whatever age, then holds none of
/// them, and what a destroyed key sealed stays destroyed.
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
    /// Where the keys are, if not with the entries.
    keys: Option<(Engine, AnyPool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
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
        let tables: Vec<&str> = sql::TABLES.into_iter().chain([sql::KEY_TABLE]).collect();
        let (engine, options, pool) = reach(url, &tables).await?;
        Ok(Self { inner: Arc::new(Inner { options, engine, pool, faults, keys: None }) })
    }

    /// As [`Store::connect_with`], with the keys in another database. New keys are durable there before the entries that they
    /// seal are written here: a crash in between leaves keys that nothing needs.
    ///
    /// # Errors
    /// As [`Store::connect`], for either.
    pub async fn connect_apart(url: &str, keys: &str, faults: Faults) -> Result<Self, StorageError> {
        let (engine, options, pool) = reach(url, &sql::TABLES).await?;
        let (key_engine, _, key_pool) = reach(keys, &[sql::KEY_TABLE]).await?;
        let keys = Some((key_engine, key_pool));
        Ok(Self { inner: Arc::new(Inner { options, engine, pool, faults, keys }) })
    }

    /// A place for a record alone: asked for keys, it fails.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_without_keys(url: &str, faults: Faults) -> Result<Self, StorageError> {
        let (engine, options, pool) = reach(url, &sql::TABLES).await?;
        Ok(Self { inner: Arc::new(Inner { options, engine, pool, faults, keys: None }) })
    }

    /// Ends all connections; a SQLite file is then whole by itself, without a write-ahead log beside it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn close(self) -> Result<(), StorageError> {
        if self.inner.engine == Engine::Sqlite {
            self.inner.pool.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        self.inner.pool.close().await;
        if let Some((_, keys)) = &self.inner.keys {
            keys.close().await;
        }
        Ok(())
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

    /// Waits until nobody else begins a journal in this schema of a PostgreSQL database, and keeps others waiting until the answer
    /// is dropped. A SQLite file's folder is its maker's to lock.
    ///
    /// # Errors
    /// Where the database fails, or somebody else takes too long.
    pub async fn alone(&self) -> Result<Alone, StorageError> {
        let mut conn = None;
        if self.inner.engine == Engine::Postgres {
            // The lock is the connection's: it goes with it, however the process ends.
            let mut own = self.connection().await?;
            own.execute("SELECT pg_advisory_lock(7235419302284017 # hashtext(current_schema()))").await?;
            conn = Some(own);
        }
        Ok(Alone { _conn: conn })
    }

    /// Whether no journal has been created here yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_empty(&self) -> Result<bool, StorageError> {
        Ok(self.one(sqlx::query(sql::HEAD)).await?.is_none())
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.inner.pool
    }

    pub(crate) fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Where the keys are.
    pub(crate) fn key_place(&self) -> (Engine, &AnyPool) {
        self.inner
            .keys
            .as_ref()
            .map_or((self.inner.engine, &self.inner.pool), |(engine, pool)| (*engine, pool))
    }

    /// Are the keys in a database of their own?
    pub(crate) fn keys_are_apart(&self) -> bool {
        self.inner.keys.is_some()
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
}

/// That nobody else begins a journal meanwhile.
pub struct Alone {
    _conn: Option<AnyConnection>,
}

/// A query with its arguments bound.
pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

impl Engine {
    /// How a transaction that will write begins.
    pub(crate) fn begin(self) -> &'static str {
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

/// Reaches a database and makes the tables where they are missing.
async fn reach(url: &str, tables: &[&str]) -> Result<(Engine, AnyConnectOptions, AnyPool), StorageError> {
    sqlx::any::install_default_drivers();
    let (engine, url) = parse(url)?;
    let options: AnyConnectOptions =
        url.parse().map_err(|e: sqlx::Error| StorageError::Address(e.to_string()))?;
    let options = options.disable_statement_logging();
    if engine == Engine::Postgres {
        only_safe_lines(&options)?;
    }
    prepare(engine, &options, tables).await?;
    let pool = AnyPoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(engine == Engine::Postgres)
        .after_connect(move |conn, _| Box::pin(async move { set_up(engine, conn).await }))
        .connect_with(options.clone())
        .await?;
    Ok((engine, options, pool))
}

/// Makes the schema and its tables, in one transaction.
async fn prepare(engine: Engine, options: &AnyConnectOptions, tables: &[&str]) -> Result<(), StorageError> {
    let mut conn = options.connect().await?;
    if engine == Engine::Sqlite {
        use_write_ahead_log(&mut conn).await?;
    }
    set_up(engine, &mut conn).await?;
    let mut missing = false;
    for table in tables {
        missing |= conn.execute(AssertSqlSafe(sql::probe(table))).await.is_err();
    }
    if missing {
        let mut tx = conn.begin_with(engine.begin()).await?;
        if engine == Engine::Postgres {
            // `IF NOT EXISTS` does not keep two sessions from making the same table at once; the lock does.
            tx.execute("SELECT pg_advisory_xact_lock(7235419302284016)").await?;
            make_schema(&mut tx).await?;
        }
        for table in tables {
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
