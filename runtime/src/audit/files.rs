//! Which files a log has, and opening them to be read.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::end;
use super::error::AuditError;
use super::head::Head;
use super::log::numbered;
use crate::own_file::beside;

/// Files of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFiles {
    /// All of the log at this path.
    Of(PathBuf),
    /// These, the oldest first.
    These(Vec<PathBuf>),
}

impl LogFiles {
    /// The one that is written to, as far as is known.
    fn last(&self) -> Option<&Path> {
        match self {
            Self::Of(path) => Some(path),
            Self::These(paths) => paths.last().map(PathBuf::as_path),
        }
    }

    fn paths(&self) -> Result<Vec<PathBuf>, AuditError> {
        match self {
            Self::Of(path) => files_of(path),
            Self::These(paths) => Ok(paths.clone()),
        }
    }
}

/// The files of the log at `path`, in the order in which they were written: full ones, and the
/// one that is written to. Who has the lock sees them as they are.
pub(super) fn files_of(path: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let numbers = end::numbers(path)?.into_iter();
    let full = numbers.map(|number| numbered(path, number));
    Ok(full.chain([path.to_owned()]).collect())
}

/// Files of a log as they were at one moment.
pub(super) struct Opened {
    pub(super) files: Vec<(PathBuf, File)>,
    /// Where it ends, if that is known.
    pub(super) head: Option<Head>,
}

impl Opened {
    /// Nothing is moved while they are found and opened.
    pub(super) fn all(files: &LogFiles) -> Result<Self, AuditError> {
        let last = files.last().map(|path| beside(path, "head"));
        let beside = match last.as_deref().map(open) {
            None => None,
            Some(Ok(file)) => Some(file),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Some(Err(error)) => {
                let path = last.unwrap_or_default();
                return Err(unreadable(&path)(error));
            }
        };
        if let Some(beside) = &beside {
            // Without the lock a file could be moved meanwhile; that is no reason to fail.
            let _ = beside.lock_shared();
        }
        let files = files.paths()?.into_iter().map(|path| {
            let file = open(&path).map_err(unreadable(&path))?;
            Ok((path, file))
        });
        Ok(Self {
            files: files.collect::<Result<_, AuditError>>()?,
            head: beside.as_ref().and_then(Head::read),
        })
    }
}

/// Links are followed: who reads a log says which, and nothing is written.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let mut options = File::options();
    let file = options.read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(file)
}

pub(super) fn unreadable<'a>(path: &'a Path) -> impl FnOnce(io::Error) -> AuditError + use<'a> {
    move |error| AuditError::Unreadable {
        path: path.to_owned(),
        reason: error.kind(),
    }
}
