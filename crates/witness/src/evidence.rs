//! Signed checkpoints that were refused, kept for people to look at: the log's own signature may be the proof that it forked.

use crate::disk;
use crate::log::{Cosigned, LogFolder};
use ledger::{AddCheckpoint, WitnessRefusal, sha256};
use std::io;
use std::path::Path;

/// The most files of each sort for one log: who sends rubbish shall not fill the disk.
const MOST: usize = 64;
const FORK: &str = "fork-";
const UNPROVEN: &str = "unproven-";

/// Keeps a refused request if it may tell against its log. Only what the log signed comes here.
///
/// Once is enough: the same checkpoint is kept once. Where the file cannot be written, the refusal stands all the same.
pub(crate) fn keep(
    log: &LogFolder,
    latest: Option<&Cosigned>,
    request: &AddCheckpoint,
    refusal: &WitnessRefusal,
    now: u64,
) {
    let Some(sort) = sort(latest, request, refusal) else { return };
    let folder = log.path().join("refused");
    let name = format!("{sort}{}.txt", sha256(request.note().text().as_bytes()).to_hex());
    let known = latest.map_or("none\n".to_owned(), |latest| latest.note.to_string());
    let text = format!(
        "Refused at {now} (seconds since 1970 UTC): {refusal}\n\n\
         == the latest checkpoint that this witness had cosigned ==\n{known}\n\
         == the request that was refused ==\n{request}"
    );
    match write(&folder, sort, &name, text.as_bytes()) {
        Ok(true) => {
            tracing::warn!(origin = request.origin(), file = name, "a signed checkpoint was refused and kept")
        }
        Ok(false) => {}
        Err(error) => tracing::error!(%error, file = name, "a refused checkpoint could not be kept"),
    }
}

/// How many forks, and how many unproven checkpoints, are kept of a log.
pub(crate) fn count(log: &Path) -> (usize, usize) {
    let folder = log.join("refused");
    (names(&folder, FORK).len(), names(&folder, UNPROVEN).len())
}

/// A fork is proved by two signatures of the log: another root for the size that was cosigned, or an impossible root. Where a
/// proof does not hold, it may be the sender who made it up, and whoever has seen a checkpoint can send it.
fn sort(
    latest: Option<&Cosigned>,
    request: &AddCheckpoint,
    refusal: &WitnessRefusal,
) -> Option<&'static str> {
    let (size, root) = request.claimed();
    let known = latest.map(|latest| &latest.checkpoint);
    let contradicts = known.is_some_and(|known| known.size == size && known.root != *root);
    match refusal {
        WitnessRefusal::EmptyTree(_) => Some(FORK),
        WitnessRefusal::Conflict { .. } | WitnessRefusal::Backwards { .. } => contradicts.then_some(FORK),
        WitnessRefusal::Inconsistent(_) if contradicts => Some(FORK),
        WitnessRefusal::Inconsistent(_) => known.map(|_| UNPROVEN),
        _ => None,
    }
}

/// Says whether it is new.
fn write(folder: &Path, sort: &str, name: &str, text: &[u8]) -> io::Result<bool> {
    std::fs::create_dir_all(folder)?;
    if folder.join(name).exists() || names(folder, sort).len() >= MOST {
        return Ok(false);
    }
    disk::replace(folder, name, text)?;
    Ok(true)
}

fn names(folder: &Path, sort: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(sort)).collect()
}
