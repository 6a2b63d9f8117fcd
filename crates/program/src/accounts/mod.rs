//! Accounts: how a person proves who they are, and for how long that proof is good.
//!
//! Meets demand A4 in its basic part: passwords, time-based codes with recovery codes, sessions that end, lock-out with
//! backoff, and tokens for the REST API with a scope and an end. Follows NIST SP 800-63B-4 (authenticators and session
//! management) where it gives a rule. An account belongs to a person; most things are asked of the person, and an account
//! of somebody who is not active opens nothing.
//!
//! Nothing secret is made or compared here: `service` hashes passwords (Argon2id), digests tokens (SHA-256) and checks
//! codes (RFC 6238), and passes the results in.

mod commands;
mod duties;
mod events;
mod hidden;
mod password;
mod sight;
mod sign_in;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{Command, ENDERS, INVITERS, KEEPERS, decide};
pub(crate) use duties::duties;
pub use events::{Event, Method, SessionEnd, TokenScope};
pub use hidden::Hidden;
pub use password::{LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password};
pub use sight::{READERS, may_see_of};
pub(crate) use sign_in::end_of_presence;
pub use sign_in::{Proof, SignIn, must_wait};
pub use state::{
    Account, Accounts, Invite, SecondFactor, Session, Token, account_by_mail, live_session, live_token,
};

use crate::{DAY, HOUR, MINUTE};

/// A session with no request for this long has ended: 30 minutes. `service` keeps the time of the last request; its end is
/// an event. (SP 800-63B-4 section 2.2.3 asks for at most an hour at AAL2.)
pub const SESSION_IDLE: i64 = 30 * MINUTE;
/// A session ends this long after it began, whatever happens: 12 hours (at most 24 at AAL2, same section).
pub const SESSION_ABSOLUTE: i64 = 12 * HOUR;
/// Sessions an account may have at once; one more ends the oldest.
pub const MOST_SESSIONS: usize = 20;
/// Wrong passwords or codes in a row before the account waits.
pub const FAILURES_BEFORE_WAIT: u32 = 5;
/// The first wait; each further failure doubles it.
pub const FIRST_WAIT: i64 = MINUTE;
/// The longest wait. It bounds what somebody who only wants to lock a person out can do.
pub const LONGEST_WAIT: i64 = HOUR;
/// A one-time link to open an account, or to set a new password, is good for this long.
pub const INVITE_LASTS: i64 = 7 * DAY;
/// Recovery codes given with a second factor.
pub const RECOVERY_CODES: usize = 10;
/// Replacing a second factor needs a proof of the old one no older than this.
pub const FRESH_PROOF: i64 = 10 * MINUTE;
/// A token for the REST API lasts at most this long.
pub const LONGEST_TOKEN: i64 = 366 * DAY;
