//! Whatever is tried, in whatever order, some things never come about.

use super::{World, line, why};
use crate::people::{Command, Engagement, Mail, Profile, Role};
use crate::{DAY, PersonId};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};

fn person() -> impl Strategy<Value = PersonId> {
    (1..12_u32).prop_map(PersonId)
}

fn roles() -> impl Strategy<Value = BTreeSet<Role>> {
    proptest::collection::btree_set(proptest::sample::select(Role::ALL.to_vec()), 0..3)
}

/// Days from now, the mail address as one of a few, a manager.
fn profile() -> impl Strategy<Value = (i64, Option<i64>, u8, Option<PersonId>)> {
    (-3..3_i64, proptest::option::of(-2..4_i64), 0..8_u8, proptest::option::of(person()))
}

#[derive(Debug, Clone)]
enum Step {
    Add((i64, Option<i64>, u8, Option<PersonId>), BTreeSet<Role>),
    Change(PersonId, (i64, Option<i64>, u8, Option<PersonId>)),
    SetRoles(PersonId, BTreeSet<Role>),
    Suspend(PersonId),
    Reinstate(PersonId),
    End(PersonId, Option<i64>),
    Import(Vec<(u8, u8)>),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (profile(), roles()).prop_map(|(p, r)| Step::Add(p, r)),
        (person(), profile()).prop_map(|(id, p)| Step::Change(id, p)),
        (person(), roles()).prop_map(|(id, r)| Step::SetRoles(id, r)),
        person().prop_map(Step::Suspend),
        person().prop_map(Step::Reinstate),
        (person(), proptest::option::of(-1..4_i64)).prop_map(|(id, ends)| Step::End(id, ends)),
        proptest::collection::vec((0..8_u8, 0..8_u8), 1..5).prop_map(Step::Import),
        (0..2_i64).prop_map(Step::Wait),
    ]
}

fn command(world: &World, step: &Step) -> Option<Command> {
    let profile = |&(starts, ends, mail, manager): &(i64, Option<i64>, u8, Option<PersonId>)| Profile {
        name: line("Somebody"),
        mail: Mail::new(&format!("{}{mail}@example.com", if starts > 0 { "M" } else { "m" })).unwrap(),
        engagement: Engagement::Employee,
        department: line("Sales"),
        job: None,
        manager,
        starts: world.now + starts * DAY,
        ends: ends.map(|ends| world.now + ends * DAY),
    };
    Some(match step.clone() {
        Step::Add(p, roles) => {
            let joiner = crate::people::Joiner { profile: profile(&p), clearance: 0, roles };
            Command::Add { joiner }
        }
        Step::Change(person, p) => Command::Change { person, profile: profile(&p) },
        Step::SetRoles(person, roles) => Command::SetRoles { person, roles },
        Step::Suspend(person) => Command::Suspend { person, reason: why() },
        Step::Reinstate(person) => Command::Reinstate { person, reason: why() },
        Step::End(person, ends) => {
            Command::End { person, ends: ends.map(|ends| world.now + ends * DAY), reason: why() }
        }
        Step::Import(rows) => {
            let rows = rows.iter().map(|(mail, manager)| {
                format!("A,m{mail}@example.com,employee,Sales,2026-01-01,m{manager}@example.com\n")
            });
            let text =
                format!("name,mail,engagement,department,starts,manager\n{}", rows.collect::<String>());
            Command::Import { csv: text.into_bytes().into() }
        }
        Step::Wait(_) => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_shared_mail_no_circle_and_always_an_administrator(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            if let Step::Wait(days) = step {
                world.now = world.now + *days * DAY;
            }
            let led = world.state.people.administrators().any(|p| p.is_active(world.now));
            if let Some(command) = command(&world, step) {
                let _ = world.operator(command);
            }
            let people = &world.state.people;
            prop_assert!(!led || people.administrators().any(|p| p.is_active(world.now)), "{:?}", step);
            let holders = people.iter().filter(|p| p.has(Role::Administrator)).count();
            prop_assert_eq!(people.administrators().count(), holders);
            let mails: HashSet<String> = people.iter().map(|p| p.mail.key()).collect();
            prop_assert_eq!(mails.len(), people.len());
            for person in people.iter() {
                prop_assert_eq!(people.by_mail(person.mail.as_str()).map(|p| p.id), Some(person.id));
                let mut above = person.manager;
                for _ in 0..people.len() {
                    prop_assert!(above != Some(person.id));
                    above = above.and_then(|id| people.get(id)).and_then(|p| p.manager);
                }
            }
        }
    }
}
