//! Rules about the register, tried from both sides.

mod import;

use super::*;
use crate::people::tests::{ADMIN, AUDITOR, COUNSEL, EVA, HR, MAX, SECURITY, SUE, World, line, why};
use crate::{Actor, DAY, Digest, PersonId, Rule, SecretId, Text};

/// A secret as somebody would put it forward.
pub(crate) fn draft(title: &str, owner: PersonId, tier: Tier) -> Draft {
    let profile = Profile {
        title: line(title),
        owner,
        department: line("Research"),
        tier,
        summary: why(),
        places: Vec::new(),
        known_by: std::collections::BTreeSet::new(),
        value: None,
        cost: None,
        factors: Factors::default(),
        review: None,
    };
    Draft { profile, precise: Some(Text::new("exactly so").unwrap()) }
}

/// A document of this secret, sealed in the vault.
pub(crate) fn added(secret: SecretId) -> crate::documents::Command {
    crate::documents::Command::Add {
        secret,
        name: line("file.pdf"),
        media_type: line("application/pdf"),
        size: 10,
        digest: Digest([7; 32]),
        blob: "ab12".to_owned(),
    }
}

/// Who of the administrator, HR, security, counsel, the auditor, Eva, Max and the operator may do this: `ahscuemo`.
pub(crate) fn who_may(world: &World, command: &crate::Command) -> String {
    let people = [ADMIN, HR, SECURITY, COUNSEL, AUDITOR, EVA, MAX].map(Some);
    let actors = people.into_iter().chain([None]).map(|person| Actor::shell("x", person));
    let may = |actor: &Actor| crate::decide(&world.state, actor, world.now, command).is_ok();
    "ahscuemo".chars().zip(actors).map(|(letter, actor)| if may(&actor) { letter } else { '-' }).collect()
}

/// Max put S-1 and S-2 forward, which Eva owns; S-2 is accepted.
fn register() -> World {
    let mut world = World::new();
    for title in ["Recipe", "Tool"] {
        world.by(MAX, Command::Submit(Box::new(draft(title, EVA, Tier::CrownJewel)))).unwrap();
    }
    world.by(COUNSEL, Command::Accept { secret: SecretId(2), note: None }).unwrap();
    world
}

fn revise(world: &World, secret: SecretId, title: &str) -> Command {
    let from_version = world.state.secrets.get(secret).unwrap().version();
    Command::Revise { secret, from_version, draft: Box::new(draft(title, EVA, Tier::CrownJewel)), note: None }
}

#[test]
fn who_may_do_what_with_the_register() {
    let world = register();
    let (waiting, accepted) = (SecretId(1), SecretId(2));
    let new = || draft("New", EVA, Tier::Restricted);
    let next = world.now + DAY;
    for (command, who) in [
        (Command::Submit(Box::new(new())), "ahscuemo"),
        (Command::Import(vec![new()]), "---c---o"),
        (Command::Accept { secret: waiting, note: None }, "---c---o"),
        (Command::Return { secret: waiting, reason: why() }, "---c---o"),
        (revise(&world, waiting, "Better"), "---c-emo"),
        (revise(&world, accepted, "Better"), "---c-e-o"),
        (Command::Review { secret: accepted, next, note: None }, "---c-e-o"),
        (Command::Retire { secret: accepted, reason: why() }, "---c---o"),
        (Command::Accept { secret: accepted, note: None }, "--------"),
        (Command::Review { secret: waiting, next, note: None }, "--------"),
    ] {
        assert_eq!(who_may(&world, &command.clone().into()), who, "{command:?}");
    }
}

#[test]
fn nobody_judges_what_they_made_or_own() {
    let mut world = World::new();
    world.by(COUNSEL, Command::Submit(Box::new(draft("Made", EVA, Tier::Restricted)))).unwrap();
    world.by(EVA, Command::Submit(Box::new(draft("Owned", COUNSEL, Tier::Restricted)))).unwrap();
    for secret in [SecretId(1), SecretId(2)] {
        let refusal = world.by(COUNSEL, Command::Accept { secret, note: None }).unwrap_err();
        assert_eq!(refusal.rule, Rule::OwnCase);
    }
}

#[test]
fn somebody_elses_change_is_not_overwritten() {
    let mut world = register();
    let (eva, counsel) = (revise(&world, SecretId(2), "Eva's"), revise(&world, SecretId(2), "Cato's"));
    world.by(EVA, eva).unwrap();
    let refusal = world.by(COUNSEL, counsel).unwrap_err();
    assert_eq!(refusal.rule, Rule::Standing);
    assert!(refusal.message.contains("at version 2, you began from 1"), "{refusal}");
    assert_eq!(world.state.secrets.get(SecretId(2)).unwrap().profile.title.as_str(), "Eva's");
}

#[test]
fn unlisted_secret_is_unknown_to_others() {
    let mut world = register();
    world.operator(crate::people::Command::Suspend { person: EVA, reason: why() }).unwrap();
    for person in [ADMIN, HR, EVA, SUE] {
        let command = Command::Review { secret: SecretId(2), next: world.now + DAY, note: None };
        assert_eq!(world.by(person, command).unwrap_err().rule, Rule::Unknown);
    }
}

#[test]
fn values_that_cannot_be_are_refused() {
    let mut world = World::new();
    let (now, good) = (world.now, draft("Good", EVA, Tier::Restricted));
    let amount = |currency: &str| Some(Amount { units: 1, currency: line(currency), basis: None });
    let factor = |score| [const { None }; 6].map(|_: Option<()>| Some(Factor { score, reason: why() }));
    for (profile, field) in [
        (Profile { owner: SUE, ..good.profile.clone() }, "owner"),
        (Profile { owner: PersonId(99), ..good.profile.clone() }, "owner"),
        (Profile { known_by: [PersonId(99)].into(), ..good.profile.clone() }, "known_by"),
        (Profile { value: amount("euro"), ..good.profile.clone() }, "value"),
        (Profile { cost: amount("eur"), ..good.profile.clone() }, "cost"),
        (Profile { factors: factor(0), ..good.profile.clone() }, "factors"),
        (Profile { factors: factor(6), ..good.profile.clone() }, "factors"),
        (Profile { review: Some(now), ..good.profile.clone() }, "review"),
        (Profile { review: Some(now + 367 * DAY), ..good.profile.clone() }, "review"),
    ] {
        let draft = Draft { profile, precise: None };
        let refusal = world.operator(Command::Submit(Box::new(draft))).unwrap_err();
        assert_eq!(refusal.field, Some(field), "{refusal}");
    }
    assert!(world.operator(Command::Import(Vec::new())).is_err(), "a file without secrets imports nothing");
}
