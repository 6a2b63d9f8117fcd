//! One run of the command line: the open record, who acts, and where the answer goes.

use crate::errors::Failure;
use crate::output::Output;
use crate::{lookup, passphrase};
use clap::Args;
use program::{Actor, Command, Recorded, SecretId, State, Time, describe};
use serde_json::{Value, json};
use service::{Config, Done, Passphrase, Service};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Opening that took this long is worth a snapshot, so that the next run is quick.
const SLOW_START: Duration = Duration::from_millis(1500);

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The data folder [default: `ringfence` in the user's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "RINGFENCE_DATA", help_heading = "Everywhere")]
    pub(crate) data: Option<PathBuf>,
    /// The record's database, where it is not a file in the data folder: postgres://…
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "RINGFENCE_JOURNAL",
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    pub(crate) journal: Option<String>,
    /// The database of the wrapped keys, where it is neither a file in the data folder nor the record's own database:
    /// sqlite:///… or postgres://…
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "RINGFENCE_KEY_DATABASE",
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    pub(crate) key_database: Option<String>,
    /// One JSON document on standard output, errors as JSON on standard error
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Act as this person (id or mail address); otherwise as the operator of this machine
    // INVARIANT: no command has an argument of this id. With `person` as its id, whoever a command was *about* was taken
    // for whoever acted.
    #[arg(id = "as", long = "as", global = true, value_name = "PERSON", help_heading = "Everywhere")]
    pub(crate) person: Option<String>,
    /// Read the passphrase from the first line of this file [otherwise: RINGFENCE_PASSPHRASE, or a prompt]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// An open record, and who acts on it.
pub(crate) struct Session {
    pub(crate) service: Service,
    pub(crate) actor: Actor,
    pub(crate) out: Output,
    took: Duration,
}

impl Options {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let data = match &self.data {
            Some(data) => data.clone(),
            None => {
                let folders = directories::ProjectDirs::from("", "", "ringfence");
                let folders =
                    folders.ok_or_else(|| Failure::input("there is no home folder: name one with --data"))?;
                folders.data_dir().to_owned()
            }
        };
        Ok(Config { journal: self.journal.clone(), keys: self.key_database.clone(), ..Config::local(data) })
    }

    pub(crate) fn passphrase(&self) -> Result<Passphrase, Failure> {
        passphrase::ask(self.passphrase_file.as_deref())
    }

    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// A record that is not there is said before a passphrase is asked for.
    pub(crate) fn present(&self) -> Result<Config, Failure> {
        let config = self.config()?;
        if config.journal.is_none() && !config.record_file().is_file() {
            return Err(service::OpenError::Absent(config.place()).into());
        }
        Ok(config)
    }
}

impl Session {
    pub(crate) async fn open(options: &Options) -> Result<Self, Failure> {
        let config = options.present()?;
        let passphrase = options.passphrase()?;
        let begun = Instant::now();
        let service = Service::unseal(config, &passphrase).await?;
        let took = begun.elapsed();
        let person =
            options.person.as_deref().map(|name| lookup::person(&service.state(), name)).transpose()?;
        let actor = Actor::shell(&os_user(), person);
        Ok(Self { service, actor, out: options.output(), took })
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.service.state()
    }

    pub(crate) fn now(&self) -> Time {
        self.service.now()
    }

    /// The state that answers for a secret, and the moment to ask it for: now, or a past one.
    pub(crate) async fn at(
        &self,
        secret: SecretId,
        as_of: Option<&str>,
    ) -> Result<(Arc<State>, Time), Failure> {
        let Some(text) = as_of else { return Ok((self.state(), self.now())) };
        let time = crate::lookup::moment(text, &self.zone())?;
        let past = self.service.as_of(&self.actor, secret, time).await?;
        Ok((Arc::new(past.state), past.time))
    }

    /// The organisation's time zone.
    pub(crate) fn zone(&self) -> String {
        self.state().organisation.zone.clone()
    }

    /// Does a command and tells what was recorded.
    pub(crate) async fn act(&self, command: impl Into<Command>) -> Result<(), Failure> {
        let done = self.service.act(&self.actor, command).await?;
        self.recorded(&done, json!({}))
    }

    /// Tells what was recorded; `more` goes beside it in JSON.
    pub(crate) fn recorded(&self, done: &Done, more: Value) -> Result<(), Failure> {
        self.out.either(
            || with_entries(done, more),
            |out| {
                done.entries.iter().try_for_each(|recorded| {
                    let entry = out.dim(&format!("entry {:>4}", recorded.position));
                    out.line(format!("{entry}  {}", describe(&done.state, recorded)))
                })
            },
        )
    }

    /// Ends the run; writes a snapshot where the start was slow.
    pub(crate) async fn close(self) {
        if self.took > SLOW_START {
            // Only saves time: without it the next start is as slow as this one.
            let _ = self.service.snapshot().await;
        }
    }
}

fn with_entries(done: &Done, mut more: Value) -> Value {
    let entries: Vec<Value> = done.entries.iter().map(|recorded| entry(&done.state, recorded)).collect();
    if let Value::Object(fields) = &mut more {
        fields.insert("entries".to_owned(), Value::Array(entries));
    }
    more
}

/// An entry as JSON tells it.
pub(crate) fn entry(state: &State, recorded: &Recorded) -> Value {
    let kind = recorded.event.to_fields(&recorded.by).map(|(kind, _)| kind).unwrap_or_default();
    json!({
        "entry": recorded.position,
        "time": recorded.time.rfc3339(),
        "kind": kind,
        "subjects": recorded.event.subjects(),
        "sentence": describe(state, recorded),
    })
}

/// The operating system's name of whoever runs this. Asked of the system and not of the environment, which anybody can
/// set: it stands in every entry.
pub(crate) fn os_user() -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(own) = std::fs::metadata("/proc/self") else {
        return std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    };
    let uid = own.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(uid.as_str())).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}
