//! What people may do with documents; above all, whether one opens.

use super::{Document, Event, Kept};
use crate::access::{self, Circumstances};
use crate::retention;
use crate::secrets::{self, Secret, Status};
use crate::{Actor, Digest, DocumentId, Event as AnyEvent, Line, Refusal, Rule, SecretId, State, Text, Time};
use gate::{Decision, Gate};

/// What somebody wants done with a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Record that its bytes are sealed in the vault, under a key of their own.
    Add {
        /// The secret it belongs to.
        secret: SecretId,
        /// Its file name.
        name: Line,
        /// Its media type.
        media_type: Line,
        /// Bytes.
        size: u64,
        /// Their SHA-256.
        digest: Digest,
        /// The sealed blob.
        blob: String,
    },
    /// Register a document whose bytes stay where they are.
    Register {
        /// The secret it belongs to.
        secret: SecretId,
        /// Its name.
        name: Line,
        /// Where it is.
        place: Text,
        /// SHA-256 of its bytes, where known.
        digest: Option<Digest>,
    },
    /// Take it out of use.
    Withdraw {
        /// Which.
        document: DocumentId,
        /// Why.
        reason: Text,
    },
    /// Destroy its bytes for good, once it was withdrawn.
    Destroy {
        /// Which.
        document: DocumentId,
        /// Why.
        reason: Text,
    },
}

/// Decides a command about documents.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(state: &State, actor: &Actor, now: Time, command: &Command) -> Result<Vec<AnyEvent>, Refusal> {
    let event = match command {
        Command::Add { secret, name, media_type, size, digest, blob } => {
            let secret = receives(state, actor, now, *secret)?;
            Event::Added {
                document: state.documents.next_id(),
                secret: secret.id,
                name: name.clone(),
                media_type: media_type.clone(),
                size: *size,
                digest: *digest,
                blob: blob.clone(),
                secret_version: secret.version(),
            }
        }
        Command::Register { secret, name, place, digest } => {
            let secret = receives(state, actor, now, *secret)?;
            let document = state.documents.next_id();
            Event::Registered {
                document,
                secret: secret.id,
                name: name.clone(),
                place: place.clone(),
                digest: *digest,
            }
        }
        Command::Withdraw { document, reason } => {
            let found = state.documents.get(*document).ok_or_else(|| Refusal::unknown(document))?;
            secrets::held(state, actor, now, found.secret, "withdraw its documents").map_err(|refusal| {
                if refusal.rule == Rule::Unknown { Refusal::unknown(document) } else { refusal }
            })?;
            if found.withdrawn.is_some() {
                return Err(Refusal::new(Rule::Standing, format!("{document} was withdrawn before")));
            }
            Event::Withdrawn { document: *document, secret: found.secret, reason: reason.clone() }
        }
        Command::Destroy { document, reason } => {
            let found = may_destroy(state, actor, now, *document)?;
            Event::Destroyed { document: *document, secret: found.secret, reason: reason.clone() }
        }
    };
    Ok(vec![event.into()])
}

/// May the actor destroy this document now? The owner of its secret, or counsel; a document that was withdrawn before, so that
/// nobody destroys by a slip what people work with; and nothing under a legal hold.
///
/// # Errors
/// The refusal.
pub fn may_destroy<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    id: DocumentId,
) -> Result<&'a Document, Refusal> {
    let found = state.documents.get(id).ok_or_else(|| Refusal::unknown(id))?;
    secrets::held(state, actor, now, found.secret, "destroy its documents")
        .map_err(|refusal| if refusal.rule == Rule::Unknown { Refusal::unknown(id) } else { refusal })?;
    if found.destroyed.is_some() {
        return Err(Refusal::new(Rule::Standing, format!("{id} was destroyed before")));
    }
    if let Kept::Elsewhere { place, .. } = &found.kept {
        return Err(Refusal::new(Rule::Standing, format!("the bytes of {id} are not kept here"))
            .remedy(format!("destroy it where it is: {place}")));
    }
    retention::refuse_held(state, actor, now, [id.into(), found.secret.into()])?;
    if found.withdrawn.is_none() {
        return Err(Refusal::new(Rule::Standing, format!("{id} is in use")).remedy(
            "withdraw it first: then it opens for nobody, and can still be brought back by adding it anew",
        ));
    }
    Ok(found)
}

/// May the actor add a document to this secret? Asked before the first byte of an upload is taken, and again when it is
/// recorded: its submitter, its owner, or counsel, as long as it is not retired.
///
/// # Errors
/// The refusal.
fn receives<'a>(state: &'a State, actor: &Actor, now: Time, id: SecretId) -> Result<&'a Secret, Refusal> {
    let secret = secrets::seen(state, actor, now, id)?;
    let submitted = actor.person.is_some() && actor.person == secret.submitter;
    if !(submitted && actor.person(state, now, "add documents").is_ok()) {
        secrets::held(state, actor, now, id, "add documents to it")?;
    }
    if secret.status == Status::Retired {
        return Err(Refusal::new(Rule::Standing, format!("{id} is retired and takes no more documents")));
    }
    Ok(secret)
}

