//! A secret as the API shows it and takes it.

use crate::api::types::{Line, PersonId, PlaceKind, SecretId, Stamp, Status, Text, Tier, When};
use program::secrets::{self as domain, Draft, Profile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A trade secret, as the register shows it. Its precise description opens through the gate alone.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Secret {
    id: SecretId,
    /// What it is called.
    title: Line,
    status: Status,
    tier: Tier,
    /// Who answers for it and approves access to it.
    owner: PersonId,
    /// The department it belongs to.
    department: Line,
    /// What it is about, in words that give nothing away.
    summary: Text,
    /// Is all of it here? To somebody who may find it and not open it, places, who knows it, value, cost, factors and
    /// remark are left out.
    whole: bool,
    /// Where it lives.
    places: Vec<Place>,
    /// Who knows it, beyond those with a grant.
    known_by: Vec<PersonId>,
    /// What it is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Amount>,
    /// What developing it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Amount>,
    /// The six factors of the Restatement of Torts, s. 757, comment b.
    factors: Factors,
    /// The average of the scored factors.
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<f64>,
    /// When it is to be looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<Stamp>,
    /// When its owner last looked through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed: Option<Stamp>,
    /// Who put it forward.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitter: Option<PersonId>,
    /// When it was taken into the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<Stamp>,
    /// What the reviewer, or whoever retired it, said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// Is there a precise description to open?
    has_precise: bool,
    /// The number of the newest version.
    version: u32,
    /// Every version, the first one first.
    versions: Vec<SecretVersion>,
}

/// One version of a secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretVersion {
    /// 1, 2, 3 …
    number: u32,
    /// When it was recorded.
    at: Stamp,
    /// By whom; absent for the operator of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<PersonId>,
    /// The entry that holds it.
    entry: u64,
}

/// One place in which a secret lives.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    sort: PlaceKind,
    /// Its name.
    name: Line,
}

/// An amount of money and how it was reckoned.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Amount {
    /// Whole units of the currency.
    units: u64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "EUR", pattern = "^[A-Z]{3}$")]
    currency: Line,
    /// How the figure was reckoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<Text>,
}

/// One factor's score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    /// 1 (speaks against protection) to 5 (speaks for it).
    #[schema(minimum = 1, maximum = 5)]
    score: u8,
    /// Why.
    reason: Text,
}

/// The six factors; one not yet scored is absent.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Factors {
    /// How little is it known outside the organisation?
    #[serde(skip_serializing_if = "Option::is_none")]
    known_outside: Option<Factor>,
    /// How few inside the organisation know it?
    #[serde(skip_serializing_if = "Option::is_none")]
    known_inside: Option<Factor>,
    /// How far do the measures go that guard it?
    #[serde(skip_serializing_if = "Option::is_none")]
    measures: Option<Factor>,
    /// How valuable is it to the organisation and to its competitors?
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Factor>,
    /// How much effort or money did it take to develop?
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<Factor>,
    /// How hard would it be for others to acquire or duplicate properly?
    #[serde(skip_serializing_if = "Option::is_none")]
    difficulty: Option<Factor>,
}

/// A secret as somebody writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Lumafilm bath",
    "owner": "P-4",
    "department": "Coating",
    "tier": "restricted",
    "summary": "How the coating bath of the Lumafilm line is made and kept.",
    "places": [{"sort": "system", "name": "Recipe controller"}],
    "cost": {"units": 1_400_000, "currency": "EUR", "basis": "Four people over three years."},
    "factors": {"effort": {"score": 5, "reason": "Three years of trials."}},
    "review": "2027-03-31",
    "precise": "Titania sol, aged for 46 hours at 18.5 degrees."
}))]
pub(super) struct NewSecret {
    /// What it is called.
    title: Line,
    /// Who answers for it and approves access to it.
    owner: PersonId,
    /// The department it belongs to.
    department: Line,
    tier: Tier,
    /// What it is about, in words that give nothing away.
    summary: Text,
    /// Where it lives.
    #[serde(default)]
    places: Vec<Place>,
    /// Who knows it, beyond those with a grant.
    #[serde(default)]
    known_by: Vec<PersonId>,
    /// What it is worth.
    value: Option<Amount>,
    /// What developing it cost.
    cost: Option<Amount>,
    /// The six factors of the Restatement of Torts, s. 757, comment b.
    #[serde(default)]
    factors: Factors,
    /// When it is to be looked at again.
    review: Option<When>,
    /// What the secret precisely is: sealed under the secret's own key. Absent in a revision: as before.
    precise: Option<Text>,
}

