//! "What may I open?" is exactly what a slow look through the whole record says, at a million random moments.
//!
//! The oracle below reads recorded events and nothing else: no state, no index, no gate.

use super::*;
use crate::agreements::{self, Covers, Media, Publication, Shown, Signing, TextRef};
use crate::documents::Target;
use crate::people::{self, Joiner};
use crate::secrets::Tier;
use crate::{AgreementId, DocumentId, Event as AnyEvent, GrantId, HOUR, MINUTE, Recorded, RequestId};
use gate::{Condition, ConditionSet};
use std::collections::BTreeSet;
use std::net::IpAddr;

const TRIPLES: u64 = 1_000_000;
const PEOPLE: u32 = 14;
const SECRETS: u32 = 9;
/// How much is looked through at one moment: everybody, at so many instants.
const INSTANTS: usize = 20;

#[test]
fn what_may_i_open_is_what_the_whole_record_says() {
    let gate = Gate::new().unwrap();
    let (mut triples, mut opened, mut seed) = (0_u64, 0_u64, 0_u64);
    while triples < TRIPLES {
        seed += 1;
        let mut game = Game::new(seed);
        for _ in 0..5 {
            (0..40).for_each(|_| game.step());
            let (seen, yes) = game.agrees(&gate);
            triples += seen;
            opened += yes;
        }
    }
    assert!(opened > triples / 100, "a world in which nothing opens shows nothing: {opened} of {triples}");
    assert!(opened < triples / 2, "a world in which all opens shows nothing: {opened} of {triples}");
}

/// Does this document open for this person now? Reads every event, for every question.
fn opens(
    log: &[Recorded],
    person: PersonId,
    document: DocumentId,
    now: Time,
    at: Option<Circumstances>,
) -> bool {
    let mut secret = None;
    for recorded in log {
        match &recorded.event {
            AnyEvent::Documents(documents::Event::Added { document: d, secret: s, .. }) if *d == document => {
                secret = Some(*s)
            }
            AnyEvent::Documents(documents::Event::Withdrawn { document: d, .. }) if *d == document => {
                return false;
            }
            _ => {}
        }
    }
    secret.is_some_and(|secret| secret_opens(log, person, secret, now, at))
}

fn secret_opens(
    log: &[Recorded],
    person: PersonId,
    secret: SecretId,
    now: Time,
    at: Option<Circumstances>,
) -> bool {
    let Some(tier) = tier_of(log, secret) else {
        return false;
    };
    let set = log.iter().rev().find_map(|r| match &r.event {
        AnyEvent::Access(Event::RequirementsSet { tier: t, requirement, .. }) if *t == tier => {
            Some(requirement.clone())
        }
        _ => None,
    });
    let asks = set.unwrap_or_else(|| Requirement::default_for(tier));
    asks.conditions.iter().all(|condition| match condition {
        Condition::Suspension => !suspended(log, person),
        Condition::Employment => employed(log, person, now),
        Condition::Clearance => clearance(log, person) >= asks.clearance,
        Condition::Grant => granted(log, person, secret, now, usize::from(asks.approvals)),
        Condition::Agreement => bound(log, person, secret, tier, now),
        Condition::SecondFactor => at.is_none_or(|at| {
            at.second_factor_at.is_some_and(|shown| {
                shown <= now && now.0 < shown.0 + i64::from(asks.second_factor_minutes) * MINUTE
            })
        }),
        Condition::Network => at.is_none_or(|at| {
            at.address.is_some_and(|address| asks.networks.iter().any(|range| range.contains(address)))
        }),
        Condition::Policy | Condition::Training | Condition::Screening => false,
    })
}

fn tier_of(log: &[Recorded], secret: SecretId) -> Option<Tier> {
    log.iter().rev().find_map(|r| match &r.event {
        AnyEvent::Secrets(
            secrets::Event::Submitted { secret: s, profile, .. }
            | secrets::Event::Revised { secret: s, profile, .. },
        ) if *s == secret => Some(profile.tier),
        _ => None,
    })
}

fn suspended(log: &[Recorded], person: PersonId) -> bool {
    let last = log.iter().rev().find_map(|r| match &r.event {
        AnyEvent::People(people::Event::Suspended { person: p, .. }) if *p == person => Some(true),
        AnyEvent::People(people::Event::Reinstated { person: p, .. }) if *p == person => Some(false),
        _ => None,
    });
    last.unwrap_or(false)
}

