//! Opening, signing and declining: only ever by the person themselves; and recording what was signed on paper.

use super::commands::{ASKERS, Signing, check_text, end_of_term, live, newest};
use super::{Agreement, Event, Method, Shown, TextRef, Version};
use crate::people::Person;
use crate::{Actor, AgreementId, Digest, Line, MINUTE, PersonId, Refusal, Rule, State, Text, Time, Via};

/// What a signer agrees to before signing; the entry holds the sentence itself. ESIGN, 15 U.S.C. § 7001(c), and UETA § 5
/// ask for consent to the electronic form; UETA § 2(8) for the intent to sign.
pub const CONSENT: &str = "I have read this agreement to its end and agree to be bound by it. I agree to sign it \
electronically, and I mean my name, typed here, to be my signature, with the same effect as one by hand.";

/// Where an agreement asks for a second factor, it was proved at most this long before (milliseconds).
pub const SECOND_FACTOR_WITHIN: i64 = 15 * MINUTE;

/// May this person sign now? Somebody who has not started yet may: being bound comes before access. Somebody suspended,
/// or who has left, may not.
#[must_use]
pub fn may_sign(person: &Person, now: Time) -> bool {
    person.suspended.is_none() && person.ends.is_none_or(|ends| now < ends)
}

/// A copy signed on paper.
pub(super) struct Paper<'a> {
    pub version: u32,
    pub person: PersonId,
    pub name: &'a Line,
    pub signed_on: Time,
    pub scan: &'a TextRef,
}

pub(super) fn open(
    state: &State,
    actor: &Actor,
    now: Time,
    id: AgreementId,
    number: u32,
    digest: Digest,
) -> Result<Event, Refusal> {
    let person = signer(state, actor, now, "open an agreement to sign it")?.id;
    let found = state.agreements.get(id);
    let party =
        state.agreements.assignment(person, id).is_some() || state.agreements.signature(person, id).is_some();
    // Need-to-know holds for agreements too: one that is not theirs is unknown to them.
    let found = found.filter(|_| party).ok_or_else(|| Refusal::unknown(id))?;
    let version = found.version(number).ok_or_else(|| unknown_version(found, number))?;
    same_text(version, digest)?;
    Ok(Event::Opened { agreement: id, version: number, person, digest })
}

pub(super) fn sign(state: &State, actor: &Actor, now: Time, signing: &Signing) -> Result<Event, Refusal> {
    let id = signing.agreement;
    let person = signer(state, actor, now, "sign")?;
    let method = method(actor)?;
    let version = asked(state, person.id, id)?;
    if signing.version != version.number {
        let message =
            format!("version {} of {id} is not the one to sign: {} is", signing.version, version.number);
        return Err(Refusal::new(Rule::Standing, message).remedy("open the newest version and read it"));
    }
    same_text(version, signing.digest)?;
    let opened = state.agreements.opened(person.id, id);
    if !opened.is_some_and(|opened| opened.version == version.number && opened.digest == signing.digest) {
        return Err(Refusal::new(
            Rule::Standing,
            format!("version {} of {id} was not opened yet", version.number),
        )
        .remedy("open it and read it first"));
    }
    if !signing.read_to_end {
        return Err(
            Refusal::input("read_to_end", "the text was not read to its end").remedy("read on to the end")
        );
    }
    if !signing.consents {
        return Err(Refusal::input("consent", "signing electronically needs your consent")
            .remedy("agree to it, or ask counsel for a copy to sign on paper"));
    }
    same_name(person, &signing.typed_name, "typed_name")?;
    if version.second_factor {
        second_factor(actor, method, now)?;
    }
    let consent = Text::new(CONSENT).map_err(|error| Refusal::input("consent", error.to_string()))?;
    Ok(Event::Signed {
        agreement: id,
        version: version.number,
        person: person.id,
        digest: version.text.digest,
        shown: signing.shown,
        consent: Some(consent),
        typed_name: signing.typed_name.clone(),
        read_to_end: true,
        method,
        second_factor_at: actor.second_factor_at,
        ends: end_of_term(version, now),
        paper: None,
        signed_on: None,
    })
}

pub(super) fn decline(
    state: &State,
    actor: &Actor,
    now: Time,
    id: AgreementId,
    reason: Text,
) -> Result<Event, Refusal> {
    let person = signer(state, actor, now, "decline to sign")?;
    let version = asked(state, person.id, id)?;
    Ok(Event::Declined { agreement: id, version: version.number, person: person.id, reason })
}

