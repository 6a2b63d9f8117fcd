use proptest::prelude::*;

use crate::*;

const NOON: i64 = 1_800_000_000_000;

/// A person who may open: everything is asked and everything holds at noon.
fn world() -> Facts {
    let standing = Standing { met: true, ends: Some(NOON + 700) };
    Facts {
        now: NOON,
        person: 7,
        secret: 40,
        tier_required: ConditionSet::ALL,
        active: true,
        starts: NOON - 1000,
        ends: Some(NOON + 1000),
        suspended: false,
        clearance: 2,
        clearance_required: 2,
        grant: Some(GrantFacts {
            person: 7,
            secret: 40,
            from: NOON,
            ends: NOON + 500,
            revoked: false,
            approvals: 2,
            approvals_required: 2,
            emergency: false,
            has_purpose: true,
        }),
        agreement: AgreementFacts { in_force: true, current_version: true, covers: true, ends: None },
        policy: standing,
        training: standing,
        screening: standing,
        second_factor_at: Some(NOON - 100),
        second_factor_within: 300,
        network_allowed: true,
    }
}

fn with(change: impl Fn(&mut Facts)) -> Facts {
    let mut facts = world();
    change(&mut facts);
    facts
}

fn with_grant(change: impl Fn(&mut GrantFacts)) -> Facts {
    with(|facts| change(facts.grant.as_mut().unwrap()))
}

fn only(condition: Condition) -> ConditionSet {
    [condition].into_iter().collect()
}

/// Facts, the one condition they break, and why.
fn broken() -> Vec<(Facts, Condition, Why)> {
    use Condition as C;
    vec![
        (with(|f| f.suspended = true), C::Suspension, Why::Suspended),
        (with(|f| f.active = false), C::Employment, Why::NotActive),
        (with(|f| f.starts = NOON + 1), C::Employment, Why::EmploymentStarts { at: NOON + 1 }),
        (with(|f| f.ends = Some(NOON)), C::Employment, Why::EmploymentEnded { at: NOON }),
        (with(|f| f.clearance = 1), C::Clearance, Why::ClearanceTooLow { have: 1, need: 2 }),
        (with(|f| f.grant = None), C::Grant, Why::NoGrant),
        (with_grant(|g| g.person = 8), C::Grant, Why::GrantNamesAnother),
        (with_grant(|g| g.secret = 41), C::Grant, Why::GrantNamesAnother),
        (with_grant(|g| g.revoked = true), C::Grant, Why::GrantRevoked),
        (with_grant(|g| g.has_purpose = false), C::Grant, Why::GrantWithoutPurpose),
        (with_grant(|g| g.approvals = 1), C::Grant, Why::GrantAwaitsApproval { have: 1, need: 2 }),
        (with_grant(|g| g.from = NOON + 1), C::Grant, Why::GrantStarts { at: NOON + 1 }),
        (with_grant(|g| g.ends = NOON), C::Grant, Why::GrantEnded { at: NOON }),
        (with(|f| f.agreement.in_force = false), C::Agreement, Why::AgreementNotSigned),
        (with(|f| f.agreement.current_version = false), C::Agreement, Why::AgreementOutdated),
        (with(|f| f.agreement.covers = false), C::Agreement, Why::AgreementDoesNotCover),
        (with(|f| f.agreement.ends = Some(NOON)), C::Agreement, Why::AgreementEnded { at: NOON }),
        (with(|f| f.policy.met = false), C::Policy, Why::PolicyNotAcknowledged),
        (with(|f| f.policy.ends = Some(NOON)), C::Policy, Why::PolicyEnded { at: NOON }),
        (with(|f| f.training.met = false), C::Training, Why::TrainingNotPassed),
        (with(|f| f.training.ends = Some(NOON)), C::Training, Why::TrainingEnded { at: NOON }),
        (with(|f| f.screening.met = false), C::Screening, Why::ScreeningNotPassed),
        (with(|f| f.screening.ends = Some(NOON)), C::Screening, Why::ScreeningEnded { at: NOON }),
        (with(|f| f.second_factor_at = None), C::SecondFactor, Why::NoSecondFactor),
        (
            with(|f| f.second_factor_within = 100),
            C::SecondFactor,
            Why::SecondFactorStale { at: NOON - 100, within: 100 },
        ),
        (
            with(|f| f.second_factor_at = Some(NOON + 1)),
            C::SecondFactor,
            Why::SecondFactorInFuture { at: NOON + 1 },
        ),
        (with(|f| f.network_allowed = false), C::Network, Why::AddressNotAllowed),
    ]
}

