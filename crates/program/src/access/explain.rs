//! "Who can open this, and why?", "what may I open?" and "why can't I?".

use super::facts::{facts, with_requirement};
use super::{Circumstances, Outcome, still_needed};
use crate::documents::{Document, Kept};
use crate::secrets::{Secret, Tier};
use crate::{AgreementId, GrantId, PersonId, RequestId, SecretId, State, Time, agreements};
use gate::{Condition, ConditionSet, Decision, Facts, Gate, Memo, Why};
use serde::Serialize;
use std::collections::BTreeSet;

/// What can be done about a condition that fails, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Remedy {
    /// The person signs this agreement.
    Sign {
        /// Which.
        agreement: AgreementId,
    },
    /// Counsel or HR assigns an agreement that covers the secret.
    AssignAgreement {
        /// Those that would do; none exists yet where this is empty.
        agreements: Vec<AgreementId>,
    },
    /// The person asks for access.
    AskForAccess {
        /// To which secret.
        secret: SecretId,
    },
    /// These approvals are still missing.
    AwaitApproval {
        /// Of which request.
        request: RequestId,
        /// How many.
        missing: u8,
    },
    /// The person shows their second factor again (or sets one up).
    ShowSecondFactor,
    /// The security officer raises the clearance.
    RaiseClearance {
        /// To this level.
        to: u8,
    },
    /// HR amends the employment dates.
    AmendEmployment,
    /// HR ends the suspension.
    EndSuspension,
    /// The person comes from an allowed network.
    ChangeNetwork,
    /// The programme's owner records what is missing.
    Complete,
}

impl Remedy {
    /// In words, to whoever was refused.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Remedy::Sign { agreement } => format!("Read and sign agreement {agreement}."),
            Remedy::AssignAgreement { agreements } if agreements.is_empty() => {
                "Ask counsel to publish an agreement that covers this secret.".to_owned()
            }
            Remedy::AssignAgreement { agreements } => {
                let names: Vec<String> = agreements.iter().map(ToString::to_string).collect();
                format!(
                    "Ask counsel or HR to assign you an agreement that covers this secret ({}).",
                    names.join(", ")
                )
            }
            Remedy::AskForAccess { secret } => format!("Ask for access to {secret}, and say what for."),
            Remedy::AwaitApproval { request, missing } => {
                let people =
                    if *missing == 1 { "one person".to_owned() } else { format!("{missing} people") };
                format!("Wait for {request}: {people} still have to approve it.")
            }
            Remedy::ShowSecondFactor => {
                "Sign in with a browser and show your second factor there.".to_owned()
            }
            Remedy::RaiseClearance { to } => format!("Ask the security officer for clearance level {to}."),
            Remedy::AmendEmployment => {
                "Ask HR to look at the dates of your employment or contract.".to_owned()
            }
            Remedy::EndSuspension => "Ask HR about your suspension.".to_owned(),
            Remedy::ChangeNetwork => "Come from one of the organisation's networks.".to_owned(),
            Remedy::Complete => "Ask counsel to have it recorded.".to_owned(),
        }
    }
}

/// One condition, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// Which.
    pub condition: Condition,
    /// Does it hold?
    pub met: bool,
    /// Why it holds or fails.
    pub why: Why,
    /// What can be done, where it fails.
    pub remedy: Option<Remedy>,
}

/// One line of "who can open this?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Who.
    pub person: PersonId,
    /// The grant it rests on.
    pub grant: Option<GrantId>,
    /// Would the gate open now, the second factor and network apart?
    pub opens: bool,
    /// Which conditions fail.
    pub failing: ConditionSet,
    /// The first instant at which it will no longer open, where one is known.
    pub until: Option<Time>,
}

/// Every condition that the tier asks, with how it stands for this person, in the gate's order.
pub fn why(
    state: &State,
    gate: &Gate,
    person: PersonId,
    secret: SecretId,
    now: Time,
    circumstances: Option<Circumstances>,
) -> (Decision, Vec<Because>) {
    let (facts, _) = facts(state, person, secret, now, circumstances);
    let decision = gate.decide(&facts);
    let because =
        facts.tier_required.iter().map(|condition| because(state, &facts, &decision, condition, now));
    (decision, because.collect())
}

fn because(state: &State, facts: &Facts, decision: &Decision, condition: Condition, now: Time) -> Because {
    let met = !decision.failing().contains(condition);
    let why = gate::why(facts, condition);
    Because { condition, met, why, remedy: (!met).then(|| remedy(state, facts, condition, now)) }
}

