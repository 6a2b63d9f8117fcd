//! Rules about people, tried from both sides.

mod csv;
mod random;

use super::{Command, Engagement, Joiner, Mail, Profile, Role};
use crate::{
    Actor, DAY, Event, Line, OrganisationCommand, PersonId, Recorded, Refusal, Rule, State, Task, Text, Time,
};
use std::collections::BTreeSet;

/// A state that grows by decided commands only. Every event goes through its recorded form and back on its way.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) now: Time,
}

pub(crate) const ADMIN: PersonId = PersonId(1);
pub(crate) const HR: PersonId = PersonId(2);
pub(crate) const SECURITY: PersonId = PersonId(3);
pub(crate) const COUNSEL: PersonId = PersonId(4);
pub(crate) const AUDITOR: PersonId = PersonId(5);
pub(crate) const EVA: PersonId = PersonId(6);
pub(crate) const MAX: PersonId = PersonId(7);
pub(crate) const SUE: PersonId = PersonId(8);
pub(crate) const NOBODY: PersonId = PersonId(99);

impl World {
    /// One person of each role, Eva and Max with none, and Sue, who is suspended.
    pub(crate) fn new() -> Self {
        let mut world = Self { state: State::default(), now: Time(1_800_000_000_000) };
        let found = OrganisationCommand::Found { name: line("Acme"), zone: "Europe/Berlin".to_owned() };
        world.operator(found).unwrap();
        for (name, role) in [
            ("Ada", Some(Role::Administrator)),
            ("Hal", Some(Role::HumanResources)),
            ("Sam", Some(Role::SecurityOfficer)),
            ("Cato", Some(Role::Counsel)),
            ("Aud", Some(Role::Auditor)),
            ("Eva", None),
            ("Max", None),
            ("Sue", None),
        ] {
            let joiner = Joiner { roles: role.into_iter().collect(), ..world.joiner(name) };
            world.operator(Command::Add { joiner }).unwrap();
        }
        world.operator(Command::Suspend { person: SUE, reason: why() }).unwrap();
        world
    }

    pub(crate) fn joiner(&self, name: &str) -> Joiner {
        let profile = Profile {
            name: line(name),
            mail: Mail::new(&format!("{}@example.com", name.to_lowercase())).unwrap(),
            engagement: Engagement::Employee,
            department: line("Research"),
            job: None,
            manager: None,
            starts: self.now + -DAY,
            ends: None,
        };
        Joiner { profile, clearance: 0, roles: BTreeSet::new() }
    }

    pub(crate) fn operator(&mut self, command: impl Into<crate::Command>) -> Result<Vec<Event>, Refusal> {
        self.run(&Actor::shell("root", None), command)
    }

    pub(crate) fn program(&mut self, command: impl Into<crate::Command>) -> Result<Vec<Event>, Refusal> {
        self.run(&Actor::program(), command)
    }

    pub(crate) fn by(
        &mut self,
        person: PersonId,
        command: impl Into<crate::Command>,
    ) -> Result<Vec<Event>, Refusal> {
        self.run(&Actor::shell("somebody", Some(person)), command)
    }

    pub(crate) fn run(
        &mut self,
        by: &Actor,
        command: impl Into<crate::Command>,
    ) -> Result<Vec<Event>, Refusal> {
        let events = crate::decide(&self.state, by, self.now, &command.into())?;
        assert!(!events.is_empty(), "a command that does nothing is a refusal");
        events.iter().for_each(|event| self.record(by, event.clone()));
        Ok(events)
    }

    pub(crate) fn record(&mut self, by: &Actor, event: Event) {
        let (kind, fields) = event.to_fields(by).unwrap();
        let (actor, read) = Event::from_fields(&kind, fields).unwrap();
        assert_eq!((&actor, &read), (by, &event));
        let recorded = Recorded { position: self.state.size, time: self.now, by: by.clone(), event: read };
        self.state.apply(&recorded);
    }

    fn profile(&self, person: PersonId) -> Profile {
        self.state.people.get(person).unwrap().profile()
    }
}

pub(crate) fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

pub(crate) fn why() -> Text {
    Text::new("because").unwrap()
}

fn refused(answer: Result<Vec<Event>, Refusal>) -> Rule {
    answer.expect_err("this must be refused").rule
}

