//! What people may do with agreements.

use super::{Agreement, Covers, Event, Media, Shown, TextRef, Version, assign, sign};
use crate::people::Role;
use crate::{
    Actor, AgreementId, DAY, Digest, Event as AnyEvent, Line, PersonId, Refusal, Rule, State, Text, Time,
};

/// A term is no longer than this; what is meant to last longer has no end.
const LONGEST_TERM_DAYS: u32 = 36_525;

/// Who publishes agreements and withdraws them.
pub const PUBLISHERS: &[Role] = &[Role::Counsel];
/// Who asks people to sign, takes that back, and records what was signed on paper.
pub const ASKERS: &[Role] = &[Role::Counsel, Role::HumanResources];

/// A version to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// What it is called.
    pub title: Line,
    /// Its text.
    pub text: TextRef,
    /// Which secrets it covers.
    pub covers: Covers,
    /// In force for so many days after signing; `None` is without end.
    pub term_days: Option<u32>,
    /// Signatures under earlier versions no longer suffice, and whoever signed or was asked is asked again.
    pub resign: bool,
    /// By when those who are asked again have to sign.
    pub due: Option<Time>,
    /// Signing needs a second factor.
    pub second_factor: bool,
    /// What changed and why.
    pub note: Option<Text>,
}

/// What a signer did on the way to their signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Signing {
    /// The agreement.
    pub agreement: AgreementId,
    /// The version that was shown.
    pub version: u32,
    /// SHA-256 of the bytes that were shown.
    pub digest: Digest,
    /// How they were shown.
    pub shown: Shown,
    /// They were shown to their end.
    pub read_to_end: bool,
    /// The signer agreed to [`super::CONSENT`], as it was shown.
    pub consents: bool,
    /// The name the signer typed.
    pub typed_name: Line,
}

/// What somebody wants done with an agreement.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Publish a new agreement, or a new version of one.
    Publish {
        /// The agreement of which this is a new version; `None` begins a new one.
        agreement: Option<AgreementId>,
        /// The version.
        publication: Box<Publication>,
    },
    /// Ask people to sign.
    Assign {
        /// What.
        agreement: AgreementId,
        /// Whom: all or none.
        people: Vec<PersonId>,
        /// By when.
        due: Option<Time>,
    },
    /// Take a request to sign back.
    CancelAssignment {
        /// What.
        agreement: AgreementId,
        /// Whom it was put to.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Record that the text is shown to the actor. Comes before the text is shown.
    Open {
        /// What.
        agreement: AgreementId,
        /// Which version.
        version: u32,
        /// SHA-256 of the bytes that will be shown.
        digest: Digest,
    },
    /// Sign.
    Sign(Box<Signing>),
    /// Refuse to sign.
    Decline {
        /// What.
        agreement: AgreementId,
        /// Why.
        reason: Text,
    },
    /// Record a copy that somebody else signed on paper.
    RecordPaper {
        /// What.
        agreement: AgreementId,
        /// The version that was signed.
        version: u32,
        /// Who signed.
        person: PersonId,
        /// The name as it stands on the paper.
        name: Line,
        /// When it was signed.
        signed_on: Time,
        /// The scan.
        scan: TextRef,
    },
    /// End an agreement: no new signatures, and those given no longer count.
    Withdraw {
        /// What.
        agreement: AgreementId,
        /// Why.
        reason: Text,
    },
}

/// Decides a command about agreements.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    let events = match command {
        Command::Publish { agreement, publication } => publish(state, actor, now, *agreement, publication)?,
        Command::Assign { agreement, people, due } => {
            assign::assign(state, actor, now, *agreement, people, *due)?
        }
        Command::CancelAssignment { agreement, person, reason } => {
            vec![assign::cancel(state, actor, now, *agreement, *person, reason.clone())?]
        }
        Command::Open { agreement, version, digest } => {
            vec![sign::open(state, actor, now, *agreement, *version, *digest)?]
        }
        Command::Sign(signing) => vec![sign::sign(state, actor, now, signing)?],
        Command::Decline { agreement, reason } => {
            vec![sign::decline(state, actor, now, *agreement, reason.clone())?]
        }
        Command::RecordPaper { agreement, version, person, name, signed_on, scan } => {
            let paper = sign::Paper { version: *version, person: *person, name, signed_on: *signed_on, scan };
            vec![sign::record_paper(state, actor, now, *agreement, &paper)?]
        }
        Command::Withdraw { agreement, reason } => {
            actor.require(state, now, PUBLISHERS, "withdraw an agreement")?;
            let found = live(state, *agreement)?;
            vec![Event::Withdrawn { agreement: found.id, reason: reason.clone() }]
        }
    };
    Ok(events.into_iter().map(AnyEvent::from).collect())
}

/// An agreement that can be signed and changed.
pub(super) fn live(state: &State, id: AgreementId) -> Result<&Agreement, Refusal> {
    let found = state.agreements.get(id).ok_or_else(|| Refusal::unknown(id))?;
    match &found.withdrawn {
        None => Ok(found),
        Some(withdrawn) => {
            let day = withdrawn.at.day_for_people(&state.organisation.zone);
            Err(Refusal::new(Rule::Standing, format!("{id} was withdrawn on {day}"))
                .remedy("use another agreement, or publish a new one"))
        }
    }
}

