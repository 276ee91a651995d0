//! Why nothing could be written down, or read of what was.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::error::Explain;
use crate::own_file;

/// Why an audit log cannot be written or read.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The kernel refused a step.
    #[error("the audit log {} could not be {doing}: {reason}", .path.display())]
    Io {
        /// The file, or the socket.
        path: PathBuf,
        /// What was tried, as a participle.
        doing: &'static str,
        /// What the kernel said.
        reason: io::ErrorKind,
    },
    /// It cannot be read to be verified or shown.
    #[error("{} could not be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        reason: io::ErrorKind,
    },
    /// Others could write to it, or have it already.
    #[error("the audit log {} {reason}", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Completes the sentence.
        reason: &'static str,
    },
    /// Something else stands there.
    #[error("{} is no audit log", .path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// The name that a full file would get is taken.
    #[error("the audit log is full, and {} is there already", .path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// Another process has it for too long.
    #[error("another process writes to the audit log {} and does not end", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Standard error is gone.
    #[error("the audit log could not be written to standard error: {0}")]
    StandardError(io::ErrorKind),
}

impl AuditError {
    pub(super) fn io<'a>(
        path: &'a Path,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |error| Self::Io {
            path: path.to_owned(),
            doing,
            reason: error.kind(),
        }
    }
}

own_file::from_own_file!(AuditError);

impl Explain for AuditError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::StandardError(_) => "audit-unwritable",
            Self::Unreadable { .. } => "audit-unreadable",
            Self::Exposed { .. } => "audit-exposed",
            Self::NotALog { .. } => "audit-not-a-log",
            Self::Occupied { .. } => "audit-occupied",
            Self::Busy { .. } => "audit-busy",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { reason, .. } => match reason {
                io::ErrorKind::NotFound => {
                    "make its folder before the start; a socket is there when its daemon runs"
                }
                io::ErrorKind::PermissionDenied => {
                    "let the user that starts the command write there"
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room; `max-size` and `keep` in [audit] bound what it takes"
                }
                _ => "name another place under `destination` in [audit]",
            }
            .to_owned(),
            Self::Unreadable { .. } => {
                "name the files of the log, or run it as the user that the log belongs to"
                    .to_owned()
            }
            Self::Exposed { path, .. } => format!(
                "each user has a log of their own, in a folder that others cannot write to, such as \
                 one within it that is made with mode 0700: look at `ls -ld {}`",
                path.display()
            ),
            Self::NotALog { .. } => {
                "name a file that nothing else writes to; it is made when it is missing".to_owned()
            }
            Self::Occupied { path, .. } => {
                format!("move {} elsewhere", path.display())
            }
            Self::Busy { path } => {
                // The lock is on the file beside it, which is never moved.
                let lock = own_file::beside(path, "head");
                format!("`fuser {}` tells which it is", lock.display())
            }
            Self::StandardError(_) => {
                "start it with an open standard error, or name a file".to_owned()
            }
        })
    }
}
