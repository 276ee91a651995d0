//! Opening the files of a log: never through a link, and never what others could write to.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::libc;

use super::error::AuditError;

const OTHERS_WRITE: u32 = 0o022;
const ALL_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Opens a file for adding to it, and makes it if it is missing.
pub(super) fn to_append(path: &Path) -> Result<(File, Metadata), AuditError> {
    open(path, File::options().append(true).read(true).create(true))
}

/// Opens the file that knows the end.
pub(super) fn to_update(path: &Path) -> Result<(File, Metadata), AuditError> {
    open(path, File::options().write(true).read(true).create(true))
}

/// Opens a file that was written, to continue behind it.
pub(super) fn to_read(path: &Path) -> Result<(File, Metadata), AuditError> {
    open(path, File::options().read(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> Result<(File, Metadata), AuditError> {
    // A pipe must not make the launcher wait, nor a terminal become its own.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = options.mode(0o600).custom_flags(flags.bits()).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => exposed(path, "is a link"),
        // What a pipe that nobody reads, and a socket, say.
        Some(libc::ENXIO) => exposed(path, "is no regular file"),
        _ => AuditError::io(path, "opened")(error),
    })?;
    let metadata = file.metadata().map_err(AuditError::io(path, "opened"))?;
    judge(path, &metadata)?;
    Ok((file, metadata))
}

fn judge(path: &Path, metadata: &Metadata) -> Result<(), AuditError> {
    if !metadata.is_file() {
        return Err(exposed(path, "is no regular file"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(exposed(path, "belongs to another user"));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(exposed(path, "can be written by other users"));
    }
    Ok(())
}

/// Whoever can write to the folder can put another file there.
pub(super) fn judge_folder(path: &Path) -> Result<(), AuditError> {
    let folder = folder(path);
    let metadata = folder.metadata();
    let metadata = metadata.map_err(AuditError::io(path, "opened"))?;
    if metadata.mode() & ALL_WRITE != 0 && metadata.mode() & STICKY == 0 {
        return Err(exposed(folder, "is a folder that all users can write to"));
    }
    Ok(())
}

/// Brings the names in the folder to the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), AuditError> {
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    synced.map_err(AuditError::io(path, "brought to the disk"))
}

pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The same path with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn is_missing(error: &AuditError) -> bool {
    matches!(
        error,
        AuditError::Io {
            reason: io::ErrorKind::NotFound,
            ..
        }
    )
}

fn exposed(path: &Path, reason: &'static str) -> AuditError {
    let path = path.to_owned();
    AuditError::Exposed { path, reason }
}
