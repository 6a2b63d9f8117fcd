//! How well those with access meet what they were asked: the figures behind the dashboard.

use super::facts::with_requirement;
use crate::secrets::Tier;
use crate::{PersonId, State, Time};
use gate::{Condition, ConditionSet, Gate, Memo};
use std::collections::BTreeMap;

/// How everybody with a grant in force stands with the conditions that their tiers ask; the second factor and the network,
/// which are asked at the opening, aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Of the grants in force, for each condition asked: of how many the holder meets it, and of how many not.
    pub conditions: BTreeMap<Condition, (u64, u64)>,
    /// Everybody with a grant in force.
    pub people: Vec<Standing>,
}

/// How one person stands over all their grants in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub person: PersonId,
    /// What is asked for any of the grants.
    pub asked: ConditionSet,
    /// What fails for any of them.
    pub failing: ConditionSet,
}

/// Counts it over every grant in force, once: exact, in a time that grows with the grants and not with people times
/// secrets.
#[must_use]
pub fn coverage(state: &State, gate: &Gate, now: Time) -> Coverage {
    let requirements = Tier::ALL.map(|tier| (tier, state.access.requirement(tier)));
    let mut memo = Memo::new();
    let mut coverage = Coverage::default();
    for grant in state.access.grants_by_person().filter(|grant| grant.is_live(now)) {
        let tier = state.secrets.get(grant.secret).map(crate::secrets::Secret::tier);
        let Some((_, requirement)) = requirements.iter().find(|(known, _)| Some(*known) == tier) else {
            continue;
        };
        let (facts, _) = with_requirement(state, grant.person, grant.secret, now, None, requirement);
        let (asked, failing) = (facts.tier_required, memo.decide(gate, &facts).failing());
        for condition in asked.iter() {
            let (met, not_met) = coverage.conditions.entry(condition).or_default();
            let count = if failing.contains(condition) { not_met } else { met };
            *count = count.saturating_add(1);
        }
        match coverage.people.last_mut().filter(|last| last.person == grant.person) {
            Some(last) => {
                last.asked = last.asked.iter().chain(asked.iter()).collect();
                last.failing = last.failing.iter().chain(failing.iter()).collect();
            }
            None => coverage.people.push(Standing { person: grant.person, asked, failing }),
        }
    }
    coverage
}
