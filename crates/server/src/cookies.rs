//! The four cookies: the session, forms before signing in, a second step of signing in, and a message after an act.
//!
//! Over TLS each has the `__Host-` prefix (RFC 6265bis section 4.1.3): no other host can set it. On plain HTTP, which is
//! this machine alone, browsers take neither the prefix nor `Secure`.

use axum::http::{HeaderMap, HeaderValue, header};

/// One of the cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session's token.
    Session,
    /// What forms before signing in are bound to.
    Form,
    /// The try at signing in whose password was right.
    Step,
    /// The message on the next page.
    Flash,
}

impl Cookie {
    /// Its name.
    #[must_use]
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-ringfence",
            (Self::Session, false) => "ringfence",
            (Self::Form, true) => "__Host-ringfence-form",
            (Self::Form, false) => "ringfence-form",
            (Self::Step, true) => "__Host-ringfence-step",
            (Self::Step, false) => "ringfence-step",
            (Self::Flash, true) => "__Host-ringfence-flash",
            (Self::Flash, false) => "ringfence-flash",
        }
    }

    /// Its value in a request. Where a browser sends two of one name, neither is believed.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(name, _)| *name == self.name(secure)).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (Some(value), None) if !value.is_empty() => Some(value.to_owned()),
            _ => None,
        }
    }

    /// The header that sets it, for so many seconds. `Lax`, so that a link in a mail finds its reader signed in; what
    /// changes anything is a POST, which `Lax` does not accompany from elsewhere.
    pub(crate) fn set(self, value: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
        let bound = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{bound}");
        HeaderValue::from_str(&text).ok()
    }

    /// The header that takes it away.
    pub(crate) fn clear(self, secure: bool) -> Option<HeaderValue> {
        self.set("", 0, secure)
    }
}
