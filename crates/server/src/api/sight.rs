//! Who may look at what, where the state is read and no act of the domain decides.

use super::extract::Caller;
use program::access::{Grant, Request};
use program::people::{Person, Role};
use program::secrets::{self, Secret};
use program::{AgreementId, PersonId, Refusal, SecretId};

/// Those who oversee access.
const OVERSEERS: [Role; 3] = [Role::Counsel, Role::SecurityOfficer, Role::Auditor];

impl Caller {
    pub(super) fn holds(&self, roles: &[Role]) -> bool {
        self.actor.holds(&self.state, self.now, roles)
    }

    /// The secret, if the caller may know of it; otherwise it is unknown, whether it exists or not.
    pub(super) fn secret(&self, id: SecretId) -> Result<&Secret, Refusal> {
        let found = self.state.secrets.get(id).filter(|secret| self.sees(secret));
        found.ok_or_else(|| Refusal::unknown(id))
    }

    pub(super) fn sees(&self, secret: &Secret) -> bool {
        secrets::may_see(&self.state, &self.actor, self.now, secret)
    }

    /// Who has access to a secret is told to its owner and to those who oversee access.
    pub(super) fn oversees(&self, secret: SecretId) -> bool {
        let owned = self.state.secrets.get(secret).is_some_and(|secret| secret.profile.owner == self.person);
        owned || self.holds(&OVERSEERS)
    }

    pub(super) fn sees_request(&self, request: &Request) -> bool {
        request.person == self.person || self.oversees(request.secret)
    }

    /// Human resources take grants back when somebody leaves, so they see them.
    pub(super) fn sees_grant(&self, grant: &Grant) -> bool {
        grant.person == self.person || self.oversees(grant.secret) || self.holds(&[Role::HumanResources])
    }

    /// Clearance, roles, dates and mail address of others are for those who run the programme.
    pub(super) fn sees_all_of(&self, person: &Person) -> bool {
        let runs =
            [Role::Administrator, Role::HumanResources, Role::SecurityOfficer, Role::Counsel, Role::Auditor];
        person.id == self.person || person.manager == Some(self.person) || self.holds(&runs)
    }

    /// Those who run or audit the agreements see all of them; others those they were asked to sign or signed.
    pub(super) fn sees_agreement(&self, id: AgreementId) -> bool {
        self.runs_agreements() || self.state.agreements.parties(id).any(|person| person == self.person)
    }

    pub(super) fn runs_agreements(&self) -> bool {
        self.holds(&[Role::Counsel, Role::HumanResources, Role::Auditor])
    }

    /// Accounts of others are for those who invite and close them.
    pub(super) fn sees_account_of(&self, person: PersonId) -> bool {
        person == self.person || self.holds(&[Role::Administrator, Role::HumanResources, Role::Auditor])
    }
}
