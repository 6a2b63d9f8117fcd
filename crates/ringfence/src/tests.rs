//! What is asked of every command alike.

use super::Cli;
use clap::CommandFactory;

/// Walks all commands below this one, itself included.
fn walk(command: &clap::Command, path: &str, look: &mut impl FnMut(&str, &clap::Command)) {
    look(path, command);
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        walk(below, &format!("{path} {}", below.get_name()), look);
    }
}

#[test]
fn every_command_and_every_argument_has_a_help_text() {
    let mut cli = Cli::command();
    cli.build();
    let (mut commands, mut arguments) = (0, 0);
    walk(&cli, "ringfence", &mut |path, command| {
        commands += 1;
        assert!(command.get_about().is_some(), "`{path}` has no help text");
        for argument in command.get_arguments() {
            arguments += 1;
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "`{path}`: `{id}` has no help text");
        }
    });
    assert!(commands > 50 && arguments > 200, "{commands} commands with {arguments} arguments");
}

#[test]
fn the_arguments_are_in_order() {
    Cli::command().debug_assert();
}

#[test]
fn no_command_has_an_argument_that_stands_for_a_global_one() {
    let cli = Cli::command();
    let global: Vec<String> =
        cli.get_arguments().filter(|a| a.is_global_set()).map(|a| a.get_id().to_string()).collect();
    assert!(global.contains(&"as".to_owned()), "{global:?}");
    walk(&cli, "ringfence", &mut |path, command| {
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
            let id = argument.get_id().as_str();
            assert!(!global.iter().any(|one| one == id), "`{path}` has an argument `{id}` of its own");
        }
    });
}
