//! Signing in, and everything that must not let anybody in.

mod guessing;
mod misuse;

use super::*;
use crate::people::tests::{ADMIN, AUDITOR, COUNSEL, EVA, HR, MAX, SECURITY, SUE, World, line, why};
use crate::people::{self, Mail};
use crate::{AccountId, Actor, DAY, Digest, Event as Any, PersonId, Refusal, Rule, Task, Time, TokenId, Via};
use std::collections::BTreeSet;

type Answer = Result<Vec<Any>, Refusal>;

fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

fn hidden(text: &str) -> Hidden {
    Hidden::new(text.to_owned())
}

fn refused(answer: Answer) -> Rule {
    answer.expect_err("this must be refused").rule
}

impl World {
    /// Invites a person and opens their account; the digest of the link is the person's number.
    fn with_account(&mut self, person: PersonId) -> AccountId {
        let invite = Digest([u8::try_from(person.0).unwrap(); 32]);
        self.operator(Command::Invite { person, invite }).unwrap();
        self.run(&Actor::link(None), Command::Open { invite, verifier: hidden("$argon2id$first") }).unwrap();
        self.state.accounts.of(person).unwrap().id
    }

    fn sign_in(&mut self, account: AccountId, token: u8, proof: Proof) -> Answer {
        let token = digest(token);
        self.run(&Actor::link(None), Command::StartSession(SignIn { account, token, proof }))
    }

    /// The actor of the session with this token, as `service` makes it.
    fn browser(&self, token: u8) -> Actor {
        let session = live_session(&self.state, &digest(token), self.now).unwrap();
        Actor {
            person: Some(session.person),
            account: Some(session.account),
            via: Via::Browser { session: session.id },
            second_factor_at: session.second_factor_at,
            address: None,
        }
    }

    fn live(&self, token: u8) -> bool {
        live_session(&self.state, &digest(token), self.now).is_some()
    }

    fn with_second_factor(&mut self, token: u8, step: u64) {
        let actor = self.browser(token);
        self.run(&actor, second_factor(step)).unwrap();
    }
}

fn second_factor(totp_step: u64) -> Command {
    let recovery = (100..110).map(digest).collect();
    Command::SetSecondFactor { secret: hidden("c2VjcmV0"), recovery, totp_step }
}

#[test]
fn who_may_do_what() {
    let account = AccountId(1);
    let table = [
        (Command::Invite { person: MAX, invite: digest(50) }, "ah----"),
        (Command::Invite { person: COUNSEL, invite: digest(50) }, "a-----"),
        (Command::OfferReset { account, invite: digest(50) }, "a-----"),
        (Command::RemoveSecondFactor { account, reason: why() }, "a-----"),
        (Command::EndAllSessions { account }, "a-s---"),
        (Command::RevokeToken { account, token: TokenId(1), reason: why() }, "a-s---"),
        (Command::Close { account, reason: why() }, "a-----"),
    ];
    for (command, may) in table {
        for (actor, letter) in [ADMIN, HR, SECURITY, COUNSEL, AUDITOR, MAX].into_iter().zip(may.chars()) {
            let mut world = World::new();
            assert_eq!(world.with_account(EVA), account);
            world.sign_in(account, 200, Proof::None).unwrap();
            world.with_second_factor(200, 7);
            let own = world.browser(200);
            world.run(&own, token("ci", world.now + DAY)).unwrap();
            let answer = world.by(actor, command.clone());
            match letter {
                '-' => assert_eq!(refused(answer), Rule::Role, "{actor} must not {command:?}"),
                _ => assert!(answer.is_ok(), "{actor} may {command:?}: {answer:?}"),
            }
        }
    }
}

fn token(name: &str, ends: Time) -> Command {
    let scopes = BTreeSet::from([TokenScope::Read, TokenScope::Open]);
    Command::IssueToken { name: line(name), digest: digest(77), scopes, ends }
}

#[test]
fn first_administrator_is_set_up_once() {
    let mut world = World { state: crate::State::default(), now: Time(1_800_000_000_000) };
    let first = |n: u8| Command::FirstAdministrator {
        name: line("Ada"),
        mail: Mail::new(&format!("ada{n}@example.com")).unwrap(),
        department: line("Legal"),
        invite: digest(n),
        verifier: (n == 1).then(|| hidden("v")),
    };
    assert_eq!(refused(world.run(&Actor::program(), first(1))), Rule::Role);
    world.run(&Actor::link(None), first(1)).unwrap();
    assert!(world.sign_in(AccountId(1), 9, Proof::None).is_ok());
    for actor in [Actor::link(None), Actor::shell("root", None)] {
        assert_eq!(refused(world.run(&actor, first(2))), Rule::Taken);
    }
    assert_eq!(refused(world.by(PersonId(1), first(2))), Rule::Role);
    // Whatever became of the first one, the link never serves again; the operator may come to the rescue.
    let ada = world.state.people.get(PersonId(1)).unwrap().profile();
    let contract = people::Profile { ends: Some(world.now + DAY), ..ada };
    let event = people::Event::Changed { person: PersonId(1), profile: contract };
    let by = Actor::program();
    world.state.apply(&crate::Recorded { position: 9, time: world.now, by, event: event.into() });
    world.now = world.now + DAY;
    assert_eq!(refused(world.run(&Actor::link(None), first(2))), Rule::Taken);
    assert!(world.run(&Actor::shell("root", None), first(2)).is_ok());
}

