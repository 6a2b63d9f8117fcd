//! The clock, and whether it can be believed.

use program::{MINUTE, Time};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A difference between the wall clock and the steady one that is more than ordinary correction.
const JUMP: i64 = MINUTE;

/// The wall clock, watched by the machine's steady clock.
pub(crate) struct Clock {
    begun: Mutex<(Instant, Time)>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { begun: Mutex::new((Instant::now(), wall())) }
    }

    /// Now, by the wall clock.
    pub(crate) fn now(&self) -> Time {
        wall()
    }

    /// Where the wall clock leapt since it was last asked (backwards or forwards): what it says now, and what the steady
    /// clock expected it to say. Asked once, it takes the new time as given.
    pub(crate) fn jumped(&self) -> Option<(Time, Time)> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let (instant, time) = *begun;
        let now = wall();
        let expected = time + i64::try_from(instant.elapsed().as_millis()).unwrap_or(i64::MAX);
        *begun = (Instant::now(), now);
        ((now - expected).abs() > JUMP).then_some((now, expected))
    }
}

fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
