//! Tests of the rules about agreements, in a small firm: counsel, human resources, Ada who works here, and others.

mod asking;
mod oracle;
mod rules;

use super::*;
use crate::people::{self, Engagement, Mail, Profile, Role};
use crate::secrets::{self, Tier};
use crate::{
    Actor, AgreementId, DAY, Digest, Event as AnyEvent, Line, PersonId, Recorded, Refusal, Rule, SecretId,
    SessionId, State, Text, Time, Via,
};
use std::collections::BTreeSet;

const START: Time = Time(1_800_000_000_000);
const COUNSEL: PersonId = PersonId(1);
const HR: PersonId = PersonId(2);
const ADA: PersonId = PersonId(3);
const BEN: PersonId = PersonId(4);
const LEFT: PersonId = PersonId(5);
const SUSPENDED: PersonId = PersonId(6);
const COMES_LATER: PersonId = PersonId(7);

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn reason() -> Text {
    Text::new("because").unwrap()
}

fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

fn text(n: u8) -> TextRef {
    TextRef { blob: "ab12".into(), digest: digest(n), size: 10, media: Media::Markdown }
}

fn publication(n: u8) -> Publication {
    Publication {
        title: line("Staff agreement"),
        text: text(n),
        covers: Covers::Everything,
        term_days: None,
        resign: false,
        due: None,
        second_factor: false,
        note: None,
    }
}

fn browser(person: PersonId) -> Actor {
    let via = Via::Browser { session: SessionId(1) };
    Actor { person: Some(person), account: None, via, second_factor_at: None, address: None }
}

struct World {
    state: State,
    now: Time,
    log: Vec<Recorded>,
}

/// The firm, with one secret of each tier: S-1 confidential, S-2 restricted, S-3 a crown jewel.
fn world() -> World {
    let mut world = World { state: State::default(), now: START, log: Vec::new() };
    let people = [
        (COUNSEL, "Carla Counsel", Some(Role::Counsel)),
        (HR, "Henri Hr", Some(Role::HumanResources)),
        (ADA, "Ada de la Straße", None),
        (BEN, "بن علي", None),
        (LEFT, "Lena Left", None),
        (SUSPENDED, "Sam Suspended", None),
        (COMES_LATER, "Nora New", None),
    ];
    for (person, name, role) in people {
        let profile = Profile {
            name: line(name),
            mail: Mail::new(&format!("p{}@example.com", person.0)).unwrap(),
            engagement: Engagement::Employee,
            department: line("Works"),
            job: None,
            manager: None,
            starts: if person == COMES_LATER { START + 30 * DAY } else { START + -DAY },
            ends: (person == LEFT).then_some(START),
        };
        world.record(
            people::Event::Added { person, profile, clearance: 0, roles: role.into_iter().collect() }.into(),
        );
    }
    world.record(people::Event::Suspended { person: SUSPENDED, reason: reason() }.into());
    for (n, tier) in (1..).zip(Tier::ALL) {
        let profile = secret_profile(tier);
        world.record(secrets::Event::Submitted { secret: SecretId(n), profile, precise: None }.into());
    }
    world
}

fn secret_profile(tier: Tier) -> secrets::Profile {
    secrets::Profile {
        title: line("Alloy"),
        owner: COUNSEL,
        department: line("Works"),
        tier,
        summary: Text::new("A metal").unwrap(),
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: [None, None, None, None, None, None],
        review: None,
    }
}

impl World {
    fn record(&mut self, event: AnyEvent) {
        self.record_by(Actor::program(), event);
    }

    fn record_by(&mut self, by: Actor, event: AnyEvent) {
        let recorded = Recorded { position: self.state.size, time: self.now, by, event };
        self.state.apply(&recorded);
        self.log.push(recorded);
    }

    /// Decides the command and records what comes of it.
    fn act(&mut self, actor: &Actor, command: Command) -> Result<(), Refusal> {
        for event in decide(&self.state, actor, self.now, &command)? {
            self.record_by(actor.clone(), event);
        }
        Ok(())
    }

    fn publish(
        &mut self,
        agreement: Option<AgreementId>,
        publication: Publication,
    ) -> Result<AgreementId, Refusal> {
        let id = agreement.unwrap_or_else(|| self.state.agreements.next_id());
        self.act(&browser(COUNSEL), Command::Publish { agreement, publication: Box::new(publication) })?;
        Ok(id)
    }

    fn assign(&mut self, agreement: AgreementId, people: &[PersonId]) -> Result<(), Refusal> {
        self.act(&browser(HR), Command::Assign { agreement, people: people.to_vec(), due: None })
    }

    /// What an attentive signer sends.
    fn signing(&self, agreement: AgreementId, person: PersonId) -> Signing {
        let version = self.state.agreements.get(agreement).and_then(Agreement::newest).unwrap();
        Signing {
            agreement,
            version: version.number,
            digest: version.text.digest,
            shown: Shown::Page,
            read_to_end: true,
            consents: true,
            typed_name: self.state.people.get(person).unwrap().name.clone(),
        }
    }

    fn open(&mut self, agreement: AgreementId, person: PersonId) -> Result<(), Refusal> {
        let Signing { version, digest, .. } = self.signing(agreement, person);
        self.act(&browser(person), Command::Open { agreement, version, digest })
    }

    fn sign(&mut self, agreement: AgreementId, person: PersonId) -> Result<(), Refusal> {
        self.open(agreement, person)?;
        let signing = self.signing(agreement, person);
        self.act(&browser(person), Command::Sign(Box::new(signing)))
    }

    fn paper(&self, agreement: AgreementId, person: PersonId, version: u32, signed_on: Time) -> Command {
        let name = self.state.people.get(person).unwrap().name.clone();
        let scan = TextRef { media: Media::Pdf, ..text(99) };
        Command::RecordPaper { agreement, version, person, name, signed_on, scan }
    }
}

/// The rule by which something was refused, and the message.
fn refused(outcome: Result<(), Refusal>) -> (Rule, String) {
    let refusal = outcome.expect_err("this was to be refused");
    (refusal.rule, refusal.message)
}

/// The signatures that wait for this person.
fn due_for(world: &World, person: PersonId) -> Vec<crate::Duty> {
    let mut duties = crate::duties_of(&world.state, person, world.now);
    duties.retain(|duty| duty.task == crate::Task::SignAgreement);
    duties
}
