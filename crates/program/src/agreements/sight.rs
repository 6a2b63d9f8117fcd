//! Who may know of an agreement, and read it.

use super::Signature;
use crate::people::Role;
use crate::sight::here;
use crate::{Actor, AgreementId, PersonId, State, Time};

/// Who looks through the agreements and at who signed: those who run them, the security officer, who answers for the
/// conditions of access, and the auditor.
pub const READERS: &[Role] = &[Role::Counsel, Role::HumanResources, Role::SecurityOfficer, Role::Auditor];

/// May the actor know of this agreement? Its readers; and whoever was asked to sign it, opened or signed it.
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, agreement: AgreementId) -> bool {
    if state.agreements.get(agreement).is_none() {
        return false;
    }
    actor.holds(state, now, READERS)
        || here(state, actor, now).is_some_and(|me| state.agreements.is_party(me.id, agreement))
}

/// May the actor read this version? Those who run or audit the agreements may; and whoever was asked to sign it, or has
/// signed it, for as long as they may be bound by it: also after they have left.
#[must_use]
pub fn may_read(state: &State, actor: &Actor, now: Time, agreement: AgreementId, version: u32) -> bool {
    if actor.holds(state, now, READERS) {
        return true;
    }
    let Some(person) = actor.person else { return false };
    let asked = state
        .agreements
        .assignment(person, agreement)
        .is_some_and(|assignment| version >= assignment.version);
    let opened = state.agreements.opened(person, agreement).is_some_and(|opened| opened.version == version);
    let signed =
        state.agreements.signatures(person, agreement).iter().any(|signature| signature.version == version);
    asked || opened || signed
}

/// The signature that stands in this entry, and whose it is, where the actor may look at it: its readers, and whoever gave
/// it, also after they have left.
#[must_use]
pub fn signature_at<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    agreement: AgreementId,
    entry: u64,
) -> Option<(PersonId, &'a Signature)> {
    let parties = state.agreements.parties(agreement);
    let mut signatures = parties.flat_map(|person| {
        state.agreements.signatures(person, agreement).iter().map(move |signature| (person, signature))
    });
    let found = signatures.find(|(_, signature)| signature.position == entry);
    found.filter(|(person, _)| actor.person == Some(*person) || actor.holds(state, now, READERS))
}
