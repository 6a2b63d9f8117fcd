//! Appending: everything is computed first, then one short transaction makes it durable or leaves no trace.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ledger::Edge;
use sqlx::error::ErrorKind;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use crate::error::{AppendError, StorageError};
use crate::faults::Step;
use crate::journal::{Journal, State, number, seal_head};
use crate::record::{Draft, PrepareError, Prepared, Stored, context};
use crate::sql;
use crate::store::{Query, Store};

/// How often the truth about a failed commit is asked for before giving up.
const ASKED: u32 = 5;

/// The inserts of 1 to [`sql::ROWS`] rows.
static INSERTS: LazyLock<Vec<Arc<str>>> =
    LazyLock::new(|| (1..=sql::ROWS).map(|rows| sql::insert_entries(rows, 1).into()).collect());

/// Whole transactions of 1 to [`sql::ROWS`] rows and nothing else, for SQLite.
static TRANSACTIONS: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| {
    (1..=sql::ROWS).map(|rows| format!("{}; {}", sql::open_transaction(rows), sql::COMMIT).into()).collect()
});

/// The same without the commit, where more is to be written.
static OPENINGS: LazyLock<Vec<Arc<str>>> =
    LazyLock::new(|| (1..=sql::ROWS).map(|rows| sql::open_transaction(rows).into()).collect());

