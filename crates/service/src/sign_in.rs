//! Local accounts: passwords (Argon2id), time-based codes (RFC 6238), recovery codes, sessions and tokens.
//!
//! Here secrets are made, hashed and compared; `program` decides what follows. No secret is ever recorded: a session's or
//! token's digest, a password's verifier, a recovery code's digest are.

use crate::error::ServiceError;
use crate::house::Service;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD};
use program::accounts::{self, Account, Command, Hidden, Proof, SessionEnd, SignIn, TokenScope};
use program::people::Mail;
use program::{AccountId, Actor, Digest, Line, PersonId, Refusal, Rule, SessionId, Time, Via};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Argon2id for passwords of people: 19 MiB, two passes, one lane (OWASP's floor), as they are checked while somebody
/// waits; the root key's passphrase costs an attacker far more.
const PASSWORD_COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// A code is taken one step early or late: clocks of telephones are not exact.
const SKEW: u16 = 1;
/// How many passwords are checked at once: each costs 19 MiB, and a flood of guesses must not take the machine.
const AT_ONCE: usize = 4;

/// When each session was last used, in this process; and what is only known until the program ends.
pub(crate) struct Presence {
    seen: Mutex<HashMap<SessionId, Time>>,
    set_up: Mutex<Option<Digest>>,
    checking: tokio::sync::Semaphore,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            set_up: Mutex::default(),
            checking: tokio::sync::Semaphore::new(AT_ONCE),
        }
    }
}

/// Somebody is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's token, for the cookie. Only its digest is kept.
    pub token: Zeroizing<String>,
    /// When the session ends, whatever happens.
    pub ends: Time,
    /// Who it is.
    pub person: PersonId,
}

/// What a try at signing in came to.
#[derive(Debug)]
pub enum SignInOutcome {
    /// It worked.
    Done(SignedIn),
    /// The password is right; the account has a second factor, and its code is needed too.
    NeedsCode,
}

/// A second factor about to be set up: to be shown once.
pub struct NewSecondFactor {
    /// The shared secret in base32, for typing.
    pub secret: Zeroizing<String>,
    /// The `otpauth://` address, for a QR code.
    pub address: Zeroizing<String>,
}

