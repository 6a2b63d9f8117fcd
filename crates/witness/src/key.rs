//! The witness's key: made once, read at every start, in a file that its owner alone may read.

use crate::disk;
use crate::folder::FolderError;
use data_encoding::BASE64;
use ledger::CosigningKey;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Longer than any key's name is.
const LARGEST: usize = 4096;
/// As other witnesses write theirs, `PRIVATE+KEY+NAME+ID+BASE64`: the base64 is of the signature type 0x04 and the seed.
const PREFIX: &str = "PRIVATE+KEY+";
const TYPE: u8 = 0x04;

/// Makes a key from chance and writes it, readable by its owner alone.
pub(crate) fn make(path: &Path, name: &str) -> Result<CosigningKey, FolderError> {
    let mut seed = Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| FolderError::Chance(error.to_string()))?;
    let key = CosigningKey::from_seed(name, &seed).map_err(FolderError::Name)?;
    let written = Zeroizing::new(text(&key, &seed));
    disk::write(path, written.as_bytes(), 0o600).map_err(|error| FolderError::disk(path, &error))?;
    Ok(key)
}

/// Reads the key. One that others may read is refused: nobody knows who cosigned with it.
pub(crate) fn read(path: &Path) -> Result<CosigningKey, FolderError> {
    let disk = |error: &std::io::Error| FolderError::disk(path, error);
    let mode = std::fs::metadata(path).map_err(|error| disk(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(FolderError::KeyShown(path.to_owned()));
    }
    let written = Zeroizing::new(disk::read(path, LARGEST).map_err(|error| disk(&error))?);
    parse(&written).ok_or_else(|| FolderError::Key(path.to_owned()))
}

fn text(key: &CosigningKey, seed: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new(vec![TYPE]);
    bytes.extend_from_slice(seed);
    let verifier = key.verifier();
    format!("{PREFIX}{}+{:08x}+{}\n", verifier.name(), verifier.id(), BASE64.encode(&bytes))
}

fn parse(written: &[u8]) -> Option<CosigningKey> {
    let line = std::str::from_utf8(written).ok()?.strip_prefix(PREFIX)?.strip_suffix('\n')?;
    let mut parts = line.splitn(3, '+');
    let (name, id, base64) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?);
    let (&[kind], seed) = bytes.split_first_chunk::<1>()?;
    let key = CosigningKey::from_seed(name, seed.try_into().ok()?).ok()?;
    (kind == TYPE && format!("{:08x}", key.verifier().id()) == id).then_some(key)
}

#[cfg(test)]
mod tests;
