//! What an app declares that it needs: `secrets.toml`.
//!
//! [`Manifest::parse`] reads the text, checks every name, key, reference, template and
//! rule, and reports all mistakes at once, each with its place. It reads nothing else:
//! no environment, no files, no values.

mod backends;
mod entries;
mod environments;
mod error;
mod mode;
mod model;
mod names;
mod origin;
mod parameters;
mod parse;
mod plugins;
mod reader;
pub mod schema;
mod source;

pub use error::ManifestError;
pub use mode::FileMode;
pub use model::{
    About, BackendEntry, BackendSettings, Class, Condition, Deliver, Entry, Environment, Inherit,
    Manifest, NameCase, Origin, Override, Plugin, Previous, Required,
};
pub use parse::LARGEST_MANIFEST;
pub use source::Source;
