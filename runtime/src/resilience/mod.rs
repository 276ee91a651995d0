//! Asking a backend that may be slow or away: deadlines, retries, a circuit breaker.
//!
//! Once, for every backend that waits for something, native or in WebAssembly. What has its answers
//! at once is asked as it is: no clock is read for it, and no timer is made.
//!
//! - A [`Deadline`] ends the asking, whatever the backend does.
//! - What failed by an [outage](crate::error::Nature::Outage), and nothing else, is asked again after a
//!   [pause](Pauses), within the deadline. A backend that keeps something from one request to the
//!   next, as a login, does that [itself](crate::backend::Backend::keeps_trying), on the same terms.
//! - [`Breakers`] remember which backends failed in a row, and leave those alone for a while.

mod asking;
mod breaker;
mod deadline;
mod pauses;

use std::time::Instant;

#[cfg(feature = "vault")]
pub(crate) use asking::FAREWELL;
pub(crate) use asking::{ask, best_effort};
pub use breaker::{Admission, Breaker, BreakerState, Breakers, CircuitOpen};
pub use deadline::{Deadline, DeadlineError, DeadlineOf};
pub use pauses::Pauses;

use crate::backend::FetchError;
use crate::manifest::{Manifest, Resilience};

/// On which terms a backend is asked.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its name in the manifest.
    pub backend: String,
    /// Until when.
    pub deadline: Deadline,
    /// How often at most, the first time included.
    pub attempts: u32,
}

impl Terms {
    /// Those of the manifest for a backend, in a run that began at `started`.
    #[must_use]
    pub fn of(manifest: &Manifest, backend: &str, started: Instant) -> Self {
        let run = &manifest.resilience;
        let own = manifest.backends.get(backend).map(|entry| &entry.patience);
        let deadline = own.and_then(|own| own.deadline);
        let attempts = own.and_then(|own| own.attempts);
        Self {
            backend: backend.to_owned(),
            deadline: Deadline::new(
                started,
                deadline.unwrap_or(run.backend_deadline),
                run.deadline,
            ),
            attempts: attempts.unwrap_or(run.attempts),
        }
    }

    /// Those of a manifest that says nothing of them, from now on.
    #[must_use]
    pub fn usual(backend: &str) -> Self {
        let usual = Resilience::default();
        Self {
            backend: backend.to_owned(),
            deadline: Deadline::new(Instant::now(), usual.backend_deadline, usual.deadline),
            attempts: usual.attempts,
        }
    }

    /// That the time is over. `last` is what the attempt before came to.
    pub(crate) fn late(&self, last: Option<FetchError>) -> DeadlineError {
        DeadlineError::new(&self.backend, &self.deadline, last)
    }
}
