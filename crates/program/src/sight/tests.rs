//! Who may know what, one letter for each of those who ask.

use super::*;
use crate::agreements::{Covers, Media, Publication, TextRef};
use crate::documents::Target;
use crate::people::tests::{ADMIN, AUDITOR, COUNSEL, EVA, HR, MAX, SECURITY, SUE, World, line, why};
use crate::people::{Joiner, Profile};
use crate::secrets::Tier;
use crate::secrets::tests::{added, draft};
use crate::{
    AccountId, AgreementId, Digest, DocumentId, Event, GrantId, Refusal, RequestId, Rule, SecretId,
    SessionId, describe_to, duties_of, may_read_duty,
};
use gate::{Condition, Gate};

const BOSS: PersonId = PersonId(9);
const GIL: PersonId = PersonId(10);
const NED: PersonId = PersonId(11);
/// A crown jewel, which is listed to nobody.
const JEWEL: SecretId = SecretId(1);
/// A restricted secret, which everybody may find.
const LISTED: SecretId = SecretId(2);
/// Gil's, to each of them.
const JEWEL_GRANT: GrantId = GrantId(1);
const LISTED_GRANT: GrantId = GrantId(3);

/// The administrator, HR, security, counsel, the auditor; Eva, who owns both secrets, and Max, who put them forward; Sue,
/// who is suspended; Ned, a stranger; Gil, who was granted both, and his boss; the operator.
const ALL: [(char, Option<PersonId>); 12] = [
    ('a', Some(ADMIN)),
    ('h', Some(HR)),
    ('s', Some(SECURITY)),
    ('c', Some(COUNSEL)),
    ('u', Some(AUDITOR)),
    ('e', Some(EVA)),
    ('m', Some(MAX)),
    ('x', Some(SUE)),
    ('n', Some(NED)),
    ('g', Some(GIL)),
    ('b', Some(BOSS)),
    ('o', None),
];

fn actor(person: Option<PersonId>) -> Actor {
    Actor::shell("x", person)
}

/// The letters of those for whom it holds.
fn who(ask: impl Fn(&Actor) -> bool) -> String {
    ALL.iter().filter(|(_, person)| ask(&actor(*person))).map(|(letter, _)| letter).collect()
}

fn sees(world: &World, subject: impl Into<Subject>) -> String {
    let subject = subject.into();
    who(|actor| may_see(&world.state, actor, world.now, subject))
}

fn list_jewels(world: &mut World, listed: bool) {
    let requirement = access::Requirement { listed, ..access::Requirement::default_for(Tier::CrownJewel) };
    let requirement = Box::new(requirement);
    let tier = Tier::CrownJewel;
    world.by(SECURITY, access::Command::SetRequirement { tier, requirement, reason: why() }).unwrap();
}

fn granted(world: &mut World, secret: SecretId, approvers: &[PersonId]) -> GrantId {
    world.by(GIL, access::Command::Request { secret, purpose: why(), ends: None }).unwrap();
    let request = world.state.access.requests().next_back().unwrap().id;
    for approver in approvers {
        world.by(*approver, access::Command::Approve { request, note: None }).unwrap();
    }
    world.state.access.grants().next_back().unwrap().id
}

fn house() -> World {
    let mut world = World::new();
    for (name, manager) in [("Bea", None), ("Gil", Some(BOSS)), ("Ned", None)] {
        let joiner = world.joiner(name);
        let profile = Profile { manager, ..joiner.profile.clone() };
        world.operator(people::Command::Add { joiner: Joiner { profile, ..joiner } }).unwrap();
    }
    list_jewels(&mut world, true);
    for (secret, title, tier) in [(JEWEL, "Recipe", Tier::CrownJewel), (LISTED, "Tool", Tier::Restricted)] {
        world.by(MAX, secrets::Command::Submit(Box::new(draft(title, EVA, tier)))).unwrap();
        world.by(MAX, added(secret)).unwrap();
        world.by(COUNSEL, secrets::Command::Accept { secret, note: None }).unwrap();
        let grant = granted(&mut world, secret, if secret == JEWEL { &[EVA, COUNSEL] } else { &[EVA] });
        assert_eq!(grant, if secret == JEWEL { JEWEL_GRANT } else { LISTED_GRANT });
    }
    list_jewels(&mut world, false);
    world
}

