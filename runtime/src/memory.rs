//! What a process remembers from one resolution to the next.
//!
//! A launcher that resolves once and becomes its command begins with an empty one. A program that
//! resolves again keeps its own. Nothing in it is global: two of them know nothing of each other.

/// What is known of earlier resolutions.
#[derive(Debug, Default)]
pub struct Memory {}

impl Memory {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
