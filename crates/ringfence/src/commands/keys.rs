//! `ringfence passphrase` and `ringfence recovery`: what opens the record.

use crate::errors::Failure;
use crate::session::{Options, os_user};
use crate::{lookup, passphrase};
use clap::Subcommand;
use program::Actor;
use serde_json::json;
use service::{KdfParams, Service};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The passphrase.
#[derive(Debug, Subcommand)]
pub(crate) enum Passphrase {
    /// Change it; the old one stops working at once
    Change {
        /// Read the new one from this file [otherwise: RINGFENCE_NEW_PASSPHRASE, or a prompt]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Set a new one with the printed recovery key, when the old one is lost
    Recover {
        /// Read the recovery key from this file, `-` for standard input
        #[arg(long, value_name = "FILE")]
        recovery_file: PathBuf,
        /// Read the new passphrase from this file [otherwise: RINGFENCE_NEW_PASSPHRASE, or a prompt]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// The recovery key.
#[derive(Debug, Subcommand)]
pub(crate) enum Recovery {
    /// Print a new one; the one before stops working
    Renew,
}

const NEW: &str = "RINGFENCE_NEW_PASSPHRASE";

impl Passphrase {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let config = options.present()?;
        let actor = Actor::shell(&os_user(), None);
        match self {
            Passphrase::Change { new_passphrase_file } => {
                let old = options.passphrase()?;
                let new = passphrase::choose(new_passphrase_file.as_deref(), NEW)?;
                Service::change_passphrase(config, &old, &new, KdfParams::default(), &actor).await?;
            }
            Passphrase::Recover { recovery_file, new_passphrase_file } => {
                let printed = Zeroizing::new(lookup::read_text(&recovery_file)?);
                let new = passphrase::choose(new_passphrase_file.as_deref(), NEW)?;
                Service::recover(config, printed.trim(), &new, KdfParams::default(), &actor).await?;
            }
        }
        options.output().either(
            || json!({ "passphrase": "changed" }),
            |out| out.line("The passphrase is changed. The one before opens this record no more; it still opens copies made before."),
        )
    }
}

impl Recovery {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let Recovery::Renew = self;
        let config = options.present()?;
        let passphrase = options.passphrase()?;
        let printed = Service::renew_recovery(config, &passphrase, &Actor::shell(&os_user(), None)).await?;
        options.output().either(
            || json!({ "recovery_key": printed.as_str() }),
            |out| {
                out.line(out.bold("Recovery key"))?;
                out.line(format!("  {}", printed.as_str()))?;
                out.line(
                    "The one before does not work any more. Print this one and lock it away: it is not kept.",
                )
            },
        )
    }
}
