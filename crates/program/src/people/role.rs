//! What somebody may do in the programme, and on what footing they work here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A role in the running of the programme. Employees and contractors need none to sign, learn, ask for access and open
/// what they were granted; no role opens a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the installation: people, roles, accounts, settings. Manages, and reads nothing that is sealed.
    Administrator,
    /// Owns the legal side: the register of secrets, the agreements, the enforcement.
    Counsel,
    /// Owns access: clearances, the conditions of each tier, suspension, monitoring.
    SecurityOfficer,
    /// Brings people in, moves them and sees them out.
    HumanResources,
    /// Looks at everything that is not sealed, and changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in the order in which they are listed.
    pub const ALL: [Role; 5] =
        [Role::Administrator, Role::Counsel, Role::SecurityOfficer, Role::HumanResources, Role::Auditor];

    /// The word for it in files and on the command line: `security-officer`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Role::Administrator => "administrator",
            Role::Counsel => "counsel",
            Role::SecurityOfficer => "security-officer",
            Role::HumanResources => "human-resources",
            Role::Auditor => "auditor",
        }
    }

    /// For a sentence: `only an administrator may …`.
    #[must_use]
    pub const fn with_article(self) -> &'static str {
        match self {
            Role::Administrator => "an administrator",
            Role::Counsel => "counsel",
            Role::SecurityOfficer => "the security officer",
            Role::HumanResources => "human resources",
            Role::Auditor => "an auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: administrator, counsel, security-officer, human-resources and auditor are")]
pub struct RoleError(String);

impl FromStr for Role {
    type Err = RoleError;
    fn from_str(text: &str) -> Result<Self, RoleError> {
        let text = text.trim();
        let found = Role::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(text));
        found.ok_or_else(|| RoleError(text.to_owned()))
    }
}

/// On what footing somebody works here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engagement {
    /// Employed by the organisation.
    Employee,
    /// Works under a contract, which has an end date.
    Contractor,
}

impl Engagement {
    /// Both, in the order in which they are listed.
    pub const ALL: [Engagement; 2] = [Engagement::Employee, Engagement::Contractor];

    /// The word for it in files and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Engagement::Employee => "employee",
            Engagement::Contractor => "contractor",
        }
    }
}

impl fmt::Display for Engagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A text that is no engagement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an engagement: write employee or contractor")]
pub struct EngagementError(String);

impl FromStr for Engagement {
    type Err = EngagementError;
    fn from_str(text: &str) -> Result<Self, EngagementError> {
        let text = text.trim();
        let found = Engagement::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(text));
        found.ok_or_else(|| EngagementError(text.to_owned()))
    }
}
