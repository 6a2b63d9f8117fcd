//! Rules about documents: who adds and withdraws them, and what is said about one that is not here.

use super::*;
use crate::people::tests::{ADMIN, COUNSEL, EVA, HR, MAX, NOBODY, World, line, why};
use crate::secrets::tests::{added, draft, who_may};
use crate::secrets::{self, Tier};
use crate::{Actor, DocumentId, PersonId, Refusal, Rule, SecretId};
use gate::Gate;

const SECRET: SecretId = SecretId(1);

/// Max put forward S-1, a crown jewel of Eva's, with D-1 in the vault and D-2 left where it is.
fn archive() -> World {
    let mut world = World::new();
    let draft = Box::new(draft("Recipe", EVA, Tier::CrownJewel));
    world.by(MAX, secrets::Command::Submit(draft)).unwrap();
    world.by(MAX, added(SECRET)).unwrap();
    world.by(MAX, register()).unwrap();
    world
}

fn register() -> Command {
    Command::Register { secret: SECRET, name: line("notes"), place: why(), digest: None }
}

fn open(world: &World, person: PersonId, target: Target) -> Result<Opening, Refusal> {
    let actor = Actor::shell("x", Some(person));
    decide_opening(&world.state, &Gate::new().unwrap(), &actor, world.now, target)
}

#[test]
fn who_may_do_what_with_documents() {
    let mut world = archive();
    let withdraw = Command::Withdraw { document: DocumentId(1), reason: why() };
    for (command, who) in [(added(SECRET), "---c-emo"), (register(), "---c-emo"), (withdraw, "---c-e-o")] {
        assert_eq!(who_may(&world, &command.clone().into()), who, "{command:?}");
    }
    world.by(COUNSEL, secrets::Command::Accept { secret: SECRET, note: None }).unwrap();
    world.by(COUNSEL, secrets::Command::Retire { secret: SECRET, reason: why() }).unwrap();
    assert_eq!(
        who_may(&world, &added(SECRET).into()),
        "--------",
        "a retired secret takes no more documents"
    );
}

#[test]
fn what_may_not_be_seen_is_unknown_like_what_never_was() {
    let mut world = archive();
    let withdraw = |n| Command::Withdraw { document: DocumentId(n), reason: why() };
    let (hidden, missing) = (world.by(HR, withdraw(1)).unwrap_err(), world.by(HR, withdraw(9)).unwrap_err());
    assert_eq!((hidden.rule, hidden.message.replace("D-1", "D-9")), (missing.rule, missing.message));
    let elsewhere = open(&world, ADMIN, Target::Document(DocumentId(2))).unwrap_err();
    assert_eq!(elsewhere.rule, Rule::Unknown);
}

#[test]
fn what_is_not_here_is_said_to_who_may_know() {
    let mut world = archive();
    let elsewhere = open(&world, MAX, Target::Document(DocumentId(2))).unwrap_err();
    assert!(elsewhere.rule == Rule::Standing && elsewhere.remedy.unwrap().contains("because"));
    world.by(EVA, Command::Withdraw { document: DocumentId(1), reason: why() }).unwrap();
    assert!(open(&world, MAX, Target::Document(DocumentId(1))).unwrap_err().message.contains("withdrawn"));
    let again = world.by(EVA, Command::Withdraw { document: DocumentId(1), reason: why() });
    assert_eq!(again.unwrap_err().rule, Rule::Standing);
    let mut draft = draft("Vague", EVA, Tier::CrownJewel);
    draft.precise = None;
    world.by(MAX, secrets::Command::Submit(Box::new(draft))).unwrap();
    assert!(
        open(&world, MAX, Target::Precise(SecretId(2)))
            .unwrap_err()
            .message
            .contains("no precise description")
    );
}

#[test]
fn refused_opening_is_an_event_with_what_failed() {
    let world = archive();
    for target in [Target::Document(DocumentId(1)), Target::Precise(SECRET)] {
        let opening = open(&world, EVA, target).unwrap();
        assert!(!opening.decision.allowed());
        let (_, fields) = opening.event.to_fields(&Actor::program()).unwrap();
        let failing = serde_json::json!(["clearance", "grant", "agreement", "second-factor"]);
        assert_eq!(fields.get("failing"), Some(&failing), "{fields:?}");
    }
    assert_eq!(open(&world, NOBODY, Target::Precise(SECRET)).unwrap_err().rule, Rule::Role);
    let operator = Actor::shell("root", None);
    let asked =
        decide_opening(&world.state, &Gate::new().unwrap(), &operator, world.now, Target::Precise(SECRET));
    assert_eq!(asked.unwrap_err().rule, Rule::Role, "the operator manages and opens nothing");
}
