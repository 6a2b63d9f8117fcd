//! A policy is written so that it reads as the same policy; more cosignatures never spoil a quorum.
#![no_main]

use ledger::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(policy) = Policy::parse(bytes) else { return };
    assert_eq!(Policy::parse(&policy.to_bytes()).as_ref(), Ok(&policy));
    let some =
        |count: usize| policy.is_met(|key| policy.witness_keys().iter().take(count).any(|one| one == key));
    let met: Vec<bool> = (0..=policy.witnesses().len().min(8)).map(some).collect();
    assert!(met.is_sorted(), "{met:?}");
});
