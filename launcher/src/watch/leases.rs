//! What the command has for a time: it is renewed while the command runs, and taken back when
//! nobody uses it any more.
//!
//! The parent keeps what backends know it by: ids, and the token of the login that they hang on. Not
//! the values that the command got. When something is to
//! be done, it forks a [keeper](keeper): a process that asks the backends, reports, and ends.

mod given;
mod held;
pub(super) mod keeper;
mod ledger;

pub(super) use given::Given;
pub(super) use keeper::{Chore, Upkeep};
pub(super) use ledger::{Leases, Upshot};
