use proptest::prelude::*;

use super::*;
use crate::tests::altered;
use crate::tiles::tests::Tiles;
use crate::tree::tests::naive_root;
use crate::{CosigningKey, SigningKey, cosign, inclusion_proof, leaf_hash, sign_checkpoint};

const ORIGIN: &str = "example.com/fancylog";

fn log() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn leaf(n: u64) -> Digest {
    leaf_hash(&n.to_be_bytes())
}

/// The proof that the leaf `index` is in a tree of `size`.
fn proof(index: u64, size: u64, extra: &[u8]) -> TlogProof {
    let leaves: Vec<Digest> = (0..size).map(leaf).collect();
    let root = naive_root(&leaves);
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root, extensions: Vec::new() };
    let hashes = inclusion_proof(index, size, &Tiles::of(&leaves)).unwrap();
    TlogProof {
        extra: extra.to_vec(),
        index,
        hashes,
        checkpoint: sign_checkpoint(&checkpoint, &log()).unwrap(),
    }
}

/// The example of the specification; it elides its signatures.
const EXAMPLE: &str = "c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJwAA
— witness1.example mJirIkAA
";

#[test]
fn example_of_the_specification_is_read_and_written_alike() {
    let proof: TlogProof = EXAMPLE.parse().unwrap();
    assert_eq!((proof.index, proof.hashes.len(), proof.extra.len()), (73_894, 5, 0));
    assert_eq!(proof.to_string(), EXAMPLE);
    let extra = EXAMPLE.replace("@v1\n", "@v1\nextra YWdlLXYxLjIuMQ==\n");
    let proof: TlogProof = extra.parse().unwrap();
    assert_eq!(proof.extra, b"age-v1.2.1");
    assert_eq!(proof.to_string(), extra);
}

#[test]
fn a_proof_is_of_one_leaf_one_log_and_one_record() {
    let proof: TlogProof = proof(5, 11, b"what it is of").to_string().parse().unwrap();
    let verify = |leaf: &Digest, key: &SigningKey, origin| proof.verify(leaf, key.verifier(), origin);
    assert_eq!(verify(&leaf(5), &log(), ORIGIN).unwrap().size, 11);
    assert!(matches!(
        verify(&leaf(4), &log(), ORIGIN),
        Err(TlogProofError::Inclusion(ProofError::OtherRoot))
    ));
    let other = SigningKey::from_seed(ORIGIN, &[2; 32]).unwrap();
    assert!(matches!(verify(&leaf(5), &other, ORIGIN), Err(TlogProofError::Checkpoint(_))));
    assert!(matches!(verify(&leaf(5), &log(), "example.com/log"), Err(TlogProofError::Checkpoint(_))));
    for index in [0, 4, 6, 10, 11, u64::MAX] {
        assert!(TlogProof { index, ..proof.clone() }.verify(&leaf(5), log().verifier(), ORIGIN).is_err());
    }
    let fewer = TlogProof { hashes: proof.hashes[1..].to_vec(), ..proof.clone() };
    assert!(fewer.verify(&leaf(5), log().verifier(), ORIGIN).is_err());
}

#[test]
fn cosignatures_come_with_it_and_are_no_log_s_word() {
    let mut proof = proof(0, 1, b"");
    let witness = CosigningKey::from_seed("w", &[3; 32]).unwrap();
    let line = cosign(proof.checkpoint.text(), &witness, 7).unwrap();
    proof.checkpoint = proof.checkpoint.with_signature(line).unwrap();
    let read: TlogProof = proof.to_string().parse().unwrap();
    assert_eq!(read, proof);
    let known = [witness.verifier().clone()];
    assert_eq!(read.checkpoint.cosignatures(&known), Ok(vec![(known[0].clone(), 7)]));
    let refused = read.verify(&leaf(0), &known[0], ORIGIN);
    assert_eq!(refused, Err(TlogProofError::Checkpoint(CheckpointError::NotALog("w".into()))));
}

