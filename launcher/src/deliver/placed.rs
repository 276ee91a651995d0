//! A file at a path: written beside it under another name, and put in its place as a whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, renameat};
use nix::libc;
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{UnlinkatFlags, unlinkat};
use secret_runtime::manifest::FileMode;
use secret_runtime::secret::SecretValue;

use super::error::Failure;

/// A file that was put at a path, and goes when this is dropped.
#[derive(Debug)]
pub(super) struct PlacedFile {
    directory: OwnedFd,
    /// Its name now: another one until it is put in its place.
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
        let (placed, file) = new_file(directory, name)?;
        if placed.would_replace_a_directory() {
            return Err(Failure::NotAFile);
        }
        file.write_all_at(value.expose(), 0)
            .map_err(Failure::step("write it"))?;
        fchmod(&file, Mode::from_bits_truncate(mode.bits()))
            .map_err(Failure::step("set its mode"))?;
        Ok(placed)
    }

    fn would_replace_a_directory(&self) -> bool {
        let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
        fstatat(&self.directory, self.target.as_os_str(), flags)
            .is_ok_and(|found| found.st_mode & libc::S_IFMT == libc::S_IFDIR)
    }

    /// Gives it its name, in one step.
    pub(super) fn put_in_place(&mut self) -> Result<(), Failure> {
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
    let mode = Mode::from_bits_truncate(status.st_mode);
    if mode.contains(Mode::S_IWOTH) && !mode.contains(Mode::S_ISVTX) {
        return Err(Failure::OpenToOthers(path.to_owned()));
    }
    Ok(())
}

/// A file of our own under a name that nothing has yet, next to where it will be.
fn new_file(directory: OwnedFd, target: &OsStr) -> Result<(PlacedFile, File), Failure> {
    // A crash can leave a name behind, and in a container each run has the same number.
    const ATTEMPTS: u32 = 100;
    let step = || Failure::step("make a file in its directory");
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut attempt = 0;
    let (name, file) = loop {
        let mut name = OsString::from(".");
        name.push(target);
        name.push(format!(".{}-{attempt}", std::process::id()));
        match openat(
            &directory,
            name.as_os_str(),
            flags,
            Mode::S_IRUSR | Mode::S_IWUSR,
        ) {
            Ok(file) => break (name, File::from(file)),
            Err(Errno::EEXIST) if attempt < ATTEMPTS => attempt += 1,
            Err(errno) => return Err(step()(errno)),
        }
    };
    let status: FileStat = fstat(&file).map_err(step())?;
    let placed = PlacedFile {
        directory,
        name,
        target: target.to_owned(),
        device: status.st_dev,
        inode: status.st_ino,
    };
    Ok((placed, file))
}