#[test]
fn a_secret_is_known_to_those_it_concerns_and_a_listed_one_to_whoever_works_here() {
    let mut world = house();
    assert_eq!(sees(&world, JEWEL), "scuemgo");
    assert_eq!(sees(&world, LISTED), "ahscuemngbo");
    assert_eq!(sees(&world, SecretId(9)), "");
    world.operator(people::Command::Suspend { person: EVA, reason: why() }).unwrap();
    assert_eq!(sees(&world, JEWEL), "scumgo", "a suspended owner");
}

#[test]
fn documents_are_known_inside_and_no_longer_once_the_grant_ends() {
    let mut world = house();
    assert_eq!(sees(&world, DocumentId(1)), "scuemgo");
    assert_eq!(sees(&world, DocumentId(2)), "scuemgo", "finding a secret is not knowing its documents");
    assert_eq!(sees(&world, DocumentId(9)), "");
    world.by(EVA, access::Command::Revoke { grant: LISTED_GRANT, reason: why() }).unwrap();
    assert_eq!(sees(&world, DocumentId(2)), "scuemo");
    assert!(sees(&world, LISTED).contains('g'));
    let once = |document: u32| {
        who(|actor| documents::once_known(&world.state, actor, world.now, DocumentId(document)).is_some())
    };
    assert_eq!((once(2), once(9)), ("g".to_owned(), String::new()));
}

#[test]
fn whoever_may_only_find_a_secret_is_shown_what_was_written_for_them() {
    let mut world = house();
    let secret = world.state.secrets.get(LISTED).unwrap();
    let mut profile = secret.profile.clone();
    profile.places = vec![secrets::Place { sort: secrets::PlaceKind::Room, name: line("Room 12") }];
    profile.known_by = [MAX].into();
    profile.value = Some(secrets::Amount { units: 9, currency: line("EUR"), basis: None });
    profile.cost = profile.value.clone();
    profile.factors[0] = Some(secrets::Factor { score: 5, reason: why() });
    let (from_version, draft) = (secret.version(), secrets::Draft { profile, precise: None });
    let revise =
        secrets::Command::Revise { secret: LISTED, from_version, draft: Box::new(draft), note: None };
    world.by(EVA, revise).unwrap();
    let secret = world.state.secrets.get(LISTED).unwrap();
    let whole = who(|actor| {
        let shown = secrets::shown(&world.state, actor, world.now, secret);
        assert_eq!(
            (&shown.profile.title, shown.versions.len()),
            (&secret.profile.title, secret.versions.len())
        );
        let profile = &shown.profile;
        let inner = [
            !profile.places.is_empty(),
            !profile.known_by.is_empty(),
            profile.value.is_some(),
            profile.cost.is_some(),
            profile.factors[0].is_some(),
        ];
        assert!(inner.iter().all(|there| *there == inner[0]), "{inner:?}");
        inner[0]
    });
    assert_eq!(whole, "scuemgo");
}

#[test]
fn where_no_grant_is_asked_whoever_may_find_a_secret_knows_its_documents() {
    let mut world = house();
    let mut requirement = access::Requirement::default_for(Tier::Restricted);
    requirement.conditions.remove(Condition::Grant);
    let (tier, requirement) = (Tier::Restricted, Box::new(requirement));
    world.by(SECURITY, access::Command::SetRequirement { tier, requirement, reason: why() }).unwrap();
    assert_eq!(sees(&world, DocumentId(2)), "ahscuemngbo");
}

