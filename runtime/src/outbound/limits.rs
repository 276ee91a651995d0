//! How much one plugin may ask for, and how long it may take.

use std::time::Duration;

/// Limits of a [`Gate`](super::Gate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundLimits {
    /// For one request, from its turn to the last byte of the answer.
    pub time: Duration,
    /// Bytes of the body of an answer.
    pub response_bytes: usize,
    /// Bytes of all answers in one call of the plugin, headers and bodies.
    pub call_bytes: usize,
    /// Bytes of all names and values of the headers of a request, and of an answer.
    pub header_bytes: usize,
    /// How many headers a request has, and an answer.
    pub headers: usize,
    /// Bytes of the body of a request.
    pub request_bytes: usize,
    /// Requests in one call of the plugin.
    pub requests: usize,
    /// Requests under way at the same time; more wait for their turn. So many connections there
    /// are to one origin, too.
    pub concurrency: usize,
}

impl Default for OutboundLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            response_bytes: 4 * 1024 * 1024,
            call_bytes: 64 * 1024 * 1024,
            header_bytes: 64 * 1024,
            headers: 100,
            request_bytes: 4 * 1024 * 1024,
            requests: 512,
            concurrency: 64,
        }
    }
}
