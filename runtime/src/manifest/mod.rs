//! What an app declares that it needs: `secrets.toml`.
//!
//! [`Manifest::parse`] reads the text, checks every name, key, reference, template and
//! rule, and reports all mistakes at once, each with its place. It reads nothing else:
//! no environment, no files, no values.

mod audit;
mod aws;
mod backends;
mod cache;
mod circles;
mod component;
mod credential;
mod credentials;
mod entries;
mod environments;
mod error;
mod limits;
mod metrics;
mod mode;
mod model;
mod names;
mod origin;
mod parameters;
mod parse;
mod plugin_model;
mod plugins;
mod reader;
mod resilience;
pub mod schema;
mod source;
pub(crate) mod vault;
mod vault_model;
mod watch;

pub use audit::{AuditDestination, AuditFile, AuditSettings};
pub use aws::{AwsAccess, AwsRole, AwsSettings, AwsStore};
pub(crate) use cache::LONGEST_TTL;
pub use cache::{CacheKey, CacheSettings};
pub use credential::{
    CredentialPiece, CredentialSpec, CredentialTemplate, CredentialText, RESERVED_HEADERS,
};
pub use error::ManifestError;
pub use metrics::{MetricsAddress, MetricsSettings};
pub use mode::FileMode;
pub use model::{
    About, BackendEntry, BackendSettings, Class, Condition, Deliver, Entry, Environment, Inherit,
    Manifest, NameCase, Origin, Override, Previous, Required,
};
pub use parse::LARGEST_MANIFEST;
pub use plugin_model::{Allow, ComponentSource, InertInterface, LimitSpec, OciReference, Plugin};
pub use resilience::{Patience, Resilience};
pub use source::Source;
pub use vault_model::{
    KvVersion, VaultAuth, VaultLeases, VaultMethod, VaultNames, VaultSettings, VaultSupply,
    VaultTls, VaultTransit,
};
pub use watch::{OnChange, ReloadSignal, Watch};

/// What the lock is read with: the same forms, the same words.
pub(crate) mod forms {
    pub(crate) use super::entries::malformed;
    pub(crate) use super::limits::format_size;
    pub(crate) use super::names::is_word;
    pub(crate) use super::plugins::{inert, origins, sha256, signed_by};
    pub(crate) use super::reader::{Reader, Table};
}
