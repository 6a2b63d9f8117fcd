//! The local shell shows no second factor: what asks for one does not open there, and who sat at it is recorded.

use crate::support::company::{AUD, CARL, OLGA, PEOPLE, SVEN};
use crate::support::{Folder, RECIPE};
use std::process::Command;

#[test]
fn a_crown_jewel_opens_for_nobody_at_the_local_shell() {
    let folder = Folder::company();
    for person in PEOPLE {
        // Whoever may not know of it is told no more than of one that never was.
        let told = [CARL, SVEN, AUD, OLGA].contains(&person);
        let said = folder.run(&["document", "open", "D-2", "--as", person]).fails(if told { 1 } else { 2 });
        // Its owner lacks the second factor and nothing else.
        let failing = said.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).count();
        assert_eq!(told && failing == 1, person == OLGA, "{said}");
        assert_eq!(said.contains("second-factor: ") && said.contains("browser"), told, "{said}");
        assert_eq!(said.contains("is not known here"), !told, "{said}");
        let entry = folder.last();
        assert_eq!(entry["kind"], "document.refused");
        assert_eq!(entry["by"]["via"]["way"], "shell");
        assert_eq!(entry["by"]["via"]["os_user"], this_user());
        assert!(entry["by"]["second_factor_at"].is_null(), "{entry}");
    }
    folder.run(&["secret", "show", "S-2", "--precise", "--as", OLGA]).fails(1);
    let mine = folder.run(&["access", "mine", OLGA, "--json"]).json();
    assert!(mine.as_array().unwrap().iter().all(|document| document["document"] != "D-2"), "{mine}");
}

#[test]
fn an_agreement_that_asks_for_a_second_factor_is_not_signed_at_the_shell() {
    let folder = Folder::company();
    let text = folder.file("terms.md", "# Terms\n");
    folder.run(&["agreement", "publish", &text, "--title", "Terms", "--second-factor"]).done();
    folder.run(&["agreement", "assign", "A-2", OLGA]).done();
    let sign =
        ["agreement", "sign", "A-2", "--name", "Olga Owner", "--read-to-end", "--consent", "--as", OLGA];
    let said = folder.run(&sign).fails(1);
    assert!(said.contains("second factor") && said.contains("browser"), "{said}");
    let listed = folder.run(&["agreement", "list", "--person", OLGA, "--json"]).json();
    assert_eq!(listed[1]["standing"], "to sign");
}

#[test]
fn the_system_user_is_recorded_whatever_the_environment_says() {
    let folder = Folder::company();
    let mut command = folder.command(&["person", "suspend", OLGA, "--reason", "A test."]);
    command.env("USER", "somebody-else").env("LOGNAME", "somebody-else");
    assert!(command.output().unwrap().status.success());
    assert_eq!(folder.last()["by"]["via"]["os_user"], this_user());
}

#[test]
fn nobody_but_a_person_opens_anything() {
    let folder = Folder::company();
    let entries = folder.whole();
    let answer = folder.run(&["document", "open", "D-1"]);
    assert!(!String::from_utf8_lossy(&answer.bytes).contains(RECIPE));
    let said = answer.fails(1);
    assert!(said.contains("--as"), "the operator manages, and does not read: {said}");
    assert_eq!(folder.whole(), entries);
}

fn this_user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
