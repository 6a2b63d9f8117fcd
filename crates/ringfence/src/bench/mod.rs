//! `ringfence bench`: the program's figures on this machine, each beside what it has to reach.

mod boot;
mod company;
mod evidence;
mod gate;
mod http;
mod journal;
mod vault;

use crate::errors::Failure;
use crate::output::{Output, note};
use crate::session::Options;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fmt::Display;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `ringfence bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// One part; all of them where none is named
    #[command(subcommand)]
    part: Option<Which>,
}

/// What to measure. Everything is built anew in a temporary folder (inside --data where that is given, so that the figures
/// are those of its disk); no record is touched.
#[derive(Debug, Subcommand)]
enum Which {
    /// Decisions, in a company of 1,000 people and 100,000 documents
    Gate,
    /// Durable entries, by 64 writers and by one
    Journal,
    /// Sealing and opening 256 MiB on one core
    Vault,
    /// Starting with a long record
    Boot {
        /// How many entries it has
        #[arg(long, default_value_t = boot::ENTRIES)]
        entries: u64,
        /// Build the record in this new folder and keep it
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
    },
    /// A document of 4 GiB through HTTP, up and down: what memory that takes
    Http,
    /// Evidence out of a long record: exporting, looking back, one field, three witnesses
    Evidence {
        /// How many entries it has
        #[arg(long, default_value_t = boot::ENTRIES)]
        entries: u64,
    },
    /// Opens the record in --data and tells what that took: a process of its own, so that its memory is its own
    #[command(hide = true)]
    BootChild,
}

/// What a figure has to reach.
enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// It stands beside others, to compare with.
    None,
}

/// One thing measured.
struct Figure {
    what: String,
    measured: f64,
    unit: &'static str,
    bound: Bound,
}

impl Bench {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let part = self.part;
        if matches!(part, Some(Which::BootChild)) {
            return boot::child(options).await;
        }
        if cfg!(debug_assertions) {
            note("This is a development build: figures of a release build are several times better.");
        }
        let folder = folder(options)?;
        let mut figures = Vec::new();
        if matches!(part, None | Some(Which::Gate)) {
            figures.extend(gate::measure()?);
        }
        if matches!(part, None | Some(Which::Vault)) {
            figures.extend(vault::measure()?);
        }
        if matches!(part, None | Some(Which::Journal)) {
            figures.extend(journal::measure(&folder.path().join("journal")).await?);
        }
        if matches!(part, None | Some(Which::Http)) {
            figures.extend(http::measure(&folder.path().join("http")).await?);
        }
        let evidence = match part {
            Some(Which::Evidence { entries }) => Some(entries),
            None => Some(boot::ENTRIES),
            _ => None,
        };
        if let Some(entries) = evidence {
            figures.extend(evidence::measure(&folder.path().join("evidence"), entries).await?);
        }
        let (entries, keep) = match part {
            Some(Which::Boot { entries, keep }) => (Some(entries), keep),
            None => (Some(boot::ENTRIES), None),
            _ => (None, None),
        };
        if let Some(entries) = entries {
            let place = keep.unwrap_or_else(|| folder.path().join("boot"));
            figures.extend(boot::measure(&place, entries).await?);
        }
        tell(&options.output(), &figures)
    }
}

fn folder(options: &Options) -> Result<TempDir, Failure> {
    match &options.data {
        Some(data) => tempfile::tempdir_in(data),
        None => tempfile::tempdir(),
    }
    .map_err(|error| Failure::storage(format!("no temporary folder can be made: {error}")))
}

fn tell(out: &Output, figures: &[Figure]) -> Result<(), Failure> {
    let document = || {
        let figures: Vec<Value> = figures.iter().map(Figure::json).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        json!({ "version": env!("CARGO_PKG_VERSION"), "development_build": cfg!(debug_assertions), "cores": cores, "figures": figures })
    };
    out.either(document, |out| {
        let rows: Vec<Vec<String>> = figures.iter().map(Figure::row).collect();
        out.table(&["Figure", "Measured", "Target", "Reached"], &rows)
    })
}

impl Figure {
    fn new(what: impl Into<String>, measured: f64, unit: &'static str, bound: Bound) -> Self {
        Self { what: what.into(), measured, unit, bound }
    }

    fn reached(&self) -> Option<bool> {
        match self.bound {
            Bound::AtMost(most) => Some(self.measured <= most),
            Bound::AtLeast(least) => Some(self.measured >= least),
            Bound::None => None,
        }
    }

    fn json(&self) -> Value {
        let (at_most, at_least) = match self.bound {
            Bound::AtMost(most) => (Some(most), None),
            Bound::AtLeast(least) => (None, Some(least)),
            Bound::None => (None, None),
        };
        json!({
            "figure": self.what, "measured": self.measured, "unit": self.unit,
            "at_most": at_most, "at_least": at_least, "reached": self.reached(),
        })
    }

    fn row(&self) -> Vec<String> {
        let target = match self.bound {
            Bound::AtMost(most) => format!("at most {}", amount(most, self.unit)),
            Bound::AtLeast(least) => format!("at least {}", amount(least, self.unit)),
            Bound::None => String::new(),
        };
        let reached = match self.reached() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        vec![self.what.clone(), amount(self.measured, self.unit), target, reached.to_owned()]
    }
}

/// Three digits that matter, and the unit.
fn amount(value: f64, unit: &str) -> String {
    let digits = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// How long something took, many times over.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    /// Does it once and notes the time.
    fn time<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let outcome = act();
        self.0.push(begun.elapsed());
        outcome
    }

    /// The time, in seconds, that this share (0 to 1) of them did not exceed.
    fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).map_or(0.0, Duration::as_secs_f64)
    }
}

fn broken(error: impl Display) -> Failure {
    Failure::storage(format!("the measurement cannot go on: {error}"))
}
