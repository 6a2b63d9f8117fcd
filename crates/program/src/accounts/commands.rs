//! Who may open, protect, reset and close accounts, and begin and end sessions.

use super::state::usable;
use super::{
    Account, Event, FRESH_PROOF, Hidden, INVITE_LASTS, LONGEST_TOKEN, Proof, RECOVERY_CODES, Session,
    SessionEnd, SignIn, TokenScope,
};
use crate::people::{self, Engagement, Joiner, Mail, Profile, Role, check_joiner};
use crate::{
    AccountId, Actor, Digest, Line, PersonId, Refusal, Rule, SessionId, State, Text, Time, TokenId, Via,
};
use std::collections::BTreeSet;

/// Who offers new passwords, takes away second factors and closes accounts.
pub const KEEPERS: &[Role] = &[Role::Administrator];
/// Who invites people to open an account.
pub const INVITERS: &[Role] = &[Role::HumanResources, Role::Administrator];
/// Who ends other people's sessions and revokes their tokens.
pub const ENDERS: &[Role] = &[Role::SecurityOfficer, Role::Administrator];

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
pub fn decide(
    state: &State,
    actor: &Actor,
    now: Time,
    command: &Command,
) -> Result<Vec<crate::Event>, Refusal> {
    let desk = Desk { state, actor, now };
    let events = match command {
        Command::FirstAdministrator { name, mail, department, invite, verifier } => {
            return desk.first_administrator(name, mail, department, *invite, verifier.as_ref());
        }
        Command::Invite { person, invite } => desk.invite(*person, *invite)?,
        Command::Open { invite, verifier } => desk.open(invite, verifier)?,
        Command::ChangePassword { verifier } => desk.change_password(verifier)?,
        Command::OfferReset { account, invite } => desk.offer_reset(*account, *invite)?,
        Command::SetSecondFactor { secret, recovery, totp_step } => {
            desk.set_second_factor(secret, recovery, *totp_step)?
        }
        Command::RemoveSecondFactor { account, reason } => desk.remove_second_factor(*account, reason)?,
        Command::NoteFailure { account } => desk.note_failure(*account)?,
        Command::StartSession(sign_in) => desk.start_session(sign_in)?,
        Command::ConfirmSecondFactor { proof } => desk.confirm(*proof)?,
        Command::EndSession { account, session, reason } => desk.end_session(*account, *session, *reason)?,
        Command::EndAllSessions { account } => desk.end_all_sessions(*account)?,
        Command::IssueToken { name, digest, scopes, ends } => {
            desk.issue_token(name, *digest, scopes, *ends)?
        }
        Command::RevokeToken { account, token, reason } => desk.revoke_token(*account, *token, reason)?,
        Command::Close { account, reason } => desk.close(*account, reason)?,
    };
    Ok(events.into_iter().map(crate::Event::from).collect())
}

/// What every decision looks at.
pub(super) struct Desk<'a> {
    pub(super) state: &'a State,
    pub(super) actor: &'a Actor,
    pub(super) now: Time,
}

impl<'a> Desk<'a> {
    /// The set-up link serves while nobody ever was an administrator. The operator of the machine may also come to the rescue
    /// of an organisation whose last administrator is no longer active.
    fn first_administrator(
        &self,
        name: &Line,
        mail: &Mail,
        department: &Line,
        invite: Digest,
        verifier: Option<&Hidden>,
    ) -> Result<Vec<crate::Event>, Refusal> {
        let mut administrators = self.state.people.administrators();
        let taken = match self.actor.via {
            Via::Link => administrators.next().is_some(),
            _ if self.actor.is_operator() => administrators.any(|person| person.is_active(self.now)),
            _ => {
                return Err(Refusal::role("set up the first administrator", "the holder of the set-up link"));
            }
        };
        if taken {
            return Err(
                Refusal::new(Rule::Taken, "there is an administrator already").remedy("ask them to add you")
            );
        }
        self.fresh(&invite)?;
        let profile = Profile {
            name: name.clone(),
            mail: mail.clone(),
            engagement: Engagement::Employee,
            department: department.clone(),
            job: None,
            manager: None,
            starts: self.now,
            ends: None,
        };
        let roles = BTreeSet::from([Role::Administrator]);
        check_joiner(
            self.state,
            self.now,
            &Joiner { profile: profile.clone(), clearance: 0, roles: roles.clone() },
        )?;
        let person = self.state.people.next();
        let account = self.state.accounts.next_account();
        let invited = Event::Invited { account, person, invite, ends: self.now + INVITE_LASTS };
        let opened = verifier.map(|verifier| Event::Opened { account, person, verifier: verifier.clone() });
        let added = people::Event::Added { person, profile, clearance: 0, roles };
        let accounts = std::iter::once(invited).chain(opened).map(crate::Event::from);
        Ok(std::iter::once(added.into()).chain(accounts).collect())
    }

