//! Writes a folder of bundles with one change each, and the verdict that each must get, to hold other verifiers against.
//!
//!     cargo run -p verifier --example mutants -- DIR N SEED
//!
//! `00000.zip` and `00001.zip` are as they should be; beside each `NNNNN.zip` is `NNNNN.json`, what `ringfence-verify --json` prints, and
//! `NNNNN.txt`, what was changed. The same arguments write the same files.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a tool of tests")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;

use ledger::bundle::{Options, verify_bytes};
use support::mutate::{Chance, Original};
use support::{large, small};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, seed] = arguments.as_slice() else {
        println!("mutants DIR N SEED");
        std::process::exit(2);
    };
    let (count, seed): (usize, u64) = (count.parse().unwrap(), seed.parse().unwrap());
    std::fs::create_dir_all(folder).unwrap();
    let originals = [small(), large()].map(Original::new);
    let mut chance = Chance(seed);
    for number in 0..count {
        let (what, bytes) = match originals.get(number) {
            Some(original) => ("nothing", original.zip.clone()),
            None => std::iter::repeat_with(|| originals[chance.below(2)].mutate(&mut chance))
                .flatten()
                .next()
                .unwrap(),
        };
        let verdict = verify_bytes(&bytes, &Options::default());
        let place = Path::new(folder).join(format!("{number:05}"));
        std::fs::write(place.with_extension("zip"), bytes).unwrap();
        std::fs::write(place.with_extension("json"), format!("{:#}\n", verdict.to_json())).unwrap();
        std::fs::write(place.with_extension("txt"), format!("{what}\n")).unwrap();
    }
    println!("{count} bundles in {folder}");
}