impl Service {
    /// While there is no administrator: the token of a one-time set-up link. Making a new one ends the one before.
    ///
    /// # Errors
    /// No randomness.
    pub fn set_up_link(&self) -> Result<Option<Zeroizing<String>>, ServiceError> {
        let state = self.state();
        if state.people.iter().any(|person| person.roles.contains(&program::people::Role::Administrator)) {
            return Ok(None);
        }
        let token = random_token()?;
        *self.house.presence.set_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest(&token));
        Ok(Some(token))
    }

    /// Is this the token of the set-up link?
    #[must_use]
    pub fn is_set_up_link(&self, token: &str) -> bool {
        *self.house.presence.set_up.lock().unwrap_or_else(PoisonError::into_inner) == Some(digest(token))
    }

    /// Enters the first administrator and signs them in.
    ///
    /// # Errors
    /// The link is not (or no longer) the right one; the password is too easy; an administrator exists.
    pub async fn set_up(
        &self,
        token: &str,
        name: Line,
        mail: Mail,
        department: Line,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, ServiceError> {
        if !self.is_set_up_link(token) {
            return Err(Refusal::new(Rule::SignIn, "this set-up link is not valid any more")
                .remedy("start the server again: it prints a new one as long as nobody has been set up")
                .into());
        }
        accounts::check_password(&password, name.as_str(), mail.as_str())?;
        let verifier = Some(self.hash(password.clone()).await?);
        let invite = digest(&random_token()?);
        let mail_text = mail.as_str().to_owned();
        let command = Command::FirstAdministrator { name, mail, department, invite, verifier };
        self.act(&Actor::link(address), command).await?;
        *self.house.presence.set_up.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.sign_in(&mail_text, password, None, address).await? {
            SignInOutcome::Done(signed_in) => Ok(signed_in),
            SignInOutcome::NeedsCode => Err(wrong().into()),
        }
    }

    /// Signs somebody in with their mail address, password and, where the account has one, second factor.
    ///
    /// # Errors
    /// One sentence for whatever is wrong; or, after repeated failures, until when to wait.
    pub async fn sign_in(
        &self,
        mail: &str,
        password: Zeroizing<String>,
        code: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<SignInOutcome, ServiceError> {
        let state = self.state();
        let actor = Actor::link(address);
        let account = accounts::account_by_mail(&state, mail);
        if let Some(until) = account.and_then(|account| account.waits(self.now())) {
            return Err(accounts::must_wait(&state, until).into());
        }
        let verifier = account.and_then(|account| account.verifier.clone());
        let right = self.check(password, verifier).await?;
        let Some(account) = account else {
            return Err(wrong().into());
        };
        let fail = async || -> ServiceError {
            match self.act(&actor, Command::NoteFailure { account: account.id }).await {
                Ok(_) => wrong().into(),
                Err(error) => error,
            }
        };
        if !right {
            return Err(fail().await);
        }
        let proof = match (&account.second_factor, code) {
            (None, _) => Proof::None,
            (Some(_), None) => return Ok(SignInOutcome::NeedsCode),
            (Some(_), Some(code)) => match self.proof(account, code) {
                Some(proof) => proof,
                None => return Err(fail().await),
            },
        };
        self.start_session(account.id, account.person, proof, address).await.map(SignInOutcome::Done)
    }

    async fn start_session(
        &self,
        account: AccountId,
        person: PersonId,
        proof: Proof,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, ServiceError> {
        let token = random_token()?;
        let sign_in = SignIn { account, token: digest(&token), proof };
        let by = Actor { person: Some(person), account: Some(account), ..Actor::link(address) };
        let done = self.act(&by, Command::StartSession(sign_in)).await?;
        let session = done.state.accounts.session_by_token(&digest(&token)).ok_or_else(wrong)?;
        self.see(session.id, session.started);
        Ok(SignedIn { token, ends: session.ends, person })
    }

    /// Who holds this session's token, if the session is live. A session that was idle too long ends here.
    ///
    /// # Errors
    /// The end of an idle session could not be recorded.
    pub async fn session(&self, token: &str, address: Option<IpAddr>) -> Result<Option<Actor>, ServiceError> {
        let (state, now) = (self.state(), self.now());
        let Some(session) = accounts::live_session(&state, &digest(token), now) else {
            return Ok(None);
        };
        let last = self.last_seen(session.id).unwrap_or(session.started);
        if now - last >= accounts::SESSION_IDLE {
            let (account, session) = (session.account, session.id);
            let command = Command::EndSession { account, session, reason: SessionEnd::Idle };
            self.act(&Actor::program(), command).await?;
            return Ok(None);
        }
        self.see(session.id, now);
        Ok(Some(Actor {
            person: Some(session.person),
            account: Some(session.account),
            via: Via::Browser { session: session.id },
            second_factor_at: session.second_factor_at,
            address,
        }))
    }

    /// Who holds this API token, and what it may be used for.
    #[must_use]
    pub fn token(&self, token: &str, address: Option<IpAddr>) -> Option<(Actor, BTreeSet<TokenScope>)> {
        let state = self.state();
        let token = accounts::live_token(&state, &digest(token), self.now())?;
        let actor = Actor {
            person: Some(token.person),
            account: Some(token.account),
            via: Via::Api { token: token.id },
            second_factor_at: None,
            address,
        };
        Some((actor, token.scopes.clone()))
    }

    /// Invites a person to open an account: the token of a one-time link.
    ///
    /// # Errors
    /// The actor may not invite, or the person has an account.
    pub async fn invite(&self, actor: &Actor, person: PersonId) -> Result<Zeroizing<String>, ServiceError> {
        let token = random_token()?;
        self.act(actor, Command::Invite { person, invite: digest(&token) }).await?;
        Ok(token)
    }

    /// Offers a one-time link to set a new password.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn offer_reset(
        &self,
        actor: &Actor,
        account: AccountId,
    ) -> Result<Zeroizing<String>, ServiceError> {
        let token = random_token()?;
        self.act(actor, Command::OfferReset { account, invite: digest(&token) }).await?;
        Ok(token)
    }

    /// The person whom a one-time link was made for, while it is good.
    #[must_use]
    pub fn invited(&self, token: &str) -> Option<PersonId> {
        let state = self.state();
        let account = state.accounts.by_invite(&digest(token))?;
        let good = account.invite.as_ref().is_some_and(|invite| self.now() < invite.ends);
        good.then_some(account.person)
    }

    /// Uses a one-time link: sets the password.
    ///
    /// # Errors
    /// The link is spent, or the password too easy.
    pub async fn accept_invite(
        &self,
        token: &str,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<(), ServiceError> {
        let state = self.state();
        let invited = self.invited(token).and_then(|person| state.people.get(person));
        if let Some(person) = invited {
            accounts::check_password(&password, person.name.as_str(), person.mail.as_str())?;
        }
        let verifier = self.hash(password).await?;
        self.act(&Actor::link(address), Command::Open { invite: digest(token), verifier }).await?;
        Ok(())
    }

    /// Changes one's own password.
    ///
    /// # Errors
    /// The old one is wrong, or the new one too easy.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: Zeroizing<String>,
        new: Zeroizing<String>,
    ) -> Result<(), ServiceError> {
        let state = self.state();
        let account = own_account(&state, actor)?;
        if !self.check(old, account.verifier.clone()).await? {
            return Err(Refusal::input("old", "the present password is wrong").into());
        }
        let person = state.people.get(account.person).ok_or_else(wrong)?;
        accounts::check_password(&new, person.name.as_str(), person.mail.as_str())?;
        let verifier = self.hash(new).await?;
        self.act(actor, Command::ChangePassword { verifier }).await?;
        Ok(())
    }

    /// Begins to set up a second factor: the secret to scan. Nothing is recorded until a first code proves it.
    ///
    /// # Errors
    /// The actor has no account, or there is no randomness.
    pub fn new_second_factor(&self, actor: &Actor) -> Result<NewSecondFactor, ServiceError> {
        let state = self.state();
        let account = own_account(&state, actor)?;
        let mut bytes = Zeroizing::new([0u8; 20]);
        random(bytes.as_mut_slice())?;
        let secret = Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice()));
        let name = state
            .people
            .get(account.person)
            .map_or("account", |person| person.mail.as_str())
            .replace(':', "");
        let address = totp(bytes.as_slice(), &name, &state.organisation.name)?.to_url();
        let address = address.map_err(|error| ServiceError::Storage(error.to_string()))?;
        Ok(NewSecondFactor { secret, address: Zeroizing::new(address) })
    }

    /// Sets up the second factor: the secret that was shown, and a first code from it. Gives the recovery codes, once.
    ///
    /// # Errors
    /// The code does not fit the secret.
    pub async fn set_second_factor(
        &self,
        actor: &Actor,
        secret: &str,
        code: &str,
    ) -> Result<Vec<Zeroizing<String>>, ServiceError> {
        let bytes = BASE32_NOPAD.decode(secret.trim().as_bytes()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| Refusal::input("secret", "the secret is not complete: begin again"))?;
        let step = self.step(&bytes, code).ok_or_else(|| {
            Refusal::input("code", "the code does not fit")
                .remedy("wait for the next one, and check the telephone's clock")
        })?;
        let codes: Vec<Zeroizing<String>> =
            (0..accounts::RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<_, _>>()?;
        let recovery = codes.iter().map(|code| digest(&normal(code))).collect();
        let secret = Hidden::new(BASE64.encode(&bytes));
        self.act(actor, Command::SetSecondFactor { secret, recovery, totp_step: step }).await?;
        Ok(codes)
    }

    /// Proves the second factor again in one's own session.
    ///
    /// # Errors
    /// The code is wrong or was used.
    pub async fn confirm_second_factor(&self, actor: &Actor, code: &str) -> Result<(), ServiceError> {
        let state = self.state();
        let account = own_account(&state, actor)?;
        if let Some(until) = account.waits(self.now()) {
            return Err(accounts::must_wait(&state, until).into());
        }
        let Some(proof) = self.proof(account, code) else {
            self.act(&Actor::link(actor.address), Command::NoteFailure { account: account.id }).await?;
            return Err(Refusal::input("code", "the code does not fit")
                .remedy("wait for the next one")
                .into());
        };
        self.act(actor, Command::ConfirmSecondFactor { proof }).await?;
        Ok(())
    }

    /// Issues a token for the REST API: shown once.
    ///
    /// # Errors
    /// A rule refuses it.
    pub async fn issue_token(
        &self,
        actor: &Actor,
        name: Line,
        scopes: BTreeSet<TokenScope>,
        ends: Time,
    ) -> Result<Zeroizing<String>, ServiceError> {
        let token = Zeroizing::new(format!("rf_{}", random_token()?.as_str()));
        self.act(actor, Command::IssueToken { name, digest: digest(&token), scopes, ends }).await?;
        Ok(token)
    }

    fn see(&self, session: SessionId, now: Time) {
        let mut seen = self.house.presence.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > 10_000 {
            seen.retain(|_, last| now - *last < accounts::SESSION_IDLE);
        }
        seen.insert(session, now);
    }

    fn last_seen(&self, session: SessionId) -> Option<Time> {
        self.house.presence.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&session).copied()
    }

    fn proof(&self, account: &Account, code: &str) -> Option<Proof> {
        let factor = account.second_factor.as_ref()?;
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() == 6 && typed.bytes().all(|b| b.is_ascii_digit()) {
            let secret = Zeroizing::new(BASE64.decode(factor.secret.reveal().as_bytes()).ok()?);
            return self.step(&secret, &typed).map(|step| Proof::Code { step });
        }
        Some(Proof::Recovery { code: digest(&normal(code)) })
    }

    fn step(&self, secret: &[u8], code: &str) -> Option<u64> {
        let totp = totp(secret, "account", "ringfence").ok()?;
        let seconds = u64::try_from(self.house.clock.now().0.div_euclid(1000)).ok()?;
        totp.check(code.trim(), seconds)
    }

    async fn hash(&self, password: Zeroizing<String>) -> Result<Hidden, ServiceError> {
        let _turn = self.house.presence.checking.acquire().await.map_err(|_| ServiceError::Stopping)?;
        let mut salt = [0u8; 16];
        random(&mut salt)?;
        let hashed = tokio::task::spawn_blocking(move || {
            let hash = argon2id()?.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
        });
        let hashed = hashed.await.map_err(|error| ServiceError::Storage(error.to_string()))?;
        hashed.map(Hidden::new).map_err(ServiceError::Storage)
    }

    /// Checks a password; where there is nothing to check it against, takes as long to say no.
    async fn check(
        &self,
        password: Zeroizing<String>,
        verifier: Option<Hidden>,
    ) -> Result<bool, ServiceError> {
        let Some(verifier) = verifier else {
            self.hash(password).await?;
            return Ok(false);
        };
        let _turn = self.house.presence.checking.acquire().await.map_err(|_| ServiceError::Stopping)?;
        let checked = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(verifier.reveal()).map_err(|error| error.to_string())?;
            Ok::<bool, String>(argon2id()?.verify_password(password.as_bytes(), &hash).is_ok())
        });
        let checked = checked.await.map_err(|error| ServiceError::Storage(error.to_string()))?;
        checked.map_err(ServiceError::Storage)
    }
}

