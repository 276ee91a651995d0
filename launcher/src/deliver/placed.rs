//! A file at a path: written without a name, and put in its place as a whole.
//!
//! Until then the kernel takes it away whenever this process ends, by SIGKILL as well. It has
//! another name beside its place for the moment that linking and renaming take, and for longer
//! where the system has no files without names.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::libc;
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat, stat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use secret_runtime::manifest::FileMode;
use secret_runtime::own_file::who_could_replace;
use secret_runtime::secret::SecretValue;

use super::error::Failure;

/// The most bytes of a name, in all file systems that one could deliver to.
const LONGEST_NAME: usize = 255;
/// How many names are tried for a file beside its place. A crash can leave a name behind, and in a
/// container each run has the same number.
const ATTEMPTS: u32 = 100;

/// A file that was put at a path, and goes when this is dropped.
#[derive(Debug)]
pub(super) struct PlacedFile {
    directory: OwnedFd,
    /// While it has no name.
    nameless: Option<File>,
    /// Its name now: none, or another one, until it is put in its place.
    name: OsString,
    target: OsString,
    /// Which file it is: by the time it is to go, another run may have replaced it.
    device: libc::dev_t,
    inode: libc::ino_t,
}

impl Drop for PlacedFile {
    fn drop(&mut self) {
        let same = fstatat(
            &self.directory,
            self.name.as_os_str(),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )
        .is_ok_and(|now| now.st_dev == self.device && now.st_ino == self.inode);
        if same {
            // Nothing more can be done here, and the failure that led here is reported.
            let _ = unlinkat(
                &self.directory,
                self.name.as_os_str(),
                UnlinkatFlags::NoRemoveDir,
            );
        }
    }
}

impl PlacedFile {
    /// Writes it beside its place. Whatever is at `path` stays.
    pub(super) fn write(path: &Path, value: &SecretValue, mode: FileMode) -> Result<Self, Failure> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Failure::NotAFile);
        };
        // Checked and used through one descriptor: the directory cannot be swapped between.
        let directory = open(
            parent,
            OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .map_err(|errno| match errno {
            Errno::ENOENT | Errno::ENOTDIR => Failure::NoDirectory(parent.to_owned()),
            errno => Failure::step("open its directory")(errno),
        })?;
        check_directory(&directory, parent)?;
        // Found before a command is stopped for it, and not by the link or the rename.
        let longest = name.len() + format!("..{}-{ATTEMPTS}", std::process::id()).len();
        if longest > LONGEST_NAME {
            return Err(Failure::step("make a file in its directory")(
                Errno::ENAMETOOLONG,
            ));
        }
        let (file, beside) = match nameless(&directory) {
            Some(file) => (file, OsString::new()),
            None => named(&directory, name)?,
        };
        let status = fstat(&file).map_err(Failure::step("look at it"))?;
        let mut placed = Self::of(directory, beside, name, &status);
        if placed.would_replace_a_directory() {
            return Err(Failure::NotAFile);
        }
        file.write_all_at(value.expose(), 0)
            .map_err(Failure::step("write it"))?;
        fchmod(&file, Mode::from_bits_truncate(mode.bits()))
            .map_err(Failure::step("set its mode"))?;
        placed.nameless = placed.name.is_empty().then_some(file);
        Ok(placed)
    }

    fn of(directory: OwnedFd, name: OsString, target: &OsStr, status: &FileStat) -> Self {
        Self {
            directory,
            nameless: None,
            name,
            target: target.to_owned(),
            device: status.st_dev,
            inode: status.st_ino,
        }
    }

    fn would_replace_a_directory(&self) -> bool {
        let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
        fstatat(&self.directory, self.target.as_os_str(), flags)
            .is_ok_and(|found| found.st_mode & libc::S_IFMT == libc::S_IFDIR)
    }

    /// Gives it its name, in one step.
    pub(super) fn put_in_place(&mut self) -> Result<(), Failure> {
        if let Some(file) = &self.nameless {
            // A link replaces nothing, so it needs a name that can be renamed.
            let link = |name: &OsStr| {
                let flags = AtFlags::AT_SYMLINK_FOLLOW;
                linkat(AT_FDCWD, &link_to(file), &self.directory, name, flags)
            };
            let ((), name) = beside(&self.target, link)?;
            self.name = name;
            self.nameless = None;
        }
        renameat(
            &self.directory,
            self.name.as_os_str(),
            &self.directory,
            self.target.as_os_str(),
        )
        .map_err(|errno| match errno {
            Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST => Failure::NotAFile,
            errno => Failure::step("put it in its place")(errno),
        })?;
        self.target.clone_into(&mut self.name);
        Ok(())
    }

    /// Lets it stay, if it is in its place.
    pub(super) fn leave(mut self) {
        if self.name == self.target {
            // No file has an empty name, so nothing is found that could be removed.
            self.name.clear();
        }
    }
}

fn check_directory(directory: &OwnedFd, path: &Path) -> Result<(), Failure> {
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    let system = fstatfs(directory).map_err(Failure::step("ask for its file system"))?;
    // A magic number has 32 bits, in a type that differs among architectures.
    if ![TMPFS, RAMFS].contains(&(system.filesystem_type().0 as u32)) {
        return Err(Failure::OnDisk(path.to_owned()));
    }
    let status = fstat(directory).map_err(Failure::step("look at its directory"))?;
    match who_could_replace(status.st_uid, status.st_gid, status.st_mode) {
        Some(reason) => Err(Failure::OpenToOthers(path.to_owned(), reason)),
        None => Ok(()),
    }
}

/// A file of our own that has no name, where the file system and `/proc` allow for that.
fn nameless(directory: &OwnedFd) -> Option<File> {
    let flags = OFlag::O_WRONLY | OFlag::O_TMPFILE | OFlag::O_CLOEXEC;
    // Whatever it is refused for, a file with a name says why it can't be.
    let file = openat(directory, c".", flags, Mode::S_IRUSR | Mode::S_IWUSR).ok()?;
    let file = File::from(file);
    let (made, found) = (fstat(&file).ok()?, stat(&link_to(&file)).ok()?);
    let same = made.st_dev == found.st_dev && made.st_ino == found.st_ino;
    same.then_some(file)
}

/// What leads to an open file: it is its owner's also while the process is not dumpable.
fn link_to(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// A file of our own under another name than its target.
fn named(directory: &OwnedFd, target: &OsStr) -> Result<(File, OsString), Failure> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let (file, name) = beside(target, |name| openat(directory, name, flags, mode))?;
    Ok((File::from(file), name))
}

/// Makes something under a name that nothing has yet, next to where it will be.
fn beside<T>(
    target: &OsStr,
    make: impl Fn(&OsStr) -> nix::Result<T>,
) -> Result<(T, OsString), Failure> {
    let mut attempt = 0;
    loop {
        let mut name = OsString::from(".");
        name.push(target);
        name.push(format!(".{}-{attempt}", std::process::id()));
        match make(&name) {
            Ok(made) => return Ok((made, name)),
            Err(Errno::EEXIST) if attempt < ATTEMPTS => attempt += 1,
            Err(errno) => return Err(Failure::step("make a file in its directory")(errno)),
        }
    }
}
