//! A time stamp with a byte changed states no other time; certificates and lists of revoked ones may be anything.
#![no_main]

use ledger::stamp::{Chain, Response, check_crl, verify};
use libfuzzer_sys::fuzz_target;

const TEXT: &[u8] = b"ringfence.local/record\n4\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n";
const RESPONSE: &[u8] = include_bytes!("../seeds/stamp/response");
const CHAIN: &str = include_str!("../seeds/stamp/chain");
/// 2026-03-02, 12:00 UTC.
const TIME: i64 = 1_772_452_800_000;

fuzz_target!(|bytes: &[u8]| {
    let times = [
        verify(bytes, TEXT, CHAIN),
        std::str::from_utf8(bytes).map_or_else(|_| verify(RESPONSE, TEXT, CHAIN), |pem| verify(RESPONSE, TEXT, pem)),
    ];
    for stamp in times.into_iter().flatten() {
        assert_eq!(stamp.time_ms, TIME);
    }
    if let Ok(response) = Response::parse(bytes) {
        let _ = response.verify(TEXT, &Chain::from_pem(CHAIN).expect("a chain"), Some(7));
    }
    if let Ok(chain) = Chain::from_response(bytes) {
        assert!(Chain::from_pem(&chain.to_pem()).is_ok_and(|again| again.to_pem() == chain.to_pem()));
    }
    if let Ok(pem) = std::str::from_utf8(bytes)
        && let Ok(chain) = Chain::from_pem(pem)
    {
        assert!(Chain::from_pem(&chain.to_pem()).is_ok_and(|again| again.to_pem() == chain.to_pem()));
        let _ = chain.reaches_root();
    }
    let _ = check_crl(&Chain::from_pem(CHAIN).expect("a chain"), 0, bytes);
});
