//! Who is told of changes.

use std::sync::Arc;

use futures_util::stream::{Stream, unfold};
use tokio::sync::watch;

use super::background::Background;
use super::change::{Change, Event, Failure, State};
use super::handle::Secrets;
use super::snapshot::Snapshot;

/// Has values read again while it lives, and tells what changes.
///
/// Who asks seldom misses nothing: several changes since the last time are one, which tells all
/// that is different from what was told last. Nothing is queued.
#[derive(Debug)]
pub struct Watcher {
    secrets: Secrets,
    states: watch::Receiver<State>,
    told: Told,
    _background: Arc<Background>,
}

/// What the reader knows.
#[derive(Debug)]
struct Told {
    snapshot: Snapshot,
    failure: Option<Arc<Failure>>,
}

impl Watcher {
    pub(super) fn new(
        secrets: Secrets,
        states: watch::Receiver<State>,
        background: Arc<Background>,
    ) -> Self {
        let state = states.borrow().clone();
        let told = Told {
            snapshot: state.snapshot,
            failure: None,
        };
        Self {
            secrets,
            states,
            told,
            _background: background,
        }
    }

    /// Waits for something to happen. It needs no event loop of a particular kind, and may be
    /// dropped while it waits: nothing is lost.
    pub async fn next(&mut self) -> Event {
        loop {
            let state = self.states.borrow_and_update().clone();
            if let Some(event) = self.told.tell(state) {
                return event;
            }
            let changed = self.states.changed().await;
            changed.expect("the values are held by this watcher, too");
        }
    }

    /// What has happened since the last time, without waiting.
    pub fn try_next(&mut self) -> Option<Event> {
        let state = self.states.borrow_and_update().clone();
        self.told.tell(state)
    }

    /// The same as a stream, without an end.
    pub fn into_stream(self) -> impl Stream<Item = Event> + Send {
        unfold(self, |mut watcher| async move {
            let event = watcher.next().await;
            Some((event, watcher))
        })
    }

    /// The values that are watched.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

impl Told {
    /// The first thing that the reader does not know yet: values before failures.
    fn tell(&mut self, state: State) -> Option<Event> {
        if state.snapshot.number() != self.snapshot.number() {
            let names = state.snapshot.differs_from(&self.snapshot);
            self.snapshot = state.snapshot.clone();
            // What changed and changed back is no news.
            if !names.is_empty() {
                let snapshot = state.snapshot;
                return Some(Event::Changed(Change { names, snapshot }));
            }
        }
        let known = match (&self.failure, &state.failure) {
            (Some(known), Some(failure)) => Arc::ptr_eq(known, failure),
            (None, None) => true,
            _ => false,
        };
        if known {
            return None;
        }
        self.failure = state.failure;
        Some(match &self.failure {
            Some(failure) => Event::Failed(Arc::clone(failure)),
            None => Event::Recovered,
        })
    }
}
