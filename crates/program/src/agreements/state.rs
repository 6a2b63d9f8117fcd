//! The agreements as they stand, and where each person stands with them.

use super::{Covers, Event, Method, TextRef};
use crate::{AgreementId, Digest, Line, PersonId, Recorded, Scope, Text, Time};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// 1, 2, 3 …
    pub number: u32,
    /// When it was published.
    pub at: Time,
    /// The entry that published it.
    pub position: u64,
    /// What it is called.
    pub title: Line,
    /// Its text.
    pub text: TextRef,
    /// Which secrets it covers.
    pub covers: Covers,
    /// In force for so many days after signing; `None` is without end.
    pub term_days: Option<u32>,
    /// Signatures under earlier versions no longer suffice.
    pub resign: bool,
    /// Signing needs a second factor.
    pub second_factor: bool,
    /// What changed and why.
    pub note: Option<Text>,
}

/// The end of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Since when.
    pub at: Time,
    /// Why.
    pub reason: Text,
}

/// An agreement, over all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The id.
    pub id: AgreementId,
    /// Every version, the first one first.
    pub versions: Vec<Version>,
    /// It is signed no more, and signatures under it do not count.
    pub withdrawn: Option<Withdrawn>,
    /// The oldest version under which a signature suffices.
    pub least: u32,
}

impl Agreement {
    /// The version to sign now.
    #[must_use]
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version with this number.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.number == number)
    }

    /// What its newest version is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.newest().map_or("", |version| version.title.as_str())
    }

    /// Does a signature under version `number` suffice, or has a newer text to be signed?
    #[must_use]
    pub fn is_current(&self, number: u32) -> bool {
        self.withdrawn.is_none() && number >= self.least
    }
}

/// A request to sign that was not met yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The version that was the newest when it was asked for.
    pub version: u32,
    /// Since when.
    pub since: Time,
    /// By when.
    pub due: Option<Time>,
    /// The person's refusal; a new request takes it back.
    pub declined: Option<Declined>,
}

/// Somebody's refusal to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// When.
    pub at: Time,
    /// The version that was the newest then.
    pub version: u32,
    /// Why.
    pub reason: Text,
}

/// The last time a text was shown to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Which version.
    pub version: u32,
    /// SHA-256 of what was shown.
    pub digest: Digest,
    /// When.
    pub at: Time,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The agreement.
    pub agreement: AgreementId,
    /// The version signed.
    pub version: u32,
    /// From when it binds: the entry's time, or the day on the paper.
    pub at: Time,
    /// The first instant at which it no longer does; `None` is without end.
    pub ends: Option<Time>,
    /// How it was given.
    pub method: Method,
    /// The scan of the paper copy.
    pub paper: Option<TextRef>,
    /// The entry that holds it.
    pub position: u64,
}

impl Signature {
    /// Does it bind at `now`? Its end is the first instant outside.
    #[must_use]
    pub fn in_force(&self, now: Time) -> bool {
        self.at <= now && self.ends.is_none_or(|ends| now < ends)
    }
}

/// Where somebody stands with an agreement. A request that waits comes before an older signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Never asked, and nothing signed.
    NotAssigned,
    /// Asked to sign; nothing came yet.
    Assigned {
        /// Since when.
        since: Time,
        /// By when.
        due: Option<Time>,
    },
    /// Signed.
    Signed {
        /// Which version.
        version: u32,
        /// When.
        at: Time,
        /// The first instant at which it no longer binds.
        ends: Option<Time>,
        /// The version signed suffices, and the agreement was not withdrawn.
        current: bool,
    },
    /// Declined.
    Declined(Declined),
}

/// Everything between one person and one agreement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Case {
    assignment: Option<Assignment>,
    opened: Option<Opened>,
    signatures: Vec<Signature>,
}

/// All agreements and who signed them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Agreements {
    agreements: OrdMap<AgreementId, Arc<Agreement>>,
    /// A person has a handful: a decision about access looks through them all.
    cases: OrdMap<PersonId, Arc<BTreeMap<AgreementId, Case>>>,
    /// INVARIANT: exactly the pairs that have a case, the other way round.
    parties: OrdSet<(AgreementId, PersonId)>,
    /// INVARIANT: exactly the pairs whose assignment waits and was not declined.
    open: OrdSet<(PersonId, AgreementId)>,
}

impl Agreements {
    /// One agreement.
    #[must_use]
    pub fn get(&self, id: AgreementId) -> Option<&Agreement> {
        self.agreements.get(&id).map(Arc::as_ref)
    }

    /// All agreements, withdrawn ones included, in the order in which they were first published.
    pub fn iter(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.values().map(Arc::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.agreements.len()
    }

    /// Is there none yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agreements.is_empty()
    }