fn employed(log: &[Recorded], person: PersonId, now: Time) -> bool {
    let (mut starts, mut ends) = (None, None);
    for recorded in log {
        match &recorded.event {
            AnyEvent::People(
                people::Event::Added { person: p, profile, .. }
                | people::Event::Changed { person: p, profile },
            ) if *p == person => (starts, ends) = (Some(profile.starts), profile.ends),
            AnyEvent::People(people::Event::Ended { person: p, ends: e, .. }) if *p == person => {
                ends = Some(*e)
            }
            _ => {}
        }
    }
    starts.is_some_and(|starts| starts <= now) && ends.is_none_or(|ends| now < ends)
}

fn clearance(log: &[Recorded], person: PersonId) -> u8 {
    let last = log.iter().rev().find_map(|r| match &r.event {
        AnyEvent::People(
            people::Event::Added { person: p, clearance, .. }
            | people::Event::Cleared { person: p, clearance, .. },
        ) if *p == person => Some(*clearance),
        _ => None,
    });
    last.unwrap_or(0)
}

fn granted(log: &[Recorded], person: PersonId, secret: SecretId, now: Time, approvals: usize) -> bool {
    let revoked = |id: GrantId| {
        log.iter().any(|r| matches!(&r.event, AnyEvent::Access(Event::Revoked { grant, .. }) if *grant == id))
    };
    log.iter().filter(|r| r.time <= now).any(|r| match &r.event {
        AnyEvent::Access(Event::Granted { grant, person: p, secret: s, ends, request, .. }) => {
            let approvers = log.iter().filter_map(|r| match &r.event {
                AnyEvent::Access(Event::Approved { request: of, approver, .. }) if of == request => {
                    Some(*approver)
                }
                _ => None,
            });
            let ours = *p == person && *s == secret && now < *ends;
            ours && approvers.collect::<BTreeSet<_>>().len() >= approvals && !revoked(*grant)
        }
        AnyEvent::Access(Event::EmergencyTaken { grant, person: p, secret: s, ends, .. }) => {
            *p == person && *s == secret && now < *ends && !revoked(*grant)
        }
        _ => false,
    })
}

fn bound(log: &[Recorded], person: PersonId, secret: SecretId, tier: Tier, now: Time) -> bool {
    let ours = || {
        log.iter().filter_map(|r| {
            if let AnyEvent::Agreements(event) = &r.event { Some((r.time, event)) } else { None }
        })
    };
    ours().any(|(time, event)| {
        let agreements::Event::Signed { agreement, version, person: p, .. } = event else {
            return false;
        };
        *p == person
            && ours().all(|(_, other)| match other {
                agreements::Event::Withdrawn { agreement: a, .. } => a != agreement,
                agreements::Event::Published { agreement: a, version: v, resign, .. }
                    if a == agreement && v > version =>
                {
                    !resign
                }
                agreements::Event::Published { agreement: a, version: v, covers, term_days, .. }
                    if (a, v) == (agreement, version) =>
                {
                    let covered = match covers {
                        Covers::Everything => true,
                        Covers::Tiers(tiers) => tiers.contains(&tier),
                        Covers::Secrets(secrets) => secrets.contains(&secret),
                    };
                    let ends = term_days.map_or(i64::MAX, |days| time.0 + i64::from(days) * DAY);
                    covered && (time.0..ends).contains(&now.0)
                }
                _ => true,
            })
    })
}

/// A random company: everything in it happens through commands, most of which are refused.
struct Game {
    world: World,
    log: Vec<Recorded>,
    random: Random,
    seed: u64,
}

impl Game {
    fn new(seed: u64) -> Self {
        let mut game = Self { world: World::new(), log: Vec::new(), random: Random(seed), seed };
        // What World::new recorded, as the oracle needs it.
        for person in game.world.state.people.iter() {
            let event = people::Event::Added {
                person: person.id,
                profile: person.profile(),
                clearance: person.clearance,
                roles: person.roles.clone(),
            };
            game.log.push(recorded(game.world.now, event.into()));
        }
        game.log
            .push(recorded(game.world.now, people::Event::Suspended { person: SUE, reason: why() }.into()));
        for n in 9..=PEOPLE {
            let mut joiner = Joiner { clearance: 3, ..game.world.joiner(&format!("n{n}")) };
            joiner.profile.starts = game.world.now + game.random.span(-DAY, 3 * DAY);
            joiner.profile.ends =
                game.random.one_in(2).then(|| game.world.now + game.random.span(4 * DAY, 40 * DAY));
            game.tries(None, people::Command::Add { joiner });
        }
        for person in (1..=PEOPLE).map(PersonId) {
            let clearance = u8::try_from(1 + game.random.below(4)).unwrap();
            game.tries(None, people::Command::Clear { person, clearance, reason: why() });
        }
        for n in 1..=SECRETS {
            let owner = game.owner();
            let tier = game.tier();
            let secret = SecretId(n);
            game.tries(None, secrets::Command::Submit(Box::new(draft(&format!("Secret {n}"), owner, tier))));
            if n % 4 != 0 {
                game.tries(Some(COUNSEL), secrets::Command::Accept { secret, note: None });
            }
            game.add_document(secret);
            game.add_document(secret);
        }
        game.publish(None, Covers::Everything);
        (1..=PEOPLE).for_each(|person| game.sign(AgreementId(1), PersonId(person)));
        game
    }

