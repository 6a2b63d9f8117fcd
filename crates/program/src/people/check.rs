//! What a person's data must be like, whichever way they come in.

use super::{Engagement, Joiner, MOST_CLEARANCE, Person, Profile};
use crate::{PersonId, Refusal, Rule, State, Time};

/// Looks at somebody about to be entered.
pub(crate) fn check_joiner(state: &State, now: Time, joiner: &Joiner) -> Result<(), Refusal> {
    check_clearance(joiner.clearance)?;
    check_profile(state, now, None, &joiner.profile)
}

/// Looks at a profile, new or for somebody `known`.
pub(super) fn check_profile(
    state: &State,
    now: Time,
    known: Option<&Person>,
    profile: &Profile,
) -> Result<(), Refusal> {
    check_mail(state, known.map(|person| person.id), profile)?;
    check_dates(now, known, profile)?;
    let Some(manager) = profile.manager else {
        return Ok(());
    };
    if state.people.get(manager).is_none() {
        return Err(Refusal { field: Some("manager"), ..Refusal::unknown(manager) });
    }
    match known {
        Some(person) if reports_to(state, manager, person.id) => Err(circle(person.id)),
        _ => Ok(()),
    }
}

pub(super) fn check_mail(state: &State, id: Option<PersonId>, profile: &Profile) -> Result<(), Refusal> {
    match state.people.by_mail(profile.mail.as_str()) {
        Some(other) if Some(other.id) != id => {
            let message = format!("`{}` is the mail address of `{}` already", profile.mail, other.id);
            Err(Refusal::new(Rule::Taken, message)
                .field("mail")
                .remedy("change that person, or give another address"))
        }
        _ => Ok(()),
    }
}

pub(super) fn check_dates(now: Time, known: Option<&Person>, profile: &Profile) -> Result<(), Refusal> {
    let unmoved = known.is_some_and(|person| (person.starts, person.ends) == (profile.starts, profile.ends));
    match profile.ends {
        None if profile.engagement == Engagement::Contractor => {
            Err(Refusal::input("ends", "a contractor needs an end date")
                .remedy("give the day the contract ends"))
        }
        Some(ends) if ends <= profile.starts && !unmoved => {
            Err(Refusal::input("ends", "the end date is not after the start date")
                .remedy("give a later end date"))
        }
        Some(ends) if ends <= now && !unmoved => {
            let remedy = match known {
                None => "leave out whoever has left already, or give a later end date",
                Some(_) => "to see somebody out, end their employment",
            };
            Err(Refusal::input("ends", "this end date has passed").remedy(remedy))
        }
        _ => Ok(()),
    }
}

pub(super) fn check_clearance(clearance: u8) -> Result<(), Refusal> {
    if clearance <= MOST_CLEARANCE {
        return Ok(());
    }
    Err(Refusal::input(
        "clearance",
        format!("`{clearance}` is not a clearance: levels go from 0 to {MOST_CLEARANCE}"),
    ))
}

pub(super) fn circle(person: PersonId) -> Refusal {
    Refusal::input("manager", format!("then `{person}` would report to themselves, over others or directly"))
        .remedy("give another manager")
}

/// Is `person` the one asked about, or somewhere below? INVARIANT: the state has no circle, so the walk ends.
fn reports_to(state: &State, person: PersonId, above: PersonId) -> bool {
    let manager = |id: &PersonId| state.people.get(*id).and_then(|person| person.manager);
    std::iter::successors(Some(person), manager).take(state.people.len()).any(|id| id == above)
}
