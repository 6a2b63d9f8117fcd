//! What can happen to an agreement and to those who are asked to sign it.

use crate::secrets::Tier;
use crate::{AgreementId, Digest, Line, PersonId, Scope, SecretId, Subject, Text, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Media {
    /// Markdown, in UTF-8.
    Markdown,
    /// A PDF file.
    Pdf,
}

/// A text that is kept sealed elsewhere, and what it takes to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRef {
    /// Where the sealed bytes are: hexadecimal.
    pub blob: String,
    /// SHA-256 of the exact bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
    /// How it is written.
    pub media: Media,
}

/// Which secrets an agreement binds its signer to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// Every secret in the register.
    Everything,
    /// The secrets of these tiers, as they are classified when it matters.
    Tiers(BTreeSet<Tier>),
    /// These secrets alone.
    Secrets(BTreeSet<SecretId>),
}

impl Covers {
    /// Does it cover a secret of this id and tier?
    #[must_use]
    pub fn includes(&self, secret: SecretId, tier: Tier) -> bool {
        match self {
            Covers::Everything => true,
            Covers::Tiers(tiers) => tiers.contains(&tier),
            Covers::Secrets(secrets) => secrets.contains(&secret),
        }
    }
}

/// How the signature was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// In a signed-in browser.
    Browser,
    /// At the local command line.
    Shell,
    /// By hand, on paper.
    Paper,
}

/// How the text was shown to the signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// Set as a page in the browser.
    Page,
    /// As the file itself, in the reader's own viewer.
    File,
    /// As text in a terminal.
    Terminal,
    /// On paper.
    Paper,
}

/// What was recorded about an agreement. Every field can be disclosed alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// A version was published: from now on it is the one to sign.
    #[serde(rename = "agreement.published")]
    Published {
        /// The agreement.
        agreement: AgreementId,
        /// 1, 2, 3 …
        version: u32,
        /// What it is called.
        title: Line,
        /// Its text.
        text: TextRef,
        /// Which secrets it covers.
        covers: Covers,
        /// In force for so many days after signing; absent: without end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_days: Option<u32>,
        /// Signatures under earlier versions no longer suffice.
        resign: bool,
        /// Signing needs a second factor.
        second_factor: bool,
        /// What changed and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// Somebody was asked to sign.
    #[serde(rename = "agreement.assigned")]
    Assigned {
        /// The agreement.
        agreement: AgreementId,
        /// The version that was the newest then.
        version: u32,
        /// Who is to sign.
        person: PersonId,
        /// By when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Time>,
    },
    /// The text was shown to somebody who was asked to sign it, or who had signed it.
    #[serde(rename = "agreement.opened")]
    Opened {
        /// The agreement.
        agreement: AgreementId,
        /// The version shown.
        version: u32,
        /// To whom.
        person: PersonId,
        /// SHA-256 of the bytes shown.
        digest: Digest,
    },
    /// Somebody signed.
    #[serde(rename = "agreement.signed")]
    Signed {
        /// The agreement.
        agreement: AgreementId,
        /// The version signed.
        version: u32,
        /// Who signed.
        person: PersonId,
        /// SHA-256 of the text signed: that of the published version.
        digest: Digest,
        /// How the text was shown.
        shown: Shown,
        /// The exact sentence agreed to before signing; on paper the consent is in the paper itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consent: Option<Text>,
        /// The name as the signer typed it, or as it stands on the paper.
        typed_name: Line,
        /// The text was shown to its end before it was signed; `false` on paper, where nobody can say.
        read_to_end: bool,
        /// How the signature was given.
        method: Method,
        /// When the signer last proved a second factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_factor_at: Option<Time>,
        /// The first instant at which it is no longer in force; absent: without end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<Time>,
        /// The scan of a paper copy. Who recorded it is the entry's actor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paper: Option<TextRef>,
        /// When the paper was signed; otherwise the entry's time is the signature's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed_on: Option<Time>,
    },
    /// Somebody would not sign.
    #[serde(rename = "agreement.declined")]
    Declined {
        /// The agreement.
        agreement: AgreementId,
        /// The version that was the newest then.
        version: u32,
        /// Who declined.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Somebody need not sign after all. A signature already given stays.
    #[serde(rename = "agreement.assignment-cancelled")]
    AssignmentCancelled {
        /// The agreement.
        agreement: AgreementId,
        /// Who was asked.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// It is not signed any more, and signatures under it no longer count.
    #[serde(rename = "agreement.withdrawn")]
    Withdrawn {
        /// The agreement.
        agreement: AgreementId,
        /// Why.
        reason: Text,
    },
}

impl Event {
    /// The agreement it happened to.
    #[must_use]
    pub fn agreement(&self) -> AgreementId {
        match self {
            Event::Published { agreement, .. }
            | Event::Assigned { agreement, .. }
            | Event::Opened { agreement, .. }
            | Event::Signed { agreement, .. }
            | Event::Declined { agreement, .. }
            | Event::AssignmentCancelled { agreement, .. }
            | Event::Withdrawn { agreement, .. } => *agreement,
        }
    }

    /// Whom it concerns, where it is somebody in particular.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Event::Published { .. } | Event::Withdrawn { .. } => None,
            Event::Assigned { person, .. }
            | Event::Opened { person, .. }
            | Event::Signed { person, .. }
            | Event::Declined { person, .. }
            | Event::AssignmentCancelled { person, .. } => Some(*person),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        self.person().map_or(Scope::Organisation, Scope::Person)
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let person = self.person().map(Subject::from);
        std::iter::once(Subject::from(self.agreement())).chain(person).collect()
    }
}

impl Event {
    /// The sealed blob that this event brings into the record, where it does.
    #[must_use]
    pub fn blob(&self) -> Option<&str> {
        match self {
            Event::Published { text, .. } => Some(&text.blob),
            Event::Signed { paper, .. } => paper.as_ref().map(|scan| scan.blob.as_str()),
            _ => None,
        }
    }
}
