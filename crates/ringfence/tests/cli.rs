//! The command line as its users meet it: the real binary, on data folders of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

mod support;

mod suite {
    mod damage;
    mod evidence;
    mod exit_codes;
    mod files;
    mod help;
    mod hostile;
    mod json;
    mod retention;
    mod second_factor;
    mod story;
    mod two_processes;
    mod witness;
}
