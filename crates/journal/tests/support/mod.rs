//! Worlds for the journal's tests: an empty store on each engine, keys, drafts.

#![allow(unreachable_pub, reason = "a test binary exports nothing")]

pub mod postgres;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journal::{AppendError, Draft, Faults, Journal, JournalKeys, Store, Stored};
use ledger::{Disclosure, Salt, SigningKey};
use sqlx::{AssertSqlSafe, Connection, Executor};
use vault::Key;

/// An empty place for a journal; gone when dropped.
pub struct Place {
    pub url: String,
    pub engine: &'static str,
    _dir: Option<tempfile::TempDir>,
}

/// Runs a test on both engines, one after the other.
pub fn on_both(test: impl AsyncFn(Place)) {
    for place in places() {
        let engine = place.engine;
        eprintln!("on {engine}");
        runtime().block_on(test(place));
    }
}

pub fn places() -> Vec<Place> {
    let mut places = vec![sqlite()];
    places.extend(schema());
    places
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn sqlite() -> Place {
    let dir = tempfile::tempdir().unwrap();
    // A path that has to be escaped in an address.
    let url = Store::sqlite_url(&dir.path().join("a journal? 100% #1.sqlite"));
    Place { url, engine: "SQLite", _dir: Some(dir) }
}

/// A schema of its own in PostgreSQL, made by connecting.
pub fn schema() -> Option<Place> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let address = postgres::address()?;
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let url = format!("{address}?options[search_path]={name}");
    Some(Place { url, engine: "PostgreSQL", _dir: None })
}

impl Place {
    pub async fn store(&self) -> Store {
        Store::connect(&self.url).await.unwrap()
    }

    pub async fn create(&self, segment: u64) -> Journal {
        Journal::create_with(self.store().await, keys(), segment).await.unwrap()
    }

    pub async fn open(&self) -> Result<Journal, journal::OpenError> {
        Journal::open(self.store().await, keys()).await
    }

    pub async fn with_faults(&self, faults: Faults) -> Journal {
        let store = Store::connect_with(&self.url, faults).await.unwrap();
        Journal::open(store, keys()).await.unwrap()
    }

    /// Runs SQL behind the journal's back.
    pub async fn tamper(&self, sql: &str) -> u64 {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let done = conn.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        conn.close().await.unwrap();
        done.rows_affected()
    }

    /// A number the database tells.
    pub async fn number(&self, sql: &str) -> i64 {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let row = conn.fetch_one(AssertSqlSafe(sql.to_owned())).await.unwrap();
        conn.close().await.unwrap();
        sqlx::Row::get(&row, 0)
    }

    /// Flips a bit of a sealed column; a second time puts it right.
    pub async fn flip(&self, column: &str, position: u64, bit: usize) {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let read = format!("SELECT {column} FROM entries WHERE position = {position}");
        let row = conn.fetch_one(AssertSqlSafe(read)).await.unwrap();
        let mut bytes: Vec<u8> = sqlx::Row::get(&row, 0);
        let at = bit / 8 % bytes.len();
        bytes[at] ^= 1 << (bit % 8);
        let write = format!("UPDATE entries SET {column} = $1 WHERE position = {position}");
        sqlx::query(AssertSqlSafe(write)).bind(bytes).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    pub async fn verify(&self) -> Result<journal::Verified, journal::VerifyError> {
        journal::verify(&self.store().await, &keys(), |_| Some(Arc::new(field_key())), |_, _| {}).await
    }
}

/// A key that signs the record.
pub fn signing(seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed("acme.example/record", &[seed; 32]).unwrap())
}

pub fn keys() -> JournalKeys {
    JournalKeys {
        journal: Key::from_bytes(&[7; 32]),
        signing: vec![signing(9)],
        origin: "acme.example/record".to_owned(),
    }
}

pub fn field_key() -> Key {
    Key::from_bytes(&[5; 32])
}

pub fn draft(n: u64) -> Draft {
    draft_of("secret.registered", Some("person-anna"), &["secret-glaze"], n)
}

pub fn draft_of(kind: &str, actor: Option<&str>, subjects: &[&str], n: u64) -> Draft {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&n.to_be_bytes());
    let field = |tag: u8, name: &str, value: serde_json::Value| {
        let mut salt = salt;
        salt[15] = tag;
        Disclosure::new(Salt(salt), name, value).unwrap()
    };
    Draft {
        kind: kind.to_owned(),
        actor: actor.map(str::to_owned),
        subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
        scope: [1; 16],
        key: Arc::new(field_key()),
        fields: vec![
            field(1, "title", serde_json::json!("Kobalt glaze, fired twice")),
            field(2, "number", serde_json::json!(n)),
        ],
        new_keys: Vec::new(),
    }
}

/// What [`draft`] was numbered with.
pub fn number_of(stored: &Stored) -> u64 {
    let fields = stored.open(&field_key()).unwrap();
    fields.iter().find(|f| f.name() == "number").unwrap().value().as_u64().unwrap()
}

/// Appends entries 0, 1, … in batches, a millisecond apart.
pub async fn fill(journal: &Journal, count: u64, batch: u64) {
    while journal.head().size < count {
        let size = journal.head().size;
        let drafts = (size..count.min(size + batch)).map(draft).collect();
        journal.append(size, 1_000 + size as i64, drafts).await.unwrap();
    }
}

/// Appends one entry whoever else is writing: catches up and tries again as long as it takes.
pub async fn append_whatever_happens(journal: &Journal, n: u64) -> u64 {
    loop {
        let head = journal.head();
        let time = head.time.max(1_000);
        match journal.append(head.size, time, vec![draft(n)]).await {
            Ok(stored) => return stored[0].position,
            Err(AppendError::Conflict { .. }) => {
                journal.refresh().await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// This test binary again, as another process that runs only the ignored test `name` on `place`.
pub fn process(name: &str, place: &Place, part: u64) -> std::process::Command {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    child.env("JOURNAL_TEST_URL", &place.url).env("JOURNAL_TEST_PART", part.to_string());
    child
}

/// The place a parent process gave, and this process's number.
pub fn given() -> (Place, u64) {
    let url = std::env::var("JOURNAL_TEST_URL").expect("run by its parent test");
    let part = std::env::var("JOURNAL_TEST_PART").unwrap().parse().unwrap();
    (Place { url, engine: "", _dir: None }, part)
}

/// A number from the environment: `./test` runs the small one, the long run sets it.
pub fn how_many(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |n| n.parse().expect("a number"))
}

/// The `position number` lines a child printed; an unfinished last line was not answered.
pub fn answered(printed: &[u8]) -> Vec<(u64, u64)> {
    let whole = printed.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&printed[..whole]).into_owned();
    let lines = text.lines().filter_map(|line| Some(line.split_once("answered ")?.1));
    lines
        .map(|line| {
            let (position, number) = line.split_once(' ').unwrap();
            (position.parse().unwrap(), number.parse().unwrap())
        })
        .collect()
}

/// Whether `bytes` stand anywhere in the files of a SQLite journal.
pub fn found_in_files(place: &Place, bytes: &[u8]) -> bool {
    let dir = place._dir.as_ref().unwrap().path();
    let mut files = std::fs::read_dir(dir).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}
