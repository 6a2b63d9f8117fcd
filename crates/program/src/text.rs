//! Text that was looked at on its way in: no control characters, no invisible direction tricks, a bounded length.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Text that cannot be taken as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("this must not be empty")]
    Empty,
    /// Longer than the field holds.
    #[error("this is too long: {given} characters, and at most {most} are kept")]
    TooLong {
        /// Characters given.
        given: usize,
        /// Characters allowed.
        most: usize,
    },
    /// A character that has no place in a text.
    #[error("this holds a character that cannot be kept (U+{0:04X}): remove it")]
    Forbidden(u32),
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $most:literal $multi:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Characters that fit.
            pub const MOST: usize = $most;

            /// Trims the text and checks it.
            ///
            /// # Errors
            /// It is empty, too long, or holds a control or direction-override character.
            pub fn new(text: &str) -> Result<Self, TextError> {
                check(text, $most, $multi).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

texts! {
    /// One line: a name, a title, a department.
    Line 200 false;
    /// Several lines: a description, a purpose, a reason.
    Text 20000 true;
}

fn check(text: &str, most: usize, multi: bool) -> Result<String, TextError> {
    let text = if multi { text.replace("\r\n", "\n") } else { text.to_owned() };
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let given = text.chars().count();
    if given > most {
        return Err(TextError::TooLong { given, most });
    }
    match text.chars().find(|c| forbidden(*c, multi)) {
        Some(c) => Err(TextError::Forbidden(u32::from(c))),
        None => Ok(text.to_owned()),
    }
}

/// Control characters corrupt exports; direction overrides make a name read as another (Unicode TR 36).
/// Arabic and Hebrew need neither: their direction is in the letters.
fn forbidden(c: char, multi: bool) -> bool {
    match c {
        '\n' | '\t' => !multi,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    }
}

/// SHA-256 of a file or text, as it stands in the record: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl std::str::FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        if digits.len() != 64 || text.len() != 64 {
            return Err(DigestError(text.to_owned()));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte =
                pair.iter().fold(0u8, |sum, digit| sum.wrapping_shl(4) | u8::try_from(*digit).unwrap_or(0));
        }
        Ok(Digest(bytes))
    }
}

/// A text that is no SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest: 64 hexadecimal digits are needed")]
pub struct DigestError(String);
