//! `ringfence demo`: a small company's story on real documents, each act with the entry it made.
//!
//! It runs in a folder of its own, never in a record that exists. The documents of Halden Optics, an invented company,
//! are part of the program.

mod evidence;
mod retention;
mod stage;
mod story;

use crate::errors::Failure;
use crate::output::{Output, note};
use crate::session::Options;
use clap::Args;
use program::SecretId;
use server::Settings;
use service::{Config, KdfParams, Passphrase, Service};
use stage::Stage;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
pub(crate) use story::PASSWORD;

/// What seals the demonstration's record; printed, as it protects nothing.
pub(crate) const PASSPHRASE: &str = "halden optics demonstration";

/// Run a small company's story, and verify its record
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Afterwards serve that company, for a look around
    #[arg(long)]
    serve: bool,
    /// Where to serve it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8484", requires = "serve")]
    listen: SocketAddr,
    /// Keep the evidence bundle that the story exports in this new file
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

impl Demo {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        if options.journal.is_some() {
            return Err(Failure::input("the demonstration does not run in a database")
                .remedy("leave --journal and RINGFENCE_JOURNAL away"));
        }
        let temporary = tempfile::tempdir().map_err(|error| Failure::storage(error.to_string()))?;
        let data = match &options.data {
            Some(data) if !is_free(data) => {
                return Err(Failure::input(format!("`{}` is not empty", data.display()))
                    .remedy("the demonstration never runs in real data: name a new folder, or none"));
            }
            Some(data) => data.clone(),
            None => temporary.path().join("halden"),
        };
        let config = Config::local(&data);
        let passphrase = Passphrase::new(PASSPHRASE.to_owned());
        let kdf = KdfParams::default();
        let created =
            Service::create(config.clone(), &passphrase, kdf, "Halden Optics AS", "Europe/Oslo").await?;
        let mut stage = Stage::new(created.service, options.output());
        let story::Register { customers, prices } = story::play(&mut stage).await?;
        retention::show(&mut stage, prices, temporary.path(), &passphrase).await?;
        let bundle = self.evidence.clone().unwrap_or_else(|| data.join("evidence").join("customers.zip"));
        evidence::show(&mut stage, customers, &temporary.path().join("witness"), &bundle).await?;
        stage.verify(&config, &passphrase).await?;
        let accounts = if self.serve { story::accounts(&stage).await? } else { Vec::new() };
        stage.end(&data, options.data.is_some(), PASSPHRASE, &accounts)?;
        if self.serve {
            for (mail, role) in &accounts {
                note(format!("  {mail:<36} {role}"));
            }
            note(format!("Password for each of them: {}", story::PASSWORD));
            // The story was the one document already.
            crate::serve::listen(&stage.service, Settings::local(self.listen), &Output::new(false)).await?;
        }
        Ok(())
    }
}

/// Plays the story in a new folder and says nothing; gives the secret that its readers are granted.
pub(crate) async fn company(data: &Path) -> Result<SecretId, Failure> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let config = Config::local(data);
    let created =
        Service::create(config, &passphrase, KdfParams::default(), "Halden Optics AS", "Europe/Oslo").await?;
    let mut stage = Stage::new(created.service, Output::new(true));
    let register = story::play(&mut stage).await?;
    story::accounts(&stage).await?;
    Ok(register.customers)
}

fn is_free(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    }
}
