//! The facts about one person and one secret at one instant, as the gate takes them.

use super::{Access, Grant, Requirement};
use crate::{GrantId, PersonId, SecretId, State, Time, agreements};
use gate::{AgreementFacts, Condition, Facts, GrantFacts, Standing};
use std::net::IpAddr;

/// What depends on the moment of opening and not on the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// When this session last showed a second factor.
    pub second_factor_at: Option<Time>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

/// The facts about `person` and `secret` at `now`, and the grant that an opening rests on, where the
/// tier asks for one. Without circumstances (when somebody else
/// asks "who can open this?") the two conditions that depend on them are left out: they are asked at the opening.
///
/// A person or secret that does not exist gives facts on which nothing opens.
#[must_use]
pub fn facts(
    state: &State,
    person: PersonId,
    secret: SecretId,
    now: Time,
    circumstances: Option<Circumstances>,
) -> (Facts, Option<GrantId>) {
    let Some(found) = state.secrets.get(secret) else {
        return (nothing(state, person, secret, now), None);
    };
    let requirement = state.access.requirement(found.tier());
    with_requirement(state, person, secret, now, circumstances, &requirement)
}

/// The same, with the tier's requirement at hand: a listing looks it up once.
pub(super) fn with_requirement(
    state: &State,
    person: PersonId,
    secret: SecretId,
    now: Time,
    circumstances: Option<Circumstances>,
    requirement: &Requirement,
) -> (Facts, Option<GrantId>) {
    let mut tier_required = requirement.conditions;
    if circumstances.is_none() {
        tier_required.remove(Condition::SecondFactor);
        tier_required.remove(Condition::Network);
    }
    let circumstances = circumstances.unwrap_or_default();
    let found = state.people.get(person);
    let grant = best(&state.access, person, secret, now, requirement.approvals);
    let coverage = agreements::cover(state, person, secret, now);
    let networked = tier_required.contains(Condition::Network);
    let facts = Facts {
        now: now.0,
        person: person.0,
        secret: secret.0,
        tier_required,
        active: found.is_some(),
        starts: found.map_or(i64::MAX, |person| person.starts.0),
        ends: found.and_then(|person| person.ends).map(|ends| ends.0),
        suspended: found.is_none_or(|person| person.suspended.is_some()),
        clearance: found.map_or(0, |person| person.clearance),
        clearance_required: requirement.clearance,
        grant: grant.map(|grant| grant_facts(grant, requirement.approvals)),
        agreement: AgreementFacts {
            in_force: coverage.in_force,
            current_version: coverage.current_version,
            covers: coverage.covers,
            ends: coverage.ends.map(|ends| ends.0),
        },
        // The areas that meet these three come later; no requirement can ask them yet.
        policy: Standing::default(),
        training: Standing::default(),
        screening: Standing::default(),
        second_factor_at: circumstances.second_factor_at.map(|at| at.0),
        second_factor_within: requirement.second_factor_within(),
        network_allowed: networked && requirement.for_gate().network_allowed(circumstances.address),
    };
    let rests_on = grant.filter(|_| requirement.conditions.contains(Condition::Grant));
    (facts, rests_on.map(|grant| grant.id))
}

/// INVARIANT: facts about what does not exist open nothing, whatever a tier asks.
fn nothing(state: &State, person: PersonId, secret: SecretId, now: Time) -> Facts {
    let requirement = Requirement::default_for(crate::secrets::Tier::CrownJewel);
    let (mut facts, _) = with_requirement(state, person, secret, now, None, &requirement);
    facts.suspended = true;
    facts
}

fn grant_facts(grant: &Grant, approvals_required: u8) -> GrantFacts {
    GrantFacts {
        person: grant.person.0,
        secret: grant.secret.0,
        from: grant.from.0,
        ends: grant.ends.0,
        revoked: grant.revoked.is_some(),
        approvals: u8::try_from(grant.approvers.len()).unwrap_or(u8::MAX),
        approvals_required,
        emergency: grant.emergency.is_some(),
        has_purpose: !grant.purpose.is_empty(),
    }
}

/// The grant that speaks best for this person: one that holds, with approvals enough, and lasts longest; failing that
/// the newest, so that "why can't I?" talks about the last thing that happened.
fn best(access: &Access, person: PersonId, secret: SecretId, now: Time, approvals: u8) -> Option<&Grant> {
    access.grants_between(person, secret).max_by_key(|grant| {
        let holds = grant.is_live(now) && grant.is_approved_by(approvals);
        (holds, if holds { grant.ends.0 } else { 0 }, grant.id)
    })
}
