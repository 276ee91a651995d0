//! What goes wrong with files of secrets. Nothing here has room for a part of one.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;

/// How somebody else can get at a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Exposure {
    /// Any user may read the file.
    #[error("can be read by every user")]
    ReadableByOthers,
    /// Any user may change the file, or add files to the directory.
    #[error("can be changed by every user")]
    WritableByOthers,
    /// Its owner is neither root nor the user that this runs as.
    #[error("belongs to another user")]
    OwnedByAnother,
}

/// Why a file could not be read, or must not be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The directory is not there.
    #[error("the directory `{}` does not exist", directory.display())]
    DirectoryMissing {
        /// The directory of the backend.
        directory: PathBuf,
    },
    /// A file stands where a directory should.
    #[error("`{}` leads through something that is not a directory", path.display())]
    NotADirectory {
        /// The directory, or the file that was asked for.
        path: PathBuf,
    },
    /// Somebody else can get at it.
    #[error("`{}` {exposure}", path.display())]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// How.
        exposure: Exposure,
    },
    /// It is there and cannot be read.
    #[error("failed to read `{}`: {reason}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the system says of such failures.
        reason: String,
    },
    /// A directory, a pipe, a device.
    #[error("`{}` is not a regular file", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// Larger than any secret.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is accepted.
        limit: usize,
    },
    /// A link leads out of the directory.
    #[error("`{}` leads out of the directory of the backend", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// A link leads to nothing.
    #[error("`{}` is a link to something that does not exist", path.display())]
    Dangling {
        /// The file.
        path: PathBuf,
    },
    /// Links lead in a circle, or to something that is no link of the file system.
    #[error("`{}` cannot be followed to its end", path.display())]
    Loop {
        /// The file.
        path: PathBuf,
    },
    /// The path is absolute, empty, leads upwards, or holds control characters.
    #[error("this cannot be the name of a file below the directory")]
    Name,
    /// A version was asked for.
    #[error("a directory holds no versions")]
    Version,
}

impl Explain for FileError {
    fn kind(&self) -> &'static str {
        match self {
            Self::DirectoryMissing { .. } => "directory-missing",
            Self::NotADirectory { .. } => "not-a-directory",
            Self::Exposed { exposure, .. } => match exposure {
                Exposure::ReadableByOthers => "file-readable-by-others",
                Exposure::WritableByOthers => "file-writable-by-others",
                Exposure::OwnedByAnother => "file-owned-by-another",
            },
            Self::Unreadable { .. } => "file-unreadable",
            Self::NotRegular { .. } => "file-not-regular",
            Self::TooLarge { .. } => "file-too-large",
            Self::Outside { .. } => "file-outside-directory",
            Self::Dangling { .. } => "file-dangling-link",
            Self::Loop { .. } => "file-link-loop",
            Self::Name => "file-name",
            Self::Version => "version-unsupported",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::DirectoryMissing { .. } => {
                "mount the secrets there, or correct `directory` of the backend"
            }
            Self::NotADirectory { .. } => "each part of the path but the last is a directory",
            Self::Exposed { exposure, .. } => match exposure {
                Exposure::ReadableByOthers => {
                    "take the right away with `chmod o= FILE`; in Docker give the secret \
                     `mode: 0400` and the `uid` of the command's user, in Kubernetes give the \
                     volume `defaultMode: 0400` (and the pod `fsGroup`)"
                }
                Exposure::WritableByOthers => "take the right away with `chmod o-w`",
                Exposure::OwnedByAnother => {
                    "give it to root or to the user that runs the command with `chown`; in Docker \
                     set `uid` of the secret"
                }
            },
            Self::Unreadable { .. } => {
                "check which user the command runs as, and who may read the file"
            }
            Self::NotRegular { .. } => "store the secret in a plain file",
            Self::TooLarge { .. } => "check that this is the right file",
            Self::Outside { .. } => {
                "put the file below the directory; links must be relative and stay there"
            }
            Self::Dangling { .. } => {
                "if the mount is being replaced, try again; else mend the link"
            }
            Self::Loop { .. } => "mend the links",
            Self::Name => "write a relative path without `.` and `..`, such as `app/password`",
            Self::Version => "leave `?version=` out, or name a backend that keeps versions",
        };
        Some(hint.to_owned())
    }
}