#[test]
fn bad_links_are_refused_in_the_same_words() {
    let mut world = World::new();
    let open = |invite| Command::Open { invite, verifier: hidden("v") };
    world.with_account(EVA);
    world.operator(Command::Invite { person: MAX, invite: digest(60) }).unwrap();
    world.operator(Command::Invite { person: MAX, invite: digest(61) }).unwrap();
    world.operator(Command::Invite { person: AUDITOR, invite: digest(62) }).unwrap();
    world.operator(people::Command::End { person: AUDITOR, ends: None, reason: why() }).unwrap();
    let nobody = Actor::link(None);
    // used, unknown, replaced, its person gone
    let mut answers: Vec<Refusal> = [Digest([6; 32]), digest(99), digest(60), digest(62)]
        .map(|invite| world.run(&nobody, open(invite)).unwrap_err())
        .into();
    let issued = world.now;
    world.now = issued + INVITE_LASTS;
    answers.push(world.run(&nobody, open(digest(61))).unwrap_err());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    world.now = issued + (INVITE_LASTS - 1);
    world.run(&nobody, open(digest(61))).unwrap();
    assert_eq!(refused(world.operator(Command::Invite { person: MAX, invite: digest(63) })), Rule::Taken);
}

#[test]
fn sessions_end_by_themselves_with_employment_and_by_hand() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    let begun = world.now;
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.now = begun + (SESSION_ABSOLUTE - 1);
    assert!(world.live(200));
    world.now = begun + SESSION_ABSOLUTE;
    assert!(!world.live(200));
    world.sign_in(eva, 201, Proof::None).unwrap();
    assert_eq!(world.state.accounts.sessions_of(eva).count(), 1, "past sessions leave the memory");
    let actor = world.browser(201);
    world.run(&actor, token("ci", world.now + DAY)).unwrap();
    world.operator(people::Command::Suspend { person: EVA, reason: why() }).unwrap();
    assert!(!world.live(201) && live_token(&world.state, &digest(77), world.now).is_none());
    assert_eq!(refused(world.sign_in(eva, 202, Proof::None)), Rule::SignIn);
    world.operator(people::Command::Reinstate { person: EVA, reason: why() }).unwrap();
    assert!(!world.live(201), "a session does not come back with its owner");
    assert!(live_token(&world.state, &digest(77), world.now).is_none());
    world.sign_in(eva, 203, Proof::None).unwrap();
    let leaves = world.now + DAY / 4;
    world.operator(people::Command::End { person: EVA, ends: Some(leaves), reason: why() }).unwrap();
    assert!(world.live(203));
    world.now = leaves;
    assert!(!world.live(203), "nothing has to run at midnight for a session to end");
}

#[test]
fn only_so_many_sessions_at_once() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    let most = u8::try_from(MOST_SESSIONS).unwrap();
    (0..=most).for_each(|n| drop(world.sign_in(eva, n, Proof::None).unwrap()));
    assert!(!world.live(0) && world.live(1) && world.live(most));
    assert_eq!(refused(world.sign_in(eva, 1, Proof::None)), Rule::SignIn, "a token in use begins nothing");
}

#[test]
fn code_and_recovery_code_are_taken_once() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    assert_eq!(refused(world.sign_in(eva, 201, Proof::Code { step: 9 })), Rule::SignIn, "none was set up");
    world.with_second_factor(200, 10);
    assert!(world.browser(200).second_factor_at.is_some());
    assert_eq!(refused(world.sign_in(eva, 201, Proof::None)), Rule::SignIn);
    for step in [0, 9, 10] {
        assert_eq!(refused(world.sign_in(eva, 201, Proof::Code { step })), Rule::SignIn, "step {step}");
    }
    world.sign_in(eva, 201, Proof::Code { step: 11 }).unwrap();
    let actor = world.browser(201);
    let confirm = |proof| Command::ConfirmSecondFactor { proof };
    assert_eq!(refused(world.run(&actor, confirm(Proof::Code { step: 11 }))), Rule::SignIn);
    assert_eq!(refused(world.run(&actor, confirm(Proof::None))), Rule::SignIn);
    world.run(&actor, confirm(Proof::Code { step: 12 })).unwrap();
    assert_eq!(refused(world.sign_in(eva, 202, Proof::Code { step: 12 })), Rule::SignIn);
    world.sign_in(eva, 202, Proof::Recovery { code: digest(100) }).unwrap();
    assert_eq!(refused(world.sign_in(eva, 203, Proof::Recovery { code: digest(100) })), Rule::SignIn);
    assert_eq!(refused(world.sign_in(eva, 203, Proof::Recovery { code: digest(42) })), Rule::SignIn);
    world.run(&actor, confirm(Proof::Recovery { code: digest(101) })).unwrap();
    let left = world.state.accounts.get(eva).unwrap().second_factor.clone().unwrap().recovery;
    assert_eq!(left.len(), RECOVERY_CODES - 2);
}