    fn tries(&mut self, by: Option<PersonId>, command: impl Into<crate::Command>) -> bool {
        let events = match by {
            Some(person) => self.world.by(person, command),
            None => self.world.operator(command),
        };
        let now = self.world.now;
        let done = events.is_ok();
        self.log.extend(events.into_iter().flatten().map(|event| recorded(now, event)));
        done
    }

    fn step(&mut self) {
        let person = PersonId(1 + self.random.below(PEOPLE));
        let secret = SecretId(1 + self.random.below(SECRETS));
        let (reason, purpose) = (why(), why());
        match self.random.below(30) {
            0..=3 => self.world.now = self.world.now + self.random.span(1, 6 * HOUR),
            4 => self.world.now = self.world.now + self.random.span(1, 4 * DAY),
            5 => {
                let (tier, requirement) = (self.tier(), Box::new(self.requirement()));
                self.tries(Some(ADMIN), Command::SetRequirement { tier, requirement, reason });
            }
            6..=12 => {
                let ends = self.random.one_in(2).then(|| self.world.now + self.random.span(MINUTE, 20 * DAY));
                if self.tries(Some(person), Command::Request { secret, purpose, ends }) {
                    let last = self.world.state.access.requests().next_back().unwrap().id;
                    let owner = self.world.state.secrets.get(secret).unwrap().profile.owner;
                    self.approve(last, [owner, SECURITY, COUNSEL]);
                }
            }
            13..=14 => {
                let count = self.world.state.access.requests().count().try_into().unwrap_or(0);
                let request = RequestId(1 + self.random.below(u32::max(count, 1)));
                self.approve(request, [SECURITY, EVA, MAX]);
            }
            15 => self.with_grant(|grant| Command::Revoke { grant, reason }),
            16..=18 => {
                self.tries(Some(person), Command::TakeEmergency { secret, purpose });
            }
            19 => self.with_grant(|grant| Command::Justify { grant, account: why() }),
            20 => {
                let clearance = u8::try_from(self.random.below(5)).unwrap();
                self.tries(None, people::Command::Clear { person, clearance, reason });
            }
            21 => {
                if !self.tries(None, people::Command::Reinstate { person, reason: reason.clone() }) {
                    self.tries(None, people::Command::Suspend { person, reason });
                }
            }
            22 if person.0 > 8 => {
                let ends = self.random.one_in(2).then(|| self.world.now + self.random.span(1, 9 * DAY));
                self.tries(None, people::Command::End { person, ends, reason });
            }
            22 | 23 => {
                let mut profile = self.world.state.people.get(person).unwrap().profile();
                profile.ends = self.random.one_in(2).then(|| self.world.now + self.random.span(1, 30 * DAY));
                self.tries(None, people::Command::Change { person, profile });
            }
            24 => {
                let agreement = self.random.one_in(2).then_some(AgreementId(1));
                let covers = self.covers();
                self.publish(agreement, covers);
            }
            25..=26 => {
                let count = u32::try_from(self.world.state.agreements.iter().count()).unwrap();
                let agreement = AgreementId(1 + self.random.below(count));
                (1..=PEOPLE)
                    .filter(|n| n % 3 == secret.0 % 3)
                    .for_each(|n| self.sign(agreement, PersonId(n)));
                if agreement.0 > 1 && self.random.one_in(6) {
                    self.tries(Some(COUNSEL), agreements::Command::Withdraw { agreement, reason });
                }
            }
            27 => {
                let document = DocumentId(1 + self.random.below(2 * SECRETS));
                if self.random.one_in(2) {
                    self.tries(None, documents::Command::Withdraw { document, reason });
                }
                self.add_document(secret);
            }
            28 => {
                let found = self.world.state.secrets.get(secret).unwrap();
                let (title, from_version) = (found.profile.title.to_string(), found.version());
                let (owner, tier) = (self.owner(), self.tier());
                let draft = Box::new(draft(&title, owner, tier));
                self.tries(
                    Some(COUNSEL),
                    secrets::Command::Revise { secret, from_version, draft, note: None },
                );
            }
            _ if self.random.one_in(4) => {
                self.tries(Some(COUNSEL), secrets::Command::Retire { secret, reason });
            }
            _ => {
                self.tries(Some(COUNSEL), secrets::Command::Accept { secret, note: None });
            }
        }
    }

