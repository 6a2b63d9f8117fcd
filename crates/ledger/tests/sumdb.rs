//! Notes, tiles and proofs by another hand: the packages that Go's checksum database runs on take ours, and we take theirs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger::{
    Checkpoint, Digest, Edge, HashSource, SigningKey, TILE_WIDTH, TileError, TileId, VerifierKey,
    consistency_proof, inclusion_proof, leaf_hash, open_checkpoint, root_of, sign_checkpoint,
    verify_consistency, verify_inclusion,
};
use serde_json::{Value, json};

const ORIGIN: &str = "ringfence.example/record";
/// A tile's width and its neighbours; two levels, and three.
const SIZES: [u64; 12] = [1, 2, 3, 7, 255, 256, 257, 511, 513, 1000, 65_536, 70_001];

/// Builds their side; nothing where Go or its packages are not installed, which is said aloud.
fn sumdb(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("sumdb");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go/sumdb.go");
    // As Debian lays packages of Go: for programs that name no modules.
    let built = Command::new("go")
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .args(["build", "-o", program.to_str().unwrap(), source])
        .output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) if Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb").exists() => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            eprintln!(
                "SKIPPED, NOTHING WAS CHECKED: `golang-go` and `golang-golang-x-mod-dev` are not installed"
            );
            None
        }
    }
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// The tiles of a folder.
struct Folder(PathBuf);

impl HashSource for Folder {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        id.decode(&std::fs::read(self.0.join(id.path())).unwrap())
    }
}

/// Writes a tree of ours into a folder, with proofs of leaves and of earlier trees all over it.
fn write_ours(folder: &Path, size: u64) {
    let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
    let mut edge = Edge::new();
    let (mut roots, mut leaves) = (BTreeMap::new(), Vec::new());
    let write = |id: TileId, hashes: &[Digest]| {
        let path = folder.join(id.path());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, TileId::encode(hashes)).unwrap();
    };
    for position in 0..size {
        let leaf = leaf_hash(format!("entry {position}").as_bytes());
        leaves.push(leaf);
        for tile in edge.push(leaf) {
            write(TileId { level: tile.level, index: tile.index, width: TILE_WIDTH }, &tile.hashes);
        }
        roots.insert(position + 1, edge.root());
    }
    edge.partial_tiles().for_each(|(id, hashes)| write(id, hashes));
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: edge.root(), extensions: Vec::new() };
    let note = sign_checkpoint(&checkpoint, &key).unwrap();
    std::fs::write(folder.join("checkpoint"), note.to_string()).unwrap();

    let tiles = Folder(folder.to_owned());
    let chosen: Vec<u64> = (0..=8).map(|part| (size - 1) * part / 8).collect();
    let inclusion: Vec<Value> = chosen
        .iter()
        .map(|index| {
            let hashes = inclusion_proof(*index, size, &tiles).unwrap();
            json!({ "index": index, "leaf": leaves[*index as usize], "hashes": hashes })
        })
        .collect();
    let consistency: Vec<Value> = chosen
        .iter()
        .map(|before| {
            let old = before + 1;
            let hashes = consistency_proof(old, size, &tiles).unwrap();
            json!({ "old": old, "root": roots[&old], "hashes": hashes })
        })
        .collect();
    let tree =
        json!({ "key": key.verifier().to_string(), "inclusion": inclusion, "consistency": consistency });
    std::fs::write(folder.join("tree.json"), tree.to_string()).unwrap();
}

#[test]
fn they_take_our_notes_tiles_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = sumdb(folder.path()) else { return };
    for size in SIZES {
        let place = folder.path().join(size.to_string());
        std::fs::create_dir(&place).unwrap();
        write_ours(&place, size);
        let checked = run(&program, &["check", place.to_str().unwrap()]);
        assert!(checked.status.success(), "{size}: {}", String::from_utf8_lossy(&checked.stderr));
    }

    // That they look: a bit changed in anything is not taken.
    let place = folder.path().join("513");
    let files = ["checkpoint", "tile/0/000", "tile/0/002.p/1", "tile/1/000.p/2", "tree.json"];
    for name in files {
        let path = place.join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        // In the tree it is a digit of a proof's hash.
        let at = if name == "tree.json" { good.len() / 2 } else { good.len() - 9 };
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        std::fs::write(&path, bad).unwrap();
        assert!(!run(&program, &["check", place.to_str().unwrap()]).status.success(), "{name}");
        std::fs::write(&path, good).unwrap();
    }
    assert!(run(&program, &["check", place.to_str().unwrap()]).status.success());
}

#[test]
fn we_take_their_notes_tiles_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = sumdb(folder.path()) else { return };
    for size in SIZES {
        let place = folder.path().join(size.to_string());
        std::fs::create_dir(&place).unwrap();
        let made = run(&program, &["make", place.to_str().unwrap(), &size.to_string()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let tree: Value = serde_json::from_slice(&std::fs::read(place.join("tree.json")).unwrap()).unwrap();
        let key: VerifierKey = tree["key"].as_str().unwrap().parse().unwrap();
        let note = std::fs::read_to_string(place.join("checkpoint")).unwrap();
        let checkpoint = open_checkpoint(&note, &key, "sumdb.example/tree").unwrap();
        assert_eq!(checkpoint.size, size);
        assert!(open_checkpoint(&note.replace("sumdb", "sundb"), &key, "sundb.example/tree").is_err());

        let tiles = Folder(place.clone());
        assert_eq!(root_of(size, &tiles).unwrap(), checkpoint.root);
        let hashes = |one: &Value| -> Vec<Digest> {
            // An empty list is `null` there.
            Option::unwrap_or_default(serde_json::from_value(one["hashes"].clone()).unwrap())
        };
        let root = &checkpoint.root;
        for one in tree["inclusion"].as_array().unwrap() {
            let (index, proof) = (one["index"].as_u64().unwrap(), hashes(one));
            let leaf = leaf_hash(format!("record {index}\n").as_bytes());
            assert_eq!(json!(leaf), one["leaf"]);
            assert!(verify_inclusion(&leaf, index, size, &proof, root).is_ok());
            assert!(verify_inclusion(&leaf_hash(b"another"), index, size, &proof, root).is_err());
            assert_eq!(inclusion_proof(index, size, &tiles).unwrap(), proof);
        }
        for one in tree["consistency"].as_array().unwrap() {
            let (old, proof) = (one["old"].as_u64().unwrap(), hashes(one));
            let before: Digest = serde_json::from_value(one["root"].clone()).unwrap();
            assert!(verify_consistency(old, size, &before, root, &proof).is_ok());
            assert!(verify_consistency(old, size, &leaf_hash(b"another"), root, &proof).is_err());
            assert_eq!(consistency_proof(old, size, &tiles).unwrap(), proof);
        }
    }
}
