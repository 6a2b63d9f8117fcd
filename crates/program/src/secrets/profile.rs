//! What the register says about one secret.

use crate::{DAY, Line, PersonId, Refusal, Text, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// How much harm disclosure would do; each tier asks for its own conditions of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Disclosure would hurt.
    Confidential,
    /// Disclosure would cost the organisation an advantage.
    Restricted,
    /// Disclosure would endanger the organisation.
    CrownJewel,
}

impl Tier {
    /// All tiers, the lowest first.
    pub const ALL: [Tier; 3] = [Tier::Confidential, Tier::Restricted, Tier::CrownJewel];

    /// As it is written in commands, files and the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Confidential => "confidential",
            Tier::Restricted => "restricted",
            Tier::CrownJewel => "crown-jewel",
        }
    }

    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tier::Confidential => "Confidential",
            Tier::Restricted => "Restricted",
            Tier::CrownJewel => "Crown jewel",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let wanted = text.trim().to_lowercase().replace([' ', '_'], "-");
        Tier::ALL.into_iter().find(|tier| tier.as_str() == wanted).ok_or_else(|| {
            Refusal::input("tier", format!("`{text}` is not a tier"))
                .remedy("use confidential, restricted or crown-jewel")
        })
    }
}

/// The kinds of places in which a secret lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// A computer system: a repository, a database, a controller.
    System,
    /// A room, cabinet or site.
    Room,
    /// Somewhere else: a supplier, a notebook.
    Other,
}

/// One place in which a secret lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// What sort of place.
    pub sort: PlaceKind,
    /// Its name.
    pub name: Line,
}

/// An amount of money and how it was reckoned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Whole units of the currency.
    pub units: u64,
    /// ISO 4217 code.
    pub currency: Line,
    /// How the figure was reckoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Text>,
}

/// The six factors of the Restatement of Torts, s. 757, comment b, in its order: key, and the question asked.
pub const FACTORS: [(&str, &str); 6] = [
    ("known-outside", "How little is it known outside the organisation?"),
    ("known-inside", "How few inside the organisation know it?"),
    ("measures", "How far do the measures go that guard it?"),
    ("value", "How valuable is it to the organisation and to its competitors?"),
    ("effort", "How much effort or money did it take to develop?"),
    ("difficulty", "How hard would it be for others to acquire or duplicate properly?"),
];

/// One factor's score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// 1 (speaks against protection) to 5 (speaks for it).
    pub score: u8,
    /// Why.
    pub reason: Text,
}

/// The six factors, in the order of [`FACTORS`]; one not yet scored is `None`.
pub type Factors = [Option<Factor>; 6];

/// What the register says about a secret, apart from its precise description. Everything here is written so that it can
/// be shown without giving the secret away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is called.
    pub title: Line,
    /// Who answers for it and approves access to it.
    pub owner: PersonId,
    /// The department it belongs to.
    pub department: Line,
    /// Its classification.
    pub tier: Tier,
    /// What it is about, in words that give nothing away.
    pub summary: Text,
    /// Where it lives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Who knows it, beyond those with a grant.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known_by: BTreeSet<PersonId>,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// What developing it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
    /// The six factors.
    #[serde(default)]
    pub factors: Factors,
    /// When it is to be looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Time>,
}

/// A profile together with its precise description, as a submitter writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What may be shown.
    pub profile: Profile,
    /// What the secret precisely is: sealed under the secret's own key.
    pub precise: Option<Text>,
}

impl Profile {
    /// The average of the scored factors, once any is scored.
    #[must_use]
    pub fn strength(&self) -> Option<f64> {
        let scores: Vec<f64> = self.factors.iter().flatten().map(|factor| f64::from(factor.score)).collect();
        if scores.is_empty() {
            return None;
        }
        let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
        Some(scores.iter().sum::<f64>() / f64::from(count))
    }

    /// Checks what the types do not.
    pub(super) fn check(&self, now: Time) -> Result<(), Refusal> {
        if self.factors.iter().flatten().any(|factor| !(1..=5).contains(&factor.score)) {
            return Err(Refusal::input("factors", "each factor is scored from 1 to 5"));
        }
        for (field, amount) in [("value", &self.value), ("cost", &self.cost)] {
            let currency = amount.as_ref().map_or("EUR", |amount| amount.currency.as_str());
            if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(Refusal::input(field, format!("`{currency}` is not a currency"))
                    .remedy("use its three-letter code, such as EUR or USD"));
            }
        }
        if self.review.is_some_and(|review| review <= now) {
            return Err(
                Refusal::input("review", "the review date has already passed").remedy("name a later day")
            );
        }
        self.review.map_or(Ok(()), |review| check_not_far(review, now, "review"))
    }
}

/// A review is due at the latest this long after acceptance or the last review.
pub(super) const LONGEST_REVIEW: i64 = 366 * DAY;

pub(super) fn check_not_far(review: Time, now: Time, field: &'static str) -> Result<(), Refusal> {
    if review - now > LONGEST_REVIEW {
        return Err(Refusal::input(field, "the next review has to be within a year")
            .remedy("a measure that nobody looks at for longer is hard to call reasonable"));
    }
    Ok(())
}
