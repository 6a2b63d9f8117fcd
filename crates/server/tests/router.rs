//! Everything that is asked of the router without a browser. One program, since each would take a minute to link: a new file
//! goes into `router/` and below.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod support;

#[path = "router/access.rs"]
mod access;
#[path = "router/api.rs"]
mod api;
#[path = "router/door.rs"]
mod door;
#[path = "router/evidence.rs"]
mod evidence;
#[path = "router/headers.rs"]
mod headers;
#[path = "router/retention.rs"]
mod retention;
#[path = "router/routes.rs"]
mod routes;
#[path = "router/sight.rs"]
mod sight;
#[path = "router/templates.rs"]
mod templates;
#[path = "router/tls.rs"]
mod tls;
