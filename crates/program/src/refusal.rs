//! A refusal: which rule said no, and how to meet it.

use serde::Serialize;

/// The kinds of rules that refuse. The word is stable: programs may match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// What was named does not exist, or may not be known to this actor.
    Unknown,
    /// The actor's role does not allow it.
    Role,
    /// Nobody approves, clears or judges their own case.
    OwnCase,
    /// The thing is not in a state in which this can be done.
    Standing,
    /// A value is missing or cannot be taken.
    Input,
    /// Something with this name, mail address or number is there already.
    Taken,
    /// The gate: a condition of access is not met.
    Gate,
    /// Signing in failed, or a stronger proof is needed.
    SignIn,
    /// A legal hold forbids destroying it.
    Hold,
}

/// Why something was not done. Nothing was recorded or changed when one is returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which kind of rule.
    pub rule: Rule,
    /// What happened and why: one lower-case sentence, no full stop.
    pub message: String,
    /// What to do about it, where anything can be done.
    pub remedy: Option<String>,
    /// The form field or CSV column at fault, where one is.
    pub field: Option<&'static str>,
}

impl Refusal {
    /// A refusal by `rule`.
    #[must_use]
    pub fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), remedy: None, field: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// A value that cannot be taken, in the named field.
    #[must_use]
    pub fn input(field: &'static str, message: impl Into<String>) -> Self {
        Self::new(Rule::Input, message).field(field)
    }

    /// `what` is not known: said the same way whether it never was or may not be seen.
    #[must_use]
    pub fn unknown(what: impl std::fmt::Display) -> Self {
        Self::new(Rule::Unknown, format!("`{what}` is not known here"))
            .remedy("check the id, or ask its owner")
    }

    /// The actor lacks the role for it.
    #[must_use]
    pub fn role(act: &str, who: &str) -> Self {
        Self::new(Rule::Role, format!("only {who} may {act}")).remedy(format!("ask {who} to do it"))
    }
}
