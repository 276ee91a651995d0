//! Opening a file below a directory, and never anywhere else.
//!
//! The kernel does it in one step where it can (`openat2`). Where that call is missing
//! or a sandbox forbids it, each part of the path is opened from the one before without
//! following links, and links are resolved by hand: a rename in between can make such a
//! walk fail, but cannot lead it out, since it never holds anything that is not below.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{self, OFlag, OpenHow, ResolveFlag};
use nix::sys::stat::{self, Mode, SFlag};
use nix::unistd;

/// As many links as the kernel itself follows.
const LINKS: usize = 40;
/// So often a walk is begun again that was disturbed by a rename.
const ATTEMPTS: usize = 8;

/// How a file is opened. A pipe must not make the launcher wait, nor a terminal become its own.
const READING: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY)
    .union(OFlag::O_CLOEXEC);

/// A directory that stays the same one, whatever happens to its name.
pub(super) struct Directory {
    handle: OwnedFd,
    by_hand: bool,
}

/// A file, and what is known of it. Nothing of it was read.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) facts: Facts,
}

impl Opened {
    fn of(handle: OwnedFd) -> Result<Self, Errno> {
        let facts = facts(handle.as_fd())?;
        Ok(Self {
            file: File::from(handle),
            facts,
        })
    }
}

/// What decides whether a file is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) owner: u32,
    /// The user that we act as.
    pub(super) user: u32,
    pub(super) size: u64,
    /// Whether it is a regular file.
    pub(super) regular: bool,
}

impl Directory {
    /// Opens `path`, following links in it: it is the user's own.
    pub(super) fn open(path: &Path) -> Result<(Self, Facts), Errno> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let handle = fcntl::open(path, flags, Mode::empty())?;
        let facts = facts(handle.as_fd())?;
        let directory = Self {
            handle,
            by_hand: false,
        };
        Ok((directory, facts))
    }

    /// The same directory, without the kernel's help.
    #[cfg(test)]
    pub(super) fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// Opens a file for reading. It may turn out not to be a regular one: look at the
    /// facts before reading.
    pub(super) fn open_file(&self, name: &str) -> Result<Opened, Errno> {
        Opened::of(self.below(name, READING)?)
    }

    /// The same for a file that lies in the directory itself, with no link or folder on the way, as most
    /// do. Nothing, if it is none such or the kernel does not help.
    pub(super) fn open_within(&self, name: &str) -> Option<Opened> {
        if self.by_hand || name.contains('/') {
            return None;
        }
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
        let how = OpenHow::new().flags(READING).resolve(resolve);
        Opened::of(fcntl::openat2(&self.handle, name, how).ok()?).ok()
    }

    /// The folders on the way to `name` below this one, also those that links lead through, as far as it
    /// can be gone.
    pub(super) fn folders(&self, name: &str) -> Vec<(PathBuf, Facts)> {
        let mut folders = Vec::new();
        // What is wrong with the way is seen by whoever opens what is at its end.
        let _ = walk(
            self.handle.as_fd(),
            name.as_ref(),
            OFlag::O_PATH | OFlag::O_CLOEXEC,
            &mut |path, facts| folders.push((path, facts)),
        );
        folders
    }

    /// Whether each part of `name` is there, links not followed. Asked of a name that
    /// leads to nothing, this tells a link that leads to nothing.
    pub(super) fn has_link(&self, name: &str) -> bool {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let ends = name
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([name.len()]);
        for end in ends {
            let Ok(handle) = self.below(&name[..end], flags) else {
                return false;
            };
            if kind(handle.as_fd()) == Ok(SFlag::S_IFLNK) {
                let there = self.below(&name[..end], OFlag::O_PATH | OFlag::O_CLOEXEC);
                if there.is_err() {
                    return true;
                }
            }
        }
        false
    }

    fn below(&self, name: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let mut outcome = Err(Errno::EAGAIN);
        for _ in 0..ATTEMPTS {
            outcome = if self.by_hand {
                walk(self.handle.as_fd(), name.as_ref(), flags, &mut |_, _| {})
            } else {
                self.ask_kernel(name, flags)
            };
            if !matches!(outcome, Err(Errno::EAGAIN)) {
                break;
            }
        }
        outcome
    }

    fn ask_kernel(&self, name: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new().flags(flags).resolve(resolve);
        match fcntl::openat2(&self.handle, name, how) {
            Err(Errno::ENOSYS | Errno::EPERM) => {
                walk(self.handle.as_fd(), name.as_ref(), flags, &mut |_, _| {})
            }
            outcome => outcome,
        }
    }
}

