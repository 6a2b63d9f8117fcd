//! One change, by chance, to a bundle that is as it should be: to its bytes, or to what it is made of. None may verify.

use ledger::archive::Layout;
use ledger::{Line, SignedNote, archive, cosign, sign_checkpoint};
use serde_json::{Value, json};

use super::{Bundle, key, record_key, witness};

/// Numbers that look like chance, and are the same for the same seed (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    /// A byte that is not nothing.
    fn flip(&mut self) -> u8 {
        match self.below(3) {
            0 => 1 << self.below(8),
            _ => 1 + self.below(255) as u8,
        }
    }
}

/// A bundle, and its bytes.
pub struct Original {
    pub bundle: Bundle,
    pub zip: Vec<u8>,
    names: Vec<String>,
}

type Change = fn(&Original, &mut Chance) -> Option<Vec<u8>>;

/// What is changed, and how.
pub const CHANGES: [(&str, Change); 32] = [
    ("a byte of the file", byte_of_file),
    ("a byte of the file more or less", length_of_file),
    ("the file is cut off", cut_off),
    ("a part of the file again", part_again),
    ("a byte of a header", byte_of_header),
    ("a byte of a member", byte_of_member),
    ("a byte of a member more or less", length_of_member),
    ("a member is missing", |original, chance| {
        changed(original, |bundle| drop(bundle.members.remove(chance.pick(&original.names))))
    }),
    ("a member more", another_member),
    ("a member has another name", other_name),
    ("two members change places", two_members),
    ("two lines change places", two_lines),
    ("a line is missing", |original, chance| {
        lines(original, |lines| drop(lines.remove(chance.below(lines.len()))))
    }),
    ("a line stands twice", |original, chance| {
        lines(original, |lines| {
            let line = chance.pick(lines).clone();
            lines.insert(chance.below(lines.len() + 1), line);
        })
    }),
    ("a line stands for the export", export_by_line),
    ("a field moves to another entry", moved_field),
    ("a field is withheld", withheld_field),
    ("a field stands twice", |original, chance| {
        lines(original, |lines| {
            let line = chance.below(lines.len());
            if let Some((_, field)) = lines[line].clone().split_once('~') {
                lines[line] += &format!("~{}", field.split('~').next().unwrap());
            }
        })
    }),
    ("a field that is withheld is made up", made_up_field),
    ("a field of the export is withheld", |original, chance| {
        export_fields(original, |fields| drop(fields.remove(chance.below(fields.len()))))
    }),
    ("two fields of the export change places", |original, chance| {
        export_fields(original, |fields| {
            let (one, other) = (chance.below(fields.len()), chance.below(fields.len()));
            fields.swap(one, other);
        })
    }),
    ("a value in the manifest", manifest_value),
    ("two values in the manifest change places", manifest_swap),
    ("a value in the manifest is missing", manifest_missing),
    ("two hashes of a tile change places", two_hashes),
    ("a hash of a tile is another", other_hash),
    ("anchors change places", two_anchors),
    ("a signature is another's", other_signature),
    ("a signature is missing", no_signature),
    ("a signature more", more_signatures),
    ("another head of the record", other_head),
    ("a word of the policy", policy_word),
];

impl Original {
    pub fn new(bundle: Bundle) -> Self {
        let zip = bundle.zip();
        Self { names: bundle.members.keys().cloned().collect(), zip, bundle }
    }

    /// What was changed, and the bytes then. Nothing where the change by chance changes nothing.
    pub fn mutate(&self, chance: &mut Chance) -> Option<(&'static str, Vec<u8>)> {
        let (what, change) = chance.pick(&CHANGES);
        let bytes = change(self, chance).filter(|bytes| *bytes != self.zip)?;
        Some((what, bytes))
    }
}

fn changed(original: &Original, change: impl FnOnce(&mut Bundle)) -> Option<Vec<u8>> {
    let mut bundle = original.bundle.clone();
    change(&mut bundle);
    // Names that no archive can have are not written.
    archive::write(bundle.members.iter().map(|(name, content)| (name.as_str(), content.as_slice()))).ok()
}

fn lines(original: &Original, change: impl FnOnce(&mut Vec<String>)) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let mut lines: Vec<String> = bundle.text("entries.txt").lines().map(str::to_owned).collect();
        change(&mut lines);
        bundle.set("entries.txt", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    })
}

