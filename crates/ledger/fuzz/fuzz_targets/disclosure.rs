//! A disclosure is kept as it was received, whatever JSON is in it.
#![no_main]

use ledger::Disclosure;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(disclosure) = std::str::from_utf8(bytes).ok().and_then(|text| Disclosure::parse(text).ok()) {
        assert_eq!(disclosure.encoded().as_bytes(), bytes);
        assert!(!disclosure.salt().is_empty() && !matches!(disclosure.name(), "_sd" | "..."));
    }
});
