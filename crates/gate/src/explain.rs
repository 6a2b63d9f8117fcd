//! Why a condition holds or fails, in words and instants, for the person who was refused.

use std::fmt;

use serde::Serialize;

use crate::{Condition, Facts, Standing};

/// Why one condition holds or fails. Instants and spans are raw milliseconds, for the caller to print in the
/// reader's time zone; [`Display`](fmt::Display) gives the sentence without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are what their names say, and each variant is documented")]
pub enum Why {
    /// The condition holds, until the instant where one is known.
    Met { until: Option<i64> },
    /// The person is suspended.
    Suspended,
    /// The person is not, or no longer, employed or under contract.
    NotActive,
    /// Employment begins later.
    EmploymentStarts { at: i64 },
    /// Employment is over.
    EmploymentEnded { at: i64 },
    /// The clearance does not reach the tier's.
    ClearanceTooLow { have: u8, need: u8 },
    /// Nobody granted access.
    NoGrant,
    /// The grant found names another person or another secret.
    GrantNamesAnother,
    /// The grant was taken back.
    GrantRevoked,
    /// The grant records no purpose.
    GrantWithoutPurpose,
    /// Too few people have approved.
    GrantAwaitsApproval { have: u8, need: u8 },
    /// The grant begins later.
    GrantStarts { at: i64 },
    /// The grant is over.
    GrantEnded { at: i64 },
    /// No agreement in force: never signed, declined, or withdrawn.
    AgreementNotSigned,
    /// An earlier version was signed than the one asked for now.
    AgreementOutdated,
    /// The agreement does not cover this secret.
    AgreementDoesNotCover,
    /// The agreement's term is over.
    AgreementEnded { at: i64 },
    /// The policies are not acknowledged.
    PolicyNotAcknowledged,
    /// The acknowledgement has expired.
    PolicyEnded { at: i64 },
    /// The training is not passed.
    TrainingNotPassed,
    /// The training has expired.
    TrainingEnded { at: i64 },
    /// No background check with a good outcome is recorded.
    ScreeningNotPassed,
    /// The background check has expired.
    ScreeningEnded { at: i64 },
    /// No second factor was shown in this session.
    NoSecondFactor,
    /// The second factor was shown too long ago.
    SecondFactorStale { at: i64, within: i64 },
    /// The second factor is recorded later than now: a clock is wrong.
    SecondFactorInFuture { at: i64 },
    /// The address is outside the allowed ranges, or unknown.
    AddressNotAllowed,
}

/// Why the condition holds or fails on these facts, whether or not the tier asks for it.
pub fn why(facts: &Facts, condition: Condition) -> Why {
    match condition {
        Condition::Suspension if facts.suspended => Why::Suspended,
        Condition::Suspension => Why::Met { until: None },
        Condition::Employment => employment(facts),
        Condition::Clearance if facts.clearance < facts.clearance_required => {
            Why::ClearanceTooLow { have: facts.clearance, need: facts.clearance_required }
        }
        Condition::Clearance => Why::Met { until: None },
        Condition::Grant => grant(facts),
        Condition::Agreement => agreement(facts),
        Condition::Policy => {
            standing(facts.now, facts.policy, Why::PolicyNotAcknowledged, |at| Why::PolicyEnded { at })
        }
        Condition::Training => {
            standing(facts.now, facts.training, Why::TrainingNotPassed, |at| Why::TrainingEnded { at })
        }
        Condition::Screening => {
            standing(facts.now, facts.screening, Why::ScreeningNotPassed, |at| Why::ScreeningEnded { at })
        }
        Condition::SecondFactor => second_factor(facts),
        Condition::Network if facts.network_allowed => Why::Met { until: None },
        Condition::Network => Why::AddressNotAllowed,
    }
}

