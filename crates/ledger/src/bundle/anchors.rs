//! What others saw of the record: earlier checkpoints with cosignatures and time stamps (docs/record-format.md, sections 9 and 10).

use super::contents::ANCHORS;
use super::examination::Head;
use super::lines::Lines;
use super::{Check, Failure, Manifest, Stamped, Witness};
use crate::checkpoint::{Checkpoint, decimal};
use crate::cosignature;
use crate::entry::MAX_TIME;
use crate::key::{KeyKind, VerifierKey};
use crate::note::{NoteError, SignedNote};
use crate::policy::Policy;
use crate::stamp::{Chain, Response};
use crate::tile_set::TileSet;

/// An anchor that holds.
pub(super) struct Seen {
    size: u64,
    note: SignedNote,
    cosigned: Vec<(VerifierKey, u64)>,
}

pub(super) fn checkpoint_path(size: u64) -> String {
    format!("{ANCHORS}{size}/checkpoint")
}

pub(super) fn stamp_path(size: u64, number: u64) -> String {
    format!("{ANCHORS}{size}/{number}.tsr")
}

pub(super) fn chain_path(size: u64, number: u64) -> String {
    format!("{ANCHORS}{size}/{number}.pem")
}

/// Whether the manifest's `anchors` name a member.
pub(super) fn is_named(manifest: &Manifest, name: &str) -> bool {
    let named = || {
        let (size, file) = name.strip_prefix(ANCHORS)?.split_once('/')?;
        let size = decimal(size)?;
        let place = manifest.anchors.binary_search_by_key(&size, |anchor| anchor.size).ok()?;
        let tokens = manifest.anchors.get(place)?.tokens;
        let number = |number: &str| decimal(number).filter(|number| (1..=tokens).contains(number));
        match file.split_once('.') {
            None => (file == "checkpoint").then_some(()),
            Some((stem, "tsr" | "pem")) => number(stem).map(|_| ()),
            Some(_) => None,
        }
    };
    named().is_some()
}

/// Which key was in use when the record had so many entries.
pub(super) fn keys_in_use<'m>(
    manifest: &'m Manifest,
    lines: &Lines,
) -> Result<impl Fn(u64) -> Option<&'m VerifierKey>, Failure> {
    for (place, (position, key)) in (1..).zip(&lines.rotations) {
        let fails = |reason: &str| Err(Check::Anchor.fails(position, reason));
        if *key != Some(place) || place >= manifest.keys.len() {
            return fails("the key that comes into use here is not the next of the manifest's");
        }
        if !manifest.anchors.iter().any(|anchor| Some(anchor.size) == position.checked_add(1)) {
            return fails("the key that went out of use here did not sign the record as it then was");
        }
    }
    if lines.rotations.len() + 1 < manifest.keys.len() {
        let reason = "a key of the manifest came into use by no entry that is shown";
        return Err(Check::Anchor.fails("keys", reason));
    }
    let rotations: Vec<u64> = lines.rotations.iter().map(|(position, _)| *position).collect();
    Ok(move |size: u64| {
        manifest.keys.get(rotations.iter().filter(|position| size > position.saturating_add(1)).count())
    })
}

/// Checks an anchor.
pub(super) fn check(
    bytes: &[u8],
    size: u64,
    head: &Checkpoint,
    key: Option<&VerifierKey>,
    policy: &Policy,
    tiles: &TileSet<'_>,
) -> Result<Seen, Failure> {
    let fails = |reason: &dyn std::fmt::Display| Check::Anchor.fails(size, reason);
    let Head { note, checkpoint } = Head::read(bytes).map_err(|reason| fails(&reason))?;
    if checkpoint.origin != head.origin {
        return Err(fails(&"it is of another record"));
    }
    if checkpoint.size != size || size >= head.size {
        return Err(fails(&"it is of another size than its place says, or not of an earlier record"));
    }
    if tiles.root_at(size) != Some(checkpoint.root) {
        return Err(fails(&"the record does not begin with the entries that others saw then"));
    }
    let key = key.ok_or_else(|| fails(&"no key was in use then"))?;
    let mut known = vec![key.clone()];
    known.extend(policy.witness_keys());
    let signed = note.checked(&known).map_err(|error| fails(&error))?;
    if let Some(stranger) = note.signatures().iter().find(|one| !known.iter().any(|key| key.made(one))) {
        return Err(fails(&NoteError::UnknownSignature(stranger.name.clone())));
    }
    let mut signers: Vec<&VerifierKey> = Vec::new();
    let mut cosigned = Vec::new();
    for (signer, signature) in signed {
        if signers.contains(&signer) {
            return Err(fails(&NoteError::Twice(signer.name().to_owned())));
        }
        signers.push(signer);
        if signer.kind() == KeyKind::Witness {
            let seconds = cosignature::time(&signature.bytes).map_or(u64::MAX, |(seconds, _)| seconds);
            if seconds > MAX_TIME.unsigned_abs() / 1000 {
                return Err(fails(&"a cosignature bears a time after the year 9999"));
            }
            cosigned.push((signer.clone(), seconds));
        }
    }
    if !signers.contains(&key) {
        return Err(fails(&"it is not signed by the record's key that was in use"));
    }
    Ok(Seen { size, note, cosigned })
}

/// Checks a time stamp.
pub(super) fn stamp(path: String, response: &[u8], chain: &[u8], seen: &Seen) -> Result<Stamped, Failure> {
    let fails = |reason: &dyn std::fmt::Display| Check::Stamp.fails(&path, reason);
    let text = str::from_utf8(chain).map_err(|_| fails(&"the certificates beside it are not a text"))?;
    let chain = Chain::from_pem(text).map_err(|error| fails(&error))?;
    if chain.to_pem() != text {
        return Err(fails(&"the certificates beside it are not written as the format has them"));
    }
    let stamp =
        Response::parse(response).and_then(|token| token.verify(seen.note.text().as_bytes(), &chain, None));
    let stamp = stamp.map_err(|error| fails(&error))?;
    Ok(Stamped {
        size: seen.size,
        time: stamp.time_ms,
        subject: stamp.root_subject,
        root: stamp.root_fingerprint,
        path,
    })
}

/// The cosignatures by witnesses of the policy that decides.
pub(super) fn witnesses(policy: &Policy, seen: &[Seen]) -> Vec<Witness> {
    let known = policy.witness_keys();
    let cosigned = seen
        .iter()
        .flat_map(|anchor| anchor.cosigned.iter().map(|(key, seconds)| (anchor.size, key, *seconds)));
    cosigned
        .filter(|(_, key, _)| known.contains(key))
        .map(|(size, key, seconds)| Witness { name: key.name().to_owned(), size, seconds })
        .collect()
}

/// Whether the cosignatures of one anchor meet the quorum.
pub(super) fn quorum(policy: &Policy, seen: &[Seen]) -> bool {
    let nobody = policy.is_met(|_| false);
    nobody
        || seen
            .iter()
            .any(|anchor| policy.is_met(|key| anchor.cosigned.iter().any(|(signer, _)| signer == key)))
}

/// The policy that was given decides: of the log, and of the quorum.
pub(super) fn given_policy(policy: &Policy, key: &VerifierKey, seen: &[Seen]) -> Result<(), Failure> {
    let fails = |reason: &str| Err(Check::Policy.fails("--policy", reason));
    if !policy.logs().is_empty() && !policy.logs().iter().any(|log| log.key == *key) {
        return fails("the policy that was given names other records than this, or other keys of it");
    }
    if !quorum(policy, seen) {
        return fails(
            "too few witnesses of the policy that was given have cosigned any one state of the record",
        );
    }
    Ok(())
}
