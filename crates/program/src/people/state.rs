//! The people as they stand.

use super::mail::key;
use super::{Engagement, Event, Mail, Role};
use crate::{Line, PersonId, Recorded, Subject, Text, Time};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The highest clearance level; 0 is none.
pub const MOST_CLEARANCE: u8 = 9;

/// What HR knows about a person and may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Full name, as the person writes it.
    pub name: Line,
    /// Mail address; no two people share one.
    pub mail: Mail,
    /// Employee or contractor.
    pub engagement: Engagement,
    /// Department.
    pub department: Line,
    /// What they work as.
    #[serde(default)]
    pub job: Option<Line>,
    /// Whom they report to.
    #[serde(default)]
    pub manager: Option<PersonId>,
    /// The first instant at which they belong here.
    pub starts: Time,
    /// The first instant at which they no longer do, where that is known. A contractor always has one.
    #[serde(default)]
    pub ends: Option<Time>,
}

/// Somebody about to be entered: a profile and the rights of the first day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joiner {
    /// Their data.
    pub profile: Profile,
    /// Clearance level, 0 to [`MOST_CLEARANCE`].
    pub clearance: u8,
    /// Roles; most people have none.
    pub roles: BTreeSet<Role>,
}

/// A suspension in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Since when.
    pub since: Time,
    /// Why.
    pub reason: Text,
}

/// An employee or contractor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// Full name.
    pub name: Line,
    /// Mail address.
    pub mail: Mail,
    /// Employee or contractor.
    pub engagement: Engagement,
    /// Department.
    pub department: Line,
    /// What they work as.
    pub job: Option<Line>,
    /// Roles in the programme.
    pub roles: BTreeSet<Role>,
    /// Clearance level, 0 to [`MOST_CLEARANCE`].
    pub clearance: u8,
    /// Whom they report to.
    pub manager: Option<PersonId>,
    /// The first instant at which they belong here.
    pub starts: Time,
    /// The first instant at which they no longer do.
    pub ends: Option<Time>,
    /// A suspension in force.
    pub suspended: Option<Suspension>,
    /// When they were entered.
    pub added: Time,
}

impl Person {
    /// Do they belong here at `now`: begun, not ended, not suspended?
    #[must_use]
    pub fn is_active(&self, now: Time) -> bool {
        self.suspended.is_none() && self.is_employed(now)
    }

    /// Is `now` within their dates? The end is the first instant outside.
    #[must_use]
    pub fn is_employed(&self, now: Time) -> bool {
        self.starts <= now && self.ends.is_none_or(|ends| now < ends)
    }

    /// Do they hold `role`?
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The part of their data that HR may change.
    #[must_use]
    pub fn profile(&self) -> Profile {
        Profile {
            name: self.name.clone(),
            mail: self.mail.clone(),
            engagement: self.engagement,
            department: self.department.clone(),
            job: self.job.clone(),
            manager: self.manager,
            starts: self.starts,
            ends: self.ends,
        }
    }

    fn set(&mut self, profile: &Profile) {
        let Profile { name, mail, engagement, department, job, manager, starts, ends } = profile.clone();
        *self = Person { name, mail, engagement, department, job, manager, starts, ends, ..self.clone() };
    }
}

/// Everybody the programme knows, those who left included.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct People {
    by_id: OrdMap<PersonId, Arc<Person>>,
    by_mail: OrdMap<String, PersonId>,
    /// Whoever holds the administrator's role, active or not: few, and asked for at every change of rights.
    administrators: OrdSet<PersonId>,
    /// Those whose data were erased.
    #[serde(default)]
    erased: OrdSet<PersonId>,
    last: u32,
}

impl People {
    /// The person with this id.
    #[must_use]
    pub fn get(&self, id: PersonId) -> Option<&Person> {
        self.by_id.get(&id).map(Arc::as_ref)
    }

    /// The person with this mail address, however it is capitalised.
    #[must_use]
    pub fn by_mail(&self, mail: &str) -> Option<&Person> {
        self.by_mail.get(&key(mail)).and_then(|id| self.get(*id))
    }

    /// Everybody, in the order in which they were entered.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.by_id.values().map(Arc::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Is nobody entered yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The departments, in alphabetical order, and how many people each has had entered.
    #[must_use]
    pub fn departments(&self) -> BTreeMap<&str, usize> {
        let mut departments = BTreeMap::new();
        for person in self.iter() {
            let count = departments.entry(person.department.as_str()).or_insert(0_usize);
            *count = count.saturating_add(1);
        }
        departments
    }

    /// Were this person's data erased?
    #[must_use]
    pub fn is_erased(&self, id: PersonId) -> bool {
        self.erased.contains(&id)
    }

    /// Those whose data were erased.
    pub fn erased(&self) -> impl Iterator<Item = PersonId> {
        self.erased.iter().copied()
    }

    /// Whoever holds the administrator's role, active or not.
    pub fn administrators(&self) -> impl Iterator<Item = &Person> {
        self.administrators.iter().filter_map(|id| self.get(*id))
    }

    /// The id the next person entered will have.
    #[must_use]
    pub fn next(&self) -> PersonId {
        PersonId(self.last.saturating_add(1))
    }

    pub(crate) fn note_number(&mut self, subject: Subject) {
        if let Subject::PersonId(id) = subject {
            self.last = self.last.max(id.0);
        }
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        self.take(recorded.time, event);
    }

    /// As [`Self::apply`]; also for looking at what an event would lead to.
    pub(super) fn take(&mut self, time: Time, event: &Event) {
        match event {
            Event::Added { person, profile, clearance, roles } => {
                let Profile { name, mail, engagement, department, job, manager, starts, ends } =
                    profile.clone();
                self.last = self.last.max(person.0);
                self.put(Person {
                    id: *person,
                    name,
                    mail,
                    engagement,
                    department,
                    job,
                    roles: roles.clone(),
                    clearance: *clearance,
                    manager,
                    starts,
                    ends,
                    suspended: None,
                    added: time,
                });
            }
            Event::Changed { person, profile } => self.alter(*person, |p| p.set(profile)),
            Event::Cleared { person, clearance, .. } => self.alter(*person, |p| p.clearance = *clearance),
            Event::RolesSet { person, roles } => self.alter(*person, |p| p.roles.clone_from(roles)),
            Event::Suspended { person, reason } => {
                let suspension = Suspension { since: time, reason: reason.clone() };
                self.alter(*person, |p| p.suspended = Some(suspension));
            }
            Event::Reinstated { person, .. } => self.alter(*person, |p| p.suspended = None),
            Event::Ended { person, ends, .. } => self.alter(*person, |p| p.ends = Some(*ends)),
            Event::Erased { person, .. } => {
                if let Some(known) = self.by_id.remove(person) {
                    self.by_mail.remove(&known.mail.key());
                }
                self.administrators.remove(person);
                self.erased.insert(*person);
                self.last = self.last.max(person.0);
            }
        }
    }

    fn alter(&mut self, id: PersonId, change: impl FnOnce(&mut Person)) {
        if let Some(mut person) = self.get(id).cloned() {
            self.by_mail.remove(&person.mail.key());
            change(&mut person);
            self.put(person);
        }
    }

    fn put(&mut self, person: Person) {
        self.by_mail.insert(person.mail.key(), person.id);
        if person.has(Role::Administrator) {
            self.administrators.insert(person.id);
        } else {
            self.administrators.remove(&person.id);
        }
        self.by_id.insert(person.id, Arc::new(person));
    }
}
