//! A company of 1,000 people to measure with: as events for a state in memory, and as commands for a record.

use super::broken;
use crate::errors::Failure;
use program::access::Event as Access;
use program::agreements::{Covers, Event as Agreement, Media, Method, Shown, TextRef};
use program::documents::Event as Document;
use program::people::{Engagement, Event as People, Joiner, Mail, Profile as Person};
use program::secrets::{Draft, Event as Secret, Profile, Tier};
use program::{
    Actor, AgreementId, DAY, Digest, DocumentId, Event, GrantId, Line, PersonId, Recorded, RequestId,
    SecretId, State, Text, Time,
};
use service::Service;
use std::collections::BTreeSet;

/// How many people.
pub(super) const PEOPLE: u32 = 1_000;
/// How many secrets, in memory.
pub(super) const SECRETS: u32 = 10_000;
/// How many documents each of those has.
pub(super) const DOCUMENTS: u32 = 10;
/// How many secrets most people hold a grant to.
pub(super) const GRANTS: u32 = 100;
/// Holds a grant to every secret.
pub(super) const TRUSTED: PersonId = PersonId(1);

/// When the company was entered: 1 January 2026.
pub(super) const FOUNDED: Time = Time(1_767_225_600_000);

/// The state of that company, made of events as a record has them. Every tenth person lacks the clearance for the two
/// higher tiers.
pub(super) fn state() -> Result<State, Failure> {
    let mut company = Company { state: State::default(), grants: 0 };
    company.people()?;
    company.secrets()?;
    company.agreement()?;
    for secret in 1..=SECRETS {
        company.grant(TRUSTED, SecretId(secret))?;
    }
    for person in 2..=PEOPLE {
        for grant in 0..GRANTS {
            company.grant(PersonId(person), granted(PersonId(person), grant))?;
        }
    }
    Ok(company.state)
}

/// The secret that this person's grant of this number is to.
pub(super) fn granted(person: PersonId, grant: u32) -> SecretId {
    // 101 and the number of secrets share no factor, so nobody is granted one twice.
    SecretId(1 + (person.0 * 97 + grant * 101) % SECRETS)
}

struct Company {
    state: State,
    grants: u32,
}

impl Company {
    fn record(&mut self, event: impl Into<Event>) {
        self.state.apply(&Recorded {
            position: self.state.size,
            time: FOUNDED,
            by: Actor::program(),
            event: event.into(),
        });
    }

    fn people(&mut self) -> Result<(), Failure> {
        for id in 1..=PEOPLE {
            let joiner = joiner(id)?;
            self.record(People::Added {
                person: PersonId(id),
                profile: joiner.profile,
                clearance: joiner.clearance,
                roles: joiner.roles,
            });
        }
        Ok(())
    }

    fn secrets(&mut self) -> Result<(), Failure> {
        for id in 1..=SECRETS {
            let tier = match id % 10 {
                0 => Tier::CrownJewel,
                1..=3 => Tier::Restricted,
                _ => Tier::Confidential,
            };
            let secret = SecretId(id);
            let draft = draft(id, tier)?;
            self.record(Secret::Submitted { secret, profile: draft.profile, precise: draft.precise });
            self.record(Secret::Accepted { secret, note: None });
            for number in 0..DOCUMENTS {
                let document = DocumentId((id - 1) * DOCUMENTS + number + 1);
                self.record(Document::Added {
                    document,
                    secret,
                    name: line(&format!("drawing {number}.pdf"))?,
                    media_type: line("application/pdf")?,
                    size: 100_000,
                    digest: Digest([7; 32]),
                    blob: format!("{:064x}", document.0),
                    secret_version: 1,
                });
            }
        }
        Ok(())
    }

    fn agreement(&mut self) -> Result<(), Failure> {
        let (agreement, version, digest) = (AgreementId(1), 1, Digest([9; 32]));
        self.record(Agreement::Published {
            agreement,
            version,
            title: line("Confidentiality agreement")?,
            text: TextRef { blob: "00".repeat(32), digest, size: 4_000, media: Media::Markdown },
            covers: Covers::Everything,
            term_days: None,
            resign: false,
            second_factor: false,
            note: None,
        });
        for id in 1..=PEOPLE {
            let person = PersonId(id);
            self.record(Agreement::Assigned { agreement, version, person, due: None });
            self.record(Agreement::Signed {
                agreement,
                version,
                person,
                digest,
                shown: Shown::Page,
                consent: None,
                typed_name: line(&format!("Person {id}"))?,
                read_to_end: true,
                method: Method::Browser,
                second_factor_at: None,
                ends: None,
                paper: None,
                signed_on: None,
            });
        }
        Ok(())
    }

    fn grant(&mut self, person: PersonId, secret: SecretId) -> Result<(), Failure> {
        self.grants += 1;
        let (grant, request) = (GrantId(self.grants), RequestId(self.grants));
        let (purpose, ends) = (text("To build the next machine")?, FOUNDED + 90 * DAY);
        self.record(Access::Requested { request, person, secret, purpose: purpose.clone(), ends });
        self.record(Access::Granted {
            grant,
            request,
            person,
            secret,
            purpose,
            ends,
            approvers: vec![PersonId(998), PersonId(999)],
        });
        Ok(())
    }
}

/// Enters the people in a record.
pub(super) async fn enter(service: &Service) -> Result<(), Failure> {
    let operator = Actor::shell("bench", None);
    let mut entered = Vec::new();
    for id in 1..=PEOPLE {
        let joiner = joiner(id)?;
        entered.push(service.act(&operator, program::people::Command::Add { joiner }));
    }
    futures::future::try_join_all(entered).await?;
    Ok(())
}

/// Takes so many secrets into a record, a thousand at a time.
pub(super) async fn import(service: &Service, secrets: u32) -> Result<(), Failure> {
    let operator = Actor::shell("bench", None);
    let numbers: Vec<u32> = (1..=secrets).collect();
    for batch in numbers.chunks(1_000) {
        let drafts: Result<Vec<Draft>, Failure> =
            batch.iter().map(|id| draft(*id, Tier::Confidential)).collect();
        service.act(&operator, program::secrets::Command::Import(drafts?)).await?;
    }
    Ok(())
}

/// Who owns the secret of this number.
pub(super) fn owner(secret: u32) -> PersonId {
    PersonId(1 + secret % PEOPLE)
}

fn joiner(id: u32) -> Result<Joiner, Failure> {
    let profile = Person {
        name: line(&format!("Person {id}"))?,
        mail: Mail::new(&format!("person{id}@company.example")).map_err(broken)?,
        engagement: Engagement::Employee,
        department: line("Development")?,
        job: None,
        manager: None,
        starts: Time(0),
        ends: None,
    };
    Ok(Joiner { profile, clearance: if id.is_multiple_of(10) { 1 } else { 3 }, roles: BTreeSet::new() })
}

fn draft(id: u32, tier: Tier) -> Result<Draft, Failure> {
    let profile = Profile {
        title: line(&format!("Secret {id}"))?,
        owner: owner(id),
        department: line("Development")?,
        tier,
        summary: text("A process step that took long to find, in words that give nothing away.")?,
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: Default::default(),
        review: None,
    };
    Ok(Draft {
        profile,
        precise: Some(text("Heat to 412 degrees within nine minutes, and hold for forty.")?),
    })
}

pub(super) fn line(text: &str) -> Result<Line, Failure> {
    Line::new(text).map_err(broken)
}

pub(super) fn text(text: &str) -> Result<Text, Failure> {
    Text::new(text).map_err(broken)
}
