//! Who may ask, approve, revoke and take emergency access; and what opens afterwards.

use super::*;
use crate::agreements::{self, Covers, Media, Publication, Shown, Signing, TextRef};
use crate::documents::Target;
use crate::people::{self, tests::HR};
use crate::secrets::{Tier, tests::who_may};
use crate::{AgreementId, DocumentId, GrantId, RequestId, Rule};
use gate::Condition;

const CONFIDENTIAL: SecretId = SecretId(1);
const JEWEL: SecretId = SecretId(2);

/// Eva owns S-1, confidential, and S-2, a crown jewel that Max knows of; each has a document of the same number. All but
/// the administrator, HR and the auditor are cleared and have signed.
fn firm() -> World {
    let mut world = World::new();
    let text = TextRef { blob: "ab12".to_owned(), digest: Digest([1; 32]), size: 10, media: Media::Markdown };
    let publication = Publication {
        title: line("Staff agreement"),
        text,
        covers: Covers::Everything,
        term_days: None,
        resign: false,
        due: None,
        second_factor: false,
        note: None,
    };
    world
        .operator(agreements::Command::Publish { agreement: None, publication: Box::new(publication) })
        .unwrap();
    for person in [EVA, MAX, SECURITY, COUNSEL] {
        world.operator(people::Command::Clear { person, clearance: 3, reason: why() }).unwrap();
        sign(&mut world, person);
    }
    for (secret, tier) in [(CONFIDENTIAL, Tier::Confidential), (JEWEL, Tier::CrownJewel)] {
        let mut draft = draft("Recipe", EVA, tier);
        draft.profile.known_by = [MAX].into();
        world.operator(secrets::Command::Submit(Box::new(draft))).unwrap();
        world.operator(added(secret)).unwrap();
        world.by(COUNSEL, secrets::Command::Accept { secret, note: None }).unwrap();
    }
    world
}

fn sign(world: &mut World, person: PersonId) {
    let (agreement, version, digest) = (AgreementId(1), 1, Digest([1; 32]));
    world.operator(agreements::Command::Assign { agreement, people: vec![person], due: None }).unwrap();
    world.by(person, agreements::Command::Open { agreement, version, digest }).unwrap();
    let typed_name = world.state.people.get(person).unwrap().name.clone();
    let shown = Shown::Terminal;
    let signing =
        Signing { agreement, version, digest, shown, read_to_end: true, consents: true, typed_name };
    world.by(person, agreements::Command::Sign(Box::new(signing))).unwrap();
}

fn ask(world: &mut World, person: PersonId, secret: SecretId) -> RequestId {
    world.by(person, Command::Request { secret, purpose: why(), ends: None }).unwrap();
    world.state.access.requests().next_back().unwrap().id
}

fn approve(request: RequestId) -> Command {
    Command::Approve { request, note: None }
}

fn grant(world: &mut World, person: PersonId) -> GrantId {
    let request = ask(world, person, CONFIDENTIAL);
    world.by(EVA, approve(request)).unwrap();
    world.state.access.grants().next_back().unwrap().id
}

fn take(secret: SecretId) -> Command {
    Command::TakeEmergency { secret, purpose: why() }
}

fn emergency(world: &mut World, person: PersonId) -> GrantId {
    world.by(person, take(CONFIDENTIAL)).unwrap();
    world.state.access.grants().next_back().unwrap().id
}

fn opens(world: &World, person: PersonId, secret: SecretId) -> bool {
    let actor = Actor { second_factor_at: Some(world.now), ..Actor::shell("x", Some(person)) };
    let target = Target::Document(DocumentId(secret.0));
    let opening = documents::decide_opening(&world.state, &Gate::new().unwrap(), &actor, world.now, target);
    opening.is_ok_and(|opening| opening.decision.allowed())
}

/// Asks the gate for it and records the answer.
fn try_open(world: &mut World, person: PersonId, target: Target) -> crate::Event {
    let actor = Actor { second_factor_at: Some(world.now), ..Actor::shell("x", Some(person)) };
    let gate = Gate::new().unwrap();
    let event = documents::decide_opening(&world.state, &gate, &actor, world.now, target).unwrap().event;
    world.record(&actor, event.clone());
    event
}

