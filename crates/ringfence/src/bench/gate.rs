//! Decisions about opening, each with its request built from the state of a whole company.

use super::company::{self, DOCUMENTS, FOUNDED, GRANTS, PEOPLE, SECRETS, TRUSTED};
use super::{Bound, Figure, Times, broken};
use crate::errors::Failure;
use gate::Gate;
use program::access::{Circumstances, may_open};
use program::documents::{Target, decide_opening};
use program::{Actor, DocumentId, PersonId, SecretId, Time};
use std::hint::black_box;

const DECISIONS: u64 = 200_000;
/// Policies are asked anew for so many of them.
const EVALUATIONS: usize = 20_000;

pub(super) fn measure() -> Result<Vec<Figure>, Failure> {
    let state = company::state()?;
    let gate = Gate::new().map_err(broken)?;
    let mut draw = Draw(0);
    let (mut decisions, mut evaluations) = (Times::default(), Times::default());
    let mut opened = 0_u64;
    for number in 0..DECISIONS {
        let (person, secret) = pair(&mut draw, number % 2 == 0);
        let document = DocumentId((secret.0 - 1) * DOCUMENTS + draw.below(DOCUMENTS) + 1);
        let now = FOUNDED + i64::from(draw.below(80 * 24 * 3_600)) * 1_000;
        let mut actor = Actor::shell("bench", Some(person));
        actor.second_factor_at = Some(now);
        let target = Target::Document(document);
        let opening = decisions.time(|| decide_opening(&state, &gate, &actor, now, black_box(target)))?;
        opened += u64::from(opening.decision.allowed());
        if evaluations.0.len() < EVALUATIONS {
            let _ = black_box(evaluations.time(|| gate.evaluate(black_box(&opening.facts))));
        }
    }
    // A company in which nothing opens, or everything, would measure something else.
    if !(DECISIONS / 10..=DECISIONS * 9 / 10).contains(&opened) {
        return Err(broken(format!("{opened} of {DECISIONS} decisions open")));
    }
    let mut lists = Times::default();
    let now = FOUNDED + 3_600_000;
    let list = |person| may_open(&state, &gate, person, now, circumstances(now)).len();
    for person in 2..=PEOPLE {
        black_box(lists.time(|| list(PersonId(person))));
    }
    let mut longest = Times::default();
    let mut documents = 0;
    for _ in 0..20 {
        documents = longest.time(|| list(TRUSTED));
    }
    let (us, ms) = (1e6, 1e3);
    Ok(vec![
        Figure::new(
            "decision, request built from state: p50",
            decisions.quantile(0.5) * us,
            "us",
            Bound::AtMost(10.0),
        ),
        Figure::new(
            "decision, request built from state: p99",
            decisions.quantile(0.99) * us,
            "us",
            Bound::AtMost(100.0),
        ),
        Figure::new(
            "the policies alone, evaluated anew: p50",
            evaluations.quantile(0.5) * us,
            "us",
            Bound::None,
        ),
        Figure::new(
            "the policies alone, evaluated anew: p99",
            evaluations.quantile(0.99) * us,
            "us",
            Bound::None,
        ),
        Figure::new("what may I open: p50", lists.quantile(0.5) * ms, "ms", Bound::None),
        Figure::new("what may I open: p99", lists.quantile(0.99) * ms, "ms", Bound::AtMost(50.0)),
        Figure::new(
            format!("what may I open, {documents} documents: p99"),
            longest.quantile(0.99) * ms,
            "ms",
            Bound::None,
        ),
    ])
}

/// Somebody and a secret: one they hold a grant to, or any.
fn pair(draw: &mut Draw, granted: bool) -> (PersonId, SecretId) {
    let person = PersonId(2 + draw.below(PEOPLE - 1));
    if granted {
        (person, company::granted(person, draw.below(GRANTS)))
    } else {
        (person, SecretId(1 + draw.below(SECRETS)))
    }
}

fn circumstances(now: Time) -> Option<Circumstances> {
    Some(Circumstances { second_factor_at: Some(now), address: None })
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (z ^ (z >> 31)) >> 32;
        ((high * u64::from(bound)) >> 32) as u32
    }
}