    /// The id the next agreement will have.
    #[must_use]
    pub fn next_id(&self) -> AgreementId {
        AgreementId(self.agreements.get_max().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    /// Every signature of `person`, by agreement and then in the order in which they were recorded.
    pub fn signatures_of(&self, person: PersonId) -> impl Iterator<Item = &Signature> {
        self.cases_of(person).flat_map(|(_, case)| &case.signatures)
    }

    /// Every signature `person` gave under `agreement`, in the order in which they were recorded.
    #[must_use]
    pub fn signatures(&self, person: PersonId, agreement: AgreementId) -> &[Signature] {
        self.case(person, agreement).map_or(&[], |case| &case.signatures)
    }

    /// The signature that counts between `person` and `agreement`: under the newest version signed, and of those the one
    /// that binds longest.
    #[must_use]
    pub fn signature(&self, person: PersonId, agreement: AgreementId) -> Option<&Signature> {
        let signatures = self.signatures(person, agreement).iter();
        signatures.max_by_key(|s| (s.version, s.ends.unwrap_or(Time::LATEST), s.at))
    }

    /// The request to `person` to sign `agreement`, declined or not, until it is met, cancelled or withdrawn.
    #[must_use]
    pub fn assignment(&self, person: PersonId, agreement: AgreementId) -> Option<&Assignment> {
        let live = self.get(agreement).is_some_and(|found| found.withdrawn.is_none());
        self.case(person, agreement).filter(|_| live)?.assignment.as_ref()
    }

    /// Does this agreement wait for this person's signature? Not once they declined.
    #[must_use]
    pub fn is_assigned(&self, person: PersonId, agreement: AgreementId) -> bool {
        self.assignment(person, agreement).is_some_and(|assignment| assignment.declined.is_none())
    }

    /// What waits for the signature of `person`.
    pub fn assignments_of(&self, person: PersonId) -> impl Iterator<Item = (&Agreement, &Assignment)> {
        let range = (person, AgreementId(0))..=(person, AgreementId(u32::MAX));
        self.waiting(self.open.range(range)).map(|(_, agreement, assignment)| (agreement, assignment))
    }

    /// Everything that waits for somebody's signature.
    pub fn assignments(&self) -> impl Iterator<Item = (PersonId, &Agreement, &Assignment)> {
        self.waiting(self.open.iter())
    }

    /// Everybody who was ever asked to sign `agreement`, opened or signed it.
    pub fn parties(&self, agreement: AgreementId) -> impl Iterator<Item = PersonId> {
        let range = (agreement, PersonId(0))..=(agreement, PersonId(u32::MAX));
        self.parties.range(range).map(|(_, person)| *person)
    }

    /// Was this person ever asked to sign it, or did they open or sign it?
    #[must_use]
    pub fn is_party(&self, person: PersonId, agreement: AgreementId) -> bool {
        self.case(person, agreement).is_some()
    }

    /// When the text was last shown to `person`, and which.
    #[must_use]
    pub fn opened(&self, person: PersonId, agreement: AgreementId) -> Option<&Opened> {
        self.case(person, agreement)?.opened.as_ref()
    }

    /// The sealed blobs that texts and scans are kept in: none of them may be swept.
    pub fn blobs(&self) -> impl Iterator<Item = &str> {
        let texts = self.iter().flat_map(|agreement| &agreement.versions).map(|version| &version.text);
        let cases = self.cases.values().flat_map(|cases| cases.values());
        let scans = cases.flat_map(|case| &case.signatures).filter_map(|signature| signature.paper.as_ref());
        texts.chain(scans).map(|text| text.blob.as_str())
    }

    /// Whose key seals this text or scan, and its digest.
    #[must_use]
    pub fn file(&self, blob: &str) -> Option<(Scope, Digest)> {
        let texts = self.iter().flat_map(|agreement| &agreement.versions);
        let texts = texts.map(|version| (Scope::Organisation, &version.text));
        let scans = self.cases.iter().flat_map(|(person, cases)| {
            let papers = cases.values().flat_map(|case| &case.signatures).filter_map(|s| s.paper.as_ref());
            papers.map(|paper| (Scope::Person(*person), paper))
        });
        texts.chain(scans).find(|(_, text)| text.blob == blob).map(|(scope, text)| (scope, text.digest))
    }

    /// Where `person` stands with `agreement`.
    #[must_use]
    pub fn standing(&self, person: PersonId, agreement: AgreementId) -> Standing {
        if let Some(assignment) = self.assignment(person, agreement) {
            return match &assignment.declined {
                Some(declined) => Standing::Declined(declined.clone()),
                None => Standing::Assigned { since: assignment.since, due: assignment.due },
            };
        }
        match (self.signature(person, agreement), self.get(agreement)) {
            (Some(signature), Some(found)) => Standing::Signed {
                version: signature.version,
                at: signature.at,
                ends: signature.ends,
                current: found.is_current(signature.version),
            },
            _ => Standing::NotAssigned,
        }
    }

    pub(crate) fn apply(&mut self, recorded: &Recorded, event: &Event) {
        match event {
            Event::Published { .. } => self.publish(recorded, event),
            Event::Withdrawn { agreement, reason } => {
                if let Some(found) = self.agreements.get_mut(agreement) {
                    Arc::make_mut(found).withdrawn =
                        Some(Withdrawn { at: recorded.time, reason: reason.clone() });
                }
            }
            Event::Assigned { agreement, version, person, due } => self.alter(*person, *agreement, |case| {
                let assignment =
                    Assignment { version: *version, since: recorded.time, due: *due, declined: None };
                case.assignment = Some(assignment);
            }),
            Event::Opened { agreement, version, person, digest } => self.alter(*person, *agreement, |case| {
                case.opened = Some(Opened { version: *version, digest: *digest, at: recorded.time });
            }),
            Event::Signed { agreement, version, person, method, ends, paper, signed_on, .. } => {
                let signature = Signature {
                    agreement: *agreement,
                    version: *version,
                    at: signed_on.unwrap_or(recorded.time),
                    ends: *ends,
                    method: *method,
                    paper: paper.clone(),
                    position: recorded.position,
                };
                self.alter(*person, *agreement, |case| {
                    // An old paper copy found in a drawer is no answer to a request to sign today's text.
                    let asked = case.assignment.as_ref().map_or(0, |assignment| assignment.version);
                    if signature.version >= asked && signature.in_force(recorded.time) {
                        case.assignment = None;
                    }
                    case.signatures.push(signature);
                });
            }
            Event::Declined { agreement, version, person, reason } => {
                self.alter(*person, *agreement, |case| {
                    if let Some(assignment) = &mut case.assignment {
                        let declined =
                            Declined { at: recorded.time, version: *version, reason: reason.clone() };
                        assignment.declined = Some(declined);
                    }
                })
            }
            Event::AssignmentCancelled { agreement, person, .. } => {
                self.alter(*person, *agreement, |case| case.assignment = None);
            }
        }
    }

    /// Forgets somebody whose data were erased: their requests, and what they signed.
    pub(crate) fn forget(&mut self, person: PersonId) {
        let agreements: Vec<AgreementId> = self.cases_of(person).map(|(agreement, _)| *agreement).collect();
        for agreement in agreements {
            self.parties.remove(&(agreement, person));
            self.open.remove(&(person, agreement));
        }
        self.cases.remove(&person);
    }

    fn publish(&mut self, recorded: &Recorded, event: &Event) {
        let Event::Published {
            agreement,
            version,
            title,
            text,
            covers,
            term_days,
            resign,
            second_factor,
            note,
        } = event
        else {
            return;
        };
        let blank =
            || Arc::new(Agreement { id: *agreement, versions: Vec::new(), withdrawn: None, least: 0 });
        let found = Arc::make_mut(self.agreements.entry(*agreement).or_insert_with(blank));
        if *resign || found.versions.is_empty() {
            found.least = *version;
        }
        found.versions.push(Version {
            number: *version,
            at: recorded.time,
            position: recorded.position,
            title: title.clone(),
            text: text.clone(),
            covers: covers.clone(),
            term_days: *term_days,
            resign: *resign,
            second_factor: *second_factor,
            note: note.clone(),
        });
    }

    fn alter(&mut self, person: PersonId, agreement: AgreementId, change: impl FnOnce(&mut Case)) {
        let case = Arc::make_mut(self.cases.entry(person).or_default()).entry(agreement).or_default();
        change(case);
        let waits = case.assignment.as_ref().is_some_and(|assignment| assignment.declined.is_none());
        self.parties.insert((agreement, person));
        if waits {
            self.open.insert((person, agreement));
        } else {
            self.open.remove(&(person, agreement));
        }
    }

    fn case(&self, person: PersonId, agreement: AgreementId) -> Option<&Case> {
        self.cases.get(&person)?.get(&agreement)
    }

    fn cases_of(&self, person: PersonId) -> impl Iterator<Item = (&AgreementId, &Case)> {
        self.cases.get(&person).into_iter().flat_map(|cases| cases.iter())
    }

    fn waiting<'a>(
        &'a self,
        pairs: impl Iterator<Item = &'a (PersonId, AgreementId)>,
    ) -> impl Iterator<Item = (PersonId, &'a Agreement, &'a Assignment)> {
        pairs.filter_map(|(person, agreement)| {
            Some((*person, self.get(*agreement)?, self.assignment(*person, *agreement)?))
        })
    }
}
