//! Requirements, requests and grants, as the record adds up to them.

use super::{Event, Requirement};
use crate::secrets::Tier;
use crate::{DAY, GrantId, PersonId, Recorded, RequestId, SecretId, Time};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One approval of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Time,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It waits for (more) approvals.
    Pending,
    /// It became this grant.
    Granted(GrantId),
    /// It was refused, and why.
    Denied(String),
    /// It was taken back.
    Withdrawn,
}

/// A request for access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Who asks.
    pub person: PersonId,
    /// For which secret.
    pub secret: SecretId,
    /// What for.
    pub purpose: String,
    /// Until when access is wanted.
    pub ends: Time,
    /// When it was made.
    pub at: Time,
    /// Who approved it so far.
    pub approvals: Vec<Approval>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why and when a grant was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When.
    pub at: Time,
    /// By whom; absent for the operator of the machine.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: String,
}

/// The after-life of an emergency access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Emergency {
    /// What whoever took it said it was for, and when.
    pub justified: Option<(Time, String)>,
    /// What the owner found: in order or not, and the remark.
    pub reviewed: Option<(Time, bool, Option<String>)>,
}

/// A grant of access to one secret for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who may open.
    pub person: PersonId,
    /// Which secret.
    pub secret: SecretId,
    /// What for.
    pub purpose: String,
    /// From when on.
    pub from: Time,
    /// When it ends (first instant at which it opens nothing).
    pub ends: Time,
    /// Who approved it.
    pub approvers: Vec<PersonId>,
    /// That it was taken back.
    pub revoked: Option<Revocation>,
    /// That it is an emergency access.
    pub emergency: Option<Emergency>,
    /// When something was last opened on it.
    pub last_used: Option<Time>,
}

impl Grant {
    /// Does it hold at `now`, as far as it alone can say?
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked.is_none() && self.from <= now && now < self.ends
    }

    /// Is it in force, and has it been for [`UNUSED_AFTER`] without anything having been opened on it?
    #[must_use]
    pub fn is_unused(&self, now: Time) -> bool {
        let since = self.last_used.unwrap_or(self.from);
        self.is_live(now) && now - since >= UNUSED_AFTER
    }

    /// Is it in force, and so close to its end that its holder may want to ask anew?
    #[must_use]
    pub fn ends_soon(&self, now: Time) -> bool {
        self.is_live(now) && self.ends - now <= ENDS_SOON
    }

    /// Did as many approve as are asked? Emergency access needs nobody's approval.
    #[must_use]
    pub fn is_approved_by(&self, asked: u8) -> bool {
        self.emergency.is_some() || self.approvers.len() >= usize::from(asked)
    }
}

/// A grant that opened nothing for this long is pointed out, in milliseconds.
pub const UNUSED_AFTER: i64 = 30 * DAY;

/// How long before its end a grant is called to mind, in milliseconds.
const ENDS_SOON: i64 = 14 * DAY;

/// All requirements, requests and grants.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Access {
    requirements: OrdMap<Tier, Arc<Requirement>>,
    requests: OrdMap<RequestId, Arc<Request>>,
    pending: OrdSet<RequestId>,
    /// The pending request of this person for this secret; the rules allow one at a time.
    asked: OrdMap<(PersonId, SecretId), RequestId>,
    grants: OrdMap<GrantId, Arc<Grant>>,
    by_person: OrdSet<(PersonId, SecretId, GrantId)>,
    by_secret: OrdSet<(SecretId, PersonId, GrantId)>,
    open_emergencies: OrdSet<GrantId>,
}

impl Access {
    /// What a tier asks.
    #[must_use]
    pub fn requirement(&self, tier: Tier) -> Arc<Requirement> {
        self.requirements.get(&tier).cloned().unwrap_or_else(|| Arc::new(Requirement::default_for(tier)))
    }

