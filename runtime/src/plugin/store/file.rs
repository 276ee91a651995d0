//! Who could have changed a file, and whether somebody did.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::record::ArtifactRecord;

/// Which file it is and when it was last changed, as the kernel tells. A program can set
/// the time of modification, but not that of the last change of the inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The SHA-256 of all that a reader gives, in lower-case hexadecimal.
///
/// # Errors
/// What reading gives.
pub fn digest_of(mut source: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut source, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

/// Whether there is a folder; an error if others could have put something into it.
pub(super) fn judge_folder(path: &Path) -> Result<bool, StoreError> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(false),
        Err(error) => return Err(unreadable(path, &error)),
    };
    if !metadata.is_dir() {
        return Err(exposed(path, "is no folder"));
    }
    judge(path, &metadata)?;
    // Who can write to the folder above can exchange this one.
    if let Some(above) = path.parent()
        && let Ok(metadata) = above.metadata()
    {
        judge(above, &metadata)?;
    }
    Ok(true)
}

/// Opens a file of the store; `None` if there is none.
pub(super) fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = File::options()
        .read(true)
        .custom_flags(flags.bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(exposed(path, "is a link"));
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(exposed(path, "is no regular file"));
    }
    judge(path, &metadata)?;
    Ok(Some((file, metadata)))
}

/// An artifact is what its record says: by its stamp, else by its digest.
pub(super) fn judge_artifact(path: &Path, record: &ArtifactRecord) -> Result<(), StoreError> {
    let Some((file, metadata)) = open(path)? else {
        let path = path.to_owned();
        return Err(StoreError::Missing { path });
    };
    if record.stamp == Stamp::of(&metadata) {
        return Ok(());
    }
    let digest = digest_of(file).map_err(|error| unreadable(path, &error))?;
    if digest == record.sha256 {
        return Ok(());
    }
    let path = path.to_owned();
    Err(StoreError::Changed { path })
}

fn judge(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    const OTHERS_WRITE: u32 = 0o022;
    let owner = metadata.uid();
    if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        return Err(exposed(path, "belongs to another user"));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(exposed(path, "can be changed by other users"));
    }
    Ok(())
}

fn exposed(path: &Path, reason: &'static str) -> StoreError {
    let path = path.to_owned();
    StoreError::Exposed { path, reason }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        doing: "read",
        reason: error.kind().to_string(),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
