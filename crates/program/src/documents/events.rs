//! What can happen to a document.

use crate::{Digest, DocumentId, GrantId, Line, PersonId, Scope, SecretId, Subject, Text};
use gate::ConditionSet;
use serde::{Deserialize, Serialize};

/// What happened to a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// Its bytes were sealed in the vault.
    #[serde(rename = "document.added")]
    Added {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Its file name.
        name: Line,
        /// Its media type, as given on the way in.
        media_type: Line,
        /// Its size in bytes.
        size: u64,
        /// SHA-256 of its bytes.
        digest: Digest,
        /// The sealed blob that holds it.
        blob: String,
        /// The version of the secret at that time.
        secret_version: u32,
    },
    /// It was registered without its bytes, which stay where they are.
    #[serde(rename = "document.registered")]
    Registered {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Its name.
        name: Line,
        /// Where it is.
        place: Text,
        /// SHA-256 of its bytes, where somebody reckoned it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// It was taken out of use: it opens for nobody any more. Its bytes stay sealed.
    #[serde(rename = "document.withdrawn")]
    Withdrawn {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Why.
        reason: Text,
    },
    /// It was destroyed: the key that seals its bytes is deleted wherever it is kept, so that nobody can read them again, from
    /// no copy of whatever age. What was recorded about it stays. Where the key was deleted says `retention.shredded`.
    #[serde(rename = "document.destroyed")]
    Destroyed {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Why.
        reason: Text,
    },
    /// The gate let somebody open it. This entry is durable before the first byte is released.
    #[serde(rename = "document.opened")]
    Opened {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Who opened it.
        person: PersonId,
        /// On which grant; absent where the tier asks for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<GrantId>,
        /// The conditions that were asked and met.
        met: ConditionSet,
    },
    /// The gate did not let somebody open it.
    #[serde(rename = "document.refused")]
    Refused {
        /// The document.
        document: DocumentId,
        /// The secret it belongs to.
        secret: SecretId,
        /// Who asked.
        person: PersonId,
        /// The conditions that failed.
        failing: ConditionSet,
    },
}

impl Event {
    /// The document and its secret.
    #[must_use]
    pub fn about(&self) -> (DocumentId, SecretId) {
        match self {
            Event::Added { document, secret, .. }
            | Event::Registered { document, secret, .. }
            | Event::Withdrawn { document, secret, .. }
            | Event::Destroyed { document, secret, .. }
            | Event::Opened { document, secret, .. }
            | Event::Refused { document, secret, .. } => (*document, *secret),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::Secret(self.about().1)
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let (document, secret) = self.about();
        let mut subjects = vec![document.into(), secret.into()];
        match self {
            Event::Opened { person, grant, .. } => {
                subjects.push((*person).into());
                subjects.extend(grant.map(Subject::from));
            }
            Event::Refused { person, .. } => subjects.push((*person).into()),
            _ => {}
        }
        subjects
    }
}