    fn approve(&mut self, request: RequestId, approvers: [PersonId; 3]) {
        for approver in approvers {
            self.tries(Some(approver), Command::Approve { request, note: None });
        }
    }

    fn with_grant(&mut self, command: impl FnOnce(GrantId) -> Command) {
        let grants: Vec<(GrantId, PersonId)> =
            self.world.state.access.grants().map(|g| (g.id, g.person)).collect();
        if let Some((grant, person)) =
            grants.get(self.random.below(u32::max(1, grants.len() as u32)) as usize)
        {
            self.tries(Some(*person), command(*grant));
        }
    }

    fn add_document(&mut self, secret: SecretId) {
        let name = line("file.pdf");
        if self.random.one_in(6) {
            self.tries(None, documents::Command::Register { secret, name, place: why(), digest: None });
        } else {
            self.tries(None, added(secret));
        }
    }

    fn publish(&mut self, agreement: Option<AgreementId>, covers: Covers) {
        let n = u8::try_from(self.random.below(256)).unwrap();
        let text =
            TextRef { blob: "ab12".to_owned(), digest: Digest([n; 32]), size: 10, media: Media::Markdown };
        let publication = Publication {
            title: line(&format!("Agreement {}", self.log.len())),
            text,
            covers,
            term_days: self.random.one_in(2).then(|| 1 + self.random.below(30)),
            resign: self.random.one_in(3),
            due: None,
            second_factor: false,
            note: None,
        };
        self.tries(
            Some(COUNSEL),
            agreements::Command::Publish { agreement, publication: Box::new(publication) },
        );
    }

    fn sign(&mut self, agreement: AgreementId, person: PersonId) {
        let Some(found) = self.world.state.agreements.get(agreement) else {
            return;
        };
        let Some((version, digest)) = found.newest().map(|version| (version.number, version.text.digest))
        else {
            return;
        };
        let typed_name = self.world.state.people.get(person).unwrap().name.clone();
        self.tries(Some(COUNSEL), agreements::Command::Assign { agreement, people: vec![person], due: None });
        self.tries(Some(person), agreements::Command::Open { agreement, version, digest });
        let shown = Shown::Terminal;
        let signing =
            Signing { agreement, version, digest, shown, read_to_end: true, consents: true, typed_name };
        self.tries(Some(person), agreements::Command::Sign(Box::new(signing)));
    }

    fn tier(&mut self) -> Tier {
        Tier::ALL[self.random.below(3) as usize]
    }

    fn owner(&mut self) -> PersonId {
        [EVA, MAX, SECURITY, AUDITOR][self.random.below(4) as usize]
    }

    fn covers(&mut self) -> Covers {
        match self.random.below(3) {
            0 => Covers::Everything,
            1 => Covers::Tiers(BTreeSet::from([self.tier(), self.tier()])),
            _ => Covers::Secrets((0..4).map(|_| SecretId(1 + self.random.below(SECRETS))).collect()),
        }
    }

    fn requirement(&mut self) -> Requirement {
        let mut conditions: ConditionSet = AVAILABLE.into_iter().collect();
        for condition in
            [Condition::Clearance, Condition::Agreement, Condition::SecondFactor, Condition::Network]
        {
            if self.random.one_in(2) {
                conditions.remove(condition);
            }
        }
        if self.random.one_in(6) {
            conditions.remove(Condition::Grant);
        }
        let listed = self.random.one_in(2) || !conditions.contains(Condition::Grant);
        Requirement {
            conditions,
            clearance: u8::try_from(self.random.below(4)).unwrap(),
            approvals: u8::try_from(1 + self.random.below(3)).unwrap(),
            second_factor_minutes: 1 + self.random.below(600),
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            emergency_minutes: 15 * self.random.below(5),
            longest_grant_days: 1 + self.random.below(60),
            listed,
        }
    }