#[test]
fn who_meets_everything_opens_until_the_first_end() {
    let decision = Gate::new().unwrap().decide(&world());
    assert!(decision.allowed() && decision.failing().is_empty() && !decision.faulty());
    assert_eq!(decision.valid_until(), Some(NOON + 200), "the second factor ends first");
}

#[test]
fn each_condition_alone_denies_and_says_why() {
    let gate = Gate::new().unwrap();
    for (facts, condition, reason) in broken() {
        let decision = gate.decide(&facts);
        assert!(!decision.allowed(), "{reason:?}");
        assert_eq!(decision.failing(), only(condition), "{reason:?}");
        assert_eq!(why(&facts, condition), reason);
    }
    let covered: ConditionSet = broken().iter().map(|(_, condition, _)| *condition).collect();
    assert_eq!(covered, ConditionSet::ALL);
}

#[test]
fn what_is_not_asked_never_denies() {
    let gate = Gate::new().unwrap();
    for (mut facts, condition, _) in broken() {
        facts.tier_required.remove(condition);
        assert!(gate.decide(&facts).allowed(), "{condition}");
    }
}

#[test]
fn emergency_opens_without_approvals_but_not_without_a_grant_in_force() {
    let gate = Gate::new().unwrap();
    let emergency = |change: fn(&mut GrantFacts)| {
        with_grant(|g| {
            (g.emergency, g.approvals) = (true, 0);
            change(g);
        })
    };
    assert!(gate.decide(&emergency(|_| ())).allowed());
    assert!(!gate.decide(&emergency(|g| g.revoked = true)).allowed());
    assert!(!gate.decide(&emergency(|g| g.ends = NOON)).allowed());
    assert!(!gate.decide(&emergency(|g| g.has_purpose = false)).allowed());
}

#[test]
fn an_endless_second_factor_does_not_wrap_around() {
    let gate = Gate::new().unwrap();
    assert!(gate.decide(&with(|f| f.second_factor_within = i64::MAX)).allowed());
    assert!(!gate.decide(&with(|f| f.second_factor_within = i64::MIN)).allowed());
}

#[test]
fn every_rule_speaks_to_the_refused_and_to_the_lawyer() {
    let gate = Gate::new().unwrap();
    for condition in Condition::ALL {
        let Rule { rule, law, remedy, others } = gate.rule(condition);
        for text in [rule, law, remedy, others] {
            assert!(text.ends_with('.') && text.len() > 20, "{condition}: `{text}`");
        }
    }
}

#[test]
fn condition_names_are_read_back() {
    for condition in Condition::ALL {
        assert_eq!(condition.as_str().parse(), Ok(condition));
        let json = serde_json::to_string(&condition).unwrap();
        assert_eq!(json, format!("\"{condition}\""));
        assert_eq!(serde_json::from_str::<Condition>(&json).unwrap(), condition);
    }
    assert!("second_factor".parse::<Condition>().is_err());
    for set in ConditionSet::every() {
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<ConditionSet>(&json).unwrap(), set);
        assert_eq!(set.len(), set.iter().count());
    }
    assert!(serde_json::from_str::<ConditionSet>("[\"grant\",\"nonsense\"]").is_err());
}

