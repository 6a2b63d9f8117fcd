//! Every SQL text of the journal, the same for SQLite and PostgreSQL.

/// The tables. `{bytes}` is `BLOB` or `BYTEA`; `{int}` is `INTEGER`, which SQLite takes as its row
/// number, or `BIGINT`. Nothing but positions, sizes and times stands in the clear.
pub(crate) const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS head (id {int} PRIMARY KEY, size BIGINT NOT NULL, time BIGINT NOT NULL, segment BIGINT NOT NULL, checkpoint {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS entries (position {int} PRIMARY KEY, time BIGINT NOT NULL, head {bytes} NOT NULL, fields {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tiles (level BIGINT NOT NULL, idx BIGINT NOT NULL, hashes {bytes} NOT NULL, PRIMARY KEY (level, idx))",
    "CREATE TABLE IF NOT EXISTS segments (first {int} PRIMARY KEY, sealed {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS snapshots (position BIGINT NOT NULL, part BIGINT NOT NULL, sealed {bytes} NOT NULL, PRIMARY KEY (position, part))",
];
/// The table of wrapped keys, which may be in a database of its own.
pub(crate) const KEY_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS keys (tag {bytes} PRIMARY KEY, wrapped {bytes} NOT NULL)";

/// Fails where the table that this text makes is not there.
pub(crate) fn probe(table: &str) -> String {
    let name = table.trim_start_matches("CREATE TABLE IF NOT EXISTS ").split(' ').next().unwrap_or_default();
    format!("SELECT 1 FROM {name} WHERE 1 = 0")
}

pub(crate) const HEAD: &str = "SELECT size, time, segment, checkpoint FROM head WHERE id = 1";
pub(crate) const HEAD_ROWS: &str = "SELECT COUNT(*) FROM head";
pub(crate) const HEAD_INSERT: &str =
    "INSERT INTO head (id, size, time, segment, checkpoint) VALUES (1, 0, $1, $2, $3) ON CONFLICT DO NOTHING";
pub(crate) const HEAD_COPY: &str =
    "INSERT INTO head (id, size, time, segment, checkpoint) VALUES (1, $1, $2, $3, $4)";
pub(crate) const HEAD_MOVE: &str =
    "UPDATE head SET size = $1, time = $2, checkpoint = $3 WHERE id = 1 AND size = $4";
/// Waits for a writer that holds the row, changes nothing.
pub(crate) const HEAD_LOCK: &str = "UPDATE head SET size = size WHERE id = 1";

pub(crate) const ENTRY: &str = "SELECT position, time, head, fields FROM entries WHERE position = $1";
pub(crate) const ENTRIES: &str = "SELECT position, time, head, fields FROM entries WHERE position >= $1 AND position < $2 ORDER BY position";
pub(crate) const ENTRIES_FIRST: &str =
    "SELECT position, time, head, fields FROM entries WHERE position >= $1 ORDER BY position LIMIT $2";
pub(crate) const ENTRY_COUNT: &str = "SELECT COUNT(*) FROM entries";
/// The first position whose time is not before `$1`, or the size of the record. Times never run backwards along positions,
/// so that half of what is left falls away at each step, and no index has to be written with every entry.
pub(crate) const FIRST_SINCE: &str = "WITH RECURSIVE halves (low, high) AS (\
    SELECT CAST(0 AS BIGINT), size FROM head WHERE id = 1 \
    UNION ALL SELECT \
    CASE WHEN (SELECT time FROM entries WHERE position = (low + high) / 2) < $1 THEN (low + high) / 2 + 1 ELSE low END, \
    CASE WHEN (SELECT time FROM entries WHERE position = (low + high) / 2) < $1 THEN high ELSE (low + high) / 2 END \
    FROM halves WHERE low < high) SELECT low FROM halves WHERE low >= high";

pub(crate) const TILE: &str = "SELECT hashes FROM tiles WHERE level = $1 AND idx = $2";
/// Tiles in their order, from a place on.
pub(crate) const TILES: &str = "SELECT level, idx, hashes FROM tiles WHERE level > $1 OR (level = $1 AND idx >= $2) ORDER BY level, idx LIMIT $3";
pub(crate) const TILE_PUT: &str = "INSERT INTO tiles (level, idx, hashes) VALUES ($1, $2, $3) ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes";
pub(crate) const TILE_COUNT: &str = "SELECT COUNT(*) FROM tiles";

pub(crate) const SEGMENT: &str = "SELECT sealed FROM segments WHERE first = $1";
pub(crate) const SEGMENTS: &str =
    "SELECT first, sealed FROM segments WHERE first >= $1 ORDER BY first LIMIT $2";
pub(crate) const SEGMENT_PUT: &str = "INSERT INTO segments (first, sealed) VALUES ($1, $2)";
pub(crate) const SEGMENT_COUNT: &str = "SELECT COUNT(*) FROM segments";

pub(crate) const KEY: &str = "SELECT wrapped FROM keys WHERE tag = $1";
pub(crate) const KEYS: &str = "SELECT tag, wrapped FROM keys";
pub(crate) const KEY_PUT: &str = "INSERT INTO keys (tag, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING";
pub(crate) const KEY_REPLACE: &str = "UPDATE keys SET wrapped = $1 WHERE tag = $2 AND wrapped = $3";
pub(crate) const KEY_DELETE: &str = "DELETE FROM keys WHERE tag = $1";

/// Keys of a journal that was never written to. A single entry, or a head that tells of one, saves them all: a record whose
/// head was taken away is damaged, not unfinished.
pub(crate) const WRITTEN: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM head WHERE size <> 0 UNION ALL SELECT 1 AS one FROM entries WHERE position < 1) AS written";
pub(crate) const KEYS_CLEAR: &str = "DELETE FROM keys";
pub(crate) const UNFINISHED_HEAD: &str =
    "DELETE FROM head WHERE size = 0 AND NOT EXISTS (SELECT 1 FROM entries)";

pub(crate) const SNAPSHOT_CLEAR: &str = "DELETE FROM snapshots WHERE position = $1";
/// Another process may be writing one for the same position: then the last part of each number stays, and a snapshot whose
/// parts do not belong together is passed over.
pub(crate) const SNAPSHOT_PUT: &str = "INSERT INTO snapshots (position, part, sealed) VALUES ($1, $2, $3) ON CONFLICT (position, part) DO UPDATE SET sealed = excluded.sealed";
/// A snapshot counts once its part 0 is there: that part is written last.
pub(crate) const SNAPSHOT_HEADS: &str =
    "SELECT position, sealed FROM snapshots WHERE part = 0 ORDER BY position DESC";
pub(crate) const SNAPSHOT_PART: &str = "SELECT sealed FROM snapshots WHERE position = $1 AND part = $2";
pub(crate) const SNAPSHOT_FORGET: &str = "DELETE FROM snapshots WHERE position < $1";

/// How many entries one statement inserts or selects at most; with each smaller number a prepared
/// statement of its own, all of them still fit the driver's cache of a hundred.
pub(crate) const ROWS: usize = 64;

pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// Begins a transaction of SQLite, moves the head and inserts `rows` entries. Where the head is not at `$4` its size would
/// become NULL, which its column does not take, so that nothing after it runs.
pub(crate) fn open_transaction(rows: usize) -> String {
    let head =
        "UPDATE head SET size = CASE WHEN size = $4 THEN $1 END, time = $2, checkpoint = $3 WHERE id = 1";
    format!("BEGIN IMMEDIATE; {head}; {}", insert_entries(rows, 5))
}

/// Inserts `rows` entries at once; `$first` is the first one's position.
pub(crate) fn insert_entries(rows: usize, first: usize) -> String {
    let mut sql = String::from("INSERT INTO entries (position, time, head, fields) VALUES ");
    for row in 0..rows {
        let first = row * 4 + first;
        if row > 0 {
            sql.push(',');
        }
        sql.push_str(&format!("(${},${},${},${})", first, first + 1, first + 2, first + 3));
    }
    sql
}

/// Selects the entries at [`ROWS`] given positions; a caller with fewer repeats one.
pub(crate) fn select_entries() -> String {
    let places: Vec<String> = (1..=ROWS).map(|n| format!("${n}")).collect();
    format!("SELECT position, time, head, fields FROM entries WHERE position IN ({})", places.join(","))
}
