use proptest::prelude::*;

use super::*;
use crate::CosigningKey;
use crate::tests::altered;

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
fn all_signatures_are_right_only_if_each_is_known_and_none_stands_twice() {
    let (log, other, stranger) = (key("log", 1), key("other", 2), key("stranger", 3));
    let known = [other.verifier().clone(), log.verifier().clone()];
    let all = |keys: &[&SigningKey]| {
        let signers = SignedNote::sign("text\n", keys).unwrap().verify_all(&known)?;
        Ok(signers.iter().map(|key| key.name().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(all(&[&log, &other]), Ok(vec!["log".to_owned(), "other".to_owned()]));
    assert_eq!(all(&[&log]), Ok(vec!["log".to_owned()]));
    assert_eq!(all(&[&log, &stranger]), Err(NoteError::UnknownSignature("stranger".into())));
    assert_eq!(all(&[&log, &other, &log]), Err(NoteError::Twice("log".into())));
    // A line that is all but a known key's.
    let mut note = SignedNote::sign("text\n", &[&log, &other]).unwrap();
    note.signatures[1].id ^= 1;
    assert_eq!(note.verify_all(&known), Err(NoteError::UnknownSignature("other".into())));
    note.signatures[1].id ^= 1;
    note.signatures[1].bytes[0] ^= 1;
    assert_eq!(note.verify_all(&known), Err(NoteError::WrongSignature("other".into())));
}

#[test]
fn a_signature_is_added_below_the_others_unless_no_note_could_hold_it() {
    let (log, other) = (key("log", 1), key("other", 2));
    let note = SignedNote::sign("text\n", &[&log]).unwrap();
    let more = other.sign("text\n");
    let both = note.clone().with_signature(more.clone()).unwrap();
    assert_eq!(both, SignedNote::sign("text\n", &[&log, &other]).unwrap());
    assert_eq!(more.to_string().parse(), Ok(more.clone()));
    for bad in [
        Signature { name: "a b".into(), ..more.clone() },
        Signature { name: "a\n— b".into(), ..more.clone() },
        Signature { name: String::new(), ..more.clone() },
        Signature { bytes: Vec::new(), ..more.clone() },
    ] {
        assert!(note.clone().with_signature(bad).is_err());
    }
    let full = (1..MAX_SIGNATURES).fold(note, |note, _| note.with_signature(more.clone()).unwrap());
    assert!(full.with_signature(more).is_err());
}

#[test]
fn a_log_s_signature_is_no_cosignature_under_the_same_key() {
    let (log, witness) = (key("k", 1), CosigningKey::from_seed("k", &[1; 32]).unwrap());
    let mut note = SignedNote::sign("text\n", &[&log]).unwrap();
    let known = [witness.verifier().clone()];
    assert_eq!(note.verify(&known), Err(NoteError::NoKnownSignature));
    note.signatures[0].id = witness.verifier().id();
    assert_eq!(note.verify(&known), Err(NoteError::WrongSignature("k".into())));
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
        NOTE.replace("foo Uw2Q", "foo Uw0=kA=="),
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
    fn hostile_text_never_panics_and_what_is_a_note_is_written_back_alike(
        text: String, like in "[a\n— +=A]{0,60}", note in altered(NOTE),
    ) {
        let known: [VerifierKey; 1] = [VKEY.parse().unwrap()];
        for text in [text, like, String::from_utf8_lossy(&note).into_owned()] {
            if let Ok(note) = SignedNote::parse(&text) {
                prop_assert_eq!(note.to_string(), text);
                // Its one signature may stand twice, and others beside it.
                prop_assert!(note.verify(&known).is_err() || note.text() == "This is an example message.\n");
            }
        }
    }
}
