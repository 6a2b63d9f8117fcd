//! A field of an entry that can be shown alone: its salt, its name and its value (RFC 9901, section 4.2).

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::canonical::{CanonicalError, canonical};
use crate::digest::{Digest, sha256};
use crate::json::{Checked, Strict, Text};

/// 128 random bits that keep a short value from being guessed from its digest (RFC 9901, section 9.3).
///
/// Never shown by `Debug`: as long as a field is hidden, so is its salt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// A salted field. Its digest is public in the entry; the disclosure itself is shown to whom it concerns.
#[derive(Clone, PartialEq)]
pub struct Disclosure {
    salt: String,
    name: String,
    value: Value,
    // INVARIANT: the text the digest is over. For a received disclosure this is the received text, never
    // our own rewriting of it (RFC 9901, section 4.2.3).
    encoded: String,
}

/// Why something is not a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Not unpadded base64url.
    #[error("the disclosure is not unpadded base64url")]
    NotBase64Url,
    /// Not an array of salt, name and value.
    #[error("the disclosure is not a JSON array of a salt, a name and a value")]
    NotATriple,
    /// A salt of no characters hides nothing.
    #[error("the disclosure has an empty salt")]
    EmptySalt,
    /// The names `_sd` and `...` have a meaning of their own.
    #[error("`{0}` cannot be the name of a disclosure: RFC 9901 reserves it")]
    ReservedName(String),
    /// The value has no canonical form.
    #[error("the value of `{name}` cannot be recorded")]
    Value {
        /// The field's name.
        name: String,
        /// What is wrong with it.
        source: CanonicalError,
    },
}

impl Disclosure {
    /// Salts a field. The same arguments always give the same disclosure.
    pub fn new(salt: Salt, name: impl Into<String>, value: Value) -> Result<Self, DisclosureError> {
        let name = name.into();
        check_name(&name)?;
        let salt = BASE64URL_NOPAD.encode(&salt.0);
        let triple = Value::Array(vec![Value::String(salt.clone()), Value::String(name.clone()), value]);
        let bytes = match canonical(&triple) {
            Ok(bytes) => bytes,
            Err(source) => return Err(DisclosureError::Value { name, source }),
        };
        let Value::Array(items) = triple else {
            return Err(DisclosureError::NotATriple);
        };
        let value = items.into_iter().nth(2).unwrap_or_default();
        Ok(Self { salt, name, value, encoded: BASE64URL_NOPAD.encode(&bytes) })
    }

    /// Reads a disclosure as it was handed over. Its digest is over `encoded` as it stands.
    ///
    /// The value is read so that every reader reads the same: an object in which a name stands twice is refused. A salt may be any text here: others choose their own.
    pub fn parse(encoded: &str) -> Result<Self, DisclosureError> {
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| DisclosureError::NotBase64Url)?;
        let (salt, name, Strict(value)): (String, String, Strict) =
            serde_json::from_slice(&bytes).map_err(|_| DisclosureError::NotATriple)?;
        check_salt(&salt)?;
        check_name(&name)?;
        Ok(Self { salt, name, value, encoded: encoded.to_owned() })
    }

    /// The salt as it is written: base64url of 16 bytes if we made it, any text if others did.
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// The field's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field's value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text that is handed over: base64url of `[salt, name, value]`.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// What the entry publishes: SHA-256 over the ASCII text of [`encoded`](Self::encoded).
    pub fn digest(&self) -> Digest {
        sha256(self.encoded.as_bytes())
    }
}

/// The name in a disclosure whose base64url is undone already. Finds what [`Disclosure::parse`] finds, and keeps
/// no value: a bundle shows millions of them.
pub(crate) fn name_of(decoded: &str) -> Result<Cow<'_, str>, DisclosureError> {
    let (salt, name) = match plain_triple(decoded) {
        Some((salt, name)) => (Cow::Borrowed(salt), Cow::Borrowed(name)),
        None => {
            let (Text(salt), Text(name), Checked) =
                serde_json::from_str::<(Text<'_>, Text<'_>, Checked)>(decoded)
                    .map_err(|_| DisclosureError::NotATriple)?;
            (salt, name)
        }
    };
    check_salt(&salt)?;
    check_name(&name)?;
    Ok(name)
}

/// Salt and name where the triple is as nearly all are: three texts without escapes and nothing between them. So it is read in half the time.
fn plain_triple(json: &str) -> Option<(&str, &str)> {
    let (salt, rest) = plain_text(json.strip_prefix("[\"")?)?;
    let (name, rest) = plain_text(rest.strip_prefix(",\"")?)?;
    let (_, rest) = plain_text(rest.strip_prefix(",\"")?)?;
    (rest == "]").then_some((salt, name))
}

/// What stands before the next quotation mark, and what after it; nothing where there is an escape, or what needs one, before it.
fn plain_text(json: &str) -> Option<(&str, &str)> {
    let end = json.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
    let (text, rest) = json.split_at_checked(end)?;
    Some((text, rest.strip_prefix('"')?))
}

fn check_salt(salt: &str) -> Result<(), DisclosureError> {
    if salt.is_empty() { Err(DisclosureError::EmptySalt) } else { Ok(()) }
}

fn check_name(name: &str) -> Result<(), DisclosureError> {
    match name {
        "_sd" | "..." => Err(DisclosureError::ReservedName(name.to_owned())),
        _ => Ok(()),
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(hidden)")
    }
}

impl std::fmt::Debug for Disclosure {
    // The value may be a secret: a log line gets the name only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disclosure").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
