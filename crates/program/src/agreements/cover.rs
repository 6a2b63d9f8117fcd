//! Is somebody bound to keep this secret now? Asked at every decision about access.

use super::Signature;
use crate::{AgreementId, PersonId, SecretId, State, Time};

/// How well a person is bound to keep a secret: the best of their signatures that cover it. All `false` where none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// It binds at this moment.
    pub in_force: bool,
    /// The version signed suffices.
    pub current_version: bool,
    /// There is a signature that covers the secret.
    pub covers: bool,
    /// The first instant at which it no longer binds; `None` is without end.
    pub ends: Option<Time>,
    /// The agreement it was given under.
    pub best: Option<AgreementId>,
}

/// The best signature of `person` that covers `secret`: in force before not, current before outdated, then the latest
/// end. Signatures under withdrawn agreements do not count.
#[must_use]
pub fn cover(state: &State, person: PersonId, secret: SecretId, now: Time) -> Coverage {
    let Some(tier) = state.secrets.get(secret).map(crate::secrets::Secret::tier) else {
        return Coverage::default();
    };
    let judged = state.agreements.signatures_of(person).filter_map(|signature| {
        let agreement =
            state.agreements.get(signature.agreement).filter(|found| found.withdrawn.is_none())?;
        let version = agreement.version(signature.version)?;
        let current_version = agreement.is_current(signature.version);
        version.covers.includes(secret, tier).then(|| of(signature, current_version, now))
    });
    judged.max_by_key(|c| (c.in_force, c.current_version, c.ends.unwrap_or(Time::LATEST))).unwrap_or_default()
}

/// The agreements whose newest version covers `secret`: to sign one of them is the way to be bound.
#[must_use]
pub fn covering(state: &State, secret: SecretId) -> Vec<AgreementId> {
    let Some(tier) = state.secrets.get(secret).map(crate::secrets::Secret::tier) else {
        return Vec::new();
    };
    let live = state.agreements.iter().filter(|agreement| agreement.withdrawn.is_none());
    live.filter(|agreement| agreement.newest().is_some_and(|version| version.covers.includes(secret, tier)))
        .map(|agreement| agreement.id)
        .collect()
}

fn of(signature: &Signature, current_version: bool, now: Time) -> Coverage {
    Coverage {
        in_force: signature.in_force(now),
        current_version,
        covers: true,
        ends: signature.ends,
        best: Some(signature.agreement),
    }
}
