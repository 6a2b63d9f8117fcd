//! A checkpoint is written back as it was read.
#![no_main]

use ledger::{Checkpoint, EMPTY_ROOT};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
        assert!(checkpoint.size > 0 || checkpoint.root == EMPTY_ROOT);
    }
});
