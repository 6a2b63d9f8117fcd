//! The bundle itself: files fetched, the export recorded, and everything put into one archive that a stranger checks.
//!
//! The format is that of `docs/record-format.md`. What goes in is decided first, then the export becomes an entry that
//! commits to the manifest, and only then is the archive handed over: there is no bundle that the record does not know.

use super::select::{Chosen, Exporting, Selected};
use super::texts;
use super::vouched::{self, Anchor};
use crate::error::ServiceError;
use crate::house::Service;
use crate::release::{Content, OpenDocument};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use journal::Tree;
use ledger::archive::Layout;
use ledger::bundle::{AnchorItem, FileItem, Manifest, Summing};
use ledger::{VerifierKey, tile_set};
use press::evidence::{ByHand, File};
use program::agreements::Media;
use program::evidence::Command;
use program::{Actor, Digest, Event, Refusal, documents};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The fields of its own entry that an export shows, ascending: the manifest names them. The entry has each of them. Who exported, for
/// whom and what for are counsel's own business and stay in the house; who vouches for the bundle in court signs the certificate.
const EXPORT_SHOWS: [&str; 5] = ["documents", "entries", "manifest", "secret", "withheld"];

/// A bundle, ready to be handed over. The entry that records it is durable.
pub struct Bundle {
    /// What to call the file.
    pub file_name: String,
    /// The entry that records the export.
    pub entry: u64,
    /// How many entries it shows.
    pub entries: usize,
    /// How many of their fields it withholds.
    pub withheld: usize,
    /// SHA-256 of its manifest.
    pub manifest: Digest,
    /// How long it took to typeset what is to be printed.
    pub typeset_in: Duration,
    layout: Layout,
    parts: Vec<Part>,
}

/// The content of one member.
enum Part {
    Bytes(Vec<u8>),
    Document(OpenDocument),
}

/// A member on its way into the archive.
pub(super) struct Member {
    path: String,
    part: Part,
    crc: u32,
    size: u64,
    sha256: ledger::Digest,
    proved_by: Option<(u64, String)>,
    said: Map<String, Value>,
}

impl Bundle {
    /// Bytes of the archive.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.layout.length()
    }

    /// The archive, in pieces.
    ///
    /// # Errors
    /// A document that cannot be read.
    pub fn stream(self) -> Result<Content, ServiceError> {
        let end = self.layout.end();
        let headers: Vec<Vec<u8>> =
            self.layout.members().iter().map(ledger::archive::Member::header).collect();
        let mut pieces: Vec<Content> = Vec::with_capacity(2 * headers.len() + 1);
        for (header, part) in headers.into_iter().zip(self.parts) {
            pieces.push(one(header));
            pieces.push(match part {
                Part::Bytes(bytes) => one(bytes),
                Part::Document(document) => document.content(None)?,
            });
        }
        pieces.push(one(end));
        Ok(Box::pin(stream::iter(pieces).flatten()))
    }
}

fn one(bytes: Vec<u8>) -> Content {
    Box::pin(stream::iter([Ok(Bytes::from(bytes))]))
}

