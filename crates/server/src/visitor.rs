//! Who is looking: the person signed in, one consistent state to render from, and the frame around their pages.

use crate::app::{self, App};
use crate::errors::PageError;
use crate::format;
use crate::frame::{Flash, Frame, Place, SecondFactor, navigation};
use crate::guard::Seen;
use crate::parts::{EntryLink, When};
use crate::proof;
use crate::routes::Rule;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use program::people::{Person, Role};
use program::retention::BACKERS;
use program::secrets::{Secret, Tier};
use program::{
    Actor, Command, PersonId, Refusal, SecretId, State, Subject, Time, access, agreements, secrets, sight,
};
use std::borrow::Cow;
use std::sync::Arc;

/// The person signed in. Everything on one page is rendered from the same `state` at the same `now`.
#[derive(Clone)]
pub struct Visitor {
    /// Who acts, for `service`.
    pub actor: Actor,
    /// The same, as a person.
    pub person: PersonId,
    /// The state as it was when the request came.
    pub state: Arc<State>,
    /// The time of the request.
    pub now: Time,
    /// What the forms of this session carry.
    pub csrf: String,
    /// The organisation's time zone.
    pub zone: String,
    /// A message from the act before.
    pub flash: Option<Flash>,
}

impl Visitor {
    /// Whether they hold one of these roles.
    #[must_use]
    pub fn is(&self, roles: &[Role]) -> bool {
        self.actor.holds(&self.state, self.now, roles)
    }

    /// May they know of what this id names?
    #[must_use]
    pub fn sees(&self, subject: impl Into<Subject>) -> bool {
        sight::may_see(&self.state, &self.actor, self.now, subject.into())
    }

    /// May they know all that the register holds of this secret?
    #[must_use]
    pub fn sees_whole(&self, secret: &Secret) -> bool {
        secrets::may_see_whole(&self.state, &self.actor, self.now, secret)
    }

