//! The web face: pages and the REST API. No rule of the domain lives here: a handler calls one method of `service`, or
//! reads its state, and renders.
//!
//! A request runs one path: `arrival` (where it came from), `observe` (headers, figures, panics), `guard` (who it is, the
//! route's rule, forged requests), the handler in `pages`, and back through `guard`, which turns errors into pages.

// Templates name this crate by its own name, so that examples and tests can use them too.
extern crate self as server;

pub mod api;
pub mod app;
pub mod assets;
pub mod chart;
pub mod cookies;
pub mod errors;
pub mod form;
pub mod format;
pub mod frame;
pub mod guard;
pub mod marks;
pub mod pages;
pub mod parts;
pub mod respond;
pub mod routes;
pub mod serve;
pub mod visitor;

mod arrival;
mod moment;
mod observe;
mod pending;
mod proof;
mod tls;

pub use app::{App, Settings, TlsFiles};
pub use errors::PageError;
pub use form::{SafeForm, SafeUpload};
pub use respond::{PageResult, as_errors, recorded, render};
pub use routes::{Routes, Rule};
pub use serve::{Listening, ServeError, bind, serve};
pub use visitor::Visitor;
