//! What stands in the fields of the form, and the draft it makes.

use super::{note, refused};
use crate::parts::Errors;
use crate::visitor::Visitor;
use program::secrets::{Amount, Draft, FACTORS, Factor, Factors, Place, PlaceKind, Profile, Secret, Tier};
use program::{Date, Line, PersonId, State, Text, Time};
use std::collections::BTreeSet;

/// The fields, as text: what was typed is never lost, however wrong it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) title: String,
    pub(super) owner: String,
    pub(super) department: String,
    pub(super) tier: String,
    pub(super) summary: String,
    pub(super) precise: String,
    pub(super) systems: String,
    pub(super) rooms: String,
    pub(super) others: String,
    pub(super) known_by: String,
    pub(super) value: Money,
    pub(super) cost: Money,
    pub(super) factors: [(String, String); 6],
    pub(super) review: String,
    pub(super) note: String,
    pub(super) from_version: String,
}

/// The three fields of an amount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) units: String,
    pub(super) currency: String,
    pub(super) basis: String,
}

impl Values {
    /// The fields as they were sent.
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let get = |name: &str| {
            pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let money = |name: &str| Money {
            units: get(name),
            currency: get(&format!("{name}-currency")),
            basis: get(&format!("{name}-basis")),
        };
        Self {
            title: get("title"),
            owner: get("owner"),
            department: get("department"),
            tier: get("tier"),
            summary: get("summary"),
            precise: get("precise"),
            systems: get("systems"),
            rooms: get("rooms"),
            others: get("others"),
            known_by: get("known_by"),
            // Not `value`: that is the name of a factor's score.
            value: money("worth"),
            cost: money("cost"),
            factors: FACTORS.map(|(key, _)| (get(key), get(&format!("{key}-reason")))),
            review: get("review"),
            note: get("note"),
            from_version: get("from_version"),
        }
    }

    /// The fields as the register has them. The precise description is not among them: it opens through the gate alone.
    pub(super) fn of(visitor: &Visitor, secret: &Secret) -> Self {
        let state = &visitor.state;
        let profile = &secret.profile;
        let places = |sort: PlaceKind| {
            let of_sort = profile.places.iter().filter(|place| place.sort == sort);
            of_sort.map(|place| place.name.to_string()).collect::<Vec<_>>().join("\n")
        };
        let money = |amount: &Option<Amount>| {
            amount.as_ref().map_or_else(Money::default, |amount| Money {
                units: amount.units.to_string(),
                currency: amount.currency.to_string(),
                basis: amount.basis.as_ref().map(ToString::to_string).unwrap_or_default(),
            })
        };
        let factor = |factor: &Option<Factor>| {
            factor.as_ref().map_or_else(Default::default, |f| (f.score.to_string(), f.reason.to_string()))
        };
        Self {
            title: profile.title.to_string(),
            owner: mail(state, profile.owner),
            department: profile.department.to_string(),
            tier: profile.tier.as_str().to_owned(),
            summary: profile.summary.to_string(),
            precise: String::new(),
            systems: places(PlaceKind::System),
            rooms: places(PlaceKind::Room),
            others: places(PlaceKind::Other),
            known_by: profile.known_by.iter().map(|id| mail(state, *id)).collect::<Vec<_>>().join("\n"),
            value: money(&profile.value),
            cost: money(&profile.cost),
            factors: profile.factors.each_ref().map(factor),
            review: profile.review.map(|review| review.date(&state.organisation.zone)).unwrap_or_default(),
            note: String::new(),
            from_version: secret.version().to_string(),
        }
    }

    /// What changed and why.
    pub(super) fn remark(&self) -> Result<Option<Text>, Errors> {
        let mut errors = Errors::default();
        let remark = optional(&mut errors, "note", &self.note);
        if errors.is_empty() { Ok(remark) } else { Err(errors) }
    }

