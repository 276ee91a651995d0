//! The values of a program, and how they are kept current.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::background::Background;
use super::builder::SecretsBuilder;
use super::change::{Change, Failure, Moment, State, Status};
use super::error::AccessError;
use super::off_loop::off_loop;
use super::rotating::Rotating;
use super::secret::Secret;
use super::snapshot::Snapshot;
use super::source::{Reading, Source};
use super::watcher::Watcher;
use crate::error::Problems;
use crate::memory::Memory;
use crate::refresh::{Entry, Known, Schedule, chance};
use crate::resolver::ResolvedEntry;

/// After a change, how long until the next reading at least: a lease that is too short to be used
/// must not have its backend asked without a pause.
const PAUSE: Duration = Duration::from_secs(1);

/// All values that a manifest declares, validated. Cheap to clone; clones are one.
///
/// What is asked of it is answered from the values that were read last, without waiting. Whoever
/// needs several that belong together takes a [`snapshot`](Self::snapshot) and asks that.
#[derive(Clone)]
pub struct Secrets(Arc<Inner>);

pub(super) struct Inner {
    source: Source,
    state: watch::Sender<State>,
    /// Held while values are read: there is one reading at a time.
    work: Mutex<Work>,
    background: Mutex<Weak<Background>>,
}

/// What a reading changes besides the values.
struct Work {
    memory: Memory,
    known: Known<Arc<ResolvedEntry>>,
    schedule: Schedule,
}

impl Entry for Arc<ResolvedEntry> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_same(&self, other: &Self) -> bool {
        self.value.expose() == other.value.expose()
    }

    fn lease(&self) -> Option<Duration> {
        self.lease.map(|lease| lease.duration)
    }
}

impl Secrets {
    /// Reads and validates all values of the manifest that is found as `secret-run` finds it; see
    /// [`SecretsBuilder::load`].
    ///
    /// # Errors
    /// All that is wrong.
    pub async fn load() -> Result<Self, Problems> {
        Self::builder().load().await
    }

    /// The same for programs without an event loop.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn load_blocking() -> Result<Self, Problems> {
        Self::builder().load_blocking()
    }

    /// For who wants to say something of the manifest or the environment.
    pub fn builder() -> SecretsBuilder {
        SecretsBuilder::new()
    }

    pub(super) fn of(source: Source) -> Result<Self, Problems> {
        let mut memory = Memory::new();
        let reading = source.read(&mut memory)?;
        let Reading {
            entries,
            selection,
            warnings,
            stale,
            age,
            since,
        } = reading;
        let known = Known::new(entries.to_vec(), since);
        let now = Moment::now();
        let mut schedule = Schedule::new(source.interval, PAUSE.min(source.interval), now.instant);
        schedule.changed(now.instant, known.good_until(), chance());
        let state = State {
            snapshot: Snapshot::first(Arc::clone(source.manifest()), selection, entries),
            read: now.before(age),
            failure: None,
            warnings: warnings.into(),
            due: schedule.due(),
        };
        let inner = Inner {
            source,
            state: watch::Sender::new(state),
            work: Mutex::new(Work {
                memory,
                known,
                schedule,
            }),
            background: Mutex::default(),
        };
        if let Some(problems) = stale {
            inner.failed(&problems);
        }
        Ok(Self(Arc::new(inner)))
    }

    /// All values of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.state.borrow().snapshot.clone()
    }

    /// The value of an entry that must have one; see [`Snapshot::required`].
    ///
    /// # Errors
    /// When the manifest does not declare it, or lets it be absent and it is.
    pub fn required(&self, name: &str) -> Result<Secret, AccessError> {
        self.snapshot().required(name)
    }

    /// The value of an entry that may have none; see [`Snapshot::optional`].
    ///
    /// # Errors
    /// When the manifest does not declare it.
    pub fn optional(&self, name: &str) -> Result<Option<Secret>, AccessError> {
        self.snapshot().optional(name)
    }

    /// The value of an entry as another type; see [`Secret::parse`].
    ///
    /// # Errors
    /// When there is none, or it is no such thing.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T, AccessError> {
        self.snapshot().parse(name)
    }

    /// The value of an entry as a document of JSON; see [`Secret::json`].
    ///
    /// # Errors
    /// When there is none, or it is no such document.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, AccessError> {
        self.snapshot().json(name)
    }

    /// A struct whose fields are called as entries are; see [`Snapshot::to_struct`].
    ///
    /// # Errors
    /// When a field has no entry, no value, or one that does not fit.
    pub fn to_struct<T: DeserializeOwned>(&self) -> Result<T, AccessError> {
        self.snapshot().to_struct()
    }

    /// A key with the one before; see [`Snapshot::rotating`].
    ///
    /// # Errors
    /// When the manifest does not declare it, or no `previous` of it, or it has no value.
    pub fn rotating(&self, name: &str) -> Result<Rotating, AccessError> {
        self.snapshot().rotating(name)
    }

    /// Has all values read again from now on, while the [`Watcher`] or another one of these values
    /// lives: before their time is over, and each lease when two thirds of it are. Everybody who
    /// holds these values gets the new ones, also without being told.
    ///
    /// A reading that fails, or whose values are not valid, changes nothing. It is tried again
    /// after a second, two, four, and so on, up to five minutes.
    ///
    /// # Errors
    /// When the system gives no thread for it.
    pub fn watch(&self) -> Result<Watcher, Problems> {
        let background = {
            let mut shared = lock(&self.0.background);
            match shared.upgrade() {
                Some(background) => background,
                None => {
                    let background = Arc::new(Background::start(Arc::clone(&self.0))?);
                    *shared = Arc::downgrade(&background);
                    background
                }
            }
        };
        let states = self.0.state.subscribe();
        Ok(Watcher::new(self.clone(), states, background))
    }

    /// Reads all values now, on a thread of its own. `None` says that they are those that are known.
    ///
    /// # Errors
    /// When they could not be read, or are not valid: those that are known stay.
    pub async fn refresh(&self) -> Result<Option<Change>, Problems> {
        let inner = Arc::clone(&self.0);
        off_loop(move || inner.refresh()).await
    }

    /// The same for programs without an event loop.
    ///
    /// # Errors
    /// When they could not be read, or are not valid: those that are known stay.
    pub fn refresh_blocking(&self) -> Result<Option<Change>, Problems> {
        self.0.refresh()
    }

    /// How current the values are. It does not wait for a reading that is under way.
    #[must_use]
    pub fn status(&self) -> Status {
        let is_watched = self.0.watched().is_some();
        self.0.state.borrow().status(is_watched)
    }
}