impl Why {
    /// Whether the condition holds.
    pub const fn is_met(self) -> bool {
        matches!(self, Self::Met { .. })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            Self::Met { .. } => "the condition holds",
            Self::Suspended => "the person is suspended",
            Self::NotActive => "the person is not employed or under contract",
            Self::EmploymentStarts { .. } => "the person's employment has not begun",
            Self::EmploymentEnded { .. } => "the person's employment has ended",
            Self::ClearanceTooLow { have, need } => {
                return write!(f, "the person's clearance is {have}, and this tier asks for {need}");
            }
            Self::NoGrant => "nobody has granted the person access to this secret",
            Self::GrantNamesAnother => "the grant names another person or another secret",
            Self::GrantRevoked => "the grant was revoked",
            Self::GrantWithoutPurpose => "the grant records no purpose",
            Self::GrantAwaitsApproval { have, need } => {
                return write!(f, "{have} of the {need} approvals that this tier asks for have been given");
            }
            Self::GrantStarts { .. } => "the grant has not begun",
            Self::GrantEnded { .. } => "the grant has ended",
            Self::AgreementNotSigned => "no confidentiality agreement of the person is in force",
            Self::AgreementOutdated => "the person signed an earlier version of the agreement",
            Self::AgreementDoesNotCover => "the person's agreement does not cover this secret",
            Self::AgreementEnded { .. } => "the term of the person's agreement has ended",
            Self::PolicyNotAcknowledged => "the person has not acknowledged the confidentiality policies",
            Self::PolicyEnded { .. } => "the person's acknowledgement of the policies has expired",
            Self::TrainingNotPassed => "the person has not passed the training",
            Self::TrainingEnded { .. } => "the person's training has expired",
            Self::ScreeningNotPassed => "no passed background check of the person is recorded",
            Self::ScreeningEnded { .. } => "the person's background check has expired",
            Self::NoSecondFactor => "no second factor was shown in this session",
            Self::SecondFactorStale { .. } => "the second factor was shown too long ago",
            Self::SecondFactorInFuture { .. } => "the second factor is recorded in the future",
            Self::AddressNotAllowed => "the request does not come from an allowed address range",
        };
        f.write_str(sentence)
    }
}

fn employment(facts: &Facts) -> Why {
    if !facts.active {
        return Why::NotActive;
    }
    if facts.now < facts.starts {
        return Why::EmploymentStarts { at: facts.starts };
    }
    until(facts.now, facts.ends, |at| Why::EmploymentEnded { at })
}

fn grant(facts: &Facts) -> Why {
    let Some(grant) = facts.grant else {
        return Why::NoGrant;
    };
    if grant.person != facts.person || grant.secret != facts.secret {
        return Why::GrantNamesAnother;
    }
    if grant.revoked {
        return Why::GrantRevoked;
    }
    if facts.now >= grant.ends {
        return Why::GrantEnded { at: grant.ends };
    }
    if !grant.has_purpose {
        return Why::GrantWithoutPurpose;
    }
    if !grant.emergency && grant.approvals < grant.approvals_required {
        return Why::GrantAwaitsApproval { have: grant.approvals, need: grant.approvals_required };
    }
    if facts.now < grant.from {
        return Why::GrantStarts { at: grant.from };
    }
    Why::Met { until: Some(grant.ends) }
}

fn agreement(facts: &Facts) -> Why {
    let agreement = facts.agreement;
    if !agreement.in_force {
        return Why::AgreementNotSigned;
    }
    if !agreement.current_version {
        return Why::AgreementOutdated;
    }
    if !agreement.covers {
        return Why::AgreementDoesNotCover;
    }
    until(facts.now, agreement.ends, |at| Why::AgreementEnded { at })
}

fn second_factor(facts: &Facts) -> Why {
    let Some(at) = facts.second_factor_at else {
        return Why::NoSecondFactor;
    };
    if at > facts.now {
        return Why::SecondFactorInFuture { at };
    }
    let ends = facts.second_factor_ends();
    until(facts.now, ends, |_| Why::SecondFactorStale { at, within: facts.second_factor_within })
}

fn standing(now: i64, standing: Standing, missing: Why, ended: impl Fn(i64) -> Why) -> Why {
    if standing.met { until(now, standing.ends, ended) } else { missing }
}

/// What has no end runs until the last instant there is, in the policies as here.
fn until(now: i64, ends: Option<i64>, ended: impl Fn(i64) -> Why) -> Why {
    let at = ends.unwrap_or(i64::MAX);
    if now >= at { ended(at) } else { Why::Met { until: ends } }
}
