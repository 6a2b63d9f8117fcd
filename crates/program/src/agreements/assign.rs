//! Asking people to sign, asking them again, and taking the request back.

use super::commands::{ASKERS, check_due, newest};
use super::{Agreement, Event, Version, may_sign};
use crate::{Actor, AgreementId, DAY, PersonId, Refusal, Rule, State, Text, Time};
use std::collections::BTreeSet;

/// A signature that ends within this long may be renewed before it does.
const RENEW_WITHIN: i64 = 90 * DAY;

pub(super) fn assign(
    state: &State,
    actor: &Actor,
    now: Time,
    id: AgreementId,
    people: &[PersonId],
    due: Option<Time>,
) -> Result<Vec<Event>, Refusal> {
    actor.require(state, now, ASKERS, "ask people to sign")?;
    let (agreement, version) = newest(state, id)?;
    check_due(due, now)?;
    let people: BTreeSet<PersonId> = people.iter().copied().collect();
    if people.is_empty() {
        return Err(Refusal::input("people", "nobody is named").remedy("name those who are to sign"));
    }
    let complaints: Vec<String> =
        people.iter().filter_map(|person| complaint(state, now, agreement, version, *person, due)).collect();
    if !complaints.is_empty() {
        return Err(Refusal::new(Rule::Standing, complaints.join("; "))
            .field("people")
            .remedy("leave them out; nobody was asked yet"));
    }
    let asked = |person| Event::Assigned { agreement: id, version: version.number, person, due };
    Ok(people.into_iter().map(asked).collect())
}

/// Everybody who signed, or was asked to, is asked to sign the new version; those who left or are suspended are not.
/// Whoever was to answer by a certain day keeps it where no new one is named.
pub(super) fn again(
    state: &State,
    now: Time,
    agreement: AgreementId,
    version: u32,
    due: Option<Time>,
) -> impl Iterator<Item = Event> {
    let agreements = &state.agreements;
    let bound = move |person: &PersonId| {
        agreements.assignment(*person, agreement).is_some()
            || agreements.signature(*person, agreement).is_some()
    };
    let able = move |person: &PersonId| state.people.get(*person).is_some_and(|found| may_sign(found, now));
    agreements.parties(agreement).filter(bound).filter(able).map(move |person| {
        let before = agreements.assignment(person, agreement).and_then(|assignment| assignment.due);
        Event::Assigned { agreement, version, person, due: due.or(before) }
    })
}

pub(super) fn cancel(
    state: &State,
    actor: &Actor,
    now: Time,
    id: AgreementId,
    person: PersonId,
    reason: Text,
) -> Result<Event, Refusal> {
    actor.require(state, now, ASKERS, "take back a request to sign")?;
    let (agreement, _) = newest(state, id)?;
    if actor.person == Some(person) {
        return Err(Refusal::new(Rule::OwnCase, "nobody takes back a request to themselves")
            .remedy("ask counsel or human resources to do it, or decline"));
    }
    match state.agreements.assignment(person, agreement.id) {
        Some(_) => Ok(Event::AssignmentCancelled { agreement: id, person, reason }),
        None => Err(Refusal::new(Rule::Standing, format!("{id} does not wait for {person}"))),
    }
}

/// Why this person cannot be asked, by name.
fn complaint(
    state: &State,
    now: Time,
    agreement: &Agreement,
    version: &Version,
    person: PersonId,
    due: Option<Time>,
) -> Option<String> {
    let Some(found) = state.people.get(person) else {
        return Some(format!("`{person}` is not known here"));
    };
    let name = &found.name;
    if !may_sign(found, now) {
        return Some(format!("{name} ({person}) is suspended or has left"));
    }
    let signatures = state.agreements.signatures(person, agreement.id).iter();
    let lasting = |ends: Option<Time>| ends.is_none_or(|ends| ends - now > RENEW_WITHIN);
    if signatures.clone().any(|s| s.version == version.number && s.in_force(now) && lasting(s.ends)) {
        return Some(format!("{name} ({person}) has already signed version {}", version.number));
    }
    let assignment = state.agreements.assignment(person, agreement.id)?;
    let same = assignment.declined.is_none() && assignment.version == version.number && assignment.due == due;
    same.then(|| format!("{name} ({person}) has already been asked"))
}
