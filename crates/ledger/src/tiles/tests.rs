use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::digest::leaf_hash;
use crate::tests::altered;
use crate::tree::tests::naive_root;
use crate::tree::{inclusion_proof, root_of, verify_inclusion};

/// Tiles in memory: the widest of each place, as the journal keeps them.
pub(crate) struct Tiles(HashMap<(u8, u64), Vec<Digest>>);

impl Tiles {
    pub(crate) fn of(leaves: &[Digest]) -> Self {
        let mut edge = Edge::new();
        let mut tiles = HashMap::new();
        for tile in leaves.iter().flat_map(|leaf| edge.push(*leaf)) {
            assert_eq!(tiles.insert((tile.level, tile.index), tile.hashes), None, "a tile is completed once");
        }
        for (id, hashes) in edge.partial_tiles() {
            assert_eq!(tiles.insert((id.level, id.index), hashes.to_vec()), None);
        }
        Self(tiles)
    }
}

impl HashSource for Tiles {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        let hashes = self.0.get(&(id.level, id.index)).and_then(|tile| tile.get(..usize::from(id.width)));
        hashes.map(<[Digest]>::to_vec).ok_or_else(|| TileError::Missing(id.path()))
    }
}

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn tile(level: u8, index: u64, width: u16) -> TileId {
    TileId { level, index, width }
}

#[test]
fn paths_are_those_of_the_specification() {
    for (id, path) in [
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(0, 1067, 5), "tile/0/x001/067.p/5"),
        (tile(3, 0, 255), "tile/3/000.p/255"),
        (tile(63, u64::MAX, 256), "tile/63/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(id.path(), path);
        assert_eq!(path.parse(), Ok(id));
    }
    for path in [
        "",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/1067",
        "tile/0/001/067",
        "tile/0/x000/067",
        "tile/0/x001/x067",
        "tile/0/xx01/067",
        "tile/+0/067",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/05",
        "tile/0/067.p/5/",
        "/tile/0/067",
        "tile/0/+67",
        "tile/0/x001/067.p/5.p/5",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/067",
    ] {
        assert!(path.parse::<TileId>().is_err(), "{path}");
    }
}

#[test]
fn a_tree_of_70000_has_the_tiles_the_specification_names() {
    let leaves = leaves(70_000);
    let source = Tiles::of(&leaves);
    let full = |level| source.0.iter().filter(|((l, _), hashes)| *l == level && hashes.len() == 256).count();
    assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
    assert_eq!(TileId::at(0, 273, 70_000), Some(tile(0, 273, 112)));
    assert_eq!(TileId::at(1, 1, 70_000), Some(tile(1, 1, 17)));
    assert_eq!(TileId::at(2, 0, 70_000), Some(tile(2, 0, 1)));
    assert_eq!(
        (TileId::at(2, 1, 70_000), TileId::at(3, 0, 70_000), TileId::at(8, 0, u64::MAX)),
        (None, None, None)
    );
    assert_eq!(source.0[&(0, 273)].len(), 112);
    assert_eq!(source.0[&(1, 1)].len(), 17);
    assert_eq!(source.0[&(2, 0)], [naive_root(&leaves[..65_536])]);
    let root = naive_root(&leaves);
    assert_eq!(root_of(70_000, &source).unwrap(), root);
    for index in [0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let proof = inclusion_proof(index, 70_000, &source).unwrap();
        verify_inclusion(&leaves[index as usize], index, 70_000, &proof, &root).unwrap();
    }
}

#[test]
fn an_edge_restored_from_other_widths_is_refused() {
    let mut edge = Edge::new();
    leaves(300).into_iter().for_each(|leaf| drop(edge.push(leaf)));
    let parts = vec![edge.partial(0).to_vec(), edge.partial(1).to_vec()];
    assert_eq!(Edge::restore(300, parts.clone()).as_ref(), Ok(&edge));
    for size in [0, 299, 301, 44, 556, u64::MAX] {
        assert!(Edge::restore(size, parts.clone()).is_err(), "{size}");
    }
    let mut nine = parts.clone();
    nine.resize(8, Vec::new());
    nine.push(vec![edge.root()]);
    assert!(Edge::restore(300, nine).is_err());
    assert!(Edge::restore(300, Vec::new()).is_err());
    assert_eq!(Edge::restore(0, Vec::new()), Ok(Edge::new()));
}

#[test]
fn a_tile_is_read_from_exactly_its_bytes() {
    let hashes = leaves(5);
    let bytes = TileId::encode(&hashes);
    assert_eq!(tile(0, 0, 5).decode(&bytes), Ok(hashes));
    assert!(tile(0, 0, 4).decode(&bytes).is_err());
    assert!(tile(0, 0, 5).decode(&bytes[1..]).is_err());
    assert!(tile(0, 0, 5).decode(&[bytes.as_slice(), &[0]].concat()).is_err());
}

struct TooWide(Tiles);

impl HashSource for TooWide {
    fn tile(&self, id: TileId) -> Result<Vec<Digest>, TileError> {
        let mut hashes = self.0.tile(id)?;
        hashes.push(hashes[0]);
        Ok(hashes)
    }
}

#[test]
fn a_source_that_gives_too_many_hashes_is_found_out() {
    let source = TooWide(Tiles::of(&leaves(10)));
    assert!(matches!(root_of(10, &source), Err(crate::ProofError::Tile(TileError::WrongWidth { .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_edge_is_restored_from_its_partial_tiles(size in 0u64..70_000, more in 0u64..600) {
        let leaves = leaves(size + more);
        let (before, after) = leaves.split_at(size as usize);
        let mut edge = Edge::new();
        before.iter().for_each(|leaf| drop(edge.push(*leaf)));
        let parts = (0..8).map(|level| edge.partial(level).to_vec()).collect();
        let mut again = Edge::restore(size, parts).unwrap();
        for leaf in after {
            prop_assert_eq!(edge.push(*leaf), again.push(*leaf));
        }
        prop_assert_eq!(&edge, &again);
        prop_assert_eq!(edge.root(), naive_root(&leaves));
    }
}

proptest! {
    #[test]
    fn every_path_reads_back(level in 0u8..64, index: u64, width in 1u16..=256) {
        prop_assert_eq!(tile(level, index, width).path().parse(), Ok(tile(level, index, width)));
    }

    #[test]
    fn hostile_paths_never_panic(
        text: String, like in "tile/[0-9]{0,3}/[x0-9/.p+]{0,30}", path in altered("tile/1/x123/x456/789.p/25"),
    ) {
        for text in [text, like, String::from_utf8_lossy(&path).into_owned()] {
            if let Ok(id) = text.parse::<TileId>() {
                prop_assert_eq!(id.path(), text);
            }
        }
    }
}
