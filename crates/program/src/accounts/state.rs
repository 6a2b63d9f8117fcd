//! The accounts, sessions and tokens as they stand.

use super::{Event, Hidden, Method, TokenScope};
use crate::{AccountId, Digest, Line, PersonId, Recorded, SessionId, State, Subject, Time, TokenId};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// A one-time link that was sent and not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// SHA-256 of its token.
    pub digest: Digest,
    /// Until when it is good.
    pub ends: Time,
}

/// A second factor that was set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The shared secret, base64.
    pub secret: Hidden,
    /// SHA-256 of the recovery codes not used yet.
    pub recovery: BTreeSet<Digest>,
    /// The last time step a code was taken for; only a later one counts.
    pub last_step: u64,
    /// When it was set up.
    pub since: Time,
}

/// A local account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// Whose it is.
    pub person: PersonId,
    /// The password's verifier (a PHC string), once the account was opened.
    pub verifier: Option<Hidden>,
    /// A link that is out.
    pub invite: Option<Invite>,
    /// The second factor, where one was set up.
    pub second_factor: Option<SecondFactor>,
    /// Wrong passwords or codes since the last session was begun.
    pub failures: u32,
    /// Until when it has to wait for another try.
    pub until: Option<Time>,
    /// When the last session was begun.
    pub last_sign_in: Option<Time>,
    /// When it was closed.
    pub closed: Option<Time>,
}

impl Account {
    /// Was a password set, and is the account not closed?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.verifier.is_some() && self.closed.is_none()
    }

    /// Until when nobody can sign in after too many failures, where that is still to come.
    #[must_use]
    pub fn waits(&self, now: Time) -> Option<Time> {
        self.until.filter(|until| now < *until)
    }
}

/// A session that has not been ended. Whether it is still good says [`live_session`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The account.
    pub account: AccountId,
    /// Whose.
    pub person: PersonId,
    /// SHA-256 of its token.
    pub token: Digest,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// How it was begun.
    pub method: Method,
    /// When the second factor was last proven in it.
    pub second_factor_at: Option<Time>,
    /// When it was begun.
    pub started: Time,
    /// When it ends, whatever happens.
    pub ends: Time,
}

/// A token for the REST API that has not been revoked. Whether it is still good says [`live_token`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The id.
    pub id: TokenId,
    /// The account.
    pub account: AccountId,
    /// Whose.
    pub person: PersonId,
    /// What the person calls it.
    pub name: Line,
    /// SHA-256 of it.
    pub digest: Digest,
    /// What it may be used for.
    pub scopes: BTreeSet<TokenScope>,
    /// When it was issued.
    pub issued: Time,
    /// Until when it is good.
    pub ends: Time,
}

/// All accounts, and the sessions and tokens in use. What was ended or revoked is in the record, not in memory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Accounts {
    by_id: OrdMap<AccountId, Arc<Account>>,
    by_person: OrdMap<PersonId, AccountId>,
    invites: OrdMap<Digest, AccountId>,
    sessions: OrdMap<(AccountId, SessionId), Arc<Session>>,
    session_tokens: OrdMap<Digest, (AccountId, SessionId)>,
    tokens: OrdMap<(AccountId, TokenId), Arc<Token>>,
    token_digests: OrdMap<Digest, (AccountId, TokenId)>,
    last_account: u32,
    last_session: u32,
    last_token: u32,
}

/// The account of the person with this mail address.
#[must_use]
pub fn account_by_mail<'a>(state: &'a State, mail: &str) -> Option<&'a Account> {
    state.people.by_mail(mail).and_then(|person| state.accounts.of(person.id))
}

/// The session with this token, where it is good at `now`: begun, not ended, its person active, its account not closed.
#[must_use]
pub fn live_session<'a>(state: &'a State, token: &Digest, now: Time) -> Option<&'a Session> {
    let session = state.accounts.session_by_token(token)?;
    let good = session.started <= now && now < session.ends && usable(state, session.account, now);
    good.then_some(session)
}

/// The token with this digest, where it is good at `now`: not revoked, not past its end, its person active.
#[must_use]
pub fn live_token<'a>(state: &'a State, digest: &Digest, now: Time) -> Option<&'a Token> {
    let token = state.accounts.token_by_digest(digest)?;
    (now < token.ends && usable(state, token.account, now)).then_some(token)
}

/// Is the account open, and its person active?
pub(super) fn usable(state: &State, account: AccountId, now: Time) -> bool {
    let account = state.accounts.get(account).filter(|account| account.is_open());
    account.and_then(|account| state.people.get(account.person)).is_some_and(|person| person.is_active(now))
}

impl Accounts {
    /// The account with this id.
    #[must_use]
    pub fn get(&self, id: AccountId) -> Option<&Account> {
        self.by_id.get(&id).map(Arc::as_ref)
    }

