//! The conditions of access as a row of marks: met, failing with what can be done about it and by whom, not asked.

use crate::parts::{Mark, MarkState, Remedy};
use crate::visitor::Visitor;
use gate::{Condition, Why};
use program::access::{AVAILABLE, Because, Remedy as Way};
use program::agreements::{ASKERS, PUBLISHERS};
use program::documents::Target;
use program::people::{CLEARERS, KEEPERS, Role};
use program::{PersonId, Time};

/// One mark for each condition there is, as it stands for the visitor; those the tier does not ask are said to be so.
#[must_use]
pub fn marks(visitor: &Visitor, because: &[Because]) -> Vec<Mark> {
    marks_of(visitor, visitor.person, because)
}

/// The same for another person: remedies that only they can carry out are said, not offered.
#[must_use]
pub fn marks_of(visitor: &Visitor, person: PersonId, because: &[Because]) -> Vec<Mark> {
    AVAILABLE
        .into_iter()
        .map(|condition| {
            let name = name(condition).to_owned();
            match because.iter().find(|one| one.condition == condition) {
                None => Mark { name, state: MarkState::NotAsked, why: String::new() },
                Some(one) if one.met => Mark { name, state: MarkState::Met, why: sentence(visitor, one.why) },
                Some(one) => {
                    let remedy = one.remedy.as_ref().map(|way| remedy(visitor, way, person));
                    Mark { name, state: MarkState::Failing(remedy), why: sentence(visitor, one.why) }
                }
            }
        })
        .collect()
}

/// The same as it stood at a past moment: nothing can be done any more about what failed then.
#[must_use]
pub fn marks_then(visitor: &Visitor, because: &[Because]) -> Vec<Mark> {
    let mut marks = marks(visitor, because);
    for mark in &mut marks {
        if let MarkState::Failing(remedy) = &mut mark.state {
            *remedy = None;
        }
    }
    marks
}

/// The secret that an opening was about.
#[must_use]
pub fn secret_of(visitor: &Visitor, target: Target) -> Option<program::SecretId> {
    match target {
        Target::Precise(secret) => Some(secret),
        Target::Document(id) => visitor.state.documents.get(id).map(|document| document.secret),
    }
}

/// The condition in a word or two.
#[must_use]
pub const fn name(condition: Condition) -> &'static str {
    match condition {
        Condition::Suspension => "Not suspended",
        Condition::Employment => "Employment",
        Condition::Clearance => "Clearance",
        Condition::Grant => "Grant",
        Condition::Agreement => "Agreement",
        Condition::Policy => "Policy",
        Condition::Training => "Training",
        Condition::Screening => "Background check",
        Condition::SecondFactor => "Second factor",
        Condition::Network => "Network",
    }
}

/// Why, as a sentence with its instant.
#[must_use]
pub fn sentence(visitor: &Visitor, why: Why) -> String {
    let at = |at: i64| visitor.when(Time(at));
    match why {
        Why::Met { until: Some(until) } => format!("Until {}.", at(until)),
        Why::Met { until: None } => String::new(),
        Why::EmploymentStarts { at: begins } => format!("Begins on {}.", at(begins)),
        Why::EmploymentEnded { at: ended } => format!("Ended on {}.", at(ended)),
        Why::GrantStarts { at: begins } => format!("The grant begins on {}.", at(begins)),
        Why::GrantEnded { at: ended } => format!("The grant ended on {}.", at(ended)),
        Why::AgreementEnded { at: ended } => format!("The agreement's term ended on {}.", at(ended)),
        other => format!("{}.", crate::respond::capital(&other.to_string())),
    }
}

/// A button for whoever can do it; for others the sentence that says whom to ask.
fn remedy(visitor: &Visitor, way: &Way, person: PersonId) -> Remedy {
    let theirs = person == visitor.person;
    let runs = |roles: &[Role]| visitor.is(roles);
    let found = match way {
        Way::Sign { agreement } if theirs => {
            Some(("Read and sign it", format!("/agreements/{agreement}/sign")))
        }
        Way::AssignAgreement { agreements } if runs(ASKERS) && !agreements.is_empty() => {
            agreements.first().map(|id| ("Assign an agreement", format!("/agreements/{id}/assign")))
        }
        Way::AssignAgreement { .. } if runs(PUBLISHERS) => {
            Some(("Publish an agreement", "/agreements/new".to_owned()))
        }
        Way::AskForAccess { secret } if theirs => {
            Some(("Ask for access", format!("/secrets/{secret}/request")))
        }
        Way::AwaitApproval { request, .. } if visitor.sees(*request) => {
            Some(("Look at the request", format!("/requests/{request}")))
        }
        Way::ShowSecondFactor if theirs => Some(("Show your second factor", "/me/confirm".to_owned())),
        Way::RaiseClearance { .. } if runs(CLEARERS) => {
            Some(("Open this person's page", format!("/people/{person}")))
        }
        Way::EndSuspension | Way::AmendEmployment if runs(KEEPERS) => {
            Some(("Open this person's page", format!("/people/{person}")))
        }
        _ => None,
    };
    match found {
        Some((label, href)) => Remedy { label: label.to_owned(), href: Some(href) },
        None => Remedy { label: way.sentence(), href: None },
    }
}