fn remedy(state: &State, facts: &Facts, condition: Condition, now: Time) -> Remedy {
    let (person, secret) = (PersonId(facts.person), SecretId(facts.secret));
    match condition {
        Condition::Suspension => Remedy::EndSuspension,
        Condition::Employment => Remedy::AmendEmployment,
        Condition::Clearance => Remedy::RaiseClearance { to: facts.clearance_required },
        Condition::Grant => {
            let waiting = state.access.pending_between(person, secret);
            match (waiting, state.secrets.get(secret)) {
                (Some(request), Some(found)) if request.outcome == Outcome::Pending => {
                    Remedy::AwaitApproval {
                        request: request.id,
                        missing: still_needed(state, request, found, now).0,
                    }
                }
                _ => Remedy::AskForAccess { secret },
            }
        }
        Condition::Agreement => {
            let covering = agreements::covering(state, secret);
            let assigned = covering.iter().copied().find(|id| state.agreements.is_assigned(person, *id));
            assigned.map_or(Remedy::AssignAgreement { agreements: covering }, |agreement| Remedy::Sign {
                agreement,
            })
        }
        Condition::SecondFactor => Remedy::ShowSecondFactor,
        Condition::Network => Remedy::ChangeNetwork,
        Condition::Policy | Condition::Training | Condition::Screening => Remedy::Complete,
    }
}

/// Everybody who was ever granted the secret, and whether it opens for them now; where the tier asks for no grant,
/// everybody. Those for whom it opens come first.
#[must_use]
pub fn who(state: &State, gate: &Gate, secret: SecretId, now: Time) -> Vec<Row> {
    let Some(found) = state.secrets.get(secret) else {
        return Vec::new();
    };
    let requirement = state.access.requirement(found.tier());
    let people: BTreeSet<PersonId> = if requirement.conditions.contains(Condition::Grant) {
        state.access.grants_to(secret).map(|grant| grant.person).collect()
    } else {
        state.people.iter().map(|person| person.id).collect()
    };
    let mut memo = Memo::new();
    let rows = people.into_iter().map(|person| {
        let (facts, grant) = with_requirement(state, person, secret, now, None, &requirement);
        let decision = memo.decide(gate, &facts);
        let until = decision.valid_until().map(Time);
        Row { person, grant, opens: decision.allowed(), failing: decision.failing(), until }
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by_key(|row| (!row.opens, row.person));
    rows
}

/// The secrets that open for this person now, in this session. Complete and exact: the same facts go through the same
/// gate as at an opening.
#[must_use]
pub fn openable<'a>(
    state: &'a State,
    gate: &Gate,
    person: PersonId,
    now: Time,
    circumstances: Option<Circumstances>,
) -> Vec<&'a Secret> {
    let mut memo = Memo::new();
    let requirements = Tier::ALL.map(|tier| (tier, state.access.requirement(tier)));
    let by_grant =
        requirements.iter().all(|(_, requirement)| requirement.conditions.contains(Condition::Grant));
    let candidates: Vec<&Secret> = if by_grant {
        let granted: BTreeSet<SecretId> = state.access.grants_of(person).map(|grant| grant.secret).collect();
        granted.into_iter().filter_map(|id| state.secrets.get(id)).collect()
    } else {
        state.secrets.iter().collect()
    };
    let mut opens = |secret: &Secret| {
        let requirement = requirements.iter().find(|(tier, _)| *tier == secret.tier());
        requirement.is_some_and(|(_, requirement)| {
            let (facts, _) = with_requirement(state, person, secret.id, now, circumstances, requirement);
            memo.decide(gate, &facts).allowed()
        })
    };
    candidates.into_iter().filter(|secret| opens(secret)).collect()
}

/// The documents that open for this person now, in this session: those of [`openable`] secrets whose bytes are here and
/// that were not withdrawn.
#[must_use]
pub fn may_open<'a>(
    state: &'a State,
    gate: &Gate,
    person: PersonId,
    now: Time,
    circumstances: Option<Circumstances>,
) -> Vec<&'a Document> {
    let secrets = openable(state, gate, person, now, circumstances);
    let documents = secrets.into_iter().flat_map(|secret| state.documents.of(secret.id));
    documents.filter(|document| is_here(document)).collect()
}

fn is_here(document: &Document) -> bool {
    document.withdrawn.is_none() && matches!(document.kept, Kept::Vault { .. })
}