impl NewSecret {
    pub(super) fn draft(self, zone: &str) -> Draft {
        let profile = Profile {
            title: self.title.0,
            owner: self.owner.0,
            department: self.department.0,
            tier: self.tier.0,
            summary: self.summary.0,
            places: self
                .places
                .into_iter()
                .map(|place| domain::Place { sort: place.sort.0, name: place.name.0 })
                .collect(),
            known_by: self.known_by.into_iter().map(|person| person.0).collect(),
            value: self.value.map(Amount::inner),
            cost: self.cost.map(Amount::inner),
            factors: self.factors.inner(),
            review: self.review.map(|when| when.from(zone)),
        };
        Draft { profile, precise: self.precise.map(|text| text.0) }
    }
}

impl Amount {
    fn inner(self) -> domain::Amount {
        domain::Amount {
            units: self.units,
            currency: self.currency.0,
            basis: self.basis.map(|basis| basis.0),
        }
    }

    fn of(amount: &domain::Amount) -> Self {
        let basis = amount.basis.clone().map(Text);
        Self { units: amount.units, currency: amount.currency.clone().into(), basis }
    }
}

impl Factors {
    fn inner(self) -> domain::Factors {
        let all =
            [self.known_outside, self.known_inside, self.measures, self.value, self.effort, self.difficulty];
        all.map(|factor| factor.map(|factor| domain::Factor { score: factor.score, reason: factor.reason.0 }))
    }

    fn of(factors: &domain::Factors) -> Self {
        let shown = factors
            .clone()
            .map(|factor| factor.map(|factor| Factor { score: factor.score, reason: factor.reason.into() }));
        let [known_outside, known_inside, measures, value, effort, difficulty] = shown;
        Self { known_outside, known_inside, measures, value, effort, difficulty }
    }
}

impl Secret {
    /// A secret as the register shows it to somebody: the whole of it, or what everybody who may find it is told.
    pub(in crate::api) fn new(secret: &domain::Secret, whole: bool) -> Self {
        let profile = &secret.profile;
        let place =
            |place: &domain::Place| Place { sort: place.sort.into(), name: place.name.clone().into() };
        Self {
            id: secret.id.into(),
            title: profile.title.clone().into(),
            status: secret.status.into(),
            tier: profile.tier.into(),
            owner: profile.owner.into(),
            department: profile.department.clone().into(),
            summary: profile.summary.clone().into(),
            whole,
            places: profile.places.iter().map(place).collect(),
            known_by: profile.known_by.iter().copied().map(PersonId).collect(),
            value: profile.value.as_ref().map(Amount::of),
            cost: profile.cost.as_ref().map(Amount::of),
            factors: Factors::of(&profile.factors),
            strength: profile.strength(),
            review: profile.review.map(Stamp),
            reviewed: secret.reviewed.map(Stamp),
            submitter: secret.submitter.map(PersonId),
            accepted: secret.accepted.map(|(_, at)| Stamp(at)),
            remark: secret.remark.clone(),
            has_precise: secret.precise_at().is_some(),
            version: secret.version(),
            versions: secret.versions.iter().map(SecretVersion::from).collect(),
        }
    }
}

impl From<&domain::Version> for SecretVersion {
    fn from(version: &domain::Version) -> Self {
        let by = version.person.map(PersonId);
        Self { number: version.number, at: Stamp(version.at), by, entry: version.position }
    }
}
