//! Small records and the bundles cut out of them, for tests and for comparing verifiers. The same calls make the same bytes.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "helpers of tests may panic as tests do, and no test uses all of them"
)]

pub mod mutate;

use std::collections::BTreeMap;

use ledger::bundle::{AnchorItem, FileItem, Manifest, Options, Verdict, verify_bytes};
use ledger::tile_set::needed;
use ledger::{
    Checkpoint, CosigningKey, Digest, Disclosure, Edge, Entry, Line, Salt, SignedNote, SigningKey,
    TILE_WIDTH, TileId, VerifierKey, archive, cosign, sha256, sign_checkpoint,
};
use serde_json::{Map, Value, json};

pub const ORIGIN: &str = "ringfence.example/record";
/// 2026-03-03, 09:00 UTC.
pub const BEGIN: i64 = 1_772_528_400_000;

/// A record, and whoever signs and sees it.
pub struct Record {
    keys: Vec<SigningKey>,
    witnesses: Vec<CosigningKey>,
    entries: Vec<(Entry, Vec<Disclosure>)>,
    anchors: Vec<AnchorItem>,
    members: BTreeMap<String, Vec<u8>>,
    rotations: Vec<u64>,
    time: i64,
}

/// A bundle that is about to be made: change whatever you like, then [`seal`](Self::seal) it.
pub struct Draft {
    pub entries: Vec<(Entry, Vec<Disclosure>)>,
    /// The lines of `entries.txt`, without newlines.
    pub lines: Vec<Vec<u8>>,
    /// Everything that the manifest lists, but `entries.txt`.
    pub members: BTreeMap<String, Vec<u8>>,
    pub manifest: Manifest,
    /// What is done to the manifest before it is written.
    pub edit_manifest: Option<fn(&mut Value)>,
    /// The kind of the entry that records the export.
    pub export_kind: &'static str,
    /// The digest that it states as the manifest's, if another than the true one.
    pub export_states: Option<Value>,
    /// How much later than the entry before it was recorded.
    pub export_after: i64,
    /// Who signs.
    pub signer: SigningKey,
    /// What is done to the text that is signed.
    pub edit_checkpoint: Option<fn(&mut Checkpoint)>,
    files: Vec<(String, u64, String)>,
}

/// The members of a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    pub members: BTreeMap<String, Vec<u8>>,
}

pub fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, &[seed; 32]).unwrap()
}

pub fn witness(number: u8) -> CosigningKey {
    CosigningKey::from_seed(format!("witness{number}.example/w"), &[100 + number; 32]).unwrap()
}

/// The key of a record after so many changes of keys.
pub fn record_key(number: usize) -> SigningKey {
    key(ORIGIN, 1 + u8::try_from(number).unwrap())
}

impl Record {
    pub fn new() -> Self {
        Self {
            keys: vec![record_key(0)],
            witnesses: (1..=3).map(witness).collect(),
            entries: Vec::new(),
            anchors: Vec::new(),
            members: BTreeMap::new(),
            rotations: Vec::new(),
            time: BEGIN,
        }
    }

    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Appends an entry; gives its position.
    pub fn add(&mut self, kind: &str, fields: &[(&str, Value)]) -> u64 {
        let position = self.size();
        self.time += 1000 + 7 * (position as i64 % 31);
        self.entries.push(entry(position, self.time, kind, fields));
        position
    }

    /// Appends some entries as a day brings them.
    pub fn some(&mut self, count: u64) {
        for _ in 0..count {
            let n = self.size();
            let fields = [
                ("by", json!(format!("P-{}", n % 7))),
                ("document", json!(format!("D-{}", n % 5))),
                ("reason", json!({ "text": format!("needed for order {n}"), "weight": n * 3 })),
            ];
            self.add("document.opened", &fields);
        }
    }

