//! `Secrets`, as a program uses it.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod access;
mod bed;
mod loading;
mod refreshing;
mod rotating;