/// Opens `name` below `root` part by part. `told` hears of each folder that is entered.
fn walk(
    root: BorrowedFd<'_>,
    name: &OsStr,
    flags: OFlag,
    told: &mut dyn FnMut(PathBuf, Facts),
) -> Result<OwnedFd, Errno> {
    let mut entered: Vec<OwnedFd> = Vec::new();
    let mut here_is = PathBuf::new();
    let mut ahead: VecDeque<OsString> = parts(name).collect();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if part == "." {
            continue;
        }
        if part == ".." {
            // Up is where we came from; above the root there is nothing.
            entered.pop().ok_or(Errno::EXDEV)?;
            here_is.pop();
            continue;
        }
        let here = entered.last().map_or(root, AsFd::as_fd);
        let pin = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let pinned = fcntl::openat(here, part.as_os_str(), pin, Mode::empty())?;
        let last = ahead.is_empty();
        let kind = kind(pinned.as_fd())?;
        if kind == SFlag::S_IFLNK {
            if last && flags.contains(OFlag::O_NOFOLLOW) {
                return Ok(pinned);
            }
            links += 1;
            if links > LINKS {
                return Err(Errno::ELOOP);
            }
            let target = fcntl::readlinkat(&pinned, "")?;
            if target.as_bytes().starts_with(b"/") {
                return Err(Errno::EXDEV);
            }
            for part in parts(&target).rev() {
                ahead.push_front(part);
            }
            continue;
        }
        if last {
            return match fcntl::openat(
                here,
                part.as_os_str(),
                flags | OFlag::O_NOFOLLOW,
                Mode::empty(),
            ) {
                // It was no link a moment ago.
                Err(Errno::ELOOP) => Err(Errno::EAGAIN),
                outcome => outcome,
            };
        }
        if kind != SFlag::S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        here_is.push(&part);
        told(here_is.clone(), facts(pinned.as_fd())?);
        entered.push(pinned);
    }
    // The name ended in `.` or `..`: a directory that was entered, or the root.
    let end = entered.last().map_or(root, AsFd::as_fd);
    fcntl::openat(end, ".", flags | OFlag::O_NOFOLLOW, Mode::empty())
}

/// The parts of a name. That a name ends in a slash, and so means a directory, is kept.
fn parts(name: &OsStr) -> impl DoubleEndedIterator<Item = OsString> {
    name.as_bytes().split(|byte| *byte == b'/').map(|part| {
        let part = if part.is_empty() { b"." } else { part };
        OsString::from_vec(part.to_vec())
    })
}

fn kind(handle: BorrowedFd<'_>) -> Result<SFlag, Errno> {
    Ok(kind_of(stat::fstat(handle)?.st_mode))
}

fn facts(handle: BorrowedFd<'_>) -> Result<Facts, Errno> {
    let facts = stat::fstat(handle)?;
    Ok(Facts {
        mode: facts.st_mode & 0o7777,
        owner: facts.st_uid,
        user: unistd::geteuid().as_raw(),
        // A size is never negative; if it were, it would be no more than a bad hint.
        size: u64::try_from(facts.st_size).unwrap_or(0),
        regular: kind_of(facts.st_mode) == SFlag::S_IFREG,
    })
}

fn kind_of(mode: stat::mode_t) -> SFlag {
    SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits())
}

#[cfg(test)]
mod tests;