fn byte_of_file(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut bytes = original.zip.clone();
    let at = chance.below(bytes.len());
    bytes[at] ^= chance.flip();
    Some(bytes)
}

fn length_of_file(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut bytes = original.zip.clone();
    let at = chance.below(bytes.len());
    if chance.below(2) == 0 {
        bytes.remove(at);
    } else {
        bytes.insert(at, chance.next() as u8);
    }
    Some(bytes)
}

fn cut_off(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let at = chance.below(original.zip.len());
    Some(if chance.below(2) == 0 { original.zip[..at].to_vec() } else { original.zip[at + 1..].to_vec() })
}

fn part_again(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let (from, to) = (chance.below(original.zip.len()), chance.below(original.zip.len()));
    let part = &original.zip[from.min(to)..from.max(to)];
    let at = chance.below(original.zip.len() + 1);
    Some([&original.zip[..at], part, &original.zip[at..]].concat())
}

fn byte_of_header(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let read = |offset: u64, length: usize| {
        Ok::<_, archive::Unreadable>((&original.zip[offset as usize..][..length]).into())
    };
    let layout = Layout::read(original.zip.len() as u64, read).unwrap();
    let mut bytes = original.zip.clone();
    let member = chance.pick(layout.members());
    let header = member.header().len();
    let after = original.zip.len() - layout.end().len();
    let at = match chance.below(3) {
        0 => member.offset() as usize - header + chance.below(header),
        1 => after + chance.below(layout.end().len()),
        _ => bytes.len() - 1 - chance.below(22),
    };
    bytes[at] ^= chance.flip();
    Some(bytes)
}

fn byte_of_member(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let content = bundle.members.get_mut(chance.pick(&original.names)).unwrap();
        if !content.is_empty() {
            let at = chance.below(content.len());
            content[at] ^= chance.flip();
        }
    })
}

fn length_of_member(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let content = bundle.members.get_mut(chance.pick(&original.names)).unwrap();
        match chance.below(3) {
            0 => content.insert(chance.below(content.len() + 1), chance.next() as u8),
            1 if !content.is_empty() => drop(content.drain(chance.below(content.len())..)),
            _ if !content.is_empty() => {
                content.remove(chance.below(content.len()));
            }
            _ => content.push(0),
        }
    })
}

fn another_member(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let names = [
        "a",
        "evil.html",
        "documents/D-2.txt",
        "anchors/1/checkpoint",
        "anchors/8/1.tsr",
        "tile/0/000",
        "tile/3/000.p/1",
        "tile/entries/000",
        "entries.txt.txt",
        "manifest.jsom",
        "zzz",
    ];
    changed(original, |bundle| {
        let content = bundle.members[chance.pick(&original.names)].clone();
        bundle.members.entry((*chance.pick(&names)).to_owned()).or_insert(content);
    })
}

fn other_name(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let name = chance.pick(&original.names);
        let content = bundle.members.remove(name).unwrap();
        let mut other = name.clone().into_bytes();
        let at = chance.below(other.len());
        other[at] = *chance.pick(b"abcxyzABC0189.-_/");
        bundle.members.insert(String::from_utf8(other).unwrap(), content);
    })
}

fn two_members(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let (one, other) = (chance.pick(&original.names), chance.pick(&original.names));
        let contents = (bundle.members[one].clone(), bundle.members[other].clone());
        bundle.set(one, contents.1);
        bundle.set(other, contents.0);
    })
}

fn two_lines(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    lines(original, |lines| {
        let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
        lines.swap(one, other);
    })
}

fn export_by_line(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let lines = bundle.text("entries.txt");
        let lines: Vec<&str> = lines.lines().collect();
        bundle.set("export.txt", format!("{}\n", chance.pick(&lines)));
    })
}

fn export_fields(original: &Original, change: impl FnOnce(&mut Vec<String>)) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let line = bundle.text("export.txt");
        let mut parts: Vec<String> = line.trim_end().split('~').map(str::to_owned).collect();
        let mut fields = parts.split_off(1);
        change(&mut fields);
        parts.append(&mut fields);
        bundle.set("export.txt", parts.join("~") + "\n");
    })
}