fn own_account<'a>(state: &'a program::State, actor: &Actor) -> Result<&'a Account, Refusal> {
    let account = actor.account.and_then(|id| state.accounts.get(id));
    account.ok_or_else(|| Refusal::role("do this", "somebody signed in to an account of their own"))
}

fn wrong() -> Refusal {
    Refusal::new(Rule::SignIn, "mail address, password or code do not fit")
        .remedy("try again, or ask an administrator for a new link")
}

fn argon2id() -> Result<Argon2<'static>, String> {
    let (memory, passes, lanes) = PASSWORD_COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn totp(secret: &[u8], account: &str, issuer: &str) -> Result<totp_rs::Totp, ServiceError> {
    totp_rs::Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(SKEW)
        .with_account_name(account.to_owned())
        .with_issuer(Some(issuer.replace(':', "")))
        .build()
        .map_err(|error| ServiceError::Storage(error.to_string()))
}

fn random(bytes: &mut [u8]) -> Result<(), ServiceError> {
    getrandom::fill(bytes).map_err(|error| ServiceError::Storage(error.to_string()))
}

fn random_token() -> Result<Zeroizing<String>, ServiceError> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    random(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_slice())))
}

/// A recovery code: 50 bits in base32, as `ABCDE-FGHIJ`.
fn recovery_code() -> Result<Zeroizing<String>, ServiceError> {
    let mut bytes = Zeroizing::new([0u8; 7]);
    random(bytes.as_mut_slice())?;
    let text = Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice()));
    let letters: Vec<char> = text.chars().take(10).collect();
    let (first, second) = letters.split_at(letters.len().min(5));
    Ok(Zeroizing::new(format!("{}-{}", first.iter().collect::<String>(), second.iter().collect::<String>())))
}

/// A recovery code as it is digested: without the dash, space or case that people type.
fn normal(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn digest(text: &str) -> Digest {
    Digest(ledger::sha256(text.as_bytes()).0)
}
