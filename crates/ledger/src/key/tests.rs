use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::SignedNote;
use crate::tests::altered;

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// Witnesses of the public witness network, as they publish their keys.
const WITNESSES: [&str; 3] = [
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
];

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, &[seed; 32]).unwrap()
}

#[test]
fn a_seed_gives_the_public_key_of_rfc_8032_section_7_1() {
    let hex = |text: &str| -> [u8; 32] { HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap() };
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(SigningKey::from_seed("k", &seed).unwrap().verifier().public(), &public);
}

#[test]
fn keys_of_logs_and_of_witnesses_are_told_apart_and_written_back_alike() {
    let log: VerifierKey = VKEY.parse().unwrap();
    assert_eq!((log.kind(), log.name(), log.id()), (KeyKind::Log, "example.com/foo", 0x530d_903a));
    for text in WITNESSES {
        let witness: VerifierKey = text.parse().unwrap();
        assert_eq!(witness.kind(), KeyKind::Witness);
        assert_eq!(witness.to_string(), text);
        // The same key of the other kind has another id: it is another key.
        let other = VerifierKey::new(KeyKind::Log, witness.name(), *witness.public()).unwrap();
        assert_ne!((other.id(), &other), (witness.id(), &witness));
    }
}

#[test]
fn two_known_keys_that_cannot_be_told_apart_are_refused() {
    let log = key("log", 1);
    let mut twin = log.verifier().clone();
    twin.public[0] ^= 1;
    let note = SignedNote::sign("text\n", &[&log]).unwrap();
    assert_eq!(note.verify(&[log.verifier().clone(), twin]), Err(NoteError::Ambiguous("log".into())));
}

/// 32 bytes as a key of a signature type, with the id that belongs to them.
fn of_type(byte: u8) -> String {
    let bytes = [[byte].as_slice(), &[7; 32]].concat();
    let id = sha256(&[b"log\n".as_slice(), &bytes].concat());
    format!("log+{}+{}", HEXLOWER.encode(&id.0[..4]), BASE64.encode(&bytes))
}

#[test]
fn what_is_not_a_verifier_key_is_refused() {
    assert!(of_type(0x01).parse::<VerifierKey>().is_ok() && of_type(0x04).parse::<VerifierKey>().is_ok());
    for bad in [
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("foo", "fo"),
        VKEY.replace("foo", "f o"),
        VKEY.replace("Aeky", "Beky"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("3U2k", ""),
        format!("{VKEY}\n"),
        // Of a type that is not used here: ECDSA, and cosignatures with ML-DSA-44.
        of_type(0x02),
        of_type(0x06),
        WITNESSES[0].replace("+BO", "+BO="),
        WITNESSES[0].replace("da77ade7", "00000000"),
        "++".into(),
        String::new(),
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
}

#[test]
fn a_signing_key_is_not_printed() {
    assert_eq!(format!("{:?}", key("log", 1)), "SigningKey { name: \"log\", .. }");
}

proptest! {
    #[test]
    fn hostile_text_never_panics_and_what_is_a_key_is_written_back_alike(
        text: String, like in "[a+/=A]{0,60}", log in altered(VKEY), witness in altered(WITNESSES[0]),
    ) {
        for (altered, whole) in [(log, VKEY), (witness, WITNESSES[0])] {
            let altered = String::from_utf8_lossy(&altered).into_owned();
            prop_assert_eq!(altered.parse::<VerifierKey>().is_ok(), altered == whole);
        }
        for text in [text, like] {
            if let Ok(key) = text.parse::<VerifierKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
