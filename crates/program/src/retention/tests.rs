//! Rules about what is kept: what a hold forbids, who destroys, and that what is erased leaves no trace in the state.

use super::*;
use crate::accounts;
use crate::documents;
use crate::people::tests::{ADMIN, COUNSEL, EVA, HR, MAX, World, line, why};
use crate::people::{self, Role};
use crate::secrets::tests::{added, draft, who_may};
use crate::secrets::{self, Tier};
use crate::{
    Actor, DAY, Digest, DocumentId, Event as AnyEvent, PersonId, Recorded, Rule, Scope, SecretId, State,
    Subject, Task, Time, duties_of,
};

const SECRET: SecretId = SecretId(1);
const DOCUMENT: DocumentId = DocumentId(1);

/// Max put forward S-1, a secret of Eva's, with D-1; it was accepted.
fn world() -> World {
    let mut world = World::new();
    world.by(MAX, secrets::Command::Submit(Box::new(draft("Recipe", EVA, Tier::Confidential)))).unwrap();
    world.by(MAX, added(SECRET)).unwrap();
    world.by(COUNSEL, secrets::Command::Accept { secret: SECRET, note: None }).unwrap();
    world
}

fn hold(about: impl Into<Subject>) -> Command {
    Command::PlaceHold { about: about.into(), reason: why() }
}

fn withdraw() -> documents::Command {
    documents::Command::Withdraw { document: DOCUMENT, reason: why() }
}

fn destroy() -> documents::Command {
    documents::Command::Destroy { document: DOCUMENT, reason: why() }
}

fn erase(person: PersonId) -> people::Command {
    people::Command::Erase { person, reason: why() }
}

fn end(person: PersonId) -> people::Command {
    people::Command::End { person, ends: None, reason: why() }
}

fn backup(world: &World, keys: &str) -> Command {
    Command::NoteBackup {
        place: line("/backup/1"),
        keys: line(keys),
        version: world.state.retention.next_version(),
        size: world.state.size,
        root: Digest([1; 32]),
        files: 1,
    }
}

#[test]
fn who_may_do_what_about_what_is_kept() {
    let mut world = world();
    assert_eq!(who_may(&world, &hold(SECRET).into()), "---c---o");
    assert_eq!(who_may(&world, &backup(&world, "/keys").into()), "a------o");
    world.by(EVA, withdraw()).unwrap();
    assert_eq!(who_may(&world, &destroy().into()), "---c-e-o");
    world.by(HR, end(MAX)).unwrap();
    world.now = world.now + DAY;
    assert_eq!(who_may(&world, &erase(MAX).into()), "ah-----o");
    let note = Command::NoteShredded { about: DOCUMENT.into(), done: Vec::new(), left: Vec::new() };
    assert_eq!(who_may(&world, &note.into()), "--------", "the program itself did it, or nobody");
}

#[test]
fn a_document_is_destroyed_once_and_only_when_it_was_withdrawn() {
    let mut world = world();
    let refused = world.by(EVA, destroy()).unwrap_err();
    assert_eq!(refused.rule, Rule::Standing);
    assert!(refused.remedy.unwrap().contains("withdraw"));
    world.by(EVA, withdraw()).unwrap();
    world.by(EVA, destroy()).unwrap();
    assert!(world.state.documents.get(DOCUMENT).unwrap().destroyed.is_some());
    assert_eq!(world.by(EVA, destroy()).unwrap_err().rule, Rule::Standing);
    let open = world.state.retention.destruction(DOCUMENT.into()).unwrap();
    assert!(open.is_open() && open.receipt.is_none());
    assert_eq!(world.by(COUNSEL, hold(DOCUMENT)).unwrap_err().rule, Rule::Standing, "it is too late");
}

#[test]
fn nothing_under_hold_is_destroyed() {
    for about in [Subject::from(SECRET), DOCUMENT.into()] {
        let mut world = world();
        world.by(EVA, withdraw()).unwrap();
        world.by(COUNSEL, hold(about)).unwrap();
        assert_eq!(world.by(EVA, destroy()).unwrap_err().rule, Rule::Hold);
        assert_eq!(world.operator(destroy()).unwrap_err().rule, Rule::Hold, "nor by the operator");
        let lift = |hold| Command::LiftHold { hold, reason: why() };
        let first = world.state.retention.holds_on(about).next().unwrap().id;
        assert_eq!(world.by(EVA, lift(first)).unwrap_err().rule, Rule::Role);
        world.by(COUNSEL, hold(about)).unwrap();
        world.by(COUNSEL, lift(first)).unwrap();
        assert_eq!(world.by(COUNSEL, lift(first)).unwrap_err().rule, Rule::Standing);
        assert_eq!(world.by(EVA, destroy()).unwrap_err().rule, Rule::Hold, "another hold is in force");
        let second = world.state.retention.holds_on(about).next().unwrap().id;
        world.by(COUNSEL, lift(second)).unwrap();
        world.by(EVA, destroy()).unwrap();
    }
}

