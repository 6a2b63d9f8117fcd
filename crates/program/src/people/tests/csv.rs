//! Files from outside: what they may do, and what they must not.

use super::{ADMIN, EVA, MAX, World, why};
use crate::people::{Command, MOST_BYTES, Plan, Planned, Role, export, plan};
use crate::{DAY, Date, PersonId, Rule};
use std::fmt::Write as _;

const HEADER: &str = "name,mail,engagement,department,job,clearance,roles,manager,starts,ends\n";

fn planned(world: &World, bytes: &[u8]) -> Plan {
    plan(&world.state, world.now, &world.state.organisation.zone, bytes)
}

fn refused(world: &World, text: &str) -> Vec<(u64, String)> {
    let plan = planned(world, text.as_bytes());
    assert_eq!(plan.problem, None);
    plan.refused().map(|(line, why)| (line, why.to_owned())).collect()
}

fn problem(bytes: &[u8]) -> String {
    let plan = planned(&World::new(), bytes);
    assert!(plan.rows.is_empty());
    plan.problem.expect("this file must be refused as a whole")
}

#[test]
fn file_as_a_whole() {
    let latin = format!("{HEADER}A,a@x.de,employee,B,,,,,2026-01-01,\nJ").into_bytes();
    let latin = [latin.as_slice(), b"\xF6rg,j@x.de,employee,B,,,,,2026-01-01,\n"].concat();
    assert!(problem(&latin).contains("line 3 has the byte 0xF6"), "{}", problem(&latin));
    assert!(problem(&latin).contains("save it as UTF-8 CSV"));
    assert!(problem(b"\xFF\xFEn\0a\0").contains("UTF-16"));
    assert!(problem(b"").contains("empty"));
    assert!(problem(b"\n\r\n ,,\n").contains("empty"));
    assert!(problem(b"name,mail,department\nA,a@x.de,B\n").contains("engagement, starts"));
    assert!(problem(b"name,salary,mail\n").contains("`salary` is not a column"));
    assert!(problem(b"name,mail,Name\n").contains("twice"));
    assert!(!problem(b"na\0me,mail\n").contains('\0'));
    assert!(problem(&vec![b'a'; MOST_BYTES + 1]).contains("16 MiB"));
}

#[test]
fn too_many_rows_are_refused() {
    let mut text = HEADER.to_owned();
    text.push_str(&"A,,,,,,,,,\n".repeat(200_001));
    assert!(problem(text.as_bytes()).contains("200000 rows"));
}

#[test]
fn every_bad_row_is_named_and_nothing_is_taken() {
    let mut world = World::new();
    let mut text = HEADER.to_owned();
    let mut bad = Vec::new();
    for i in 0..100_u64 {
        if i % 2 == 0 {
            bad.push(i + 2);
            writeln!(text, "Good,g{i}@example.com,visitor,Sales,,,,,2026-02-30,").unwrap();
        } else {
            writeln!(text, "Good,g{i}@example.com,employee,Sales,,,,,2026-01-01,").unwrap();
        }
    }
    let lines = refused(&world, &text);
    assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), bad);
    assert_eq!(bad.len(), 50);
    assert!(lines.iter().all(|(_, why)| why.contains("`visitor`") && why.contains("`2026-02-30`")));
    let before = world.state.people.len();
    let refusal = world.operator(Command::Import { csv: text.as_bytes().into() }).unwrap_err();
    assert_eq!(refusal.rule, Rule::Input);
    let remedy = refusal.remedy.unwrap();
    assert!(bad.iter().all(|line| remedy.contains(&format!("line {line}: "))));
    assert_eq!(world.state.people.len(), before);
}

