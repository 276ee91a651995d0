//! Runs validators: WebAssembly components that judge one value at a time.
//!
//! A validator imports nothing, so all that it can do is compute and answer. This module
//! bounds what computing may cost ([`Limits`]) and what an answer may say: a code out of
//! the list that the component gave before it saw any value. Anything else is a
//! [`Failure`], of which nothing but its kind is told.
//!
//! - `engine` holds the settings for compiling and for running, shared with the build script.
//! - `artifact` holds the standard component, compiled ahead of time into this binary, and
//!   all of the unsafe code.
//! - `answer`, `question` and `catalogue` speak the contract in `wit/validator.wit`.
//! - `watchdog` and `limits` end what runs too long or grows too large.
//! - `instance` is one running component; [`Validator`] starts another after each failure.
//!
//! wasmtime's own error texts may contain what a guest wrote. They are classified and
//! dropped, never shown or logged.

mod alarm;
#[cfg(feature = "compile")]
mod answer;
mod artifact;
#[cfg(feature = "compile")]
mod catalogue;
#[cfg(feature = "compile")]
mod compile;
mod engine;
mod error;
mod instance;
mod interface;
mod limits;
mod question;
mod rejection;
#[cfg(feature = "compile")]
mod text;
mod validator;
mod watchdog;

pub use alarm::{Alarm, Interrupt};
pub use artifact::{STANDARD_DIGEST, standard_catalog};
pub use error::{Fault, PluginError};
pub use limits::Limits;
pub use rejection::{Failure, Rejection};
pub use validator::Validator;
