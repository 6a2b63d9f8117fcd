//! The durable record of one organisation: sealed entries that are only ever appended, each proved by the signed tree over all of them.
//!
//! A [`Store`] is a place: a SQLite file, or a schema in PostgreSQL. A [`Journal`] is the record in it. A
//! [`Draft`] is handed in, a [`Stored`] entry comes out. Whoever copies the database without the keys
//! learns sizes and times, and nothing else: no kind, person, subject or name, and not which are equal.
//!
//! | table | what it holds |
//! |---|---|
//! | `head` | size, time of the last entry, and, sealed, the checkpoint signed over exactly that size |
//! | `entries` | position, time; sealed under the journal's key: the canonical entry, actor, subjects; sealed under the scope's key: the fields |
//! | `tiles` | the hashes of the tree (C2SP tlog-tiles); the last 0 to 255 leaves are recomputed from their entries |
//! | `segments` | for each 4,096 entries, sealed, which of them have which kind, actor or subject |
//! | `keys` | wrapped keys by tag, both opaque to this crate; in a database of its own where the caller wants that |
//! | `snapshots` | a state computed from the entries, sealed in parts of 1 MiB |
//!
//! Writers, in one process or in many, are kept in order by one thing: the head moves only from the size
//! that the writer expected.

mod append;
mod codec;
mod copy;
mod error;
mod faults;
mod index;
mod journal;
mod keys;
mod proof;
mod read;
mod record;
mod snapshot;
mod sql;
mod store;
mod verify;

pub use error::{AppendError, Damage, JournalError, OpenError, StorageError};
pub use faults::{Faults, Step};
pub use journal::{Head, Journal, JournalKeys, SEGMENT};
pub use proof::{Consistency, Inclusion, Tree};
pub use read::{Filter, Page};
pub use record::{Draft, FieldsError, Stored};
pub use store::{Alone, Store};
pub use verify::{Verified, VerifyError, verify};