    fn invite(&self, id: PersonId, invite: Digest) -> Result<Vec<Event>, Refusal> {
        self.require(INVITERS, "invite people")?;
        let person = self.state.people.get(id).ok_or_else(|| Refusal::unknown(id))?;
        // The link goes through the hands of whoever invites: HR must not come to somebody's roles by it.
        if !person.roles.is_empty() {
            self.require(KEEPERS, "invite somebody who holds a role")?;
        }
        if person.ends.is_some_and(|ends| ends <= self.now) {
            return Err(Refusal::new(
                Rule::Standing,
                format!("`{id}` has left, so no account can be opened for them"),
            ));
        }
        self.fresh(&invite)?;
        let known = self.state.accounts.of(id).filter(|account| account.closed.is_none());
        if let Some(open) = known.filter(|account| account.is_open()) {
            let message = format!("`{id}` has the account `{}` already", open.id);
            return Err(Refusal::new(Rule::Taken, message).remedy("offer them a new password instead"));
        }
        let account = known.map_or(self.state.accounts.next_account(), |account| account.id);
        Ok(vec![Event::Invited { account, person: id, invite, ends: self.now + INVITE_LASTS }])
    }

    /// A link that was used, has ended, or never was is refused in the same words.
    fn open(&self, invite: &Digest, verifier: &Hidden) -> Result<Vec<Event>, Refusal> {
        let good = |account: &&Account| {
            let lasts = account.invite.as_ref().is_some_and(|known| self.now < known.ends);
            let person = self.state.people.get(account.person);
            let stays = person.is_some_and(|person| person.ends.is_none_or(|ends| self.now < ends));
            lasts && stays && account.closed.is_none()
        };
        let account = self.state.accounts.by_invite(invite).filter(good).ok_or_else(|| {
            Refusal::new(
                Rule::SignIn,
                "this link is not good: it was used, has ended, or was replaced by a newer one",
            )
            .remedy("ask for a new one")
        })?;
        let opened =
            Event::Opened { account: account.id, person: account.person, verifier: verifier.clone() };
        let ended = self.ends_all(account.id, SessionEnd::Replaced, None);
        Ok(std::iter::once(opened).chain(ended).collect())
    }

    fn change_password(&self, verifier: &Hidden) -> Result<Vec<Event>, Refusal> {
        let (account, session) = self.own_session("change their password")?;
        let changed = Event::PasswordChanged {
            account: account.id,
            person: account.person,
            verifier: verifier.clone(),
        };
        let ended = self.ends_all(account.id, SessionEnd::Replaced, Some(session.id));
        Ok(std::iter::once(changed).chain(ended).collect())
    }

