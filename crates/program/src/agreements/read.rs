//! Who may read an agreement's text.

use crate::people::Role;
use crate::{Actor, AgreementId, State, Time};

/// May the actor read this version? Those who run or audit the agreements may; and whoever was asked to sign it, or has
/// signed it, for as long as they may be bound by it: also after they have left.
#[must_use]
pub fn may_read(state: &State, actor: &Actor, now: Time, agreement: AgreementId, version: u32) -> bool {
    if actor.holds(state, now, &[Role::Counsel, Role::HumanResources, Role::Auditor]) {
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