#[test]
fn whoever_is_here_or_needed_in_a_dispute_is_not_erased() {
    let mut world = world();
    assert_eq!(world.by(HR, erase(MAX)).unwrap_err().rule, Rule::Standing, "has not left");
    world.by(HR, end(MAX)).unwrap();
    world.by(HR, end(EVA)).unwrap();
    world.now = world.now + DAY;
    assert_eq!(world.by(HR, erase(HR)).unwrap_err().rule, Rule::OwnCase);
    let owner = world.by(HR, erase(EVA)).unwrap_err();
    assert!(owner.rule == Rule::Standing && owner.message.contains("still owns"), "{owner:?}");
    // Max submitted S-1, so that a hold on it is one on what he signed.
    for about in [Subject::from(MAX), SECRET.into()] {
        world.by(COUNSEL, hold(about)).unwrap();
        let refused = world.by(HR, erase(MAX)).unwrap_err();
        assert_eq!(refused.rule, Rule::Hold, "{about}");
        assert!(
            !refused.message.contains("H-") && !refused.message.contains("S-1"),
            "HR learns which: {refused:?}"
        );
        let id = world.state.retention.holds_on(about).next().unwrap().id;
        world.by(COUNSEL, Command::LiftHold { hold: id, reason: why() }).unwrap();
    }
    world.by(HR, erase(MAX)).unwrap();
    assert_eq!(world.by(HR, erase(MAX)).unwrap_err().rule, Rule::Standing);
    assert!(world.state.people.get(MAX).is_none() && world.state.people.is_erased(MAX));
    assert!(world.state.people.by_mail("max@example.com").is_none());
}

/// The state is the same whether the erased entries were read before they were erased, or could never be read: a process that
/// has run since, and one that starts now, decide alike.
#[test]
fn what_is_erased_leaves_the_state_as_if_it_had_never_been_read() {
    let mut world = world();
    let mut record: Vec<Recorded> = Vec::new();
    // Everything that is only known from entries about Max: an account, a session's and a token's number.
    let mut run = |world: &mut World, by: &Actor, command: crate::Command| {
        for event in crate::decide(&world.state, by, world.now, &command).unwrap() {
            let recorded = Recorded { position: world.state.size, time: world.now, by: by.clone(), event };
            world.state.apply(&recorded);
            record.push(recorded);
        }
    };
    let base = world.state.clone();
    let (root, hr) = (Actor::shell("root", None), Actor::shell("hr", Some(HR)));
    let joiner = people::Joiner { roles: [Role::Administrator].into(), ..world.joiner("Tess") };
    run(&mut world, &root, people::Command::Add { joiner }.into());
    let tess = world.state.people.by_mail("tess@example.com").unwrap().id;
    let invite = accounts::Command::Invite { person: tess, invite: Digest([7; 32]) };
    run(&mut world, &root, invite.into());
    let invite = accounts::Command::Invite { person: EVA, invite: Digest([8; 32]) };
    run(&mut world, &root, invite.into());
    run(&mut world, &hr, end(tess).into());
    world.now = world.now + DAY;
    run(&mut world, &hr, erase(tess).into());
    let next = world.joiner("Uma");
    run(&mut world, &root, people::Command::Add { joiner: next }.into());

    let mut again = base;
    for recorded in &record {
        if recorded.event.scope() == Scope::Person(tess) {
            again.pass_over(recorded.position, recorded.time, &recorded.event.subjects());
        } else {
            again.apply(recorded);
        }
    }
    assert_eq!(format!("{:?}", again), format!("{:?}", world.state));
    assert_ne!(world.state.people.by_mail("uma@example.com").unwrap().id, tess, "no number twice");
    let accounts = |state: &State| state.accounts.next_account();
    assert_eq!(accounts(&again), accounts(&world.state));
}

