//! Short ids that people can read out over the telephone: `S-12` is a secret, `P-7` a person.
//!
//! Ids are numbered by the state, one after the other, so that deciding needs no randomness.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {article} id: one looks like `{prefix}-12`")]
pub struct IdError {
    given: String,
    article: &'static str,
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal $article:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u32);

            impl $name {
                /// What stands before the number.
                pub const PREFIX: &'static str = $prefix;
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!($prefix, "-{}"), self.0)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, f)
                }
            }

            impl FromStr for $name {
                type Err = IdError;
                fn from_str(text: &str) -> Result<Self, IdError> {
                    number($prefix, text)
                        .map(Self)
                        .ok_or_else(|| IdError { given: text.to_owned(), article: $article, prefix: $prefix })
                }
            }

            impl Serialize for $name {
                // Text in the record and in JSON; the bare number in snapshots, of which millions are read at start.
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    if !deserializer.is_human_readable() {
                        return u32::deserialize(deserializer).map(Self);
                    }
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }
        )*

        /// Anything an entry can be about; its text is what the record's index is searched by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the variants are the ids above")]
        pub enum Subject { $($name($name),)* }

        impl fmt::Display for Subject {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name(id) => id.fmt(f),)* }
            }
        }

        impl Serialize for Subject {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for Subject {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        $(impl From<$name> for Subject { fn from(id: $name) -> Self { Self::$name(id) } })*

        impl FromStr for Subject {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                $(if let Ok(id) = text.parse::<$name>() { return Ok(Self::$name(id)); })*
                Err(IdError { given: text.to_owned(), article: "an", prefix: "S" })
            }
        }
    };
}

ids! {
    /// A person the programme knows: employee or contractor, with or without an account.
    PersonId "P" "a person's";
    /// A trade secret in the register.
    SecretId "S" "a secret's";
    /// A document of a secret.
    DocumentId "D" "a document's";
    /// An agreement, over all its versions.
    AgreementId "A" "an agreement's";
    /// A request for access.
    RequestId "R" "a request's";
    /// A grant of access.
    GrantId "G" "a grant's";
    /// A local account with which a person signs in.
    AccountId "U" "an account's";
    /// A session of an account.
    SessionId "N" "a session's";
    /// A token for the REST API.
    TokenId "T" "a token's";
    /// A legal hold.
    HoldId "H" "a hold's";
}

/// `P-7` -> 7; strict about the form (no sign, no leading zero), lenient about case and surrounding space.
fn number(prefix: &str, text: &str) -> Option<u32> {
    let (head, digits) = text.trim().split_once('-')?;
    let plain = !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if head.eq_ignore_ascii_case(prefix) && plain { digits.parse().ok() } else { None }
}
