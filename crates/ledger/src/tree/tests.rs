use proptest::prelude::*;

use super::*;
use crate::digest::leaf_hash;
use crate::tiles::tests::Tiles;

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// The definition of RFC 6962, section 2.1, word for word.
pub(crate) fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => EMPTY_ROOT,
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            node_hash(&naive_root(&many[..k]), &naive_root(&many[k..]))
        }
    }
}

/// RFC 6962, section 2.1.1, word for word.
fn naive_path(m: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, last) = if m < k {
        (naive_path(m, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(m - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(last);
    path
}

/// RFC 6962, section 2.1.2, word for word.
fn naive_subproof(m: usize, leaves: &[Digest], known: bool) -> Vec<Digest> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, last) = if m <= k {
        (naive_subproof(m, &leaves[..k], known), naive_root(&leaves[k..]))
    } else {
        (naive_subproof(m - k, &leaves[k..], false), naive_root(&leaves[..k]))
    };
    path.push(last);
    path
}

fn roots(leaves: &[Digest]) -> Vec<Digest> {
    let mut frontier = Frontier::new();
    let mut roots = vec![frontier.root()];
    for leaf in leaves {
        frontier.push(*leaf);
        roots.push(frontier.root());
    }
    roots
}

fn reference() -> Vec<Digest> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .map(|hex| leaf_hash(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()))
        .to_vec()
}

fn hex(hashes: &[Digest]) -> Vec<String> {
    hashes.iter().map(Digest::to_hex).collect()
}

