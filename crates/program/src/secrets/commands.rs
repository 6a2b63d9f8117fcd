//! What people may do with the register.

use super::profile::{LONGEST_REVIEW, check_not_far};
use super::{Draft, Event, Profile, Secret, Status, may_see};
use crate::people::Role;
use crate::{Actor, Event as AnyEvent, Refusal, Rule, SecretId, State, Text, Time, access};

/// Who judges submissions, imports, and ends a secret's time as one.
pub const REVIEWERS: &[Role] = &[Role::Counsel];

/// What somebody wants done with a secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Put a secret forward.
    Submit(Box<Draft>),
    /// Put many forward at once, all or none.
    Import(Vec<Draft>),
    /// Take it into the register.
    Accept {
        /// Which.
        secret: SecretId,
        /// A remark.
        note: Option<Text>,
    },
    /// Send it back to its submitter.
    Return {
        /// Which.
        secret: SecretId,
        /// What is missing.
        reason: Text,
    },
    /// Make a new version.
    Revise {
        /// Which.
        secret: SecretId,
        /// The version the change was made from: somebody else's change in between is not overwritten.
        from_version: u32,
        /// What it is from now on; a precise description of `None` leaves the one before.
        draft: Box<Draft>,
        /// What changed and why.
        note: Option<Text>,
    },
    /// Confirm that it is still as the register says.
    Review {
        /// Which.
        secret: SecretId,
        /// When to look again.
        next: Time,
        /// What was found.
        note: Option<Text>,
    },
    /// End its time as a trade secret.
    Retire {
        /// Which.
        secret: SecretId,
        /// Why.
        reason: Text,
    },
}

/// Decides a command about the register.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    match command {
        Command::Submit(draft) => {
            let secret = state.secrets.next_id();
            submit(state, actor, now, secret, draft).map(|event| vec![event.into()])
        }
        Command::Import(drafts) => import(state, actor, now, drafts),
        Command::Accept { secret, note } => accept(state, actor, now, *secret, note.clone()),
        Command::Return { secret, reason } => {
            let secret = judged(state, actor, now, *secret)?;
            Ok(vec![Event::Returned { secret: secret.id, reason: reason.clone() }.into()])
        }
        Command::Revise { secret, from_version, draft, note } => {
            let event = revise(state, actor, now, *secret, *from_version, draft, note.clone())?;
            Ok(vec![event.into()])
        }
        Command::Review { secret, next, note } => {
            let secret = held(state, actor, now, *secret, "review it")?;
            in_register(secret)?;
            check_next(*next, now)?;
            Ok(vec![Event::Reviewed { secret: secret.id, next: *next, note: note.clone() }.into()])
        }
        Command::Retire { secret, reason } => {
            let secret = held(state, actor, now, *secret, "retire it")?;
            in_register(secret)?;
            actor.require(state, now, REVIEWERS, "retire a trade secret")?;
            Ok(vec![Event::Retired { secret: secret.id, reason: reason.clone() }.into()])
        }
    }
}

/// The secret, if the actor may know of it; otherwise it is unknown, whether it exists or not.
pub(crate) fn seen<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    id: SecretId,
) -> Result<&'a Secret, Refusal> {
    match state.secrets.get(id) {
        Some(secret) if may_see(state, actor, now, secret) => Ok(secret),
        _ => Err(Refusal::unknown(id)),
    }
}

/// The secret, if the actor answers for it: its owner, or counsel.
pub(crate) fn held<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    id: SecretId,
    act: &str,
) -> Result<&'a Secret, Refusal> {
    let secret = seen(state, actor, now, id)?;
    let owns = actor.person == Some(secret.profile.owner) && actor.person(state, now, act).is_ok();
    if owns || actor.holds(state, now, &[Role::Counsel]) {
        Ok(secret)
    } else {
        Err(Refusal::role(act, "the secret's owner or counsel"))
    }
}

fn submit(
    state: &State,
    actor: &Actor,
    now: Time,
    secret: SecretId,
    draft: &Draft,
) -> Result<Event, Refusal> {
    if !actor.is_operator() {
        actor.person(state, now, "put a trade secret forward")?;
    }
    draft.profile.check(now)?;
    people_exist(state, now, &draft.profile)?;
    Ok(Event::Submitted { secret, profile: draft.profile.clone(), precise: draft.precise.clone() })
}