    /// The account of a person; after a closed one was followed by another, the newer.
    #[must_use]
    pub fn of(&self, person: PersonId) -> Option<&Account> {
        self.by_person.get(&person).and_then(|id| self.get(*id))
    }

    /// All accounts, closed ones included.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values().map(Arc::as_ref)
    }

    /// The account a one-time link is for, whether or not the link is still good.
    #[must_use]
    pub fn by_invite(&self, digest: &Digest) -> Option<&Account> {
        self.invites.get(digest).and_then(|id| self.get(*id))
    }

    /// The session with this id, where it has not been ended.
    #[must_use]
    pub fn session(&self, account: AccountId, id: SessionId) -> Option<&Session> {
        self.sessions.get(&(account, id)).map(Arc::as_ref)
    }

    /// The session with this token, where it has not been ended. For letting somebody in ask [`live_session`].
    #[must_use]
    pub fn session_by_token(&self, token: &Digest) -> Option<&Session> {
        self.session_tokens.get(token).and_then(|key| self.sessions.get(key)).map(Arc::as_ref)
    }

    /// The sessions of an account that have not been ended, oldest first.
    pub fn sessions_of(&self, account: AccountId) -> impl Iterator<Item = &Session> {
        let from = (account, SessionId(0));
        self.sessions.range(from..=(account, SessionId(u32::MAX))).map(|(_, session)| session.as_ref())
    }

    /// The token with this digest, where it has not been revoked. For letting somebody in ask [`live_token`].
    #[must_use]
    pub fn token_by_digest(&self, digest: &Digest) -> Option<&Token> {
        self.token_digests.get(digest).and_then(|key| self.tokens.get(key)).map(Arc::as_ref)
    }

    /// The tokens of an account that have not been revoked, oldest first.
    pub fn tokens_of(&self, account: AccountId) -> impl Iterator<Item = &Token> {
        let from = (account, TokenId(0));
        self.tokens.range(from..=(account, TokenId(u32::MAX))).map(|(_, token)| token.as_ref())
    }

    /// The id the next account will have.
    #[must_use]
    pub fn next_account(&self) -> AccountId {
        AccountId(self.last_account.saturating_add(1))
    }

    /// The id the next session will have.
    #[must_use]
    pub fn next_session(&self) -> SessionId {
        SessionId(self.last_session.saturating_add(1))
    }

    /// The id the next token will have.
    #[must_use]
    pub fn next_token(&self) -> TokenId {
        TokenId(self.last_token.saturating_add(1))
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        let time = recorded.time;
        match event {
            Event::Invited { account, person, invite, ends } => {
                self.last_account = self.last_account.max(account.0);
                let known = self.get(*account).cloned();
                self.by_person.insert(*person, *account);
                self.put(known.unwrap_or_else(|| Account::new(*account, *person)));
                self.offer(*account, *invite, *ends);
            }
            Event::ResetOffered { account, invite, ends, .. } => self.offer(*account, *invite, *ends),
            Event::Opened { account, verifier, .. } => {
                self.withdraw_invite(*account);
                self.alter(*account, |a| {
                    a.verifier = Some(verifier.clone());
                    a.failures = 0;
                    a.until = None;
                });
            }
            Event::PasswordChanged { account, verifier, .. } => {
                self.withdraw_invite(*account);
                self.alter(*account, |a| a.verifier = Some(verifier.clone()));
            }
            Event::SecondFactorSet { account, secret, recovery, totp_step, .. } => {
                let recovery = recovery.iter().copied().collect();
                let factor =
                    SecondFactor { secret: secret.clone(), recovery, last_step: *totp_step, since: time };
                self.alter(*account, |a| a.second_factor = Some(factor));
            }
            Event::SecondFactorRemoved { account, .. } => self.alter(*account, |a| a.second_factor = None),
            Event::RecoveryUsed { account, code, .. } => self.alter(*account, |a| {
                if let Some(factor) = &mut a.second_factor {
                    factor.recovery.remove(code);
                }
            }),
            Event::SignInFailed { account, failures, until, .. } => self.alter(*account, |a| {
                a.failures = *failures;
                a.until = *until;
            }),
            Event::Closed { account, .. } => self.close(*account, time),
            Event::SessionStarted {
                session,
                account,
                person,
                token,
                address,
                method,
                second_factor_at,
                totp_step,
                ends,
            } => {
                self.drop_past_sessions(*account, time);
                self.alter(*account, |a| {
                    a.failures = 0;
                    a.until = None;
                    a.last_sign_in = Some(time);
                    a.took_step(*totp_step);
                });
                self.last_session = self.last_session.max(session.0);
                self.session_tokens.insert(*token, (*account, *session));
                let session = Session {
                    id: *session,
                    account: *account,
                    person: *person,
                    token: *token,
                    address: *address,
                    method: *method,
                    second_factor_at: *second_factor_at,
                    started: time,
                    ends: *ends,
                };
                self.sessions.insert((*account, session.id), Arc::new(session));
            }
            Event::SessionConfirmed { session, account, at, totp_step, .. } => {
                if let Some(known) = self.session(*account, *session) {
                    let known = Session { second_factor_at: Some(*at), ..known.clone() };
                    self.sessions.insert((*account, *session), Arc::new(known));
                }
                self.alter(*account, |a| {
                    a.failures = 0;
                    a.until = None;
                    a.took_step(*totp_step);
                });
            }
            Event::SessionEnded { session, account, .. } => self.drop_session(*account, *session),
            Event::TokenIssued { token, account, person, name, digest, scopes, ends } => {
                self.last_token = self.last_token.max(token.0);
                self.token_digests.insert(*digest, (*account, *token));
                let token = Token {
                    id: *token,
                    account: *account,
                    person: *person,
                    name: name.clone(),
                    digest: *digest,
                    scopes: scopes.clone(),
                    issued: time,
                    ends: *ends,
                };
                self.tokens.insert((*account, token.id), Arc::new(token));
            }
            Event::TokenRevoked { token, account, .. } => self.drop_token(*account, *token),
        }
    }

    pub(crate) fn note_number(&mut self, subject: Subject) {
        match subject {
            Subject::AccountId(id) => self.last_account = self.last_account.max(id.0),
            Subject::SessionId(id) => self.last_session = self.last_session.max(id.0),
            Subject::TokenId(id) => self.last_token = self.last_token.max(id.0),
            _ => {}
        }
    }

    /// Forgets somebody whose data were erased.
    pub(crate) fn forget(&mut self, person: PersonId, time: Time) {
        let theirs: Vec<AccountId> = self.iter().filter(|a| a.person == person).map(|a| a.id).collect();
        for account in theirs {
            self.close(account, time);
            self.by_id.remove(&account);
        }
        self.by_person.remove(&person);
    }

    fn close(&mut self, account: AccountId, time: Time) {
        self.withdraw_invite(account);
        let sessions: Vec<SessionId> = self.sessions_of(account).map(|session| session.id).collect();
        sessions.into_iter().for_each(|session| self.drop_session(account, session));
        let tokens: Vec<TokenId> = self.tokens_of(account).map(|token| token.id).collect();
        tokens.into_iter().for_each(|token| self.drop_token(account, token));
        self.alter(account, |a| {
            a.verifier = None;
            a.second_factor = None;
            a.closed = Some(time);
        });
    }

    fn offer(&mut self, account: AccountId, digest: Digest, ends: Time) {
        self.withdraw_invite(account);
        self.invites.insert(digest, account);
        self.alter(account, |a| a.invite = Some(Invite { digest, ends }));
    }

    fn withdraw_invite(&mut self, account: AccountId) {
        if let Some(invite) = self.get(account).and_then(|a| a.invite.clone()) {
            self.invites.remove(&invite.digest);
            self.alter(account, |a| a.invite = None);
        }
    }

    /// Sessions past their absolute end need no event of their own: they leave when the next one begins.
    fn drop_past_sessions(&mut self, account: AccountId, now: Time) {
        let past = self.sessions_of(account).filter(|session| session.ends <= now).map(|session| session.id);
        let past: Vec<SessionId> = past.collect();
        past.into_iter().for_each(|session| self.drop_session(account, session));
    }

    fn drop_session(&mut self, account: AccountId, session: SessionId) {
        if let Some(session) = self.sessions.remove(&(account, session)) {
            self.session_tokens.remove(&session.token);
        }
    }

    fn drop_token(&mut self, account: AccountId, token: TokenId) {
        if let Some(token) = self.tokens.remove(&(account, token)) {
            self.token_digests.remove(&token.digest);
        }
    }

    fn alter(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(mut account) = self.get(id).cloned() {
            change(&mut account);
            self.put(account);
        }
    }

    fn put(&mut self, account: Account) {
        self.by_id.insert(account.id, Arc::new(account));
    }
}

impl Account {
    fn new(id: AccountId, person: PersonId) -> Self {
        Self {
            id,
            person,
            verifier: None,
            invite: None,
            second_factor: None,
            failures: 0,
            until: None,
            last_sign_in: None,
            closed: None,
        }
    }

    fn took_step(&mut self, step: Option<u64>) {
        if let (Some(factor), Some(step)) = (&mut self.second_factor, step) {
            factor.last_step = factor.last_step.max(step);
        }
    }
}