    /// The tree's root now is shown to witnesses, counted from 1.
    pub fn anchor(&mut self, witnesses: &[usize]) {
        let size = self.size();
        let mut note = sign_checkpoint(&checkpoint_over(&self.leaves()), self.keys.last().unwrap()).unwrap();
        for number in witnesses {
            let seconds = self.time as u64 / 1000 + 60 * *number as u64;
            let signature = cosign(note.text(), &self.witnesses[number - 1], seconds).unwrap();
            note = note.with_signature(signature).unwrap();
        }
        self.members.insert(format!("anchors/{size}/checkpoint"), note.to_string().into_bytes());
        self.anchors.push(AnchorItem { size, tokens: 0, said: Map::new() });
    }

    /// Another key comes into use.
    pub fn rotate(&mut self) {
        let next = record_key(self.keys.len());
        let position = self.add("evidence.key-rotated", &[("key", json!(next.verifier().to_string()))]);
        self.rotations.push(position);
        self.anchor(&[]);
        self.keys.push(next);
    }

    /// The text of the last anchor's checkpoint.
    pub fn anchored_text(&self) -> String {
        let size = self.anchors.last().unwrap().size;
        let note = &self.members[&format!("anchors/{size}/checkpoint")];
        SignedNote::parse(str::from_utf8(note).unwrap()).unwrap().text().to_owned()
    }

    /// A time stamp of the last anchor.
    pub fn stamp(&mut self, response: &[u8], chain: &str) {
        let anchor = self.anchors.last_mut().unwrap();
        anchor.tokens += 1;
        let path = format!("anchors/{}/{}", anchor.size, anchor.tokens);
        self.members.insert(format!("{path}.tsr"), response.to_vec());
        self.members.insert(format!("{path}.pem"), chain.as_bytes().to_vec());
    }

    /// A file, and the entry that states its digest.
    pub fn document(&mut self, path: &str, content: &[u8]) -> u64 {
        let fields = [
            ("by", json!("P-1")),
            ("digest", json!(sha256(content).to_hex())),
            ("name", json!(format!("the name of {path}"))),
        ];
        let position = self.add("document.added", &fields);
        self.members.insert(path.to_owned(), content.to_vec());
        position
    }

    fn leaves(&self) -> Vec<Digest> {
        self.entries.iter().map(|(entry, _)| entry.leaf()).collect()
    }

    /// A bundle of these entries and these of their fields. `files` says which entry proves which file.
    pub fn draft(&self, shown: &[(u64, &[&str])], files: &[(&str, u64)]) -> Draft {
        let mut shown = shown.to_vec();
        let rotations = self.rotations.iter().filter(|at| shown.iter().all(|(other, _)| other != *at));
        shown.extend(rotations.map(|position| (*position, ["key"].as_slice())).collect::<Vec<_>>());
        shown.sort();
        let lines = shown.iter().map(|(position, names)| {
            let (entry, fields) = &self.entries[*position as usize];
            line(entry, fields.iter().filter(|field| names.contains(&field.name())))
        });
        let mut said = Map::new();
        said.insert("secret".into(), json!("S-1"));
        said.insert("program".into(), json!("a test"));
        let mut members = self.members.clone();
        members.insert("policy".into(), self.policy("any").into_bytes());
        members.insert("README.txt".into(), b"How to check this bundle.\n".to_vec());
        Draft {
            entries: self.entries.clone(),
            lines: lines.collect(),
            members,
            manifest: Manifest {
                origin: ORIGIN.to_owned(),
                keys: self.keys.iter().map(|key| key.verifier().clone()).collect(),
                anchors: self.anchors.clone(),
                files: Vec::new(),
                shown: vec!["by".to_owned(), "manifest".to_owned()],
                said,
            },
            edit_manifest: None,
            export_kind: "evidence.exported",
            export_states: None,
            export_after: 1000,
            signer: record_key(self.keys.len() - 1),
            edit_checkpoint: None,
            files: files
                .iter()
                .map(|(path, entry)| ((*path).to_owned(), *entry, "digest".to_owned()))
                .collect(),
        }
    }

    /// A policy of all witnesses, with `all`, `any` or a number of them as the quorum.
    pub fn policy(&self, quorum: &str) -> String {
        let mut policy = format!("log {}\n", self.keys.last().unwrap().verifier());
        for (number, witness) in (1..).zip(&self.witnesses) {
            policy += &format!("witness w{number} {}\n", witness.verifier());
        }
        policy + &format!("group all-of-them {quorum} w1 w2 w3\nquorum all-of-them\n")
    }
}

