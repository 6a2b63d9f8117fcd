//! The checks, one after the other (docs/record-format.md, section 9).

use std::cmp::Ordering;

use super::anchors::{self, Seen};
use super::contents::{ANCHORS, CHECKPOINT, ENTRIES, EXPORT, MANIFEST, POLICY, TILES};
use super::lines::{LineExaminer, Lines, MAX_LINE, Mark, check_order};
use super::manifest::DIGEST;
use super::{Check, Content, Failure, Findings, Manifest, ManifestError, Options, Sums, Verdict, unproved};
use crate::archive::{Layout, Member};
use crate::canonical::MAX_INTEGER;
use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::disclosure::Disclosure;
use crate::key::VerifierKey;
use crate::line::Line;
use crate::note::{MAX_NOTE, SignedNote};
use crate::policy::Policy;
use crate::tile_set::{Tile, TileSet, TileSetError, needed};
use crate::tiles::{TILE_WIDTH, TileId};

/// A bundle whose small members have been read, and whose lines and sums are still to come.
#[derive(Debug)]
pub struct Examination<'a> {
    layout: &'a Layout,
    contents: &'a [Content<'a>],
    // Read as soon as there is content, so that lines can be compared with it; a fault is reported in its turn.
    manifest: Result<Manifest, ManifestError>,
    size: Option<u64>,
}

/// A checkpoint, and the note that it was read from.
pub(super) struct Head {
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
}

impl<'a> Examination<'a> {
    /// Begins with the contents of the members, one for each in their order.
    pub fn begin(layout: &'a Layout, contents: &'a [Content<'a>]) -> Self {
        let mut examination = Self { layout, contents, manifest: Err(ManifestError::too_long()), size: None };
        if let Some(bytes) = examination.bytes(MANIFEST) {
            examination.manifest = Manifest::parse(bytes);
        }
        let head = examination.bytes(CHECKPOINT).and_then(|bytes| Head::read(bytes).ok());
        examination.size = head.map(|head| head.checkpoint.size);
        examination
    }

    /// What examines the lines of `entries.txt`, block by block. What blocks come to is put together with [`Lines::then`],
    /// in their order.
    pub fn line_examiner(&self) -> LineExaminer<'_> {
        let mut examiner = LineExaminer { size: self.size, ..LineExaminer::default() };
        let members = self.layout.members().iter().zip(self.contents);
        examiner.tiles.extend(members.filter_map(|(member, content)| match content {
            Content::Tile(tile) => {
                member.name().parse::<TileId>().ok().filter(|id| id.level == 0).map(|id| (id.index, tile))
            }
            Content::Bytes(_) | Content::Unread => None,
        }));
        if let Ok(manifest) = &self.manifest {
            examiner.keys = &manifest.keys;
            for (index, file) in manifest.files.iter().enumerate() {
                if let Some((position, field)) = &file.proved_by {
                    examiner.files.entry(*position).or_default().push((index, field, file.sha256));
                }
            }
        }
        examiner
    }

    /// The verdict. `sums` are those of all members, in their order.
    pub fn verdict(&self, sums: &[Sums], lines: &Lines, options: &Options) -> Verdict {
        match self.findings(sums, lines, options) {
            Ok(findings) => Verdict::Verified(Box::new(findings)),
            Err(failure) => Verdict::NotVerified(failure),
        }
    }

