//! Signing in: what is brought along, and what begins and ends a session.

use super::commands::Desk;
use super::state::usable;
use super::{
    Account, ENDERS, Event, FAILURES_BEFORE_WAIT, FIRST_WAIT, LONGEST_WAIT, MOST_SESSIONS, Method,
    SESSION_ABSOLUTE, Session, SessionEnd,
};
use crate::{AccountId, Digest, PersonId, Refusal, Rule, SessionId, State, Text, Time};

/// A second factor as `service` checked it. That the code belongs to the account is checked there; that it was not used
/// before is checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// None was given.
    None,
    /// A time-based code that was right for this time step.
    Code {
        /// The time step (RFC 6238 section 4.2).
        step: u64,
    },
    /// A recovery code.
    Recovery {
        /// SHA-256 of it.
        code: Digest,
    },
}

/// A sign-in whose password `service` found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The account.
    pub account: AccountId,
    /// SHA-256 of the new session's token.
    pub token: Digest,
    /// The second factor brought along.
    pub proof: Proof,
}

/// What ends with somebody's presence: every session and token. Recorded beside the suspension or the end, so that none of
/// them comes back to life with a reinstatement.
pub(crate) fn end_of_presence(state: &State, person: PersonId, now: Time) -> Vec<Event> {
    let Some(account) = state.accounts.of(person).filter(|account| account.closed.is_none()) else {
        return Vec::new();
    };
    let sessions = state.accounts.sessions_of(account.id).filter(|session| now < session.ends);
    let mut events: Vec<Event> = sessions.map(|session| ended(session, SessionEnd::Revoked)).collect();
    if let Ok(reason) = Text::new("its owner was suspended or left") {
        events.extend(state.accounts.tokens_of(account.id).map(|token| Event::TokenRevoked {
            token: token.id,
            account: token.account,
            person: token.person,
            reason: reason.clone(),
        }));
    }
    events
}