impl Journal {
    /// Appends a batch: all drafts in their order, at the same time, in one transaction, and so for one
    /// wait on the disk. When this answers `Ok`, the entries are durable; when it answers an error other
    /// than [`AppendError::Unknown`], none of them is there.
    ///
    /// `expected` is the size of the record the caller decided upon, `time` is in ms since 1970 UTC.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] if the record has another size, [`AppendError::ClockBehind`] if the last
    /// entry is later than `time`, [`AppendError::Unfit`] for a draft that cannot be an entry.
    pub async fn append(
        &self,
        expected: u64,
        time: i64,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Stored>, AppendError> {
        let mut writer = self.writer.lock().await;
        let mut plan = self.plan(expected, time, drafts)?;
        if plan.entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = match writer.take() {
            Some(conn) => conn,
            None => self.store.connection().await?,
        };
        match self.write(&mut conn, &mut plan).await {
            Ok(()) => *writer = Some(conn),
            Err(Failure::Conflict(head)) => {
                *writer = Some(conn);
                return Err(AppendError::Conflict { head });
            }
            Err(Failure::KeyTaken) => {
                *writer = Some(conn);
                return Err(AppendError::KeyTaken);
            }
            Err(Failure::Before(error)) => {
                close(conn).await;
                return Err(error.into());
            }
            Err(Failure::Commit(error)) => {
                close(conn).await;
                match self.was_written(&plan).await {
                    Ok(true) => {}
                    Ok(false) => return Err(error.into()),
                    Err(_) => return Err(AppendError::Unknown(error)),
                }
            }
        }
        Ok(self.adopt(plan))
    }

    /// All that can be done without the database: entries, tree, index, signature, seals.
    fn plan(&self, expected: u64, time: i64, drafts: Vec<Draft>) -> Result<Plan, AppendError> {
        let state = self.state();
        let head = state.walk.edge.size();
        if head != expected {
            return Err(AppendError::Conflict { head });
        }
        if time < state.walk.time {
            return Err(AppendError::ClockBehind { head_time: state.walk.time });
        }
        let mut entries = Vec::with_capacity(drafts.len());
        let mut keys = Vec::new();
        for (index, mut draft) in drafts.into_iter().enumerate() {
            let position = expected + index as u64;
            let prepared = self.sealer.prepare(position, time, &draft).map_err(|e| match e {
                PrepareError::Unfit(reason) => AppendError::Unfit { index, reason },
                PrepareError::Storage(error) => AppendError::Storage(error),
            })?;
            entries.push(prepared);
            keys.append(&mut draft.new_keys);
        }
        let mut plan = Plan {
            edge: state.walk.edge.clone(),
            time,
            keys,
            tiles: Vec::new(),
            segments: Vec::new(),
            note: String::new(),
            sealed: Vec::new(),
            entries,
        };
        self.plan_tree(&mut plan);
        self.plan_segments(&mut plan, &state)?;
        (plan.note, plan.sealed) = seal_head(&self.keys, &self.signer(), &self.sealer, &plan.edge)?;
        Ok(plan)
    }

    /// The tiles this batch completes, and the partial ones above them as they stand after it.
    fn plan_tree(&self, plan: &mut Plan) {
        let mut grown = 0;
        for prepared in &plan.entries {
            for tile in plan.edge.push(prepared.leaf) {
                grown = grown.max(tile.level + 1);
                plan.tiles.push((tile.level, tile.index, ledger::TileId::encode(&tile.hashes)));
            }
        }
        for (id, hashes) in plan.edge.partial_tiles() {
            if id.level > 0 && id.level <= grown {
                plan.tiles.push((id.level, id.index, ledger::TileId::encode(hashes)));
            }
        }
    }

    /// The indexes of the segments this batch fills.
    fn plan_segments(&self, plan: &mut Plan, state: &State) -> Result<(), StorageError> {
        let (from, to) = (state.walk.edge.size(), plan.edge.size());
        if self.sealer.first_of(from) == self.sealer.first_of(to) {
            return Ok(());
        }
        let mut tail = state.walk.tail.clone();
        for prepared in &plan.entries {
            let position = prepared.row.position;
            let first = self.sealer.first_of(position);
            tail.add((position - first) as u32, &prepared.terms);
            if position + 1 == first + self.sealer.segment() {
                let index = std::mem::take(&mut tail).encode();
                let sealed = self.sealer.indexes().seal(&context(b"journal/index/v1", first), &index)?;
                plan.segments.push((first, sealed));
            }
        }
        Ok(())
    }

    /// The transaction. The head moves first: whoever is late learns it before writing anything.
    async fn write(&self, conn: &mut AnyConnection, plan: &mut Plan) -> Result<(), Failure> {
        let faults = self.store.faults();
        if self.store.keys_are_apart() && !plan.keys.is_empty() {
            // Before the entries: what they are sealed under must never be missing. Keys that no entry came to need stay.
            faults.check(Step::Key)?;
            if !self.store.put_keys(&std::mem::take(&mut plan.keys)).await? {
                return Err(Failure::KeyTaken);
            }
        }
        let (first, more) = plan.entries.split_at(plan.entries.len().min(sql::ROWS));
        if self.store.takes_several_statements() {
            if plan.is_entries_alone() {
                return self.write_at_once(conn, plan).await;
            }
            self.open_at_once(conn, plan, first).await?;
        } else {
            self.open_in_steps(conn, plan, first).await?;
        }
        if !plan.keys.is_empty() {
            faults.check(Step::Key)?;
            if !Store::put_keys_within(conn, &plan.keys).await? {
                conn.execute(sql::ROLLBACK).await?;
                return Err(Failure::KeyTaken);
            }
        }
        for rows in more.chunks(sql::ROWS) {
            self.insert(conn, rows).await?;
        }
        for (level, index, hashes) in plan.tiles.drain(..) {
            faults.check(Step::Tile)?;
            let query = sqlx::query(sql::TILE_PUT).bind(i64::from(level)).bind(number(index));
            query.bind(hashes).execute(&mut *conn).await?;
        }
        for (first, sealed) in plan.segments.drain(..) {
            faults.check(Step::Segment)?;
            let query = sqlx::query(sql::SEGMENT_PUT).bind(number(first)).bind(sealed);
            query.execute(&mut *conn).await?;
        }
        faults.check(Step::Commit)?;
        conn.execute(sql::COMMIT).await.map_err(|e| Failure::Commit(e.into()))?;
        faults.check(Step::Committed).map_err(Failure::Commit)
    }

    /// Begins the transaction, moves the head and inserts the first rows, each by a statement of its own.
    async fn open_in_steps(
        &self,
        conn: &mut AnyConnection,
        plan: &Plan,
        rows: &[Prepared],
    ) -> Result<(), Failure> {
        let faults = self.store.faults();
        faults.check(Step::Begin)?;
        conn.execute(self.store.begin()).await?;
        faults.check(Step::Head)?;
        if plan.bind_head(sqlx::query(sql::HEAD_MOVE)).execute(&mut *conn).await?.rows_affected() != 1 {
            return Err(self.late(conn).await?);
        }
        self.insert(conn, rows).await
    }

    /// The same in one go: SQLite runs on a thread of its own, and each errand there costs two wakings, which take
    /// longer than the statements themselves.
    async fn open_at_once(
        &self,
        conn: &mut AnyConnection,
        plan: &Plan,
        rows: &[Prepared],
    ) -> Result<(), Failure> {
        for step in [Step::Begin, Step::Head, Step::Entries] {
            self.store.faults().check(step)?;
        }
        match execute_moving(conn, &OPENINGS, plan, rows).await {
            Ok(()) => Ok(()),
            Err(error) if is_late(&error) => Err(self.late(conn).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// The whole transaction in one go. Its failure does not say how far it came, so that the truth is asked for, unless it
    /// could not even begin.
    async fn write_at_once(&self, conn: &mut AnyConnection, plan: &Plan) -> Result<(), Failure> {
        let faults = self.store.faults();
        for step in [Step::Begin, Step::Head, Step::Entries, Step::Commit] {
            faults.check(step)?;
        }
        match execute_moving(conn, &TRANSACTIONS, plan, &plan.entries).await {
            Ok(()) => faults.check(Step::Committed).map_err(Failure::Commit),
            Err(error) if is_late(&error) => Err(self.late(conn).await?),
            Err(error) => Err(match StorageError::from(error) {
                busy @ StorageError::Busy(_) => Failure::Before(busy),
                other => Failure::Commit(other),
            }),
        }
    }

    /// Gives up the transaction of a writer that was late.
    async fn late(&self, conn: &mut AnyConnection) -> Result<Failure, Failure> {
        let row = sqlx::query(sql::HEAD).fetch_optional(&mut *conn).await?;
        let head: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
        conn.execute(sql::ROLLBACK).await?;
        Ok(Failure::Conflict(u64::try_from(head).unwrap_or_default()))
    }

    async fn insert(&self, conn: &mut AnyConnection, rows: &[Prepared]) -> Result<(), Failure> {
        self.store.faults().check(Step::Entries)?;
        let text = INSERTS.get(rows.len() - 1).cloned().unwrap_or_default();
        bind_rows(sqlx::query(AssertSqlSafe(text)), rows).execute(&mut *conn).await?;
        Ok(())
    }

    /// Learns whether a commit that reported failure took effect: whether the sealed bytes of the first
    /// entry, which nobody else can have made, stand at its position. The head is locked for that, which
    /// waits for a commit that is still under way.
    async fn was_written(&self, plan: &Plan) -> Result<bool, StorageError> {
        let mut asked = 0;
        loop {
            asked += 1;
            match self.read_back(plan).await {
                Err(_) if asked < ASKED => tokio::time::sleep(Duration::from_millis(50 << asked)).await,
                answer => return answer,
            }
        }
    }

    async fn read_back(&self, plan: &Plan) -> Result<bool, StorageError> {
        self.store.faults().check(Step::Truth)?;
        let mut conn = self.store.connection().await?;
        let mut tx = conn.begin_with(self.store.begin()).await?;
        sqlx::query(sql::HEAD_LOCK).execute(&mut *tx).await?;
        let query = sqlx::query(sql::ENTRY).bind(number(plan.first()));
        let row = query.fetch_optional(&mut *tx).await?;
        let found: Option<Vec<u8>> = row.map(|row| row.try_get(2)).transpose()?;
        tx.rollback().await?;
        close(conn).await;
        Ok(found.is_some() && found.as_ref() == plan.entries.first().map(|first| &first.row.head))
    }

    /// Takes the written batch into the state.
    fn adopt(&self, plan: Plan) -> Vec<Stored> {
        let mut state = self.state_mut();
        let mut stored = Vec::with_capacity(plan.entries.len());
        for prepared in plan.entries {
            let position = prepared.row.position;
            let first = self.sealer.first_of(position);
            state.walk.tail.add((position - first) as u32, &prepared.terms);
            if position + 1 == first + self.sealer.segment() {
                state.walk.tail = Default::default();
            }
            stored.push(prepared.stored);
        }
        state.root = plan.edge.root();
        state.walk.edge = plan.edge;
        state.walk.time = plan.time;
        state.note = plan.note;
        state.sealed = plan.sealed;
        stored
    }
}

/// A batch, ready to be written.
struct Plan {
    entries: Vec<Prepared>,
    keys: Vec<([u8; 16], Vec<u8>)>,
    /// The tree after the batch.
    edge: Edge,
    time: i64,
    tiles: Vec<(u8, u64, Vec<u8>)>,
    segments: Vec<(u64, Vec<u8>)>,
    note: String,
    sealed: Vec<u8>,
}

impl Plan {
    /// The position of the first entry.
    fn first(&self) -> u64 {
        self.edge.size() - self.entries.len() as u64
    }

    /// Nothing is written but entries, and these fit one statement.
    fn is_entries_alone(&self) -> bool {
        self.entries.len() <= sql::ROWS
            && self.keys.is_empty()
            && self.tiles.is_empty()
            && self.segments.is_empty()
    }

    /// Binds where the head goes, and where it has to be.
    fn bind_head<'q>(&self, query: Query<'q>) -> Query<'q> {
        let query = query.bind(number(self.edge.size())).bind(self.time);
        query.bind(self.sealed.clone()).bind(number(self.first()))
    }
}

/// Runs the text for so many rows: one that moves the head before it inserts them.
async fn execute_moving(
    conn: &mut AnyConnection,
    texts: &[Arc<str>],
    plan: &Plan,
    rows: &[Prepared],
) -> sqlx::Result<()> {
    let text = texts.get(rows.len() - 1).cloned().unwrap_or_default();
    let query = bind_rows(plan.bind_head(sqlx::query(AssertSqlSafe(text))), rows);
    query.execute(&mut *conn).await.map(drop)
}

/// The head was not where it was expected: the statement says so by breaking a constraint.
fn is_late(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() == ErrorKind::NotNullViolation)
}

fn bind_rows<'q>(mut query: Query<'q>, rows: &'q [Prepared]) -> Query<'q> {
    for Prepared { row, .. } in rows {
        query = query.bind(number(row.position)).bind(row.time).bind(&row.head[..]).bind(&row.fields[..]);
    }
    query
}

/// How a transaction ended that did not end well.
enum Failure {
    Conflict(u64),
    KeyTaken,
    /// Before the commit was sent: nothing is there.
    Before(StorageError),
    /// During the commit: it may be there.
    Commit(StorageError),
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Before(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Before(error.into())
    }
}

/// Gives up a connection, and with it whatever it had not committed.
async fn close(conn: AnyConnection) {
    // It may be broken already, which is why it is given up.
    let _ = conn.close().await;
}