/// What is to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A document's bytes.
    Document(DocumentId),
    /// A secret's precise description.
    Precise(SecretId),
}

/// What the gate said about one opening, and the event that has to be durable before anything follows from it.
#[derive(Debug, Clone)]
pub struct Opening {
    /// `opened` or `refused`.
    pub event: AnyEvent,
    /// The decision and, for every failing condition, what can be done.
    pub decision: Decision,
    /// The facts it was made on.
    pub facts: gate::Facts,
}

/// Decides whether the actor may open something now. There is always an event to record: a refusal is evidence too.
///
/// # Errors
/// A refusal that no gate has to decide: what is asked for does not exist (or may not be known to the actor), or its
/// bytes are not here.
pub fn decide_opening(
    state: &State,
    gate: &Gate,
    actor: &Actor,
    now: Time,
    target: Target,
) -> Result<Opening, Refusal> {
    let person = actor.person.filter(|id| state.people.get(*id).is_some()).ok_or_else(|| {
        Refusal::role("open documents", "a person of this organisation")
            .remedy("sign in, or name the person with --as")
    })?;
    let (id, document) = match target {
        Target::Precise(id) => (id, None),
        Target::Document(id) => {
            let document = state.documents.get(id).ok_or_else(|| Refusal::unknown(id))?;
            (document.secret, Some(document))
        }
    };
    let secret = state.secrets.get(id).ok_or_else(|| Refusal::unknown(id))?;
    not_here(state, actor, now, secret, document)?;
    let circumstances = Circumstances { second_factor_at: actor.second_factor_at, address: actor.address };
    let (facts, grant) = access::facts(state, person, id, now, Some(circumstances));
    let decision = gate.decide(&facts);
    let failing = decision.failing();
    let met = facts.tier_required;
    let event = match (document, decision.allowed()) {
        (Some(document), true) => {
            Event::Opened { document: document.id, secret: id, person, grant, met }.into()
        }
        (Some(document), false) => {
            Event::Refused { document: document.id, secret: id, person, failing }.into()
        }
        (None, true) => {
            secrets::Event::Read { secret: id, version: secret.version(), person, grant, met }.into()
        }
        (None, false) => secrets::Event::Refused { secret: id, person, failing }.into(),
    };
    Ok(Opening { event, decision, facts })
}

/// What somebody is told whom the gate refused and who may not know of the secret: the same as about an id that names
/// nothing. The refusal is in the record all the same, for those who oversee the secret.
///
/// # Errors
/// The refusal to say in place of the gate's reasons.
pub fn may_hear_why<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    target: Target,
) -> Result<&'a Secret, Refusal> {
    let (id, unknown) = match target {
        Target::Precise(id) => (Some(id), Refusal::unknown(id)),
        Target::Document(id) => {
            (state.documents.get(id).map(|document| document.secret), Refusal::unknown(id))
        }
    };
    let secret = id.and_then(|id| state.secrets.get(id));
    secret.filter(|secret| secrets::knows_of(state, actor, now, secret)).ok_or(unknown)
}

/// Refuses what no gate has to decide; to somebody who may not know of the secret, it is simply unknown.
fn not_here(
    state: &State,
    actor: &Actor,
    now: Time,
    secret: &Secret,
    document: Option<&Document>,
) -> Result<(), Refusal> {
    let refusal = match document.map(|document| (&document.withdrawn, &document.kept)) {
        _ if document.is_some_and(|document| document.destroyed.is_some()) => {
            Refusal::new(Rule::Standing, "this document was destroyed: nobody can read it any more")
        }
        Some((Some(reason), _)) => {
            Refusal::new(Rule::Standing, format!("this document was withdrawn: {reason}"))
        }
        Some((None, Kept::Elsewhere { place, .. })) => {
            Refusal::new(Rule::Standing, "this document is registered here but kept elsewhere")
                .remedy(format!("it is at: {place}"))
        }
        None if secret.precise_at().is_none() => {
            Refusal::new(Rule::Standing, format!("{} has no precise description yet", secret.id))
        }
        Some((None, Kept::Vault { .. })) | None => return Ok(()),
    };
    let known = secrets::may_see(state, actor, now, secret);
    Err(if known {
        refusal
    } else {
        document.map_or_else(|| Refusal::unknown(secret.id), |d| Refusal::unknown(d.id))
    })
}

/// May the actor add documents to this secret? For a caller about to take the bytes.
///
/// # Errors
/// The refusal that recording it would meet.
pub fn may_add(state: &State, actor: &Actor, now: Time, secret: SecretId) -> Result<(), Refusal> {
    receives(state, actor, now, secret).map(|_| ())
}
