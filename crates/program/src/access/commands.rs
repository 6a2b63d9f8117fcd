//! What people may do about access.

use super::approve::{approve, latest_end, may_answer};
use super::{Event, Grant, Outcome, Request, Requirement};
use crate::people::Role;
use crate::secrets::{self, Secret, Status, Tier};
use crate::{
    Actor, Event as AnyEvent, GrantId, MINUTE, Refusal, RequestId, Rule, SecretId, State, Text, Time,
};

/// Who changes what a tier asks.
pub const SETTERS: &[Role] = &[Role::Administrator, Role::SecurityOfficer];

/// What somebody wants done about access.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Change what a tier asks.
    SetRequirement {
        /// The tier.
        tier: Tier,
        /// What it asks from now on.
        requirement: Box<Requirement>,
        /// Why.
        reason: Text,
    },
    /// Ask for access, for oneself.
    Request {
        /// To which secret.
        secret: SecretId,
        /// What for.
        purpose: Text,
        /// Until when; the tier's longest where absent.
        ends: Option<Time>,
    },
    /// Approve a request.
    Approve {
        /// Which.
        request: RequestId,
        /// A remark.
        note: Option<Text>,
    },
    /// Refuse a request.
    Refuse {
        /// Which.
        request: RequestId,
        /// Why.
        reason: Text,
    },
    /// Take back one's own request.
    Withdraw {
        /// Which.
        request: RequestId,
    },
    /// Take back a grant, at once.
    Revoke {
        /// Which.
        grant: GrantId,
        /// Why.
        reason: Text,
    },
    /// Take emergency access, for oneself.
    TakeEmergency {
        /// To which secret.
        secret: SecretId,
        /// Why it cannot wait.
        purpose: Text,
    },
    /// Account for an emergency access of one's own.
    Justify {
        /// Which.
        grant: GrantId,
        /// What was done with it, and why it was needed.
        account: Text,
    },
    /// Look at an emergency access to one's secret.
    ReviewEmergency {
        /// Which.
        grant: GrantId,
        /// Was it in order?
        in_order: bool,
        /// What was found.
        note: Option<Text>,
    },
}

/// Decides a command about access.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    match command {
        Command::SetRequirement { tier, requirement, reason } => {
            actor.require(state, now, SETTERS, "change the requirements of a tier")?;
            requirement.check()?;
            let event = Event::RequirementsSet {
                tier: *tier,
                requirement: (**requirement).clone(),
                reason: reason.clone(),
            };
            Ok(vec![event.into()])
        }
        Command::Request { secret, purpose, ends } => request(state, actor, now, *secret, purpose, *ends),
        Command::Approve { request, note } => {
            let (request, secret) = pending(state, actor, now, *request)?;
            let approver = may_answer(state, actor, now, request, secret)?;
            not_retired(secret)?;
            if request.ends <= now {
                return Err(Refusal::new(Rule::Standing, "the time asked for is already over")
                    .remedy("refuse it; they may ask again with a later end"));
            }
            approve(state, now, request, secret, approver, note.clone())
        }
        Command::Refuse { request, reason } => {
            let (request, secret) = pending(state, actor, now, *request)?;
            let approver = Some(may_answer(state, actor, now, request, secret)?);
            Ok(vec![
                Event::Denied { request: request.id, secret: secret.id, approver, reason: reason.clone() }
                    .into(),
            ])
        }
        Command::Withdraw { request } => {
            let person = actor.person(state, now, "take back a request")?;
            let (request, secret) = pending(state, actor, now, *request)?;
            if request.person != person {
                return Err(Refusal::role("take it back", "whoever made a request"));
            }
            Ok(vec![Event::Withdrawn { request: request.id, secret: secret.id }.into()])
        }
        Command::Revoke { grant, reason } => revoke(state, actor, now, *grant, reason),
        Command::TakeEmergency { secret, purpose } => take_emergency(state, actor, now, *secret, purpose),
        Command::Justify { grant, account } => justify(state, actor, now, *grant, account),
        Command::ReviewEmergency { grant, in_order, note } => {
            review_emergency(state, actor, now, *grant, *in_order, note.clone())
        }
    }
}

