use proptest::prelude::*;

use super::*;
use crate::tests::altered;

const BODY: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn checkpoint() -> Checkpoint {
    BODY.parse().unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("example.com/behind-the-sofa", &[seed; 32]).unwrap()
}

#[test]
fn example_of_the_specification_is_read_and_written_alike() {
    let checkpoint = checkpoint();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.root.to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert_eq!(checkpoint.to_string(), BODY);
}

#[test]
fn a_checkpoint_opens_with_its_key_and_origin_only() {
    let note = sign_checkpoint(&checkpoint(), &key(1)).unwrap().to_string();
    let origin = "example.com/behind-the-sofa";
    assert_eq!(open_checkpoint(&note, key(1).verifier(), origin).unwrap(), checkpoint());
    let other = open_checkpoint(&note, key(2).verifier(), origin);
    assert_eq!(other, Err(CheckpointError::Note(NoteError::NoKnownSignature)));
    let other = open_checkpoint(&note, key(1).verifier(), "example.com/sofa");
    assert!(matches!(other, Err(CheckpointError::OtherOrigin { .. })));
    let altered = note.replace("20852163", "20852164");
    assert!(matches!(open_checkpoint(&altered, key(1).verifier(), origin), Err(CheckpointError::Note(_))));
}

#[test]
fn a_signed_text_that_is_no_checkpoint_does_not_open() {
    let note = SignedNote::sign("example.com/behind-the-sofa\nhello\n", &[&key(1)]).unwrap().to_string();
    let opened = open_checkpoint(&note, key(1).verifier(), "example.com/behind-the-sofa");
    assert!(matches!(opened, Err(CheckpointError::Malformed(_))));
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    for bad in [
        String::new(),
        "\n\n\n".into(),
        BODY.trim_end().into(),
        BODY.replace("example.com/behind-the-sofa", ""),
        BODY.replace("20852163", "020852163"),
        BODY.replace("20852163", "+20852163"),
        BODY.replace("20852163", "-1"),
        BODY.replace("20852163", ""),
        BODY.replace("20852163", "18446744073709551616"),
        BODY.replace("20852163", "0"),
        BODY.replace("q2I=", "q2I"),
        BODY.replace("q2I=", "q2J="),
        BODY.replace("CsUY", ""),
        // The same bytes, with padding in between.
        BODY.replace("CsUY", "CsU=GA=="),
        format!("{BODY}\n"),
        format!("{BODY}extension\n\nanother\n"),
    ] {
        assert!(bad.parse::<Checkpoint>().is_err(), "{bad}");
    }
    let empty = Checkpoint { size: 0, root: EMPTY_ROOT, ..checkpoint() };
    assert_eq!(empty.to_string().parse(), Ok(empty));
    let forged = Checkpoint { origin: "a\n1".into(), ..checkpoint() };
    assert!(matches!(sign_checkpoint(&forged, &key(1)), Err(CheckpointError::Malformed(_))));
}

proptest! {
    #[test]
    fn every_checkpoint_reads_back(
        origin in "[^\\x00-\\x1f]{1,30}", size in 1u64.., root: [u8; 32],
        extensions in prop::collection::vec("[^\\x00-\\x1f]{1,20}", 0..4),
    ) {
        let checkpoint = Checkpoint { origin: origin.clone(), size, root: Digest(root), extensions };
        let note = sign_checkpoint(&checkpoint, &key(1)).unwrap().to_string();
        prop_assert_eq!(open_checkpoint(&note, key(1).verifier(), &origin).unwrap(), checkpoint);
    }

    #[test]
    fn hostile_text_never_panics_and_what_is_read_is_written_back_alike(
        text: String, like in "[a\n]{0,9}[0-9+]{0,22}\n[A-Za-z0-9=/+]{40,48}\n?", body in altered(BODY),
    ) {
        for text in [text, like, String::from_utf8_lossy(&body).into_owned()] {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }
    }
}
