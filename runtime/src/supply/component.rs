//! A component with its signature, from a file or a registry, held against what the manifest
//! says it must be.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::oci::{self, Credentials, OciError, Pull};
use super::signature::{self, SignatureError};
use crate::error::Explain;
use crate::manifest::{ComponentSource, OciReference, Plugin};
use crate::plugin::{Stamp, digest_of};

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Registry<'a> {
    /// Certificates in PEM that are trusted besides those of the system.
    pub authority: Option<&'a [u8]>,
    /// A login, for one registry.
    pub credentials: Option<&'a Credentials>,
    /// The time for everything together.
    pub deadline: std::time::Duration,
}

/// A component, not yet held against anything.
#[derive(Debug)]
pub struct Supplied {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Their SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// The file it came from, so that a run need not read it again.
    pub stamp: Option<Stamp>,
    signature: Result<Option<String>, SignatureError>,
}

impl Supplied {
    /// Reads a file of at most `limit` bytes, and the signature beside it.
    ///
    /// # Errors
    /// When it can't be read, is no file, or is too large.
    pub fn read(path: &Path, limit: usize) -> Result<Self, SupplyError> {
        let unreadable = |error: io::Error| SupplyError::Unreadable {
            path: path.to_owned(),
            reason: error.kind().to_string(),
        };
        let metadata = path.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(SupplyError::NoFile {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(unreadable)?;
        let stamp = Stamp::of(&file.metadata().map_err(unreadable)?);
        let mut wasm = Vec::new();
        // One byte more than is allowed shows that there is more.
        let mut bounded = file.take(limit as u64 + 1);
        bounded.read_to_end(&mut wasm).map_err(unreadable)?;
        if wasm.len() > limit {
            return Err(SupplyError::TooLarge {
                path: path.to_owned(),
                limit,
            });
        }
        let sha256 = digest_of(&wasm[..]).map_err(unreadable)?;
        Ok(Self {
            wasm,
            sha256,
            stamp: Some(stamp),
            signature: signature::read_beside(path),
        })
    }

    /// Pulls from a registry. `progress` is told how many bytes are there, and of how many.
    ///
    /// # Errors
    /// When the registry does not hand out what the digest names.
    pub fn pull(
        reference: &OciReference,
        registry: Registry<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, SupplyError> {
        let pull = Pull {
            registry: &reference.registry,
            repository: &reference.repository,
            digest: &reference.digest,
            authority: registry.authority,
            credentials: registry.credentials,
            deadline: registry.deadline,
        };
        let pulled = oci::pull(&pull, progress).map_err(SupplyError::Oci)?;
        Ok(Self {
            wasm: pulled.component,
            sha256: pulled.sha256,
            stamp: None,
            signature: Ok(pulled.signature),
        })
    }

    /// Everything in which it differs from what the manifest says it must be.
    #[must_use]
    pub fn check(&self, name: &str, plugin: &Plugin) -> Vec<SupplyError> {
        let mut errors = Vec::new();
        if let Some(wanted) = &plugin.sha256
            && *wanted.get_ref() != self.sha256
        {
            errors.push(SupplyError::Digest {
                plugin: name.to_owned(),
                found: self.sha256.clone(),
                is_file: matches!(plugin.component.get_ref(), ComponentSource::Path(_)),
            });
        }
        if let Some(key) = &plugin.signed_by {
            let verified = self.signature.clone().and_then(|signature| {
                signature::verify(&self.wasm, signature.as_deref(), key.get_ref())
            });
            if let Err(error) = verified {
                errors.push(SupplyError::Signature {
                    plugin: name.to_owned(),
                    error,
                });
            }
        }
        errors
    }
}

/// Why there is no component, or not the one that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SupplyError {
    /// The file can't be read.
    #[error("the component {} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is a folder or something else.
    #[error("the component {} is no regular file", .path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
    },
    /// It is larger than any plugin.
    #[error("the component {} is larger than {} MiB", .path.display(), limit / 1024 / 1024)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes.
        limit: usize,
    },
    /// The registry does not hand it out.
    #[error(transparent)]
    Oci(OciError),
    /// The manifest's `sha256` is another.
    #[error("the component of the plugin `{plugin}` is not the one that `sha256` names")]
    Digest {
        /// The plugin.
        plugin: String,
        /// The digest of what is there.
        found: String,
        /// Whether it is a file.
        is_file: bool,
    },
    /// The signature is not what the manifest wants.
    #[error("the plugin `{plugin}`: {error}")]
    Signature {
        /// The plugin.
        plugin: String,
        /// What is wrong with it.
        error: SignatureError,
    },
}

impl Explain for SupplyError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::NoFile { .. } => "plugin-unreadable",
            Self::TooLarge { .. } => "plugin-too-large",
            Self::Oci(error) => error.kind(),
            Self::Digest { .. } => "plugin-component-changed",
            Self::Signature { error, .. } => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some(
                "correct the path, which is relative to the manifest, or its permissions"
                    .to_owned(),
            ),
            Self::NoFile { .. } => {
                Some("name the `.wasm` file that the build of the plugin made".to_owned())
            }
            Self::TooLarge { .. } => Some("strip it, or build it for size".to_owned()),
            Self::Oci(error) => error.hint(),
            Self::Digest { found, is_file, .. } => Some(format!(
                "what {} has the digest {found}; write that only if you know why it changed",
                if *is_file { "is there" } else { "came" }
            )),
            Self::Signature { error, .. } => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;
    use crate::manifest::Manifest;
    use crate::plugin::standard_catalog;

    fn plugin(lines: &str) -> Plugin {
        let text = format!("version = 1\n[plugins.a]\ncomponent = \"a.wasm\"\n{lines}\n");
        let manifest = Manifest::parse(Path::new("secrets.toml"), &text, standard_catalog());
        manifest.unwrap().plugins["a"].clone()
    }

    fn kinds(supplied: &Supplied, lines: &str) -> Vec<&'static str> {
        let errors = supplied.check("a", &plugin(lines));
        errors.iter().map(Explain::kind).collect()
    }

    #[test]
    fn a_digest_and_a_key_of_the_manifest_both_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        std::fs::write(&path, "dummy").unwrap();
        let supplied = Supplied::read(&path, 5).unwrap();
        assert_eq!(kinds(&supplied, ""), Vec::<&str>::new());
        let right = format!("sha256 = \"{}\"", supplied.sha256.to_ascii_uppercase());
        assert_eq!(kinds(&supplied, &right), Vec::<&str>::new());
        let wrong = format!(
            "sha256 = \"{}\"\nsigned-by = \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"",
            "0".repeat(64)
        );
        assert_eq!(
            kinds(&supplied, &wrong),
            ["plugin-component-changed", "signature-missing"]
        );
        std::fs::write(signature::path_beside(&path), "no signature").unwrap();
        let supplied = Supplied::read(&path, 5).unwrap();
        assert_eq!(
            kinds(&supplied, &wrong),
            ["plugin-component-changed", "signature-invalid"]
        );
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        let kind = |path: &Path| Supplied::read(path, 4).unwrap_err().kind();
        assert_eq!(kind(&path), "plugin-unreadable");
        assert_eq!(kind(folder.path()), "plugin-unreadable");
        std::fs::write(&path, "dummy").unwrap();
        assert_eq!(kind(&path), "plugin-too-large");
    }
}