fn import(state: &State, actor: &Actor, now: Time, drafts: &[Draft]) -> Result<Vec<AnyEvent>, Refusal> {
    actor.require(state, now, REVIEWERS, "import secrets into the register")?;
    if drafts.is_empty() {
        return Err(Refusal::input("file", "this file holds no secrets"));
    }
    let first = state.secrets.next_id().0;
    let ids = (first..).map(SecretId);
    ids.zip(drafts).map(|(id, draft)| submit(state, actor, now, id, draft).map(AnyEvent::from)).collect()
}

fn accept(
    state: &State,
    actor: &Actor,
    now: Time,
    secret: SecretId,
    note: Option<Text>,
) -> Result<Vec<AnyEvent>, Refusal> {
    let secret = judged(state, actor, now, secret)?;
    let mut events = vec![Event::Accepted { secret: secret.id, note }.into()];
    if secret.profile.review.is_none() {
        events.push(Event::Reviewed { secret: secret.id, next: now + LONGEST_REVIEW, note: None }.into());
    }
    events.extend(access::owner_request(state, actor, now, secret));
    Ok(events)
}

/// A submission that this actor may judge: never their own, and only a reviewer.
fn judged<'a>(state: &'a State, actor: &Actor, now: Time, id: SecretId) -> Result<&'a Secret, Refusal> {
    let secret = seen(state, actor, now, id)?;
    actor.require(state, now, REVIEWERS, "judge a submission")?;
    if secret.status != Status::Submitted {
        return Err(Refusal::new(
            Rule::Standing,
            format!("{id} is {}, and nothing waits to be judged", secret.status.as_str()),
        ));
    }
    let own = actor.person.is_some()
        && (actor.person == secret.submitter || actor.person == Some(secret.profile.owner));
    if own {
        return Err(Refusal::new(Rule::OwnCase, "nobody judges a submission that they made or own")
            .remedy("another reviewer has to look at it"));
    }
    Ok(secret)
}

fn revise(
    state: &State,
    actor: &Actor,
    now: Time,
    id: SecretId,
    from_version: u32,
    draft: &Draft,
    note: Option<Text>,
) -> Result<Event, Refusal> {
    let secret = seen(state, actor, now, id)?;
    let own_submission =
        secret.status != Status::Accepted && actor.person.is_some() && actor.person == secret.submitter;
    if !own_submission {
        held(state, actor, now, id, "change it")?;
    }
    if secret.status == Status::Retired {
        return Err(Refusal::new(Rule::Standing, format!("{id} is retired and cannot be changed"))
            .remedy("register it anew if it is a trade secret again"));
    }
    if secret.version() != from_version {
        let message = format!(
            "{id} was changed meanwhile: it is at version {}, you began from {from_version}",
            secret.version()
        );
        return Err(Refusal::new(Rule::Standing, message)
            .remedy("look at the newest version and make your change there"));
    }
    let profile = &draft.profile;
    if secret.profile.review != profile.review {
        profile.check(now)?;
    } else {
        Profile { review: None, ..profile.clone() }.check(now)?;
    }
    people_exist(state, now, profile)?;
    if profile.tier < secret.tier() && secret.status == Status::Accepted {
        actor.require(state, now, &[Role::Counsel], "lower the tier of a trade secret")?;
    }
    if *profile == secret.profile && draft.precise.is_none() {
        return Err(Refusal::new(Rule::Standing, "nothing was changed"));
    }
    let version = secret.version().saturating_add(1);
    Ok(Event::Revised { secret: id, version, profile: profile.clone(), precise: draft.precise.clone(), note })
}

/// INVARIANT: every owner was an active person when named; access needs somebody who can approve it.
pub(super) fn people_exist(state: &State, now: Time, profile: &Profile) -> Result<(), Refusal> {
    let owner =
        state.people.get(profile.owner).ok_or_else(|| Refusal::unknown(profile.owner).field("owner"))?;
    if !owner.is_active(now) {
        return Err(Refusal::input(
            "owner",
            format!("{} is not active and cannot answer for a secret", owner.id),
        )
        .remedy("name somebody who works here now"));
    }
    match profile.known_by.iter().find(|id| state.people.get(**id).is_none()) {
        Some(id) => Err(Refusal::unknown(id).field("known_by")),
        None => Ok(()),
    }
}

fn in_register(secret: &Secret) -> Result<(), Refusal> {
    match secret.status {
        Status::Accepted => Ok(()),
        other => Err(Refusal::new(
            Rule::Standing,
            format!("{} is {}, not in the register", secret.id, other.as_str()),
        )),
    }
}

fn check_next(next: Time, now: Time) -> Result<(), Refusal> {
    if next <= now {
        return Err(Refusal::input("next", "the next review has to be in the future"));
    }
    check_not_far(next, now, "next")
}
