//! New files that will take the place of others: written where nobody looks for them, and moved
//! when they are whole.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A new file in the same folder, since a rename does not leave its file system. Its name is
/// random: a process is no name, since threads share one, and each container has a process 1.
pub(crate) fn create(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{:016x}", RandomState::new().hash_one(name)));
    let beside = path.with_file_name(hidden);
    // `create_new` follows no link, and takes nobody's file away.
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o600);
    let file = file.open(&beside)?;
    Ok((beside, file))
}
