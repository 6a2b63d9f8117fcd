//! What a witness knows of one log: its keys, the latest checkpoint that was cosigned, and what was refused.

use crate::disk;
use crate::evidence;
use crate::folder::{FolderError, Trusted};
use ledger::note::MAX_NOTE;
use ledger::{Checkpoint, SignedNote, VerifierKey, sha256};
use std::io;
use std::path::{Path, PathBuf};

/// The most keys of one log.
const MAX_KEYS: usize = 16;
/// Longer than sixteen keys are.
const LARGEST_KEYS: usize = 64 << 10;

/// A log that is trusted.
#[derive(Debug)]
pub struct Log {
    /// Whose record it is.
    pub origin: String,
    /// By which keys.
    pub keys: Vec<VerifierKey>,
    /// The latest checkpoint that was cosigned; none where none was; or why nobody knows.
    pub latest: Result<Option<Cosigned>, FolderError>,
    /// How many checkpoints were refused that the log itself signed and that contradict what was cosigned.
    pub forks: usize,
    /// How many signed checkpoints were refused because it was not proved that they continue what was cosigned.
    pub unproven: usize,
}

/// A checkpoint that was cosigned.
#[derive(Clone, Debug)]
pub struct Cosigned {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// With the log's signatures and the witness's.
    pub note: SignedNote,
    /// When, in seconds since 1970 UTC.
    pub seconds: u64,
}

/// The folder of one log.
pub(crate) struct LogFolder(PathBuf);

/// The name of a log's folder, and its address for monitors (C2SP tlog-witness, "Monitor Retrieval Mechanism").
pub(crate) fn hash(origin: &str) -> String {
    sha256(origin.as_bytes()).to_hex()
}

pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Makes the folder of a log that is new here, as a whole or not at all.
pub(crate) fn create(logs: &Path, key: &VerifierKey) -> Result<Trusted, FolderError> {
    let hash = hash(key.name());
    let (new, path) = (logs.join(format!(".{hash}.new")), logs.join(&hash));
    let make = || -> io::Result<()> {
        match std::fs::remove_dir_all(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::create_dir(&new)?;
        disk::write(&new.join("keys"), format!("{key}\n").as_bytes(), 0o644)?;
        disk::write(&new.join("latest"), never(key.name()).as_bytes(), 0o644)?;
        disk::sync(&new)?;
        std::fs::rename(&new, &path)?;
        disk::sync(logs)
    };
    make().map_err(|error| FolderError::disk(&path, &error))?;
    Ok(Trusted::NewLog)
}

/// Where nothing was cosigned yet, that is said: a file that is not there has been lost.
fn never(origin: &str) -> String {
    format!("nothing was cosigned yet\n{origin}\n")
}

impl LogFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The log's keys, at least one; all are named like its origin.
    pub(crate) fn keys(&self) -> Result<Vec<VerifierKey>, FolderError> {
        let path = self.0.join("keys");
        let content = disk::read(&path, LARGEST_KEYS).map_err(|error| FolderError::lost(&path, error))?;
        let text = std::str::from_utf8(&content).ok().and_then(|text| text.strip_suffix('\n'));
        let lines = text.ok_or_else(|| FolderError::lost(&path, "it does not hold keys"))?.split('\n');
        let keys: Result<Vec<VerifierKey>, _> = lines.map(str::parse).collect();
        let keys = keys.map_err(|error| FolderError::lost(&path, error))?;
        let own = self.0.file_name().map(|name| name.to_string_lossy().into_owned());
        match keys.iter().all(|key| Some(hash(key.name())) == own) {
            true => Ok(keys),
            false => Err(FolderError::lost(&path, "it holds another log's keys")),
        }
    }

    /// Trusts one more key of the log.
    pub(crate) fn add_key(&self, key: &VerifierKey, another: bool) -> Result<Trusted, FolderError> {
        let mut keys = self.keys()?;
        if keys.contains(key) {
            return Ok(Trusted::Already);
        }
        if !another {
            return Err(FolderError::AnotherKey(key.name().to_owned()));
        }
        if keys.len() >= MAX_KEYS {
            return Err(FolderError::ManyKeys(key.name().to_owned()));
        }
        keys.push(key.clone());
        let lines: String = keys.iter().map(|key| format!("{key}\n")).collect();
        disk::replace(&self.0, "keys", lines.as_bytes())
            .map_err(|error| FolderError::disk(&self.0.join("keys"), &error))?;
        Ok(Trusted::AnotherKey)
    }

    /// The latest checkpoint of `origin` that `witness` cosigned; none where it never did.
    ///
    /// A file that is gone, or not what this witness wrote, is an error and never a beginning.
    pub(crate) fn latest(
        &self,
        origin: &str,
        witness: &VerifierKey,
    ) -> Result<Option<Cosigned>, FolderError> {
        let path = self.0.join("latest");
        let lost = |reason: &dyn std::fmt::Display| FolderError::lost(&path, reason);
        let content = disk::read(&path, MAX_NOTE).map_err(|error| lost(&error))?;
        let text = std::str::from_utf8(&content).map_err(|error| lost(&error))?;
        if text == never(origin) {
            return Ok(None);
        }
        let note = SignedNote::parse(text).map_err(|error| lost(&error))?;
        let ours = note.cosignatures(std::slice::from_ref(witness)).map_err(|error| lost(&error))?;
        let Some((_, seconds)) = ours.last() else {
            return Err(lost(&"this witness has not cosigned it"));
        };
        let checkpoint: Checkpoint = note.text().parse().map_err(|error| lost(&error))?;
        if checkpoint.origin != origin {
            return Err(lost(&"it is another log's"));
        }
        Ok(Some(Cosigned { checkpoint, seconds: *seconds, note }))
    }

    /// Keeps a checkpoint as the latest. When it returns, a power cut does not undo it.
    pub(crate) fn keep(&self, note: &SignedNote) -> Result<(), FolderError> {
        disk::replace(&self.0, "latest", note.to_string().as_bytes())
            .map_err(|error| FolderError::disk(&self.0.join("latest"), &error))
    }

    /// Waits until what was read is what will be there after a power cut.
    pub(crate) fn settle(&self) -> Result<(), FolderError> {
        let latest = self.0.join("latest");
        for path in [latest.as_path(), self.0.as_path()] {
            match disk::sync(path) {
                // That it is lost is said when it is needed; other logs go on.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FolderError::disk(path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn view(&self, witness: &VerifierKey) -> Log {
        let (forks, unproven) = evidence::count(&self.0);
        match self.keys() {
            Ok(keys) => {
                let origin = keys.first().map(|key| key.name().to_owned()).unwrap_or_default();
                let latest = self.latest(&origin, witness);
                Log { origin, keys, latest, forks, unproven }
            }
            // Its origin is known by its hash alone.
            Err(error) => {
                let hash = self.0.file_name().map(|name| name.to_string_lossy().into_owned());
                let origin = hash.unwrap_or_default();
                Log { origin, keys: Vec::new(), latest: Err(error), forks, unproven }
            }
        }
    }
}
