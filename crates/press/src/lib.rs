//! Documents out: text and data in, bytes out. Nothing here knows what a secret is, or decides what may be shown.

pub mod evidence;

mod error;
mod typeset;
mod visible;

pub use error::PressError;
