use data_encoding::BASE64;
use proptest::prelude::*;

use super::*;
use crate::{SigningKey, sign_checkpoint};

/// A checkpoint of a public log with the cosignatures of public witnesses, as it was served in May 2026.
const CHECKPOINT: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
const LOG: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
const WITNESSES: [&str; 4] = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];
/// The time they all state.
const SEEN: u64 = 0x6a12_2120;

/// The example of C2SP tlog-checkpoint.
const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn known(keys: &[&str]) -> Vec<VerifierKey> {
    keys.iter().map(|key| key.parse().unwrap()).collect()
}

fn witness(seed: u8) -> CosigningKey {
    CosigningKey::from_seed(format!("witness.example/{seed}"), &[seed; 32]).unwrap()
}

fn signed(text: &str) -> SignedNote {
    let log = SigningKey::from_seed("example.com/behind-the-sofa", &[1; 32]).unwrap();
    sign_checkpoint(&text.parse().unwrap(), &log).unwrap()
}

#[test]
fn cosignatures_of_public_witnesses_verify() {
    let note = SignedNote::parse(CHECKPOINT).unwrap();
    assert_eq!(note.to_string(), CHECKPOINT);
    let witnesses = known(&WITNESSES);
    let times: Vec<_> = witnesses.iter().map(|key| (key.clone(), SEEN)).collect();
    assert_eq!(note.cosignatures(&witnesses).unwrap(), times);
    let mut everybody = witnesses.clone();
    everybody.extend(known(&[LOG]));
    assert_eq!(note.cosignatures(&everybody).unwrap(), times);
    assert_eq!(note.verify(&everybody).unwrap().len(), 5);
    // The log signs in a way of RFC 6962 too (type 0x05), which is not known here.
    assert!(matches!(note.verify_all(&everybody), Err(NoteError::UnknownSignature(_))));
    for altered in
        [CHECKPOINT.replace("1432088532", "1432088533"), CHECKPOINT.replace("AAAABqEiEg", "AAAABqEiEh")]
    {
        let note = SignedNote::parse(&altered).unwrap();
        assert!(matches!(note.cosignatures(&witnesses), Err(NoteError::WrongSignature(_))));
        assert!(matches!(note.verify(&witnesses), Err(NoteError::WrongSignature(_))));
    }
}

#[test]
fn sigsum_s_implementation_makes_the_same_cosignature() {
    // The key, the checkpoint and the line of its tests (sigsum-go, `pkg/checkpoint/checkpoint_test.go`).
    let mut seed = [0; 32];
    seed[0] = 17;
    let key = CosigningKey::from_seed("example.org/witness", &seed).unwrap();
    let text = "example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    assert_eq!(
        cosign(text, &key, 1234).unwrap().to_string(),
        "— example.org/witness ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz0LVRqHXI2kpEBSki5RTXFtxz1vo9+Cg=="
    );
}

#[test]
fn the_signed_message_is_the_one_of_the_specification() {
    assert_eq!(
        message(TEXT, 1_679_315_147),
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    );
    let example = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
    let bytes = BASE64.decode(example.as_bytes()).unwrap();
    assert_eq!(
        time(&bytes[4..]).map(|(seconds, signature)| (seconds, signature.len())),
        Some((1_679_315_147, 64))
    );
}

#[test]
fn extension_lines_are_signed_too() {
    let text = format!("{TEXT}an extension\n");
    let note = signed(&text).with_signature(cosign(&text, &witness(2), 5).unwrap()).unwrap();
    let known = [witness(2).verifier().clone()];
    assert_eq!(note.cosignatures(&known), Ok(vec![(known[0].clone(), 5)]));
    let altered = SignedNote::parse(&note.to_string().replace("an extension", "no extension")).unwrap();
    assert!(altered.cosignatures(&known).is_err());
}

#[test]
fn nothing_but_a_checkpoint_is_cosigned_and_not_without_a_time() {
    for (text, seconds) in [
        ("example.com/log\nhello\n", 5),
        ("", 5),
        ("example.com/log\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", 5),
        (TEXT, 0),
        (TEXT, 1 << 63),
    ] {
        assert!(cosign(text, &witness(2), seconds).is_err(), "{text} {seconds}");
    }
    assert!(cosign(TEXT, &witness(2), (1 << 63) - 1).is_ok());
}

#[test]
fn a_time_beyond_the_specification_does_not_verify_though_it_was_signed() {
    let key = witness(2);
    let seconds = 1u64 << 63;
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend_from_slice(key.pair.sign(message(TEXT, seconds).as_bytes()).as_ref());
    let line = Signature { name: key.verifier().name().into(), id: key.verifier().id(), bytes };
    let note = signed(TEXT).with_signature(line).unwrap();
    assert!(matches!(note.cosignatures(&[key.verifier().clone()]), Err(NoteError::WrongSignature(_))));
}

#[test]
fn a_witness_stands_as_often_as_it_cosigned_and_strangers_not_at_all() {
    let lines =
        [(2, 7), (3, 8), (2, 9)].map(|(seed, seconds)| cosign(TEXT, &witness(seed), seconds).unwrap());
    let note = lines.into_iter().fold(signed(TEXT), |note, line| note.with_signature(line).unwrap());
    let [two, three] = [2, 3].map(|seed| witness(seed).verifier().clone());
    assert_eq!(note.cosignatures(std::slice::from_ref(&two)), Ok(vec![(two.clone(), 7), (two.clone(), 9)]));
    assert_eq!(note.cosignatures(&[]), Ok(vec![]));
    let log = SigningKey::from_seed("example.com/behind-the-sofa", &[1; 32]).unwrap().verifier().clone();
    assert_eq!(note.verify_all(&[log, two, three]), Err(NoteError::Twice("witness.example/2".into())));
}

#[test]
fn a_cosigning_key_is_not_printed() {
    assert_eq!(format!("{:?}", witness(2)), "CosigningKey { name: \"witness.example/2\", .. }");
}

proptest! {
    #[test]
    fn no_altered_cosignature_verifies(
        seed: [u8; 32], seconds in 1u64..1 << 63, at: prop::sample::Index, bit in 0u32..8, cut in 0usize..80,
    ) {
        let key = CosigningKey::from_seed("w", &seed).unwrap();
        let line = cosign(TEXT, &key, seconds).unwrap();
        let known = [key.verifier().clone()];
        let read = |line: &Signature| signed(TEXT).with_signature(line.clone()).and_then(|note| note.cosignatures(&known));
        prop_assert_eq!(read(&line), Ok(vec![(known[0].clone(), seconds)]));
        let mut altered = line.clone();
        altered.bytes[at.index(line.bytes.len())] ^= 1 << bit;
        prop_assert!(read(&altered).is_err());
        let mut other = line.clone();
        other.bytes.resize(cut, 0);
        prop_assert_eq!(read(&other).is_ok(), other == line);
    }
}