/// Each command, and who of [admin, hr, security, counsel, auditor, eva] may give it.
#[test]
fn who_may_do_what() {
    let world = World::new();
    let profile = Profile { department: line("Sales"), ..world.profile(MAX) };
    let soon = Some(world.now + DAY);
    let person = MAX;
    let cleared = Joiner { clearance: 3, ..world.joiner("New") };
    let powerful = Joiner { roles: BTreeSet::from([Role::Auditor]), ..world.joiner("New") };
    let csv = "name,mail,engagement,department,starts\nNew,new@example.com,employee,Sales,2026-01-01\n";
    let csv_rights =
        "name,mail,engagement,department,starts,clearance\nNew,new@example.com,employee,Sales,2026-01-01,4\n";
    let import = |csv: &str| Command::Import { csv: csv.as_bytes().into() };
    let table = [
        (Command::Add { joiner: world.joiner("New") }, "ah----"),
        (Command::Add { joiner: cleared }, "a-----"),
        (Command::Add { joiner: powerful }, "a-----"),
        (Command::Change { person, profile }, "ah----"),
        (Command::Clear { person, clearance: 2, reason: why() }, "a-s---"),
        (Command::SetRoles { person, roles: BTreeSet::from([Role::Counsel]) }, "a-----"),
        (Command::Suspend { person, reason: why() }, "ahs---"),
        (Command::End { person, ends: None, reason: why() }, "ah----"),
        (Command::End { person, ends: soon, reason: why() }, "ah----"),
        (import(csv), "ah----"),
        (import(csv_rights), "a-----"),
        (Command::Reinstate { person: SUE, reason: why() }, "ah----"),
    ];
    for (command, may) in table {
        for (actor, letter) in [ADMIN, HR, SECURITY, COUNSEL, AUDITOR, EVA].into_iter().zip(may.chars()) {
            let mut world = World::new();
            let answer = world.by(actor, command.clone());
            match letter {
                '-' => assert_eq!(refused(answer), Rule::Role, "{actor} must not {command:?}"),
                _ => assert!(answer.is_ok(), "{actor} may {command:?}: {answer:?}"),
            }
        }
    }
}

#[test]
fn nobody_judges_their_own_case() {
    let mut world = World::new();
    let clear = |person| Command::Clear { person, clearance: 9, reason: why() };
    assert_eq!(refused(world.by(ADMIN, clear(ADMIN))), Rule::OwnCase);
    assert_eq!(refused(world.by(SECURITY, clear(SECURITY))), Rule::OwnCase);
    assert_eq!(
        refused(world.by(ADMIN, Command::SetRoles { person: ADMIN, roles: BTreeSet::new() })),
        Rule::OwnCase
    );
    let later = Profile { ends: Some(world.now + 900 * DAY), ..world.profile(HR) };
    assert_eq!(refused(world.by(HR, Command::Change { person: HR, profile: later })), Rule::OwnCase);
    world.operator(Command::SetRoles { person: HR, roles: BTreeSet::from([Role::Administrator]) }).unwrap();
    let csv =
        "name,mail,engagement,department,starts,clearance\nHal,hal@example.com,employee,Sales,2026-01-01,9\n";
    assert_eq!(refused(world.by(HR, Command::Import { csv: csv.as_bytes().into() })), Rule::OwnCase);
    world.operator(Command::Suspend { person: HR, reason: why() }).unwrap();
    assert_eq!(refused(world.by(HR, Command::Reinstate { person: HR, reason: why() })), Rule::Role);
}

#[test]
fn last_administrator_stays() {
    let mut world = World::new();
    let none = BTreeSet::new();
    let ends = Some(world.now + DAY);
    let ends_soon = Profile { ends, ..world.profile(ADMIN) };
    let starts_later = Profile { starts: world.now + DAY, ..world.profile(ADMIN) };
    let commands = [
        Command::SetRoles { person: ADMIN, roles: none.clone() },
        Command::Suspend { person: ADMIN, reason: why() },
        Command::End { person: ADMIN, ends: None, reason: why() },
        Command::End { person: ADMIN, ends, reason: why() },
        Command::Change { person: ADMIN, profile: ends_soon },
        Command::Change { person: ADMIN, profile: starts_later },
    ];
    for command in &commands {
        assert_eq!(refused(world.operator(command.clone())), Rule::Standing, "{command:?}");
    }
    let csv =
        "name,mail,engagement,department,starts,roles\nAda,ada@example.com,employee,Sales,2026-01-01,none\n";
    assert_eq!(refused(world.operator(Command::Import { csv: csv.as_bytes().into() })), Rule::Standing);
    world.operator(Command::SetRoles { person: EVA, roles: BTreeSet::from([Role::Administrator]) }).unwrap();
    for command in commands {
        let mut world = World { state: world.state.clone(), now: world.now };
        world.operator(command).unwrap();
    }
}

#[test]
fn dates_are_half_open() {
    let mut world = World::new();
    let (starts, ends) = (world.now + DAY, world.now + 2 * DAY);
    let mut joiner = world.joiner("Kim");
    joiner.profile =
        Profile { starts, ends: Some(ends), engagement: Engagement::Contractor, ..joiner.profile };
    world.operator(Command::Add { joiner }).unwrap();
    let kim = world.state.people.by_mail(" KIM@Example.com").unwrap();
    let active = [starts + -1, starts, ends + -1, ends].map(|at| kim.is_active(at));
    assert_eq!(active, [false, true, true, false]);
}

