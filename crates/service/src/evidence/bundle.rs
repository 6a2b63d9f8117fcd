//! The bundle itself: files fetched, the export recorded, and everything put into one archive that a stranger checks.
//!
//! The format is that of `docs/record-format.md`. What goes in is decided first, then the export becomes an entry that
//! commits to the manifest, and only then is the archive handed over: there is no bundle that the record does not know.

use super::select::{Chosen, Exporting, Selected};
use super::texts::{self, Word};
use crate::error::ServiceError;
use crate::house::Service;
use crate::release::{Content, OpenDocument};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use journal::{Filter, Tree};
use ledger::archive::Layout;
use ledger::bundle::{AnchorItem, FileItem, Manifest, Summing};
use ledger::{SignedNote, VerifierKey, tile_set};
use press::evidence::{ByHand, File};
use program::agreements::Media;
use program::evidence::{Command, Event as EvidenceEvent, Stamp};
use program::{Actor, Digest, Event, Recorded, Refusal, Time, documents};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How many anchors of the record are looked through, the newest first.
const ANCHORS_LOOKED_AT: usize = 5_000;
/// The most anchors in one bundle.
const MOST_ANCHORS: usize = 64;
/// The fields of its own entry that an export shows, ascending: the manifest names them. The entry has each of them.
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
struct Member {
    path: String,
    part: Part,
    crc: u32,
    size: u64,
    sha256: ledger::Digest,
    proved_by: Option<(u64, String)>,
    said: Map<String, Value>,
}

/// What others saw of the record, as a bundle carries it.
struct Anchor {
    size: u64,
    checkpoint: String,
    stamps: Vec<Stamp>,
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
        members.extend(anchors.iter().flat_map(anchor_members));
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

    /// The anchors that say most: for each entry the first that covers it, and those at which a signing key came into use.
    /// And the checkpoint before the export, through which the check by hand leads: what the bundle's own checkpoint is over
    /// holds the export's entry, and so the digest of every page, this one too.
    async fn anchors(&self, positions: &BTreeSet<u64>, before: &Tree) -> Result<Vec<Anchor>, ServiceError> {
        let state = self.state();
        let filter = Filter {
            kinds: vec!["evidence.anchored".to_owned()],
            limit: ANCHORS_LOOKED_AT,
            ..Filter::default()
        };
        let mut known: BTreeMap<u64, Anchor> = BTreeMap::new();
        for stored in self.house.journal.find(&filter).await?.entries {
            let read: Option<Recorded> = self.house.read(&stored).await?;
            if let Some(Event::Evidence(EvidenceEvent::Anchored { size, checkpoint, stamps, .. })) =
                read.map(|recorded| recorded.event)
                && size > 0
            {
                let checkpoint = self.by_known_witnesses(&checkpoint)?;
                known.entry(size).or_insert(Anchor { size, checkpoint, stamps });
            }
        }
        let changes: BTreeSet<u64> = state.evidence.keys.iter().map(|change| change.entry + 1).collect();
        for size in &changes {
            // The checkpoint that the key before signed last stands in the entry that follows the change.
            let stored = self.house.journal.get(*size).await.ok();
            let read = match stored {
                Some(stored) => self.house.read(&stored).await?,
                None => None,
            };
            if let Some(Event::Evidence(EvidenceEvent::Anchored { size: of, checkpoint, stamps, .. })) =
                read.map(|recorded| recorded.event)
                && of == *size
            {
                known.entry(of).or_insert(Anchor { size: of, checkpoint, stamps });
            }
        }
        let mut wanted: BTreeSet<u64> = positions
            .iter()
            .filter_map(|position| known.range(position + 1..).next())
            .map(|(size, _)| *size)
            .collect();
        thin(&mut wanted);
        wanted.extend(&changes);
        wanted.insert(before.size());
        let checkpoint = before.checkpoint().to_owned();
        known.entry(before.size()).or_insert(Anchor { size: before.size(), checkpoint, stamps: Vec::new() });
        Ok(wanted.into_iter().filter_map(|size| known.remove(&size)).collect())
    }