    /// The draft that the fields make, or everything that is wrong with them.
    pub(super) fn draft(&self, visitor: &Visitor) -> Result<Draft, Errors> {
        let (state, zone) = (&visitor.state, &visitor.state.organisation.zone);
        let mut errors = Errors::default();
        let e = &mut errors;
        let title = given(e, "title", "Give it a title", &self.title)
            .and_then(|text| note(e, "title", Line::new(text)));
        let owner = person(e, "owner", state, &self.owner);
        let department = given(e, "department", "Name the department it belongs to", &self.department)
            .and_then(|text| note(e, "department", Line::new(text)));
        let tier = given(e, "tier", "Choose how much harm disclosure would do", &self.tier)
            .and_then(|text| note(e, "tier", text.parse::<Tier>().map_err(|refusal| refused(&refusal))));
        let summary = given(e, "summary", "Say what it is about", &self.summary)
            .and_then(|text| note(e, "summary", Text::new(text)));
        let precise = optional(e, "precise", &self.precise);
        let mut places = Vec::new();
        for (field, sort, text) in [
            ("systems", PlaceKind::System, &self.systems),
            ("rooms", PlaceKind::Room, &self.rooms),
            ("others", PlaceKind::Other, &self.others),
        ] {
            places.extend(
                lines(text)
                    .filter_map(|line| note(e, field, Line::new(line)))
                    .map(|name| Place { sort, name }),
            );
        }
        let known_by: BTreeSet<PersonId> =
            lines(&self.known_by).filter_map(|line| person(e, "known_by", state, line)).collect();
        let value = amount(e, "worth", &self.value);
        let cost = amount(e, "cost", &self.cost);
        let factors = self.scores(e);
        let review = self.day(e, zone);
        match (title, owner, department, tier, summary) {
            (Some(title), Some(owner), Some(department), Some(tier), Some(summary)) if errors.is_empty() => {
                let profile = Profile {
                    title,
                    owner,
                    department,
                    tier,
                    summary,
                    places,
                    known_by,
                    value,
                    cost,
                    factors,
                    review,
                };
                Ok(Draft { profile, precise })
            }
            _ => Err(errors),
        }
    }

    fn scores(&self, errors: &mut Errors) -> Factors {
        let mut scores = Factors::default();
        for (slot, ((key, _), (score, reason))) in scores.iter_mut().zip(FACTORS.iter().zip(&self.factors)) {
            *slot = match (score.trim(), reason.trim()) {
                ("", "") => None,
                ("", _) => {
                    errors.add(key, "Choose a score for the reason you gave");
                    None
                }
                (_, "") => {
                    errors.add(key, "Say why: a score without its reason convinces nobody");
                    None
                }
                (score, reason) => {
                    let score = score.parse().ok().filter(|score| (1..=5).contains(score));
                    let reason = note(errors, key, Text::new(reason));
                    if score.is_none() {
                        errors.add(key, "Each factor is scored from 1 to 5");
                    }
                    score.zip(reason).map(|(score, reason)| Factor { score, reason })
                }
            };
        }
        scores
    }

    fn day(&self, errors: &mut Errors, zone: &str) -> Option<Time> {
        if self.review.trim().is_empty() {
            return None;
        }
        note(errors, "review", Date::parse(&self.review)).map(|date| date.start(zone))
    }
}

/// What was typed, or the error that asks for it.
fn given<'a>(errors: &mut Errors, field: &str, asks: &str, typed: &'a str) -> Option<&'a str> {
    if typed.trim().is_empty() {
        errors.add(field, asks);
        return None;
    }
    Some(typed)
}

fn mail(state: &State, id: PersonId) -> String {
    state.people.get(id).map_or_else(|| id.to_string(), |person| person.mail.to_string())
}

/// A person, named by mail address or number.
fn person(errors: &mut Errors, field: &str, state: &State, text: &str) -> Option<PersonId> {
    let text = text.trim();
    let by_id = text.parse::<PersonId>().ok().filter(|id| state.people.get(*id).is_some());
    let found = by_id.or_else(|| state.people.by_mail(text).map(|person| person.id));
    if found.is_none() {
        let message = match text {
            "" => "Name somebody by their mail address".to_owned(),
            _ => format!("Nobody here is `{text}`: give a mail address, or a number such as P-7"),
        };
        errors.add(field, message);
    }
    found
}

fn amount(errors: &mut Errors, field: &str, money: &Money) -> Option<Amount> {
    let units: String =
        money.units.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | ',' | '_')).collect();
    if units.is_empty() {
        if !money.basis.trim().is_empty() {
            errors.add(field, "Give the amount that this basis is for");
        }
        return None;
    }
    let units = note(
        errors,
        field,
        units.parse().map_err(|_| format!("`{}` is not a whole amount", money.units.trim())),
    );
    let currency = money.currency.trim().to_uppercase();
    let currency =
        note(errors, field, Line::new(&currency).map_err(|_| "name its currency, such as EUR or USD"));
    let basis = optional(errors, field, &money.basis);
    Some(Amount { units: units?, currency: currency?, basis })
}

fn optional(errors: &mut Errors, field: &str, text: &str) -> Option<Text> {
    if text.trim().is_empty() { None } else { note(errors, field, Text::new(text)) }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
