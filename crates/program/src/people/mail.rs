//! A mail address: kept as it was written, compared without regard to case.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// A plausible mail address. Whether a mailbox stands behind it only a mail can show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Mail(String);

/// A text that cannot be a mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a mail address: one looks like `name@example.com`", .0.escape_debug())]
pub struct MailError(String);

impl Mail {
    /// Octets that fit (RFC 5321 section 4.5.3.1.3, without the angle brackets).
    pub const MOST: usize = 254;

    /// Trims the text and looks whether it can be a mail address.
    ///
    /// # Errors
    /// It has no single `@` between two parts, no dot-separated domain, white space, quotes or control characters, or is
    /// too long.
    pub fn new(text: &str) -> Result<Self, MailError> {
        let text = text.trim();
        if plausible(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MailError(text.chars().take(80).collect()))
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two addresses are compared by: no mail server in use tells `Ada@` from `ada@`.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

/// The key of an address that may not be one, for looking up what somebody typed.
pub(super) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

fn plausible(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels = || domain.split('.');
    text.len() <= Mail::MOST
        && (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
        && labels().count() >= 2
        && labels().all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromStr for Mail {
    type Err = MailError;
    fn from_str(text: &str) -> Result<Self, MailError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Mail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}
