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
//! - unless the command starts, or runs already, [`DeliveredFiles`] takes every file away
//!   again.
//!
//! This module decides nothing about which secrets are files, and starts nothing.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, SealFlag, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{Mode, fchmod};
use secret_runtime::manifest::FileMode;
use secret_runtime::secret::SecretValue;

pub use self::error::{DeliverError, Failure};
use self::placed::PlacedFile;
use crate::exec::duplicate_from;

mod error;
mod placed;

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
    /// With the entries that they are for.
    placed: Vec<(String, PlacedFile)>,
}

/// What the command's environment gets: `NAME_FILE` and the path.
pub type FileVariables = Vec<(String, SecretValue)>;

impl DeliveredFiles {
    /// Makes the files, and the variables that name them. What has a path is not there yet:
    /// whatever is in its place stays until [`put_in_place`](Self::put_in_place).
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
                let file = PlacedFile::write(&path, request.value, *mode)?;
                self.placed.push((request.name.to_owned(), file));
                Ok(path.into())
            }
        }
    }

    /// Gives every file with a path its name, each in one step.
    ///
    /// # Errors
    /// The first that the kernel refuses, although its directory was there a moment ago.
    pub fn put_in_place(&mut self) -> Result<(), DeliverError> {
        for (name, file) in &mut self.placed {
            file.put_in_place().map_err(|failure| DeliverError {
                name: name.clone(),
                failure,
            })?;
        }
        Ok(())
    }

    /// Leaves those that are in their place to a command that runs.
    pub(crate) fn leave(mut self) {
        self.placed.drain(..).for_each(|(_, file)| file.leave());
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

#[cfg(test)]
mod tests {
    use secret_runtime::error::Explain;

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
