//! Rules about evidence: who names witnesses, who exports, and when those outside are asked again.

use super::*;
use crate::people::tests::{COUNSEL, EVA, MAX, World, line, why};
use crate::secrets::tests::{draft, who_may};
use crate::secrets::{self, Tier};
use crate::{Actor, DAY, Digest, HOUR, Rule, SecretId, Task, duties_of};

const SECRET: SecretId = SecretId(1);

fn witness(name: &str) -> Witness {
    let address = line(&format!("https://{name}.example.com/"));
    Witness { name: line(name), key: line(&format!("{name}.example.com+00000001+B{name}")), address }
}

fn witnesses(names: &[&str], quorum: u32) -> Command {
    Command::SetWitnesses {
        witnesses: names.iter().map(|name| witness(name)).collect(),
        quorum,
        reason: why(),
    }
}

fn authority(name: &str) -> Command {
    let authority = Authority { name: line(name), address: line("http://tsa.example.com/"), root: why() };
    Command::SetAuthorities { authorities: vec![authority], reason: why() }
}

fn anchor(world: &World, cosigned: &[&str], failed: &[&str]) -> Command {
    Command::NoteAnchor {
        size: world.state.size,
        root: Digest([1; 32]),
        checkpoint: "a note".to_owned(),
        cosigned: cosigned.iter().map(|name| line(name)).collect(),
        stamps: Vec::new(),
        failed: failed.iter().map(|name| (line(name), line("did not answer"))).collect(),
    }
}

/// A token made now, of a chain that is valid for so many days more.
fn stamped(world: &World, days: i64) -> Command {
    let Command::NoteAnchor { size, root, checkpoint, .. } = anchor(world, &[], &[]) else { unreachable!() };
    let stamp = Stamp {
        authority: line("tsa"),
        time: world.now,
        token: "AA==".to_owned(),
        chain: "PEM".to_owned(),
        valid_until: Some(world.now + days * DAY),
        revocation: Vec::new(),
        revocation_missing: None,
    };
    Command::NoteAnchor {
        size,
        root,
        checkpoint,
        cosigned: Vec::new(),
        stamps: vec![stamp],
        failed: Vec::new(),
    }
}

/// Whatever the record does meanwhile, nothing: a token is stamped again before its certificates end, and once a year at least;
/// and however soon they end, not more than once a day.
#[test]
fn a_token_is_stamped_again_before_it_ages() {
    for (days, due) in [(3650, 365), (200, 140), (90, 45), (10, 5), (1, 1), (-5, 1)] {
        let mut world = world();
        world.operator(authority("tsa")).unwrap();
        world.program(stamped(&world, days)).unwrap();
        let evidence = |world: &World, after| world.state.evidence.wants_anchor(world.now + after);
        assert!(!evidence(&world, due * DAY - 1), "{days} days: too soon");
        assert!(evidence(&world, due * DAY), "{days} days: forgotten");
        world.now = world.now + due * DAY;
        world.program(stamped(&world, 3650)).unwrap();
        assert!(!evidence(&world, 364 * DAY), "{days} days: it was renewed");
    }
}

/// What is kept for its signature alone, when the key is replaced, was seen by nobody.
#[test]
fn a_checkpoint_that_nobody_has_seen_is_no_anchor() {
    let mut world = world();
    let kept = anchor(&world, &[], &[]);
    world.program(kept).unwrap();
    assert!(world.state.evidence.last.is_none() && world.state.evidence.has_news());
}

fn export() -> Command {
    Command::RecordExport {
        secret: SECRET,
        as_of: None,
        manifest: Digest([2; 32]),
        entries: 3,
        withheld: 1,
        documents: Vec::new(),
        recipient: line("District Court"),
        purpose: why(),
    }
}

/// Eva's crown jewel, and two witnesses of whom one has to cosign.
fn world() -> World {
    let mut world = World::new();
    world.by(MAX, secrets::Command::Submit(Box::new(draft("Recipe", EVA, Tier::CrownJewel)))).unwrap();
    world.operator(witnesses(&["berg", "rao"], 1)).unwrap();
    world
}

