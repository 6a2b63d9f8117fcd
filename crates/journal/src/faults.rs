//! Failures on demand: lets a test make any single step of a write fail, as a full disk or a cut line would.

use std::sync::Arc;

use crate::error::StorageError;

/// The steps of a write, in their order. A test may fail the journal before each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Before the transaction begins.
    Begin,
    /// Before the head moves (the compare-and-set).
    Head,
    /// Before rows of entries are inserted.
    Entries,
    /// Before a tile is written.
    Tile,
    /// Before the index of a full segment is written.
    Segment,
    /// Before a wrapped key is written.
    Key,
    /// Before the commit is sent: nothing has been made durable.
    Commit,
    /// After the commit took effect: to the caller it looks like a failed commit.
    Committed,
    /// Before the head is read again to learn what became of a failed commit.
    Truth,
    /// Before the head is read to catch up with other writers.
    Refresh,
    /// Before entries are read.
    Read,
}

impl Step {
    /// Every step, for tests that try them all.
    pub const ALL: [Step; 11] = [
        Step::Begin,
        Step::Head,
        Step::Entries,
        Step::Tile,
        Step::Segment,
        Step::Key,
        Step::Commit,
        Step::Committed,
        Step::Truth,
        Step::Refresh,
        Step::Read,
    ];
}

/// Decides for each step whether it fails. Off by default, and then one comparison per step.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<dyn Fn(Step) -> bool + Send + Sync>>);

impl Faults {
    /// Nothing fails that does not fail by itself.
    pub fn none() -> Self {
        Self(None)
    }

    /// A step fails when `fails` says so. It is called before each step of each write, on any thread.
    pub fn when(fails: impl Fn(Step) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fails)))
    }

    pub(crate) fn check(&self, step: Step) -> Result<(), StorageError> {
        match &self.0 {
            Some(fails) if fails(step) => Err(StorageError::Injected(step)),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(on)" } else { "Faults(off)" })
    }
}