impl Service {
    /// Exports evidence about a secret. Every document that goes in is opened through the gate, and its opening recorded.
    ///
    /// # Errors
    /// The actor may not export; a document does not open for them; the archive would be too large.
    pub async fn export(&self, actor: &Actor, wanted: &Exporting) -> Result<Bundle, ServiceError> {
        let selected = self.select(actor, wanted).await?;
        let mut members = self.documents(actor, wanted, &selected).await?;
        members.extend(self.agreement_texts(actor, &selected).await?);
        if self.state().evidence.wants_anchor(self.now()) {
            // Those outside see the entries before they are handed out. Who does not answer is said in the bundle.
            if let Err(error) = self.ask_all().await {
                tracing::warn!(%error, "those who vouch for the record could not be asked before an export");
            }
        }
        let positions: BTreeSet<u64> =
            selected.chosen.iter().map(|chosen| chosen.line.entry.position()).collect();
        let before = self.house.journal.tree();
        let anchors = self.anchors(&positions, &before).await?;
        let by_hand = self.by_hand(&selected, &before).await?;
        members.extend(anchors.iter().flat_map(Anchor::members));
        members.extend(vouched::lists_of_revoked(&anchors));
        members.push(Member::new("entries.txt", lines(&selected.chosen)));
        members.push(Member::new("policy", self.policy()?.into_bytes()));
        let (pages, typeset_in) = self.pages(wanted, &selected, &members, &anchors, by_hand).await?;
        members.extend(pages.into_iter().map(|(path, bytes)| Member::new(path, bytes)));
        members.sort_by(|a, b| a.path.cmp(&b.path));

        let manifest = self.manifest(wanted, &selected, &anchors, &members)?.to_bytes();
        let digest = Digest(ledger::sha256(&manifest).0);
        let withheld: usize = selected.chosen.iter().map(|chosen| chosen.withheld.len()).sum();
        let command = Command::RecordExport {
            secret: wanted.secret,
            as_of: wanted.as_of,
            manifest: digest,
            entries: u32::try_from(selected.chosen.len()).unwrap_or(u32::MAX),
            withheld: u32::try_from(withheld).unwrap_or(u32::MAX),
            documents: wanted.documents.iter().copied().collect(),
            recipient: wanted.recipient.clone(),
            purpose: wanted.purpose.clone(),
        };
        let done = self.act(actor, command).await?;
        let entry = done.position().ok_or(ServiceError::Stopping)?;
        members.extend(self.prove_export(entry, &positions, &anchors, manifest).await?);
        members.sort_by(|a, b| a.path.cmp(&b.path));

        let stated = members.iter().map(|member| (member.path.clone(), member.size, member.crc));
        let layout = Layout::plan(stated).map_err(|error| {
            Refusal::input("documents", format!("the bundle cannot be put together: {error}")).remedy(
                "leave large documents out: the bundle states their digests, and they can be laid beside it",
            )
        })?;
        Ok(Bundle {
            file_name: format!("evidence-{}-{entry}.zip", wanted.secret),
            entry,
            entries: selected.chosen.len(),
            withheld,
            manifest: digest,
            typeset_in,
            layout,
            parts: members.into_iter().map(|member| member.part).collect(),
        })
    }

    /// Opens each document that was asked for: refused as at any opening, and recorded as one.
    async fn documents(
        &self,
        actor: &Actor,
        wanted: &Exporting,
        selected: &Selected,
    ) -> Result<Vec<Member>, ServiceError> {
        let mut members = Vec::new();
        for id in &wanted.documents {
            if selected.past.documents.get(*id).is_none_or(|document| document.secret != wanted.secret) {
                return Err(Refusal::unknown(id).into());
            }
            let open = self.open_document(actor, *id).await?;
            let path = format!("documents/{id}{}", extension(&open.name));
            // Once for the sums, and once more when it is handed over: it is never held whole.
            let mut sums = Summing::begin(&path);
            let mut content = open.content(None)?;
            while let Some(piece) =
                content.try_next().await.map_err(|error| ServiceError::Content(error.to_string()))?
            {
                sums.update(&piece);
            }
            let sums = sums.finish();
            let sha256 = sums.sha256.ok_or(ServiceError::Stopping)?;
            let proved_by = selected.chosen.iter().find(|chosen| {
                matches!(chosen.recorded.as_ref().map(|recorded| &recorded.event),
                    Some(Event::Documents(documents::Event::Added { document, .. })) if document == id)
            });
            let size = open.size;
            // Its name is told where the entry that brought it in shows it.
            let name = proved_by.and_then(|chosen| chosen.line.field("name")).map(ledger::Disclosure::value);
            members.push(Member {
                proved_by: proved_by.and_then(digest_of),
                said: said(&json!({ "document": id, "name": name })),
                part: Part::Document(open),
                path,
                crc: sums.crc,
                size,
                sha256,
            });
        }
        Ok(members)
    }