    /// Only an administrator: whoever hands over the link could use it.
    fn offer_reset(&self, id: AccountId, invite: Digest) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "offer a new password")?;
        let account = self.account(id)?;
        if !account.is_open() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` is not open"))
                .remedy("invite the person instead"));
        }
        self.fresh(&invite)?;
        Ok(vec![Event::ResetOffered {
            account: id,
            person: account.person,
            invite,
            ends: self.now + INVITE_LASTS,
        }])
    }

    fn set_second_factor(
        &self,
        secret: &Hidden,
        recovery: &[Digest],
        totp_step: u64,
    ) -> Result<Vec<Event>, Refusal> {
        let (account, session) = self.own_session("set up a second factor")?;
        let proven = self.actor.second_factor_at.is_some_and(|at| self.now - at <= FRESH_PROOF);
        if account.second_factor.is_some() && !proven {
            return Err(Refusal::new(
                Rule::SignIn,
                "replacing a second factor needs a fresh proof of the old one",
            )
            .remedy("give a code of the old one, or a recovery code, first"));
        }
        let distinct: BTreeSet<&Digest> = recovery.iter().collect();
        if recovery.len() != RECOVERY_CODES || distinct.len() != RECOVERY_CODES {
            return Err(Refusal::input(
                "recovery",
                format!("{RECOVERY_CODES} different recovery codes are needed"),
            ));
        }
        let (account, person) = (account.id, account.person);
        let (secret, recovery) = (secret.clone(), recovery.to_vec());
        let confirmed = Event::SessionConfirmed {
            session: session.id,
            account,
            person,
            at: self.now,
            totp_step: Some(totp_step),
        };
        Ok(vec![Event::SecondFactorSet { account, person, secret, recovery, totp_step }, confirmed])
    }

    fn remove_second_factor(&self, id: AccountId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "take away a second factor")?;
        let account = self.account(id)?;
        self.not_own(account, "takes away their own second factor")?;
        if account.second_factor.is_none() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` has no second factor")));
        }
        let removed =
            Event::SecondFactorRemoved { account: id, person: account.person, reason: reason.clone() };
        let ended = self.ends_all(id, SessionEnd::Revoked, None);
        Ok(std::iter::once(removed).chain(ended).collect())
    }

    fn issue_token(
        &self,
        name: &Line,
        digest: Digest,
        scopes: &BTreeSet<TokenScope>,
        ends: Time,
    ) -> Result<Vec<Event>, Refusal> {
        let (account, _) = self.own_session("issue a token to themselves")?;
        if scopes.is_empty() {
            return Err(Refusal::input("scopes", "a token without a scope can do nothing")
                .remedy("choose one at least"));
        }
        if ends <= self.now || ends > self.now + LONGEST_TOKEN {
            return Err(Refusal::input("ends", "a token ends after now, and within a year")
                .remedy("give another end"));
        }
        let live = || self.state.accounts.tokens_of(account.id).filter(|token| self.now < token.ends);
        if live().any(|token| token.name == *name) {
            let message = format!("one of your tokens is called `{name}` already");
            return Err(Refusal::new(Rule::Taken, message).field("name").remedy("give it another name"));
        }
        if self.state.accounts.token_by_digest(&digest).is_some() {
            return Err(Refusal::new(Rule::Taken, "this token is in use already"));
        }
        Ok(vec![Event::TokenIssued {
            token: self.state.accounts.next_token(),
            account: account.id,
            person: account.person,
            name: name.clone(),
            digest,
            scopes: scopes.clone(),
            ends,
        }])
    }

    fn revoke_token(&self, id: AccountId, token: TokenId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.own_or(id, ENDERS, "revoke other people's tokens")?;
        let known = self.state.accounts.tokens_of(id).find(|known| known.id == token);
        let known = known.ok_or_else(|| Refusal::unknown(token))?;
        Ok(vec![Event::TokenRevoked { token, account: id, person: known.person, reason: reason.clone() }])
    }

    fn close(&self, id: AccountId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "close accounts")?;
        let account = self.account(id)?;
        self.not_own(account, "closes their own account")?;
        if account.closed.is_some() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` is closed already")));
        }
        Ok(vec![Event::Closed { account: id, person: account.person, reason: reason.clone() }])
    }

    pub(super) fn account(&self, id: AccountId) -> Result<&'a Account, Refusal> {
        self.state.accounts.get(id).ok_or_else(|| Refusal::unknown(id))
    }

    /// The account and session the actor is signed in with: what concerns one's own proofs of identity is done in a
    /// browser, never with a token.
    pub(super) fn own_session(&self, act: &str) -> Result<(&'a Account, &'a Session), Refusal> {
        let refused = || {
            Refusal::new(Rule::SignIn, format!("only somebody signed in can {act}"))
                .remedy("sign in with a browser")
        };
        let (Some(account), Via::Browser { session }) = (self.actor.account, &self.actor.via) else {
            return Err(refused());
        };
        let session = self.state.accounts.session(account, *session).filter(|session| {
            Some(session.person) == self.actor.person
                && self.now < session.ends
                && usable(self.state, account, self.now)
        });
        match (self.state.accounts.get(account), session) {
            (Some(account), Some(session)) => Ok((account, session)),
            _ => Err(refused()),
        }
    }

    /// One's own account; the program's own housekeeping; or one of `roles`.
    pub(super) fn own_or(&self, id: AccountId, roles: &[Role], act: &str) -> Result<(), Refusal> {
        let own = self.actor.account == Some(id) && usable(self.state, id, self.now);
        if own || self.actor.via == Via::Program { Ok(()) } else { self.require(roles, act) }
    }

    fn not_own(&self, account: &Account, what: &str) -> Result<(), Refusal> {
        if self.actor.person != Some(account.person) {
            return Ok(());
        }
        Err(Refusal::new(Rule::OwnCase, format!("nobody {what}")).remedy("ask another administrator"))
    }

    /// A token's digest that is in use cannot be offered again.
    fn fresh(&self, invite: &Digest) -> Result<(), Refusal> {
        match self.state.accounts.by_invite(invite) {
            Some(_) => Err(Refusal::new(Rule::Taken, "this link is in use already").remedy("make a new one")),
            None => Ok(()),
        }
    }

    fn require(&self, roles: &[Role], act: &str) -> Result<(), Refusal> {
        self.actor.require(self.state, self.now, roles, act)
    }
}
