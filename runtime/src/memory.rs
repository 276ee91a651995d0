//! What a process remembers from one resolution to the next.
//!
//! A launcher that resolves once and becomes its command begins with an empty one. A program that
//! resolves again keeps its own. Nothing in it is global: two of them know nothing of each other.

use crate::cache::{Asking, Cache, CacheError};
use crate::error::{Problem, Problems};
use crate::grant::Leases;
use crate::resilience::Breakers;

/// What is known of earlier resolutions.
#[derive(Debug, Default)]
pub struct Memory {
    /// Which backends have failed.
    pub(crate) breakers: Breakers,
    /// Documents that were read.
    pub(crate) cache: Cache,
    /// What is good for a time.
    pub leases: Leases,
}

impl Memory {
    /// One that knows nothing yet, of a process that will resolve again.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with what another process knows of backends that have failed.
    #[must_use]
    pub fn with_breakers(mut self, breakers: Breakers) -> Self {
        self.breakers = breakers;
        self
    }

    /// Which backends have failed.
    #[must_use]
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// One that knows nothing yet, of a process that resolves once: nothing is remembered but
    /// what the manifest keeps across starts.
    #[must_use]
    pub fn of_one_run() -> Self {
        let mut memory = Self::new();
        memory.cache.once = true;
        memory
    }

    /// Says what the next resolutions ask for although it is remembered.
    pub fn ask(&mut self, asking: Asking) {
        self.cache.asking = asking;
    }

    /// Keeps what the last resolution read, since all that came of it is good. Until this is
    /// called nothing is remembered. Answers what the user should know.
    #[must_use = "a cache that can't be written is said"]
    pub fn keep(&mut self) -> Vec<Problem> {
        warnings(self.cache.keep())
    }

    /// Keeps nothing of what the last resolution read, since it failed with these problems, and
    /// forgets what they are about. Answers what the user should know.
    #[must_use = "a cache that can't be written is said"]
    pub fn reject(&mut self, problems: &Problems) -> Vec<Problem> {
        warnings(self.cache.reject(problems))
    }
}

fn warnings(error: Option<CacheError>) -> Vec<Problem> {
    let warning = error.map(|error| Problem::warning(&error, None));
    warning.into_iter().collect()
}