#[test]
fn what_is_wrong_with_a_row_is_said() {
    let world = World::new();
    for (row, word) in [
        ("New,not-a-mail,employee,Sales,,,,,2026-01-01,", "mail: `not-a-mail`"),
        (",n@x.de,employee,Sales,,,,,2026-01-01,", "name: this must not be empty"),
        ("N\0w,n@x.de,employee,Sales,,,,,2026-01-01,", "U+0000"),
        ("New,n@x.de,employee,Sales,,10,,,2026-01-01,", "clearance: `10`"),
        ("New,n@x.de,employee,Sales,,x,,,2026-01-01,", "clearance: `x`"),
        ("New,n@x.de,employee,Sales,,,root;auditor,,2026-01-01,", "roles: `root`"),
        ("New,n@x.de,employee,Sales,,,,who@x.de,2026-01-01,", "manager: nobody has"),
        ("New,n@x.de,employee,Sales,,,,N@X.de,2026-01-01,", "report to themselves"),
        ("New,n@x.de,contractor,Sales,,,,,2026-01-01,", "contractor needs an end date"),
        ("New,n@x.de,employee,Sales,,,,,2026-01-02,2026-01-01", "not after the start"),
        ("New,n@x.de,employee,Sales,,,,,2026-01-01,2026-01-01", "has passed"),
        ("New,n@x.de,employee,Sales,,,,,01.02.2026,", "starts: `01.02.2026`"),
        ("New,n@x.de,employee,Sales,,,,", "8 cells where the header has 10"),
        ("New,n@x.de,employee,Sales,,,,,2026-01-01,,x", "11 cells"),
        ("\"Ne\nw\",n@x.de,employee,Sales,,,,,2026-01-01,", "U+000A"),
        ("\"New,n@x.de,employee,Sales,,,,,2026-01-01,", "1 cells"),
    ] {
        let lines = refused(&world, &format!("{HEADER}{row}\n"));
        assert_eq!(lines.len(), 1, "{row:?}");
        assert!(lines[0].0 == 2 && lines[0].1.contains(word), "{row:?}: {lines:?}");
        assert!(!lines[0].1.chars().any(char::is_control));
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let world = World::new();
    let bad = "Bad,,employee,Sales,,,,,2026-01-01,";
    let good = "\"Good\",g@x.de,employee,\"Sales\",\"in two\nlines\",,,,2026-01-01,";
    for end in ["\n", "\r\n", "\r"] {
        let text = [HEADER.trim_end(), "", bad, ",,,,,,,,,", bad, good, bad].join(end);
        let lines: Vec<u64> = refused(&world, &text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [3, 5, 6, 8], "{end:?}");
    }
}

#[test]
fn one_address_twice_is_refused_by_line() {
    let row = "New,n@x.de,employee,Sales,,,,,2026-01-01,\n";
    let lines = refused(&World::new(), &format!("{HEADER}{row}{row}{}", row.replace("n@x", "N@X")));
    assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    assert!(lines.iter().all(|(_, why)| why.contains("line 2 has this address")));
}

#[test]
fn managers_may_stand_below_and_circles_are_refused() {
    let mut world = World::new();
    let row =
        |name: &str, manager: &str| format!("{name},{name}@x.de,employee,Sales,,,,{manager},2026-01-01,\n");
    let circle = [row("a", "b@x.de"), row("b", "c@x.de"), row("c", "a@x.de"), row("d", "a@x.de")].concat();
    let lines: Vec<u64> =
        refused(&world, &format!("{HEADER}{circle}")).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 4], "d is below the circle, not in it");
    let chain =
        format!("{HEADER}{}{}{}", row("a", "B@X.de"), row("b", "c@x.de"), row("c", "eva@example.com"));
    world.operator(Command::Import { csv: chain.as_bytes().into() }).unwrap();
    let manager = |mail: &str| world.state.people.by_mail(mail).unwrap().manager;
    assert_eq!(manager("a@x.de"), Some(world.state.people.by_mail("b@x.de").unwrap().id));
    assert_eq!(manager("c@x.de"), Some(EVA));
    let through_the_state =
        "name,mail,engagement,department,starts,manager\nEva,eva@example.com,employee,R,2026-01-01,a@x.de\n";
    assert_eq!(refused(&world, through_the_state).len(), 1);
}