    fn findings(&self, sums: &[Sums], lines: &Lines, options: &Options) -> Result<Findings, Failure> {
        self.container(sums)?;
        let manifest = self.manifest(sums)?;
        let (head, key) = self.checkpoint(manifest, options.key.as_ref())?;
        let (origin, size, root) = (&head.checkpoint.origin, head.checkpoint.size, head.checkpoint.root);
        let (first, last) = lines.check()?;
        let export = self.export_line(last, size)?;
        let tiles = self.tiles(manifest, lines, export.entry.position(), size, &root)?;
        inclusion(lines, &export, &tiles)?;
        self.export(&export, manifest, sums)?;
        files(manifest, lines)?;
        let policy = self.policy(key)?;
        let keys = anchors::keys_in_use(manifest, lines)?;
        let mut seen: Vec<Seen> = Vec::with_capacity(manifest.anchors.len());
        for anchor in &manifest.anchors {
            let bytes = self.bytes(&anchors::checkpoint_path(anchor.size)).unwrap_or_default();
            seen.push(anchors::check(
                bytes,
                anchor.size,
                &head.checkpoint,
                keys(anchor.size),
                &policy,
                &tiles,
            )?);
        }
        let mut stamps = Vec::new();
        for (item, seen) in manifest.anchors.iter().zip(&seen) {
            for number in 1..=item.tokens {
                let path = anchors::stamp_path(item.size, number);
                let chain = self.bytes(&anchors::chain_path(item.size, number)).unwrap_or_default();
                stamps.push(anchors::stamp(
                    path.clone(),
                    self.bytes(&path).unwrap_or_default(),
                    chain,
                    seen,
                )?);
            }
        }
        if let Some(given) = &options.policy {
            anchors::given_policy(given, key, &seen)?;
        }
        if !options.tsa_roots.is_empty()
            && !stamps.iter().any(|stamp| options.tsa_roots.contains(&stamp.root))
        {
            let reason = "no time stamp ends in a certificate that was given";
            return Err(Check::Stamp.fails("--tsa-root", reason));
        }
        let deciding = options.policy.as_ref().unwrap_or(&policy);
        let mut findings = Findings {
            origin: origin.clone(),
            key: key.clone(),
            size,
            root,
            entries: lines.count,
            fields: lines.fields,
            withheld: lines.withheld,
            files: manifest.files.len() as u64,
            first: first.time,
            last: last.time,
            witnesses: anchors::witnesses(deciding, &seen),
            quorum: Some(anchors::quorum(deciding, &seen)),
            stamps,
            not_proved: Vec::new(),
            said: manifest.said.clone(),
        };
        findings.not_proved = unproved::of_bundle(&findings, last.position, options);
        Ok(findings)
    }

    fn container(&self, sums: &[Sums]) -> Result<(), Failure> {
        let spoilt = self.layout.members().iter().zip(sums).find(|(member, sums)| member.crc() != sums.crc);
        match spoilt {
            Some((member, _)) => {
                let reason = "its checksum is wrong: the file was damaged or changed after it was made";
                Err(Check::Container.fails(member.name(), reason))
            }
            None => Ok(()),
        }
    }

    fn manifest(&self, sums: &[Sums]) -> Result<&Manifest, Failure> {
        for name in [CHECKPOINT, ENTRIES, EXPORT, MANIFEST, POLICY] {
            if self.layout.find(name).is_none() {
                return Err(Check::Manifest.fails(name, "the bundle has no such member"));
            }
        }
        let manifest = self.manifest.as_ref().map_err(|error| Check::Manifest.fails(MANIFEST, error))?;
        let listed = manifest.files.iter().map(|file| file.path.as_str());
        let members = self.layout.members().iter().map(Member::name).filter(|name| is_listed(name));
        if let Some((name, side)) = first_difference(listed, members) {
            let reason = match side {
                Side::Left => "the manifest lists it, and the bundle does not have it",
                Side::Right => "the bundle has it, and the manifest does not list it",
            };
            return Err(Check::Manifest.fails(name, reason));
        }
        for file in &manifest.files {
            let found =
                self.layout.find(&file.path).and_then(|(index, member)| Some((member, sums.get(index)?)));
            match found {
                Some((member, sums)) if member.size() == file.size && sums.sha256 == Some(file.sha256) => {}
                _ => {
                    let reason = "it is not the file that the manifest lists: its size or its digest differs";
                    return Err(Check::Manifest.fails(&file.path, reason));
                }
            }
        }
        for member in self.layout.members().iter().filter(|member| member.name().starts_with(ANCHORS)) {
            if !anchors::is_named(manifest, member.name()) {
                let reason = "the manifest's `anchors` do not name it";
                return Err(Check::Manifest.fails(member.name(), reason));
            }
        }
        // Each name that is there is one step, and the first that is not ends it: no number in the manifest makes it long.
        for anchor in &manifest.anchors {
            let numbered = (1..=anchor.tokens).flat_map(|number| {
                [anchors::stamp_path(anchor.size, number), anchors::chain_path(anchor.size, number)]
            });
            let mut names = std::iter::once(anchors::checkpoint_path(anchor.size)).chain(numbered);
            if let Some(name) = names.find(|name| self.layout.find(name).is_none()) {
                let reason = "the manifest's `anchors` name it, and the bundle does not have it";
                return Err(Check::Manifest.fails(name, reason));
            }
        }
        Ok(manifest)
    }

