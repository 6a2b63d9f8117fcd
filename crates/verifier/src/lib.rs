//! Verifies an evidence bundle, or the proof of one field, on any machine and without the program that made it.
//!
//! All that is checked is checked in `ledger`, as docs/record-format.md has it. Here the file is read, in parts, so that a bundle may be larger
//! than memory and every processor has work; and what was found is said in words.

pub mod read;
pub mod report;
