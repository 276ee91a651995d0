//! Reading the lock from its file.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{LARGEST_LOCK, LockFile};
use crate::error::{Explain, Problem, Problems};
use crate::regular_file;

/// Reads the lock at `path`; `None` if there is no file.
///
/// # Errors
/// When it can't be read, or has mistakes: all of them.
pub fn read(path: &Path) -> Result<Option<LockFile>, Problems> {
    let unreadable = |reason: String| {
        let path = path.to_owned();
        Problems::from(Problem::error(&LoadError { path, reason }, None))
    };
    let text = match text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(regular_file::reason(&error))),
    };
    let text = String::from_utf8(text).map_err(|_| unreadable("it is not UTF-8".into()))?;
    LockFile::parse(path, &text).map(Some)
}

fn text(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // One byte more than is allowed, so that the parser sees that it is too large.
    let limit = LARGEST_LOCK as u64 + 1;
    regular_file::open(path)?
        .take(limit)
        .read_to_end(&mut text)?;
    Ok(text)
}

#[derive(Debug, Error)]
#[error("{} cannot be read: {reason}", .path.display())]
struct LoadError {
    path: PathBuf,
    reason: String,
}

impl Explain for LoadError {
    fn kind(&self) -> &'static str {
        "lock-unreadable"
    }

    fn hint(&self) -> Option<String> {
        Some("it is a text file beside the manifest; correct its permissions".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn no_file_is_no_lock_and_a_file_that_is_none_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.lock");
        assert_eq!(read(&path), Ok(None));
        std::fs::write(&path, "version = 1\n").unwrap();
        assert_eq!(read(&path), Ok(Some(LockFile::default())));
        for (content, kind) in [
            (&b"\xff"[..], "lock-unreadable"),
            (b"version = 7\n", "unknown-lock-version"),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read(&path).unwrap_err().as_slice()[0].kind, kind);
        }
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [folder.path(), &pipe] {
            let problems = read(path).unwrap_err();
            assert_eq!(problems.as_slice()[0].kind, "lock-unreadable");
        }
    }
}