    fn checkpoint<'m>(
        &self,
        manifest: &'m Manifest,
        given: Option<&VerifierKey>,
    ) -> Result<(Head, &'m VerifierKey), Failure> {
        let fails = |reason: &dyn std::fmt::Display| Check::Checkpoint.fails(CHECKPOINT, reason);
        let head = Head::read(self.bytes(CHECKPOINT).unwrap_or_default()).map_err(|reason| fails(&reason))?;
        if head.checkpoint.origin != manifest.origin {
            return Err(fails(&"it is of another record than the manifest"));
        }
        if manifest.keys.iter().any(|key| key.name() != manifest.origin) {
            return Err(fails(&"a key of the manifest is not named like the record"));
        }
        let Some(key) = manifest.keys.last().filter(|_| head.note.signatures().len() == 1) else {
            return Err(fails(&"it has more than one signature, and it has to have the record's alone"));
        };
        head.note.verify_all(std::slice::from_ref(key)).map_err(|error| fails(&error))?;
        if given.is_some_and(|given| !manifest.keys.contains(given)) {
            return Err(fails(&"the key that was given with `--key` is none of this record's"));
        }
        Ok((head, key))
    }

    fn export_line(&self, last: Mark, size: u64) -> Result<Line, Failure> {
        let bytes = self.bytes(EXPORT).unwrap_or_default();
        let text = bytes.strip_suffix(b"\n").filter(|text| !text.contains(&b'\n') && bytes.len() <= MAX_LINE);
        let text = text.ok_or_else(|| Check::Entries.fails(EXPORT, "it is not exactly one line"))?;
        let line = Line::parse(text).map_err(|error| match error.position() {
            Some(position) => Check::Entries.fails(position, error),
            None => Check::Entries.fails(EXPORT, error),
        })?;
        check_order(last, Mark { position: line.entry.position(), time: line.entry.time() }, size)?;
        Ok(line)
    }

    fn tiles(
        &self,
        manifest: &Manifest,
        lines: &Lines,
        export: u64,
        size: u64,
        root: &Digest,
    ) -> Result<TileSet<'a>, Failure> {
        let shown = lines.tiles.iter().map(|index| index * u64::from(TILE_WIDTH));
        let anchors = manifest.anchors.iter().map(|anchor| anchor.size);
        let needed = needed(size, shown.chain([export]), anchors);
        let mut needed: Vec<String> = needed.iter().map(TileId::path).collect();
        needed.sort_unstable();
        let members = || self.layout.members().iter().zip(self.contents);
        let held = members().map(|(member, _)| member.name()).filter(|name| name.starts_with(TILES));
        if let Some((name, side)) = first_difference(needed.iter().map(String::as_str), held) {
            let reason = match side {
                Side::Left => "the bundle lacks this tile of the tree",
                Side::Right => "this tile proves nothing that is shown, and does not belong here",
            };
            return Err(Check::Tree.fails(name, reason));
        }
        // A tile too long to be one was not read.
        static NONE: Tile<'static> = Tile::NONE;
        let tiles = members().filter_map(|(member, content)| {
            let id = member.name().parse::<TileId>().ok()?;
            Some((id, if let Content::Tile(tile) = content { tile } else { &NONE }))
        });
        TileSet::check(size, root, tiles).map_err(|error| match error.path() {
            Some(path) => Check::Tree.fails(path, &error),
            None => Check::Tree.fails("root", &error),
        })
    }

    fn export(&self, export: &Line, manifest: &Manifest, sums: &[Sums]) -> Result<(), Failure> {
        let fails = |reason: &str| Err(Check::Export.fails(export.entry.position(), reason));
        if export.entry.kind() != "evidence.exported" {
            return fails("the entry in `export.txt` does not record an export");
        }
        // Each byte of the line follows from the entry and from these names: a field that was taken out afterwards is missed.
        if !export.disclosures.iter().map(Disclosure::name).eq(&manifest.shown) {
            return fails("it does not show exactly the fields that the manifest says, in their order");
        }
        let digest = self.layout.find(MANIFEST).and_then(|(index, _)| sums.get(index)?.sha256);
        let stated = export.field(DIGEST).and_then(|field| field.value().as_str());
        if stated.is_none() || stated != digest.map(|digest| digest.to_hex()).as_deref() {
            return fails("it records the export of a bundle with another manifest");
        }
        Ok(())
    }

    fn policy(&self, key: &VerifierKey) -> Result<Policy, Failure> {
        let fails = |reason: &dyn std::fmt::Display| Check::Policy.fails(POLICY, reason);
        let bytes = self.bytes(POLICY).ok_or_else(|| fails(&"the policy is longer than 1 MiB"))?;
        let policy = Policy::parse(bytes).map_err(|error| fails(&error))?;
        match policy.logs() {
            [log] if log.key == *key => Ok(policy),
            [_] => Err(fails(&"its log is not this record with its last key")),
            logs => Err(fails(&format_args!(
                "it names {} logs, and it has to name this record alone",
                logs.len()
            ))),
        }
    }

    fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        match self.contents.get(self.layout.find(name)?.0)? {
            Content::Bytes(bytes) => Some(bytes),
            Content::Tile(_) | Content::Unread => None,
        }
    }
}

