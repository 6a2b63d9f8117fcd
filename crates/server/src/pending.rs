//! Tries at signing in whose password was right and whose code is still to come.
//!
//! They are held here, in memory, for five minutes: the password goes to no page and no cookie.

use crate::proof;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const LASTS: Duration = Duration::from_secs(300);
/// Beyond this many the oldest goes: each cost its sender a right password.
const MOST: usize = 1000;

#[derive(Default)]
pub(crate) struct Pending {
    tries: Mutex<HashMap<String, Try>>,
}

/// A mail address and its password.
#[derive(Clone)]
pub(crate) struct Try {
    pub(crate) mail: String,
    pub(crate) password: Zeroizing<String>,
    begun: Instant,
}

impl Pending {
    /// Holds a try; gives the name by which it is found again.
    pub(crate) fn hold(&self, mail: &str, password: Zeroizing<String>) -> Option<String> {
        let name = proof::random()?;
        let begun = Instant::now();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.retain(|_, one| one.begun.elapsed() < LASTS);
        if tries.len() >= MOST
            && let Some(oldest) = tries.iter().min_by_key(|(_, one)| one.begun).map(|(name, _)| name.clone())
        {
            tries.remove(&oldest);
        }
        tries.insert(name.clone(), Try { mail: mail.to_owned(), password, begun });
        Some(name)
    }

    /// The try of this name, while it lasts.
    pub(crate) fn find(&self, name: &str) -> Option<Try> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(name).filter(|one| one.begun.elapsed() < LASTS).cloned()
    }

    pub(crate) fn forget(&self, name: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
