//! Hands values over as files: `deliver = "file"` gives the app `NAME_FILE`, a path.
//!
//! By default the file is a sealed, read-only memfd that the command inherits; its
//! path is `/proc/self/fd/N`, which the process and the children that inherit the
//! descriptor can open, each from the start of the file. With a path, it is a file on
//! tmpfs or ramfs, which whoever has the rights can open.
//!
//! Invariants:
//! - a value is never written to a disk: any other file system is refused;
//! - no symlink is followed at the target, and the file appears under its name only
//!   when it is whole;
//! - unless the command starts, [`DeliveredFiles`] takes every file away again.
//!
//! This module decides nothing about which secrets are files, and starts nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, FcntlArg, FdFlag, OFlag, SealFlag, fcntl, open, openat, renameat};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{UnlinkatFlags, unlinkat};
use secret_runtime::error::Explain;
use secret_runtime::manifest::FileMode;
use secret_runtime::secret::SecretValue;
use thiserror::Error;

use crate::exec::duplicate_from;

/// One value that the app gets as a file.
#[derive(Debug, Clone, Copy)]
pub struct FileRequest<'a> {
    /// The name of the entry; the app gets its name with `_FILE` at the end.
    pub name: &'a str,
    /// What stands in the file. Any bytes.
    pub value: &'a SecretValue,
    /// Where the file is.
    pub placement: &'a Placement,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// In memory, as a descriptor that the command inherits.
    Memory,
    /// At a path on tmpfs or ramfs.
    Path {
        /// The path; its directory has to exist.
        path: PathBuf,
        /// Who may read it.
        mode: FileMode,
    },
}

/// The files of a run. They stay if the process is replaced, and vanish when this is
/// dropped.
#[derive(Debug, Default)]
#[must_use = "dropping it removes the files"]
pub struct DeliveredFiles {
    memory: Vec<OwnedFd>,
    placed: Vec<PlacedFile>,
}

/// What the command's environment gets: `NAME_FILE` and the path.
pub type FileVariables = Vec<(String, SecretValue)>;

