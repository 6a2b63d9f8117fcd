//! Decisions remembered within one listing, where thousands of documents share a handful of situations.

use std::collections::HashMap;

use crate::decision::Verdict;
use crate::{Decision, Facts, Gate};

/// Decides like [`Gate::decide`] and remembers, a hundred times faster where the situation is known. What is kept
/// never goes stale, for a verdict depends on the facts alone.
#[derive(Debug, Default)]
pub struct Memo {
    verdicts: HashMap<Facts, Verdict>,
}

/// Far more situations than a company has; a bound all the same, some 15 MB.
const MOST_KEPT: usize = 65_536;

impl Memo {
    /// An empty memo.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same decision as `gate.decide(facts)`.
    pub fn decide(&mut self, gate: &Gate, facts: &Facts) -> Decision {
        if self.verdicts.len() >= MOST_KEPT {
            self.verdicts.clear();
        }
        let verdict =
            *self.verdicts.entry(normalised(facts)).or_insert_with_key(|normalised| gate.judge(normalised));
        Decision::new(verdict, facts)
    }
}

/// Facts on which the policies must give the same verdict.
///
/// INVARIANT: policies compare ids with `==` alone, and each instant with `now` alone, so ids may be replaced by
/// whether they match and instants by their order against `now`. The test `memo_decides_as_the_gate` holds the policies to it.
fn normalised(facts: &Facts) -> Facts {
    let order = |instant: i64| i64::from(instant > facts.now) - i64::from(instant < facts.now);
    // What has no end is compared as the policies compare it: as the last instant there is.
    let order_of_end = |end: Option<i64>| Some(order(end.unwrap_or(i64::MAX)));
    let second_factor_ends = facts.second_factor_ends();
    let mut same = *facts;
    same.now = 0;
    same.person = 0;
    same.secret = 0;
    same.starts = order(facts.starts);
    same.ends = order_of_end(facts.ends);
    if let Some(grant) = &mut same.grant {
        grant.person = u32::from(grant.person != facts.person);
        grant.secret = u32::from(grant.secret != facts.secret);
        grant.from = order(grant.from);
        grant.ends = order(grant.ends);
    }
    same.agreement.ends = order_of_end(facts.agreement.ends);
    same.policy.ends = order_of_end(facts.policy.ends);
    same.training.ends = order_of_end(facts.training.ends);
    same.screening.ends = order_of_end(facts.screening.ends);
    same.second_factor_at = facts.second_factor_at.map(order);
    // The span is replaced by one that ends, counted from the new start, on the same side of the new `now`.
    same.second_factor_within = match (same.second_factor_at, second_factor_ends) {
        (Some(start), Some(end)) => order(end) - start,
        _ => 0,
    };
    same
}
