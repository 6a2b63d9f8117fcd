//! A copy of the wrapped keys: one text file for each version, in a folder that holds nothing else of the record.
//!
//! ```text
//! ringfence-keys/1
//! record 5be1…(32 hexadecimal digits)
//! version 3
//! size 812
//! 70e1…(32 hexadecimal digits) 01ab…
//! sha256 9f2c…
//! ```
//!
//! The first lines say what it is, of which record, which version, and how many entries the record had. Then a line for each key: its tag, and
//! the key as it is wrapped under the organisation's. The last line is the digest of everything before it. To delete keys from
//! a version, it is written anew without them, the bytes of the old file are overwritten, and the new one takes its place.
//! What a file system or a disk keeps of overwritten blocks is beyond a program's reach; SECURITY.md says so.

use crate::keyring::Tag;
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const FORMAT: &str = "ringfence-keys/1";
/// Zeroes are written in pieces of this many bytes.
const PIECE: usize = 1 << 16;

/// The keys of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFile {
    /// Of which record: a tag that its other keys tell nothing of.
    pub(crate) record: Tag,
    /// Which version.
    pub(crate) version: u32,
    /// How many entries the record had, at least.
    pub(crate) size: u64,
    /// The wrapped keys by their tags.
    pub(crate) keys: BTreeMap<Tag, Vec<u8>>,
}

impl KeyFile {
    /// Where this version stands in a folder.
    pub(crate) fn path(folder: &Path, version: u32) -> PathBuf {
        folder.join(format!("keys-{version:06}.txt"))
    }

    fn text(&self) -> String {
        let record = HEXLOWER.encode(&self.record);
        let mut text = format!("{FORMAT}\nrecord {record}\nversion {}\nsize {}\n", self.version, self.size);
        for (tag, wrapped) in &self.keys {
            text.push_str(&HEXLOWER.encode(tag));
            text.push(' ');
            text.push_str(&HEXLOWER.encode(wrapped));
            text.push('\n');
        }
        text.push_str(&format!("sha256 {}\n", HEXLOWER.encode(&ledger::sha256(text.as_bytes()).0)));
        text
    }

    /// Reads a copy; every byte of it counts.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let cut = text.trim_end_matches('\n').rfind('\n').ok_or("it is cut")?.saturating_add(1);
        let (before, last) = text.split_at_checked(cut).ok_or("it is cut")?;
        let digest = format!("sha256 {}\n", HEXLOWER.encode(&ledger::sha256(before.as_bytes()).0));
        if digest != last {
            return Err("it is damaged or cut: its digest does not fit".to_owned());
        }
        let mut lines = before.lines();
        if lines.next() != Some(FORMAT) {
            return Err("it is no copy of keys that this version reads".to_owned());
        }
        let record = lines.next().and_then(|line| line.strip_prefix("record ")).and_then(tag);
        let record = record.ok_or("its line `record` is missing")?;
        let version = number(lines.next(), "version ")?;
        let size = number(lines.next(), "size ")?;
        let version = u32::try_from(version).map_err(|_| "its version is no number of ours")?;
        let mut keys = BTreeMap::new();
        for line in lines {
            let (tag, wrapped) = line.split_once(' ').ok_or("a line of it is no key")?;
            let wrapped = HEXLOWER.decode(wrapped.as_bytes()).map_err(|_| "a line of it is no key")?;
            keys.insert(self::tag(tag).ok_or("a line of it is no key")?, wrapped);
        }
        Ok(Self { record, version, size, keys })
    }

    /// Reads the version that stands in this file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
        Self::parse(&text)
    }

    /// Writes a version that is not there yet, durably and readable by nobody else.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where this version is there, or the keys of another record are.
    pub(crate) fn create(&self, folder: &Path) -> io::Result<()> {
        for path in versions(folder)?.values() {
            if Self::read(path).is_ok_and(|file| file.record != self.record) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
        }
        let path = Self::path(folder, self.version);
        write_new(&path, self.text().as_bytes())?;
        File::open(folder)?.sync_all()
    }

    /// Writes this version again in place of the one that is there, whose bytes are overwritten first.
    fn replace(&self, folder: &Path) -> io::Result<()> {
        let path = Self::path(folder, self.version);
        let fresh = path.with_extension("new");
        // One left by a crash holds no more than the file it was to replace.
        overwrite_and_remove(&fresh)?;
        write_new(&fresh, self.text().as_bytes())?;
        overwrite(&path)?;
        std::fs::rename(&fresh, &path)?;
        File::open(folder)?.sync_all()
    }
}

/// The versions in a folder, the oldest first, and where each stands.
pub(crate) fn versions(folder: &Path) -> io::Result<BTreeMap<u32, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let version = name.strip_prefix("keys-").and_then(|rest| rest.strip_suffix(".txt"));
        if let Some(version) = version.and_then(|version| version.parse().ok()) {
            found.insert(version, path);
        }
    }
    Ok(found)
}

