//! The pieces between a resolved secret and the started command, with real processes:
//! what the command sees, and what the parent sees of it.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod errors;
mod files;
mod inherited;
mod limits;
mod probe;
