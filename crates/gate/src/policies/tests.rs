use super::*;
use crate::AgreementFacts;

/// Somebody of whom nothing is known, asked everything but `spared`.
fn stranger(spared: &[Condition]) -> Facts {
    let missing = crate::Standing::default();
    Facts {
        now: 5,
        person: 1,
        secret: 2,
        tier_required: ConditionSet::ALL.difference(spared.iter().copied().collect()),
        active: true,
        starts: 0,
        ends: None,
        suspended: false,
        clearance: 9,
        clearance_required: 0,
        grant: None,
        agreement: AgreementFacts::default(),
        policy: missing,
        training: missing,
        screening: missing,
        second_factor_at: None,
        second_factor_within: 0,
        network_allowed: true,
    }
}

/// The shipped policies with one replaced.
fn replaced(id: &str, by: &'static str) -> Vec<&'static str> {
    let mark = format!("@id(\"{id}\")");
    let sources: Vec<_> = [OPEN]
        .into_iter()
        .chain(POLICIES)
        .map(|source| if source.contains(&mark) { by } else { source })
        .collect();
    assert!(sources.contains(&by), "`{id}` is one of the policies");
    sources
}

fn refusal(sources: Vec<&str>) -> GateError {
    Gate::from_sources(SCHEMA, sources).err().unwrap()
}

#[test]
fn a_policy_that_names_an_unknown_fact_is_no_gate() {
    for body in [
        "unless { context.networkAllowd }",
        "unless { context.networkAllowed == 1 }",
        "unless { principal.admin }",
        "unless { context.now }",
        "unless { context.secondFactorFrom < context.now }",
        "unless { principal == Robot::\"r2\" }",
        "when { false }",
    ] {
        let policy = format!("@id(\"network\") forbid (principal, action, resource) {body};").leak();
        let error = refusal(replaced("network", policy));
        assert!(matches!(error, GateError::Schema(_)), "{body}: {error}");
    }
}

#[test]
fn a_policy_set_that_misses_a_condition_or_adds_one_is_no_gate() {
    let without: Vec<_> = [OPEN].into_iter().chain(POLICIES.into_iter().skip(1)).collect();
    assert!(matches!(refusal(without), GateError::Conditions(_)));
    let with_one_more: Vec<_> = [OPEN, "@id(\"friends\") permit (principal, action, resource);"]
        .into_iter()
        .chain(POLICIES)
        .collect();
    assert!(matches!(refusal(with_one_more), GateError::Conditions(_)));
    let nameless: Vec<_> =
        [OPEN, "permit (principal, action, resource);"].into_iter().chain(POLICIES).collect();
    assert!(matches!(refusal(nameless), GateError::Conditions(_)));
    let permits = "@id(\"grant\") permit (principal, action, resource) when { context.grantRevoked };";
    assert!(matches!(refusal(replaced("grant", permits)), GateError::Conditions(_)));
    let nothing_opens = "@id(\"open\") forbid (principal, action, resource);";
    assert!(matches!(refusal(replaced("open", nothing_opens)), GateError::Conditions(_)));
    assert!(matches!(refusal(replaced("grant", "forbid (")), GateError::Syntax(_)));
}

#[test]
fn a_policy_that_cannot_be_evaluated_fails_everything_asked() {
    let broken = "@id(\"grant\") forbid (principal, action, resource) unless { context.grantForever };";
    let gate = Gate::unchecked(parse(replaced("grant", broken)).unwrap()).unwrap();
    let facts = stranger(&[]);
    let decision = gate.decide(&facts);
    assert!(!decision.allowed() && decision.faulty());
    assert_eq!(decision.failing(), facts.tier_required);

    let facts =
        stranger(&[Condition::Agreement, Condition::Policy, Condition::Training, Condition::Screening]);
    let decision = gate.decide(&facts);
    assert!(!decision.allowed() && decision.faulty());
    assert_eq!(decision.failing(), facts.tier_required);
    assert_eq!(decision.valid_until(), None);
}

#[test]
fn a_broken_permit_opens_nothing_even_where_nothing_is_asked() {
    let nothing_asked = stranger(&Condition::ALL);
    assert!(Gate::new().unwrap().decide(&nothing_asked).allowed());
    let broken = "@id(\"open\") permit (principal, action, resource) when { context.open };";
    let gate = Gate::unchecked(parse(replaced("open", broken)).unwrap()).unwrap();
    let decision = gate.decide(&nothing_asked);
    assert!(!decision.allowed() && decision.faulty() && decision.failing().is_empty());
}

#[test]
fn every_request_fits_the_schema() {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
    let names = Names::new().unwrap();
    let grant = GrantFacts {
        person: 1,
        secret: 2,
        from: 0,
        ends: 9,
        revoked: false,
        approvals: 1,
        approvals_required: 1,
        emergency: false,
        has_purpose: true,
    };
    for grant in [None, Some(grant)] {
        for second_factor_at in [None, Some(3)] {
            let facts = Facts { grant, second_factor_at, ..stranger(&[]) };
            let context = Context::from_pairs(names.context(&facts)).unwrap();
            let (principal, resource) = (uid(&names.person, 1), uid(&names.secret, 2));
            Request::new(principal, names.open.clone(), resource, context, Some(&schema)).unwrap();
        }
    }
}
