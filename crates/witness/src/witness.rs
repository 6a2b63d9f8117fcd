//! The witness at work: it decides, keeps what it decided, and only then answers.

use crate::disk;
use crate::evidence;
use crate::folder::{Folder, FolderError};
use crate::log::{self, Cosigned, LogFolder};
use ledger::witness::decide;
use ledger::{AddCheckpoint, Signature, SignedNote, VerifierKey, WitnessRefusal, cosign};
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far the clock may stand behind the last cosignature before somebody has to look at it.
const CLOCK_BEHIND: u64 = 60;

/// A witness that decides. There is one for a folder at a time.
#[derive(Debug)]
pub struct Witness {
    folder: Folder,
    /// One for each log that was asked about, by its hash. Only logs that are trusted have one, so there are few.
    standings: Mutex<HashMap<String, Arc<Mutex<Standing>>>>,
    _lock: File,
}

/// INVARIANT: whoever decides on a log, or shows what was cosigned of it, holds its standing. So no two decide from the same
/// beginning, and nobody sees a cosignature that a power cut could take back.
#[derive(Debug, Default)]
struct Standing {
    /// Writing failed: what is on the disk is not known until the next start.
    doubtful: bool,
}

/// Why a checkpoint is not cosigned, or not shown.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The protocol forbids it.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// What the witness knows of the log cannot be relied on, or not be kept.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// What was written last is not known to be on the disk.
    #[error("this log's last checkpoint could not be written: see to the disk, and start the witness again")]
    Doubtful,
    /// It would contradict the time of the last cosignature, or bear none.
    #[error(
        "this machine's clock says `{now}` s since 1970, and the last cosignature was given at `{last}`: set it right"
    )]
    Clock {
        /// What the clock says.
        now: u64,
        /// When the last cosignature was given; 0 where none was.
        last: u64,
    },
}

impl Witness {
    /// Begins to decide: takes the folder for this process alone.
    pub fn begin(folder: Folder) -> Result<Self, FolderError> {
        let path = folder.path().join("lock");
        let lock = disk::lock(&path).map_err(|error| FolderError::disk(&path, &error))?;
        let lock = lock.ok_or_else(|| FolderError::Busy(folder.path().to_owned()))?;
        // After a crash the system may hold what is not on the disk yet.
        for log in folder.log_folders()? {
            log.settle()?;
        }
        Ok(Self { folder, standings: Mutex::default(), _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Decides on a request at a time in seconds since 1970 UTC. The cosignature that it gives is on the disk.
    pub fn add(&self, body: &[u8], now: u64) -> Result<Signature, AddError> {
        let request = AddCheckpoint::parse(body)?;
        let origin = request.origin();
        let Some(log) = self.folder.log(origin)? else {
            return Err(WitnessRefusal::UnknownOrigin(origin.chars().take(200).collect()).into());
        };
        let standing = self.standing(&log::hash(origin));
        let mut standing = held(&standing)?;
        let keys = log.keys()?;
        let latest = log.latest(origin, self.folder.verifier())?;
        let last = latest.as_ref().map(|latest| &latest.checkpoint);
        let checkpoint = match decide(&keys, last, &request) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => {
                evidence::keep(&log, latest.as_ref(), &request, &refusal, now);
                return Err(refusal.into());
            }
        };
        let seconds = time(latest.as_ref(), now)?;
        let cosignature = cosign(request.note().text(), self.folder.key(), seconds)
            // It is a checkpoint: what it can lack is a time.
            .map_err(|_| AddError::Clock { now, last: seconds })?;
        let note = kept(request.note(), &keys, &cosignature)?;
        standing.doubtful = true;
        log.keep(&note)?;
        standing.doubtful = false;
        tracing::info!(origin = checkpoint.origin, size = checkpoint.size, "cosigned");
        Ok(cosignature)
    }

    /// The latest checkpoint that was cosigned of the log whose origin has this hash (SHA-256 in hexadecimal).
    pub fn checkpoint(&self, hash: &str) -> Result<Option<SignedNote>, AddError> {
        let log = if log::is_hash(hash) { self.folder.log_of(hash)? } else { None };
        let Some(log) = log else { return Ok(None) };
        let standing = self.standing(hash);
        let _held = held(&standing)?;
        Ok(self.latest(&log)?.map(|latest| latest.note))
    }

    fn latest(&self, log: &LogFolder) -> Result<Option<Cosigned>, FolderError> {
        let keys = log.keys()?;
        let origin = keys.first().map(VerifierKey::name).unwrap_or_default();
        log.latest(origin, self.folder.verifier())
    }

    fn standing(&self, hash: &str) -> Arc<Mutex<Standing>> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(standings.entry(hash.to_owned()).or_default())
    }
}

impl AddError {
    /// The status of the HTTP response: the protocol's, or that the fault is here.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Folder(_) | Self::Doubtful | Self::Clock { .. } => 500,
        }
    }
}

/// Waits for whoever decides on this log just now.
fn held(standing: &Mutex<Standing>) -> Result<MutexGuard<'_, Standing>, AddError> {
    // A thread that died while it decided leaves its doubt behind.
    let standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
    if standing.doubtful { Err(AddError::Doubtful) } else { Ok(standing) }
}

/// A cosignature says that nothing larger was seen until then: it must not bear an earlier time than one of a smaller tree.
fn time(latest: Option<&Cosigned>, now: u64) -> Result<u64, AddError> {
    let last = latest.map_or(0, |latest| latest.seconds);
    if last.saturating_sub(now) > CLOCK_BEHIND {
        Err(AddError::Clock { now, last })
    } else {
        Ok(now.max(last))
    }
}

/// What is kept and shown to monitors: the checkpoint with the signatures by trusted keys, which were checked, and ours.
fn kept(note: &SignedNote, keys: &[VerifierKey], ours: &Signature) -> Result<SignedNote, WitnessRefusal> {
    let by_log = |line: &&Signature| keys.iter().any(|key| key.name() == line.name && key.id() == line.id);
    let lines = note.signatures().iter().filter(by_log).chain(std::iter::once(ours));
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    SignedNote::parse(&format!("{}\n{lines}", note.text()))
        .map_err(|error| WitnessRefusal::NotACheckpoint(error.into()))
}

#[cfg(test)]
mod tests;
