//! What a process remembers from one resolution to the next.
//!
//! A launcher that resolves once and becomes its command begins with an empty one. A program that
//! resolves again keeps its own. Nothing in it is global: two of them know nothing of each other.

use crate::resilience::Breakers;

/// What is known of earlier resolutions.
#[derive(Debug, Default)]
pub struct Memory {
    /// Which backends have failed.
    pub(crate) breakers: Breakers,
}

impl Memory {
    /// One that knows nothing yet.
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
}
