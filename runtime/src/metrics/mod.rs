//! Counting what runs do: who was asked, what came of it, how long it took, how old it is.
//!
//! [`Metrics`] are what one run has seen, or many together. They have one form outside of a process,
//! the [text](Metrics::text) that Prometheus reads; it is that of the file which runs add
//! themselves to ([`Textfile`]), and of what a process says of itself to its parent.
//!
//! Invariants:
//! - there is nothing in them but numbers, words of ours, and names of the manifest;
//! - what is written is read again as it was, and what is not of this form is never taken for it;
//! - without `[metrics]` in the manifest nothing is counted, opened or written.
//!
//! This module must not decide what becomes of a run that cannot be counted: its caller does.

mod error;
mod family;
mod histogram;
mod label;
mod sample;
mod tally;
mod text;
mod textfile;

pub use error::MetricsError;
pub use tally::{CacheResult, Metrics, Resolution};
pub use text::CONTENT_TYPE;
pub use textfile::Textfile;

#[cfg(test)]
mod tests;
