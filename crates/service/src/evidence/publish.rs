//! What is shown of the record without showing an entry: its hashes as files, and one field with its proof.

use super::select::ShownFields;
use crate::error::ServiceError;
use crate::house::Service;
use journal::Filter;
use ledger::{SignedNote, TILE_WIDTH, TileId, TlogProof, open_checkpoint};
use program::evidence::Event as EvidenceEvent;
use program::{Actor, Event, Refusal, SecretId};
use std::io::Write;
use std::path::Path;

/// Tile levels of a record of less than 2^64 entries.
const LEVELS: u8 = 8;
/// Tiles read at a time.
const AT_ONCE: usize = 256;
/// How many anchors are looked through for one that covers an entry.
const ANCHORS_LOOKED_AT: usize = 5_000;

/// What was published.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// How many entries the published tree is over.
    pub size: u64,
    /// How many it was over before.
    pub before: u64,
    /// How many tiles were written.
    pub tiles: u64,
}

/// The salt of a precise description.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DescriptionSalt {
    /// The entry that the description is a field of.
    pub entry: u64,
    /// The salt, in base64url.
    pub salt: String,
}

impl Service {
    /// Publishes the record's hashes into a folder as C2SP tlog-tiles: what has been published before stays, and only what
    /// is new is written. Entries are not published; the hashes tell how many there are and nothing else.
    ///
    /// # Errors
    /// The folder cannot be written, or holds the tiles of another record or of one that this does not continue.
    pub async fn publish_tiles(&self, actor: &Actor, folder: &Path) -> Result<Published, ServiceError> {
        if !program::evidence::may_see_anchors(&self.state(), actor, self.now()) {
            return Err(Refusal::role("publish the record's hashes", "whoever oversees the programme").into());
        }
        self.refresh().await?;
        let journal = &self.house.journal;
        let tree = journal.tree();
        let before = match std::fs::read_to_string(folder.join("checkpoint")) {
            Ok(kept) => self.continues(&kept).await?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(unwritable(folder, &error)),
        };
        let mut written = 0;
        let mut waiting = Vec::with_capacity(AT_ONCE);
        for level in 0..LEVELS {
            let tiles_of = |size: u64| (size >> (8 * u32::from(level))) / u64::from(TILE_WIDTH);
            for index in tiles_of(before)..=tiles_of(tree.size()) {
                waiting.extend(TileId::at(level, index, tree.size()));
                if waiting.len() == AT_ONCE {
                    written += self.write_tiles(&tree, folder, &mut waiting).await?;
                }
            }
        }
        written += self.write_tiles(&tree, folder, &mut waiting).await?;
        // Last: whoever reads it finds every tile that it needs.
        write(folder, "checkpoint", tree.checkpoint().as_bytes())?;
        Ok(Published { size: tree.size(), before, tiles: written })
    }

    async fn write_tiles(
        &self,
        tree: &journal::Tree,
        folder: &Path,
        waiting: &mut Vec<TileId>,
    ) -> Result<u64, ServiceError> {
        let tiles = self.house.journal.tiles(tree, waiting.drain(..)).await?;
        for (id, hashes) in &tiles {
            write(folder, &id.path(), &TileId::encode(hashes))?;
        }
        Ok(tiles.len() as u64)
    }

    /// One entry, and of its fields those named, with the proof that it is in the record: one file (C2SP tlog-proof) that
    /// needs nothing else but the record's key. Where witnesses have cosigned since, it carries their cosignatures.
    ///
    /// # Errors
    /// The actor may not read the entry; it has no such field, or one that is never shown.
    pub async fn field_proof(
        &self,
        actor: &Actor,
        position: u64,
        fields: &[String],
    ) -> Result<String, ServiceError> {
        let seen = self.entry(actor, position).await?;
        for name in fields {
            if !seen.fields.iter().any(|field| field.name == *name && field.value.is_some()) {
                let refusal = Refusal::input("field", format!("entry {position} shows no field `{name}`"));
                return Err(refusal.remedy("look at it with `ringfence record show`").into());
            }
        }
        let journal = &self.house.journal;
        let stored = journal.get(position).await?;
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let shown = ShownFields::only(&names);
        let line = self.choose(&stored, &shown).await?.line;
        let tree = journal.tree();
        let (size, checkpoint) = match self.first_anchor_over(position).await? {
            Some(anchor) => anchor,
            None => (tree.size(), tree.checkpoint().to_owned()),
        };
        let inclusion = journal.inclusion_at(&tree, position, size).await?;
        let checkpoint =
            SignedNote::parse(&checkpoint).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let proof = TlogProof { extra: line.to_bytes(), index: position, hashes: inclusion, checkpoint };
        Ok(proof.to_string())
    }

    /// What it takes to check a version's precise description against the proof that it existed: the salt of that field. Kept
    /// apart from the proof, which alone confirms nobody's guess.
    ///
    /// # Errors
    /// The actor may not export; the version has no description of its own.
    pub async fn description_salt(
        &self,
        actor: &Actor,
        secret: SecretId,
        version: u32,
    ) -> Result<DescriptionSalt, ServiceError> {
        let state = self.state();
        program::evidence::may_export(&state, actor, self.now(), secret)?;
        let found = state.secrets.get(secret).ok_or_else(|| Refusal::unknown(secret))?;
        let none = || {
            Refusal::input("version", format!("version {version} of {secret} has no description of its own"))
        };
        let made = found.versions.iter().find(|made| made.number == version);
        let at = made.and_then(|made| made.precise_at).ok_or_else(none)?;
        let stored = self.house.journal.get(at).await?;
        let gone = || ServiceError::Content("its key was destroyed".to_owned());
        let key =
            self.house.keys.by_tag(self.house.journal.store(), &stored.scope).await?.ok_or_else(gone)?;
        let fields = stored.open(&key).map_err(|error| ServiceError::Storage(error.to_string()))?;
        let precise = fields.iter().find(|field| field.name() == "precise").ok_or_else(none)?;
        Ok(DescriptionSalt { entry: at, salt: precise.salt().to_owned() })
    }

    /// The smallest size at which witnesses cosigned the record with this entry in it, and what they cosigned.
    async fn first_anchor_over(&self, position: u64) -> Result<Option<(u64, String)>, ServiceError> {
        let filter = Filter {
            kinds: vec!["evidence.anchored".to_owned()],
            limit: ANCHORS_LOOKED_AT,
            ..Filter::default()
        };
        let mut best = None;
        for stored in self.house.journal.find(&filter).await?.entries {
            if stored.position <= position {
                break;
            }
            let read = self.house.read(&stored).await?.map(|recorded| recorded.event);
            if let Some(Event::Evidence(EvidenceEvent::Anchored { size, checkpoint, cosigned, .. })) = read
                && size > position
                && !cosigned.is_empty()
                // Signed by a key that was replaced since, it would need that key too.
                && open_checkpoint(&checkpoint, &self.house.journal.verifier(), self.house.keys.origin()).is_ok()
            {
                best = Some((size, checkpoint));
            }
        }
        Ok(best)
    }
}

/// Writes a file under a folder so that whoever looks finds the old one or the new one, whole.
fn write(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), ServiceError> {
    let target = folder.join(path);
    let parent = target.parent().unwrap_or(folder);
    let done = || -> std::io::Result<()> {
        std::fs::create_dir_all(parent)?;
        let beside = parent.join(format!(".{}.new", std::process::id()));
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &target)?;
        std::fs::File::open(parent)?.sync_all()
    };
    done().map_err(|error| unwritable(folder, &error))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> ServiceError {
    ServiceError::Storage(format!("`{}` cannot be written: {error}", folder.display()))
}