fn moved_field(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    lines(original, |lines| {
        let (from, to) = (chance.below(lines.len()), chance.below(lines.len()));
        let parts: Vec<String> = lines[from].split('~').map(str::to_owned).collect();
        if parts.len() > 1 {
            let field = 1 + chance.below(parts.len() - 1);
            let mut rest = parts.clone();
            rest.remove(field);
            lines[from] = rest.join("~");
            lines[to] += &format!("~{}", parts[field]);
        }
    })
}

fn withheld_field(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    lines(original, |lines| {
        let at = chance.below(lines.len());
        let mut parts: Vec<&str> = lines[at].split('~').collect();
        if parts.len() > 1 {
            parts.remove(1 + chance.below(parts.len() - 1));
        }
        lines[at] = parts.join("~");
    })
}

fn made_up_field(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    lines(original, |lines| {
        let at = chance.below(lines.len());
        let position = Line::parse(lines[at].as_bytes()).unwrap().entry.position();
        let (_, fields) = super::entry(position, super::BEGIN, "k", &[("name", json!(chance.next() % 3))]);
        lines[at] += &format!("~{}", fields[0].encoded());
    })
}

fn manifest(original: &Original, change: impl FnOnce(&mut Value)) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let mut manifest = serde_json::from_slice(&bundle.members["manifest.json"]).unwrap();
        change(&mut manifest);
        bundle.set("manifest.json", format!("{manifest:#}\n"));
    })
}

/// The places of all values in a value, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found))
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| places(item, &format!("{at}/{name}"), found))
        }
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

fn place(value: &Value, chance: &mut Chance) -> String {
    let mut found = Vec::new();
    places(value, "", &mut found);
    chance.pick(&found).clone()
}

fn manifest_value(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    manifest(original, |manifest| {
        let at = place(manifest, chance);
        let value = manifest.pointer_mut(&at).unwrap();
        let choice = chance.below(4);
        *value = match (value.clone(), choice) {
            (Value::String(text), 0 | 1) if text.is_ascii() && !text.is_empty() => {
                let mut bytes = text.into_bytes();
                let at = chance.below(bytes.len());
                bytes[at] = *chance.pick(b"abcdef0123456789./-+AZ");
                json!(String::from_utf8(bytes).unwrap())
            }
            (Value::Number(number), 0 | 1) => {
                json!(number.as_u64().unwrap_or(0) as i64 + chance.pick(&[1, -1, 2, 256]))
            }
            (_, 2) => Value::Null,
            (value, 3) => json!([value]),
            _ => json!(chance.next() % 1000),
        };
    })
}

fn manifest_swap(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    manifest(original, |manifest| {
        let (one, other) = (place(manifest, chance), place(manifest, chance));
        if !one.starts_with(&format!("{other}/")) && !other.starts_with(&format!("{one}/")) {
            let value = manifest.pointer(&one).unwrap().clone();
            let value = std::mem::replace(manifest.pointer_mut(&other).unwrap(), value);
            *manifest.pointer_mut(&one).unwrap() = value;
        }
    })
}

fn manifest_missing(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    manifest(original, |manifest| {
        let at = place(manifest, chance);
        let (above, last) = at.rsplit_once('/').unwrap();
        match manifest.pointer_mut(above).unwrap() {
            Value::Array(items) => drop(items.remove(last.parse().unwrap())),
            Value::Object(members) => drop(members.remove(last)),
            _ => {}
        }
    })
}

fn tile<'o>(original: &'o Original, chance: &mut Chance) -> &'o String {
    let tiles: Vec<&String> = original.names.iter().filter(|name| name.starts_with("tile/")).collect();
    tiles[chance.below(tiles.len())]
}

fn two_hashes(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let tile = bundle.members.get_mut(tile(original, chance)).unwrap();
        let (one, other) = (chance.below(tile.len() / 32), chance.below(tile.len() / 32));
        for n in 0..32 {
            tile.swap(32 * one + n, 32 * other + n);
        }
    })
}

