//! Starting with a long record: a snapshot, the tail after it, and a process of its own to open them in.

use super::{Bound, Figure, broken, company};
use crate::errors::Failure;
use crate::session::Options;
use program::{Actor, PersonId, Rule, SecretId};
use serde::{Deserialize, Serialize};
use service::{Config, KdfParams, Passphrase, Service, ServiceError};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// How many entries, unless somebody asks for another number.
pub(super) const ENTRIES: u64 = 1_000_000;
/// Seals the records that are measured; it protects nothing.
pub(super) const PASSPHRASE: &str = "measured and thrown away";
const WRITERS: u64 = 64;
/// Entries that the snapshot does not hold.
const TAIL: u64 = 2_000;

/// What the child tells.
#[derive(Serialize, Deserialize)]
struct Started {
    entries: u64,
    seconds: f64,
    /// The most memory the process ever held.
    peak_kib: u64,
}

/// Builds a record of so many entries, then opens it in another process.
pub(super) async fn measure(place: &Path, entries: u64) -> Result<Vec<Figure>, Failure> {
    build(place, entries).await?;
    let program = std::env::current_exe().map_err(broken)?;
    let child = Command::new(program)
        .args(["bench", "boot-child", "--data"])
        .arg(place)
        .env("RINGFENCE_PASSPHRASE", PASSPHRASE)
        .env_remove("RINGFENCE_JOURNAL")
        .output()
        .map_err(broken)?;
    if !child.status.success() {
        return Err(broken(String::from_utf8_lossy(&child.stderr)));
    }
    let started: Started = serde_json::from_slice(&child.stdout).map_err(broken)?;
    let with = format!("start with {} entries", started.entries);
    // The targets are those of a million entries.
    let (time, memory) = if entries == ENTRIES {
        (Bound::AtMost(3.0), Bound::AtMost(1.0))
    } else {
        (Bound::None, Bound::None)
    };
    let gib = started.peak_kib as f64 / f64::from(1 << 20);
    Ok(vec![
        Figure::new(with.clone(), started.seconds, "s", time),
        Figure::new(format!("{with}: most memory"), gib, "GiB", memory),
    ])
}

/// The child's part.
pub(super) async fn child(options: &Options) -> Result<(), Failure> {
    let config = options.present()?;
    let passphrase = options.passphrase()?;
    let begun = Instant::now();
    let service = Service::unseal(config, &passphrase).await?;
    let started = Started {
        entries: service.status().entries,
        seconds: begun.elapsed().as_secs_f64(),
        peak_kib: peak_kib("/proc/self/status")?,
    };
    options.output().document(&serde_json::to_value(started).map_err(broken)?)
}

/// People, then secrets for two fifths of the entries, then decisions for the rest, the last few after the snapshot.
pub(super) async fn build(place: &Path, entries: u64) -> Result<(), Failure> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let created =
        Service::create(Config::local(place), &passphrase, KdfParams::default(), "Measured", "UTC").await?;
    let service = created.service;
    company::enter(&service).await?;
    // An imported secret may take more than one entry, so they are counted as they come.
    let secrets = u32::try_from(entries / 5).map_err(broken)?.max(1);
    company::import(&service, secrets).await?;
    let tail = TAIL.min(entries / 10);
    decisions(&service, secrets, entries.saturating_sub(tail)).await?;
    service.snapshot().await?;
    decisions(&service, secrets, entries).await
}

/// Decisions until the record has so many entries.
async fn decisions(service: &Service, secrets: u32, entries: u64) -> Result<(), Failure> {
    let missing = entries.saturating_sub(service.status().entries);
    let writers = (0..WRITERS).map(|writer| {
        let share = missing / WRITERS + u64::from(writer < missing % WRITERS);
        tokio::spawn(decide(service.clone(), writer, share, secrets))
    });
    for done in futures::future::join_all(writers).await {
        done.map_err(broken)??;
    }
    Ok(())
}

/// Somebody without a grant asks for a precise description: refused, and each refusal is an entry.
async fn decide(service: Service, writer: u64, share: u64, secrets: u32) -> Result<(), Failure> {
    for number in 0..share {
        let mixed = (number * WRITERS + writer) * 7_919;
        let secret = SecretId(1 + (mixed % u64::from(secrets)) as u32);
        let person = PersonId(1 + (mixed % u64::from(company::PEOPLE)) as u32);
        match service.open_precise(&Actor::shell("bench", Some(person)), secret).await {
            Err(ServiceError::Shut(_)) => {}
            // One that they may not know of is refused and recorded all the same.
            Err(ServiceError::Refused(refusal)) if refusal.rule == Rule::Unknown => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(broken("a secret opened without a grant")),
        }
    }
    Ok(())
}

/// The most memory that a process ever held, by its status file.
pub(super) fn peak_kib(status: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(status).map_err(broken)?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| broken("the system does not tell how much memory a process held"))
}
