//! Why nothing is kept across starts. None of it keeps a command from starting.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::TTL_VARIABLE;
use crate::error::Explain;
use crate::own_file::{self, FOREIGN};

/// What is wrong with the cache.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The variable says no time.
    #[error("`{TTL_VARIABLE}` is not a number of seconds from 0 to 604800")]
    Ttl,
    /// There is no folder for it.
    #[error("secrets are not kept across starts: there is no folder for them")]
    NoFolder,
    /// The kernel gives no key.
    #[error("secrets are not kept across starts: the kernel's keyring cannot be used: {reason}")]
    NoKeyring {
        /// What the kernel says.
        reason: String,
    },
    /// Others can get at it.
    #[error("secrets are not kept across starts: {} {reason}", .path.display())]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// It is not what was written.
    #[error("{} is no cache that this key opens: it is taken for none, and replaced", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("secrets are not kept across starts: the system gives no random numbers")]
    NoRandom,
    /// The key is none.
    #[error("secrets are not kept across starts: {} is no key", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("secrets are not kept across starts: {} cannot be {doing}: {reason}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What should have been done.
        doing: &'static str,
        /// What the system says.
        reason: io::ErrorKind,
    },
}

impl CacheError {
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io {
            path,
            doing,
            reason: error.kind(),
        }
    }

    pub(super) fn exposed(path: &Path, reason: &'static str) -> Self {
        let path = path.to_owned();
        Self::Exposed { path, reason }
    }
}

own_file::from_own_file!(CacheError);

impl Explain for CacheError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ttl => "bad-cache-ttl",
            Self::NoFolder | Self::NoKeyring { .. } => "cache-unavailable",
            Self::Exposed { .. } => "cache-exposed",
            Self::Unreadable { .. } => "cache-unreadable",
            Self::NoRandom | Self::NoKey { .. } | Self::Io { .. } => "cache-unusable",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ttl => "write whole seconds; 0 switches the cache off".into(),
            Self::NoFolder => {
                "set XDG_RUNTIME_DIR to a folder on a memory file system that only this user can \
                 enter"
                    .into()
            }
            Self::NoKeyring { .. } => {
                "containers often forbid it: write `across-starts = { key-file = \"…\" }` in [cache]"
                    .into()
            }
            Self::Exposed { reason, .. } if *reason == FOREIGN => {
                "another user made it, or the environment is another user's, as after `su` without \
                 `-` or `sudo -E`: have it removed if it is in your way, else unset XDG_RUNTIME_DIR, \
                 or set HOME to your own"
                    .into()
            }
            Self::Exposed { .. } => {
                "make it a folder or file of this user that nobody else can read, write or enter"
                    .into()
            }
            Self::Unreadable { .. } => {
                "the key is another, or the file was changed; `secret-run cache clear` removes it"
                    .into()
            }
            Self::NoKey { .. } => {
                "remove it, and a key is made there; one is 32 random bytes".into()
            }
            Self::Io { .. } => {
                "let this user do that; XDG_RUNTIME_DIR says where caches are, and `key-file` in \
                 [cache] where the key is"
                    .into()
            }
            Self::NoRandom => return None,
        })
    }
}