    /// The texts of agreements, exactly as they were shown and signed.
    async fn agreement_texts(&self, actor: &Actor, selected: &Selected) -> Result<Vec<Member>, ServiceError> {
        use program::agreements::Event as Agreed;
        let mut members = Vec::new();
        for (agreement, version) in &selected.agreements {
            let text = self.agreement_text(actor, *agreement, *version).await?;
            let ending = if text.media == Media::Pdf { "pdf" } else { "md" };
            let shown = selected.chosen.iter().find(|chosen| {
                matches!(chosen.recorded.as_ref().map(|recorded| &recorded.event),
                    Some(Event::Agreements(
                        Agreed::Signed { agreement: a, version: v, .. } | Agreed::Opened { agreement: a, version: v, .. },
                    )) if a == agreement && v == version && digest_of(chosen).is_some())
            });
            let mut member = Member::new(format!("agreements/{agreement}-v{version}.{ending}"), text.bytes);
            member.proved_by = shown.and_then(digest_of);
            member.said = said(&json!({ "agreement": agreement, "version": version }));
            members.push(member);
        }
        Ok(members)
    }

    /// The check by hand, written out for the first entry shown.
    async fn by_hand(&self, selected: &Selected, before: &Tree) -> Result<Option<ByHand>, ServiceError> {
        let Some(first) = selected.chosen.first() else { return Ok(None) };
        let position = first.line.entry.position();
        let proof = self.house.journal.inclusion_with(before, position).await?;
        Ok(Some(ByHand {
            position,
            line: 1,
            leaf: proof.leaf.to_hex(),
            size: proof.size,
            path: sides(position, proof.size, &proof.proof),
            root: proof.root.to_hex(),
        }))
    }