fn rule(world: &mut World, person: PersonId, command: impl Into<crate::Command>) -> Rule {
    world.by(person, command).expect_err("this must be refused").rule
}

#[test]
fn who_may_do_what_about_access() {
    let mut world = firm();
    let waiting = ask(&mut world, MAX, CONFIDENTIAL);
    let reason = why();
    let requirement = Box::new(Requirement::default_for(Tier::Restricted));
    let tier = Tier::Restricted;
    let purpose = why();
    for (command, who) in [
        (Command::SetRequirement { tier, requirement, reason: why() }, "a-s----o"),
        (Command::Request { secret: JEWEL, purpose: purpose.clone(), ends: None }, "--scu-m-"),
        (approve(waiting), "-----e--"),
        (Command::Refuse { request: waiting, reason: why() }, "-----e--"),
        (Command::Withdraw { request: waiting }, "------m-"),
        (take(CONFIDENTIAL), "--sc--m-"),
    ] {
        assert_eq!(who_may(&world, &command.clone().into()), who, "{command:?}");
    }
    let taken = emergency(&mut world, MAX);
    for (command, who) in [
        (Command::Justify { grant: taken, account: why() }, "------m-"),
        (Command::ReviewEmergency { grant: taken, in_order: true, note: None }, "--sc-e--"),
        (Command::Revoke { grant: taken, reason }, "-hsc-emo"),
    ] {
        assert_eq!(who_may(&world, &command.clone().into()), who, "{command:?}");
    }
}

#[test]
fn crown_jewel_needs_its_owner_and_one_more_and_never_who_asks() {
    for first_owner in [true, false] {
        let mut world = firm();
        let request = ask(&mut world, MAX, JEWEL);
        assert_eq!(rule(&mut world, MAX, approve(request)), Rule::OwnCase);
        let order = if first_owner { [EVA, SECURITY] } else { [SECURITY, EVA] };
        world.by(order[0], approve(request)).unwrap();
        assert_eq!(
            rule(&mut world, order[0], approve(request)),
            if first_owner { Rule::Taken } else { Rule::Role }
        );
        assert!(!opens(&world, MAX, JEWEL));
        if !first_owner {
            assert_eq!(
                rule(&mut world, COUNSEL, approve(request)),
                Rule::Role,
                "two deputies do not replace the owner"
            );
        }
        world.by(order[1], approve(request)).unwrap();
        assert!(opens(&world, MAX, JEWEL));
        assert_eq!(rule(&mut world, COUNSEL, approve(request)), Rule::Standing);
    }
}

#[test]
fn owner_is_let_in_by_deputies_only() {
    let mut world = firm();
    assert!(opens(&world, EVA, CONFIDENTIAL), "the reviewer's approval is enough");
    assert!(!opens(&world, EVA, JEWEL), "a crown jewel needs one more");
    let request = world.state.access.pending().next().unwrap().id;
    assert_eq!(rule(&mut world, EVA, approve(request)), Rule::OwnCase);
    assert_eq!(rule(&mut world, COUNSEL, approve(request)), Rule::Taken);
    world.by(SECURITY, approve(request)).unwrap();
    assert!(opens(&world, EVA, JEWEL));
}

#[test]
fn emergency_access_stands_in_for_approval_and_nothing_else() {
    let mut world = firm();
    assert_eq!(rule(&mut world, HR, take(CONFIDENTIAL)), Rule::Gate, "no clearance");
    world.operator(people::Command::Clear { person: HR, clearance: 1, reason: why() }).unwrap();
    emergency(&mut world, HR);
    assert!(!opens(&world, HR, CONFIDENTIAL), "no agreement");
    let taken = emergency(&mut world, MAX);
    assert!(opens(&world, MAX, CONFIDENTIAL));
    world.operator(people::Command::Clear { person: MAX, clearance: 0, reason: why() }).unwrap();
    assert!(!opens(&world, MAX, CONFIDENTIAL), "the clearance was taken away");
    world.operator(people::Command::Clear { person: MAX, clearance: 3, reason: why() }).unwrap();
    world.by(EVA, Command::Revoke { grant: taken, reason: why() }).unwrap();
    assert!(!opens(&world, MAX, CONFIDENTIAL), "it was revoked");
    assert_eq!(rule(&mut world, SUE, take(CONFIDENTIAL)), Rule::Role, "suspended");
}

