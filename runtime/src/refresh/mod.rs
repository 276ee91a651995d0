//! When values are read again, and what of another reading is a change.
//!
//! For whoever stays while values change: [`Secrets`](crate::Secrets) in a program, and the parent
//! of a command that is watched, which knows of values by digests only. Nothing here reads
//! values or waits.

mod clock;
mod interval;
mod known;
mod schedule;

pub(crate) use clock::now;
pub use interval::interval;
pub use known::{Entry, Known};
pub use schedule::{Schedule, chance};