#[test]
fn who_may_do_what_about_evidence() {
    let world = world();
    let rotate = Command::RotateKey { key: line("new"), previous: line("old"), reason: why() };
    for (command, who) in [
        (witnesses(&["berg"], 1), "a-sc---o"),
        (authority("stamps"), "a-sc---o"),
        (export(), "---c---o"),
        (rotate, "a------o"),
        (anchor(&world, &["berg"], &[]), "--------"),
    ] {
        assert_eq!(who_may(&world, &command.clone().into()), who, "{command:?}");
    }
    let program =
        crate::decide(&world.state, &Actor::program(), world.now, &anchor(&world, &["berg"], &[]).into());
    assert!(program.is_ok());
}

#[test]
fn a_quorum_can_be_met_and_is_never_nothing() {
    let mut world = World::new();
    for (names, quorum, taken) in [
        (&["a", "b"][..], 0, false),
        (&["a", "b"], 1, true),
        (&["a", "b"], 2, true),
        (&["a", "b"], 3, false),
        (&[], 0, true),
        (&[], 1, false),
        (&["a", "a"], 1, false),
    ] {
        let answer = world.operator(witnesses(names, quorum));
        assert_eq!(answer.is_ok(), taken, "{quorum} of {names:?}");
    }
    world.operator(authority("a")).unwrap();
    assert_eq!(
        world.operator(witnesses(&["a"], 1)).unwrap_err().rule,
        Rule::Taken,
        "a name is one voucher's"
    );
}

#[test]
fn an_anchor_covers_what_came_before_it_and_is_no_news_itself() {
    let mut world = world();
    assert!(world.state.evidence.wants_anchor(world.now));
    let command = anchor(&world, &["berg", "rao"], &[]);
    world.program(command).unwrap();
    assert!(!world.state.evidence.has_news());
    assert!(!world.state.evidence.wants_anchor(world.now + 30 * DAY), "nothing happened since");
    assert!(world.state.evidence.last.as_ref().unwrap().is_witnessed(2));
    world.by(COUNSEL, export()).unwrap();
    assert!(world.state.evidence.wants_anchor(world.now), "an export is news");
}

#[test]
fn whoever_did_not_answer_is_asked_again_every_hour() {
    let mut world = world();
    let command = anchor(&world, &["berg"], &["rao"]);
    world.program(command).unwrap();
    assert!(!world.state.evidence.wants_anchor(world.now));
    assert!(world.state.evidence.wants_anchor(world.now + HOUR));
}

#[test]
fn a_witness_that_is_late_for_a_day_is_somebodys_duty() {
    let mut world = world();
    let late = |world: &World| {
        let duties = duties_of(&world.state, crate::people::tests::SECURITY, world.now);
        duties
            .into_iter()
            .filter(|duty| duty.task == Task::AskWitness)
            .map(|duty| duty.text)
            .collect::<Vec<_>>()
    };
    let command = anchor(&world, &["berg"], &["rao"]);
    world.program(command).unwrap();
    assert!(late(&world).is_empty());
    world.now = world.now + DAY;
    assert!(matches!(late(&world).as_slice(), [text] if text.contains("`rao`")), "{:?}", late(&world));
    let command = anchor(&world, &["berg", "rao"], &[]);
    world.program(command).unwrap();
    assert!(late(&world).is_empty(), "it answered");
    world.now = world.now + 10 * DAY;
    assert!(late(&world).is_empty(), "nothing happened since");
}

#[test]
fn where_nobody_answers_at_all_everybody_is_late() {
    let mut world = world();
    let command = anchor(&world, &["berg", "rao"], &[]);
    world.program(command).unwrap();
    world.now = world.now + DAY;
    world.operator(witnesses(&["berg", "rao"], 2)).unwrap();
    let late = |world: &World| {
        let standings = world.state.evidence.standings.iter();
        standings.filter(|standing| world.state.evidence.is_late(standing, world.now)).count()
    };
    assert_eq!(late(&world), 0, "it has only just happened");
    world.now = world.now + DAY;
    assert_eq!(late(&world), world.state.evidence.standings.len());
}