#[test]
fn requests_and_grants_are_for_their_person_the_owner_and_who_oversees() {
    let world = house();
    let request = |person: PersonId, secret: SecretId| -> RequestId {
        let mut all = world.state.access.requests();
        all.find(|request| request.person == person && request.secret == secret).unwrap().id
    };
    assert_eq!(sees(&world, request(GIL, JEWEL)), "scuego");
    assert_eq!(sees(&world, request(GIL, LISTED)), "scuego");
    assert_eq!(sees(&world, RequestId(99)), "");
    assert_eq!(sees(&world, JEWEL_GRANT), "hscuego", "HR takes grants back from leavers");
    assert_eq!(sees(&world, LISTED_GRANT), "hscuegbo", "his boss may know of this secret");
    assert_eq!(sees(&world, GrantId(99)), "");
    let grant = world.state.access.grant(LISTED_GRANT).unwrap();
    assert_eq!(who(|actor| access::may_see_use(&world.state, actor, world.now, grant)), "scuego");
    for secret in [JEWEL, LISTED] {
        assert_eq!(who(|actor| access::may_oversee(&world.state, actor, world.now, secret)), "scueo");
    }
}

#[test]
fn why_is_answered_to_whoever_it_is_about_and_who_can_mend_it() {
    let world = house();
    let why = |secret: SecretId| {
        let secret = world.state.secrets.get(secret).unwrap();
        who(|actor| access::may_ask_why(&world.state, actor, world.now, GIL, secret))
    };
    assert_eq!(why(LISTED), "hscuegbo");
    assert_eq!(why(JEWEL), "scuego", "never about a secret that one may not know of");
}

#[test]
fn people_accounts_and_agreements_are_for_those_who_run_them_and_those_they_are_about() {
    let mut world = house();
    assert_eq!(sees(&world, GIL), "ahscugbo");
    assert_eq!(sees(&world, PersonId(99)), "");
    world.operator(accounts::Command::Invite { person: GIL, invite: Digest([1; 32]) }).unwrap();
    assert_eq!(sees(&world, AccountId(1)), "ahsugo");
    assert_eq!(sees(&world, AccountId(9)), "");
    assert_eq!(sees(&world, SessionId(1)), "");
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
    let publication = Box::new(publication);
    world.by(COUNSEL, agreements::Command::Publish { agreement: None, publication }).unwrap();
    let agreement = AgreementId(1);
    assert_eq!(sees(&world, agreement), "hscuo");
    world.by(HR, agreements::Command::Assign { agreement, people: vec![GIL], due: None }).unwrap();
    assert_eq!(sees(&world, agreement), "hscugo");
    assert_eq!(sees(&world, AgreementId(9)), "");
}

#[test]
fn histories_are_for_owners_and_those_they_are_about() {
    let world = house();
    let (state, now) = (&world.state, world.now);
    let of = |subject: Subject| who(|actor| may_read_history(state, actor, now, subject));
    assert_eq!(who(|actor| may_read_record(state, actor, now)), "scuo");
    assert_eq!(of(JEWEL.into()), "scueo");
    assert_eq!(of(DocumentId(1).into()), "scueo");
    assert_eq!(of(LISTED_GRANT.into()), "scueo");
    assert_eq!(of(GIL.into()), "scugo");
    assert_eq!(of(AgreementId(1).into()), "scuo");
}

/// Tries to open, and records the answer.
fn refused_to(world: &mut World, person: PersonId, document: DocumentId) -> Event {
    let gate = Gate::new().unwrap();
    let (by, target) = (actor(Some(person)), Target::Document(document));
    let opening = documents::decide_opening(&world.state, &gate, &by, world.now, target).unwrap();
    assert!(!opening.decision.allowed());
    world.record(&by, opening.event.clone());
    opening.event
}

