//! Declares, resolves and validates secrets.
//!
//! A [`Manifest`](manifest::Manifest) says what an app needs. From it to values, each step
//! consumes the type that the step before made, and only that step can make it:
//!
//! ```text
//! Manifest::parse → Plan::new → policy::authorize → resolver::fetch
//!     → Fetched::extract → Extracted::compose → Composed::validate → Resolved
//! ```
//!
//! Nothing is read before `authorize` has agreed, and there are values for the caller only
//! when all of them are there and valid.
//!
//! A program that reads its own secrets wants [`Secrets`], which does all of that, and keeps the
//! values current. One step after the other:
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use secret_runtime::{judge::Judge, manifest::Manifest, plan::Plan, plugin, policy, resolver};
//! use secret_runtime::plugin::{PluginOptions, Plugins, Store};
//! use secret_runtime::memory::Memory;
//! use secret_runtime::selection::Wanted;
//!
//! # fn main() -> Result<(), secret_runtime::error::Problems> {
//! let text = "version = 1\n[secrets.JWT_SECRET]\nvalidate = \"base64\"\n";
//! let manifest = Manifest::parse(Path::new("secrets.toml"), text, plugin::standard_catalog())?;
//! let wanted = Wanted::new(None, None, |name| std::env::var_os(name));
//! let plan = Plan::new(Arc::new(manifest), &wanted)?;
//! let store = Store::of_environment(|name| std::env::var_os(name));
//! let options = PluginOptions { store, allow_compile: false, alarm: None };
//! let plugins = Plugins::of_plan(&plan, options)?;
//! let mut judge = Judge::standard();
//! let authorized = policy::authorize(plan, plugins, &mut judge)?;
//! let mut memory = Memory::new();
//! let resolved = resolver::fetch(authorized, &|name| std::env::var_os(name), &mut memory)
//!     .extract()
//!     .compose()
//!     .validate(&mut judge)?;
//! assert!(resolved.get("JWT_SECRET").is_some());
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod backend;
mod beside;
pub mod cache;
mod ciphertext;
pub mod error;
mod event_loop;
pub mod extract;
pub mod grant;
pub mod judge;
pub mod lease;
pub mod line;
pub mod lock;
pub mod manifest;
pub mod manifest_file;
pub mod memory;
pub mod metrics;
mod nearest;
pub mod order;
pub mod outbound;
pub mod own_file;
pub mod plan;
pub mod plugin;
pub mod policy;
pub mod reference;
pub mod refresh;
pub mod regular_file;
pub mod report;
pub mod resilience;
pub mod resolver;
pub mod rule;
pub mod secret;
pub mod secrets;
pub mod selection;
#[cfg(feature = "compile")]
pub mod supply;
pub mod template;
#[cfg(feature = "otlp")]
pub mod trace;

pub use secrets::Secrets;

/// The programs in the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
pub struct Guide;