impl Desk<'_> {
    /// One sentence for every reason but the wait and the missing code: what is wrong is nobody's business who cannot sign
    /// in.
    pub(super) fn start_session(&self, sign_in: &SignIn) -> Result<Vec<Event>, Refusal> {
        let SignIn { account: id, token, proof } = sign_in;
        let account = self.state.accounts.get(*id).ok_or_else(wrong)?;
        self.not_waiting(account)?;
        if !usable(self.state, *id, self.now) || self.state.accounts.session_by_token(token).is_some() {
            return Err(wrong());
        }
        let (totp_step, used) = self.proven(account, *proof)?;
        let method = match proof {
            Proof::None => Method::Password,
            Proof::Code { .. } => Method::PasswordAndCode,
            Proof::Recovery { .. } => Method::PasswordAndRecoveryCode,
        };
        let mut events: Vec<Event> = used.into_iter().collect();
        let live: Vec<&Session> =
            self.state.accounts.sessions_of(*id).filter(|session| self.now < session.ends).collect();
        let spare = live.len().saturating_add(1).saturating_sub(MOST_SESSIONS);
        events.extend(live.into_iter().take(spare).map(|session| ended(session, SessionEnd::Replaced)));
        events.push(Event::SessionStarted {
            session: self.state.accounts.next_session(),
            account: *id,
            person: account.person,
            token: *token,
            address: self.actor.address,
            method,
            second_factor_at: (*proof != Proof::None).then_some(self.now),
            totp_step,
            ends: self.now + SESSION_ABSOLUTE,
        });
        Ok(events)
    }

    pub(super) fn confirm(&self, proof: Proof) -> Result<Vec<Event>, Refusal> {
        let (account, session) = self.own_session("prove a second factor")?;
        self.not_waiting(account)?;
        if account.second_factor.is_none() {
            return Err(
                Refusal::new(Rule::SignIn, "this account has no second factor").remedy("set one up first")
            );
        }
        let (totp_step, used) = self.proven(account, proof)?;
        let confirmed = Event::SessionConfirmed {
            session: session.id,
            account: account.id,
            person: account.person,
            at: self.now,
            totp_step,
        };
        Ok(used.into_iter().chain([confirmed]).collect())
    }

    /// While the account waits, further tries are not counted: the record does not grow by guessing.
    pub(super) fn note_failure(&self, id: AccountId) -> Result<Vec<Event>, Refusal> {
        let account = self.account(id)?;
        if self.actor.person.is_some_and(|person| person != account.person) {
            return Err(Refusal::unknown(id));
        }
        self.not_waiting(account)?;
        let failures = account.failures.saturating_add(1);
        let until = wait_after(failures).map(|wait| self.now + wait);
        Ok(vec![Event::SignInFailed { account: id, person: account.person, failures, until }])
    }

    pub(super) fn end_session(
        &self,
        id: AccountId,
        session: SessionId,
        why: SessionEnd,
    ) -> Result<Vec<Event>, Refusal> {
        let act = "end other people's sessions";
        self.own_or(id, ENDERS, act)?;
        let session = self.state.accounts.session(id, session).ok_or_else(|| Refusal::unknown(session))?;
        Ok(vec![ended(session, why)])
    }

    pub(super) fn end_all_sessions(&self, id: AccountId) -> Result<Vec<Event>, Refusal> {
        self.own_or(id, ENDERS, "end other people's sessions")?;
        let events = self.ends_all(id, SessionEnd::Revoked, None);
        if events.is_empty() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` has no session")));
        }
        Ok(events)
    }

    /// Ends every live session of an account but one.
    pub(super) fn ends_all(&self, id: AccountId, why: SessionEnd, but: Option<SessionId>) -> Vec<Event> {
        let sessions = self.state.accounts.sessions_of(id).filter(|session| self.now < session.ends);
        sessions.filter(|session| Some(session.id) != but).map(|session| ended(session, why)).collect()
    }

    /// Checks a second factor: the time step it used up, and the event that uses up a recovery code.
    fn proven(&self, account: &Account, proof: Proof) -> Result<(Option<u64>, Option<Event>), Refusal> {
        match (&account.second_factor, proof) {
            (None, Proof::None) => Ok((None, None)),
            (Some(_), Proof::None) => {
                Err(Refusal::new(Rule::SignIn, "a code of the second factor is needed")
                    .field("code")
                    .remedy("give the code your authenticator shows, or a recovery code"))
            }
            // RFC 6238 section 5.2: a code is taken once.
            (Some(factor), Proof::Code { step }) if step > factor.last_step => Ok((Some(step), None)),
            (Some(factor), Proof::Recovery { code }) if factor.recovery.contains(&code) => {
                let used = Event::RecoveryUsed { account: account.id, person: account.person, code };
                Ok((None, Some(used)))
            }
            (_, Proof::Code { .. } | Proof::Recovery { .. }) => {
                Err(Refusal::new(Rule::SignIn, "this code is not right, or was used before")
                    .field("code")
                    .remedy("wait for the next code"))
            }
        }
    }

    fn not_waiting(&self, account: &Account) -> Result<(), Refusal> {
        let Some(until) = account.waits(self.now) else {
            return Ok(());
        };
        Err(must_wait(self.state, until))
    }
}

/// Too many failures: until when nobody can sign in to an account.
#[must_use]
pub fn must_wait(state: &State, until: Time) -> Refusal {
    let until = until.for_people(&state.organisation.zone);
    Refusal::new(Rule::SignIn, format!("too many failures: nobody can sign in here before {until}"))
        .remedy("try again then")
}

/// How long an account waits after this many failures in a row: 1 minute after 5, then twice as long each, up to 1 hour.
fn wait_after(failures: u32) -> Option<i64> {
    let doublings = failures.checked_sub(FAILURES_BEFORE_WAIT)?;
    Some(FIRST_WAIT.saturating_mul(1_i64 << doublings.min(10)).min(LONGEST_WAIT))
}

fn wrong() -> Refusal {
    Refusal::new(Rule::SignIn, "mail address or password are not right")
        .remedy("try again, or ask an administrator")
}

pub(super) fn ended(session: &Session, reason: SessionEnd) -> Event {
    Event::SessionEnded { session: session.id, account: session.account, person: session.person, reason }
}
