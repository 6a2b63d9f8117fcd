//! The people a trade-secret programme is about: employees and contractors, what they may do, and when they come and go.
//!
//! Meets the demand that access ends when employment does, that rights follow a person's work and not their wishes, and
//! that a contractor's end date stands in the register from the first day (E1 to E3 build on it). Courts ask who could
//! see a secret and in what capacity (18 U.S.C. § 1839(3)(A), Directive (EU) 2016/943 art. 2(1)(c)): the answer starts
//! here. A person is not an account: somebody can sign an agreement, or be named as knowing a secret, without ever
//! signing in.

mod check;
mod commands;
mod duties;
mod events;
mod export;
mod import;
mod mail;
mod role;
mod sight;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::table::{MOST_BYTES, MOST_ROWS};
pub(crate) use check::check_joiner;
pub use commands::{CLEARERS, Command, KEEPERS, ROLE_GIVERS, SUSPENDERS, decide};
pub(crate) use duties::duties;
pub use events::Event;
pub use export::export;
pub use import::{Plan, Planned, PlannedRow, plan};
pub use mail::{Mail, MailError};
pub use role::{Engagement, EngagementError, Role, RoleError};
pub use sight::{READERS, leads, may_see_all_of};
pub use state::{Joiner, MOST_CLEARANCE, People, Person, Profile, Suspension};