/// The version to sign now, of an agreement that can be signed.
pub(super) fn newest(state: &State, id: AgreementId) -> Result<(&Agreement, &Version), Refusal> {
    let found = live(state, id)?;
    found.newest().map(|version| (found, version)).ok_or_else(|| Refusal::unknown(id))
}

/// A date by which something has to be done lies ahead.
pub(super) fn check_due(due: Option<Time>, now: Time) -> Result<(), Refusal> {
    match due {
        Some(due) if due <= now => {
            Err(Refusal::input("due", "the date by which to sign has already passed")
                .remedy("name a later day"))
        }
        _ => Ok(()),
    }
}

/// The first instant at which a signature given at `at` is no longer in force.
pub(super) fn end_of_term(version: &Version, at: Time) -> Option<Time> {
    version.term_days.map(|days| at + i64::from(days).saturating_mul(DAY))
}

/// A reference to a text says where the text is, and that there is one.
pub(super) fn check_text(field: &'static str, text: &TextRef) -> Result<(), Refusal> {
    let hex = !text.blob.is_empty() && text.blob.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hex {
        return Err(Refusal::input(
            field,
            format!("`{}` does not name a stored text", text.blob.escape_debug()),
        ));
    }
    if text.size == 0 {
        return Err(Refusal::input(field, "the file is empty").remedy("choose the file that holds the text"));
    }
    Ok(())
}

fn publish(
    state: &State,
    actor: &Actor,
    now: Time,
    agreement: Option<AgreementId>,
    publication: &Publication,
) -> Result<Vec<Event>, Refusal> {
    actor.require(state, now, PUBLISHERS, "publish an agreement")?;
    let before = agreement.map(|id| live(state, id)).transpose()?;
    let id = before.map_or_else(|| state.agreements.next_id(), |found| found.id);
    check(state, now, id, publication)?;
    let newest = before.and_then(Agreement::newest);
    if newest.is_some_and(|newest| changes_nothing(newest, publication)) {
        return Err(Refusal::new(Rule::Standing, format!("nothing differs from the newest version of {id}"))
            .remedy("change the text or its terms, or leave it as it is"));
    }
    let version = newest.map_or(1, |newest| newest.number.saturating_add(1));
    let resign = publication.resign && version > 1;
    let Publication { title, text, covers, term_days, due, second_factor, note, .. } = publication.clone();
    let published = Event::Published {
        agreement: id,
        version,
        title,
        text,
        covers,
        term_days,
        resign,
        second_factor,
        note,
    };
    let mut events = vec![published];
    if resign {
        events.extend(assign::again(state, now, id, version, due));
    }
    Ok(events)
}

fn check(state: &State, now: Time, id: AgreementId, publication: &Publication) -> Result<(), Refusal> {
    check_text("text", &publication.text)?;
    check_due(publication.due, now)?;
    match &publication.covers {
        Covers::Everything => {}
        Covers::Tiers(tiers) if tiers.is_empty() => {
            return Err(
                Refusal::input("covers", "no tier is named").remedy("name a tier, or cover everything")
            );
        }
        Covers::Tiers(_) => {}
        Covers::Secrets(secrets) if secrets.is_empty() => {
            return Err(
                Refusal::input("covers", "no secret is named").remedy("name a secret, or cover everything")
            );
        }
        Covers::Secrets(secrets) => {
            if let Some(unknown) = secrets.iter().find(|id| state.secrets.get(**id).is_none()) {
                return Err(Refusal::unknown(unknown).field("covers"));
            }
        }
    }
    if publication.term_days.is_some_and(|days| !(1..=LONGEST_TERM_DAYS).contains(&days)) {
        let message = format!("a term is 1 to {LONGEST_TERM_DAYS} days");
        return Err(Refusal::input("term_days", message).remedy("leave it out for an agreement without end"));
    }
    let title = sign::folded(publication.title.as_str());
    let others = state.agreements.iter().filter(|other| other.id != id && other.withdrawn.is_none());
    match others.into_iter().find(|other| sign::folded(other.title()) == title) {
        Some(other) => {
            let message = format!("{} is already called `{}`", other.id, publication.title);
            Err(Refusal::new(Rule::Taken, message)
                .field("title")
                .remedy("publish a new version of it, or choose another title"))
        }
        None => Ok(()),
    }
}

fn changes_nothing(newest: &Version, publication: &Publication) -> bool {
    let Publication { title, text, covers, term_days, second_factor, resign, .. } = publication;
    let same_text = |a: &TextRef, media: Media, digest: Digest| a.media == media && a.digest == digest;
    newest.title == *title
        && same_text(&newest.text, text.media, text.digest)
        && newest.covers == *covers
        && newest.term_days == *term_days
        && newest.second_factor == *second_factor
        && !resign
}
