//! Files of this user that runs add to: never through a link, and never what others could write
//! to.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::libc;

const OTHERS_WRITE: u32 = 0o022;
const ALL_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const STICKY: u32 = 0o1000;
/// Why what another user made is not used.
pub(crate) const FOREIGN: &str = "belongs to another user";
/// How long to sleep between two attempts to lock: less than a write to a disk takes.
const PAUSE: Duration = Duration::from_micros(300);

/// Why such a file cannot be used.
#[derive(Debug)]
pub(crate) enum OwnFileError {
    /// The kernel refused a step.
    Io {
        path: PathBuf,
        /// What was tried, as a participle.
        doing: &'static str,
        reason: io::ErrorKind,
    },
    /// Others could write to it, or have it already.
    Exposed {
        path: PathBuf,
        /// Completes a sentence that begins with the path.
        reason: &'static str,
    },
}

impl OwnFileError {
    pub(crate) fn io<'a>(
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

/// Makes such an error one of those who use these files: their enums have the same two variants.
macro_rules! from_own_file {
    ($error:ident) => {
        impl From<$crate::own_file::OwnFileError> for $error {
            fn from(error: $crate::own_file::OwnFileError) -> Self {
                use $crate::own_file::OwnFileError;
                match error {
                    OwnFileError::Io {
                        path,
                        doing,
                        reason,
                    } => Self::Io {
                        path,
                        doing,
                        reason,
                    },
                    OwnFileError::Exposed { path, reason } => Self::Exposed { path, reason },
                }
            }
        }
    };
}
pub(crate) use from_own_file;

/// Takes the lock on the file at `path`, which is made if it is missing and never moved, and
/// answers that file. Nothing, if others have had it for as long as `patience`.
pub(crate) fn lock(path: &Path, patience: Duration) -> Result<Option<File>, OwnFileError> {
    let begun = Instant::now();
    loop {
        let (file, _) = to_update(path)?;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(OwnFileError::io(path, "locked")(error)),
                TryLockError::WouldBlock if begun.elapsed() < patience => thread::sleep(PAUSE),
                TryLockError::WouldBlock => return Ok(None),
            }
        }
        // Somebody may have removed it while we waited, and another may have made a new one.
        let metadata = file.metadata();
        if metadata.is_ok_and(|metadata| metadata.nlink() > 0) {
            return Ok(Some(file));
        }
    }
}

/// Opens a file for adding to it, and makes it if it is missing.
pub(crate) fn to_append(path: &Path) -> Result<(File, Metadata), OwnFileError> {
    open(path, File::options().append(true).read(true).create(true))
}

/// Opens a file for reading and writing, and makes it if it is missing.
pub(crate) fn to_update(path: &Path) -> Result<(File, Metadata), OwnFileError> {
    open(path, File::options().write(true).read(true).create(true))
}

/// Opens a file that was written.
pub(crate) fn to_read(path: &Path) -> Result<(File, Metadata), OwnFileError> {
    open(path, File::options().read(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> Result<(File, Metadata), OwnFileError> {
    // A pipe must not make the launcher wait, nor a terminal become its own.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = options.mode(0o600).custom_flags(flags.bits()).open(path);
    let file = file.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => exposed(path, "is a link"),
        // What a pipe that nobody reads, and a socket, say.
        Some(libc::ENXIO) => exposed(path, "is no regular file"),
        _ => OwnFileError::io(path, "opened")(error),
    })?;
    let metadata = file.metadata().map_err(OwnFileError::io(path, "opened"))?;
    judge(path, &metadata)?;
    Ok((file, metadata))
}

fn judge(path: &Path, metadata: &Metadata) -> Result<(), OwnFileError> {
    if !metadata.is_file() {
        return Err(exposed(path, "is no regular file"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(exposed(path, FOREIGN));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(exposed(path, "can be written by other users"));
    }
    Ok(())
}

/// Who could put another file in the place of ours in a folder of this owner, group and mode, as
/// the end of a sentence that begins with its path.
///
/// Where a folder is sticky, nobody else takes away what is ours but its owner. The group of this user
/// may write: many systems give each user one of their own, and make folders so.
#[must_use]
pub fn who_could_replace(owner: u32, group: u32, mode: u32) -> Option<&'static str> {
    if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        return Some("is a folder of another user");
    }
    if mode & STICKY != 0 {
        return None;
    }
    if mode & ALL_WRITE != 0 {
        return Some("is a folder that all users can write to");
    }
    let is_of_others = group != nix::unistd::getegid().as_raw();
    let is_open = mode & GROUP_WRITES != 0 && is_of_others;
    is_open.then_some("is a folder that other users of its group can write to")
}

/// Whoever can write to the folder can put another file there.
pub(crate) fn judge_folder(path: &Path) -> Result<(), OwnFileError> {
    let metadata = of_folder(path)?;
    match who_could_replace(metadata.uid(), metadata.gid(), metadata.mode()) {
        Some(reason) => Err(exposed(folder(path), reason)),
        None => Ok(()),
    }
}

/// The same for a folder that users may share, since nothing in it is worth replacing.
pub(crate) fn judge_shared_folder(path: &Path) -> Result<(), OwnFileError> {
    let mode = of_folder(path)?.mode();
    if mode & ALL_WRITE != 0 && mode & STICKY == 0 {
        let reason = "is a folder that all users can write to";
        return Err(exposed(folder(path), reason));
    }
    Ok(())
}

fn of_folder(path: &Path) -> Result<Metadata, OwnFileError> {
    let metadata = folder(path).metadata();
    metadata.map_err(OwnFileError::io(path, "opened"))
}

/// Brings the names in the folder to the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), OwnFileError> {
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    synced.map_err(OwnFileError::io(path, "brought to the disk"))
}

pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The same path with something behind its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

pub(crate) fn is_missing(error: &OwnFileError) -> bool {
    matches!(
        error,
        OwnFileError::Io {
            reason: io::ErrorKind::NotFound,
            ..
        }
    )
}

fn exposed(path: &Path, reason: &'static str) -> OwnFileError {
    let path = path.to_owned();
    OwnFileError::Exposed { path, reason }
}

#[cfg(test)]
mod tests {
    use nix::unistd::{getegid, geteuid};

    use super::*;

    #[test]
    fn a_folder_is_trusted_if_nobody_but_its_user_and_root_can_replace_what_is_in_it() {
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        let (stranger, strangers) = (user + 1, group + 1);
        let is_trusted = |owner, group, mode| who_could_replace(owner, group, mode).is_none();
        for owner in [user, 0] {
            for group in [group, strangers] {
                for mode in [0o700, 0o755, 0o1777, 0o1775] {
                    assert!(is_trusted(owner, group, mode), "{owner} {group} {mode:o}");
                }
                for mode in [0o777, 0o707, 0o702] {
                    assert!(!is_trusted(owner, group, mode), "{owner} {group} {mode:o}");
                }
            }
            // The usual mode where each user has a group alone.
            assert!(is_trusted(owner, group, 0o775));
            assert!(!is_trusted(owner, strangers, 0o775));
            assert!(!is_trusted(owner, strangers, 0o2770));
        }
        for mode in [0o700, 0o755, 0o1777] {
            assert!(!is_trusted(stranger, group, mode), "{mode:o}");
        }
    }
}
