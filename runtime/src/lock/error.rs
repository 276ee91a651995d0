//! What can be wrong with a lock, and between a lock and a manifest.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::VERSION;
use crate::error::Explain;
use crate::outbound::HttpOrigin;

/// Why a lock cannot be read or written. Mistakes within it have the kinds of the manifest's.
#[derive(Debug, Error)]
pub enum LockError {
    /// Not TOML.
    #[error("this is not TOML: {message}")]
    Syntax {
        /// What the TOML parser expected, in its words; never text from the file.
        message: String,
    },
    /// A version of the format that this program does not know.
    #[error("lock version {found} is not known; this program reads version {VERSION}")]
    UnknownVersion {
        /// What the lock says.
        found: i64,
    },
    /// Too large to be a lock.
    #[error("the lock is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Something else than a file stands where it belongs.
    #[error("{} is a link or no file", .path.display())]
    NotAFile {
        /// The lock.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("{} cannot be written: {}", .path.display(), .source.kind())]
    Unwritable {
        /// The lock.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Explain for LockError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "lock-syntax",
            Self::UnknownVersion { .. } => "unknown-lock-version",
            Self::TooLarge { .. } => "lock-too-large",
            Self::NotAFile { .. } => "lock-not-a-file",
            Self::Unwritable { .. } => "lock-unwritable",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Syntax { .. } => {
                "if a merge left its marks, take one side; else restore the file, or remove it and \
                 run `secret-run plugin add` for each plugin"
            }
            Self::UnknownVersion { .. } => "use the secret-run that wrote it, or a newer one",
            Self::TooLarge { .. } => "`secret-run plugin add` writes it; it holds no data",
            Self::NotAFile { .. } => "put a plain file there, or nothing",
            Self::Unwritable { .. } => "its folder must be writable, and have room",
        };
        Some(hint.to_owned())
    }
}

/// Something that the manifest and the lock do not agree on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LockDifference {
    /// Another component.
    #[error("`{name}` is `{manifest}` in the manifest, and `{lock}` in secrets.lock")]
    Component {
        /// The plugin.
        name: String,
        /// Where the manifest has it.
        manifest: String,
        /// Where the lock has it.
        lock: String,
    },
    /// Another digest.
    #[error("`{name}` has the sha256 {manifest} in the manifest, and {lock} in secrets.lock")]
    Digest {
        /// The plugin.
        name: String,
        /// What the manifest says.
        manifest: String,
        /// What the lock says.
        lock: String,
    },
    /// Another signer, or one on one side alone.
    #[error("`{name}` is signed by {} in the manifest, and by {} in secrets.lock",
        signer(.manifest), signer(.lock))]
    Signer {
        /// The plugin.
        name: String,
        /// The manifest's key.
        manifest: Option<String>,
        /// The lock's key.
        lock: Option<String>,
    },
    /// A grant that the lock does not have.
    #[error("`{name}` is granted {what} in the manifest, and secrets.lock does not have it")]
    OnlyInManifest {
        /// The plugin.
        name: String,
        /// The grant, in words.
        what: String,
    },
    /// A grant that the manifest does not have.
    #[error("`{name}` is granted {what} in secrets.lock, and the manifest no longer has it")]
    OnlyInLock {
        /// The plugin.
        name: String,
        /// The grant, in words.
        what: String,
    },
}

fn signer(key: &Option<String>) -> &str {
    key.as_deref().unwrap_or("nobody")
}

impl LockDifference {
    fn name(&self) -> &str {
        match self {
            Self::Component { name, .. }
            | Self::Digest { name, .. }
            | Self::Signer { name, .. }
            | Self::OnlyInManifest { name, .. }
            | Self::OnlyInLock { name, .. } => name,
        }
    }
}

impl Explain for LockDifference {
    fn kind(&self) -> &'static str {
        "plugin-lock-differs"
    }

    fn hint(&self) -> Option<String> {
        let name = self.name();
        Some(format!(
            "review the change, then run `secret-run plugin add {name}`"
        ))
    }
}

/// A component needs origins that it is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` needs requests to {}, and is granted {}", listed(.missing, "nothing"), listed(.granted, "none"))]
pub struct NeedsMore {
    /// The plugin.
    pub name: String,
    /// What it needs and is not granted.
    pub missing: BTreeSet<HttpOrigin>,
    /// What it is granted.
    pub granted: BTreeSet<HttpOrigin>,
}

impl Explain for NeedsMore {
    fn kind(&self) -> &'static str {
        "plugin-needs-more"
    }

    fn hint(&self) -> Option<String> {
        let origins: Vec<String> = self
            .granted
            .union(&self.missing)
            .map(|origin| format!("\"{origin}\""))
            .collect();
        Some(format!(
            "if it may send requests there, write `allow.http = [{}]` in [plugins.{}]",
            origins.join(", "),
            self.name
        ))
    }
}

fn listed(origins: &BTreeSet<HttpOrigin>, none: &str) -> String {
    if origins.is_empty() {
        return none.to_owned();
    }
    let origins: Vec<String> = origins.iter().map(|origin| format!("`{origin}`")).collect();
    origins.join(", ")
}