#[test]
fn emergency_access_ends_and_is_justified_before_the_next() {
    let mut world = firm();
    let taken = emergency(&mut world, MAX);
    let ends = world.state.access.grant(taken).unwrap().ends;
    world.now = Time(ends.0 - 1);
    assert!(opens(&world, MAX, CONFIDENTIAL));
    world.now = ends;
    assert!(!opens(&world, MAX, CONFIDENTIAL));
    assert_eq!(rule(&mut world, MAX, take(CONFIDENTIAL)), Rule::Standing);
    assert_eq!(rule(&mut world, MAX, take(JEWEL)), Rule::Standing, "whichever secret");
    world.by(MAX, Command::Justify { grant: taken, account: why() }).unwrap();
    assert_eq!(rule(&mut world, MAX, Command::Justify { grant: taken, account: why() }), Rule::Standing);
    emergency(&mut world, MAX);
}

#[test]
fn owners_own_emergency_waits_for_the_deputies() {
    let mut world = firm();
    world.by(EVA, take(JEWEL)).unwrap();
    let waits = |world: &World, person| {
        let duties = crate::duties_of(&world.state, person, world.now);
        duties.iter().any(|duty| duty.task == crate::Task::ReviewEmergency)
    };
    assert!(!waits(&world, EVA) && waits(&world, COUNSEL) && waits(&world, SECURITY));
    let grant = world.state.access.grants().next_back().unwrap().id;
    let review = Command::ReviewEmergency { grant, in_order: true, note: None };
    assert_eq!(rule(&mut world, EVA, review.clone()), Rule::OwnCase);
    world.by(COUNSEL, review).unwrap();
    assert!(!waits(&world, SECURITY));
}

#[test]
fn grant_too_weak_for_its_tier_does_not_bar_emergency_access() {
    let mut world = firm();
    grant(&mut world, MAX);
    assert_eq!(rule(&mut world, MAX, take(CONFIDENTIAL)), Rule::Taken);
    reclassify(&mut world, Tier::CrownJewel);
    assert!(!opens(&world, MAX, CONFIDENTIAL), "one approval is too few by now");
    emergency(&mut world, MAX);
    assert!(opens(&world, MAX, CONFIDENTIAL));
}

#[test]
fn revoked_grant_opens_nothing() {
    let mut world = firm();
    let grant = grant(&mut world, MAX);
    assert!(opens(&world, MAX, CONFIDENTIAL));
    let revoke = Command::Revoke { grant, reason: why() };
    world.by(SECURITY, revoke.clone()).unwrap();
    assert!(!opens(&world, MAX, CONFIDENTIAL));
    assert_eq!(rule(&mut world, SECURITY, revoke), Rule::Standing);
}

#[test]
fn who_has_left_or_is_suspended_opens_nothing() {
    let mut world = firm();
    grant(&mut world, MAX);
    world.by(HR, people::Command::Suspend { person: MAX, reason: why() }).unwrap();
    assert!(!opens(&world, MAX, CONFIDENTIAL));
    world.by(HR, people::Command::Reinstate { person: MAX, reason: why() }).unwrap();
    assert!(opens(&world, MAX, CONFIDENTIAL));
    world.by(HR, people::Command::End { person: MAX, ends: None, reason: why() }).unwrap();
    assert!(!opens(&world, MAX, CONFIDENTIAL));
    assert_eq!(rule(&mut world, MAX, take(CONFIDENTIAL)), Rule::Role);
}

#[test]
fn changed_requirement_holds_at_once() {
    let mut world = firm();
    grant(&mut world, MAX);
    let usual = Requirement::default_for(Tier::Confidential);
    for (stricter, opened) in [
        (Requirement { clearance: 4, ..usual.clone() }, false),
        (Requirement { clearance: 3, ..usual.clone() }, true),
        (Requirement { approvals: 2, ..usual.clone() }, false),
        (usual, true),
    ] {
        let requirement = Box::new(stricter);
        let command = Command::SetRequirement { tier: Tier::Confidential, requirement, reason: why() };
        world.by(SECURITY, command).unwrap();
        assert_eq!(opens(&world, MAX, CONFIDENTIAL), opened);
    }
}