    fn manifest(
        &self,
        wanted: &Exporting,
        selected: &Selected,
        anchors: &[Anchor],
        members: &[Member],
    ) -> Result<Manifest, ServiceError> {
        let state = self.state();
        let organisation = texts::organisation(selected);
        let mut keys = Vec::new();
        let rotated = state.evidence.keys.iter().flat_map(|change| [&change.previous, &change.key]);
        let rotated = rotated.map(|key| key.as_str().to_owned());
        for key in rotated.chain([self.verifier_key()]) {
            let key: VerifierKey =
                key.parse().map_err(|error: ledger::NoteError| ServiceError::Storage(error.to_string()))?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let origin = keys.last().map_or_else(String::new, |key| key.name().to_owned());
        let anchors = anchors.iter().map(|anchor| AnchorItem {
            size: anchor.size,
            tokens: anchor.stamps.len() as u64,
            said: Map::new(),
        });
        let files = members.iter().map(|member| FileItem {
            path: member.path.clone(),
            sha256: member.sha256,
            size: member.size,
            proved_by: member.proved_by.clone(),
            said: member.said.clone(),
        });
        let shown = &wanted.fields;
        Ok(Manifest {
            origin,
            keys,
            anchors: anchors.collect(),
            files: files.collect(),
            shown: EXPORT_SHOWS.iter().map(|name| (*name).to_owned()).collect(),
            said: said(&json!({
                "organisation": organisation,
                "secret": wanted.secret,
                "as_of": selected.as_of.rfc3339(),
                "made": self.now().rfc3339(),
                "program": concat!("ringfence ", env!("CARGO_PKG_VERSION")),
                "fields_shown": shown.only,
                "fields_withheld": shown.withheld,
            })),
        })
    }

    /// What proves the rest: the export's own entry, the checkpoint over it, and the tiles between.
    async fn prove_export(
        &self,
        entry: u64,
        positions: &BTreeSet<u64>,
        anchors: &[Anchor],
        manifest: Vec<u8>,
    ) -> Result<Vec<Member>, ServiceError> {
        let journal = &self.house.journal;
        let tree = journal.tree();
        let stored = journal.get(entry).await?;
        let mut export = self.choose(&stored, &super::ShownFields::only(&EXPORT_SHOWS)).await?;
        export.line.disclosures.sort_by(|a, b| a.name().cmp(b.name()));
        let mut members = vec![
            Member::new("manifest.json", manifest),
            Member::new("export.txt", lines(std::slice::from_ref(&export))),
            Member::new("checkpoint", tree.checkpoint().as_bytes().to_vec()),
        ];
        let all = positions.iter().copied().chain([entry]);
        let ids = tile_set::needed(tree.size(), all, anchors.iter().map(|anchor| anchor.size));
        for (id, hashes) in journal.tiles(&tree, ids).await? {
            members.push(Member::new(id.path(), ledger::TileId::encode(&hashes)));
        }
        Ok(members)
    }

    /// The pages for people. They tell what the bundle shows, and nothing that is withheld.
    async fn pages(
        &self,
        wanted: &Exporting,
        selected: &Selected,
        members: &[Member],
        anchors: &[Anchor],
        by_hand: Option<ByHand>,
    ) -> Result<(Vec<(String, Vec<u8>)>, Duration), ServiceError> {
        let files = members.iter().filter(|member| member.proved_by.is_some()).map(|member| File {
            path: member.path.clone(),
            sha256: member.sha256.to_hex(),
            size: member.size,
            entry: member.proved_by.as_ref().map(|(entry, _)| *entry),
        });
        let mut evidence = texts::tell(wanted, selected);
        let now = self.now();
        (evidence.made, evidence.made_at) = (texts::moment(now), now.0);
        evidence.key = self.verifier_key();
        evidence.size = self.house.journal.head().size;
        evidence.files = files.collect();
        evidence.by_hand = by_hand;
        evidence.anchors =
            anchors.iter().filter(|anchor| anchor.is_vouched_for()).map(Anchor::told).collect();
        let existence = wanted.existence.map(|_| texts::existence(selected, &evidence, &self.words(anchors)));
        let begun = Instant::now();
        let set = tokio::task::spawn_blocking(move || texts::pages(&evidence, existence.as_ref()));
        let set = set.await.map_err(|error| ServiceError::Storage(error.to_string()))?;
        Ok((set.map_err(|error| ServiceError::Storage(error.to_string()))?, begun.elapsed()))
    }
}

/// The hashes of an inclusion proof, each with whether it stands on the left (RFC 9162, section 2.1.3.2).
fn sides(position: u64, size: u64, proof: &[ledger::Digest]) -> Vec<(String, bool)> {
    let (mut node, mut last) = (position, size.saturating_sub(1));
    let mut sides = Vec::with_capacity(proof.len());
    for hash in proof {
        let left = node & 1 == 1 || node == last;
        sides.push((hash.to_hex(), left));
        while left && node & 1 == 0 && node != 0 {
            (node, last) = (node >> 1, last >> 1);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    sides
}

impl Member {
    pub(super) fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            path: path.into(),
            crc: ledger::archive::crc32(&bytes),
            size: bytes.len() as u64,
            sha256: ledger::sha256(&bytes),
            part: Part::Bytes(bytes),
            proved_by: None,
            said: Map::new(),
        }
    }
}

fn lines(chosen: &[Chosen]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chosen in chosen {
        bytes.extend_from_slice(&chosen.line.to_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// The entry and the name of its field that states a digest, where that field is shown.
fn digest_of(chosen: &Chosen) -> Option<(u64, String)> {
    let field = chosen.line.field("digest")?;
    Some((chosen.line.entry.position(), field.name().to_owned()))
}

/// The ending of a file name as an archive can carry it, with its dot; nothing where there is none.
fn extension(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let plain = (1..=10).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { format!(".{ending}") } else { String::new() }
}

fn said(value: &Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    }
}
