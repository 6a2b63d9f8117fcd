//! What can happen between the record and those outside who vouch for it.

use crate::{Digest, DocumentId, Line, Scope, SecretId, Subject, Text, Time};
use serde::{Deserialize, Serialize};

/// Somebody outside who cosigns the record's checkpoints (C2SP tlog-witness).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// What people call it: "Berg & Partners, outside counsel".
    pub name: Line,
    /// Its verifier key (C2SP signed-note, type 0x04).
    pub key: Line,
    /// Where it is asked: the submission prefix.
    pub address: Line,
}

/// A time-stamping authority (RFC 3161).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// What people call it.
    pub name: Line,
    /// Where it is asked, over HTTP (RFC 3161, section 3.4).
    pub address: Line,
    /// The certificate that its chain has to end in, PEM.
    pub root: Text,
}

/// What one authority answered: that a checkpoint was there at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Which authority, by its name.
    pub authority: Line,
    /// The time in the token.
    pub time: Time,
    /// The response as it came: DER, in base64.
    pub token: String,
    /// The certificates from the signer's to the root's, PEM.
    pub chain: String,
    /// Until when all of these certificates are valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// The lists of revoked certificates on which none of these stood, the signer's first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation: Vec<RevocationList>,
    /// Why there is not one for each certificate but the root's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_missing: Option<Line>,
}

/// What the issuer of one certificate says about those that it took back (RFC 5280, section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationList {
    /// The certificate that was looked for, by its SHA-256.
    pub certificate: Digest,
    /// When the list was fetched.
    pub fetched: Time,
    /// When the issuer said so.
    pub issued: Time,
    /// By when it was to say more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
    /// SHA-256 of the list.
    pub digest: Digest,
    /// The list: DER, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The entry of the earlier anchor that holds the list, where this one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<u64>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// Who witnesses the record was set: all of them, and how many have to cosign.
    #[serde(rename = "evidence.witnesses-set")]
    WitnessesSet {
        /// The witnesses.
        witnesses: Vec<Witness>,
        /// How many of them have to cosign a checkpoint for it to count as witnessed.
        quorum: u32,
        /// Why.
        reason: Text,
    },
    /// Which authorities stamp the record was set: all of them.
    #[serde(rename = "evidence.authorities-set")]
    AuthoritiesSet {
        /// The authorities.
        authorities: Vec<Authority>,
        /// Why.
        reason: Text,
    },
    /// The head of the record was shown to witnesses and authorities, and this is what they answered.
    #[serde(rename = "evidence.anchored")]
    Anchored {
        /// How many entries the checkpoint is over.
        size: u64,
        /// Its root.
        root: Digest,
        /// The checkpoint with the cosignatures (C2SP signed-note).
        checkpoint: String,
        /// The witnesses who cosigned, by name.
        cosigned: Vec<Line>,
        /// What the authorities answered.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stamps: Vec<Stamp>,
        /// Those who did not answer, or not rightly: the name, and what was wrong.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failed: Vec<(Line, Line)>,
    },
    /// A bundle about a secret was made, for somebody to check without us.
    #[serde(rename = "evidence.exported")]
    Exported {
        /// The secret.
        secret: SecretId,
        /// The moment whose state it shows; absent where it is the moment of the export.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<Time>,
        /// SHA-256 of the bundle's `manifest.json`, which names every file in it.
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
    /// The key that signs checkpoints was replaced. This entry's own checkpoint is the last one signed by the key before.
    #[serde(rename = "evidence.key-rotated")]
    KeyRotated {
        /// The new verifier key (C2SP signed-note).
        key: Line,
        /// The one before.
        previous: Line,
        /// Why.
        reason: Text,
    },
}

impl Event {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Event::Exported { secret, .. } => Scope::Secret(*secret),
            Event::WitnessesSet { .. }
            | Event::AuthoritiesSet { .. }
            | Event::Anchored { .. }
            | Event::KeyRotated { .. } => Scope::Organisation,
        }
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        match self {
            Event::Exported { secret, documents, .. } => {
                let documents = documents.iter().copied().map(Subject::from);
                std::iter::once(Subject::from(*secret)).chain(documents).collect()
            }
            _ => Vec::new(),
        }
    }
}