pub(super) fn record_paper(
    state: &State,
    actor: &Actor,
    now: Time,
    id: AgreementId,
    paper: &Paper<'_>,
) -> Result<Event, Refusal> {
    actor.require(state, now, ASKERS, "record a copy signed on paper")?;
    if actor.person == Some(paper.person) {
        return Err(Refusal::new(Rule::OwnCase, "nobody records a paper copy that they signed themselves")
            .remedy("somebody else of counsel or human resources has to record it"));
    }
    let found = live(state, id)?;
    let version = found.version(paper.version).ok_or_else(|| unknown_version(found, paper.version))?;
    let person =
        state.people.get(paper.person).ok_or_else(|| Refusal::unknown(paper.person).field("person"))?;
    same_name(person, paper.name, "name")?;
    check_text("scan", paper.scan)?;
    if paper.signed_on > now {
        return Err(Refusal::input("signed_on", "the day of signing lies in the future")
            .remedy("write the day that stands on the paper"));
    }
    let same = |s: &super::Signature| {
        s.version == version.number && s.method == Method::Paper && s.at == paper.signed_on
    };
    if state.agreements.signatures(person.id, id).iter().any(same) {
        return Err(Refusal::new(Rule::Taken, "this paper copy has been recorded already").field("signed_on"));
    }
    Ok(Event::Signed {
        agreement: id,
        version: version.number,
        person: person.id,
        digest: version.text.digest,
        shown: Shown::Paper,
        consent: None,
        typed_name: paper.name.clone(),
        read_to_end: false,
        method: Method::Paper,
        second_factor_at: None,
        ends: end_of_term(version, paper.signed_on),
        paper: Some(paper.scan.clone()),
        signed_on: Some(paper.signed_on),
    })
}

/// What two names are compared by: case and spacing do not make another person. Through upper case and back, because
/// `Straße` in capitals is `STRASSE`.
pub(super) fn folded(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_uppercase().to_lowercase()
}

/// The acting person themselves; not the same as being active, since somebody may be bound before their first day.
fn signer<'a>(state: &'a State, actor: &Actor, now: Time, act: &str) -> Result<&'a Person, Refusal> {
    let refused = || Refusal::role(act, "a person of this organisation");
    let id = actor.person.ok_or_else(|| refused().remedy("sign in, or name the person with --as"))?;
    let person = state.people.get(id).ok_or_else(|| Refusal::unknown(id))?;
    if may_sign(person, now) {
        Ok(person)
    } else {
        Err(refused().remedy("their employment has ended or is suspended: ask human resources"))
    }
}

/// The version to sign, of an agreement that waits for this person.
fn asked(state: &State, person: PersonId, id: AgreementId) -> Result<&Version, Refusal> {
    match state.agreements.assignment(person, id) {
        Some(assignment) if assignment.declined.is_some() => {
            Err(Refusal::new(Rule::Standing, format!("you have declined {id}"))
                .remedy("ask counsel or human resources to put it to you again"))
        }
        Some(_) => newest(state, id).map(|(_, version)| version),
        // Whoever was a party to it hears that it was withdrawn or is done; to anybody else it is unknown.
        None if state.agreements.signature(person, id).is_some() => {
            live(state, id)?;
            Err(Refusal::new(
                Rule::Standing,
                format!("{id} does not wait for your signature: you have signed it"),
            ))
        }
        None => Err(Refusal::unknown(id)),
    }
}

fn method(actor: &Actor) -> Result<Method, Refusal> {
    match actor.via {
        Via::Browser { .. } => Ok(Method::Browser),
        Via::Shell { .. } => Ok(Method::Shell),
        // A token is held by a program, and a link by whoever was sent it: neither attributes an act to a person.
        Via::Api { .. } | Via::Link | Via::Program => {
            Err(Refusal::new(Rule::SignIn, "a signature cannot be given this way")
                .remedy("sign in the browser"))
        }
    }
}

fn second_factor(actor: &Actor, method: Method, now: Time) -> Result<(), Refusal> {
    let fresh = |at: Time| at <= now && now < at + SECOND_FACTOR_WITHIN;
    if method == Method::Browser && actor.second_factor_at.is_some_and(fresh) {
        return Ok(());
    }
    let remedy = match method {
        Method::Browser => "confirm with your second factor, then sign",
        Method::Shell | Method::Paper => "sign in the browser, where a second factor can be asked for",
    };
    Err(Refusal::new(Rule::SignIn, "this agreement is signed with a second factor proved within 15 minutes")
        .remedy(remedy))
}

fn same_text(version: &Version, digest: Digest) -> Result<(), Refusal> {
    if version.text.digest == digest {
        return Ok(());
    }
    Err(Refusal::new(Rule::Standing, "the text that was shown is not the one that was published")
        .field("digest")
        .remedy("open it again and read it"))
}

fn same_name(person: &Person, name: &Line, field: &'static str) -> Result<(), Refusal> {
    if folded(name.as_str()) == folded(person.name.as_str()) {
        return Ok(());
    }
    Err(Refusal::input(field, format!("`{name}` is not the name in the register: `{}` is", person.name))
        .remedy("write the name as it stands there, or have human resources correct it"))
}

fn unknown_version(agreement: &Agreement, number: u32) -> Refusal {
    Refusal::unknown(format!("{} version {number}", agreement.id))
}
