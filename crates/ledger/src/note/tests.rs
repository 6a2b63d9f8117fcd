use proptest::prelude::*;

use super::*;

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, &[seed; 32]).unwrap()
}

#[test]
fn example_of_the_specification_verifies_and_is_written_back_alike() {
    let known: VerifierKey = VKEY.parse().unwrap();
    assert_eq!(known.to_string(), VKEY);
    let note = SignedNote::parse(NOTE).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify(std::slice::from_ref(&known)).unwrap(), [&known]);
    assert_eq!(note.to_string(), NOTE);
}

#[test]
fn a_seed_gives_the_public_key_of_rfc_8032_section_7_1() {
    let hex = |text: &str| -> [u8; 32] { HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap() };
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(SigningKey::from_seed("k", &seed).unwrap().verifier().public(), &public);
}

#[test]
fn signatures_of_unknown_keys_are_ignored_and_alone_are_not_enough() {
    let (log, other, stranger) = (key("log", 1), key("other", 2), key("stranger", 3));
    let note = SignedNote::sign("text\n\nmore\n", &[&stranger, &log, &other]).unwrap();
    let note = SignedNote::parse(&note.to_string()).unwrap();
    assert_eq!(note.text(), "text\n\nmore\n");
    let known = [log.verifier().clone(), other.verifier().clone()];
    assert_eq!(note.verify(&known).unwrap().len(), 2);
    assert_eq!(note.verify(&known[..1]).unwrap(), [log.verifier()]);
    assert_eq!(note.verify(&[]), Err(NoteError::NoKnownSignature));
    // The same name with another key, and the same key under another name, are unknown keys.
    assert_eq!(note.verify(&[key("log", 9).verifier().clone()]), Err(NoteError::NoKnownSignature));
    assert_eq!(note.verify(&[key("lag", 1).verifier().clone()]), Err(NoteError::NoKnownSignature));
}

#[test]
fn a_wrong_signature_of_a_known_key_spoils_the_note() {
    let (log, other) = (key("log", 1), key("other", 2));
    let text = SignedNote::sign("text\n", &[&log, &other]).unwrap().to_string();
    let known = [log.verifier().clone(), other.verifier().clone()];
    let altered = SignedNote::parse(&text.replace("text", "texd")).unwrap();
    assert_eq!(altered.verify(&known), Err(NoteError::WrongSignature("log".into())));
    let mut note = SignedNote::parse(&text).unwrap();
    note.signatures[1].bytes[63] ^= 1;
    assert_eq!(note.verify(&known), Err(NoteError::WrongSignature("other".into())));
    assert_eq!(note.verify(&known[..1]).unwrap(), [log.verifier()]);
    note.signatures[0].bytes.pop();
    assert_eq!(note.verify(&known[..1]), Err(NoteError::WrongSignature("log".into())));
}

#[test]
fn two_known_keys_that_cannot_be_told_apart_are_refused() {
    let log = key("log", 1);
    let mut twin = log.verifier().clone();
    twin.public[0] ^= 1;
    let note = SignedNote::sign("text\n", &[&log]).unwrap();
    assert_eq!(note.verify(&[log.verifier().clone(), twin]), Err(NoteError::Ambiguous("log".into())));
}

#[test]
fn what_is_not_a_note_is_refused() {
    let signature = NOTE.split_once("\n\n").unwrap().1;
    for bad in [
        String::new(),
        "text\n".into(),
        "text\n\n".into(),
        NOTE.trim_end().into(),
        NOTE.replace('—', "-"),
        NOTE.replace("foo U", "foo  U"),
        NOTE.replace("foo U", "f+o U"),
        NOTE.replace("foo U", "f\u{a0}o U"),
        NOTE.replace("foo U", "U"),
        NOTE.replace("QM=", "QM"),
        NOTE.replace("QM=", "QN="),
        NOTE.replace("an example", "an\texample"),
        NOTE.replace('\n', "\r\n"),
        format!("{NOTE}\n"),
        format!("{NOTE}x"),
        format!("text\n\n{signature}— example.com/foo AAAAAA==\n"),
        format!("text\n\n{}", signature.repeat(101)),
        format!("{}\n\n{signature}", "x".repeat(MAX_NOTE)),
    ] {
        assert!(SignedNote::parse(&bad).is_err(), "{bad:.100}");
    }
    assert_eq!(
        SignedNote::parse(&format!("text\n\n{}", signature.repeat(100))).unwrap().signatures().len(),
        100
    );
    assert!(SignedNote::sign("no newline", &[&key("k", 1)]).is_err());
    assert!(SignedNote::sign("tab\t\n", &[&key("k", 1)]).is_err());
    assert!(SignedNote::sign("unsigned\n", &[]).is_err());
}

#[test]
fn what_is_not_a_verifier_key_is_refused() {
    for bad in [
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("foo", "fo"),
        VKEY.replace("foo", "f o"),
        VKEY.replace("Aeky", "Beky"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("3U2k", ""),
        format!("{VKEY}\n"),
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
    fn every_text_is_signed_and_read_back(lines in prop::collection::vec("[^\\x00-\\x1f]{0,20}", 1..6), seed: [u8; 32]) {
        let text = lines.join("\n") + "\n";
        let key = SigningKey::from_seed("a/b", &seed).unwrap();
        let note = SignedNote::sign(text, &[&key]).unwrap();
        let read = SignedNote::parse(&note.to_string()).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert!(read.verify(&[key.verifier().to_string().parse().unwrap()]).is_ok());
    }

    #[test]
    fn no_flipped_bit_of_the_text_or_the_signature_verifies(at: prop::sample::Index, bit in 0u32..8) {
        let mut bytes = NOTE.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        let known: [VerifierKey; 1] = [VKEY.parse().unwrap()];
        if let Ok(note) = std::str::from_utf8(&bytes) {
            prop_assert!(SignedNote::parse(note).and_then(|note| note.verify(&known).map(|_| ())).is_err());
        }
    }

    #[test]
    fn hostile_text_never_panics(text: String, like in "[a\n— +=A]{0,60}") {
        let _ = (SignedNote::parse(&text), SignedNote::parse(&like));
        let _ = (text.parse::<VerifierKey>(), like.parse::<VerifierKey>());
    }
}
