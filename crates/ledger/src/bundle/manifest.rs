//! What a bundle says that it holds (docs/record-format.md, section 7).

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::canonical::MAX_INTEGER;
use crate::digest::Digest;
use crate::json;
use crate::key::{KeyKind, VerifierKey};

/// The name of the format, and its version.
pub const FORMAT: &str = "ringfence-evidence/1";
/// The longest manifest, in bytes.
pub const MAX_MANIFEST: usize = 1 << 26;
/// The field of the export's entry that holds the manifest's digest.
pub(super) const DIGEST: &str = "manifest";

/// What a bundle says that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Whose record.
    pub origin: String,
    /// The record's keys, in the order they came into use.
    pub keys: Vec<VerifierKey>,
    /// What others saw of the record before, in ascending order of sizes.
    pub anchors: Vec<AnchorItem>,
    /// The members, in ascending order of names.
    pub files: Vec<FileItem>,
    /// The names of the fields that the line of the export shows, ascending.
    pub shown: Vec<String>,
    /// Whatever else it says, for people: nothing depends on it.
    pub said: Map<String, Value>,
}

/// An anchor, as the manifest lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorItem {
    /// How many entries the record had.
    pub size: u64,
    /// How many time stamps there are.
    pub tokens: u64,
    /// Whatever else is said of it, for people.
    pub said: Map<String, Value>,
}

/// A member, as the manifest lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct FileItem {
    /// The member's name.
    pub path: String,
    /// The digest of its content.
    pub sha256: Digest,
    /// The bytes of its content.
    pub size: u64,
    /// The position of an entry that is shown, and the name of its field whose value is the digest.
    pub proved_by: Option<(u64, String)>,
    /// Whatever else is said of it, for people.
    pub said: Map<String, Value>,
}

/// Why something is not a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ManifestError(String);

impl ManifestError {
    pub(super) fn too_long() -> Self {
        Self("the manifest is longer than 64 MiB".into())
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_MANIFEST {
            return Err(ManifestError::too_long());
        }
        let value = json::parse(bytes).map_err(|error| ManifestError(format!("it is not JSON: {error}")))?;
        let mut members = Members::of(value, "the manifest")?;
        match members.text("format")? {
            format if format == FORMAT => {}
            other => {
                let other: String = other.chars().take(100).collect();
                return Err(ManifestError(format!(
                    "its format is `{other}`, and this verifier reads `{FORMAT}`: use one for that format"
                )));
            }
        }
        let origin = members.text("origin")?;
        let keys = members.list("keys")?.into_iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let anchors =
            members.list("anchors")?.into_iter().map(AnchorItem::read).collect::<Result<Vec<_>, _>>()?;
        let files = members.list("files")?.into_iter().map(FileItem::read).collect::<Result<Vec<_>, _>>()?;
        let shown = members.list("shown")?.into_iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let mut known = HashSet::new();
        if keys.is_empty() || !keys.iter().all(|key| known.insert(key)) {
            return Err(ManifestError("it has no `keys`, or one of them twice".into()));
        }
        if anchors.iter().any(|anchor| anchor.size == 0)
            || !anchors.is_sorted_by(|one, next| one.size < next.size)
        {
            return Err(ManifestError("its `anchors` do not ascend by size, from 1".into()));
        }
        if !files.is_sorted_by(|one, next| one.path < next.path) {
            return Err(ManifestError("its `files` do not ascend by path".into()));
        }
        if !shown.is_sorted_by(|one, next| one < next) || !shown.iter().any(|name| name == DIGEST) {
            return Err(ManifestError(format!("its `shown` does not ascend, or lacks `{DIGEST}`")));
        }
        Ok(Self { origin, keys, anchors, files, shown, said: members.rest })
    }

    /// The manifest as a file: JSON, one member a line.
    ///
    /// Members of ours are written over those of the same name in what is said.
    pub fn to_bytes(&self) -> Vec<u8> {
        let with = |said: &Map<String, Value>, ours: Value| {
            let mut members = said.clone();
            if let Value::Object(ours) = ours {
                members.extend(ours);
            }
            Value::Object(members)
        };
        let anchors = self
            .anchors
            .iter()
            .map(|anchor| with(&anchor.said, json!({ "size": anchor.size, "tokens": anchor.tokens })));
        let files = self.files.iter().map(|file| {
            let proved_by = match &file.proved_by {
                Some((entry, field)) => json!({ "entry": entry, "field": field }),
                None => Value::Null,
            };
            let file = with(
                &file.said,
                json!({ "path": file.path, "sha256": file.sha256.to_hex(), "size": file.size }),
            );
            match file {
                Value::Object(members) => with(&members, proved_by),
                other => other,
            }
        });
        let keys: Vec<String> = self.keys.iter().map(VerifierKey::to_string).collect();
        let whole = with(
            &self.said,
            json!({
                "format": FORMAT,
                "origin": self.origin,
                "keys": keys,
                "anchors": anchors.collect::<Vec<_>>(),
                "files": files.collect::<Vec<_>>(),
                "shown": self.shown,
            }),
        );
        format!("{whole:#}\n").into_bytes()
    }
}

impl AnchorItem {
    fn read(value: Value) -> Result<Self, ManifestError> {
        let mut members = Members::of(value, "an item of `anchors`")?;
        Ok(Self { size: members.number("size")?, tokens: members.number("tokens")?, said: members.rest })
    }
}

impl FileItem {
    fn read(value: Value) -> Result<Self, ManifestError> {
        let mut members = Members::of(value, "an item of `files`")?;
        let path = members.text("path")?;
        let sha256 = Digest::from_hex(&members.text("sha256")?)
            .map_err(|error| ManifestError(format!("the `sha256` of a file: {error}")))?;
        let size = members.number("size")?;
        let proved_by = if members.rest.contains_key("entry") || members.rest.contains_key("field") {
            Some((members.number("entry")?, members.text("field")?))
        } else {
            None
        };
        Ok(Self { path, sha256, size, proved_by, said: members.rest })
    }
}

fn name(value: Value) -> Result<String, ManifestError> {
    match value {
        Value::String(name) => Ok(name),
        _ => Err(ManifestError("a name in its `shown` is not a text".into())),
    }
}

fn key(value: Value) -> Result<VerifierKey, ManifestError> {
    let key = value.as_str().and_then(|text| text.parse::<VerifierKey>().ok());
    key.filter(|key| key.kind() == KeyKind::Log)
        .ok_or_else(|| ManifestError("one of its `keys` is not the verifier key of a log".into()))
}

/// The members of an object, to be taken out one by one.
struct Members {
    rest: Map<String, Value>,
    of: &'static str,
}

impl Members {
    fn of(value: Value, of: &'static str) -> Result<Self, ManifestError> {
        match value {
            Value::Object(rest) => Ok(Self { rest, of }),
            _ => Err(ManifestError(format!("{of} is not an object"))),
        }
    }

    fn text(&mut self, name: &str) -> Result<String, ManifestError> {
        match self.rest.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(ManifestError(format!("{} has no text `{name}`", self.of))),
        }
    }

    // What is written with a sign, a fraction or an exponent is read as another kind of number.
    fn number(&mut self, name: &str) -> Result<u64, ManifestError> {
        let number = self.rest.remove(name).as_ref().and_then(Value::as_u64);
        number
            .filter(|number| *number <= MAX_INTEGER)
            .ok_or_else(|| ManifestError(format!("{} has no whole number `{name}`", self.of)))
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, ManifestError> {
        match self.rest.remove(name) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(ManifestError(format!("{} has no list `{name}`", self.of))),
        }
    }
}
