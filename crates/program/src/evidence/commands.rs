//! What people may do about evidence: name witnesses and authorities, export, replace the signing key.

use super::state::public;
use super::{Authority, Event, Stamp, Witness};
use crate::people::Role;
use crate::{
    Actor, Digest, DocumentId, Event as AnyEvent, Line, Refusal, Rule, SecretId, State, Text, Time, Via,
    secrets,
};

/// The most witnesses, and the most authorities: each is asked at every anchor.
const MOST: usize = 32;
/// Those who say who vouches for the record.
pub const KEEPERS: &[Role] = &[Role::Administrator, Role::Counsel, Role::SecurityOfficer];
/// Those who replace the key that signs the record.
pub const KEY_KEEPERS: &[Role] = &[Role::Administrator];
/// Those who hand evidence out.
pub const EXPORTERS: &[Role] = &[Role::Counsel];

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Set who witnesses the record. Keys and addresses were read by the caller.
    SetWitnesses {
        /// All of them; none ends witnessing.
        witnesses: Vec<Witness>,
        /// How many have to cosign.
        quorum: u32,
        /// Why.
        reason: Text,
    },
    /// Set which authorities stamp the record.
    SetAuthorities {
        /// All of them; none ends stamping.
        authorities: Vec<Authority>,
        /// Why.
        reason: Text,
    },
    /// Record what witnesses and authorities answered. Checked by the caller; by the program itself, whoever asked for it.
    NoteAnchor {
        /// How many entries the checkpoint is over.
        size: u64,
        /// Its root.
        root: Digest,
        /// The checkpoint with the cosignatures.
        checkpoint: String,
        /// Who cosigned.
        cosigned: Vec<Line>,
        /// What the authorities answered.
        stamps: Vec<Stamp>,
        /// Who did not answer, and why.
        failed: Vec<(Line, Line)>,
    },
    /// Record that a bundle was made. The bundle is handed over once this is durable.
    RecordExport {
        /// The secret.
        secret: SecretId,
        /// The moment whose state it shows.
        as_of: Option<Time>,
        /// SHA-256 of its manifest.
        manifest: Digest,
        /// How many entries it shows.
        entries: u32,
        /// How many of their fields were withheld.
        withheld: u32,
        /// The documents whose bytes are in it.
        documents: Vec<DocumentId>,
        /// For whom.
        recipient: Line,
        /// What for.
        purpose: Text,
    },
    /// Replace the key that signs checkpoints.
    RotateKey {
        /// The new verifier key.
        key: Line,
        /// The one in use.
        previous: Line,
        /// Why.
        reason: Text,
    },
}

/// Decides a command about evidence.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    let event = match command {
        Command::SetWitnesses { witnesses, quorum, reason } => {
            actor.require(state, now, KEEPERS, "say who witnesses the record")?;
            check_witnesses(state, witnesses, *quorum)?;
            Event::WitnessesSet { witnesses: witnesses.clone(), quorum: *quorum, reason: reason.clone() }
        }
        Command::SetAuthorities { authorities, reason } => {
            actor.require(state, now, KEEPERS, "say which authorities stamp the record")?;
            check_authorities(state, authorities)?;
            Event::AuthoritiesSet { authorities: authorities.clone(), reason: reason.clone() }
        }
        Command::NoteAnchor { size, root, checkpoint, cosigned, stamps, failed } => {
            if actor.via != Via::Program {
                return Err(Refusal::role("record an anchor", "the program itself"));
            }
            if *size > state.size {
                return Err(Refusal::input("size", format!("the record never had {size} entries")));
            }
            Event::Anchored {
                size: *size,
                root: *root,
                checkpoint: checkpoint.clone(),
                cosigned: cosigned.clone(),
                stamps: stamps.clone(),
                failed: failed.clone(),
            }
        }
        Command::RecordExport {
            secret,
            as_of,
            manifest,
            entries,
            withheld,
            documents,
            recipient,
            purpose,
        } => {
            may_export(state, actor, now, *secret)?;
            if as_of.is_some_and(|as_of| as_of > now) {
                return Err(Refusal::input("as_of", "that moment is still to come"));
            }
            Event::Exported {
                secret: *secret,
                as_of: *as_of,
                manifest: *manifest,
                entries: *entries,
                withheld: *withheld,
                documents: documents.clone(),
                recipient: recipient.clone(),
                purpose: purpose.clone(),
            }
        }
        Command::RotateKey { key, previous, reason } => {
            actor.require(state, now, KEY_KEEPERS, "replace the key that signs the record")?;
            if key == previous {
                return Err(Refusal::input("key", "the new key is the one in use"));
            }
            if state.evidence.keys.last().is_some_and(|change| change.key != *previous) {
                return Err(Refusal::new(
                    Rule::Standing,
                    "the key was replaced by somebody else at the same time",
                )
                .remedy("look who did it, and whether once is enough"));
            }
            Event::KeyRotated { key: key.clone(), previous: previous.clone(), reason: reason.clone() }
        }
    };
    Ok(vec![event.into()])
}

/// May the actor hand out evidence about this secret? Counsel: what goes to the other side is theirs to choose.
///
/// # Errors
/// The refusal.
pub fn may_export(state: &State, actor: &Actor, now: Time, secret: SecretId) -> Result<(), Refusal> {
    secrets::seen(state, actor, now, secret)?;
    actor.require(state, now, EXPORTERS, "export evidence")
}

fn check_witnesses(state: &State, witnesses: &[Witness], quorum: u32) -> Result<(), Refusal> {
    if witnesses.len() > MOST {
        return Err(Refusal::input("witnesses", format!("at most {MOST} witnesses are asked")));
    }
    for (n, witness) in witnesses.iter().enumerate() {
        let before = witnesses.iter().take(n);
        if before.clone().any(|other| other.name == witness.name) {
            let message = format!("two witnesses are called `{}`", witness.name);
            return Err(Refusal::new(Rule::Taken, message).field("witnesses"));
        }
        if before.clone().any(|other| public(other) == public(witness)) {
            let message = format!("`{}` has the key of another witness", witness.name);
            return Err(Refusal::new(Rule::Taken, message).field("witnesses"));
        }
        if state.evidence.authorities.iter().any(|authority| authority.name == witness.name) {
            let message = format!("a time-stamping authority is called `{}` already", witness.name);
            return Err(Refusal::new(Rule::Taken, message).field("witnesses"));
        }
    }
    let most = u32::try_from(witnesses.len()).unwrap_or(u32::MAX);
    let least = u32::from(!witnesses.is_empty());
    if (least..=most).contains(&quorum) {
        return Ok(());
    }
    Err(Refusal::input("quorum", format!("of {most} witnesses, {quorum} cannot have to cosign"))
        .remedy(format!("choose a number from {least} to {most}")))
}

fn check_authorities(state: &State, authorities: &[Authority]) -> Result<(), Refusal> {
    if authorities.len() > MOST {
        return Err(Refusal::input("authorities", format!("at most {MOST} authorities are asked")));
    }
    for (n, authority) in authorities.iter().enumerate() {
        let twice = authorities.iter().take(n).any(|other| other.name == authority.name);
        if twice || state.evidence.witnesses.iter().any(|witness| witness.name == authority.name) {
            let message = format!("two of those who vouch are called `{}`", authority.name);
            return Err(Refusal::new(Rule::Taken, message).field("authorities"));
        }
    }
    Ok(())
}
