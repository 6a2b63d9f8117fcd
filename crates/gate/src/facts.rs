//! What is known at the moment of a decision: raw values, so that the policies do the comparing.
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z. Every interval is half-open: it includes its first
//! instant and excludes its last, so that what ends at noon is over at noon.

use serde::{Deserialize, Serialize};

use crate::ConditionSet;

/// Everything a decision depends on; nothing else is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// The instant of the decision.
    pub now: i64,
    /// Who asks.
    pub person: u32,
    /// The secret whose document is asked for.
    pub secret: u32,
    /// The conditions that the secret's tier asks.
    pub tier_required: ConditionSet,
    /// Employed or under contract, and not ended early.
    pub active: bool,
    /// First instant of employment.
    pub starts: i64,
    /// End of employment, where one is set.
    pub ends: Option<i64>,
    /// Suspended from all access.
    pub suspended: bool,
    /// The person's clearance, 0 to 9.
    pub clearance: u8,
    /// The clearance the tier asks, 0 to 9.
    pub clearance_required: u8,
    /// The best grant that the caller found, if any. That it names this person and this secret is checked again.
    pub grant: Option<GrantFacts>,
    /// The person's confidentiality agreement.
    pub agreement: AgreementFacts,
    /// Acknowledgement of the confidentiality policies.
    pub policy: Standing,
    /// Training passed.
    pub training: Standing,
    /// Background check passed.
    pub screening: Standing,
    /// When the person last showed a second factor in this session.
    pub second_factor_at: Option<i64>,
    /// For how long after that it counts, in milliseconds.
    pub second_factor_within: i64,
    /// The request's address lies in an allowed range: see [`Requirements::network_allowed`](crate::Requirements).
    pub network_allowed: bool,
}

/// A grant of access to one secret for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrantFacts {
    /// Whom it names.
    pub person: u32,
    /// The secret it names.
    pub secret: u32,
    /// First instant at which it opens.
    pub from: i64,
    /// First instant at which it no longer opens.
    pub ends: i64,
    /// Taken back.
    pub revoked: bool,
    /// How many different people approved it.
    pub approvals: u8,
    /// How many the tier asks.
    pub approvals_required: u8,
    /// Emergency access: opens without approvals, for a short time.
    pub emergency: bool,
    /// A purpose is recorded.
    pub has_purpose: bool,
}

/// Where the person stands with the agreement that should cover the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AgreementFacts {
    /// Signed, and neither declined nor withdrawn.
    pub in_force: bool,
    /// The version signed is the one that is asked for now.
    pub current_version: bool,
    /// Its scope covers the secret.
    pub covers: bool,
    /// End of its term, where it has one.
    pub ends: Option<i64>,
}

/// Something a person has done, that may expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Done.
    pub met: bool,
    /// First instant at which it no longer counts, where there is one.
    pub ends: Option<i64>,
}

impl Facts {
    /// First instant at which the second factor no longer counts. Saturates, so that an endless span never wraps
    /// around into one that is over.
    pub(crate) fn second_factor_ends(&self) -> Option<i64> {
        self.second_factor_at.map(|at| at.saturating_add(self.second_factor_within))
    }
}