impl Head {
    /// Reads a checkpoint as the record makes them: three lines, and a size that every reader of numbers can hold.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && text.len() <= MAX_NOTE);
        let text = text.ok_or("it is not a text, or longer than 1 MiB")?;
        Self::of(SignedNote::parse(text).map_err(|error| error.to_string())?)
    }

    pub(super) fn of(note: SignedNote) -> Result<Self, String> {
        let checkpoint: Checkpoint = note.text().parse().map_err(|error| format!("{error}"))?;
        if !checkpoint.extensions.is_empty() {
            return Err("it has more than three lines".into());
        }
        if checkpoint.size > MAX_INTEGER + 1 {
            return Err("it states more than 2^53 entries".into());
        }
        Ok(Self { note, checkpoint })
    }
}

fn inclusion(lines: &Lines, export: &Line, tiles: &TileSet<'_>) -> Result<(), Failure> {
    let exported = export.entry.position();
    let outside =
        lines.outside.or_else(|| (tiles.leaf(exported) != Some(export.entry.leaf())).then_some(exported));
    match outside {
        Some(position) => {
            let reason = "the record holds another entry at this position: this one was changed or made up";
            Err(Check::Inclusion.fails(position, reason))
        }
        None => Ok(()),
    }
}

fn files(manifest: &Manifest, lines: &Lines) -> Result<(), Failure> {
    for (index, file) in manifest.files.iter().enumerate() {
        let Some((entry, field)) = &file.proved_by else { continue };
        let reason = match lines.files.get(&index) {
            Some(true) => continue,
            Some(false) => format!("the field `{field}` of entry {entry} is not the digest of this file"),
            None => format!("entry {entry} with its field `{field}` is not shown"),
        };
        return Err(Check::File.fails(&file.path, reason));
    }
    Ok(())
}

fn is_listed(name: &str) -> bool {
    !matches!(name, MANIFEST | EXPORT | CHECKPOINT) && !name.starts_with(TILES)
}

enum Side {
    Left,
    Right,
}

/// The first text that is only in one of two ascending lists.
fn first_difference<'l>(
    left: impl Iterator<Item = &'l str>,
    right: impl Iterator<Item = &'l str>,
) -> Option<(&'l str, Side)> {
    let (mut left, mut right) = (left.fuse(), right.fuse());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(one), None) => return Some((one, Side::Left)),
            (None, Some(other)) => return Some((other, Side::Right)),
            (Some(one), Some(other)) => match one.cmp(other) {
                Ordering::Equal => {}
                Ordering::Less => return Some((one, Side::Left)),
                Ordering::Greater => return Some((other, Side::Right)),
            },
        }
    }
}

impl TileSetError {
    /// The path of the tile that is wrong; none where it is the root.
    fn path(&self) -> Option<&str> {
        match self {
            Self::OutsideTree { path, .. }
            | Self::Missing(path)
            | Self::Length(path)
            | Self::Altered(path) => Some(path),
            Self::OtherRoot => None,
        }
    }
}