#[test]
fn ranges_hold_their_addresses_and_no_others() {
    let cases = [
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "::10.1.2.3", false),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.6", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("::/0", "10.0.0.1", false),
        ("::1", "::1", true),
        ("::1", "::2", false),
        ("2001:db8::/33", "2001:db8:7fff::", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
    ];
    for (range, address, inside) in cases {
        let range = NetworkRange::parse(range).unwrap();
        assert_eq!(range.contains(address.parse().unwrap()), inside, "{address} in {range}");
        assert_eq!(NetworkRange::parse(&range.to_string()).unwrap(), range);
    }
}

#[test]
fn text_that_is_no_range_is_refused() {
    for text in [
        "",
        "/",
        "/8",
        "10",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0.1/8",
        "010.0.0.0/8",
        " 10.0.0.0/8",
        "::1/129",
        "::1/64",
        "::ffff:10.0.0.0/104",
        "10.0.0.0/256",
        "10.0.0.0\0",
        "localhost",
    ] {
        let error = NetworkRange::parse(text).unwrap_err().to_string();
        assert!(error.contains(&format!("`{text}`")), "{error}");
    }
}

#[test]
fn no_address_is_in_no_range() {
    let requirements = |networks| Requirements {
        conditions: ConditionSet::ALL,
        clearance: 0,
        approvals: 1,
        second_factor_within: 1,
        networks,
    };
    let everywhere = requirements(vec![NetworkRange::parse("0.0.0.0/0").unwrap()]);
    assert!(!everywhere.network_allowed(None));
    assert!(everywhere.network_allowed(Some("192.0.2.1".parse().unwrap())));
    assert!(!requirements(Vec::new()).network_allowed(Some("192.0.2.1".parse().unwrap())));
}

/// The rules once more, written plainly and apart: the second opinion on the policies and on `why`.
fn holds(f: &Facts, condition: Condition) -> bool {
    let before_end = |end: Option<i64>| f.now < end.unwrap_or(i64::MAX);
    match condition {
        Condition::Suspension => !f.suspended,
        Condition::Employment => f.active && f.starts <= f.now && before_end(f.ends),
        Condition::Clearance => f.clearance >= f.clearance_required,
        Condition::Grant => f.grant.is_some_and(|g| {
            let named = g.person == f.person && g.secret == f.secret;
            let approved = g.emergency || g.approvals >= g.approvals_required;
            named && approved && g.has_purpose && !g.revoked && g.from <= f.now && f.now < g.ends
        }),
        Condition::Agreement => {
            let a = f.agreement;
            a.in_force && a.current_version && a.covers && before_end(a.ends)
        }
        Condition::Policy => f.policy.met && before_end(f.policy.ends),
        Condition::Training => f.training.met && before_end(f.training.ends),
        Condition::Screening => f.screening.met && before_end(f.screening.ends),
        Condition::SecondFactor => f.second_factor_at.is_some_and(|at| {
            let end = i128::from(at) + i128::from(f.second_factor_within);
            at <= f.now && i128::from(f.now) < end.min(i64::MAX.into())
        }),
        Condition::Network => f.network_allowed,
    }
}

/// An instant at a boundary more often than not.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => NOON - 2..=NOON + 2,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]),
    ]
}

fn end() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.7, instant())
}

fn yes() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.85)
}

fn standing() -> impl Strategy<Value = Standing> {
    (yes(), end()).prop_map(|(met, ends)| Standing { met, ends })
}

