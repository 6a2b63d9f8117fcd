use proptest::prelude::*;

use super::*;
use crate::digest::leaf_hash;
use crate::tree::tests::naive_root;

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// Every tile of a tree, as a bundle would hold it.
fn all(leaves: &[Digest]) -> BTreeMap<TileId, Tile<'static>> {
    let mut edge = Edge::new();
    let bytes = |hashes: &[Digest]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    let mut tiles = BTreeMap::new();
    for full in leaves.iter().flat_map(|leaf| edge.push(*leaf)) {
        let id = TileId { level: full.level, index: full.index, width: TILE_WIDTH };
        tiles.insert(id, Tile::new(bytes(&full.hashes)));
    }
    tiles.extend(edge.partial_tiles().map(|(id, hashes)| (id, Tile::new(bytes(hashes)))));
    tiles
}

fn chosen(
    tiles: &BTreeMap<TileId, Tile<'static>>,
    needed: &BTreeSet<TileId>,
) -> BTreeMap<TileId, Tile<'static>> {
    needed.iter().map(|id| (*id, tiles[id].clone())).collect()
}

fn check<'a>(
    size: u64,
    root: &Digest,
    tiles: &'a BTreeMap<TileId, Tile<'a>>,
) -> Result<TileSet<'a>, TileSetError> {
    TileSet::check(size, root, tiles.iter().map(|(id, tile)| (*id, tile)))
}

fn paths(size: u64, positions: &[u64], anchors: &[u64]) -> Vec<String> {
    let needed = needed(size, positions.iter().copied(), anchors.iter().copied());
    needed.iter().map(TileId::path).collect()
}

#[test]
fn the_tiles_needed_are_those_of_the_document() {
    assert_eq!(paths(0, &[], &[]), [""; 0]);
    assert_eq!(paths(1, &[0], &[]), ["tile/0/000.p/1"]);
    assert_eq!(paths(256, &[], &[]), ["tile/1/000.p/1"]);
    assert_eq!(paths(256, &[255], &[]), ["tile/0/000", "tile/1/000.p/1"]);
    let edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
    assert_eq!(paths(70_000, &[69_999], &[]), edge);
    assert_eq!(
        paths(70_000, &[1000], &[]),
        ["tile/0/003", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    // The hashes of an anchor stand in tiles that are full today.
    assert_eq!(
        paths(70_000, &[], &[812]),
        ["tile/0/003", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    assert_eq!(paths(70_000, &[], &[65_536]), edge);
    assert_eq!(paths(70_000, &[], &[69_888]), edge);
    assert_eq!(paths(70_000, &[70_000, u64::MAX], &[70_000, 70_001, u64::MAX]), edge);
    assert_eq!(paths(u64::MAX, &[], &[]).len(), 8);
}

#[test]
fn a_tile_that_is_not_the_trees_is_found_out() {
    let leaves = leaves(70_000);
    let (size, root) = (70_000, naive_root(&leaves));
    let tiles = chosen(&all(&leaves), &needed(size, [5, 69_999], [812]));
    assert!(check(size, &root, &tiles).is_ok());
    assert_eq!(check(size, &naive_root(&leaves[1..]), &tiles).unwrap_err(), TileSetError::OtherRoot);
    assert!(check(size + 1, &root, &tiles).is_err());
    assert!(check(size - 1, &root, &tiles).is_err());
    for id in tiles.keys() {
        let path = id.path();
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = tiles[id].bytes.to_vec();
            change(&mut bytes);
            let mut tiles = tiles.clone();
            tiles.insert(*id, Tile::new(bytes));
            check(size, &root, &tiles).unwrap_err()
        };
        let altered = with(&|bytes| *bytes.last_mut().unwrap() ^= 1);
        match altered {
            // The lower of two that do not fit.
            TileSetError::Altered(at) => {
                let lower = at.parse::<TileId>().unwrap();
                assert!(at == path || (lower.level + 1, lower.index / 256) == (id.level, id.index), "{at}");
            }
            other => assert_eq!((other, id.is_full()), (TileSetError::OtherRoot, false)),
        }
        // A single hash stands where it stood, however it is turned.
        if id.width > 1 {
            let swapped = with(&|bytes| bytes.rotate_left(32));
            assert!(matches!(swapped, TileSetError::Altered(_) | TileSetError::OtherRoot));
        }
        assert_eq!(with(&|bytes| bytes.truncate(bytes.len() - 1)), TileSetError::Length(path.clone()));
        assert_eq!(with(&|bytes| bytes.extend([0; 32])), TileSetError::Length(path));
        // Only a lowest tile can be left away, and then says nothing.
        let mut fewer = tiles.clone();
        fewer.remove(id);
        match check(size, &root, &fewer) {
            Ok(set) => {
                assert_eq!((id.level, id.is_full()), (0, true));
                assert_eq!(set.leaf(id.index * 256), None);
            }
            Err(error) => assert!(matches!(error, TileSetError::Missing(_)), "{error}"),
        }
    }
    let mut more = tiles.clone();
    more.insert(TileId { level: 0, index: 273, width: 3 }, Tile::new(vec![0; 96]));
    assert!(matches!(check(size, &root, &more), Err(TileSetError::OutsideTree { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_is_needed_is_enough(
        size in 1u64..70_000,
        positions in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        anchors in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let leaves = leaves(size);
        let root = naive_root(&leaves);
        let pick = |index: &prop::sample::Index| index.index(size as usize) as u64;
        let positions: Vec<u64> = positions.iter().map(pick).collect();
        let anchors: Vec<u64> = anchors.iter().map(pick).collect();
        let needed = needed(size, positions.iter().copied(), anchors.iter().copied());
        let tiles = chosen(&all(&leaves), &needed);
        let set = check(size, &root, &tiles).unwrap();
        prop_assert_eq!(set.root_at(size), Some(root));
        prop_assert_eq!(set.root_at(size + 1), None);
        for position in positions {
            prop_assert_eq!(set.leaf(position), Some(leaves[position as usize]));
        }
        for anchor in anchors {
            prop_assert_eq!(set.root_at(anchor), Some(naive_root(&leaves[..anchor as usize])));
        }
    }
}
