//! The whole suite in one binary, so that one PostgreSQL server serves all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a child process answers its parent on standard output"
)]

mod support;

#[path = "suite/append.rs"]
mod append;
#[path = "suite/crash.rs"]
mod crash;
#[path = "suite/damage.rs"]
mod damage;
#[path = "suite/faults.rs"]
mod faults;
#[path = "suite/find.rs"]
mod find;
#[path = "suite/keys.rs"]
mod keys;
#[path = "suite/proofs.rs"]
mod proofs;
#[path = "suite/sealed.rs"]
mod sealed;
#[path = "suite/writers.rs"]
mod writers;