fn request(
    state: &State,
    actor: &Actor,
    now: Time,
    secret: SecretId,
    purpose: &Text,
    ends: Option<Time>,
) -> Result<Vec<AnyEvent>, Refusal> {
    let person = actor.person(state, now, "ask for access")?;
    let secret = secrets::seen(state, actor, now, secret)?;
    not_retired(secret)?;
    if let Some(open) = state.access.pending_between(person, secret.id) {
        return Err(Refusal::new(Rule::Taken, format!("{} already waits for an answer", open.id))
            .remedy("wait for it, or take it back and ask anew"));
    }
    let latest = latest_end(&state.access.requirement(secret.tier()), now);
    let ends = ends.unwrap_or(latest);
    if ends <= now {
        return Err(Refusal::input("ends", "the end of access has to be in the future"));
    }
    if ends > latest {
        let message =
            format!("access to a {} secret lasts at most until {}", secret.tier(), latest.date("UTC"));
        return Err(Refusal::input("ends", message).remedy("ask for less; it can be asked for again"));
    }
    let request = state.access.next_request();
    Ok(vec![Event::Requested { request, person, secret: secret.id, purpose: purpose.clone(), ends }.into()])
}

fn not_retired(secret: &Secret) -> Result<(), Refusal> {
    match secret.status {
        Status::Retired => Err(Refusal::new(Rule::Standing, format!("{} is retired", secret.id))),
        Status::Submitted | Status::Returned | Status::Accepted => Ok(()),
    }
}

fn pending<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    id: RequestId,
) -> Result<(&'a Request, &'a Secret), Refusal> {
    let request = state.access.request(id).ok_or_else(|| Refusal::unknown(id))?;
    let secret = secrets::seen(state, actor, now, request.secret).map_err(|_| Refusal::unknown(id))?;
    match &request.outcome {
        Outcome::Pending => Ok((request, secret)),
        Outcome::Granted(grant) => {
            Err(Refusal::new(Rule::Standing, format!("{id} was approved before, as {grant}")))
        }
        Outcome::Denied(_) => Err(Refusal::new(Rule::Standing, format!("{id} was refused before"))),
        Outcome::Withdrawn => Err(Refusal::new(Rule::Standing, format!("{id} was taken back"))),
    }
}

fn known_grant<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    id: GrantId,
) -> Result<(&'a Grant, &'a Secret), Refusal> {
    let grant = state.access.grant(id).ok_or_else(|| Refusal::unknown(id))?;
    let secret = secrets::seen(state, actor, now, grant.secret).map_err(|_| Refusal::unknown(id))?;
    Ok((grant, secret))
}

/// The owner, counsel, the security officer and HR take grants back; and anybody may give up their own.
fn revoke(
    state: &State,
    actor: &Actor,
    now: Time,
    id: GrantId,
    reason: &Text,
) -> Result<Vec<AnyEvent>, Refusal> {
    let roles = [Role::Counsel, Role::SecurityOfficer, Role::HumanResources];
    let grant = state.access.grant(id).ok_or_else(|| Refusal::unknown(id))?;
    if !actor.holds(state, now, &roles) {
        let (grant, secret) = known_grant(state, actor, now, id)?;
        let person = actor.person(state, now, "take back a grant")?;
        if person != secret.profile.owner && person != grant.person {
            return Err(Refusal::role(
                "take it back",
                "the secret's owner, counsel, the security officer or HR",
            ));
        }
    }
    if grant.revoked.is_some() {
        return Err(Refusal::new(Rule::Standing, format!("{id} was taken back before")));
    }
    if grant.ends <= now {
        return Err(Refusal::new(Rule::Standing, format!("{id} has already ended")));
    }
    let (secret, person) = (grant.secret, grant.person);
    Ok(vec![Event::Revoked { grant: id, secret, person, reason: reason.clone() }.into()])
}