impl Draft {
    pub fn seal(mut self) -> Bundle {
        let mut text = self.lines.join(&b'\n');
        if !self.lines.is_empty() {
            text.push(b'\n');
        }
        self.members.insert("entries.txt".into(), text);
        self.manifest.files = self
            .members
            .iter()
            .map(|(path, content)| {
                let proved_by = self.files.iter().find(|(file, ..)| file == path);
                FileItem {
                    path: path.clone(),
                    sha256: sha256(content),
                    size: content.len() as u64,
                    proved_by: proved_by.map(|(_, entry, field)| (*entry, field.clone())),
                    said: Map::new(),
                }
            })
            .collect();
        let mut manifest = self.manifest.to_bytes();
        if let Some(edit) = self.edit_manifest {
            let mut value = serde_json::from_slice(&manifest).unwrap();
            edit(&mut value);
            manifest = format!("{value:#}\n").into_bytes();
        }

        let stated = self.export_states.unwrap_or_else(|| json!(sha256(&manifest).to_hex()));
        let time = self.entries.last().map_or(BEGIN, |(entry, _)| entry.time()) + self.export_after;
        let fields = [("by", json!("P-1")), ("manifest", stated), ("purpose", json!("for a court"))];
        let (export, fields) = entry(self.entries.len() as u64, time, self.export_kind, &fields);
        let shown = fields.iter().filter(|field| self.manifest.shown.iter().any(|name| name == field.name()));
        let export_line = [line(&export, shown).as_slice(), b"\n"].concat();
        let at = export.position();
        self.entries.push((export, fields));

        let leaves: Vec<Digest> = self.entries.iter().map(|(entry, _)| entry.leaf()).collect();
        let mut checkpoint = checkpoint_over(&leaves);
        if let Some(edit) = self.edit_checkpoint {
            edit(&mut checkpoint);
        }
        let note = sign_checkpoint(&checkpoint, &self.signer).unwrap();
        let positions = self.lines.iter().filter_map(|line| Some(Line::parse(line).ok()?.entry.position()));
        let anchors = self.manifest.anchors.iter().map(|anchor| anchor.size);
        let tiles = all_tiles(&leaves);
        for id in needed(leaves.len() as u64, positions.chain([at]), anchors) {
            self.members.insert(id.path(), tiles[&id].clone());
        }
        self.members.insert("manifest.json".into(), manifest);
        self.members.insert("export.txt".into(), export_line);
        self.members.insert("checkpoint".into(), note.to_string().into_bytes());
        Bundle { members: self.members }
    }

    pub fn verdict(self) -> Verdict {
        self.seal().verdict()
    }
}

impl Bundle {
    pub fn zip(&self) -> Vec<u8> {
        archive::write(self.members.iter().map(|(name, content)| (name.as_str(), content.as_slice())))
            .unwrap()
    }

    pub fn verdict(&self) -> Verdict {
        verdict_of(&self.zip())
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.members[name].clone()).unwrap()
    }

    /// Takes the last byte off a member.
    pub fn cut(&mut self, name: &str) {
        self.members.get_mut(name).unwrap().pop();
    }

    pub fn set(&mut self, name: &str, content: impl AsRef<[u8]>) {
        self.members.insert(name.to_owned(), content.as_ref().to_vec());
    }
}

/// The verdict on some bytes. Where `RINGFENCE_BUNDLES` names a folder, both are kept there, so that other verifiers can be held
/// against them.
pub fn verdict_of(bytes: &[u8]) -> Verdict {
    let verdict = verify_bytes(bytes, &Options::default());
    if let Some(folder) = std::env::var_os("RINGFENCE_BUNDLES") {
        let place = std::path::Path::new(&folder).join(sha256(bytes).to_hex());
        std::fs::write(place.with_extension("zip"), bytes).unwrap();
        std::fs::write(place.with_extension("json"), format!("{:#}\n", verdict.to_json())).unwrap();
    }
    verdict
}

/// A bundle of a small record that has everything but time stamps: entries, withheld fields, documents, anchors with cosignatures.
pub fn small() -> Bundle {
    small_draft().seal()
}

