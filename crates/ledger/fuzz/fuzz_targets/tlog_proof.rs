//! A proof is written back as it was read, and proves nothing that its log did not sign.
#![no_main]

use ledger::{EMPTY_ROOT, TlogProof, VerifierKey};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|bytes: &[u8]| {
    let Some(proof) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<TlogProof>().ok()) else {
        return;
    };
    assert_eq!(proof.to_string().as_bytes(), bytes);
    if let Ok(log) = LOG.parse::<VerifierKey>() {
        assert!(proof.verify(&EMPTY_ROOT, &log, "example.com/foo").is_err());
    }
    // Hashes that lead nowhere, whatever the index says.
    let _ = ledger::verify_inclusion(&EMPTY_ROOT, proof.index, u64::MAX, &proof.hashes, &EMPTY_ROOT);
});