fn grant() -> impl Strategy<Value = GrantFacts> {
    let ids = (0..6_u32, 0..6_u32);
    (ids, instant(), instant(), yes(), 0..3_u8, 0..3_u8, any::<bool>(), yes()).prop_map(
        |((person, secret), from, ends, kept, approvals, approvals_required, emergency, has_purpose)| {
            let (person, secret) = (person.saturating_sub(4), secret.saturating_sub(4));
            let revoked = !kept;
            GrantFacts {
                person,
                secret,
                from,
                ends,
                revoked,
                approvals,
                approvals_required,
                emergency,
                has_purpose,
            }
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let agreement = (yes(), yes(), yes(), end()).prop_map(|(in_force, current_version, covers, ends)| {
        AgreementFacts { in_force, current_version, covers, ends }
    });
    let person = (0..2_u32, yes(), instant(), end(), yes(), 0..4_u8);
    let tier = (0..2_u32, prop_oneof![any::<u16>(), Just(u16::MAX)], 0..4_u8);
    let second_factor =
        (prop::option::weighted(0.8, instant()), prop_oneof![4 => -1..5_i64, 1 => any::<i64>()], yes());
    let done = (standing(), standing(), standing());
    (instant(), person, tier, prop::option::weighted(0.9, grant()), agreement, done, second_factor).prop_map(
        |(now, person, tier, grant, agreement, (policy, training, screening), second_factor)| {
            let (person, active, starts, ends, trusted, clearance) = person;
            let (secret, asked, clearance_required) = tier;
            let (second_factor_at, second_factor_within, network_allowed) = second_factor;
            let tier_required = Condition::ALL
                .into_iter()
                .enumerate()
                .filter(|(i, _)| asked >> i & 1 == 1)
                .map(|(_, c)| c)
                .collect();
            Facts {
                now,
                person,
                secret,
                tier_required,
                active,
                starts,
                ends,
                suspended: !trusted,
                clearance,
                clearance_required,
                grant,
                agreement,
                policy,
                training,
                screening,
                second_factor_at,
                second_factor_within,
                network_allowed,
            }
        },
    )
}

/// Draws `count` random facts and holds each to a law.
fn for_random_facts(count: u32, law: impl Fn(&Facts) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config).run(&facts(), |facts| law(&facts)).unwrap();
}

#[test]
fn policies_explanations_and_a_second_opinion_agree() {
    let gate = Gate::new().unwrap();
    for_random_facts(200_000, |facts| {
        let decision = gate.evaluate(facts);
        let expected: ConditionSet = facts.tier_required.iter().filter(|c| !holds(facts, *c)).collect();
        prop_assert_eq!(decision.failing(), expected);
        prop_assert_eq!(decision.allowed(), expected.is_empty());
        prop_assert!(!decision.faulty());
        for condition in Condition::ALL {
            prop_assert_eq!(why(facts, condition).is_met(), holds(facts, condition), "{}", condition);
        }
        Ok(())
    });
}

#[test]
fn memo_decides_as_the_gate() {
    let gate = Gate::new().unwrap();
    let memo = std::cell::RefCell::new(Memo::new());
    for_random_facts(200_000, |facts| {
        prop_assert_eq!(memo.borrow_mut().decide(&gate, facts), gate.evaluate(facts));
        Ok(())
    });
}

#[test]
fn a_decision_stands_until_its_end_and_changes_at_it() {
    let gate = Gate::new().unwrap();
    for_random_facts(20_000, |facts| {
        let decision = gate.evaluate(facts);
        let Some(end) = decision.valid_until() else {
            return Ok(());
        };
        prop_assert!(end > facts.now);
        let lost = |now: i64| {
            let later = Facts { now, ..*facts };
            gate.evaluate(&later).failing().difference(decision.failing())
        };
        prop_assert!(lost(end - 1).is_empty());
        prop_assert!(!lost(end).is_empty());
        Ok(())
    });
}

#[test]
fn a_list_is_decided_as_its_members_are() {
    let gate = Gate::new().unwrap();
    let list: Vec<Facts> = broken().into_iter().map(|(facts, ..)| facts).chain([world()]).collect();
    let one_by_one: Vec<Decision> = list.iter().map(|facts| gate.decide(facts)).collect();
    assert_eq!(gate.decide_all(list).collect::<Vec<_>>(), one_by_one);
}
