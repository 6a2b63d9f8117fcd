//! What the service promises, tried end to end. One program, since each would take half a minute to link: a new file goes into
//! `promises/` and below.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail by panicking")]

#[path = "../../ledger/tests/support/authority.rs"]
mod authority;
#[path = "../../journal/tests/support/postgres.rs"]
#[allow(unreachable_pub, reason = "a test binary exports nothing")]
mod postgres_server;
mod support;

#[path = "promises/evidence.rs"]
mod evidence;
#[path = "promises/full_disk.rs"]
mod full_disk;
#[path = "promises/log_before_plaintext.rs"]
mod log_before_plaintext;
#[path = "promises/postgres.rs"]
mod postgres;
#[path = "promises/retention.rs"]
mod retention;
#[path = "promises/revocation.rs"]
mod revocation;
#[path = "promises/spine.rs"]
mod spine;
#[path = "promises/sweep.rs"]
mod sweep;