/// Deletes keys from every version in a folder: how many were deleted, and how many versions were looked through. `newest` has to
/// be among them: a folder without it is not the one it was, because a disk is not attached, say.
pub(crate) fn shred(folder: &Path, record: Tag, newest: u32, tags: &[Tag]) -> Result<(u64, u32), String> {
    let found = versions(folder).map_err(|error| told(&error))?;
    if !found.contains_key(&newest) {
        return Err(format!("version {newest} of the keys, which was written there, is not there now"));
    }
    let (mut deleted, mut seen) = (0_u64, 0_u32);
    for (version, path) in &found {
        let mut file = match KeyFile::read(path) {
            Ok(file) => file,
            // The write before this one was interrupted between overwriting and renaming.
            Err(why) => finish_interrupted(folder, *version).ok_or(format!("`{}`: {why}", path.display()))?,
        };
        if file.record != record {
            return Err(format!("`{}` holds the keys of another record", path.display()));
        }
        seen = seen.saturating_add(1);
        let before = file.keys.len();
        file.keys.retain(|tag, _| !tags.contains(tag));
        let gone = before.saturating_sub(file.keys.len());
        if gone > 0 {
            file.replace(folder).map_err(|error| format!("`{}`: {error}", path.display()))?;
            deleted = deleted.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
        }
        overwrite_and_remove(&path.with_extension("new")).map_err(|error| told(&error))?;
    }
    Ok((deleted, seen))
}

/// Puts the new file of an interrupted replacement into its place.
fn finish_interrupted(folder: &Path, version: u32) -> Option<KeyFile> {
    let path = KeyFile::path(folder, version);
    let fresh = path.with_extension("new");
    let file = KeyFile::read(&fresh).ok().filter(|file| file.version == version)?;
    std::fs::rename(&fresh, &path).ok()?;
    Some(file)
}

fn tag(text: &str) -> Option<Tag> {
    HEXLOWER.decode(text.as_bytes()).ok().and_then(|tag| tag.try_into().ok())
}

fn number(line: Option<&str>, name: &str) -> Result<u64, String> {
    line.and_then(|line| line.strip_prefix(name))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("its line `{}` is missing", name.trim_end()))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Nothing half written stays.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn overwrite_and_remove(path: &Path) -> io::Result<()> {
    match overwrite(path) {
        Ok(()) => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes zeroes over every byte of a file.
fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let zeroes = [0_u8; PIECE];
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.write_all(zeroes.get(..piece).unwrap_or(&zeroes))?;
        left = left.saturating_sub(u64::try_from(piece).unwrap_or(left));
    }
    file.sync_all()
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there now".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read or written by this user".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(version: u32, tags: &[u8]) -> KeyFile {
        let keys = tags.iter().map(|tag| ([*tag; 16], vec![*tag ^ 0x55; 93])).collect();
        KeyFile { record: [7; 16], version, size: 7, keys }
    }

    #[test]
    fn deleted_keys_are_in_no_version_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        file(1, &[1, 2, 3]).create(at).unwrap();
        file(2, &[1, 2, 3, 4]).create(at).unwrap();
        assert!(file(2, &[9]).create(at).is_err(), "a version is written once");
        assert_eq!(shred(at, [7; 16], 2, &[[2; 16], [4; 16], [8; 16]]).unwrap(), (3, 2));
        assert_eq!(shred(at, [7; 16], 2, &[[2; 16]]).unwrap(), (0, 2), "again is no error");
        assert_eq!(KeyFile::read(&KeyFile::path(at, 1)).unwrap(), file(1, &[1, 3]));
        assert_eq!(KeyFile::read(&KeyFile::path(at, 2)).unwrap(), file(2, &[1, 3]));
        for entry in std::fs::read_dir(at).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.contains(&"57".repeat(93)), "key 2 is still there");
        }
        assert!(shred(at, [8; 16], 2, &[[1; 16]]).unwrap_err().contains("another record"));
        let other = KeyFile { record: [8; 16], version: 9, ..file(9, &[1]) };
        assert!(other.create(at).is_err(), "one folder, one record");
        assert!(
            shred(at, [7; 16], 3, &[[1; 16]]).unwrap_err().contains("version 3"),
            "not the folder it was"
        );
        assert!(shred(&at.join("absent"), [7; 16], 1, &[]).unwrap_err().contains("not there"));
    }

    #[test]
    fn an_interrupted_deletion_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        file(1, &[1, 2]).create(at).unwrap();
        // Stopped after the old bytes were overwritten.
        let path = KeyFile::path(at, 1);
        std::fs::write(path.with_extension("new"), file(1, &[1]).text()).unwrap();
        overwrite(&path).unwrap();
        assert_eq!(shred(at, [7; 16], 1, &[[2; 16]]).unwrap(), (0, 1));
        assert_eq!(KeyFile::read(&path).unwrap(), file(1, &[1]));
        // Stopped before: the half-made new file may be anything, and the old one is whole.
        std::fs::write(path.with_extension("new"), "half").unwrap();
        assert_eq!(shred(at, [7; 16], 1, &[[1; 16]]).unwrap(), (1, 1));
        assert_eq!(std::fs::read_dir(at).unwrap().count(), 1);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_no_changed_byte_is(tags in prop::collection::btree_set(any::<u8>(), 0..9), at: prop::sample::Index, with: u8) {
            let tags: Vec<u8> = tags.into_iter().collect();
            let file = file(3, &tags);
            let text = file.text();
            prop_assert_eq!(KeyFile::parse(&text).unwrap(), file.clone());
            let mut changed = text.clone().into_bytes();
            let at = at.index(changed.len());
            prop_assume!(changed[at] != with);
            changed[at] = with;
            if let Ok(changed) = String::from_utf8(changed) {
                prop_assert!(KeyFile::parse(&changed).is_err());
            }
            for cut in [at, text.len() - 1] {
                prop_assert!(KeyFile::parse(text.get(..cut).unwrap()).is_err());
            }
        }
    }
}
