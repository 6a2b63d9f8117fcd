//! Web pages: the frame they stand in, the parts they are made of, and the pictures on them.

// Templates name this crate by its own name, so that examples and tests can use them too.
extern crate self as server;

pub mod assets;
pub mod chart;
pub mod format;
pub mod frame;
pub mod parts;
