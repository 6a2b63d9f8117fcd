//! What can happen to an account, its sessions and its tokens.

use super::Hidden;
use crate::{AccountId, Digest, Line, PersonId, Scope, SessionId, Subject, Text, Time, TokenId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How a session was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// With the password alone, on an account without a second factor.
    Password,
    /// With the password and a time-based code (RFC 6238).
    PasswordAndCode,
    /// With the password and a recovery code.
    PasswordAndRecoveryCode,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEnd {
    /// The person signed out.
    SignedOut,
    /// Nothing was asked for too long.
    Idle,
    /// Somebody ended it: the person from another session, an administrator, or the end of their employment.
    Revoked,
    /// Newer sessions, or a new password, took its place.
    Replaced,
}

/// What a token may be used for. The person's own rights bound it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenScope {
    /// Read what is not sealed.
    Read,
    /// Change things.
    Write,
    /// Open documents, through the gate.
    Open,
}

/// What was recorded about an account. `person` is whose it is: their key seals the fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs, reason = "`account`, `person` and `session` mean the same in every variant")]
pub enum Event {
    /// A person was invited to open an account by a one-time link.
    #[serde(rename = "account.invited")]
    Invited {
        account: AccountId,
        person: PersonId,
        /// SHA-256 of the link's token.
        invite: Digest,
        /// Until when the link is good.
        ends: Time,
    },
    /// The link was used and a password set.
    #[serde(rename = "account.opened")]
    Opened {
        account: AccountId,
        person: PersonId,
        /// The password's verifier, a PHC string.
        verifier: Hidden,
    },
    /// The person set a new password.
    #[serde(rename = "account.password-changed")]
    PasswordChanged {
        account: AccountId,
        person: PersonId,
        /// The password's verifier, a PHC string.
        verifier: Hidden,
    },
    /// The person was offered to set a new password by a one-time link.
    #[serde(rename = "account.reset-offered")]
    ResetOffered {
        account: AccountId,
        person: PersonId,
        /// SHA-256 of the link's token.
        invite: Digest,
        /// Until when the link is good.
        ends: Time,
    },
    /// A second factor was set up, or replaced.
    #[serde(rename = "account.second-factor-set")]
    SecondFactorSet {
        account: AccountId,
        person: PersonId,
        /// The shared secret, base64.
        secret: Hidden,
        /// SHA-256 of each recovery code.
        recovery: Vec<Digest>,
        /// The time step of the code that proved it works; no code of this step or an earlier one counts again.
        totp_step: u64,
    },
    /// The second factor was taken away, for somebody who lost it.
    #[serde(rename = "account.second-factor-removed")]
    SecondFactorRemoved {
        account: AccountId,
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// A recovery code was used up.
    #[serde(rename = "account.recovery-used")]
    RecoveryUsed {
        account: AccountId,
        person: PersonId,
        /// SHA-256 of the code.
        code: Digest,
    },
    /// A wrong password or code.
    #[serde(rename = "account.sign-in-failed")]
    SignInFailed {
        account: AccountId,
        person: PersonId,
        /// Failures in a row, this one included.
        failures: u32,
        /// Until when nobody can sign in with this account, where it has to wait.
        until: Option<Time>,
    },
    /// The account was closed for good.
    #[serde(rename = "account.closed")]
    Closed {
        account: AccountId,
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// A session was begun.
    #[serde(rename = "account.session-started")]
    SessionStarted {
        session: SessionId,
        account: AccountId,
        person: PersonId,
        /// SHA-256 of the session's token.
        token: Digest,
        /// Where it came from.
        address: Option<IpAddr>,
        /// How.
        method: Method,
        /// When the second factor was proven.
        second_factor_at: Option<Time>,
        /// The time step of the code used.
        totp_step: Option<u64>,
        /// When it ends, whatever happens.
        ends: Time,
    },
    /// The second factor was proven again in a session.
    #[serde(rename = "account.session-confirmed")]
    SessionConfirmed {
        session: SessionId,
        account: AccountId,
        person: PersonId,
        /// When.
        at: Time,
        /// The time step of the code used; none for a recovery code.
        totp_step: Option<u64>,
    },
    /// A session was ended.
    #[serde(rename = "account.session-ended")]
    SessionEnded {
        session: SessionId,
        account: AccountId,
        person: PersonId,
        /// Why.
        reason: SessionEnd,
    },
    /// A token for the REST API was issued.
    #[serde(rename = "account.token-issued")]
    TokenIssued {
        token: TokenId,
        account: AccountId,
        person: PersonId,
        /// What the person calls it.
        name: Line,
        /// SHA-256 of the token.
        digest: Digest,
        /// What it may be used for.
        scopes: BTreeSet<TokenScope>,
        /// Until when it is good.
        ends: Time,
    },
    /// A token was revoked.
    #[serde(rename = "account.token-revoked")]
    TokenRevoked {
        token: TokenId,
        account: AccountId,
        person: PersonId,
        /// Why.
        reason: Text,
    },
}

impl Event {
    /// The account and whose it is.
    #[must_use]
    pub fn whose(&self) -> (AccountId, PersonId) {
        match self {
            Event::Invited { account, person, .. }
            | Event::Opened { account, person, .. }
            | Event::PasswordChanged { account, person, .. }
            | Event::ResetOffered { account, person, .. }
            | Event::SecondFactorSet { account, person, .. }
            | Event::SecondFactorRemoved { account, person, .. }
            | Event::RecoveryUsed { account, person, .. }
            | Event::SignInFailed { account, person, .. }
            | Event::Closed { account, person, .. }
            | Event::SessionStarted { account, person, .. }
            | Event::SessionConfirmed { account, person, .. }
            | Event::SessionEnded { account, person, .. }
            | Event::TokenIssued { account, person, .. }
            | Event::TokenRevoked { account, person, .. } => (*account, *person),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::Person(self.whose().1)
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let (account, person) = self.whose();
        let mut subjects = vec![Subject::from(account), person.into()];
        match self {
            Event::SessionStarted { session, .. }
            | Event::SessionConfirmed { session, .. }
            | Event::SessionEnded { session, .. } => subjects.push((*session).into()),
            Event::TokenIssued { token, .. } | Event::TokenRevoked { token, .. } => {
                subjects.push((*token).into())
            }
            _ => {}
        }
        subjects
    }
}