    /// The instants from now on at which something ends or begins, one millisecond before and one after, and others.
    fn instants(&mut self) -> Vec<Time> {
        let mut ends = vec![self.world.now];
        for recorded in &self.log {
            match &recorded.event {
                AnyEvent::Access(Event::Granted { ends: e, .. } | Event::EmergencyTaken { ends: e, .. })
                | AnyEvent::People(people::Event::Ended { ends: e, .. }) => ends.push(*e),
                AnyEvent::People(
                    people::Event::Added { profile, .. } | people::Event::Changed { profile, .. },
                ) => {
                    ends.extend(std::iter::once(profile.starts).chain(profile.ends));
                }
                AnyEvent::Agreements(agreements::Event::Signed { ends: Some(e), .. }) => ends.push(*e),
                _ => {}
            }
        }
        let around = ends.iter().flat_map(|at| [Time(at.0 - 1), *at, Time(at.0 + 1)]);
        let mut instants: Vec<Time> = around.filter(|at| *at >= self.world.now).collect();
        instants.sort();
        instants.dedup();
        while instants.len() > INSTANTS - 2 {
            instants.remove(self.random.below(instants.len() as u32) as usize);
        }
        instants.push(self.world.now);
        instants.push(self.world.now + self.random.span(0, 40 * DAY));
        instants
    }

    /// Often a second factor that is just good enough, or just not.
    fn circumstances(&mut self, now: Time) -> Circumstances {
        let tier = self.tier();
        let minutes = self.world.state.access.requirement(tier).second_factor_minutes;
        let age = i64::from(minutes) * MINUTE;
        let shown = match self.random.below(6) {
            0 => None,
            1 => Some(now + 1),
            2 => Some(now + -age),
            3 => Some(now + (1 - age)),
            _ => Some(now),
        };
        let address: Option<IpAddr> = match self.random.below(4) {
            0 => None,
            1 => Some("192.0.2.1".parse().unwrap()),
            _ => Some("10.1.2.3".parse().unwrap()),
        };
        Circumstances { second_factor_at: shown, address }
    }

    /// Listing, opening, "who can?" and the oracle say the same. Returns how many triples were looked at, and how many
    /// of them open.
    fn agrees(&mut self, gate: &Gate) -> (u64, u64) {
        let (mut triples, mut opened) = (0, 0);
        let documents: Vec<(DocumentId, SecretId)> =
            self.world.state.documents.iter().map(|document| (document.id, document.secret)).collect();
        for now in self.instants() {
            for person in (1..=PEOPLE).map(PersonId) {
                let at = self.circumstances(now);
                let listed = may_open(&self.world.state, gate, person, now, Some(at));
                let listed: BTreeSet<DocumentId> = listed.into_iter().map(|document| document.id).collect();
                let actor = Actor {
                    second_factor_at: at.second_factor_at,
                    address: at.address,
                    ..Actor::shell("somebody", Some(person))
                };
                let try_opening = self.random.one_in(4);
                for (document, secret) in &documents {
                    let expected = opens(&self.log, person, *document, now, Some(at));
                    let said = listed.contains(document);
                    let which = (self.seed, self.log.len(), person, *document, *secret, now, at);
                    assert_eq!(said, expected, "listing and record differ at {which:?}");
                    if try_opening {
                        let target = Target::Document(*document);
                        let answer = documents::decide_opening(&self.world.state, gate, &actor, now, target);
                        let answer = answer.is_ok_and(|opening| opening.decision.allowed());
                        assert_eq!(answer, expected, "opening and record differ at {which:?}");
                    }
                    triples += 1;
                    opened += u64::from(expected);
                }
            }
            self.who_agrees(gate, now);
        }
        (triples, opened)
    }

    fn who_agrees(&mut self, gate: &Gate, now: Time) {
        let secret = SecretId(1 + self.random.below(SECRETS));
        let rows = who(&self.world.state, gate, secret, now);
        let said: BTreeSet<PersonId> = rows.iter().filter(|row| row.opens).map(|row| row.person).collect();
        let expected =
            (1..=PEOPLE).map(PersonId).filter(|person| secret_opens(&self.log, *person, secret, now, None));
        assert_eq!(said, expected.collect(), "who can open {secret}: seed {} at {now}", self.seed);
        for row in rows.iter().filter(|row| row.opens) {
            if let Some(until) = row.until.filter(|until| *until > now) {
                assert!(
                    secret_opens(&self.log, row.person, secret, Time(until.0 - 1), None),
                    "{row:?} ends too early"
                );
            }
        }
    }
}

fn recorded(time: Time, event: AnyEvent) -> Recorded {
    Recorded { position: 0, time, by: Actor::program(), event }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same worlds at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).unwrap()
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn span(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.next() % u64::try_from(to - from).unwrap()).unwrap()
    }
}
