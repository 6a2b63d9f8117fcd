//! What a verified bundle does not prove, in sentences for whoever relies on it (docs/record-format.md, section 11).

use super::{Findings, Options};

/// What does not follow from a bundle that was verified. `last` is the position of the last entry shown.
pub(super) fn of_bundle(found: &Findings, last: u64, options: &Options) -> Vec<String> {
    let mut sentences = Vec::new();
    key(found, options, &mut sentences);
    sentences.push(
        "That the bundle is complete. It shows the entries it holds; the record may have others, before, between and after."
            .to_owned(),
    );
    if found.withheld > 0 {
        sentences.push(format!(
            "What the withheld fields say ({} of the entries shown). Of them the bundle holds nothing but digests.",
            found.withheld
        ));
    }
    witnesses(found, last, options, &mut sentences);
    stamps(found, last, options, &mut sentences);
    sentences.push(
        "That what the entries say is true. They are what the organisation's system recorded, unaltered since."
            .to_owned(),
    );
    sentences
}

/// What does not follow from the proof of one entry.
pub(super) fn of_proof(found: &Findings, options: &Options) -> Vec<String> {
    let mut sentences = Vec::new();
    if found.withheld > 0 {
        sentences.push(format!(
            "What the withheld fields say ({} of this entry). Of them the proof holds nothing but digests.",
            found.withheld
        ));
    }
    sentences.push("Anything about other entries. The proof shows one.".to_owned());
    if options.policy.is_none() {
        sentences.push(
            "That others have seen this record. No policy was given that says which witnesses count: give one with --policy."
                .to_owned(),
        );
    } else if found.witnesses.is_empty() {
        sentences.push(NOBODY.to_owned());
    }
    sentences.push(CLOCK.to_owned());
    sentences.push(
        "That what the entry says is true. It is what the organisation's system recorded, unaltered since."
            .to_owned(),
    );
    sentences
}

const NOBODY: &str = "That others have seen this record. No witness has: whoever holds the record's key could have \
                      made another record, and show that one to somebody else.";
const CLOCK: &str = "When it happened, other than by the organisation's own clock. No independent authority has stamped it: \
                     whoever holds the record's key could have made all of it at one later time.";

fn key(found: &Findings, options: &Options, sentences: &mut Vec<String>) {
    if options.key.is_none() {
        sentences.push(format!(
            "That the record's key is the organisation's. Compare it with one that you have from the organisation, or give that one with --key: {}",
            found.key
        ));
    }
}

fn witnesses(found: &Findings, last: u64, options: &Options, sentences: &mut Vec<String>) {
    let Some(most) = found.witnesses.iter().map(|one| one.size).max() else {
        sentences.push(NOBODY.to_owned());
        return;
    };
    if found.quorum == Some(false) {
        sentences.push(
            "That enough others have seen this record. Fewer witnesses cosigned than the policy asks for: the others may \
             have been shown another record."
                .to_owned(),
        );
    }
    if options.policy.is_none() {
        sentences.push(
            "That the witnesses are independent of the organisation. The bundle names them; whether they are \
             independent is for you to find out, and --policy takes a list of your own."
                .to_owned(),
        );
    }
    if most <= last {
        sentences.push(format!(
            "That others have seen the entries from position {most} on. No witness has cosigned them."
        ));
    }
}

fn stamps(found: &Findings, last: u64, options: &Options, sentences: &mut Vec<String>) {
    let Some(most) = found.stamps.iter().map(|one| one.size).max() else {
        sentences.push(if found.witnesses.is_empty() {
            CLOCK.to_owned()
        } else {
            "When it happened, by an authority that a court knows: none has stamped it. The times are those of the \
             organisation's clock and of the witnesses' clocks."
                .to_owned()
        });
        return;
    };
    let mut roots: Vec<_> = found
        .stamps
        .iter()
        .filter(|one| !options.tsa_roots.contains(&one.root))
        .map(|one| format!("{} (SHA-256 {})", one.subject, one.root))
        .collect();
    roots.sort();
    roots.dedup();
    for root in roots {
        sentences.push(format!("That a court knows the authority that stamped it: {root}"));
    }
    if most <= last {
        sentences.push(format!(
            "When the entries from position {most} on were made, other than by the organisation's own clock. No authority has stamped them."
        ));
    }
    sentences.push(
        "That the authorities had not taken back the certificates that stamped it. Their lists of revoked certificates are not read \
         here; where the bundle has them, they are in revocation/."
            .to_owned(),
    );
    sentences.push(
        "That an entry was made at its own time. A time stamp proves that it was there no later than the stamp.".to_owned(),
    );
}
