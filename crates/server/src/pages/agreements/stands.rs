//! Where a person stands with an agreement, in one word for filters and one pill for the page.

use crate::parts::Tone;
use crate::visitor::Visitor;
use program::agreements::{Agreement, Standing};
use program::{PersonId, State, Time};

/// The words one can filter by, and what they mean on the page.
pub(crate) const WORDS: [(&str, &str); 7] = [
    ("signed", "Signed"),
    ("waiting", "Waiting"),
    ("overdue", "Overdue"),
    ("declined", "Declined"),
    ("outdated", "Older version signed"),
    ("ended", "Ended"),
    ("not-asked", "Not asked"),
];

/// Where somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stands {
    /// One of [`WORDS`].
    pub(crate) word: &'static str,
    /// By when they are to sign.
    pub(crate) due: Option<Time>,
    reason: String,
}

/// Where `person` stands with `agreement` at `now`.
#[must_use]
pub(crate) fn standing(state: &State, person: PersonId, agreement: &Agreement, now: Time) -> Stands {
    let plain = |word| Stands { word, due: None, reason: String::new() };
    match state.agreements.standing(person, agreement.id) {
        Standing::NotAssigned => plain("not-asked"),
        Standing::Assigned { due, .. } => {
            let late = due.is_some_and(|due| due <= now);
            Stands { due, ..plain(if late { "overdue" } else { "waiting" }) }
        }
        Standing::Declined(declined) => Stands { reason: declined.reason.to_string(), ..plain("declined") },
        Standing::Signed { at, ends, current, .. } => {
            let binds = at <= now && ends.is_none_or(|ends| now < ends);
            plain(match (agreement.withdrawn.is_some() || !binds, current) {
                (true, _) => "ended",
                (false, true) => "signed",
                (false, false) => "outdated",
            })
        }
    }
}

impl Stands {
    /// Never asked, and nothing signed.
    #[must_use]
    pub(crate) fn is_nothing(&self) -> bool {
        self.word == "not-asked"
    }

    /// Can they be asked: nothing waits for them, and nothing they signed suffices?
    #[must_use]
    pub(crate) fn lacks(&self) -> bool {
        matches!(self.word, "not-asked" | "declined" | "outdated" | "ended")
    }

    /// The colour of the pill.
    #[must_use]
    pub(crate) fn tone(&self) -> Tone {
        match self.word {
            "signed" => Tone::Good,
            "waiting" | "outdated" => Tone::Warn,
            "overdue" | "declined" => Tone::Bad,
            _ => Tone::Calm,
        }
    }

    /// The words of the pill.
    #[must_use]
    pub(crate) fn words(&self, visitor: &Visitor) -> String {
        let words = WORDS.iter().find(|(word, _)| *word == self.word).map_or("", |(_, words)| words);
        match self.due {
            Some(due) => format!("{words}, due {}", (due + -1).day_for_people(&visitor.zone)),
            None => words.to_owned(),
        }
    }

    /// Why they declined; empty otherwise.
    #[must_use]
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}