    /// A checkpoint without the cosignatures of witnesses who are named no longer: the bundle's policy does not know them.
    fn by_known_witnesses(&self, checkpoint: &str) -> Result<String, ServiceError> {
        let storage = |error: ledger::NoteError| ServiceError::Storage(error.to_string());
        let note = SignedNote::parse(checkpoint).map_err(storage)?;
        let witnesses = &self.state().evidence.witnesses;
        let keys: Vec<VerifierKey> =
            witnesses.iter().filter_map(|witness| witness.key.as_str().parse().ok()).collect();
        let (_, lines) = checkpoint.rsplit_once("\n\n").unwrap_or((checkpoint, ""));
        let known = note.signatures().iter().zip(lines.lines()).filter(|(signature, _)| {
            let witness = keys.iter().any(|key| key.name() == signature.name && key.id() == signature.id);
            witness || signature.name == self.house.keys.origin()
        });
        let lines: String = known.map(|(_, line)| format!("{line}\n")).collect();
        Ok(format!("{}\n{lines}", note.text()))
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

    /// Whose word counts, as C2SP tlog-policy.
    fn policy(&self) -> Result<String, ServiceError> {
        let evidence = &self.state().evidence;
        let mut text = String::new();
        text.push_str(&format!("log {}\n", self.verifier_key()));
        let mut names = Vec::new();
        for (number, witness) in evidence.witnesses.iter().enumerate() {
            let name = format!("witness-{}", number + 1);
            text.push_str(&format!("# {}\nwitness {name} {}\n", witness.name, witness.key));
            names.push(name);
        }
        if names.is_empty() {
            text.push_str("quorum none\n");
        } else {
            text.push_str(&format!(
                "group all-witnesses {} {}\nquorum all-witnesses\n",
                evidence.quorum,
                names.join(" ")
            ));
        }
        ledger::Policy::parse(text.as_bytes()).map_err(|error| ServiceError::Storage(error.to_string()))?;
        Ok(text)
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
    ) -> Result<(Vec<(&'static str, Vec<u8>)>, Duration), ServiceError> {
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

    /// What those outside said of these states of the record. Witnesses count where as many of them cosigned as the policy asks,
    /// from the moment when they were enough.
    fn words(&self, anchors: &[Anchor]) -> Vec<Word> {
        let state = self.state();
        let keys = state.evidence.witnesses.iter().filter_map(|witness| witness.key.as_str().parse().ok());
        let keys: Vec<VerifierKey> = keys.collect();
        let enough = usize::try_from(state.evidence.quorum.max(1)).unwrap_or(usize::MAX);
        let mut words = Vec::new();
        for anchor in anchors {
            words.extend(anchor.stamps.iter().map(|stamp| Word {
                who: vec![stamp.authority.to_string()],
                time: stamp.time,
                stamped: true,
                size: anchor.size,
            }));
            let note = SignedNote::parse(&anchor.checkpoint);
            let mut seen = note.and_then(|note| note.cosignatures(&keys)).unwrap_or_default();
            seen.sort_by_key(|(_, seconds)| *seconds);
            if let Some(first) = seen.get(..enough)
                && let Some((_, seconds)) = first.last()
            {
                words.push(Word {
                    who: first.iter().map(|(key, _)| key.name().to_owned()).collect(),
                    time: Time(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000)),
                    stamped: false,
                    size: anchor.size,
                });
            }
        }
        words
    }
}

impl Anchor {
    /// Did anybody but the record itself say something about it?
    fn is_vouched_for(&self) -> bool {
        let cosigned = SignedNote::parse(&self.checkpoint).is_ok_and(|note| note.signatures().len() > 1);
        cosigned || !self.stamps.is_empty()
    }

    fn told(&self) -> press::evidence::Anchor {
        let stamps = (1..).zip(&self.stamps).map(|(number, stamp)| {
            let path = format!("anchors/{}/{number}", self.size);
            (path, stamp.authority.to_string(), texts::moment(stamp.time))
        });
        press::evidence::Anchor { size: self.size, stamps: stamps.collect() }
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
    fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
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

fn anchor_members(anchor: &Anchor) -> Vec<Member> {
    let folder = format!("anchors/{}", anchor.size);
    let mut members =
        vec![Member::new(format!("{folder}/checkpoint"), anchor.checkpoint.as_bytes().to_vec())];
    for (number, stamp) in (1..).zip(&anchor.stamps) {
        let token = data_encoding::BASE64.decode(stamp.token.as_bytes()).unwrap_or_default();
        members.push(Member::new(format!("{folder}/{number}.tsr"), token));
        members.push(Member::new(format!("{folder}/{number}.pem"), stamp.chain.as_bytes().to_vec()));
    }
    members
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

/// Leaves so many that they fit a bundle, evenly, the first and the last among them.
fn thin(sizes: &mut BTreeSet<u64>) {
    let all: Vec<u64> = sizes.iter().copied().collect();
    if all.len() <= MOST_ANCHORS {
        return;
    }
    let last = all.len() - 1;
    let kept = (0..MOST_ANCHORS).filter_map(|n| all.get(n * last / (MOST_ANCHORS - 1)).copied());
    *sizes = kept.collect();
}

fn said(value: &Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    }
}
