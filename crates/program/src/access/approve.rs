//! Who approves a request, and when there are approvals enough.

use super::{Event, Request, Requirement};
use crate::people::Role;
use crate::secrets::Secret;
use crate::{Actor, DAY, Event as AnyEvent, PersonId, Refusal, Rule, State, Text, Time};

/// What a request still needs: how many more approvals, and whether the owner's is among them.
#[must_use]
pub fn still_needed(state: &State, request: &Request, secret: &Secret, now: Time) -> (u8, bool) {
    let requirement = state.access.requirement(secret.tier());
    let have = u8::try_from(request.approvals.len()).unwrap_or(u8::MAX);
    let owner = secret.profile.owner;
    let owner_waits =
        owner_can(state, request, owner, now) && !request.approvals.iter().any(|a| a.by == owner);
    let missing = requirement.approvals.saturating_sub(have);
    (if owner_waits { missing.max(1) } else { missing }, owner_waits)
}

/// The owner approves, unless it is the owner who asks, or the owner is away for good: then counsel and the security
/// officer stand in.
fn owner_can(state: &State, request: &Request, owner: PersonId, now: Time) -> bool {
    owner != request.person && state.people.get(owner).is_some_and(|person| person.is_active(now))
}

/// May `approver` answer this request? Never the person who asks.
pub(super) fn may_answer(
    state: &State,
    actor: &Actor,
    now: Time,
    request: &Request,
    secret: &Secret,
) -> Result<PersonId, Refusal> {
    let approver = actor.person(state, now, "answer requests for access")?;
    if approver == request.person {
        return Err(Refusal::new(Rule::OwnCase, "nobody approves their own request")
            .remedy("the secret's owner has to answer it"));
    }
    let owner = secret.profile.owner;
    let deputy = actor.holds(state, now, &[Role::Counsel, Role::SecurityOfficer]);
    let (missing, owner_waits) = still_needed(state, request, secret, now);
    if approver == owner || (deputy && (!owner_waits || missing > 1)) {
        return Ok(approver);
    }
    if deputy {
        return Err(Refusal::new(Rule::Role, "the one approval that is missing is the owner's")
            .remedy(format!("ask {owner} to answer it")));
    }
    Err(Refusal::role("answer requests for access", "the secret's owner, counsel or the security officer"))
}

/// The events of one more approval: with the grant, once it is the last one needed.
pub(super) fn approve(
    state: &State,
    now: Time,
    request: &Request,
    secret: &Secret,
    approver: PersonId,
    note: Option<Text>,
) -> Result<Vec<AnyEvent>, Refusal> {
    if request.approvals.iter().any(|approval| approval.by == approver) {
        return Err(Refusal::new(Rule::Taken, format!("{approver} has approved {} before", request.id))
            .remedy("another person has to approve it too"));
    }
    let mut after = request.clone();
    after.approvals.push(super::Approval { by: approver, at: now });
    let mut events = vec![Event::Approved { request: request.id, secret: secret.id, approver, note }.into()];
    if still_needed(state, &after, secret, now).0 == 0 {
        let purpose =
            Text::new(&request.purpose).map_err(|error| Refusal::input("purpose", error.to_string()))?;
        let granted = Event::Granted {
            grant: state.access.next_grant(),
            request: request.id,
            person: request.person,
            secret: secret.id,
            purpose,
            ends: request.ends,
            approvers: after.approvals.iter().map(|approval| approval.by).collect(),
        };
        events.push(granted.into());
    }
    Ok(events)
}

/// The latest end that a grant of this tier may have.
pub(super) fn latest_end(requirement: &Requirement, now: Time) -> Time {
    now + i64::from(requirement.longest_grant_days).saturating_mul(DAY)
}

/// A secret's owner is granted access like anybody else: accepting the secret asks for it, and where the reviewer is a
/// person whose approval is enough, grants it.
pub(crate) fn owner_request(state: &State, actor: &Actor, now: Time, secret: &Secret) -> Vec<AnyEvent> {
    let owner = secret.profile.owner;
    let waiting = state.access.pending_between(owner, secret.id).is_some();
    let Ok(purpose) = Text::new("Owner of this secret") else {
        return Vec::new();
    };
    if waiting || state.access.grants_between(owner, secret.id).any(|grant| grant.is_live(now)) {
        return Vec::new();
    }
    let requirement = state.access.requirement(secret.tier());
    let request = Request {
        id: state.access.next_request(),
        person: owner,
        secret: secret.id,
        purpose: purpose.to_string(),
        ends: latest_end(&requirement, now),
        at: now,
        approvals: Vec::new(),
        outcome: super::Outcome::Pending,
    };
    let (id, ends) = (request.id, request.ends);
    let mut events =
        vec![Event::Requested { request: id, person: owner, secret: secret.id, purpose, ends }.into()];
    if let Some(approver) = actor.person
        && let Ok(approval) = approve(state, now, &request, secret, approver, None)
    {
        events.extend(approval);
    }
    events
}