    /// One request.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.get(&id).map(Arc::as_ref)
    }

    /// All requests, the oldest first.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.requests.values().map(Arc::as_ref)
    }

    /// The requests that wait for approvals.
    pub fn pending(&self) -> impl Iterator<Item = &Request> {
        self.pending.iter().filter_map(|id| self.request(*id))
    }

    /// The request of this person for this secret that waits for approvals.
    #[must_use]
    pub fn pending_between(&self, person: PersonId, secret: SecretId) -> Option<&Request> {
        self.asked.get(&(person, secret)).and_then(|id| self.request(*id))
    }

    /// One grant.
    #[must_use]
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id).map(Arc::as_ref)
    }

    /// What a request was granted.
    #[must_use]
    pub fn grant_by(&self, request: &Request) -> Option<&Grant> {
        let Outcome::Granted(grant) = request.outcome else { return None };
        self.grant(grant)
    }

    /// All grants, the oldest first.
    pub fn grants(&self) -> impl DoubleEndedIterator<Item = &Grant> {
        self.grants.values().map(Arc::as_ref)
    }

    /// All grants, by person and then by secret.
    pub fn grants_by_person(&self) -> impl Iterator<Item = &Grant> {
        self.by_person.iter().filter_map(|(_, _, id)| self.grant(*id))
    }

    /// The grants of one person, by secret.
    pub fn grants_of(&self, person: PersonId) -> impl Iterator<Item = &Grant> {
        let range = (person, SecretId(0), GrantId(0))..=(person, SecretId(u32::MAX), GrantId(u32::MAX));
        self.by_person.range(range).filter_map(|(_, _, id)| self.grant(*id))
    }

    /// The grants to one secret, by person.
    pub fn grants_to(&self, secret: SecretId) -> impl Iterator<Item = &Grant> {
        let range = (secret, PersonId(0), GrantId(0))..=(secret, PersonId(u32::MAX), GrantId(u32::MAX));
        self.by_secret.range(range).filter_map(|(_, _, id)| self.grant(*id))
    }

    /// The grants of one person to one secret, the oldest first.
    pub fn grants_between(&self, person: PersonId, secret: SecretId) -> impl Iterator<Item = &Grant> {
        let range = (person, secret, GrantId(0))..=(person, secret, GrantId(u32::MAX));
        self.by_person.range(range).filter_map(|(_, _, id)| self.grant(*id))
    }

    /// Was this person ever granted this secret?
    #[must_use]
    pub fn any_grant(&self, person: PersonId, secret: SecretId) -> bool {
        self.grants_between(person, secret).next().is_some()
    }

    /// Emergency accesses that still have to be justified or looked at.
    pub fn open_emergencies(&self) -> impl Iterator<Item = &Grant> {
        self.open_emergencies.iter().filter_map(|id| self.grant(*id))
    }

    /// The id the next request will have.
    #[must_use]
    pub fn next_request(&self) -> RequestId {
        RequestId(self.requests.get_max().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    /// The id the next grant will have.
    #[must_use]
    pub fn next_grant(&self) -> GrantId {
        GrantId(self.grants.get_max().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        let at = recorded.time;
        match event {
            Event::RequirementsSet { tier, requirement, .. } => {
                self.requirements.insert(*tier, Arc::new(requirement.clone()));
            }
            Event::Requested { request, person, secret, purpose, ends } => {
                let purpose = purpose.to_string();
                let (approvals, outcome) = (Vec::new(), Outcome::Pending);
                let (id, person, secret, ends) = (*request, *person, *secret, *ends);
                self.pending.insert(id);
                self.asked.insert((person, secret), id);
                self.requests.insert(
                    id,
                    Arc::new(Request { id, person, secret, purpose, ends, at, approvals, outcome }),
                );
            }
            Event::Approved { request, approver, .. } => {
                if let Some(found) = self.requests.get_mut(request) {
                    Arc::make_mut(found).approvals.push(Approval { by: *approver, at });
                }
            }
            Event::Denied { request, reason, .. } => {
                self.settle(*request, Outcome::Denied(reason.to_string()))
            }
            Event::Withdrawn { request, .. } => self.settle(*request, Outcome::Withdrawn),
            Event::Granted { grant, request, person, secret, purpose, ends, approvers } => {
                self.settle(*request, Outcome::Granted(*grant));
                self.insert(Grant {
                    id: *grant,
                    person: *person,
                    secret: *secret,
                    purpose: purpose.to_string(),
                    from: at,
                    ends: *ends,
                    approvers: approvers.clone(),
                    revoked: None,
                    emergency: None,
                    last_used: None,
                });
            }
            Event::Revoked { grant, reason, .. } => {
                let revocation = Revocation { at, by: recorded.by.person, reason: reason.to_string() };
                self.change(*grant, |grant| grant.revoked = Some(revocation));
            }
            Event::EmergencyTaken { grant, person, secret, purpose, ends } => {
                self.open_emergencies.insert(*grant);
                self.insert(Grant {
                    id: *grant,
                    person: *person,
                    secret: *secret,
                    purpose: purpose.to_string(),
                    from: at,
                    ends: *ends,
                    approvers: Vec::new(),
                    revoked: None,
                    emergency: Some(Emergency::default()),
                    last_used: None,
                });
            }
            Event::EmergencyJustified { grant, account, .. } => {
                let account = account.to_string();
                self.emergency(*grant, |emergency| emergency.justified = Some((at, account)));
            }
            Event::EmergencyReviewed { grant, in_order, note, .. } => {
                let note = note.as_ref().map(ToString::to_string);
                self.emergency(*grant, |emergency| emergency.reviewed = Some((at, *in_order, note)));
            }
        }
    }

    /// Something was opened on this grant.
    pub(crate) fn note_use(&mut self, grant: GrantId, at: Time) {
        self.change(grant, |grant| grant.last_used = Some(at));
    }

    fn insert(&mut self, grant: Grant) {
        self.by_person.insert((grant.person, grant.secret, grant.id));
        self.by_secret.insert((grant.secret, grant.person, grant.id));
        self.grants.insert(grant.id, Arc::new(grant));
    }

    fn settle(&mut self, request: RequestId, outcome: Outcome) {
        self.pending.remove(&request);
        if let Some(found) = self.requests.get_mut(&request) {
            self.asked.remove(&(found.person, found.secret));
            Arc::make_mut(found).outcome = outcome;
        }
    }

    fn change(&mut self, grant: GrantId, change: impl FnOnce(&mut Grant)) {
        if let Some(found) = self.grants.get_mut(&grant) {
            change(Arc::make_mut(found));
        }
    }

    fn emergency(&mut self, id: GrantId, change: impl FnOnce(&mut Emergency)) {
        let mut done = false;
        self.change(id, |grant| {
            if let Some(emergency) = &mut grant.emergency {
                change(emergency);
                done = emergency.justified.is_some() && emergency.reviewed.is_some();
            }
        });
        if done {
            self.open_emergencies.remove(&id);
        }
    }
}
