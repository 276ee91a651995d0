//! What was read of backends over a network, remembered for a while.
//!
//! A document is good for its time to live (`Terms`), and if its backend can't be reached for
//! a while longer; never past its lease. It is found by the identity that read it (`Identity`)
//! and what was asked, so that another credential finds nothing. Only what a resolution came to
//! its end with is kept: [`Memory::keep`](crate::memory::Memory::keep).
//!
//! With `across-starts` in the manifest it is kept in a file, too (`Place`, `sealed`): one for
//! each plan, sealed with a key of the user, in a folder that nobody else can enter. Whatever is
//! wrong with that, a resolution goes on without it and says so.
//!
//! This module asks no backend, and decides about no problem: the resolver does.

mod codec;
mod document;
mod error;
mod fingerprint;
mod folder;
mod identity;
mod key;
mod moment;
mod place;
mod remembered;
mod sealed;
mod status;
mod terms;

pub use error::CacheError;
pub use status::{CacheStatus, Cleared, State, StatusEntry, clear, status};

#[cfg(test)]
pub(crate) use document::Age;
pub(crate) use document::{Kept, Known};
pub(crate) use identity::Identity;
pub(crate) use moment::{Moment, since_start};
pub(crate) use place::Place;
pub(crate) use remembered::{Cache, Key};
pub(crate) use terms::{Terms, Variable, names};

/// Instead of what `[cache]` says, in seconds; 0 switches the cache off.
pub const TTL_VARIABLE: &str = "SECRETS_CACHE_TTL_SECONDS";

/// What is asked of backends although it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asking {
    /// Nothing: what has expired is asked anew.
    #[default]
    Expired,
    /// All. What is remembered stands in for a backend that can't be reached, and is said aloud.
    All,
}
