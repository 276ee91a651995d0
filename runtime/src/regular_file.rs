//! Reading files that somebody has named: one that is no regular file may never answer, or never
//! end.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// What is known of a regular file. Others need not even be opened to be refused.
///
/// # Errors
/// When there is no such file, or it is of another kind.
pub fn metadata(path: &Path) -> io::Result<Metadata> {
    regular(path.metadata()?)
}

/// Opens a regular file for reading.
///
/// # Errors
/// When there is no such file, it is of another kind, or can't be opened.
pub fn open(path: &Path) -> io::Result<File> {
    metadata(path)?;
    // Whatever is there by now: a pipe must not make the launcher wait, nor a terminal become its
    // own.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let mut options = File::options();
    let file = options.read(true).custom_flags(flags.bits()).open(path)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// When there is no such file, it is of another kind, can't be read, or is larger.
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed shows that there is more.
    let mut bounded = open(path)?.take(limit as u64 + 1);
    if bounded.read_to_end(&mut bytes)? > limit {
        let text = format!("it is larger than {} MiB", limit.div_ceil(1024 * 1024));
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Why that failed, for a message that has named the file.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.get_ref() {
        Some(own) => own.to_string(),
        None => error.kind().to_string(),
    }
}

fn regular(metadata: Metadata) -> io::Result<Metadata> {
    if metadata.is_file() {
        return Ok(metadata);
    }
    let text = "it is no regular file";
    Err(io::Error::new(ErrorKind::InvalidInput, text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use nix::sys::stat::Mode;

    use super::*;

    #[test]
    fn what_has_no_end_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        for path in [&*pipe, folder.path(), Path::new("/dev/zero")] {
            let error = open(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(reason(&error), "it is no regular file");
        }
    }

    #[test]
    fn no_more_is_read_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let missing = read(&path, 5).unwrap_err();
        assert_eq!(reason(&missing), "entity not found");
        std::fs::write(&path, "dummy").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"dummy");
        let error = read(&path, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(reason(&error), "it is larger than 1 MiB");
    }

    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "dummy").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"dummy");
    }
}
