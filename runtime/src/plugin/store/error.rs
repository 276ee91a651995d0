//! Why a compiled plugin is not loaded.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;

/// Why a compiled plugin is not loaded, or can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else could have put code there.
    #[error("compiled plugins in {} are not trusted: it {reason}", .path.display())]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// How it is exposed.
        reason: &'static str,
    },
    /// An artifact, or a component that is kept, is not what was written.
    #[error("{} was changed since secret-run wrote it", .path.display())]
    Changed {
        /// The artifact.
        path: PathBuf,
    },
    /// The artifact is gone, and its record is there.
    #[error("the compiled plugin {} is missing beside its record", .path.display())]
    Missing {
        /// The artifact.
        path: PathBuf,
    },
    /// The record is none, or that of another component.
    #[error("{} is no record of a compiled plugin", .path.display())]
    Record {
        /// The record.
        path: PathBuf,
    },
    /// It can't be read or written.
    #[error("{} cannot be {doing}: {reason}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system says.
        reason: String,
    },
}

impl Explain for StoreError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Exposed { .. } => "plugin-store-exposed",
            Self::Changed { .. } => "plugin-artifact-changed",
            Self::Missing { .. } => "plugin-artifact-missing",
            Self::Record { .. } => "plugin-record-damaged",
            Self::Io { .. } => "plugin-store-io",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exposed { path, .. } => format!(
                "if you know what is in it: `chmod go-w {0}` and `chown` it to yourself; then \
                 `secret-run plugin compile` makes its content again, of what is pinned",
                path.display()
            ),
            Self::Changed { .. } | Self::Missing { .. } | Self::Record { .. } => {
                "`secret-run plugin compile` makes it again from the pinned component; one that is \
                 not pinned, `secret-run plugin add NAME`"
                    .into()
            }
            Self::Io { .. } => format!(
                "name another folder in {}, or mend this one",
                super::FOLDER_VARIABLE
            ),
        })
    }
}