#[test]
fn requirement_that_locks_everybody_out_or_lets_leavers_in_is_refused() {
    let mut world = firm();
    let usual = Requirement::default_for(Tier::Confidential);
    let mut all = vec![
        Requirement { approvals: 0, ..usual.clone() },
        Requirement { clearance: 10, ..usual.clone() },
        Requirement { longest_grant_days: 0, ..usual.clone() },
        // Open to everybody cleared, and yet to be found by nobody.
        Requirement {
            listed: false,
            conditions: usual.conditions.iter().filter(|c| *c != Condition::Grant).collect(),
            ..usual.clone()
        },
    ];
    for (condition, there) in [
        (Condition::Suspension, false),
        (Condition::Employment, false),
        (Condition::Network, true),
        (Condition::Training, true),
        (Condition::Policy, true),
        (Condition::Screening, true),
    ] {
        let mut changed = usual.clone();
        if there {
            changed.conditions.insert(condition)
        } else {
            changed.conditions.remove(condition)
        };
        all.push(changed);
    }
    for requirement in all.into_iter().map(Box::new) {
        let command = Command::SetRequirement { tier: Tier::Confidential, requirement, reason: why() };
        assert_eq!(rule(&mut world, ADMIN, command.clone()), Rule::Input, "{command:?}");
    }
}

#[test]
fn retired_secret_is_granted_to_nobody_any_more() {
    let mut world = firm();
    let request = ask(&mut world, MAX, CONFIDENTIAL);
    world.by(COUNSEL, secrets::Command::Retire { secret: CONFIDENTIAL, reason: why() }).unwrap();
    assert_eq!(rule(&mut world, EVA, approve(request)), Rule::Standing);
    assert_eq!(rule(&mut world, MAX, take(CONFIDENTIAL)), Rule::Standing);
    let again = Command::Request { secret: CONFIDENTIAL, purpose: why(), ends: None };
    assert_eq!(rule(&mut world, SECURITY, again), Rule::Standing);
    world.by(EVA, Command::Refuse { request, reason: why() }).unwrap();
}

#[test]
fn only_counsel_lowers_a_tier() {
    let mut world = firm();
    grant(&mut world, MAX);
    reclassify(&mut world, Tier::CrownJewel);
    assert!(!opens(&world, MAX, CONFIDENTIAL));
    let lower = revision(&world, Tier::Confidential);
    assert_eq!(rule(&mut world, EVA, lower.clone()), Rule::Role);
    world.by(COUNSEL, lower).unwrap();
    assert!(opens(&world, MAX, CONFIDENTIAL));
}

#[test]
fn ends_are_bounded_by_the_tier() {
    let mut world = firm();
    let ask = |ends: Time| Command::Request { secret: CONFIDENTIAL, purpose: why(), ends: Some(ends) };
    let now = world.now;
    assert_eq!(rule(&mut world, MAX, ask(now)), Rule::Input);
    assert_eq!(rule(&mut world, MAX, ask(now + (366 * DAY + 1))), Rule::Input);
    world.by(MAX, ask(now + 366 * DAY)).unwrap();
    assert_eq!(rule(&mut world, MAX, ask(now + DAY)), Rule::Taken, "one waits already");
}

fn revision(world: &World, tier: Tier) -> secrets::Command {
    let found = world.state.secrets.get(CONFIDENTIAL).unwrap();
    let profile = secrets::Profile { tier, ..found.profile.clone() };
    let draft = Box::new(secrets::Draft { profile, precise: None });
    secrets::Command::Revise { secret: CONFIDENTIAL, from_version: found.version(), draft, note: None }
}

fn reclassify(world: &mut World, tier: Tier) {
    let command = revision(world, tier);
    world.by(EVA, command).unwrap();
}

