//! Writes a large bundle, and says how long it takes to verify it.
//!
//!     cargo run --release -p verifier --example big -- FILE.zip ENTRIES
//!     /usr/bin/time -v target/release/ringfence-verify FILE.zip

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool that cannot go on has failed"
)]

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use ledger::archive::{Layout, crc32};
use ledger::bundle::{FileItem, Manifest, Options, Summing};
use ledger::tile_set::needed;
use ledger::{
    Checkpoint, Digest, Disclosure, Edge, Entry, Line, Salt, SigningKey, TILE_WIDTH, TileId, sha256,
    sign_checkpoint,
};
use serde_json::{Map, Value, json};
use verifier::read::verify_file;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, count] = arguments.as_slice() else {
        println!("big FILE.zip ENTRIES");
        std::process::exit(2);
    };
    let place = Path::new(place);
    let begun = Instant::now();
    write(place, count.parse().unwrap());
    let length = std::fs::metadata(place).unwrap().len();
    println!("written: {} MB in {:.1} s", length / 1_000_000, begun.elapsed().as_secs_f64());
    for _ in 0..3 {
        let begun = Instant::now();
        let verdict = verify_file(place, &Options::default()).unwrap();
        println!("{}: {:.2} s", verdict.word(), begun.elapsed().as_secs_f64());
    }
}

/// An entry with five fields, as acts have them.
fn line(position: u64) -> Line {
    let field = |number: u64, name: &str, value: Value| {
        let mixed = (position * 8 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let salt = u128::from(mixed) << 64 | u128::from(mixed.rotate_left(29) ^ number);
        Disclosure::new(Salt(salt.to_be_bytes()), name, value).unwrap()
    };
    let disclosures = vec![
        field(0, "by", json!(format!("P-{}", position % 1000))),
        field(1, "document", json!(format!("D-{}", position % 5000))),
        field(2, "secret", json!(format!("S-{}", position % 300))),
        field(3, "reason", json!("needed for an order")),
        field(4, "grant", json!(format!("G-{position}"))),
    ];
    let time = 1_772_528_400_000 + 997 * position as i64;
    Line { entry: Entry::new(position, time, "document.opened", &disclosures).unwrap(), disclosures }
}

fn write(place: &Path, count: u64) {
    let key = SigningKey::from_seed("ringfence.example/record", &[1; 32]).unwrap();
    let policy = format!("log {}\nquorum none\n", key.verifier()).into_bytes();

    // Once for its size and sums, and for the tree; then again into the file.
    let (mut edge, mut tiles) = (Edge::new(), BTreeMap::new());
    let (mut sums, mut size) = (Summing::begin("entries.txt"), 0);
    let mut push = |edge: &mut Edge, leaf: Digest| {
        for tile in edge.push(leaf) {
            let id = TileId { level: tile.level, index: tile.index, width: TILE_WIDTH };
            tiles.insert(id, tile.hashes);
        }
    };
    for position in 0..count {
        let line = line(position);
        let mut text = line.to_bytes();
        text.push(b'\n');
        sums.update(&text);
        size += text.len() as u64;
        push(&mut edge, line.entry.leaf());
    }
    let sums = sums.finish();
    let file = |path: &str, sha256: Digest, size: u64| FileItem {
        path: path.into(),
        sha256,
        size,
        proved_by: None,
        said: Map::new(),
    };
    let manifest = Manifest {
        origin: "ringfence.example/record".into(),
        keys: vec![key.verifier().clone()],
        anchors: Vec::new(),
        files: vec![
            file("entries.txt", sums.sha256.unwrap(), size),
            file("policy", sha256(&policy), policy.len() as u64),
        ],
        shown: vec!["manifest".into()],
        said: Map::new(),
    };
    let manifest = manifest.to_bytes();
    let stated = Disclosure::new(Salt([0; 16]), "manifest", json!(sha256(&manifest).to_hex())).unwrap();
    let time = 1_772_528_400_000 + 997 * count as i64;
    let export = Entry::new(count, time, "evidence.exported", std::slice::from_ref(&stated)).unwrap();
    push(&mut edge, export.leaf());
    let mut export = Line { entry: export, disclosures: vec![stated] }.to_bytes();
    export.push(b'\n');
    let (size_of_tree, root) = (edge.size(), edge.root());
    let checkpoint = Checkpoint {
        origin: "ringfence.example/record".into(),
        size: size_of_tree,
        root,
        extensions: Vec::new(),
    };
    let checkpoint = sign_checkpoint(&checkpoint, &key).unwrap().to_string().into_bytes();

    let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::from([
        ("checkpoint".to_owned(), checkpoint),
        ("export.txt".to_owned(), export),
        ("manifest.json".to_owned(), manifest),
        ("policy".to_owned(), policy),
    ]);
    tiles.extend(edge.partial_tiles().map(|(id, hashes)| (id, hashes.to_vec())));
    for id in needed(size_of_tree, 0..size_of_tree, []) {
        members.insert(id.path(), tiles[&id].iter().flat_map(|hash| hash.0).collect());
    }
    let mut stated: Vec<(String, u64, u32)> =
        members.iter().map(|(name, content)| (name.clone(), content.len() as u64, crc32(content))).collect();
    stated.push(("entries.txt".to_owned(), size, sums.crc));
    stated.sort();
    let layout = Layout::plan(stated).unwrap();
    let mut out = BufWriter::new(std::fs::File::create(place).unwrap());
    for member in layout.members() {
        out.write_all(&member.header()).unwrap();
        match members.get(member.name()) {
            Some(content) => out.write_all(content).unwrap(),
            None => {
                for position in 0..count {
                    out.write_all(&line(position).to_bytes()).unwrap();
                    out.write_all(b"\n").unwrap();
                }
            }
        }
    }
    out.write_all(&layout.end()).unwrap();
    out.flush().unwrap();
}