#[test]
fn what_is_not_a_proof_is_refused() {
    let hash = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n";
    for bad in [
        String::new(),
        "c2sp.org/tlog-proof@v1\n".into(),
        "c2sp.org/tlog-proof@v1\nindex 0\n\n".into(),
        EXAMPLE.replace("@v1", "@v2"),
        EXAMPLE.replace("@v1\n", "@v1\n\n"),
        EXAMPLE.replace("@v1\n", "@v1\nextra \n"),
        EXAMPLE.replace("@v1\n", "@v1\nextra\n"),
        EXAMPLE.replace("@v1\n", "@v1\nextra !!notbase64!!\n"),
        EXAMPLE.replace("@v1\n", "@v1\nextra YWdlLXYxLjIuMQ\n"),
        EXAMPLE.replace("@v1\n", "@v1\nextra YQ==\nextra YQ==\n"),
        EXAMPLE.replace("index 73894\n", ""),
        EXAMPLE.replace("index 73894\n", "index 73894\nextra YQ==\n"),
        EXAMPLE.replace("73894", "073894"),
        EXAMPLE.replace("73894", "-5"),
        EXAMPLE.replace("73894", "+5"),
        EXAMPLE.replace("73894", "notanumber"),
        EXAMPLE.replace("73894", "18446744073709551616"),
        EXAMPLE.replace("index ", "index  "),
        EXAMPLE.replace(hash, "!!notbase64!!\n"),
        EXAMPLE.replace("gSKy", "gSI=sg=="),
        EXAMPLE.replace("@v1\n", "@v1\nextra YQ==YQ==\n"),
        EXAMPLE.replace(hash, &hash.trim_end().repeat(2)),
        EXAMPLE.replace(hash, &format!("{hash} ")),
        EXAMPLE.replace(hash, &hash.repeat(61)),
        EXAMPLE.replace('\n', "\r\n"),
        EXAMPLE.trim_end().into(),
        format!("{EXAMPLE}\n"),
        format!("\u{feff}{EXAMPLE}"),
    ] {
        assert!(bad.parse::<TlogProof>().is_err(), "{bad}");
    }
    assert!(EXAMPLE.replace(hash, &hash.repeat(60)).parse::<TlogProof>().is_ok());
    let long = "x".repeat(MAX_TLOG_PROOF);
    assert!(EXAMPLE.replace("@v1\n", &format!("@v1\nextra {long}\n")).parse::<TlogProof>().is_err());
}

proptest! {
    #[test]
    fn every_proof_reads_back_and_verifies(size in 1u64..300, at: prop::sample::Index, extra: Vec<u8>) {
        let index = at.index(size as usize) as u64;
        let proof = proof(index, size, &extra);
        let read: TlogProof = proof.to_string().parse().unwrap();
        prop_assert!(read.verify(&leaf(index), log().verifier(), ORIGIN).is_ok());
        prop_assert_eq!(read, proof);
    }

    #[test]
    fn no_altered_proof_verifies_but_by_its_extra_data(bytes in altered(proof(5, 11, b"extra").to_string())) {
        let whole = proof(5, 11, b"extra");
        let read = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<TlogProof>().ok());
        if let Some(read) = read {
            // Its one signature may stand twice, and others beside it.
            let same = |read: &TlogProof| {
                (read.index, &read.hashes, read.checkpoint.text()) == (5, &whole.hashes, whole.checkpoint.text())
            };
            prop_assert!(read.verify(&leaf(5), log().verifier(), ORIGIN).is_err() || same(&read));
        }
    }

    #[test]
    fn hostile_text_never_panics_and_what_is_read_is_written_back_alike(
        text: String, like in "c2sp.org/tlog-proof@v1\n(extra [a=]{0,8}\n)?index [0-9]{0,3}\n([A-Za-z+/]{43}=\n){0,2}\n[a\n— 0-9=]{0,60}",
        example in altered(EXAMPLE), whole in altered(proof(5, 11, b"extra").to_string()),
    ) {
        let [example, whole] = [example, whole].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        for text in [text, like, example, whole] {
            if let Ok(proof) = text.parse::<TlogProof>() {
                prop_assert_eq!(proof.to_string(), text);
                let _ = proof.verify(&leaf(0), log().verifier(), ORIGIN);
            }
        }
    }
}
