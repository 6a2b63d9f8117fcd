//! The ten conditions that can stand between a person and a document, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing that must hold at the moment of opening. The order is fixed: it is the order in which
/// reasons are listed, from what the person can change least to what they can change at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The person is not suspended.
    Suspension,
    /// The person is active and inside the dates of their contract.
    Employment,
    /// The person's clearance reaches what the tier asks.
    Clearance,
    /// A grant names this person and this secret, with a purpose, approved and not ended.
    Grant,
    /// A confidentiality agreement in force, in its current version, covers the secret.
    Agreement,
    /// The confidentiality policies are acknowledged.
    Policy,
    /// The training the tier asks is passed and not expired.
    Training,
    /// The background check the tier asks is recorded and not expired.
    Screening,
    /// A second factor was shown recently enough.
    SecondFactor,
    /// The request comes from an allowed address range.
    Network,
}

impl Condition {
    /// All conditions, in their fixed order.
    pub const ALL: [Self; 10] = [
        Self::Suspension,
        Self::Employment,
        Self::Clearance,
        Self::Grant,
        Self::Agreement,
        Self::Policy,
        Self::Training,
        Self::Screening,
        Self::SecondFactor,
        Self::Network,
    ];

    /// The name used in policies, settings, the command line and the record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspension => "suspension",
            Self::Employment => "employment",
            Self::Clearance => "clearance",
            Self::Grant => "grant",
            Self::Agreement => "agreement",
            Self::Policy => "policy",
            Self::Training => "training",
            Self::Screening => "screening",
            Self::SecondFactor => "second-factor",
            Self::Network => "network",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Condition {
    type Err = UnknownCondition;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|c| c.as_str() == name).ok_or_else(|| UnknownCondition(name.to_owned()))
    }
}

/// The name is not that of a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no condition is called `{0}`; choose from suspension, employment, clearance, grant, agreement, policy, \
     training, screening, second-factor, network"
)]
pub struct UnknownCondition(String);

/// A set of conditions. Written as a list of names, in the fixed order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConditionSet(u16);

impl ConditionSet {
    /// The set that asks nothing.
    pub const EMPTY: Self = Self(0);

    /// The set of all ten.
    pub const ALL: Self = Self((1 << Condition::ALL.len()) - 1);

    /// Adds a condition; adding it twice changes nothing.
    pub const fn insert(&mut self, condition: Condition) {
        self.0 |= condition.bit();
    }

    /// Takes a condition out, if it is in.
    pub const fn remove(&mut self, condition: Condition) {
        self.0 &= !condition.bit();
    }

    /// Whether the condition is in the set.
    pub const fn contains(self, condition: Condition) -> bool {
        self.0 & condition.bit() != 0
    }

    /// Whether the set asks nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many conditions the set has.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The conditions, in the fixed order.
    pub fn iter(self) -> impl Iterator<Item = Condition> {
        Condition::ALL.into_iter().filter(move |c| self.contains(*c))
    }

    /// Each set there is, from the empty one to the full one.
    pub(crate) fn every() -> impl Iterator<Item = Self> {
        (0..=Self::ALL.0).map(Self)
    }

    /// A number of its own for each set.
    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<Condition> for ConditionSet {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        let mut set = Self::EMPTY;
        for condition in conditions {
            set.insert(condition);
        }
        set
    }
}

impl fmt::Debug for ConditionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for ConditionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ConditionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Condition>::deserialize(deserializer)?.into_iter().collect())
    }
}
