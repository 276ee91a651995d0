//! Why a value could not be handed over as a file.

use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::libc;
use secret_runtime::error::Explain;
use thiserror::Error;

/// Why a value could not be handed over as a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot deliver {name} as a file: {failure}")]
pub struct DeliverError {
    /// The entry that it is about.
    pub name: String,
    /// What went wrong.
    pub failure: Failure,
}

/// What can go wrong with a delivered file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The directory is on a file system that keeps its files.
    #[error("{} is not on tmpfs or ramfs, and a value is never written to a disk", .0.display())]
    OnDisk(PathBuf),
    /// The directory is not there.
    #[error("the directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// Others could replace the file.
    #[error("{} {}", .0.display(), .1)]
    OpenToOthers(PathBuf, &'static str),
    /// The path is that of a directory.
    #[error("its path is not that of a file")]
    NotAFile,
    /// The kernel refused a step.
    #[error("could not {step}: {}", .errno.desc())]
    Step {
        /// What was tried.
        step: &'static str,
        /// What the kernel said.
        errno: Errno,
    },
}

impl Failure {
    pub(super) fn step<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Step {
            step,
            errno: Errno::from_raw(error.into().raw_os_error().unwrap_or(libc::EIO)),
        }
    }
}

impl Explain for DeliverError {
    fn kind(&self) -> &'static str {
        match self.failure {
            Failure::OnDisk(_) => "file-on-disk",
            Failure::NoDirectory(_) => "file-no-directory",
            Failure::OpenToOthers(..) => "file-directory-open",
            Failure::NotAFile => "file-not-a-file",
            Failure::Step { .. } => "file-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.failure {
            Failure::OnDisk(_) => "leave the path out, so that the file is in memory alone, or \
                choose a directory on tmpfs, such as one under /dev/shm or /run"
                .to_owned(),
            Failure::NoDirectory(path) => {
                format!(
                    "make it before the start: install -d -m 0700 {}",
                    path.display()
                )
            }
            Failure::OpenToOthers(path, _) => format!(
                "it has to belong to this user or root, and others must not write to it: look at \
                 `ls -ld {}`",
                path.display()
            ),
            Failure::NotAFile => "give the path of a file; it replaces what is there".to_owned(),
            Failure::Step { .. } => return None,
        })
    }
}
