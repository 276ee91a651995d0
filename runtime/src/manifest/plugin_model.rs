//! The types that `[plugins.NAME]` becomes: a component, what it is granted, and what the
//! host adds for it.
//!
//! A grant names exactly what it allows, and all that is here is enforced by the host. No
//! type here holds a credential: they say where one is found when a request needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use super::credential::CredentialSpec;
use super::model::Manifest;
use crate::outbound::HttpOrigin;

/// `[plugins.NAME]`.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Where the name stands.
    pub span: Range<usize>,
    /// Where the component is.
    pub component: Spanned<ComponentSource>,
    /// The digest it must have, in lower-case hex.
    pub sha256: Option<Spanned<String>>,
    /// The minisign public key that must have signed it: the line that begins with `RW`.
    pub signed_by: Option<Spanned<String>>,
    /// Certificates that its servers are held against, beside the machine's; relative to
    /// the manifest.
    pub ca_file: Option<PathBuf>,
    /// What it may ask for by name.
    pub settings: BTreeMap<String, String>,
    /// What it may do.
    pub allow: Allow,
    /// What the host adds to its requests, by origin; it never sees them.
    pub credentials: BTreeMap<HttpOrigin, Vec<CredentialSpec>>,
    /// What it may use, where that differs from the default.
    pub limits: LimitSpec,
}

impl Plugin {
    /// Every variable of the launcher that its credentials name. One may come twice.
    pub fn credential_variables(&self) -> impl Iterator<Item = &str> {
        self.credentials
            .values()
            .flatten()
            .flat_map(CredentialSpec::variables)
    }
}

impl Manifest {
    /// Every variable of the launcher that credentials of plugins and backends name. These are
    /// the launcher's own: the child does not inherit them. One may come twice.
    pub fn credential_variables(&self) -> impl Iterator<Item = &str> {
        let of_plugins = self.plugins.values().flat_map(Plugin::credential_variables);
        let backends = self.backends.values();
        let of_backends = backends.filter_map(|backend| backend.settings.credential_variable());
        of_plugins.chain(of_backends)
    }
}

/// Where a component is. Displays as the manifest spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentSource {
    /// A file, relative to the manifest.
    Path(PathBuf),
    /// In a registry.
    Oci(OciReference),
}

impl fmt::Display for ComponentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Oci(reference) => reference.fmt(f),
        }
    }
}

/// `oci://host[:port]/repository@sha256:digest`: an artifact of a registry, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciReference {
    /// Host and port of the registry, as they stand in the manifest.
    pub registry: String,
    /// The repository in it.
    pub repository: String,
    /// The digest of the artifact's description: `sha256:` and 64 lower-case hex digits.
    pub digest: String,
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            registry,
            repository,
            digest,
        } = self;
        write!(f, "oci://{registry}/{repository}@{digest}")
    }
}

/// What a component may do. Nothing by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allow {
    /// The origins that it may send requests to.
    pub http: BTreeSet<HttpOrigin>,
    /// Those of `http` that may be at private addresses.
    pub private_addresses: BTreeSet<HttpOrigin>,
    /// Those of `http` that may be at link-local addresses, as the metadata of clouds is.
    pub link_local_addresses: BTreeSet<HttpOrigin>,
    /// Whether it may ask what time it is.
    pub clock: bool,
    /// Interfaces that it may import and that do nothing.
    pub inert: BTreeSet<InertInterface>,
}

/// An interface of WASI that may be imported and does nothing: language runtimes import it
/// whether they need it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InertInterface {
    /// There are no files.
    Filesystem,
    /// Every socket is refused.
    Sockets,
}

impl InertInterface {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Filesystem, Self::Sockets];

    /// Its name in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filesystem => "filesystem",
            Self::Sockets => "sockets",
        }
    }
}

/// `[plugins.NAME.limits]`: `None` where the default holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitSpec {
    /// How long one call may take.
    pub time: Option<Duration>,
    /// Bytes of memory.
    pub memory: Option<usize>,
    /// Bytes of the body of one response.
    pub response: Option<usize>,
    /// Requests in one call.
    pub requests: Option<usize>,
    /// Bytes of log in one call.
    pub log: Option<usize>,
}
