//! A signed note and a verifier key are written back as they were read; strangers' signatures are nobody's.
#![no_main]

use ledger::{SignedNote, VerifierKey};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const WITNESS: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
/// The only text that the first key is known to have signed.
const SIGNED: &str = "This is an example message.\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    let Ok(note) = SignedNote::parse(text) else { return };
    assert_eq!(note.to_string(), text);
    let known: Vec<VerifierKey> = [LOG, WITNESS].iter().filter_map(|key| key.parse().ok()).collect();
    assert_eq!(known.len(), 2);
    let all = note.verify_all(&known).is_ok();
    match note.verify(&known) {
        Ok(signers) => assert!(note.text() == SIGNED || signers.iter().all(|key| key.to_string() == WITNESS)),
        Err(_) => assert!(!all),
    }
    let _ = note.cosignatures(&known);
});
