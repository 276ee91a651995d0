//! One file per secret, as Docker, Kubernetes and systemd mount them.
//!
//! A path names a file below the directory; links are followed as long as they stay
//! there, which is how Kubernetes swaps all of a mount at once. Exactly one line end at
//! the end of a file is dropped, since editors put it there; all else is the value. What
//! is empty after that is absent.
//!
//! Before the first byte is read: the file was opened below the directory and nowhere
//! else, it is a regular file, and nobody but its owner, its group and root can get at
//! it, nor change a folder on the way to it. The directory itself is looked at once per batch. A missing file is absent; a
//! missing directory is an outage, since nobody can tell what it would hold.

mod error;
mod guard;
mod open;

use std::collections::BTreeSet;
use std::fs::File;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::{Answers, Backend, Document, FetchError, Fetching, Notice, Request, read};
use crate::secret::SecretValue;

pub use error::{Exposure, FileError};

use open::{Directory, Opened};

/// A larger file is no secret.
const LIMIT: usize = 1024 * 1024;

/// What happens when others can get at a file or at the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// It is not read. For production.
    Refuse,
    /// It is read, and the user is told.
    Warn,
}

impl Strictness {
    /// What holds in production, or elsewhere.
    #[must_use]
    pub const fn of(production: bool) -> Self {
        if production { Self::Refuse } else { Self::Warn }
    }
}

/// Answers from the files of a directory.
#[derive(Debug)]
pub struct FileBackend {
    directory: PathBuf,
    strictness: Strictness,
}

impl FileBackend {
    /// Files below `directory`. Nothing is opened before the first batch.
    #[must_use]
    pub fn new(directory: PathBuf, strictness: Strictness) -> Self {
        Self {
            directory,
            strictness,
        }
    }

    /// Reads one file that the manifest names, by the same rules; `None` if it is missing or
    /// empty.
    ///
    /// # Errors
    /// When it can't be read, or others can get at it and that is refused.
    pub(crate) fn read_one(
        path: &Path,
        strictness: Strictness,
    ) -> Result<Option<SecretValue>, FetchError> {
        let refused = |error| Err(FetchError::new(error));
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return refused(FileError::Name);
        };
        let Some(name) = name.to_str() else {
            return refused(FileError::Name);
        };
        // Beside a manifest of the working directory, the directory has no name.
        let here = directory.as_os_str().is_empty();
        let directory = if here { Path::new(".") } else { directory };
        let backend = Self::new(directory.to_owned(), strictness);
        let request = Request {
            path: name.to_owned(),
            version: None,
        };
        let mut answers = backend.read(&[request])?;
        let document = answers.documents.pop().expect("one answer for one request");
        Ok(document?.map(|document| document.bytes))
    }

    /// Opens the directory and judges it.
    fn enter(&self, notices: &mut Vec<Notice>) -> Result<Directory, FileError> {
        let directory = &self.directory;
        let (opened, facts) = Directory::open(directory).map_err(|errno| match errno {
            Errno::ENOENT => FileError::DirectoryMissing {
                directory: directory.clone(),
            },
            Errno::ENOTDIR => FileError::NotADirectory {
                path: directory.clone(),
            },
            errno => unreadable(directory, errno),
        })?;
        self.judge(guard::directory(facts), directory, None, notices)?;
        Ok(opened)
    }

    fn answer(
        &self,
        directory: &Directory,
        (index, request): (usize, &Request),
        notices: &mut Vec<Notice>,
        exposed: &mut BTreeSet<PathBuf>,
    ) -> Result<Option<Document>, FileError> {
        if request.version.is_some() {
            return Err(FileError::Version);
        }
        let name = request.path.as_str();
        if !is_below(name) {
            return Err(FileError::Name);
        }
        let path = self.directory.join(name);
        let opened = match directory.open_within(name) {
            Some(opened) => Ok(opened),
            None => {
                for (folder, facts) in directory.folders(name) {
                    let exposure = guard::directory(facts).filter(|_| !exposed.contains(&folder));
                    let path = self.directory.join(&folder);
                    self.judge(exposure, &path, Some(index), notices)?;
                    exposed.extend(exposure.map(|_| folder));
                }
                directory.open_file(name)
            }
        };
        let Opened { file, facts } = match opened {
            Ok(opened) => opened,
            Err(Errno::ENOENT) if directory.has_link(name) => {
                return Err(FileError::Dangling { path });
            }
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::EXDEV) => return Err(FileError::Outside { path }),
            Err(Errno::ELOOP) => return Err(FileError::Loop { path }),
            Err(Errno::ENOTDIR) => return Err(FileError::NotADirectory { path }),
            // What opening a socket gives.
            Err(Errno::ENXIO) => return Err(FileError::NotRegular { path }),
            Err(errno) => return Err(unreadable(&path, errno)),
        };
        if !facts.regular {
            return Err(FileError::NotRegular { path });
        }
        self.judge(guard::file(facts), &path, Some(index), notices)?;
        let bytes = read(&file, facts.size, &path)?;
        Ok(bytes.map(Document::plain))
    }

    fn judge(
        &self,
        exposure: Option<Exposure>,
        path: &Path,
        request: Option<usize>,
        notices: &mut Vec<Notice>,
    ) -> Result<(), FileError> {
        let Some(exposure) = exposure else {
            return Ok(());
        };
        let error = FileError::Exposed {
            path: path.to_owned(),
            exposure,
        };
        match self.strictness {
            Strictness::Refuse => Err(error),
            Strictness::Warn => {
                notices.push(Notice {
                    request,
                    warning: FetchError::new(error),
                });
                Ok(())
            }
        }
    }
}

impl FileBackend {
    /// Reads a batch, without waiting for anything.
    fn read(&self, requests: &[Request]) -> Result<Answers, FetchError> {
        let mut answers = Answers::default();
        if requests.is_empty() {
            return Ok(answers);
        }
        let directory = self.enter(&mut answers.notices).map_err(FetchError::new)?;
        // What others can change is said once, also if several files are below it.
        let mut exposed = BTreeSet::new();
        for request in requests.iter().enumerate() {
            let document = self.answer(&directory, request, &mut answers.notices, &mut exposed);
            answers.documents.push(document.map_err(FetchError::new));
        }
        Ok(answers)
    }
}

impl Backend for FileBackend {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(ready(self.read(requests)))
    }

    fn waits(&self) -> bool {
        false
    }
}

/// Whether `name` is made of names, so that it leads downwards only.
fn is_below(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains(char::is_control)
}

/// All of the file but one line end; `None` if that is nothing.
fn read(file: &File, size: u64, path: &Path) -> Result<Option<SecretValue>, FileError> {
    let failed = |error: io::Error| FileError::Unreadable {
        path: path.to_owned(),
        reason: error.kind().to_string(),
    };
    let Some(mut bytes) = read::bounded(file, size, LIMIT).map_err(failed)? else {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            limit: LIMIT,
        });
    };
    if bytes.ends_with(b"\n") {
        let end = if bytes.ends_with(b"\r\n") { 2 } else { 1 };
        let kept = bytes.len() - end;
        bytes.truncate(kept);
    }
    Ok((!bytes.is_empty()).then(|| SecretValue::from(bytes)))
}

fn unreadable(path: &Path, errno: Errno) -> FileError {
    FileError::Unreadable {
        path: path.to_owned(),
        reason: errno.desc().to_owned(),
    }
}

#[cfg(test)]
mod tests;
