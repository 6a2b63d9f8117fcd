//! What a tier asks of whoever opens its documents: the table that the organisation edits.

use crate::secrets::Tier;
use crate::{MINUTE, Refusal};
use gate::{Condition, ConditionSet, NetworkRange, Requirements};
use serde::{Deserialize, Serialize};

/// The requirements of one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The conditions that the gate asks.
    pub conditions: ConditionSet,
    /// The clearance level that a person needs, 0 to 9.
    pub clearance: u8,
    /// How many people approve a grant, 1 to 5.
    pub approvals: u8,
    /// How fresh a second factor has to be, in minutes.
    pub second_factor_minutes: u32,
    /// The address ranges from which documents open, where `network` is asked.
    pub networks: Vec<NetworkRange>,
    /// How long emergency access lasts, in minutes; 0 allows none.
    pub emergency_minutes: u32,
    /// The longest that a grant may last, in days.
    pub longest_grant_days: u32,
    /// May everybody find these secrets in the register, and ask for access?
    pub listed: bool,
}

/// Conditions whose areas exist in this version. The others are known to the gate and can be asked once theirs do:
/// asked before, they would lock everybody out for good.
pub const AVAILABLE: [Condition; 7] = [
    Condition::Suspension,
    Condition::Employment,
    Condition::Clearance,
    Condition::Grant,
    Condition::Agreement,
    Condition::SecondFactor,
    Condition::Network,
];

impl Requirement {
    /// What a tier asks until the organisation says otherwise.
    #[must_use]
    pub fn default_for(tier: Tier) -> Self {
        let mut conditions: ConditionSet =
            AVAILABLE.into_iter().filter(|c| *c != Condition::Network).collect();
        if tier == Tier::Confidential {
            conditions.remove(Condition::SecondFactor);
        }
        let (clearance, approvals, second_factor_minutes, emergency_minutes, longest_grant_days) = match tier
        {
            Tier::Confidential => (1, 1, 12 * 60, 60, 366),
            Tier::Restricted => (2, 1, 8 * 60, 30, 183),
            Tier::CrownJewel => (3, 2, 15, 15, 92),
        };
        Self {
            conditions,
            clearance,
            approvals,
            second_factor_minutes,
            networks: Vec::new(),
            emergency_minutes,
            longest_grant_days,
            listed: tier != Tier::CrownJewel,
        }
    }

    /// As the gate takes it.
    #[must_use]
    pub fn for_gate(&self) -> Requirements {
        Requirements {
            conditions: self.conditions,
            clearance: self.clearance,
            approvals: self.approvals,
            second_factor_within: self.second_factor_within(),
            networks: self.networks.clone(),
        }
    }

    /// How fresh a second factor has to be, in milliseconds.
    #[must_use]
    pub fn second_factor_within(&self) -> i64 {
        i64::from(self.second_factor_minutes).saturating_mul(MINUTE)
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        let asked = |condition| self.conditions.contains(condition);
        if let Some(condition) = self.conditions.iter().find(|condition| !AVAILABLE.contains(condition)) {
            return Err(Refusal::input("conditions", format!("`{condition}` cannot be asked yet"))
                .remedy("nothing in this version can meet it, so nobody could open anything"));
        }
        for always in [Condition::Suspension, Condition::Employment] {
            if !asked(always) {
                return Err(Refusal::input("conditions", format!("`{always}` is always asked"))
                    .remedy("somebody who has left or is suspended must not open anything"));
            }
        }
        if !asked(Condition::Grant) && !self.listed {
            return Err(Refusal::input("listed", "without `grant` these open for everybody who is cleared")
                .remedy("list them, so that those people can find them, or ask for a grant"));
        }
        if asked(Condition::Network) && self.networks.is_empty() {
            return Err(Refusal::input("networks", "`network` is asked, but no address range is named"));
        }
        let bounds = [
            ("clearance", u32::from(self.clearance), 0, 9),
            ("approvals", u32::from(self.approvals), 1, 5),
            ("second_factor_minutes", self.second_factor_minutes, 1, 24 * 60),
            ("emergency_minutes", self.emergency_minutes, 0, 24 * 60),
            ("longest_grant_days", self.longest_grant_days, 1, 3660),
        ];
        for (field, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(Refusal::input(
                    field,
                    format!("{value} is out of range: take {least} to {most}"),
                ));
            }
        }
        Ok(())
    }
}
