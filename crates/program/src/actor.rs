//! Who acts, and how they came in.

use crate::people::Role;
use crate::{AccountId, PersonId, Refusal, SessionId, State, Time, TokenId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The way in which an act reached us. It stands in every entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum Via {
    /// A signed-in browser.
    Browser {
        /// The session.
        session: SessionId,
    },
    /// The REST API with a token.
    Api {
        /// The token.
        token: TokenId,
    },
    /// The local command line: whoever holds the passphrase and the data folder.
    Shell {
        /// The operating system's name of the user.
        os_user: String,
    },
    /// A one-time link, before there is an account to sign in with; or the sign-in page itself.
    Link,
    /// The program itself, on a schedule.
    Program,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The account they signed in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// How they came in.
    pub via: Via,
    /// When they last proved a second factor, on this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_at: Option<Time>,
    /// Where they came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The local shell: a person acting through it, or nobody but the operator.
    #[must_use]
    pub fn shell(os_user: &str, person: Option<PersonId>) -> Self {
        let via = Via::Shell { os_user: os_user.to_owned() };
        Self { person, account: None, via, second_factor_at: None, address: None }
    }

    /// The program itself.
    #[must_use]
    pub fn program() -> Self {
        Self { person: None, account: None, via: Via::Program, second_factor_at: None, address: None }
    }

    /// Somebody who has not signed in yet.
    #[must_use]
    pub fn link(address: Option<IpAddr>) -> Self {
        Self { person: None, account: None, via: Via::Link, second_factor_at: None, address }
    }

    /// Is this the operator of the machine, acting for nobody else? The operator manages; what only a person can do
    /// (sign, approve, request, open) needs a person.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.person.is_none() && matches!(self.via, Via::Shell { .. })
    }

    /// Does the actor hold one of `roles` now? The operator holds every managing role; a person must be active.
    #[must_use]
    pub fn holds(&self, state: &State, now: Time, roles: &[Role]) -> bool {
        if self.is_operator() {
            return true;
        }
        let person = self.person.and_then(|id| state.people.get(id));
        person.is_some_and(|p| p.is_active(now) && roles.iter().any(|role| p.roles.contains(role)))
    }

    /// The actor must hold one of `roles`.
    ///
    /// # Errors
    /// A refusal that names who may do `act`.
    pub fn require(&self, state: &State, now: Time, roles: &[Role], act: &str) -> Result<(), Refusal> {
        if self.holds(state, now, roles) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|role| role.with_article()).collect();
        Err(Refusal::role(act, &names.join(" or ")))
    }

    /// The actor must be an active person, not the operator of the machine.
    ///
    /// # Errors
    /// A refusal that says how to act as a person.
    pub fn person(&self, state: &State, now: Time, act: &str) -> Result<PersonId, Refusal> {
        let refused = |why: &str| Refusal::role(act, "a person of this organisation").remedy(why);
        let id = self.person.ok_or_else(|| refused("sign in, or name the person with --as"))?;
        let person = state.people.get(id).ok_or_else(|| Refusal::unknown(id))?;
        if person.is_active(now) {
            Ok(id)
        } else {
            Err(refused("their employment has not begun, has ended, or is suspended: ask HR"))
        }
    }
}