#[test]
fn values_that_cannot_be_are_refused() {
    let mut world = World::new();
    let good = world.joiner("New");
    let now = world.now;
    let with = |change: &dyn Fn(&mut Joiner)| {
        let mut joiner = good.clone();
        change(&mut joiner);
        Command::Add { joiner }
    };
    let table: [(Command, Rule, &str); 7] = [
        (with(&|j| j.profile.mail = Mail::new("EVA@example.com").unwrap()), Rule::Taken, "P-6"),
        (with(&|j| j.profile.engagement = Engagement::Contractor), Rule::Input, "contractor"),
        (with(&|j| j.profile.ends = Some(j.profile.starts)), Rule::Input, "after the start"),
        (with(&|j| j.profile.ends = Some(now)), Rule::Input, "passed"),
        (with(&|j| j.profile.manager = Some(NOBODY)), Rule::Unknown, "P-99"),
        (with(&|j| j.clearance = 10), Rule::Input, "0 to 9"),
        (Command::Clear { person: EVA, clearance: 10, reason: why() }, Rule::Input, "0 to 9"),
    ];
    for (command, rule, word) in table {
        let refusal = world.operator(command).unwrap_err();
        assert_eq!(refusal.rule, rule);
        assert!(refusal.message.contains(word), "{refusal}");
    }
    assert!(world.operator(with(&|_| ())).is_ok());
}

#[test]
fn nobody_reports_to_themselves() {
    let mut world = World::new();
    let under = |world: &World, person, manager| Command::Change {
        person,
        profile: Profile { manager: Some(manager), ..world.profile(person) },
    };
    world.operator(under(&world, EVA, MAX)).unwrap();
    world.operator(under(&world, MAX, SUE)).unwrap();
    for (person, manager) in [(SUE, EVA), (SUE, MAX), (SUE, SUE)] {
        assert_eq!(refused(world.operator(under(&world, person, manager))), Rule::Input);
    }
}

#[test]
fn leaving_is_recorded_once_and_never_backwards() {
    let mut world = World::new();
    let end = |ends| Command::End { person: EVA, ends, reason: why() };
    assert_eq!(refused(world.operator(end(Some(world.now + -1)))), Rule::Input);
    world.operator(end(Some(world.now + 9 * DAY))).unwrap();
    assert_eq!(
        refused(world.operator(end(Some(world.now + 10 * DAY)))),
        Rule::Standing,
        "to extend is no end"
    );
    world.operator(end(Some(world.now + 2 * DAY))).unwrap();
    world.operator(end(None)).unwrap();
    assert!(!world.state.people.get(EVA).unwrap().is_active(world.now));
    assert_eq!(refused(world.operator(end(None))), Rule::Standing);
    let back = Profile { ends: None, ..world.profile(EVA) };
    world.operator(Command::Change { person: EVA, profile: back }).unwrap();
    assert!(world.state.people.get(EVA).unwrap().is_active(world.now));
}

#[test]
fn somebody_who_never_began_is_never_active() {
    let mut world = World::new();
    let mut joiner = world.joiner("Kim");
    joiner.profile.starts = world.now + 5 * DAY;
    world.operator(Command::Add { joiner }).unwrap();
    let kim = world.state.people.by_mail("kim@example.com").unwrap().id;
    world.operator(Command::End { person: kim, ends: None, reason: why() }).unwrap();
    let kim = world.state.people.get(kim).unwrap();
    assert!((0..20).all(|days| !kim.is_active(world.now + days * DAY)));
    let again = Command::End { person: kim.id, ends: None, reason: why() };
    assert_eq!(refused(world.operator(again)), Rule::Standing);
}

#[test]
fn contract_that_ends_within_thirty_days_waits_for_its_manager() {
    let mut world = World::new();
    let profile = Profile { ends: Some(world.now + 31 * DAY), manager: Some(EVA), ..world.profile(MAX) };
    world.operator(Command::Change { person: MAX, profile }).unwrap();
    let waits = |world: &World, now| {
        crate::duties_of(&world.state, EVA, now).iter().any(|d| d.task == Task::ContractEnds)
    };
    let now = world.now;
    assert_eq!([0, 1, 30, 31].map(|days| waits(&world, now + days * DAY)), [false, true, true, false]);
    world.operator(Command::End { person: EVA, ends: None, reason: why() }).unwrap();
    assert!(!waits(&world, now + DAY), "a manager who left is told nothing");
}

#[test]
fn mail_addresses_that_cannot_be_are_refused() {
    for good in
        ["a@b.c", "o'hara+x@sub.example.co.uk", "josé@exämple.com", "سلمى@مثال.إختبار", " pad@example.com "]
    {
        assert!(Mail::new(good).is_ok(), "{good}");
    }
    let long = format!("{}@example.com", "x".repeat(65));
    for bad in [
        "", "a", "@b.c", "a@", "a@b", "a@@b.c", "a b@c.d", "a@b..c", ".a@b.c", "a.@b.c", "a@-b.c", "a@b.c\0",
        "a@b.c\nd", "<a@b.c>", &long,
    ] {
        assert!(Mail::new(bad).is_err(), "{bad:?}");
    }
}
