//! What can happen to requirements, requests and grants.

use super::Requirement;
use crate::secrets::Tier;
use crate::{GrantId, PersonId, RequestId, Scope, SecretId, Subject, Text, Time};
use serde::{Deserialize, Serialize};

/// What happened to access.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// The requirements of a tier were changed.
    #[serde(rename = "access.requirements-set")]
    RequirementsSet {
        /// The tier.
        tier: Tier,
        /// What it asks from now on.
        requirement: Requirement,
        /// Why.
        reason: Text,
    },
    /// Somebody asked for access.
    #[serde(rename = "access.requested")]
    Requested {
        /// The request.
        request: RequestId,
        /// For whom.
        person: PersonId,
        /// To which secret.
        secret: SecretId,
        /// What for.
        purpose: Text,
        /// Until when.
        ends: Time,
    },
    /// One person approved a request. It becomes a grant when as many have approved as the tier asks.
    #[serde(rename = "access.approved")]
    Approved {
        /// The request.
        request: RequestId,
        /// The secret.
        secret: SecretId,
        /// Who approved.
        approver: PersonId,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
    /// A request was refused.
    #[serde(rename = "access.denied")]
    Denied {
        /// The request.
        request: RequestId,
        /// The secret.
        secret: SecretId,
        /// Who refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approver: Option<PersonId>,
        /// Why.
        reason: Text,
    },
    /// Whoever asked no longer needs it.
    #[serde(rename = "access.withdrawn")]
    Withdrawn {
        /// The request.
        request: RequestId,
        /// The secret.
        secret: SecretId,
    },
    /// A grant came into being.
    #[serde(rename = "access.granted")]
    Granted {
        /// The grant.
        grant: GrantId,
        /// The request it answers.
        request: RequestId,
        /// Who may open.
        person: PersonId,
        /// Which secret.
        secret: SecretId,
        /// What for.
        purpose: Text,
        /// When it ends.
        ends: Time,
        /// Who approved it.
        approvers: Vec<PersonId>,
    },
    /// A grant was taken back. From the moment this is answered it opens nothing, on any node.
    #[serde(rename = "access.revoked")]
    Revoked {
        /// The grant.
        grant: GrantId,
        /// The secret.
        secret: SecretId,
        /// Whose it was.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Somebody took emergency access: no approval, a short time, an alarm to the owner.
    #[serde(rename = "access.emergency-taken")]
    EmergencyTaken {
        /// The grant.
        grant: GrantId,
        /// Who took it.
        person: PersonId,
        /// To which secret.
        secret: SecretId,
        /// Why it could not wait.
        purpose: Text,
        /// When it ends.
        ends: Time,
    },
    /// Whoever took emergency access accounted for it.
    #[serde(rename = "access.emergency-justified")]
    EmergencyJustified {
        /// The grant.
        grant: GrantId,
        /// The secret.
        secret: SecretId,
        /// What was done with it, and why it was needed.
        account: Text,
    },
    /// The owner (or counsel) looked at an emergency access.
    #[serde(rename = "access.emergency-reviewed")]
    EmergencyReviewed {
        /// The grant.
        grant: GrantId,
        /// The secret.
        secret: SecretId,
        /// Was it in order?
        in_order: bool,
        /// What was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Text>,
    },
}

impl Event {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Event::RequirementsSet { .. } => Scope::Organisation,
            Event::Requested { secret, .. }
            | Event::Approved { secret, .. }
            | Event::Denied { secret, .. }
            | Event::Withdrawn { secret, .. }
            | Event::Granted { secret, .. }
            | Event::Revoked { secret, .. }
            | Event::EmergencyTaken { secret, .. }
            | Event::EmergencyJustified { secret, .. }
            | Event::EmergencyReviewed { secret, .. } => Scope::Secret(*secret),
        }
    }

    pub(crate) fn subjects(&self) -> Vec<Subject> {
        match self {
            Event::RequirementsSet { .. } => Vec::new(),
            Event::Requested { request, person, secret, .. } => {
                vec![(*request).into(), (*secret).into(), (*person).into()]
            }
            Event::Approved { request, secret, approver, .. } => {
                vec![(*request).into(), (*secret).into(), (*approver).into()]
            }
            Event::Denied { request, secret, .. } | Event::Withdrawn { request, secret } => {
                vec![(*request).into(), (*secret).into()]
            }
            Event::Granted { grant, request, person, secret, .. } => {
                vec![(*grant).into(), (*request).into(), (*secret).into(), (*person).into()]
            }
            Event::Revoked { grant, secret, person, .. }
            | Event::EmergencyTaken { grant, person, secret, .. } => {
                vec![(*grant).into(), (*secret).into(), (*person).into()]
            }
            Event::EmergencyJustified { grant, secret, .. }
            | Event::EmergencyReviewed { grant, secret, .. } => {
                vec![(*grant).into(), (*secret).into()]
            }
        }
    }
}
