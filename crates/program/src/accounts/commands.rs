//! Who may open, protect, reset and close accounts, and begin and end sessions.

use super::{Hidden, Proof, SessionEnd, SignIn, TokenScope};
use crate::people::Mail;
use crate::{AccountId, Actor, Digest, Line, PersonId, Refusal, SessionId, State, Text, Time, TokenId};
use std::collections::BTreeSet;

/// What can be done about accounts.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "`account`, `person` and `session` mean the same in every variant")]
pub enum Command {
    /// Enter the first administrator and invite them, while there is none.
    FirstAdministrator {
        /// Their name.
        name: Line,
        /// Their mail address.
        mail: Mail,
        /// Their department.
        department: Line,
        /// SHA-256 of the set-up link's token.
        invite: Digest,
        /// The password's verifier, where it was chosen in the same step.
        verifier: Option<Hidden>,
    },
    /// Invite a person to open an account; again, where the last link was not used.
    Invite {
        person: PersonId,
        /// SHA-256 of the link's token.
        invite: Digest,
    },
    /// Use a one-time link: open the account, or set the new password.
    Open {
        /// SHA-256 of the link's token.
        invite: Digest,
        /// The password's verifier.
        verifier: Hidden,
    },
    /// Set a new password on one's own account; `service` has checked the old one.
    ChangePassword {
        /// The password's verifier.
        verifier: Hidden,
    },
    /// Offer a person who forgot their password a one-time link to set a new one.
    OfferReset {
        account: AccountId,
        /// SHA-256 of the link's token.
        invite: Digest,
    },
    /// Set up or replace the second factor of one's own account; `service` has checked a first code.
    SetSecondFactor {
        /// The shared secret, base64.
        secret: Hidden,
        /// SHA-256 of each recovery code.
        recovery: Vec<Digest>,
        /// The time step of the first code.
        totp_step: u64,
    },
    /// Take away the second factor of somebody who lost it.
    RemoveSecondFactor {
        account: AccountId,
        /// Why.
        reason: Text,
    },
    /// Note a wrong password or code.
    NoteFailure { account: AccountId },
    /// Begin a session.
    StartSession(SignIn),
    /// Prove the second factor again in one's own session.
    ConfirmSecondFactor {
        /// The second factor.
        proof: Proof,
    },
    /// End a session.
    EndSession {
        account: AccountId,
        session: SessionId,
        /// Why.
        reason: SessionEnd,
    },
    /// End all sessions of an account.
    EndAllSessions { account: AccountId },
    /// Issue a token for the REST API to oneself.
    IssueToken {
        /// What it is called.
        name: Line,
        /// SHA-256 of it.
        digest: Digest,
        /// What it may be used for.
        scopes: BTreeSet<TokenScope>,
        /// Until when it is good.
        ends: Time,
    },
    /// Revoke a token.
    RevokeToken {
        account: AccountId,
        token: TokenId,
        /// Why.
        reason: Text,
    },
    /// Close an account for good.
    Close {
        account: AccountId,
        /// Why.
        reason: Text,
    },
}

/// Decides a command about accounts.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(_state: &State, _actor: &Actor, _now: Time, _command: &Command) -> Result<Vec<crate::Event>, Refusal> {
    Ok(Vec::new())
}
