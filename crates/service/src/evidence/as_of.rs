//! One secret as it stood at a past moment, made anew from the entries that bear on it.

use crate::error::ServiceError;
use crate::house::Service;
use journal::{Filter, Stored};
use program::{Actor, BEARING, Refusal, SecretId, State, Time, sight};
use std::collections::BTreeMap;

/// The state that concerns one secret, as it stood at a moment. It is complete for that secret and for nothing else.
#[derive(Debug, Clone)]
pub struct AsOf {
    /// The moment.
    pub time: Time,
    /// The secret.
    pub secret: SecretId,
    /// The state.
    pub state: State,
}

impl Service {
    /// The state of a secret at a past moment: what had been recorded up to and including it.
    ///
    /// # Errors
    /// The actor may not read the secret's history; the moment is still to come, or before the secret was in the register.
    pub async fn as_of(&self, actor: &Actor, secret: SecretId, time: Time) -> Result<AsOf, ServiceError> {
        let (state, now) = (self.state(), self.now());
        if !sight::may_see(&state, actor, now, secret.into()) {
            return Err(Refusal::unknown(secret).into());
        }
        if !sight::may_read_history(&state, actor, now, secret.into()) {
            return Err(Refusal::role(
                "look back at it",
                "its owner, counsel, the security officer or an auditor",
            )
            .remedy("ask one of them")
            .into());
        }
        if time > now {
            return Err(Refusal::input("as_of", "that moment is still to come").into());
        }
        let past = self.past(secret, time).await?;
        if past.secrets.get(secret).is_none() {
            let day = time.for_people(&state.organisation.zone);
            return Err(Refusal::input("as_of", format!("{secret} was not in the register on {day}")).into());
        }
        Ok(AsOf { time, secret, state: past })
    }

    /// The state made of the entries that bear on this secret, up to and including `time`.
    pub(crate) async fn past(&self, secret: SecretId, time: Time) -> Result<State, ServiceError> {
        let until = Some(time.0.saturating_add(1));
        let mut state = State::default();
        for stored in self.bearing_on(secret, until).await?.values() {
            if let Some(recorded) = self.house.read(stored).await? {
                state.apply(&recorded);
            }
        }
        Ok(state)
    }

    /// The entries about a secret, and all that bear on who may open it, by position.
    async fn bearing_on(
        &self,
        secret: SecretId,
        until: Option<i64>,
    ) -> Result<BTreeMap<u64, Stored>, ServiceError> {
        let about = Filter { subjects: vec![secret.to_string()], until, ..all() };
        let bearing =
            Filter { kinds: BEARING.iter().map(|kind| (*kind).to_owned()).collect(), until, ..all() };
        let mut found = BTreeMap::new();
        for filter in [about, bearing] {
            let page = self.house.journal.find(&filter).await?;
            found.extend(page.entries.into_iter().map(|stored| (stored.position, stored)));
        }
        Ok(found)
    }
}

/// A filter that leaves nothing out for its number.
pub(super) fn all() -> Filter {
    Filter { limit: usize::MAX, ..Filter::default() }
}
