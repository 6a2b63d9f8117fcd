//! A bundle of which one member is another does not verify; and whatever its maker writes, and lists and signs as it is, is judged.
#![no_main]

#[path = "../../../verifier/tests/support/mod.rs"]
mod support;

use std::sync::LazyLock;

use ledger::bundle::{Manifest, Options, Verdict, is_tlog_proof, verify_bytes, verify_tlog_proof};
use libfuzzer_sys::fuzz_target;
use support::{Bundle, small, small_draft};

static GOOD: LazyLock<Bundle> = LazyLock::new(small);

fuzz_target!(|bytes: &[u8]| {
    let _ = verify_bytes(bytes, &Options::default());
    let Some((which, content)) = bytes.split_first() else { return };
    let names: Vec<&String> = GOOD.members.keys().collect();
    let name = names[usize::from(*which & 0x7f) % names.len()];
    if which & 0x80 == 0 {
        let mut bundle = GOOD.clone();
        bundle.set(name, content);
        let verified = matches!(verify_bytes(&bundle.zip(), &Options::default()), Verdict::Verified(_));
        assert_eq!(verified, bundle == *GOOD);
    } else {
        let mut draft = small_draft();
        if name == "entries.txt" {
            draft.lines = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        } else if draft.members.contains_key(name) {
            draft.members.insert(name.clone(), content.to_vec());
        } else if let Ok(manifest) = Manifest::parse(content) {
            assert_eq!(Manifest::parse(&manifest.to_bytes()).as_ref(), Ok(&manifest));
            draft.manifest = manifest;
        }
        let _ = draft.verdict();
    }
    if is_tlog_proof(content) {
        let key = Some(support::record_key(0).verifier().clone());
        let _ = verify_tlog_proof(content, &Options { key, ..Options::default() });
    }
});
