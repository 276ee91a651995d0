//! What a program is told while values are read again.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::snapshot::Snapshot;
use crate::error::{Problem, Problems};
use crate::refresh::now;

/// Something that a program which stays wants to know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// There are other values.
    Changed(Change),
    /// The values could not be read again: those that are known stay.
    Failed(Arc<Failure>),
    /// They can be read again, after they could not.
    Recovered,
}

/// Other values than before.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which, in the order of the manifest.
    pub names: Vec<String>,
    /// All values, with the new ones.
    pub snapshot: Snapshot,
}

impl Change {
    /// Whether an entry has another value, or has one no longer.
    #[must_use]
    pub fn is_of(&self, name: &str) -> bool {
        self.names.iter().any(|changed| changed == name)
    }
}

/// Why the values are older than they should be.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What went wrong at the last attempt.
    pub problems: Problems,
    /// Since when it has gone wrong.
    pub since: SystemTime,
    /// How often it has gone wrong since.
    pub attempts: u32,
    /// How old the values were at the last attempt: since when they were read or found unchanged.
    pub age: Duration,
    /// How long until the next attempt, from the last one, while the values are watched.
    pub again: Duration,
}

/// How current the values are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// When the values were last read, or found unchanged.
    pub read_at: SystemTime,
    /// How long ago that is.
    pub age: Duration,
    /// Why they are not read again, if that has failed since.
    pub failure: Option<Arc<Failure>>,
    /// When they are read again; `None` where nobody [watches](super::Secrets::watch) them.
    pub next: Option<SystemTime>,
    /// What somebody should know although everything is there.
    pub warnings: Arc<[Problem]>,
}

/// What readers see, all of it at once.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) snapshot: Snapshot,
    pub(super) read: Moment,
    pub(super) failure: Option<Arc<Failure>>,
    pub(super) warnings: Arc<[Problem]>,
    /// When the next reading is due, if values are watched.
    pub(super) due: Instant,
}

/// A moment on both clocks: one that people know, and one that nobody sets. Both go on while the
/// machine sleeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) time: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            instant: now(),
            time: SystemTime::now(),
        }
    }

    /// So long before.
    pub(super) fn before(self, age: Duration) -> Self {
        Self {
            instant: self.instant.checked_sub(age).unwrap_or(self.instant),
            time: self.time.checked_sub(age).unwrap_or(self.time),
        }
    }
}

impl State {
    pub(super) fn status(&self, is_watched: bool) -> Status {
        let now = Moment::now();
        let next = now.time + self.due.saturating_duration_since(now.instant);
        Status {
            read_at: self.read.time,
            age: now.instant.saturating_duration_since(self.read.instant),
            failure: self.failure.clone(),
            next: is_watched.then_some(next),
            warnings: Arc::clone(&self.warnings),
        }
    }
}
