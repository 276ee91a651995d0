//! Why a run cannot be counted. It is counted for those who watch, so that none of this keeps a
//! command from starting.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;
use crate::own_file;

/// Why a run cannot be counted.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// The kernel refused a step.
    #[error("the metrics {} could not be {doing}: {reason}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, as a participle.
        doing: &'static str,
        /// What the kernel said.
        reason: io::ErrorKind,
    },
    /// Others could write to it, or have it already.
    #[error("the metrics {} {reason}", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Completes the sentence.
        reason: &'static str,
    },
    /// Something else stands there.
    #[error("{} has other metrics in it, or something else: it is left alone", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Another process has it for too long.
    #[error("another process writes to the metrics {} and does not end", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// They were ours, and cannot be added to. This run is in the file all the same.
    #[error("the metrics {} were damaged: counting begins anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

own_file::from_own_file!(MetricsError);

impl Explain for MetricsError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "metrics-unwritable",
            Self::Exposed { .. } => "metrics-exposed",
            Self::NotOurs { .. } => "metrics-not-ours",
            Self::Busy { .. } => "metrics-busy",
            Self::Damaged { .. } => "metrics-damaged",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { reason, .. } => match reason {
                io::ErrorKind::NotFound => "make its folder: that which the node exporter reads",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "let the user that starts the command write to its folder"
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room",
                _ => "name another file under `textfile` in [metrics]",
            }
            .to_owned(),
            Self::Exposed { path, .. } => format!(
                "each user has a file of their own, in a folder that not all users can write to: \
                 look at `ls -ld {}`",
                path.display()
            ),
            Self::NotOurs { .. } => {
                "each project has a file of its own: name another under `textfile` in [metrics], \
                 or remove this one"
                    .to_owned()
            }
            Self::Busy { path } => format!(
                "`fuser {}` tells which it is",
                own_file::beside(path, "lock").display()
            ),
            Self::Damaged { .. } => {
                "nothing else may write to it; a machine that stopped may have left half a file"
                    .to_owned()
            }
        })
    }
}
