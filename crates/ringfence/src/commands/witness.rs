//! `ringfence witness …`: a witness of others' records, which needs no record of its own.

use crate::errors::{Code, Failure};
use crate::output::note;
use crate::serve::told_to_stop;
use crate::session::Options;
use clap::Subcommand;
use ledger::VerifierKey;
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use witness::{Cosigned, Folder, FolderError, Log, ServeError, Settings, Trusted};

/// Witness other organisations' records: cosign their checkpoints, and never two that contradict each other
#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// Make a witness: a key of its own in an empty folder (--data); prints the verifier key to give to others
    Init {
        /// What the witness is called: an address without https://, of a domain that is yours
        #[arg(long, value_name = "NAME")]
        name: String,
    },
    /// Trust a log: its checkpoints are cosigned from now on, as long as it only grows
    Trust {
        /// The log's verifier key, as `ringfence record checkpoint` prints it; have it told by the organisation itself
        #[arg(value_name = "VKEY")]
        key: VerifierKey,
        /// The log is trusted already, and this is a new key of the same record
        #[arg(long)]
        new_key: bool,
    },
    /// Serve the logs that are trusted, until it is told to stop
    Serve {
        /// Where to listen; any address but this machine's own needs a proxy in front that ends TLS
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8485", env = "RINGFENCE_WITNESS_LISTEN")]
        listen: SocketAddr,
        /// The address of that proxy; besides this machine's own, only its connections are taken
        #[arg(long, value_name = "ADDR")]
        behind_proxy: Vec<IpAddr>,
    },
    /// Which logs are trusted, what was cosigned last and when, and what was refused
    List,
}

impl Witness {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let (path, out) = (folder(options)?, options.output());
        match self {
            Self::Init { name } => {
                let folder = Folder::create(&path, &name)?;
                let key = folder.verifier().to_string();
                out.either(
                    || json!({ "folder": path.display().to_string(), "verifier": key }),
                    |out| {
                        out.line(&key)?;
                        note("Give this verifier key to whoever shall rely on the witness.");
                        note(format!(
                            "Its other half and all that it promised is in `{}`: never go back to an older copy of it.",
                            path.display()
                        ));
                        Ok(())
                    },
                )
            }
            Self::Trust { key, new_key } => {
                let (trusted, origin) = (Folder::open(&path)?.trust(&key, new_key)?, key.name());
                let (word, sentence) = match trusted {
                    Trusted::NewLog => ("new log", "it is new here: nothing of it was cosigned yet"),
                    Trusted::AnotherKey => ("another key", "by this key too"),
                    Trusted::Already => ("already", "by this key, as before"),
                };
                out.either(
                    || json!({ "origin": origin, "trusted": word }),
                    |out| out.line(format!("The log `{origin}` is trusted: {sentence}")),
                )
            }
            Self::Serve { listen, behind_proxy } => {
                let folder = Folder::open(&path)?;
                let key = folder.verifier().to_string();
                let listening = witness::bind(folder, Settings { listen, behind_proxy }).await?;
                let address = format!("http://{}", listening.address());
                let stopping = told_to_stop();
                if out.json {
                    out.document(&json!({ "address": address, "verifier": key }))?;
                }
                note(format!("The witness {key}\nserves at {address}/ (stop with Ctrl-C)"));
                listening.run(stopping).await;
                note("Stopping");
                Ok(())
            }
            Self::List => {
                let folder = Folder::open(&path)?;
                let (key, logs) = (folder.verifier().to_string(), folder.logs()?);
                out.either(
                    || json!({ "verifier": key, "logs": logs.iter().map(view).collect::<Vec<_>>() }),
                    |out| {
                        out.table(
                            &["Log", "Entries", "Cosigned", "Forks", "Unproven"],
                            &logs.iter().map(row).collect::<Vec<_>>(),
                        )?;
                        logs.iter().filter_map(|log| log.latest.as_ref().err()).for_each(|error| {
                            note(format!("error: {error}"));
                        });
                        if logs.iter().any(|log| log.forks > 0) {
                            note("A log has forked: its own signatures are in `logs/…/refused`. Keep them safe.");
                        }
                        Ok(())
                    },
                )
            }
        }
    }
}

/// A witness's folder is not the record's, and has its own default.
fn folder(options: &Options) -> Result<PathBuf, Failure> {
    match &options.data {
        Some(data) => Ok(data.clone()),
        None => {
            let folders = directories::ProjectDirs::from("", "", "ringfence-witness");
            let folders =
                folders.ok_or_else(|| Failure::input("there is no home folder: name one with --data"))?;
            Ok(folders.data_dir().to_owned())
        }
    }
}

fn view(log: &Log) -> Value {
    let (latest, fault) = match &log.latest {
        Ok(latest) => (latest.as_ref(), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let latest = latest.map(|latest| {
        let Cosigned { checkpoint, note, .. } = latest;
        json!({
            "size": checkpoint.size,
            "root": checkpoint.root,
            "time": time(latest),
            "checkpoint": note.to_string(),
        })
    });
    json!({
        "origin": log.origin,
        "keys": log.keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "latest": latest,
        "fault": fault,
        "forks": log.forks,
        "unproven": log.unproven,
    })
}

fn row(log: &Log) -> Vec<String> {
    let (size, when) = match &log.latest {
        Ok(Some(latest)) => (latest.checkpoint.size.to_string(), time(latest)),
        Ok(None) => ("none yet".to_owned(), String::new()),
        Err(_) => ("lost".to_owned(), String::new()),
    };
    vec![log.origin.clone(), size, when, log.forks.to_string(), log.unproven.to_string()]
}

/// UTC: a witness knows no organisation's time zone.
fn time(cosigned: &Cosigned) -> String {
    let seconds = i64::try_from(cosigned.seconds).ok();
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{} s since 1970", cosigned.seconds), |time| time.to_string())
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let message = error.to_string();
        match error {
            FolderError::Absent(_) | FolderError::Name(_) | FolderError::NotALog(_) => Self::input(message),
            FolderError::NotEmpty(_) => Self::new(Code::Refused, "taken", message),
            FolderError::AnotherKey(_) => Self::new(Code::Refused, "another_key", message)
                .remedy("if the organisation says that this is its record's new key, add --new-key"),
            FolderError::ManyKeys(_) => Self::new(Code::Refused, "too_many", message),
            FolderError::Busy(_) => Self::new(Code::Refused, "busy", message),
            FolderError::KeyShown(_) => Self::new(Code::Refused, "key_shown", message),
            FolderError::Key(_) | FolderError::Lost { .. } => Self::new(Code::Damaged, "damaged", message),
            FolderError::Chance(_) | FolderError::Disk { .. } => Self::storage(message),
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Folder(error) => error.into(),
            other => Self::input(other.to_string()),
        }
    }
}
