//! Commands of all areas, and the one door through which they are decided.

use crate::{Actor, Event, Line, OrganisationEvent, Refusal, State, Time};
use crate::{access, accounts, agreements, documents, evidence, people, retention, secrets};

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "one variant per area; each area's commands are documented there")]
pub enum Command {
    Organisation(OrganisationCommand),
    People(people::Command),
    Secrets(secrets::Command),
    Documents(documents::Command),
    Agreements(agreements::Command),
    Access(access::Command),
    Accounts(accounts::Command),
    Evidence(evidence::Command),
    Retention(retention::Command),
}

/// What can be done to the organisation's own data.
#[derive(Debug, Clone, PartialEq)]
pub enum OrganisationCommand {
    /// Begin the record.
    Found {
        /// The organisation's name.
        name: Line,
        /// Its time zone.
        zone: String,
    },
    /// Change name or zone.
    Change {
        /// The organisation's name.
        name: Line,
        /// Its time zone.
        zone: String,
    },
    /// Record that the passphrase was changed.
    NotePassphraseChanged,
    /// Record that a new recovery key was printed.
    NoteRecoveryRenewed,
}

/// Decides a command: the events it would record, or the refusal. Pure: the same arguments give the same answer.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Organisation(command) => organisation(state, actor, now, command),
        Command::People(command) => people::decide(state, actor, now, command),
        Command::Secrets(command) => secrets::decide(state, actor, now, command),
        Command::Documents(command) => documents::decide(state, actor, now, command),
        Command::Agreements(command) => agreements::decide(state, actor, now, command),
        Command::Access(command) => access::decide(state, actor, now, command),
        Command::Accounts(command) => accounts::decide(state, actor, now, command),
        Command::Evidence(command) => evidence::decide(state, actor, now, command),
        Command::Retention(command) => retention::decide(state, actor, now, command),
    }
}

fn organisation(
    state: &State,
    actor: &Actor,
    now: Time,
    command: &OrganisationCommand,
) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        OrganisationCommand::Found { name, zone } => {
            if state.size > 0 {
                return Err(Refusal::new(crate::Rule::Taken, "this record has already been begun"));
            }
            OrganisationEvent::Founded { name: name.clone(), zone: known_zone(zone)? }
        }
        OrganisationCommand::Change { name, zone } => {
            actor.require(
                state,
                now,
                &[people::Role::Administrator],
                "change the organisation's name and time zone",
            )?;
            OrganisationEvent::Changed { name: name.clone(), zone: known_zone(zone)? }
        }
        OrganisationCommand::NotePassphraseChanged => OrganisationEvent::PassphraseChanged {},
        OrganisationCommand::NoteRecoveryRenewed => OrganisationEvent::RecoveryRenewed {},
    };
    Ok(vec![event.into()])
}

fn known_zone(zone: &str) -> Result<String, Refusal> {
    match jiff::tz::TimeZone::get(zone) {
        Ok(_) => Ok(zone.to_owned()),
        Err(_) => Err(Refusal::input("zone", format!("`{zone}` is not a time zone"))
            .remedy("name one as the tz database does, such as Europe/Berlin or America/New_York")),
    }
}

macro_rules! from_area {
    ($($variant:ident($inner:ty);)*) => {$(
        impl From<$inner> for Command {
            fn from(command: $inner) -> Self {
                Command::$variant(command)
            }
        }
    )*};
}

from_area! {
    Organisation(OrganisationCommand);
    People(people::Command);
    Secrets(secrets::Command);
    Documents(documents::Command);
    Agreements(agreements::Command);
    Access(access::Command);
    Accounts(accounts::Command);
    Evidence(evidence::Command);
    Retention(retention::Command);
}