#[test]
fn a_refused_opening_of_a_hidden_secret_is_told_like_an_unknown_id_and_recorded_for_its_owner() {
    let mut world = house();
    let hidden = refused_to(&mut world, NED, DocumentId(1));
    let listed = refused_to(&mut world, NED, DocumentId(2));
    let hears = |world: &World, person, target| -> Result<(), Refusal> {
        documents::may_hear_why(&world.state, &actor(Some(person)), world.now, target).map(|_| ())
    };
    let told = hears(&world, NED, Target::Document(DocumentId(1))).unwrap_err();
    let never_was = documents::decide_opening(
        &world.state,
        &Gate::new().unwrap(),
        &actor(Some(NED)),
        world.now,
        Target::Document(DocumentId(9)),
    );
    assert_eq!(told.rule, Rule::Unknown);
    let mut never_was = never_was.unwrap_err();
    never_was.message = never_was.message.replace("D-9", "D-1");
    assert_eq!(told, never_was);
    assert_eq!(hears(&world, NED, Target::Precise(JEWEL)).unwrap_err(), Refusal::unknown(JEWEL));
    assert_eq!(hears(&world, NED, Target::Document(DocumentId(2))), Ok(()));
    world.operator(people::Command::Suspend { person: EVA, reason: why() }).unwrap();
    assert_eq!(hears(&world, EVA, Target::Precise(JEWEL)), Ok(()), "the owner is told of her suspension");
    world.operator(people::Command::Reinstate { person: EVA, reason: why() }).unwrap();
    let readers = |event: &Event| {
        let (kind, _) = event.to_fields(&Actor::program()).unwrap();
        let subjects = event.subjects();
        who(|actor| may_read_entry(&world.state, actor, world.now, Some(NED), &kind, &subjects))
    };
    assert_eq!(readers(&hidden), "scueo", "his own attempt would tell Ned that it exists");
    assert_eq!(readers(&listed), "scueno");
}

#[test]
fn what_happened_to_the_organisation_is_read_by_those_who_read_the_whole_record() {
    let world = house();
    let reads =
        who(|actor| may_read_entry(&world.state, actor, world.now, None, "organisation.founded", &[]));
    assert_eq!(reads, "scuo");
}

#[test]
fn what_one_may_not_know_any_more_is_called_by_its_id() {
    let world = house();
    let secret = JEWEL;
    let request = access::Event::Requested {
        request: RequestId(7),
        person: NED,
        secret,
        purpose: why(),
        ends: world.now,
    };
    let recorded =
        |event: Event| crate::Recorded { position: 0, time: world.now, by: actor(Some(NED)), event };
    let opened = documents::Event::Opened {
        document: DocumentId(1),
        secret,
        person: NED,
        grant: None,
        met: Default::default(),
    };
    for event in [Event::from(request), opened.into()] {
        let recorded = recorded(event);
        let told = |to| describe_to(&world.state, &actor(Some(to)), world.now, &recorded);
        assert!(told(EVA).contains("`Recipe` (S-1)"), "{}", told(EVA));
        assert!(told(NED).contains("S-1") && !told(NED).contains("Recipe"), "{}", told(NED));
        assert!(!told(NED).contains("file.pdf"), "{}", told(NED));
    }
}

#[test]
fn duties_that_name_a_secret_are_read_by_those_who_may_know_it() {
    let mut world = house();
    let readers = |world: &World, person: PersonId, about: Subject| {
        let duties = duties_of(&world.state, person, world.now);
        let duty = duties.iter().find(|duty| duty.about == about).unwrap();
        who(|actor| may_read_duty(&world.state, actor, world.now, duty))
    };
    for tier in [Tier::CrownJewel, Tier::Restricted] {
        world.by(MAX, secrets::Command::Submit(Box::new(draft("New", EVA, tier)))).unwrap();
    }
    assert_eq!(readers(&world, COUNSEL, SecretId(3).into()), "scuo");
    for secret in [SecretId(3), SecretId(4)] {
        world.by(COUNSEL, secrets::Command::Return { secret, reason: why() }).unwrap();
    }
    assert_eq!(readers(&world, MAX, SecretId(3).into()), "scumo", "not in the register");
    let next = world.now + crate::DAY;
    world.by(EVA, secrets::Command::Review { secret: LISTED, next, note: None }).unwrap();
    assert_eq!(readers(&world, EVA, LISTED.into()), "ahscueo", "her boss would too, had she one");
}