#[test]
fn spreadsheet_dialects_are_read() {
    let mut world = World::new();
    let german = "\u{FEFF}Mail;Name;Engagement;Roles;Department;Starts;Ends;;\r\nj@x.de;Jörg;contractor;\"auditor;counsel\";F&E;2026-01-01;2027-12-31;;\r\n";
    world.operator(Command::Import { csv: german.as_bytes().into() }).unwrap();
    let person = world.state.people.by_mail("j@x.de").unwrap();
    assert!(person.has(Role::Auditor) && person.has(Role::Counsel) && person.roles.len() == 2);
    assert_eq!(person.ends, Some(Date::parse("2028-01-01").unwrap().start("Europe/Berlin")));
    let arabic = "name\tmail\tengagement\tdepartment\tstarts\nسلمى الحداد\tsalma@x.de\temployee\tالبحث\t2026-01-01T09:00+01:00\n";
    world.operator(Command::Import { csv: arabic.as_bytes().into() }).unwrap();
    assert_eq!(world.state.people.by_mail("salma@x.de").unwrap().name.as_str(), "سلمى الحداد");
}

#[test]
fn known_people_keep_what_the_file_does_not_say() {
    let mut world = World::new();
    world.operator(Command::Clear { person: ADMIN, clearance: 4, reason: why() }).unwrap();
    let text = "name,mail,engagement,department,starts,roles,clearance\nAda L,ADA@example.com,employee,Sales,2026-01-01,,\n";
    world.operator(Command::Import { csv: text.as_bytes().into() }).unwrap();
    let ada = world.state.people.get(ADMIN).unwrap();
    assert_eq!((ada.name.as_str(), ada.mail.as_str(), ada.clearance), ("Ada L", "ada@example.com", 4));
    assert!(ada.has(Role::Administrator));
    let again = world.operator(Command::Import { csv: text.as_bytes().into() }).unwrap_err();
    assert_eq!(again.rule, Rule::Standing, "a file that changes nothing is refused");
}

#[test]
fn export_is_read_back_as_no_change() {
    let mut world = World::new();
    for (i, name) in
        ["=1+1", "'=x", "-", "@SUM(A1)", "a \"b\", c; d", "\u{639}\u{631}"].into_iter().enumerate()
    {
        let mut joiner = world.joiner(&format!("n{i}"));
        joiner.profile.name = super::line(name);
        joiner.profile.manager = Some(MAX);
        joiner.profile.ends = Some(world.now + 7 * DAY);
        world.operator(Command::Add { joiner }).unwrap();
    }
    world.operator(Command::End { person: EVA, ends: None, reason: why() }).unwrap();
    let zone = world.state.organisation.zone.clone();
    let text = export(&world.state, &zone);
    assert!(text.contains("\r\n'=1+1,") && text.contains("\r\n''=x,") && text.contains("\r\n'-,"), "{text}");
    let plan = planned(&world, text.as_bytes());
    assert_eq!(plan.problem, None);
    let same = |row: &super::super::PlannedRow| matches!(row.outcome, Planned::Same(_));
    assert!(plan.rows.iter().all(same), "{:?}", plan.rows.iter().find(|row| !same(row)));
    assert_eq!(plan.rows.len(), world.state.people.len());
}

#[test]
fn hundred_thousand_rows_one_above_the_other() {
    let mut world = World::new();
    let known = world.state.people.len();
    let mut text = HEADER.to_owned();
    for i in 0..100_000 {
        writeln!(text, "N{i},n{i}@x.de,employee,Sales,,0,,n{}@x.de,2026-01-01,", i + 1).unwrap();
    }
    text.push_str("Last,n100000@x.de,employee,Sales,,0,,,2026-01-01,\n");
    world.operator(Command::Import { csv: text.as_bytes().into() }).unwrap();
    assert_eq!(world.state.people.len(), known + 100_001);
    assert_eq!(world.state.people.next(), PersonId(u32::try_from(known).unwrap() + 100_002));
}
