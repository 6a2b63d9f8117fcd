//! Whatever is changed in a bundle, it does not verify.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "helpers of tests may panic as tests do"
)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ledger::bundle::{Options, Verdict, verify_bytes};
use support::mutate::{CHANGES, Chance, Original};
use support::{large, small};

/// How many, unless `RINGFENCE_MUTATIONS` says another number.
const MUTATIONS: u64 = 20_000;

#[test]
fn no_change_verifies() {
    let asked = std::env::var("RINGFENCE_MUTATIONS").ok().map(|text| text.parse().unwrap());
    let count: u64 = asked.unwrap_or(MUTATIONS);
    let originals = [small(), large()].map(Original::new);
    for original in &originals {
        assert!(matches!(verify_bytes(&original.zip, &Options::default()), Verdict::Verified(_)));
    }
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let mut results: BTreeMap<(&str, String), u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let run = |thread: u64| {
            let originals = &originals;
            move || {
                let mut found: BTreeMap<(&str, String), u64> = BTreeMap::new();
                let mut spent = Duration::ZERO;
                for seed in (0..count).filter(|seed| seed % threads == thread) {
                    // The large one is slower to change and to verify: one in eight.
                    let original = &originals[usize::from(seed % 8 == 7)];
                    let Some((what, bytes)) = original.mutate(&mut Chance(seed)) else {
                        *found.entry(("nothing", "the same bundle".to_owned())).or_default() += 1;
                        continue;
                    };
                    let begun = Instant::now();
                    let verdict = verify_bytes(&bytes, &Options::default());
                    spent += begun.elapsed();
                    let failure =
                        verdict.failure().unwrap_or_else(|| panic!("{what}, seed {seed}, verifies"));
                    let outcome = format!("{} {}", verdict.word(), failure.check);
                    *found.entry((what, outcome)).or_default() += 1;
                }
                (found, spent)
            }
        };
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(run(thread))).collect();
        let mut spent = Duration::ZERO;
        for worker in workers {
            let (found, time) = worker.join().unwrap();
            spent += time;
            for (outcome, count) in found {
                *results.entry(outcome).or_default() += count;
            }
        }
        println!("{count} mutations, {:.1} µs each to verify", spent.as_secs_f64() * 1e6 / count as f64);
    });
    for ((what, outcome), count) in &results {
        println!("{count:>8}  {outcome:<24} {what}");
    }
    for (what, _) in CHANGES {
        assert!(results.keys().any(|(done, _)| *done == what), "`{what}` was never tried");
    }
}