impl Inner {
    /// When the next reading is due.
    pub(super) fn due(&self) -> Instant {
        self.state.borrow().due
    }

    /// Reads all values, and takes them over if they are others.
    pub(super) fn refresh(&self) -> Result<Option<Change>, Problems> {
        let mut work = lock(&self.work);
        let change = match self.source.read(&mut work.memory) {
            Ok(mut reading) => {
                let stale = reading.stale.take();
                let change = self.take(&mut work, reading, stale.is_some());
                if let Some(problems) = stale {
                    self.note_failure(&mut work, &problems);
                }
                Ok(change)
            }
            Err(problems) => {
                self.note_failure(&mut work, &problems);
                Err(problems)
            }
        };
        drop(work);
        if let Some(background) = self.watched() {
            background.wake();
        }
        change
    }

    /// Notes that values could not be read, where nobody else has.
    pub(super) fn failed(&self, problems: &Problems) {
        self.note_failure(&mut lock(&self.work), problems);
    }

    /// What is stale in part brings what is new, and does not make the rest any younger.
    fn take(&self, work: &mut Work, reading: Reading, is_stale: bool) -> Option<Change> {
        let read = Moment::now();
        let State {
            snapshot: before,
            read: read_before,
            failure,
            ..
        } = self.state.borrow().clone();
        let is_same = work
            .known
            .changed(&reading.entries, read.instant)
            .is_empty();
        let (snapshot, change) = if is_same {
            if !is_stale {
                work.known.given_again(&reading.entries, reading.since);
            }
            let pruned = before.without_outdated(read.instant);
            (pruned.unwrap_or(before), None)
        } else {
            work.known = Known::new(reading.entries.to_vec(), reading.since);
            let snapshot = before.next(reading.entries, read.instant);
            let names = snapshot.differs_from(&before);
            let change = Change {
                names,
                snapshot: snapshot.clone(),
            };
            (snapshot, Some(change))
        };
        let lease = work.known.good_until();
        match (is_stale, is_same) {
            // That it is tried again, and when, is said by the failure.
            (true, _) => work.schedule.lease_moves(lease),
            (false, true) => {
                // One that is over already is no reason to read it once more at once.
                let lease = lease.filter(|lease| *lease > read.instant);
                work.schedule.changed(read.instant, lease, chance());
            }
            (false, false) => work.schedule.changed(read.instant, lease, chance()),
        }
        self.state.send_replace(State {
            snapshot,
            read: if is_stale { read_before } else { read },
            failure: failure.filter(|_| is_stale),
            warnings: reading.warnings.into(),
            due: work.schedule.due(),
        });
        change
    }

    fn note_failure(&self, work: &mut Work, problems: &Problems) {
        let now = Moment::now();
        let again = work.schedule.failed(now.instant, chance());
        let due = work.schedule.due();
        self.state.send_modify(|state| {
            let (since, before) = match &state.failure {
                Some(failure) => (failure.since, failure.attempts),
                None => (now.time, 0),
            };
            state.due = due;
            state.failure = Some(Arc::new(Failure {
                problems: problems.clone(),
                since,
                attempts: before.saturating_add(1),
                age: now.instant.saturating_duration_since(state.read.instant),
                again,
            }));
        });
    }

    fn watched(&self) -> Option<Arc<Background>> {
        lock(&self.background).upgrade()
    }
}

/// What is locked here is whole at every step, also where a reading has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("manifest", &self.0.source.path())
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