#[test]
fn a_receipt_says_where_keys_may_still_be_until_they_are_gone() {
    let mut world = world();
    world.by(ADMIN, backup(&world, "/keys")).unwrap();
    world.by(EVA, withdraw()).unwrap();
    world.by(EVA, destroy()).unwrap();
    let about = Subject::from(DOCUMENT);
    let done = |place: &str| Shredded { place: place.to_owned(), keys: 1, versions: 1 };
    let left = Left { place: "/keys".to_owned(), why: "it is not there now".to_owned() };
    let note = |done: Vec<Shredded>, left: Vec<Left>| Command::NoteShredded { about, done, left };
    let due = |world: &World| -> Vec<Task> {
        duties_of(&world.state, ADMIN, world.now).into_iter().map(|duty| duty.task).collect()
    };
    assert!(!due(&world).contains(&Task::FinishDestruction));
    world.program(note(vec![done("own")], vec![left.clone()])).unwrap();
    assert!(due(&world).contains(&Task::FinishDestruction));
    assert!(world.state.retention.destruction(about).unwrap().is_open());

    let mut other = World { state: world.state.clone(), now: world.now };
    other.program(note(vec![done("/keys")], Vec::new())).unwrap();
    let receipt = other.state.retention.destruction(about).unwrap().receipt.clone().unwrap();
    assert_eq!((receipt.done.len(), receipt.left.len()), (2, 0));
    assert!(!due(&other).contains(&Task::FinishDestruction));
    assert!(other.program(note(Vec::new(), Vec::new())).is_err(), "it is finished");

    let gone = |keys: &str| Command::ForgetPlace { keys: line(keys), reason: why() };
    assert_eq!(world.by(ADMIN, gone("/elsewhere")).unwrap_err().rule, Rule::Unknown);
    world.by(ADMIN, gone("/keys")).unwrap();
    assert!(!world.state.retention.destruction(about).unwrap().is_open());
    assert_eq!(world.state.retention.places().count(), 0);
}

#[test]
fn versions_of_the_keys_are_counted_over_all_places() {
    let mut world = world();
    let first = backup(&world, "/a");
    world.by(ADMIN, first.clone()).unwrap();
    assert_eq!(world.by(ADMIN, first).unwrap_err().rule, Rule::Standing, "made at the same time");
    world.by(ADMIN, backup(&world, "/b")).unwrap();
    let places: Vec<u32> = world.state.retention.places().map(|place| place.version).collect();
    assert_eq!(places, [1, 2]);
    let restored = Command::NoteRestored { place: line("/a"), version: 9, size: 1, made: Time(0) };
    world.operator(restored).unwrap();
    assert_eq!(world.state.retention.next_version(), 10, "no number of the lost record's is given again");
}

#[test]
fn a_hold_is_on_what_there_is_and_seen_by_those_who_may() {
    let mut world = world();
    for about in ["S-9", "P-99", "D-9"] {
        assert_eq!(
            world.by(COUNSEL, hold(about.parse::<Subject>().unwrap())).unwrap_err().rule,
            Rule::Unknown
        );
    }
    let grant = "G-1".parse::<Subject>().unwrap();
    assert_eq!(world.by(COUNSEL, hold(grant)).unwrap_err().rule, Rule::Input);
    world.by(COUNSEL, hold(SECRET)).unwrap();
    let id = world.state.retention.holds().next().unwrap().id;
    let seen: Vec<PersonId> = (1..=8)
        .map(PersonId)
        .filter(|person| may_see_hold(&world.state, &Actor::shell("x", Some(*person)), world.now, id))
        .collect();
    assert_eq!(seen, [ADMIN, PersonId(3), COUNSEL, PersonId(5), EVA]);
}

/// Where keys may still be is for those who see copies, and for those who could destroy the thing; that a number was somebody's,
/// for those who look through the register.
#[test]
fn receipts_and_the_erased_are_known_to_few() {
    let mut world = world();
    let told = |world: &World, about: Subject| -> String {
        let everybody =
            [ADMIN, HR, PersonId(3), COUNSEL, PersonId(5), EVA, MAX].into_iter().zip("ahscuem".chars());
        let may = |person| may_see_receipt(&world.state, &Actor::shell("x", Some(person)), world.now, about);
        everybody.filter(|(person, _)| may(*person)).map(|(_, letter)| letter).collect()
    };
    assert_eq!(told(&world, DOCUMENT.into()), "ascue");
    assert_eq!(told(&world, MAX.into()), "ahscu");
    world.by(HR, end(MAX)).unwrap();
    world.now = world.now + DAY;
    world.by(HR, erase(MAX)).unwrap();
    let sees = |person, about: PersonId| {
        crate::sight::may_see(&world.state, &Actor::shell("x", Some(person)), world.now, about.into())
    };
    assert!(sees(HR, MAX) && sees(ADMIN, MAX) && !sees(EVA, MAX), "the erased");
    assert!(!sees(HR, PersonId(99)), "nobody ever had this number");
    assert_eq!(crate::name(&world.state, MAX), format!("{MAX} (erased)"));
}

/// Every event of this area says in words what happened.
#[test]
fn it_is_told_in_words() {
    let world = world();
    let told = |event: Event| {
        let event = AnyEvent::from(event);
        let recorded = Recorded { position: 9, time: world.now, by: Actor::program(), event };
        crate::describe(&world.state, &recorded)
    };
    let done = vec![Shredded { place: "the record's own keys".to_owned(), keys: 2, versions: 1 }];
    let left = vec![Left { place: "/keys".to_owned(), why: "gone".to_owned() }];
    let text = told(Event::Shredded { about: DOCUMENT.into(), done, left });
    assert!(text.contains("(2) in the record's own keys; some may still be in /keys"), "{text}");
    let state = State::default();
    assert!(state.retention.holds().next().is_none());
}