fn other_hash(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let name = tile(original, chance);
        let from = bundle.members[tile(original, chance)].clone();
        let from = 32 * chance.below(from.len() / 32)..;
        // Beyond the end of the tile that is changed: a hash that is none.
        let hash = original.bundle.members[name].get(from).and_then(<[u8]>::first_chunk);
        let hash = hash.copied().unwrap_or([7; 32]);
        let tile = bundle.members.get_mut(name).unwrap();
        let at = 32 * chance.below(tile.len() / 32);
        tile[at..at + 32].copy_from_slice(&hash);
    })
}

fn anchors(original: &Original) -> Vec<&String> {
    original
        .names
        .iter()
        .filter(|name| name.starts_with("anchors/") && name.ends_with("checkpoint"))
        .collect()
}

fn two_anchors(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    let anchors = anchors(original);
    changed(original, |bundle| {
        let (one, other) = (*chance.pick(&anchors), *chance.pick(&anchors));
        let contents = (bundle.members[one].clone(), bundle.members[other].clone());
        bundle.set(one, contents.1);
        if chance.below(2) == 0 {
            bundle.set(other, contents.0);
        }
    })
}

fn note(
    original: &Original,
    chance: &mut Chance,
    change: impl FnOnce(SignedNote, &mut Chance) -> String,
) -> Option<Vec<u8>> {
    let mut notes = anchors(original);
    let checkpoint = "checkpoint".to_owned();
    notes.push(&checkpoint);
    let name = *chance.pick(&notes);
    changed(original, |bundle| {
        let note = SignedNote::parse(&bundle.text(name)).unwrap();
        let changed = change(note, chance);
        bundle.set(name, changed);
    })
}

fn signature_lines(note: &SignedNote) -> Vec<String> {
    note.signatures().iter().map(|signature| format!("{signature}\n")).collect()
}

fn other_signature(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    note(original, chance, |note, chance| {
        let mut lines = signature_lines(&note);
        let at = chance.below(lines.len());
        let other = [record_key(0), record_key(1), record_key(2), key(super::ORIGIN, 66)];
        let signed = SignedNote::sign(note.text(), &[chance.pick(&other)]).unwrap();
        let cosigned =
            cosign(note.text(), &witness(1 + chance.below(4) as u8), 1_772_528_400 + chance.next() % 9999);
        lines[at] = match chance.below(2) {
            0 => signature_lines(&signed)[0].clone(),
            _ => format!("{}\n", cosigned.unwrap()),
        };
        format!("{}\n{}", note.text(), lines.concat())
    })
}

fn no_signature(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    note(original, chance, |note, chance| {
        let mut lines = signature_lines(&note);
        lines.remove(chance.below(lines.len()));
        format!("{}\n{}", note.text(), lines.concat())
    })
}

fn more_signatures(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    note(original, chance, |note, chance| {
        let mut lines = signature_lines(&note);
        let line = chance.pick(&lines).clone();
        let cosigned = cosign(note.text(), &witness(1 + chance.below(4) as u8), 1_772_528_400).unwrap();
        let more = if chance.below(2) == 0 { line } else { format!("{cosigned}\n") };
        lines.insert(chance.below(lines.len() + 1), more);
        format!("{}\n{}", note.text(), lines.concat())
    })
}

/// Whoever has no key of the record signs what they like, or takes a head that was signed for something else.
fn other_head(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    note(original, chance, |note, chance| {
        let mut checkpoint: ledger::Checkpoint = note.text().parse().unwrap();
        match chance.below(3) {
            0 => checkpoint.size += 1 + chance.next() % 300,
            1 => checkpoint.root.0[chance.below(32)] ^= chance.flip(),
            _ => checkpoint.origin.push('x'),
        }
        match chance.below(2) {
            0 => sign_checkpoint(&checkpoint, &key(super::ORIGIN, 66)).unwrap().to_string(),
            _ => format!("{checkpoint}\n{}", signature_lines(&note).concat()),
        }
    })
}

fn policy_word(original: &Original, chance: &mut Chance) -> Option<Vec<u8>> {
    changed(original, |bundle| {
        let text = bundle.text("policy");
        let mut words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
        let at = chance.below(words.len());
        match chance.below(3) {
            0 => drop(words.remove(at)),
            1 => words[at] = "none\n",
            _ => words.swap(at, chance.below(text.split_inclusive(char::is_whitespace).count())),
        }
        bundle.set("policy", words.concat());
    })
}