/// Emergency access stands in for the approvals and for nothing else: employment, clearance, agreement and second factor
/// are asked as ever. So it opens only what the tier would let this person be granted.
fn take_emergency(
    state: &State,
    actor: &Actor,
    now: Time,
    secret: SecretId,
    purpose: &Text,
) -> Result<Vec<AnyEvent>, Refusal> {
    let person = actor.person(state, now, "take emergency access")?;
    let secret = secrets::seen(state, actor, now, secret)?;
    not_retired(secret)?;
    let requirement = state.access.requirement(secret.tier());
    if requirement.emergency_minutes == 0 {
        return Err(Refusal::new(
            Rule::Standing,
            format!("{} secrets allow no emergency access", secret.tier().name()),
        )
        .remedy("ask for access, and call the owner"));
    }
    let cleared = state.people.get(person).is_some_and(|p| p.clearance >= requirement.clearance);
    if !cleared {
        let message = format!("emergency access still asks for clearance {}", requirement.clearance);
        return Err(Refusal::new(Rule::Gate, message).remedy("call somebody who is cleared, or the owner"));
    }
    // A grant with fewer approvals than the tier asks by now opens nothing, and so stands in nobody's way.
    let suffices = |grant: &Grant| grant.is_live(now) && grant.is_approved_by(requirement.approvals);
    if state.access.grants_between(person, secret.id).any(suffices) {
        return Err(Refusal::new(Rule::Taken, "you hold a grant to this secret already"));
    }
    if let Some(open) = state.access.open_emergencies().find(|g| g.person == person && is_unjustified(g)) {
        return Err(Refusal::new(Rule::Standing, format!("{} has not been justified yet", open.id))
            .remedy("justify your last emergency access before you take another"));
    }
    let ends = now + i64::from(requirement.emergency_minutes).saturating_mul(MINUTE);
    let grant = state.access.next_grant();
    Ok(vec![
        Event::EmergencyTaken { grant, person, secret: secret.id, purpose: purpose.clone(), ends }.into(),
    ])
}

fn is_unjustified(grant: &Grant) -> bool {
    grant.emergency.as_ref().is_some_and(|emergency| emergency.justified.is_none())
}

fn justify(
    state: &State,
    actor: &Actor,
    now: Time,
    id: GrantId,
    account: &Text,
) -> Result<Vec<AnyEvent>, Refusal> {
    let person = actor.person(state, now, "justify an emergency access")?;
    let (grant, secret) = known_grant(state, actor, now, id)?;
    if grant.person != person {
        return Err(Refusal::role("justify it", "whoever took the emergency access"));
    }
    if !is_unjustified(grant) {
        return Err(Refusal::new(Rule::Standing, format!("{id} does not wait for a justification")));
    }
    Ok(vec![Event::EmergencyJustified { grant: id, secret: secret.id, account: account.clone() }.into()])
}

fn review_emergency(
    state: &State,
    actor: &Actor,
    now: Time,
    id: GrantId,
    in_order: bool,
    note: Option<Text>,
) -> Result<Vec<AnyEvent>, Refusal> {
    let person = actor.person(state, now, "look at an emergency access")?;
    let (grant, secret) = known_grant(state, actor, now, id)?;
    if grant.person == person {
        return Err(Refusal::new(Rule::OwnCase, "nobody judges their own emergency access"));
    }
    let deputy = actor.holds(state, now, &[Role::Counsel, Role::SecurityOfficer]);
    if person != secret.profile.owner && !deputy {
        return Err(Refusal::role("look at it", "the secret's owner, counsel or the security officer"));
    }
    match &grant.emergency {
        Some(emergency) if emergency.reviewed.is_none() => {
            Ok(vec![Event::EmergencyReviewed { grant: id, secret: secret.id, in_order, note }.into()])
        }
        _ => Err(Refusal::new(Rule::Standing, format!("{id} does not wait to be looked at"))),
    }
}
