//! Who may know what documents a secret has: whoever sees the whole of it in the register.

use super::Document;
use crate::secrets::Secret;
use crate::{Actor, DocumentId, State, Time, secrets};

/// May the actor know of this document: its name, its size, where it is kept?
#[must_use]
pub fn may_see(state: &State, actor: &Actor, now: Time, document: &Document) -> bool {
    let secret = state.secrets.get(document.secret);
    secret.is_some_and(|secret| secrets::may_see_whole(state, actor, now, secret))
}

/// The secret of a document that the actor once had a grant to and may not know of any more: whoever comes back to it is
/// told there why it does not open.
#[must_use]
pub fn once_known<'a>(
    state: &'a State,
    actor: &Actor,
    now: Time,
    document: DocumentId,
) -> Option<&'a Secret> {
    let document = state.documents.get(document).filter(|document| !may_see(state, actor, now, document))?;
    let secret = state.secrets.get(document.secret)?;
    let granted = actor.person.is_some_and(|person| state.access.any_grant(person, secret.id));
    (granted && secrets::may_see(state, actor, now, secret)).then_some(secret)
}
