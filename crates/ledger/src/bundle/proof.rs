//! One field alone, proved by a C2SP tlog-proof (docs/record-format.md, section 12).

use serde_json::Map;

use super::examination::Head;
use super::{Check, Failure, Findings, Options, Verdict, Witness, unproved};
use crate::cosignature;
use crate::entry::MAX_TIME;
use crate::key::{KeyKind, VerifierKey};
use crate::line::LineReader;
use crate::proof::TlogProof;
use crate::tree::verify_inclusion;

/// Whether a file is a proof rather than a bundle.
pub fn is_tlog_proof(bytes: &[u8]) -> bool {
    bytes.starts_with(b"c2sp.org/tlog-proof@")
}

/// Verifies a proof whose extra data is a line. The record's key has to be among the options.
pub fn verify_tlog_proof(bytes: &[u8], options: &Options) -> Verdict {
    let proof = str::from_utf8(bytes).map_err(|_| "it is not a text".to_owned());
    let proof = proof.and_then(|text| text.parse::<TlogProof>().map_err(|error| error.to_string()));
    match proof {
        Err(reason) => Verdict::Unreadable(Check::Container.fails("proof", reason)),
        Ok(proof) => match findings(proof, options) {
            Ok(findings) => Verdict::Verified(Box::new(findings)),
            Err(failure) => Verdict::NotVerified(failure),
        },
    }
}

fn findings(proof: TlogProof, options: &Options) -> Result<Findings, Failure> {
    let mut reader = LineReader::default();
    let line = reader.read(&proof.extra).map_err(|error| match error.position() {
        Some(position) => Check::Entries.fails(position, error),
        None => Check::Entries.fails("line 1", error),
    })?;
    let position = line.entry.position();
    if position != proof.index {
        return Err(Check::Entries.fails(position, "the proof is of another position than its entry"));
    }
    let (head, key) = checkpoint(&proof, options.key.as_ref())?;
    verify_inclusion(&line.leaf, proof.index, head.checkpoint.size, &proof.hashes, &head.checkpoint.root)
        .map_err(|error| Check::Inclusion.fails(position, error))?;
    let witnesses = witnesses(&head, key, options)?;
    let mut findings = Findings {
        origin: head.checkpoint.origin,
        key: key.clone(),
        size: head.checkpoint.size,
        root: head.checkpoint.root,
        entries: 1,
        fields: line.fields.len() as u64,
        withheld: (line.entry.digests().len() - line.fields.len()) as u64,
        files: 0,
        first: line.entry.time(),
        last: line.entry.time(),
        witnesses,
        quorum: options.policy.as_ref().map(|_| true),
        stamps: Vec::new(),
        not_proved: Vec::new(),
        said: Map::new(),
    };
    findings.not_proved = unproved::of_proof(&findings, options);
    Ok(findings)
}

fn checkpoint<'o>(
    proof: &TlogProof,
    key: Option<&'o VerifierKey>,
) -> Result<(Head, &'o VerifierKey), Failure> {
    let fails = |reason: &dyn std::fmt::Display| Check::Checkpoint.fails("checkpoint", reason);
    let key = key.ok_or_else(|| fails(&"the record's key is needed: give it with `--key`"))?;
    let head = Head::of(proof.checkpoint.clone()).map_err(|reason| fails(&reason))?;
    if key.kind() != KeyKind::Log || head.checkpoint.origin != key.name() {
        return Err(fails(&"the key that was given is not of this record"));
    }
    head.note.verify(std::slice::from_ref(key)).map_err(|error| fails(&error))?;
    Ok((head, key))
}

fn witnesses(head: &Head, key: &VerifierKey, options: &Options) -> Result<Vec<Witness>, Failure> {
    let Some(policy) = &options.policy else { return Ok(Vec::new()) };
    let fails = |reason: &dyn std::fmt::Display| Check::Policy.fails("--policy", reason);
    if !policy.logs().is_empty() && !policy.logs().iter().any(|log| log.key == *key) {
        return Err(fails(&"the policy that was given names other records than this, or other keys of it"));
    }
    let known = policy.witness_keys();
    let mut witnesses = Vec::new();
    let signed = head.note.checked(&known).map_err(|error| fails(&error))?;
    for (witness, signature) in &signed {
        let seconds = cosignature::time(&signature.bytes).map_or(u64::MAX, |(seconds, _)| seconds);
        if seconds > MAX_TIME.unsigned_abs() / 1000 {
            return Err(fails(&"a cosignature bears a time after the year 9999"));
        }
        witnesses.push(Witness { name: witness.name().to_owned(), size: head.checkpoint.size, seconds });
    }
    if !policy.is_met(|key| signed.iter().any(|(signer, _)| *signer == key)) {
        return Err(fails(&"too few witnesses of the policy that was given have cosigned"));
    }
    Ok(witnesses)
}