#[test]
fn how_far_each_has_come_is_told_apart() {
    let mut world = World::new();
    world.operator(witnesses(&["berg", "rao"], 1)).unwrap();
    let progress = |world: &World, name: &str| {
        let evidence = &world.state.evidence;
        evidence.progress(evidence.standing(&line(name)).unwrap(), world.now)
    };
    assert_eq!(progress(&world, "berg"), Progress::Unanswered);
    let command = anchor(&world, &["berg"], &["rao"]);
    world.program(command).unwrap();
    assert_eq!(
        (progress(&world, "berg"), progress(&world, "rao")),
        (Progress::Complete, Progress::Unanswered)
    );
    world.operator(authority("tsa")).unwrap();
    world.operator(witnesses(&["berg", "rao"], 2)).unwrap();
    // The anchor is one of the three that it has not seen.
    assert_eq!(progress(&world, "berg"), Progress::Behind(3));
    world.now = world.now + DAY;
    assert_eq!((progress(&world, "berg"), progress(&world, "rao")), (Progress::Late, Progress::Late));
}

/// Good news only where there is some.
#[test]
fn what_others_vouch_for_is_told_as_it_is() {
    let mut world = World::new();
    let outlook = |world: &World| world.state.evidence.outlook(world.now);
    assert_eq!(outlook(&world), Outlook::Alone);
    world.operator(witnesses(&["berg", "rao"], 2)).unwrap();
    world.operator(authority("tsa")).unwrap();
    assert_eq!(outlook(&world), Outlook::Unanswered);
    let command = stamped(&world, 3650);
    world.program(command).unwrap();
    assert_eq!(outlook(&world), Outlook::TooFew, "a stamp is no cosignature");
    let command = anchor(&world, &["berg"], &["rao"]);
    world.program(command).unwrap();
    assert_eq!(outlook(&world), Outlook::TooFew, "one of two");
    let command = anchor(&world, &["berg", "rao"], &[]);
    world.program(command).unwrap();
    assert_eq!(outlook(&world), Outlook::Vouched);
    world.now = world.now + DAY;
    assert_eq!(outlook(&world), Outlook::Late(vec![line("tsa")]));
    world.operator(witnesses(&[], 0)).unwrap();
    let command = stamped(&world, 3650);
    world.program(command).unwrap();
    assert_eq!(outlook(&world), Outlook::Vouched, "no witness was asked for");
}

#[test]
fn no_bundle_is_about_a_moment_to_come() {
    let mut world = world();
    let Command::RecordExport { secret, manifest, entries, withheld, documents, recipient, purpose, .. } =
        export()
    else {
        unreachable!()
    };
    let as_of = Some(world.now + DAY);
    let command =
        Command::RecordExport { secret, as_of, manifest, entries, withheld, documents, recipient, purpose };
    assert_eq!(world.by(COUNSEL, command).unwrap_err().field, Some("as_of"));
}

#[test]
fn a_witness_who_is_asked_no_more_is_remembered_once() {
    let mut world = World::new();
    let name = |keys: &[&str]| Command::SetWitnesses {
        witnesses: keys
            .iter()
            .map(|key| Witness { name: line(key), key: line(key), address: line("http://w.example/") })
            .collect(),
        quorum: 1,
        reason: why(),
    };
    let former = |world: &World| -> Vec<String> {
        world.state.evidence.former.iter().map(|witness| witness.key.to_string()).collect()
    };
    world.operator(name(&["a+1+AA+A", "b+2+BBBB"])).unwrap();
    assert!(former(&world).is_empty());
    world.operator(name(&["c+3+CCCC"])).unwrap();
    assert_eq!(former(&world), ["a+1+AA+A", "b+2+BBBB"]);
    // Asked again, under another name: the key is the same, and in a policy it may stand once.
    world.operator(name(&["other+9+AA+A"])).unwrap();
    assert_eq!(former(&world), ["b+2+BBBB", "c+3+CCCC"]);
    for turn in 0..200 {
        world.operator(name(&[&format!("x+1+{turn:04}")])).unwrap();
    }
    assert_eq!(former(&world).len(), 64);
    assert_eq!(former(&world).last().map(String::as_str), Some("x+1+0198"));
}
