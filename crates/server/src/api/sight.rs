//! What a caller may know, asked of the rules themselves.

use super::extract::Caller;
use super::secrets::Secret;
use program::people::Role;
use program::secrets as domain;
use program::{Refusal, SecretId, Subject, access, sight};

impl Caller {
    pub(super) fn holds(&self, roles: &[Role]) -> bool {
        self.actor.holds(&self.state, self.now, roles)
    }

    /// May the caller know of what this id names?
    pub(super) fn sees(&self, subject: impl Into<Subject>) -> bool {
        sight::may_see(&self.state, &self.actor, self.now, subject.into())
    }

    /// The secret, if the caller may know of it; otherwise it is unknown, whether it exists or not.
    pub(super) fn secret(&self, id: SecretId) -> Result<&domain::Secret, Refusal> {
        self.state.secrets.get(id).filter(|_| self.sees(id)).ok_or_else(|| Refusal::unknown(id))
    }

    /// The secret as far as the register shows it to the caller.
    pub(super) fn shown(&self, secret: &domain::Secret) -> Secret {
        let whole = domain::may_see_whole(&self.state, &self.actor, self.now, secret);
        Secret::new(&domain::shown(&self.state, &self.actor, self.now, secret), whole)
    }

    /// May the caller know who has access to this secret?
    pub(super) fn oversees(&self, secret: SecretId) -> bool {
        access::may_oversee(&self.state, &self.actor, self.now, secret)
    }
}