pub fn small_draft() -> Draft {
    let (record, document) = small_record();
    let fields: [(u64, &[&str]); 5] = [
        (0, &["by", "document", "reason"]),
        (2, &["by"]),
        (document, &["by", "digest"]),
        (9, &[]),
        (11, &["by", "reason"]),
    ];
    record.draft(&fields, &[("documents/D-1.txt", document)])
}

/// The record of [`small`], and the position of the entry that adds its document.
pub fn small_record() -> (Record, u64) {
    let mut record = Record::new();
    record.some(3);
    let document = record.document("documents/D-1.txt", b"two parts of lye\n");
    record.some(4);
    record.anchor(&[1, 2]);
    record.some(3);
    record.anchor(&[3]);
    record.some(4);
    record.members.insert("documents/other.txt".into(), b"not proved by an entry\n".to_vec());
    (record, document)
}

/// A bundle of a record of more than one tile, whose key has changed twice.
pub fn large() -> Bundle {
    large_draft().seal()
}

pub fn large_draft() -> Draft {
    let mut record = Record::new();
    record.some(300);
    record.anchor(&[1, 2, 3]);
    record.rotate();
    record.some(90);
    record.anchor(&[2]);
    let document = record.document("documents/D-1.txt", b"two parts of lye\n");
    record.rotate();
    record.some(140);
    let (everything, fields) = (["by", "document", "reason"], [5, 6, 255, 256, 299, 400, 530]);
    let mut shown: Vec<(u64, &[&str])> = fields.iter().map(|at| (*at, everything.as_slice())).collect();
    shown.push((document, &["digest"]));
    record.draft(&shown, &[("documents/D-1.txt", document)])
}

pub fn verifier_key(bundle: &Bundle) -> VerifierKey {
    Manifest::parse(&bundle.members["manifest.json"]).unwrap().keys.pop().unwrap()
}

/// An entry and its fields. Salts follow from where they are.
pub fn entry(position: u64, time: i64, kind: &str, fields: &[(&str, Value)]) -> (Entry, Vec<Disclosure>) {
    let fields: Vec<Disclosure> = fields
        .iter()
        .map(|(name, value)| {
            let salt = sha256(format!("salt of {name} at {position}").as_bytes());
            Disclosure::new(Salt(salt.0[..16].try_into().unwrap()), *name, value.clone()).unwrap()
        })
        .collect();
    (Entry::new(position, time, kind, &fields).unwrap(), fields)
}

/// A line without its newline.
pub fn line<'f>(entry: &Entry, fields: impl Iterator<Item = &'f Disclosure>) -> Vec<u8> {
    Line { entry: entry.clone(), disclosures: fields.cloned().collect() }.to_bytes()
}

pub fn checkpoint_over(leaves: &[Digest]) -> Checkpoint {
    let mut edge = Edge::new();
    for leaf in leaves {
        edge.push(*leaf);
    }
    Checkpoint { origin: ORIGIN.into(), size: edge.size(), root: edge.root(), extensions: Vec::new() }
}

fn all_tiles(leaves: &[Digest]) -> BTreeMap<TileId, Vec<u8>> {
    let bytes = |hashes: &[Digest]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    let (mut edge, mut tiles) = (Edge::new(), BTreeMap::new());
    for tile in leaves.iter().flat_map(|leaf| edge.push(*leaf)) {
        let id = TileId { level: tile.level, index: tile.index, width: TILE_WIDTH };
        tiles.insert(id, bytes(&tile.hashes));
    }
    tiles.extend(edge.partial_tiles().map(|(id, hashes)| (id, bytes(hashes))));
    tiles
}

/// Fails, with what is printed, unless the verdict is that this check failed at this place.
#[track_caller]
pub fn fails(verdict: &Verdict, check: &str, at: &str) {
    let Verdict::NotVerified(failure) = verdict else {
        panic!("expected `{check}` to fail at `{at}`, found {:#}", verdict.to_json());
    };
    assert_eq!((failure.check.to_string().as_str(), failure.at.as_str()), (check, at), "{}", failure.reason);
}
