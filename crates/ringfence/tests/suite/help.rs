//! The help of every command, as a person has read it.

use crate::support::{Answer, Folder, as_read};
use std::fmt::Write;

/// Every command and group of commands, found by walking the help itself.
pub(super) fn commands(folder: &Folder) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        let mut arguments: Vec<String> = path.clone();
        arguments.push("--help".to_owned());
        let mut command = folder.command(&arguments);
        // Help shows what the environment says.
        command.env_remove("RINGFENCE_DATA");
        let help = Answer::of(&mut command, format!("{arguments:?}")).done();
        for name in subcommands(&help).into_iter().rev() {
            let mut below = path.clone();
            below.push(name);
            waiting.push(below);
        }
        found.push((path, help));
    }
    found
}

/// Those that do something themselves.
pub(super) fn leaves(folder: &Folder) -> Vec<String> {
    let all = commands(folder);
    let leaf = |help: &str| subcommands(help).is_empty();
    all.iter().filter(|(_, help)| leaf(help)).map(|(path, _)| path.join(" ")).collect()
}

fn subcommands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // A name stands two columns in; what goes on from the line before stands further in.
    let named = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn the_help_of_every_command_is_as_it_was_read() {
    let folder = Folder::empty();
    let commands = commands(&folder);
    assert!(commands.len() > 50, "only {} commands were found", commands.len());
    let mut all = String::new();
    for (path, help) in &commands {
        let name = ["ringfence"].into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>();
        writeln!(all, "$ {} --help\n{help}", name.join(" ")).unwrap();
    }
    as_read("help.txt", &all);
}

#[test]
fn help_and_version_need_no_record_and_go_to_standard_output() {
    let folder = Folder::empty();
    assert!(folder.run(&["--version"]).done().starts_with("ringfence "));
    assert!(folder.run(&["secret", "add", "-h"]).done().contains("--title"));
    assert!(!folder.data().exists(), "asking for help made a data folder");
}

#[test]
fn no_command_at_all_shows_the_help_and_is_bad_usage() {
    let folder = Folder::empty();
    for arguments in [&[][..], &["person"][..]] {
        let help = folder.run(arguments).fails(2);
        assert!(help.contains("Commands:") || help.contains("[subcommands: "), "{help}");
    }
}