#[test]
fn replacing_a_second_factor_needs_a_fresh_proof() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.with_second_factor(200, 10);
    world.now = world.now + FRESH_PROOF;
    let actor = world.browser(200);
    assert!(crate::decide(&world.state, &actor, world.now, &second_factor(20).into()).is_ok());
    world.now = world.now + 1;
    assert_eq!(refused(world.run(&actor, second_factor(20))), Rule::SignIn);
    let few = Command::SetSecondFactor { secret: hidden("x"), recovery: vec![digest(1); 10], totp_step: 20 };
    let eve = world.with_account(MAX);
    world.sign_in(eve, 210, Proof::None).unwrap();
    let actor = world.browser(210);
    assert_eq!(refused(world.run(&actor, few)), Rule::Input, "ten times the same code are not ten codes");
}

#[test]
fn second_factor_is_not_taken_away_by_its_owner() {
    let mut world = World::new();
    let ada = world.with_account(ADMIN);
    world.sign_in(ada, 200, Proof::None).unwrap();
    world.with_second_factor(200, 1);
    let own = world.browser(200);
    assert_eq!(
        refused(world.run(&own, Command::RemoveSecondFactor { account: ada, reason: why() })),
        Rule::OwnCase
    );
    assert_eq!(refused(world.run(&own, Command::Close { account: ada, reason: why() })), Rule::OwnCase);
    world.operator(Command::RemoveSecondFactor { account: ada, reason: why() }).unwrap();
    assert!(!world.live(200));
}

#[test]
fn failures_make_an_account_wait_longer_each_time() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    let fail = |world: &mut World| world.run(&Actor::link(None), Command::NoteFailure { account: eva });
    let mut waits = Vec::new();
    for _ in 0..13 {
        fail(&mut world).unwrap();
        let until = world.state.accounts.get(eva).unwrap().until;
        waits.push(until.map_or(0, |until| (until - world.now) / crate::MINUTE));
        if let Some(until) = until {
            world.now = until + -1;
            assert_eq!(refused(world.sign_in(eva, 200, Proof::None)), Rule::SignIn);
            assert_eq!(refused(fail(&mut world)), Rule::SignIn, "a wait is not made longer by trying");
            world.now = until;
        }
    }
    assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    world.sign_in(eva, 200, Proof::None).unwrap();
    fail(&mut world).unwrap();
    assert_eq!(
        world.state.accounts.get(eva).unwrap().until,
        None,
        "a sign-in forgets the failures before it"
    );
    assert_eq!(refused(world.by(MAX, Command::NoteFailure { account: eva })), Rule::Unknown);
}

#[test]
fn new_password_ends_the_other_sessions() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    (200..203).for_each(|n| drop(world.sign_in(eva, n, Proof::None).unwrap()));
    let actor = world.browser(201);
    world.run(&actor, Command::ChangePassword { verifier: hidden("$argon2id$second") }).unwrap();
    assert_eq!([200, 201, 202].map(|n| world.live(n)), [false, true, false]);
    world.operator(Command::OfferReset { account: eva, invite: digest(70) }).unwrap();
    assert!(world.live(201), "an offer changes nothing yet");
    world.run(&Actor::link(None), Command::Open { invite: digest(70), verifier: hidden("third") }).unwrap();
    assert!(!world.live(201));
    assert_eq!(world.state.accounts.get(eva).unwrap().verifier, Some(hidden("third")));
}

#[test]
fn suspended_person_cannot_sign_in_and_is_not_told_why() {
    let mut world = World::new();
    let sue = world.with_account(SUE);
    let suspended = world.sign_in(sue, 200, Proof::None).unwrap_err();
    assert_eq!(suspended, world.sign_in(AccountId(99), 200, Proof::None).unwrap_err());
}

#[test]
fn accounts_without_a_second_factor_are_asked_for_one() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    let asked = |world: &World| {
        crate::duties_of(&world.state, EVA, world.now).iter().any(|duty| duty.task == Task::SetUpSecondFactor)
    };
    assert!(asked(&world));
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.with_second_factor(200, 1);
    assert!(!asked(&world));
}

#[test]
fn secrets_are_not_printed() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.with_second_factor(200, 1);
    let printed = format!("{:?} {:?}", world.state, second_factor(1));
    assert!(!printed.contains("argon2id") && !printed.contains("c2VjcmV0"));
}

#[test]
fn state_is_the_same_after_a_snapshot() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.with_second_factor(200, 1);
    let own = world.browser(200);
    world.run(&own, token("ci", world.now + DAY)).unwrap();
    let bytes = postcard::to_stdvec(&(&world.state.people, &world.state.accounts)).unwrap();
    let (people, accounts): (people::People, Accounts) = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(
        format!("{people:?}{accounts:?}"),
        format!("{:?}{:?}", world.state.people, world.state.accounts)
    );
}
