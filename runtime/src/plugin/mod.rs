//! Runs plugins: WebAssembly components that judge values or that secrets come from.
//!
//! A validator imports nothing, so all that it can do is compute and answer. A backend is
//! lent what the manifest grants it. This module bounds what computing may cost
//! ([`Limits`]) and what an answer may say. Anything else is a [`Failure`], of which nothing
//! but its kind is told.
//!
//! - `engine` holds the settings for compiling and for running, shared with the build script.
//! - `artifact` loads compiled components, and holds all of the unsafe code.
//! - `component` reads what a component imports and exports, without compiling it.
//! - `store` keeps compiled plugins, `make` makes them; [`Plugins`] are those of a run.
//! - `admission` holds a component against its grants, `describe` says what it may do, and
//!   `draft` writes the lines that would declare it.
//! - `answer`, `question` and `catalogue` speak the contract in `wit/validator.wit`, and
//!   `backend` that in `wit/backend.wit`.
//! - `watchdog` and `limits` end what runs too long or grows too large.
//! - `instance` is one running validator; [`Validator`] starts another after each failure.
//!
//! wasmtime's own error texts may contain what a guest wrote. They are classified and
//! dropped, never shown or logged.

mod about;
mod admission;
mod alarm;
#[cfg(feature = "compile")]
mod answer;
mod artifact;
mod backend;
#[cfg(feature = "compile")]
mod catalogue;
#[cfg(feature = "compile")]
mod compatibility;
#[cfg(feature = "compile")]
mod compile;
mod component;
#[cfg(feature = "compile")]
pub mod conformance;
mod describe;
mod draft;
mod engine;
mod error;
mod instance;
mod interface;
mod limits;
#[cfg(feature = "compile")]
mod make;
mod plugins;
mod question;
mod rejection;
mod store;
mod text;
mod validator;
mod watchdog;

pub use about::{About, AboutError, Needs, OriginSpec, SettingSpec};
pub use admission::{Admission, AdmissionError, admit};
pub use alarm::{Alarm, Interrupt, MakeAlarm};
pub use artifact::{STANDARD_DIGEST, standard_catalog};
pub use backend::{BackendFault, BackendRefusal, PluginBackend};
pub use component::{Capability, ComponentError, ComponentFacts, World};
pub use describe::{can, cannot, granted_in_vain, import_sentence, may};
pub use draft::Draft;
pub use error::{Fault, PluginError};
pub use limits::Limits;
#[cfg(feature = "compile")]
pub use make::{LARGEST_COMPONENT, Made, MakeError};
pub use plugins::{CredentialError, OpenError, PluginOptions, Plugins};
pub use rejection::{Failure, Rejection};
pub use store::{FOLDER_VARIABLE, Record, Stamp, Store, StoreError, digest_of};
pub use validator::Validator;