#[test]
fn grant_remembers_when_something_was_last_opened_on_it() {
    let mut world = firm();
    let grant = grant(&mut world, MAX);
    let last = |world: &World| world.state.access.grant(grant).unwrap().last_used;
    let unused = |world: &World| world.state.access.grant(grant).unwrap().is_unused(world.now);
    let granted = world.now;
    try_open(&mut world, HR, Target::Document(DocumentId(1)));
    assert_eq!(last(&world), None, "somebody else was refused");
    world.now = granted + (UNUSED_AFTER - 1);
    assert!(!unused(&world));
    world.now = granted + UNUSED_AFTER;
    assert!(unused(&world));
    try_open(&mut world, MAX, Target::Document(DocumentId(1)));
    assert_eq!((last(&world), unused(&world)), (Some(world.now), false));
    world.now = world.now + UNUSED_AFTER;
    assert!(unused(&world));
    try_open(&mut world, MAX, Target::Precise(CONFIDENTIAL));
    assert_eq!((last(&world), unused(&world)), (Some(world.now), false), "the precise description counts");
    world.by(EVA, Command::Revoke { grant, reason: why() }).unwrap();
    world.now = world.now + UNUSED_AFTER;
    assert!(!unused(&world), "what opens nothing any more is not unused");
}

#[test]
fn openings_and_refusals_of_documents_and_descriptions_are_counted() {
    let mut world = firm();
    grant(&mut world, MAX);
    for target in [Target::Document(DocumentId(1)), Target::Precise(CONFIDENTIAL)] {
        try_open(&mut world, MAX, target);
        try_open(&mut world, HR, target);
        try_open(&mut world, SUE, target);
    }
    assert_eq!(world.state.documents.openings(), (2, 4));
    let days: Vec<_> =
        world.state.documents.days(world.now + -DAY).map(|(_, day)| (day.opened, day.refused)).collect();
    assert_eq!(days, [(2, 4)]);
}

#[test]
fn opening_rests_on_a_grant_only_where_the_tier_asks_for_one() {
    let mut world = firm();
    let grant = grant(&mut world, MAX);
    let rests_on = |event: &crate::Event| match event {
        crate::Event::Documents(documents::Event::Opened { grant, .. }) => *grant,
        other => panic!("{other:?}"),
    };
    assert_eq!(rests_on(&try_open(&mut world, MAX, Target::Document(DocumentId(1)))), Some(grant));
    let mut requirement = Box::new(Requirement::default_for(Tier::Confidential));
    requirement.conditions.remove(Condition::Grant);
    let command = Command::SetRequirement { tier: Tier::Confidential, requirement, reason: why() };
    world.by(SECURITY, command).unwrap();
    assert_eq!(rests_on(&try_open(&mut world, MAX, Target::Document(DocumentId(1)))), None);
}

#[test]
fn coverage_counts_each_grant_in_force_as_the_question_why_answers_it() {
    let mut world = firm();
    let gate = Gate::new().unwrap();
    for person in [MAX, SECURITY, HR] {
        grant(&mut world, person);
    }
    let revoked = grant(&mut world, ADMIN);
    world.by(EVA, Command::Revoke { grant: revoked, reason: why() }).unwrap();
    world.operator(people::Command::Clear { person: SECURITY, clearance: 0, reason: why() }).unwrap();
    let found = coverage(&world.state, &gate, world.now);
    let mut conditions = std::collections::BTreeMap::new();
    for grant in world.state.access.grants().filter(|grant| grant.is_live(world.now)) {
        for one in super::super::why(&world.state, &gate, grant.person, grant.secret, world.now, None).1 {
            let (met, not_met) = conditions.entry(one.condition).or_insert((0, 0));
            *(if one.met { met } else { not_met }) += 1;
        }
    }
    assert_eq!(found.conditions, conditions);
    assert_eq!(found.conditions[&Condition::Clearance], (2, 2), "Eva and Max; not security and HR");
    let failing = |person| found.people.iter().find(|one| one.person == person).map(|one| one.failing);
    assert_eq!(failing(MAX), Some(gate::ConditionSet::EMPTY));
    assert_eq!(failing(HR), Some([Condition::Clearance, Condition::Agreement].into_iter().collect()));
    assert_eq!(failing(ADMIN), None, "her grant was taken back");
}
