//! The pages in a real browser: the whole story at the width of a desk and of a phone, every page for every role, without
//! script, and by keyboard. Needs `chromium` and `chromedriver`, which `./test` installs; without them it fails.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod support;

#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/every_page.rs"]
mod every_page;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/links.rs"]
mod links;
#[path = "browser/plain.rs"]
mod plain;
#[path = "browser/site.rs"]
mod site;
#[path = "browser/story.rs"]
mod story;
