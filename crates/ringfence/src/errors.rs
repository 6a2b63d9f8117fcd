//! What went wrong, told on standard error and by the exit code.

use program::access::Because;
use program::{Refusal, Rule};
use serde::Serialize;
use service::{OpenError, ServiceError};
use std::fmt::Write as _;

/// How the program ends; the numbers are a promise to scripts, and stand in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A rule refused it.
    Refused = 1,
    /// Bad usage or input.
    Input = 2,
    /// The record, or sealed content, is damaged.
    Damaged = 3,
    /// No passphrase, or a wrong one.
    Sealed = 4,
    /// The disk or the database failed.
    Storage = 5,
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) code: Code,
    /// What is told.
    pub(crate) report: Box<Report>,
}

/// A failure as `--json` tells it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Which kind of rule or cause; stable words.
    pub(crate) rule: String,
    /// One sentence.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
    /// The argument or column at fault.
    pub(crate) field: Option<String>,
    /// The entry that records the refusal, or the one that is damaged.
    pub(crate) entry: Option<u64>,
    /// The conditions that fail, where the gate refused.
    pub(crate) because: Vec<Reason>,
    /// The rows that cannot be taken, where a file was given.
    pub(crate) rows: Vec<Row>,
}

/// A row of a file that cannot be taken.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// The line on which it begins, the first being 1.
    pub(crate) line: u64,
    /// Everything that is wrong with it.
    pub(crate) why: String,
}

/// One condition that fails.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reason {
    /// Which.
    pub(crate) condition: String,
    /// Why.
    pub(crate) why: String,
    /// What can be done about it.
    pub(crate) remedy: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, rule: &str, message: impl Into<String>) -> Self {
        let report = Report {
            rule: rule.to_owned(),
            message: message.into(),
            remedy: None,
            field: None,
            entry: None,
            because: Vec::new(),
            rows: Vec::new(),
        };
        Self { code, report: Box::new(report) }
    }

    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Code::Input, "input", message)
    }

    pub(crate) fn storage(message: impl Into<String>) -> Self {
        Self::new(Code::Storage, "storage", message)
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.report.remedy = Some(remedy.into());
        self
    }

    /// The refusal of a file because of some of its rows.
    pub(crate) fn rows(mut self, field: &str, rows: Vec<Row>) -> Self {
        self.report.field = Some(field.to_owned());
        self.report.rows = rows;
        self.remedy("correct these lines, and import the whole file again")
    }

    fn entry(mut self, entry: u64) -> Self {
        self.report.entry = Some(entry);
        self
    }

    /// The failure for people.
    pub(crate) fn text(&self) -> String {
        let report = &self.report;
        let head = if self.code == Code::Refused { "refused" } else { "error" };
        let mut text = format!("{head}: {}", report.message);
        for reason in &report.because {
            let _ = write!(text, "\n  {}: {}", reason.condition, reason.why);
            if let Some(remedy) = &reason.remedy {
                let _ = write!(text, "\n    {remedy}");
            }
        }
        for row in &report.rows {
            let _ = write!(text, "\n  line {}: {}", row.line, row.why);
        }
        if let Some(remedy) = &report.remedy {
            let mut lines = remedy.lines();
            let _ = write!(text, "\nhelp: {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = write!(text, "\n      {line}");
            }
        }
        if let Some(entry) = report.entry.filter(|_| self.code == Code::Refused) {
            let _ = write!(text, "\nrecorded as entry {entry}");
        }
        text
    }

    /// The failure for programs.
    pub(crate) fn json(&self) -> String {
        serde_json::json!({ "error": self.report }).to_string()
    }
}

/// The conditions that fail, in words.
pub(crate) fn failing(because: &[Because]) -> Vec<Reason> {
    let failing = because.iter().filter(|because| !because.met);
    let reasons = failing.map(|because| Reason {
        condition: because.condition.to_string(),
        why: because.why.to_string(),
        remedy: because.remedy.as_ref().map(program::access::Remedy::sentence),
    });
    reasons.collect()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        // What was named wrongly, or cannot be read, is the caller's to mend; all else is a rule's answer.
        let code = match refusal.rule {
            Rule::Input | Rule::Unknown => Code::Input,
            _ => Code::Refused,
        };
        let rule = serde_json::to_value(refusal.rule).ok();
        let rule = rule.as_ref().and_then(serde_json::Value::as_str).unwrap_or("rule");
        let mut failure = Self::new(code, rule, refusal.message);
        failure.report.remedy = refusal.remedy;
        failure.report.field = refusal.field.map(str::to_owned);
        failure
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let message = error.to_string();
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::Shut(shut) => {
                let mut failure = Self::new(Code::Refused, "gate", message).entry(shut.entry);
                failure.report.because = failing(&shut.because);
                failure
            }
            ServiceError::Damaged(damage) => damaged(damage.position, message),
            ServiceError::Content(_) => Self::new(Code::Damaged, "damaged", message)
                .remedy("put it back from a copy: `ringfence restore` makes a whole record from one"),
            ServiceError::Upload(_) => Self::input(message),
            ServiceError::Full | ServiceError::Storage(_) | ServiceError::Stopping => Self::storage(message),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        match error {
            OpenError::Absent(_) => Self::input(message),
            OpenError::Present(_) => Self::new(Code::Refused, "taken", message),
            OpenError::WrongPassphrase => Self::new(Code::Sealed, "sealed", message).remedy(
                "if it is lost, `ringfence passphrase recover` sets a new one with the printed recovery key",
            ),
            OpenError::WrongRecoveryKey(_) => Self::new(Code::Sealed, "sealed", message),
            OpenError::WeakPassphrase(_) => Self::input(message),
            OpenError::DamagedKeys(_) => Self::new(Code::Damaged, "damaged", message)
                .remedy("put the record back from a copy: `ringfence restore`"),
            OpenError::Copy(_) => Self::new(Code::Damaged, "copy", message)
                .remedy("check which folder is which, or go back to another copy"),
            OpenError::Damaged(damage) => damaged(damage.position, message),
            OpenError::Malformed(_) => Self::new(Code::Damaged, "damaged", message).remedy(
                "keep this copy as evidence, and put the record back from a copy: `ringfence restore`",
            ),
            OpenError::Storage(_) => Self::storage(message),
            OpenError::Newer(_) => Self::storage(message).remedy("use the newer version"),
            OpenError::Refused(refusal) => refusal.into(),
        }
    }
}

fn damaged(position: u64, message: String) -> Failure {
    Failure::new(Code::Damaged, "damaged", message).entry(position).remedy(
        "keep this copy as evidence, and put the record back from a copy (`ringfence restore`); `ringfence record verify` checks all of it",
    )
}
