//! What stands around every page: the organisation, the navigation a role may use, who is signed in, and the last message.

use crate::assets;

/// Everything `base.html` shows around a page; the handler gives it as the field `frame` of its template.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The organisation whose secrets are kept here.
    pub organisation: String,
    /// What the page is, for the window's title.
    pub title: String,
    /// The language of the page, as in BCP 47: `en`.
    pub language: String,
    /// The person signed in.
    pub person_name: String,
    /// Two letters for them, from [`crate::format::initials`].
    pub initials: String,
    /// Whether and until when a second factor was shown in this session.
    pub second_factor: SecondFactor,
    /// The navigation, from [`navigation`].
    pub groups: Vec<NavGroup>,
    /// The token every form of the session carries against forged requests.
    pub csrf: String,
    /// A message about what was just done.
    pub flash: Option<Flash>,
    /// Alarms nobody has looked at; shown on top of every page while there are any.
    pub alarms: u32,
    /// What is in the search box.
    pub query: String,
    /// The time zone in which times are shown, in words: `Europe/Vienna`.
    pub zone: String,
}

/// Everything `bare.html` shows: set-up, sign-in, invitations and errors, where nobody is signed in yet.
#[derive(Debug, Clone)]
pub struct Bare {
    /// The organisation, or `Ringfence` before it has a name.
    pub organisation: String,
    /// What the page is.
    pub title: String,
    /// The language of the page, as in BCP 47: `en`.
    pub language: String,
    /// The token of the forms on it; empty where there is none.
    pub csrf: String,
    /// A message about what was just done.
    pub flash: Option<Flash>,
    /// A wider card, for reading an agreement.
    pub wide: bool,
}

/// The state of the second factor in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondFactor {
    /// The person has none set up.
    Absent,
    /// Set up, not shown in this session or too long ago.
    NotShown,
    /// Shown, and good until the time written here for people.
    ShownUntil(String),
}

/// A message after an act.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flash {
    /// What sort of message.
    pub kind: FlashKind,
    /// One sentence.
    pub text: String,
    /// The entry that recorded the act, where it was recorded.
    pub entry: Option<u64>,
}

/// Sorts of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FlashKind {
    /// It was done.
    Done,
    /// Something to know.
    Notice,
    /// It was done or not done, and something needs care.
    Warning,
    /// It was not done.
    Failed,
}

/// One heading of the navigation and its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavGroup {
    /// The heading.
    pub name: &'static str,
    /// Its links, never none.
    pub links: Vec<NavLink>,
}

/// One link of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavLink {
    /// Where it leads.
    pub href: &'static str,
    /// Its words.
    pub label: &'static str,
    /// The name of its icon in `partials/icons.html`, without `i-`.
    pub icon: &'static str,
    /// How many things wait there.
    pub count: Option<u32>,
    /// Whether the page shown lies under it.
    pub current: bool,
}

/// The places of the navigation, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What waits for me.
    Home,
    /// The secrets and documents I may open.
    Openable,
    /// Agreements I signed or am asked to sign.
    MyAgreements,
    /// The register of secrets.
    Register,
    /// Requests for access.
    Requests,
    /// People: joiners, movers, leavers.
    People,
    /// The library of agreements and who signed them.
    Agreements,
    /// The record and its proofs.
    Record,
    /// Who vouches for the record, and what was handed out of it.
    Evidence,
    /// What must be kept, what was destroyed, and the copies against loss.
    Retention,
    /// Pictures for those who run the programme.
    Dashboard,
    /// What each tier asks.
    Requirements,
    /// Who may sign in, and with what role.
    Accounts,
}

impl Place {
    /// All places, in the order of the navigation.
    pub const ALL: [Self; 13] = [
        Self::Home,
        Self::Openable,
        Self::MyAgreements,
        Self::Register,
        Self::Requests,
        Self::People,
        Self::Agreements,
        Self::Record,
        Self::Evidence,
        Self::Retention,
        Self::Dashboard,
        Self::Requirements,
        Self::Accounts,
    ];

    /// The path of the place.
    #[must_use]
    pub const fn href(self) -> &'static str {
        self.words().1
    }

    /// Group, path, label, icon.
    const fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Home => ("My desk", "/", "Home", "home"),
            Self::Openable => ("My desk", "/my/documents", "What I may open", "open"),
            Self::MyAgreements => ("My desk", "/my/agreements", "My agreements", "sign"),
            Self::Register => ("Secrets", "/secrets", "Register", "secret"),
            Self::Requests => ("Secrets", "/requests", "Requests", "request"),
            Self::People => ("People", "/people", "People", "people"),
            Self::Agreements => ("People", "/agreements", "Agreements", "document"),
            Self::Record => ("Watch", "/record", "Record", "seal"),
            Self::Evidence => ("Respond", "/evidence", "Evidence", "shield"),
            Self::Retention => ("Respond", "/retention", "Retention", "archive"),
            Self::Dashboard => ("Programme", "/dashboard", "Dashboard", "chart"),
            Self::Requirements => ("Programme", "/settings/requirements", "Requirements", "check-list"),
            Self::Accounts => ("Programme", "/accounts", "Accounts", "account"),
        }
    }
}

/// The navigation: only the places that `visible` names, with the number of things that wait there.
pub fn navigation(visible: &[(Place, Option<u32>)], current: Option<Place>) -> Vec<NavGroup> {
    let mut groups: Vec<NavGroup> = Vec::new();
    for place in Place::ALL {
        let Some((_, count)) = visible.iter().find(|(shown, _)| *shown == place) else {
            continue;
        };
        let (group, href, label, icon) = place.words();
        let link =
            NavLink { href, label, icon, count: count.filter(|n| *n > 0), current: current == Some(place) };
        match groups.last_mut() {
            Some(last) if last.name == group => last.links.push(link),
            _ => groups.push(NavGroup { name: group, links: vec![link] }),
        }
    }
    groups
}

impl Frame {
    /// Where a static file is served.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

impl Bare {
    /// Where a static file is served.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

impl Flash {
    /// Says that something was done, and which entry recorded it.
    #[must_use]
    pub fn recorded(text: impl Into<String>, entry: u64) -> Self {
        Self { kind: FlashKind::Done, text: text.into(), entry: Some(entry) }
    }

    /// Says why something was not done.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self { kind: FlashKind::Failed, text: text.into(), entry: None }
    }
}

impl FlashKind {
    /// The class that colours the message.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Done => "good",
            Self::Notice => "calm",
            Self::Warning => "warn",
            Self::Failed => "bad",
        }
    }

    /// The icon that says the same without colour.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Done => "check",
            Self::Notice => "info",
            Self::Warning => "warning",
            Self::Failed => "cross",
        }
    }

    /// Whether a screen reader is interrupted.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::Failed | Self::Warning => "alert",
            Self::Done | Self::Notice => "status",
        }
    }
}

#[cfg(test)]
mod tests;
