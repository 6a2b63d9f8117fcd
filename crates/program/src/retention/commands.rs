//! Who may hold, copy and forget; and what a hold forbids.

use super::{Event, Left, Shredded, may_see_hold};
use crate::people::Role;
use crate::{
    Actor, Digest, Event as AnyEvent, HoldId, Line, Refusal, Rule, State, Subject, Text, Time, Via, sight,
};

/// Those who place and lift holds: whether a dispute is to be expected is for counsel to judge.
pub const HOLDERS: &[Role] = &[Role::Counsel];
/// Those who look after copies.
pub const BACKERS: &[Role] = &[Role::Administrator];

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Forbid destroying something.
    PlaceHold {
        /// A secret, a document or a person.
        about: Subject,
        /// Why.
        reason: Text,
    },
    /// End a hold.
    LiftHold {
        /// Which.
        hold: HoldId,
        /// Why.
        reason: Text,
    },
    /// Record where keys of something destroyed were deleted. By the program itself, which did it.
    NoteShredded {
        /// The document or person.
        about: Subject,
        /// Where keys were deleted.
        done: Vec<Shredded>,
        /// Where they may still be.
        left: Vec<Left>,
    },
    /// Record that a copy was made.
    NoteBackup {
        /// Where.
        place: Line,
        /// Where the keys went.
        keys: Line,
        /// Which version of the keys.
        version: u32,
        /// How many entries.
        size: u64,
        /// The root of the tree over them.
        root: Digest,
        /// How many sealed files.
        files: u64,
    },
    /// Say that a folder of copies of the keys is no more.
    ForgetPlace {
        /// The folder.
        keys: Line,
        /// What became of it.
        reason: Text,
    },
    /// Record that the record was put back from a copy.
    NoteRestored {
        /// The folder of the copy.
        place: Line,
        /// Which version of the keys.
        version: u32,
        /// How many entries it had.
        size: u64,
        /// When it was made.
        made: Time,
    },
}

/// Decides a command about what is kept.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    let event = match command {
        Command::PlaceHold { about, reason } => {
            actor.require(state, now, HOLDERS, "place a legal hold")?;
            may_be_held(state, actor, now, *about)?;
            Event::HoldPlaced { hold: state.retention.next_hold(), about: *about, reason: reason.clone() }
        }
        Command::LiftHold { hold, reason } => {
            actor.require(state, now, HOLDERS, "lift a legal hold")?;
            let found = state.retention.hold(*hold).ok_or_else(|| Refusal::unknown(hold))?;
            if found.lifted.is_some() {
                return Err(Refusal::new(Rule::Standing, format!("{hold} was lifted before")));
            }
            Event::HoldLifted { hold: *hold, about: found.about, reason: reason.clone() }
        }
        Command::NoteShredded { about, done, left } => {
            if actor.via != Via::Program {
                return Err(Refusal::role("record that keys were deleted", "the program itself"));
            }
            let found = state.retention.destruction(*about).ok_or_else(|| Refusal::unknown(about))?;
            if !found.is_open() {
                return Err(Refusal::new(Rule::Standing, format!("the keys of {about} are gone already")));
            }
            Event::Shredded { about: *about, done: done.clone(), left: left.clone() }
        }
        Command::NoteBackup { place, keys, version, size, root, files } => {
            actor.require(state, now, BACKERS, "make copies of the record")?;
            if *size > state.size || *version != state.retention.next_version() {
                return Err(Refusal::new(Rule::Standing, "another copy was made at the same time")
                    .remedy("make it again"));
            }
            Event::BackedUp {
                place: place.clone(),
                keys: keys.clone(),
                version: *version,
                size: *size,
                root: *root,
                files: *files,
            }
        }
        Command::ForgetPlace { keys, reason } => {
            actor.require(state, now, BACKERS, "say what became of copies of the keys")?;
            if !state.retention.places().any(|place| place.keys == *keys) {
                return Err(Refusal::unknown(keys).remedy("name the folder as the list of copies names it"));
            }
            Event::PlaceForgotten { keys: keys.clone(), reason: reason.clone() }
        }
        Command::NoteRestored { place, version, size, made } => {
            actor.require(state, now, BACKERS, "put the record back from a copy")?;
            Event::Restored { place: place.clone(), version: *version, size: *size, made: *made }
        }
    };
    Ok(vec![event.into()])
}

/// Refuses to destroy what a hold in force is on.
///
/// # Errors
/// The refusal, which names the hold to those who may know of it. To others, such as human resources who erase somebody, it
/// says that there is one, and not on what: a hold tells which dispute is expected.
pub fn refuse_held(
    state: &State,
    actor: &Actor,
    now: Time,
    subjects: impl IntoIterator<Item = Subject>,
) -> Result<(), Refusal> {
    for subject in subjects {
        if let Some(hold) = state.retention.holds_on(subject).next() {
            let message = if may_see_hold(state, actor, now, hold.id) {
                format!("{subject} is under legal hold ({}): nothing of it may be destroyed", hold.id)
            } else {
                "a legal hold forbids it".to_owned()
            };
            return Err(Refusal::new(Rule::Hold, message).remedy("ask counsel"));
        }
    }
    Ok(())
}

/// A hold is on something that is here and not destroyed yet.
fn may_be_held(state: &State, actor: &Actor, now: Time, about: Subject) -> Result<(), Refusal> {
    let fits = matches!(about, Subject::SecretId(_) | Subject::DocumentId(_) | Subject::PersonId(_));
    if !fits {
        return Err(Refusal::input("about", format!("{about} cannot be held"))
            .remedy("name a secret, a document or a person"));
    }
    if state.retention.destruction(about).is_some() {
        return Err(Refusal::new(Rule::Standing, format!("{about} was destroyed already")));
    }
    let there = match about {
        Subject::PersonId(id) => state.people.get(id).is_some(),
        other => sight::may_see(state, actor, now, other),
    };
    if there { Ok(()) } else { Err(Refusal::unknown(about)) }
}
