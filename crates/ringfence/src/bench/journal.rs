//! Durable entries: how many in a second, and how long one takes beside what the disk itself needs.

use super::{Bound, Figure, Times, broken, company};
use crate::errors::Failure;
use program::documents::Command;
use program::{Actor, SecretId};
use service::{Config, KdfParams, Passphrase, Service};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::Instant;

const SECRETS: u32 = 40_000;
const WRITERS: u32 = 64;
const EACH: u32 = 1_000;
/// One writer's entries, and as many fdatasync calls beside them, taken in turns.
const ALONE: u32 = 4_000;
const TURN: u32 = 100;
/// What one fdatasync writes: a page of the database.
const PAGE: usize = 4_096;

pub(super) async fn measure(place: &Path) -> Result<Vec<Figure>, Failure> {
    let passphrase = Passphrase::new(super::boot::PASSPHRASE.to_owned());
    let created =
        Service::create(Config::local(place), &passphrase, KdfParams::default(), "Measured", "UTC").await?;
    let service = created.service;
    company::enter(&service).await?;
    company::import(&service, SECRETS).await?;
    let before = service.status().entries;
    let begun = Instant::now();
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(service.clone(), writer * EACH, EACH)));
    for done in futures::future::join_all(writers).await {
        done.map_err(broken)??;
    }
    let written = service.status().entries - before;
    let rate = written as f64 / begun.elapsed().as_secs_f64();

    let disk = Disk::new(place).map_err(broken)?;
    // A task, as the requests that a server answers are.
    let (mut entries, mut syncs) = tokio::spawn(alone(service, disk)).await.map_err(broken)??;
    let (p50, p99) = (entries.quantile(0.5), entries.quantile(0.99));
    let (sync50, sync99) = (syncs.quantile(0.5), syncs.quantile(0.99));
    let ms = 1e3;
    Ok(vec![
        Figure::new("durable entries, 64 writers", rate, "entries/s", Bound::AtLeast(20_000.0)),
        Figure::new("one writer's entry: p50", p50 * ms, "ms", Bound::None),
        Figure::new("one writer's entry: p99", p99 * ms, "ms", Bound::None),
        Figure::new("fdatasync of 4 KiB beside it: p50", sync50 * ms, "ms", Bound::None),
        Figure::new("fdatasync of 4 KiB beside it: p99", sync99 * ms, "ms", Bound::None),
        Figure::new("one writer's p99 / fdatasync's p99", p99 / sync99, "", Bound::AtMost(2.5)),
    ])
}

/// One writer's entries, and what the disk takes beside them, in turns.
async fn alone(service: Service, mut disk: Disk) -> Result<(Times, Times), Failure> {
    let (mut entries, mut syncs) = (Times::default(), Times::default());
    for turn in 0..ALONE / TURN {
        for number in 0..TURN {
            let (actor, command) = registration(turn * TURN + number)?;
            let begun = Instant::now();
            service.act(&actor, command).await?;
            entries.0.push(begun.elapsed());
        }
        for _ in 0..TURN {
            syncs.time(|| disk.sync()).map_err(broken)?;
        }
    }
    Ok((entries, syncs))
}

async fn write(service: Service, first: u32, count: u32) -> Result<(), Failure> {
    for number in first..first + count {
        let (actor, command) = registration(number)?;
        service.act(&actor, command).await?;
    }
    Ok(())
}

/// The owner of a secret registers a document of it: one entry.
fn registration(number: u32) -> Result<(Actor, Command), Failure> {
    let secret = 1 + number % SECRETS;
    let command = Command::Register {
        secret: SecretId(secret),
        name: company::line(&format!("drawing {number}"))?,
        place: company::text("Cabinet 4, second drawer")?,
        digest: None,
    };
    Ok((Actor::shell("bench", Some(company::owner(secret))), command))
}

/// A file in the record's folder, whose one page is written over and made durable: the least a durable entry costs.
struct Disk {
    file: File,
    page: Vec<u8>,
}

impl Disk {
    fn new(place: &Path) -> std::io::Result<Self> {
        let mut disk = Self { file: File::create(place.join("fdatasync"))?, page: vec![0; PAGE] };
        disk.sync()?;
        Ok(disk)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.page.rotate_left(1);
        if let Some(first) = self.page.first_mut() {
            *first = first.wrapping_add(1);
        }
        self.file.rewind()?;
        self.file.write_all(&self.page)?;
        self.file.sync_data()
    }
}
