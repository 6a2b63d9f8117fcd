//! The answer of the gate: opened or not, and for which reasons.

use serde::Serialize;

use crate::{Condition, ConditionSet, Facts, why};

/// What the gate decided. Only the gate makes one, so holding one that allows is proof of having asked.
///
/// ```compile_fail,E0451
/// gate::Decision { allowed: true, failing: gate::ConditionSet::EMPTY, faulty: false, valid_until: None };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[must_use]
pub struct Decision {
    allowed: bool,
    failing: ConditionSet,
    faulty: bool,
    valid_until: Option<i64>,
}

impl Decision {
    /// Whether the document may be opened.
    pub const fn allowed(&self) -> bool {
        self.allowed
    }

    /// The conditions that the tier asks and that do not hold.
    pub const fn failing(&self) -> ConditionSet {
        self.failing
    }

    /// Whether a policy could not be evaluated, so that everything asked counts as failing.
    pub const fn faulty(&self) -> bool {
        self.faulty
    }

    /// The earliest instant at which a condition that is asked and holds now will have stopped (milliseconds, first
    /// instant outside). `None` when nothing that holds has an end.
    pub const fn valid_until(&self) -> Option<i64> {
        self.valid_until
    }

    pub(crate) fn new(verdict: Verdict, facts: &Facts) -> Self {
        let holding = facts.tier_required.difference(verdict.failing);
        let valid_until = holding.iter().filter_map(|condition| ends(facts, condition)).min();
        Self { allowed: verdict.allowed, failing: verdict.failing, faulty: verdict.faulty, valid_until }
    }
}

/// What the policies said, without the instants that only the full facts tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) failing: ConditionSet,
    pub(crate) faulty: bool,
}

/// When a condition that holds now stops.
fn ends(facts: &Facts, condition: Condition) -> Option<i64> {
    match why(facts, condition) {
        crate::Why::Met { until } => until,
        _ => None,
    }
}