#[test]
fn reference_tree_of_certificate_transparency_has_the_known_roots() {
    assert_eq!(
        hex(&roots(&reference())),
        [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
    );
}

#[test]
fn reference_tree_has_the_known_proofs() {
    let source = Tiles::of(&reference());
    let a = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    let b = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    let c = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    let d = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    let e = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    let f = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    let g = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    let two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    assert_eq!(hex(&inclusion_proof(0, 8, &source).unwrap()), [a, b, c]);
    assert_eq!(hex(&inclusion_proof(5, 8, &source).unwrap()), [d, e, f]);
    assert_eq!(hex(&inclusion_proof(2, 3, &source).unwrap()), [two]);
    assert_eq!(hex(&consistency_proof(1, 8, &source).unwrap()), [a, b, c]);
    assert_eq!(hex(&consistency_proof(6, 8, &source).unwrap()), [g, e, f]);
    assert_eq!(hex(&consistency_proof(2, 5, &source).unwrap()), [b, d]);
}

#[test]
fn every_inclusion_proof_up_to_300_is_the_definition_and_verifies() {
    let leaves = leaves(300);
    let (roots, source) = (roots(&leaves), Tiles::of(&leaves));
    for size in 1..=300usize {
        assert_eq!(roots[size], naive_root(&leaves[..size]));
        assert_eq!(root_of(size as u64, &source).unwrap(), roots[size]);
        // Naive recursion over each leaf of each size takes long: the definition is compared on a sample.
        let sample = [0, 1, size / 3, size / 2, size.saturating_sub(2), size - 1];
        for index in 0..size {
            let proof = inclusion_proof(index as u64, size as u64, &source).unwrap();
            if sample.contains(&index) {
                assert_eq!(proof, naive_path(index, &leaves[..size]));
            }
            verify_inclusion(&leaves[index], index as u64, size as u64, &proof, &roots[size]).unwrap();
        }
    }
}

#[test]
fn every_consistency_proof_up_to_300_verifies_and_is_the_definition() {
    let leaves = leaves(300);
    let (roots, source) = (roots(&leaves), Tiles::of(&leaves));
    for new in 0..=300usize {
        for old in 0..=new {
            let proof = consistency_proof(old as u64, new as u64, &source).unwrap();
            if old > 0 && (old + new) % 7 == 0 {
                assert_eq!(proof, naive_subproof(old, &leaves[..new], true));
            }
            verify_consistency(old as u64, new as u64, &roots[old], &roots[new], &proof).unwrap();
            if 0 < old && old < new {
                let other = verify_consistency(old as u64, new as u64, &roots[old - 1], &roots[new], &proof);
                assert!(other.is_err());
                let other = verify_consistency(old as u64, new as u64, &roots[old], &roots[new - 1], &proof);
                assert!(other.is_err());
            }
        }
    }
}

#[test]
fn nothing_is_proved_outside_the_tree() {
    let leaves = leaves(5);
    let source = Tiles::of(&leaves);
    assert_eq!(inclusion_proof(5, 5, &source), Err(ProofError::NotInTree { index: 5, size: 5 }));
    assert_eq!(inclusion_proof(0, 0, &source), Err(ProofError::NotInTree { index: 0, size: 0 }));
    assert_eq!(consistency_proof(3, 2, &source), Err(ProofError::Shrunk { old: 3, new: 2 }));
    assert!(matches!(inclusion_proof(0, 9, &source), Err(ProofError::Tile(_))));
    assert!(verify_inclusion(&leaves[0], 0, 0, &[], &EMPTY_ROOT).is_err());
    assert!(verify_consistency(0, 5, &leaves[0], &leaves[1], &[]).is_err());
    assert!(verify_consistency(0, 5, &EMPTY_ROOT, &leaves[1], &[leaves[2]]).is_err());
    assert!(verify_consistency(3, 5, &leaves[0], &leaves[1], &[]).is_err());
    assert!(verify_consistency(5, 5, &leaves[0], &leaves[1], &[]).is_err());
    assert!(verify_consistency(0, 0, &EMPTY_ROOT, &leaves[0], &[]).is_err());
}

proptest! {
    #[test]
    fn an_altered_inclusion_proof_proves_nothing(
        size in 1u64..300, at: prop::sample::Index, hash: prop::sample::Index, bit in 0usize..256, other in 0u64..600,
    ) {
        let leaves = leaves(size);
        let (source, root) = (Tiles::of(&leaves), naive_root(&leaves));
        let index = at.index(size as usize) as u64;
        let leaf = leaves[index as usize];
        let proof = inclusion_proof(index, size, &source).unwrap();
        let verify = |leaf: &Digest, index, size, proof: &[Digest], root: &Digest|
            verify_inclusion(leaf, index, size, proof, root);
        prop_assert!(verify(&leaf, index, size, &proof, &root).is_ok());
        prop_assert!(verify(&flipped(leaf, bit), index, size, &proof, &root).is_err());
        prop_assert!(verify(&leaf, index, size, &proof, &flipped(root, bit)).is_err());
        if other != index {
            prop_assert!(verify(&leaf, other, size, &proof, &root).is_err());
        }
        let mut longer = proof.clone();
        longer.push(leaf);
        prop_assert!(verify(&leaf, index, size, &longer, &root).is_err());
        if !proof.is_empty() {
            prop_assert!(verify(&leaf, index, size, &proof[1..], &root).is_err());
            prop_assert!(verify(&leaf, index, size, &proof[..proof.len() - 1], &root).is_err());
            let mut altered = proof.clone();
            let n = hash.index(proof.len());
            altered[n] = flipped(altered[n], bit);
            prop_assert!(verify(&leaf, index, size, &altered, &root).is_err());
        }
    }

    #[test]
    fn an_altered_consistency_proof_proves_nothing(
        new in 2u64..300, at: prop::sample::Index, hash: prop::sample::Index, bit in 0usize..256,
    ) {
        let leaves = leaves(new);
        let old = 1 + at.index(new as usize - 1) as u64;
        let (old_root, new_root) = (naive_root(&leaves[..old as usize]), naive_root(&leaves));
        let proof = consistency_proof(old, new, &Tiles::of(&leaves)).unwrap();
        prop_assert!(verify_consistency(old, new, &old_root, &new_root, &proof).is_ok());
        prop_assert!(verify_consistency(old, new, &flipped(old_root, bit), &new_root, &proof).is_err());
        prop_assert!(verify_consistency(old, new, &old_root, &flipped(new_root, bit), &proof).is_err());
        prop_assert!(verify_consistency(old, new, &old_root, &new_root, &proof[1..]).is_err());
        let mut altered = proof.clone();
        let n = hash.index(proof.len());
        altered[n] = flipped(altered[n], bit);
        prop_assert!(verify_consistency(old, new, &old_root, &new_root, &altered).is_err());
        let longer = [proof.as_slice(), &[old_root]].concat();
        prop_assert!(verify_consistency(old, new, &old_root, &new_root, &longer).is_err());
    }

    #[test]
    fn hostile_proofs_never_panic(
        index: u64, size: u64, proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Digest> = proof.into_iter().map(Digest).collect();
        prop_assert!(verify_inclusion(&EMPTY_ROOT, index, size, &proof, &EMPTY_ROOT).is_err());
        let _ = verify_consistency(index, size, &EMPTY_ROOT, &EMPTY_ROOT, &proof);
        let _ = verify_consistency(size, u64::MAX, &EMPTY_ROOT, &EMPTY_ROOT, &proof);
    }

    #[test]
    fn a_frontier_taken_apart_and_put_together_goes_on_alike(size in 0u64..600, more in 0u64..40) {
        let leaves = leaves(size + more);
        let (before, after) = leaves.split_at(size as usize);
        let mut whole = Frontier::new();
        before.iter().for_each(|leaf| whole.push(*leaf));
        let mut again = Frontier::from_parts(whole.size(), whole.hashes().to_vec()).unwrap();
        prop_assert!(Frontier::from_parts(size, [whole.hashes(), &[EMPTY_ROOT]].concat()).is_err());
        for leaf in after {
            whole.push(*leaf);
            again.push(*leaf);
        }
        prop_assert_eq!(&whole, &again);
        prop_assert_eq!(whole.root(), naive_root(&leaves));
    }
}

fn flipped(mut digest: Digest, bit: usize) -> Digest {
    digest.0[bit / 8] ^= 1 << (bit % 8);
    digest
}
