//! `ringfence init`: the beginning of a record.

use crate::errors::Failure;
use crate::passphrase;
use crate::session::Options;
use clap::Args;
use serde_json::json;
use service::{KdfParams, Service};
use std::io::{BufRead, IsTerminal};

/// Begin a record.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The organisation's name
    #[arg(long)]
    name: Option<String>,
    /// Its time zone, such as Europe/Oslo [default: this machine's]
    #[arg(long)]
    zone: Option<String>,
}

impl Init {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let config = options.config()?;
        let name = self.name.map_or_else(ask_name, Ok)?;
        let zone = self.zone.unwrap_or_else(local_zone);
        let passphrase = passphrase::choose(options.passphrase_file.as_deref(), "RINGFENCE_PASSPHRASE")?;
        let place = config.place();
        let created = Service::create(config, &passphrase, KdfParams::default(), &name, &zone).await?;
        let entries = created.service.status().entries;
        options.output().either(
            || json!({ "place": place, "entries": entries, "zone": zone, "recovery_key": created.recovery.as_str() }),
            |out| {
                out.line(format!("The record of {name} begins in {place}."))?;
                out.line("")?;
                out.line(out.bold("Recovery key"))?;
                out.line(format!("  {}", created.recovery.as_str()))?;
                out.line("")?;
                out.line("Print it and lock it away: it opens the record when the passphrase is lost, and it is not kept.")?;
                out.line("Next: `ringfence serve`, or `ringfence person import FILE`.")
            },
        )
    }
}

fn ask_name() -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input("the organisation needs a name").remedy("give it with --name"));
    }
    crate::output::note("Name of the organisation:");
    let mut name = String::new();
    let read = std::io::stdin().lock().read_line(&mut name);
    read.map_err(|error| Failure::input(format!("the name cannot be read: {error}")))?;
    Ok(name)
}

fn local_zone() -> String {
    jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}