    /// This secret as far as the register shows it to them.
    #[must_use]
    pub fn shown<'a>(&self, secret: &'a Secret) -> Cow<'a, Secret> {
        secrets::shown(&self.state, &self.actor, self.now, secret)
    }

    /// Would this be allowed now? Asked of the rules themselves, so that no page offers what they refuse.
    #[must_use]
    pub fn may(&self, command: impl Into<Command>) -> bool {
        self.refused(command).is_none()
    }

    /// Why this would be refused now, where it would be.
    #[must_use]
    pub fn refused(&self, command: impl Into<Command>) -> Option<Refusal> {
        program::decide(&self.state, &self.actor, self.now, &command.into()).err()
    }

    /// An entry that is about all of this and was made by this person: a link where the visitor may read it.
    #[must_use]
    pub fn entry(&self, number: u64, about: &[Subject], by: Option<PersonId>) -> EntryLink {
        let reads = sight::may_read_entry(&self.state, &self.actor, self.now, by, "", about);
        EntryLink { number, reads }
    }

    /// The page about this, where there is one that the visitor may look at.
    #[must_use]
    pub fn page_of(&self, subject: impl Into<Subject>) -> Option<String> {
        let subject = subject.into();
        let area = match subject {
            Subject::PersonId(_) => "people",
            Subject::SecretId(_) => "secrets",
            Subject::DocumentId(_) => "documents",
            Subject::AgreementId(_) if !self.is(agreements::READERS) => {
                return self.sees(subject).then(|| "/my/agreements".to_owned());
            }
            Subject::AgreementId(_) => "agreements",
            Subject::RequestId(_) => "requests",
            Subject::GrantId(_) => "grants",
            _ => return None,
        };
        self.sees(subject).then(|| format!("/{area}/{subject}"))
    }

    /// The address of somebody's page; empty where the visitor may not look at it, and the name stands alone.
    #[must_use]
    pub fn person_page(&self, person: PersonId) -> String {
        self.page_of(person).unwrap_or_default()
    }

    /// Does this request wait for their answer?
    #[must_use]
    pub fn answers(&self, request: &access::Request) -> bool {
        let approve = access::Command::Approve { request: request.id, note: None };
        request.outcome == access::Outcome::Pending && self.may(approve)
    }

    /// May they know who has access to this secret?
    #[must_use]
    pub fn oversees(&self, secret: SecretId) -> bool {
        access::may_oversee(&self.state, &self.actor, self.now, secret)
    }

    /// A secret's title, or its id alone where they handle the access to it and may not know what it is.
    #[must_use]
    pub fn title(&self, secret: SecretId) -> String {
        let found = self.state.secrets.get(secret).filter(|_| self.sees(secret));
        found.map_or_else(|| secret.to_string(), |found| found.profile.title.to_string())
    }

    /// Their own entry among the people.
    #[must_use]
    pub fn me(&self) -> Option<&Person> {
        self.state.people.get(self.person)
    }

    /// A person's name, or the id of one who is not known: `P-7 (erased)` where nothing else is left.
    #[must_use]
    pub fn name(&self, person: PersonId) -> String {
        program::name(&self.state, person)
    }

    /// `3 Mar 2026, 14:05 CET`.
    #[must_use]
    pub fn when(&self, at: Time) -> String {
        at.for_people(&self.zone)
    }

    /// `3 Mar 2026`.
    #[must_use]
    pub fn day(&self, at: Time) -> String {
        at.day_for_people(&self.zone)
    }

    /// `in 3 days`.
    #[must_use]
    pub fn ago(&self, at: Time) -> String {
        self.moment(at).relative
    }

    /// An instant for the macros `when` and `relative`.
    #[must_use]
    pub fn moment(&self, at: Time) -> When {
        When::moment(at.0, self.now.0, &self.zone)
    }

    /// A day for the macros `when` and `relative`.
    #[must_use]
    pub fn date(&self, at: Time) -> When {
        When::day(at.0, self.now.0, &self.zone)
    }

    /// The frame of a page; `current` is the path of the place in the navigation it lies under: `/secrets`.
    #[must_use]
    pub fn frame(&self, title: &str, current: &str) -> Frame {
        let name = self.name(self.person);
        let current = Place::ALL.into_iter().find(|place| place.href() == current);
        Frame {
            organisation: self.state.organisation.name.clone(),
            title: title.to_owned(),
            language: "en".to_owned(),
            initials: format::initials(&name),
            person_name: name,
            second_factor: self.second_factor(),
            groups: navigation(&self.places(), current),
            csrf: self.csrf.clone(),
            flash: self.flash.clone(),
            alarms: self.alarms(),
            query: String::new(),
            zone: self.zone.clone(),
        }
    }

    /// Until when the second factor shown in this session is good for every tier that asks for one.
    #[must_use]
    pub fn second_factor(&self) -> SecondFactor {
        let account = self.actor.account.and_then(|id| self.state.accounts.get(id));
        if account.is_none_or(|account| account.second_factor.is_none()) {
            return SecondFactor::Absent;
        }
        let asking = Tier::ALL.into_iter().map(|tier| self.state.access.requirement(tier));
        let asking = asking.filter(|asked| asked.conditions.contains(gate::Condition::SecondFactor));
        let shortest = asking.map(|asked| asked.second_factor_within()).min();
        let until = self
            .actor
            .second_factor_at
            .map(|at| at + shortest.unwrap_or(program::accounts::SESSION_ABSOLUTE));
        match until.filter(|until| self.now < *until) {
            Some(until) => SecondFactor::ShownUntil(self.when(until)),
            None => SecondFactor::NotShown,
        }
    }

    pub(crate) fn of(app: &App, seen: &Seen) -> Option<Self> {
        let actor = seen.actor.clone()?;
        let state = app.service.state();
        Some(Self {
            person: actor.person?,
            actor,
            now: app.service.now(),
            csrf: proof::form(&seen.binding),
            zone: state.organisation.zone.clone(),
            state,
            flash: seen.flash.clone(),
        })
    }

    /// What the rules of the routes let them see: the navigation cannot promise what the guard refuses.
    fn places(&self) -> Vec<(Place, Option<u32>)> {
        let waiting = |place| match place {
            Place::MyAgreements => {
                let asked = self.state.agreements.assignments_of(self.person);
                asked.filter(|(_, assignment)| assignment.declined.is_none()).count()
            }
            Place::Evidence => {
                let standings = self.state.evidence.standings.iter();
                standings.filter(|standing| self.state.evidence.is_late(standing, self.now)).count()
            }
            // Keys that ought to be gone: for those who can finish it.
            Place::Retention if self.is(BACKERS) => {
                self.state.retention.destructions().filter(|one| one.is_open()).count()
            }
            Place::Requests => self.state.access.pending().filter(|request| self.answers(request)).count(),
            _ => 0,
        };
        let open = |place: &Place| match app::rule_of(place.href()) {
            Some(Rule::Public | Rule::Person) => true,
            Some(Rule::Roles(roles)) => self.is(roles),
            Some(Rule::Api(_)) | None => false,
        };
        Place::ALL
            .into_iter()
            .filter(open)
            .map(|place| (place, u32::try_from(waiting(place)).ok().filter(|n| *n > 0)))
            .collect()
    }

    /// Emergency accesses that this person has to look at, and did not yet.
    fn alarms(&self) -> u32 {
        let open = self.state.access.open_emergencies().filter(|grant| {
            let looked = grant.emergency.as_ref().is_some_and(|emergency| emergency.reviewed.is_some());
            !looked && grant.person != self.person && self.owns(grant.secret)
        });
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }

    fn owns(&self, secret: program::SecretId) -> bool {
        self.state.secrets.get(secret).is_some_and(|secret| secret.profile.owner == self.person)
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let seen = parts.extensions.get::<Seen>().ok_or(PageError::Internal)?;
        Self::of(app, seen).ok_or(PageError::SignedOut)
    }
}
