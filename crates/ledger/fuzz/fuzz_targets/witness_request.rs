//! A request is written back as it was read, and nothing is cosigned that no known log signed.
#![no_main]

use ledger::witness::{decide, read_cosignatures, read_size};
use ledger::{AddCheckpoint, VerifierKey};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const WITNESS: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

fuzz_target!(|bytes: &[u8]| {
    if let Some(size) = read_size(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    let Ok(request) = AddCheckpoint::parse(bytes) else { return };
    assert_eq!(request.to_string().as_bytes(), bytes);
    let known: Vec<VerifierKey> = [LOG, WITNESS].iter().filter_map(|key| key.parse().ok()).collect();
    assert!(decide(&known, None, &request).is_err());
    // Its own signature lines as an answer to it.
    let lines: String = request.note().signatures().iter().map(|line| format!("{line}\n")).collect();
    assert!(read_cosignatures(lines.as_bytes(), request.note(), &known).is_err());
});