impl DeliveredFiles {
    /// Makes the files, and the variables that name them.
    ///
    /// The entries' own names are not among the variables: the caller also keeps the
    /// parent's variables of those names from being inherited.
    ///
    /// # Errors
    /// All requests that failed; then no file is left.
    pub fn prepare(
        requests: &[FileRequest<'_>],
    ) -> Result<(FileVariables, Self), Vec<DeliverError>> {
        let mut files = Self::default();
        let mut variables = Vec::with_capacity(requests.len());
        let mut problems = Vec::new();
        for request in requests {
            match files.make(request) {
                Ok(path) => variables.push((
                    format!("{}_FILE", request.name),
                    SecretValue::new(path.into_vec()),
                )),
                Err(failure) => problems.push(DeliverError {
                    name: request.name.to_owned(),
                    failure,
                }),
            }
        }
        if problems.is_empty() {
            Ok((variables, files))
        } else {
            Err(problems)
        }
    }

    fn make(&mut self, request: &FileRequest<'_>) -> Result<OsString, Failure> {
        match request.placement {
            Placement::Memory => {
                let file = in_memory(request.value)?;
                let path = format!("/proc/self/fd/{}", file.as_raw_fd());
                self.memory.push(file);
                Ok(path.into())
            }
            Placement::Path { path, mode } => {
                let path = std::path::absolute(path).map_err(Failure::step("resolve its path"))?;
                self.placed.push(place(&path, request.value, *mode)?);
                Ok(path.into())
            }
        }
    }

    /// Lets the descriptors survive `execve`. The last step before it, so that nothing
    /// the launcher might start gets them.
    pub(crate) fn let_through(&self) -> nix::Result<()> {
        for file in &self.memory {
            fcntl(file, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        Ok(())
    }
}

/// Where descriptors for delivered files begin: above the standard ones, and above
/// those that a script can name (`exec 3<file`) and so replace.
const FIRST_DESCRIPTOR: i32 = 10;

fn in_memory(value: &SecretValue) -> Result<OwnedFd, Failure> {
    let file = File::from(new_memfd().map_err(Failure::step("make a file in memory"))?);
    // Written by position, so that its offset stays at the start.
    file.write_all_at(value.expose(), 0)
        .map_err(Failure::step("write it"))?;
    fchmod(&file, Mode::S_IRUSR).map_err(Failure::step("make it read-only"))?;
    let seals = SealFlag::F_SEAL_SEAL
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).map_err(Failure::step("seal it"))?;
    above_named_descriptors(file.into()).map_err(Failure::step("give it a descriptor"))
}

fn new_memfd() -> nix::Result<OwnedFd> {
    // Its name is seen in /proc; the secret's own name has no business there.
    let name = c"secret-run";
    let plain = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let never_executable = MFdFlags::from_bits_retain(libc::MFD_NOEXEC_SEAL);
    match memfd_create(name, plain | never_executable) {
        // Linux before 6.3.
        Err(Errno::EINVAL) => memfd_create(name, plain),
        made => made,
    }
}

fn above_named_descriptors(file: OwnedFd) -> io::Result<OwnedFd> {
    if file.as_raw_fd() >= FIRST_DESCRIPTOR {
        return Ok(file);
    }
    duplicate_from(&file, FIRST_DESCRIPTOR)
}

/// A file that was put at a path, and goes when this is dropped.
#[derive(Debug)]
struct PlacedFile {
    directory: OwnedFd,
    name: OsString,
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

fn place(path: &Path, value: &SecretValue, mode: FileMode) -> Result<PlacedFile, Failure> {
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

    let mut placed = new_file(directory, name)?;
    let file = &placed.1;
    file.write_all_at(value.expose(), 0)
        .map_err(Failure::step("write it"))?;
    fchmod(file, Mode::from_bits_truncate(mode.bits())).map_err(Failure::step("set its mode"))?;
    renameat(
        &placed.0.directory,
        placed.0.name.as_os_str(),
        &placed.0.directory,
        name,
    )
    .map_err(|errno| match errno {
        Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST => Failure::NotAFile,
        errno => Failure::step("put it in its place")(errno),
    })?;
    name.clone_into(&mut placed.0.name);
    Ok(placed.0)
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
        device: status.st_dev,
        inode: status.st_ino,
    };
    Ok((placed, file))
}

/// Why a value could not be handed over as a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot deliver {name} as a file: {failure}")]
pub struct DeliverError {
    /// The entry that it is about.
    pub name: String,
    /// What went wrong.
    pub failure: Failure,
}

/// What can go wrong with a delivered file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The directory is on a file system that keeps its files.
    #[error("{} is not on tmpfs or ramfs, and a value is never written to a disk", .0.display())]
    OnDisk(PathBuf),
    /// The directory is not there.
    #[error("the directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// Others could replace the file.
    #[error("{} can be written by other users", .0.display())]
    OpenToOthers(PathBuf),
    /// The path is that of a directory.
    #[error("its path is not that of a file")]
    NotAFile,
    /// The kernel refused a step.
    #[error("could not {step}: {}", .errno.desc())]
    Step {
        /// What was tried.
        step: &'static str,
        /// What the kernel said.
        errno: Errno,
    },
}

impl Failure {
    fn step<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Step {
            step,
            errno: Errno::from_raw(error.into().raw_os_error().unwrap_or(libc::EIO)),
        }
    }
}

impl Explain for DeliverError {
    fn kind(&self) -> &'static str {
        match self.failure {
            Failure::OnDisk(_) => "file-on-disk",
            Failure::NoDirectory(_) => "file-no-directory",
            Failure::OpenToOthers(_) => "file-directory-open",
            Failure::NotAFile => "file-not-a-file",
            Failure::Step { .. } => "file-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.failure {
            Failure::OnDisk(_) => "leave the path out, so that the file is in memory alone, or \
                choose a directory on tmpfs, such as one under /dev/shm or /run"
                .to_owned(),
            Failure::NoDirectory(path) => {
                format!(
                    "make it before the start: install -d -m 0700 {}",
                    path.display()
                )
            }
            Failure::OpenToOthers(path) => format!("chmod o-w {}", path.display()),
            Failure::NotAFile => "give the path of a file; it replaces what is there".to_owned(),
            Failure::Step { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_of_all_requests_are_said_and_none_has_a_value() {
        let value = SecretValue::copy_of(b"hunter2");
        let placement = Placement::Path {
            path: "/proc/secret".into(),
            mode: FileMode::default(),
        };
        let request = |name| FileRequest {
            name,
            value: &value,
            placement: &placement,
        };
        let Err(problems) = DeliveredFiles::prepare(&[request("A"), request("B")]) else {
            panic!("procfs was taken for a file system in memory");
        };
        let names: Vec<&str> = problems
            .iter()
            .map(|problem| problem.name.as_str())
            .collect();
        assert_eq!(names, ["A", "B"]);
        for problem in problems {
            let shown = format!("{problem} {problem:?} {:?}", problem.hint());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
