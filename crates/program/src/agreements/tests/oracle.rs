//! Whatever happens, `cover` says what a slow look through the whole record says.

use super::*;
use proptest::prelude::*;

const SIGNERS: [PersonId; 3] = [ADA, BEN, COMES_LATER];

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Publish { new: bool, which: u32, covers: Covers, term_days: Option<u32>, resign: bool },
    Assign { which: u32, who: usize, due: bool },
    Sign { which: u32, who: usize },
    Decline { which: u32, who: usize },
    Cancel { which: u32, who: usize },
    Paper { which: u32, who: usize, version: u32, ago: i64 },
    Withdraw { which: u32 },
    Reclassify { secret: u32, tier: Tier },
}

fn tier() -> impl Strategy<Value = Tier> {
    prop::sample::select(Tier::ALL.to_vec())
}

fn covers() -> impl Strategy<Value = Covers> {
    prop_oneof![
        Just(Covers::Everything),
        prop::collection::btree_set(tier(), 1..3).prop_map(Covers::Tiers),
        prop::collection::btree_set((1u32..4).prop_map(SecretId), 1..3).prop_map(Covers::Secrets),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 1u32..4;
    let who = || 0usize..SIGNERS.len();
    let term = prop::option::of(1u32..6);
    prop_oneof![
        3 => prop_oneof![Just(1), Just(DAY), 0..3 * DAY].prop_map(Step::Wait),
        3 => (any::<bool>(), which(), covers(), term, any::<bool>()).prop_map(
            |(new, which, covers, term_days, resign)| Step::Publish { new, which, covers, term_days, resign }
        ),
        5 => (which(), who(), any::<bool>()).prop_map(|(which, who, due)| Step::Assign { which, who, due }),
        6 => (which(), who()).prop_map(|(which, who)| Step::Sign { which, who }),
        1 => (which(), who()).prop_map(|(which, who)| Step::Decline { which, who }),
        1 => (which(), who()).prop_map(|(which, who)| Step::Cancel { which, who }),
        2 => (which(), who(), 1u32..4, 0..9 * DAY)
            .prop_map(|(which, who, version, ago)| Step::Paper { which, who, version, ago }),
        1 => which().prop_map(|which| Step::Withdraw { which }),
        1 => (1u32..4, tier()).prop_map(|(secret, tier)| Step::Reclassify { secret, tier }),
    ]
}

/// Most wishes of a random sequence are refused; those that are not make the record.
fn take(w: &mut World, n: usize, step: &Step) -> bool {
    let outcome = match step.clone() {
        Step::Wait(span) => {
            w.now = w.now + span;
            Ok(())
        }
        Step::Publish { new, which, covers, term_days, resign } => {
            let id = (!new).then_some(AgreementId(which));
            let title = line(&id.map_or_else(|| format!("Agreement {n}"), |id| id.to_string()));
            let n = u8::try_from(n).unwrap();
            w.publish(id, Publication { title, covers, term_days, resign, ..publication(n) }).map(|_| ())
        }
        Step::Assign { which, who, due } => {
            let due = due.then(|| w.now + DAY);
            let people = vec![SIGNERS[who]];
            w.act(&browser(HR), Command::Assign { agreement: AgreementId(which), people, due })
        }
        Step::Sign { which, .. } if w.state.agreements.get(AgreementId(which)).is_none() => return false,
        Step::Sign { which, who } => w.sign(AgreementId(which), SIGNERS[who]),
        Step::Decline { which, who } => w.act(
            &browser(SIGNERS[who]),
            Command::Decline { agreement: AgreementId(which), reason: reason() },
        ),
        Step::Cancel { which, who } => {
            let (agreement, person) = (AgreementId(which), SIGNERS[who]);
            w.act(&browser(HR), Command::CancelAssignment { agreement, person, reason: reason() })
        }
        Step::Paper { which, who, version, ago } => {
            let paper = w.paper(AgreementId(which), SIGNERS[who], version, Time(w.now.0 - ago));
            w.act(&browser(HR), paper)
        }
        Step::Withdraw { which } => {
            w.act(&browser(COUNSEL), Command::Withdraw { agreement: AgreementId(which), reason: reason() })
        }
        Step::Reclassify { secret, tier } => {
            let (secret, profile) = (SecretId(secret), secret_profile(tier));
            w.record(
                secrets::Event::Revised { secret, version: 2, profile, precise: None, note: None }.into(),
            );
            Ok(())
        }
    };
    outcome.is_ok()
}

/// What one signature is worth: in force, current, end (`i64::MAX` for none), under which agreement.
type Worth = (bool, bool, i64, AgreementId);

/// Looks through every entry for every question, and remembers nothing.
fn worths(log: &[Recorded], person: PersonId, secret: SecretId, now: Time) -> Vec<Worth> {
    let ours = || {
        log.iter().filter_map(|r| if let AnyEvent::Agreements(e) = &r.event { Some((r, e)) } else { None })
    };
    let tier = log.iter().rev().find_map(|r| match &r.event {
        AnyEvent::Secrets(secrets::Event::Submitted { secret: s, profile, .. }) if *s == secret => {
            Some(profile.tier)
        }
        AnyEvent::Secrets(secrets::Event::Revised { secret: s, profile, .. }) if *s == secret => {
            Some(profile.tier)
        }
        _ => None,
    });
    let mut worths = Vec::new();
    for (recorded, event) in ours() {
        let Event::Signed { agreement, version, person: signer, signed_on, .. } = event else {
            continue;
        };
        let dead = ours().any(|(_, e)| matches!(e, Event::Withdrawn { agreement: a, .. } if a == agreement));
        if *signer != person || dead {
            continue;
        }
        let outdated = ours().any(|(_, e)| {
            matches!(e, Event::Published { agreement: a, version: v, resign: true, .. } if a == agreement && v > version)
        });
        let (covers, term) = ours()
            .find_map(|(_, e)| match e {
                Event::Published { agreement: a, version: v, covers, term_days, .. } => {
                    (a == agreement && v == version).then_some((covers, *term_days))
                }
                _ => None,
            })
            .expect("what was signed was published");
        let covered = match covers {
            Covers::Everything => true,
            Covers::Tiers(tiers) => tier.is_some_and(|tier| tiers.contains(&tier)),
            Covers::Secrets(secrets) => secrets.contains(&secret),
        };
        if covered {
            let from = signed_on.unwrap_or(recorded.time).0;
            let end = term.map_or(i64::MAX, |days| from + i64::from(days) * DAY);
            worths.push(((from..end).contains(&now.0), !outdated, end, *agreement));
        }
    }
    worths
}

/// Every instant at which an answer could change, the one before and the one after.
fn instants(log: &[Recorded]) -> Vec<Time> {
    let mut instants = Vec::new();
    for recorded in log {
        instants.push(recorded.time);
        if let AnyEvent::Agreements(Event::Signed { ends, signed_on, .. }) = &recorded.event {
            instants.extend(ends.iter().chain(signed_on));
        }
    }
    let mut instants: Vec<Time> = instants.iter().flat_map(|t| [Time(t.0 - 1), *t, Time(t.0 + 1)]).collect();
    instants.sort();
    instants.dedup();
    instants
}

fn agrees(w: &World, now: Time) {
    for person in SIGNERS {
        for secret in (1..5).map(SecretId) {
            let found = cover(&w.state, person, secret, now);
            let worths = if secret == SecretId(4) { Vec::new() } else { worths(&w.log, person, secret, now) };
            let best = worths.iter().map(|(force, current, end, _)| (*force, *current, *end)).max();
            assert_eq!(found.covers, best.is_some());
            let (force, current, end) = best.unwrap_or((false, false, i64::MAX));
            let ends = (end != i64::MAX).then_some(Time(end));
            assert_eq!((found.in_force, found.current_version, found.ends), (force, current, ends));
            let named = |best| worths.contains(&(force, current, end, best));
            assert_eq!(found.best.is_none(), worths.is_empty());
            assert!(found.best.is_none_or(named), "{found:?} is none of {worths:?}");
        }
    }
}

proptest! {
    #[test]
    fn cover_says_what_the_whole_record_says(steps in prop::collection::vec(step(), 1..60), far in 0..400 * DAY) {
        let mut w = world();
        for (n, step) in steps.iter().enumerate() {
            if take(&mut w, n + 1, step) {
                agrees(&w, w.now);
            }
        }
        for now in instants(&w.log) {
            agrees(&w, now);
        }
        agrees(&w, START + far);
    }

    #[test]
    fn the_record_read_back_adds_up_to_the_same(steps in prop::collection::vec(step(), 1..60)) {
        let mut w = world();
        for (n, step) in steps.iter().enumerate() {
            take(&mut w, n + 1, step);
        }
        let mut again = State::default();
        for recorded in &w.log {
            let (kind, fields) = recorded.event.to_fields(&recorded.by).unwrap();
            prop_assert!(!fields.contains_key("kind"));
            let (by, event) = AnyEvent::from_fields(&kind, fields).unwrap();
            prop_assert_eq!(&by, &recorded.by);
            prop_assert_eq!(&event, &recorded.event);
            again.apply(&Recorded { by, event, ..recorded.clone() });
        }
        let snapshot = |state: &State| serde_json::to_value(&state.agreements).unwrap();
        prop_assert_eq!(snapshot(&again), snapshot(&w.state));
        let restored: Agreements = serde_json::from_value(snapshot(&w.state)).unwrap();
        prop_assert_eq!(serde_json::to_value(&restored).unwrap(), snapshot(&w.state));
    }

    #[test]
    fn what_waits_is_what_was_asked_and_not_answered(steps in prop::collection::vec(step(), 1..60)) {
        let mut w = world();
        for (n, step) in steps.iter().enumerate() {
            take(&mut w, n + 1, step);
        }
        let listed: BTreeSet<_> = w.state.agreements.assignments().map(|(person, a, _)| (person, a.id)).collect();
        let pairs = || w.state.agreements.iter().flat_map(|a| SIGNERS.map(|person| (person, a.id)));
        let single: BTreeSet<_> = pairs().filter(|(person, id)| w.state.agreements.is_assigned(*person, *id)).collect();
        prop_assert_eq!(&listed, &single);
        for (person, id) in pairs() {
            let answer = w.state.agreements.standing(person, id);
            let waits = matches!(answer, Standing::Assigned { .. });
            prop_assert_eq!(waits, listed.contains(&(person, id)));
        }
    }
}
