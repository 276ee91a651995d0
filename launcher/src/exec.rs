//! Becomes the command: the same process, with nothing of the launcher left in it.
//!
//! What the command sees is what it would see had the launcher's parent started it
//! itself. Most of the launcher ends with `execve`: memory, threads, handlers, and
//! descriptors, which are all close-on-exec. What would outlive it is put back:
//! - the signals that the parent had ignored, and SIGPIPE, which is ignored before `main`;
//! - standard descriptors that the parent had closed, where `/dev/null` is opened before
//!   `main`;
//! - the limit for core dumps, by [`Hardened`].
//!
//! The first two are noted, and changed, in a function that the loader calls before `main`.
//! Signal mask, umask, working directory, and the other limits are never changed.
//!
//! This file must not decide what is executed or with which environment: it has `unsafe` in it.

#![expect(
    unsafe_code,
    reason = "dispositions, raw descriptors, and the call before main have no safe form"
)]

use std::convert::Infallible;
use std::ffi::{CStr, CString, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{ForkResult, Pid, SysconfVar, execve, sysconf};

pub use error::ExecError;

use crate::deliver::DeliveredFiles;
use crate::environment::{ChildEnvironment, Limits};
use crate::harden::Hardened;
use crate::program::Program;

mod error;

/// What shells use for a script without a `#!` line.
const SHELL: &CStr = c"/bin/sh";

/// Replaces this process by `program`. Returns only if that fails; then the delivered
/// files are removed.
///
/// `arguments` begins with the name under which the command was called.
pub fn replace(
    program: &Path,
    arguments: Vec<OsString>,
    environment: &ChildEnvironment,
    files: DeliveredFiles,
    hardened: Hardened,
) -> ExecError {
    match try_replace(program, arguments, environment, &files, hardened) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn try_replace(
    program: &Path,
    arguments: Vec<OsString>,
    environment: &ChildEnvironment,
    files: &DeliveredFiles,
    hardened: Hardened,
) -> Result<Infallible, ExecError> {
    let path = terminated(program.as_os_str().as_bytes().to_vec())?;
    let arguments = arguments
        .into_iter()
        .map(|argument| terminated(argument.into_vec()))
        .collect::<Result<Vec<CString>, ExecError>>()?;
    let environment: Vec<&CStr> = environment.strings().collect();

    files
        .let_through()
        .map_err(|errno| ExecError::of(program, &Program::Unknown, errno))?;
    hardened.undo();

    let errno = execute(&path, &arguments, &environment);
    let found = Program::at(program);
    if errno == Errno::ENOEXEC && found.is_for_the_shell() {
        let script = [SHELL, &path];
        let rest = arguments.iter().skip(1).map(CString::as_c_str);
        let arguments: Vec<&CStr> = script.into_iter().chain(rest).collect();
        let errno = execute(SHELL, &arguments, &environment);
        let shell = Path::new("/bin/sh");
        return Err(ExecError::of(shell, &Program::at(shell), errno));
    }
    Err(ExecError::of(program, &found, errno))
}

/// Returns only if it failed. Then this process is what it was before: there is something to say, and
/// who reads it may be gone.
fn execute(path: &CStr, arguments: &[impl AsRef<CStr>], environment: &[impl AsRef<CStr>]) -> Errno {
    restore_inherited();
    let Err(errno) = execve(path, arguments, environment);
    open_standard_descriptors();
    ignore_closed_pipes();
    errno
}

fn terminated(bytes: Vec<u8>) -> Result<CString, ExecError> {
    CString::new(bytes).map_err(|_| ExecError::NulInArgument)
}

/// The limits for what `execve` passes on, as they are for this process.
#[must_use]
pub fn limits() -> Limits {
    const USUAL_PAGE: usize = 4096;
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    let page = page.and_then(|bytes| usize::try_from(bytes).ok());
    // Without an answer the least that the kernel takes: this check explains, the kernel decides.
    let stack = getrlimit(Resource::RLIMIT_STACK).map_or(0, |(soft, _)| soft);
    Limits::new(page.unwrap_or(USUAL_PAGE), stack)
}

/// A second descriptor for `file`, the lowest free one from `first` on; close-on-exec.
pub(crate) fn duplicate_from(file: &OwnedFd, first: c_int) -> io::Result<OwnedFd> {
    // SAFETY: no pointers; `file` is open for the time of the call.
    let number = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, first) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor, and nothing else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A second process like this one: `None` in it, its id in this one. Only for a process with
/// one thread: what other threads were doing would stay half done in the second one.
pub(crate) fn fork() -> nix::Result<Option<Pid>> {
    // SAFETY: called by the parent of a watched command alone, which starts no thread: it
    // resolves nothing itself.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// Lets children be waited for, also where the parent wants none of its own to be.
pub(crate) fn keep_ended_children() {
    // SAFETY: the default disposition runs no code of this process.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Sends a signal by its number, which may be one of those without a name.
pub(crate) fn send(process: Pid, signal: c_int) -> nix::Result<()> {
    // SAFETY: no pointers; the kernel judges both numbers.
    Errno::result(unsafe { libc::kill(process.as_raw(), signal) }).map(drop)
}

/// Dies of a signal that another process died of. Returns if that is not possible: process 1
/// is not killed by its own signals.
pub(crate) fn die_of(signal: c_int) {
    let mut others = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `others` is written before it is read; the default disposition runs no code of
    // this process. What is pending besides stays blocked.
    unsafe {
        libc::sigfillset(others.as_mut_ptr());
        libc::sigdelset(others.as_mut_ptr(), signal);
        libc::signal(signal, libc::SIG_DFL);
        libc::pthread_sigmask(libc::SIG_SETMASK, others.as_ptr(), ptr::null_mut());
        libc::raise(signal);
    }
}

/// Signals whose disposition something in the launcher may change: Rust's runtime where it is used,
/// the WebAssembly engine, the alarm that watches it, and the parent of a watched command. A
/// handler ends with `execve`; an ignored signal would stay ignored, so only those have to be put
/// back, and SIGPIPE, which is ignored now.
const TOUCHED_SIGNALS: [c_int; 7] = [
    libc::SIGURG,
    libc::SIGCHLD,
    libc::SIGPIPE,
    libc::SIGILL,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
];

/// One bit for each of [`TOUCHED_SIGNALS`] that was ignored, by its number.
static IGNORED_AT_START: AtomicU32 = AtomicU32::new(0);

/// One bit for each of the descriptors 0 to 2 that was closed.
static CLOSED_AT_START: AtomicU32 = AtomicU32::new(0);

// SAFETY: the loader calls each function of this section once, before `main`, with
// arguments that a C function may leave unread. `before_main` calls nothing that needs
// Rust's runtime, and does not unwind.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    share_one_heap();
    let ignored = TOUCHED_SIGNALS
        .into_iter()
        .filter(|signal| is_ignored(*signal));
    IGNORED_AT_START.store(ignored.map(bit).sum(), Ordering::Relaxed);
    let closed = (0..=2).filter(|descriptor| is_closed(*descriptor));
    CLOSED_AT_START.store(closed.map(bit).sum(), Ordering::Relaxed);
    open_standard_descriptors();
    ignore_closed_pipes();
}

/// A closed pipe is an error of a write, which is looked at.
fn ignore_closed_pipes() {
    // SAFETY: an ignored signal runs no code of this process.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// No file of ours must get the number of a standard descriptor: what is written to standard error
/// would be written into it.
fn open_standard_descriptors() {
    for _ in 0..CLOSED_AT_START.load(Ordering::Relaxed).count_ones() {
        // SAFETY: the path ends with a NUL. The lowest free number is taken, which is one of those
        // that are closed.
        if unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) } == -1 {
            // SAFETY: ends the process.
            unsafe { libc::abort() };
        }
    }
}

/// The watchdog of the validators is the only other thread, and allocates next to nothing. A
/// heap of its own, which glibc would map for it, costs more than the thread: mapping and
/// unmapping hold up the page faults of the main thread.
fn share_one_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no pointers; it is called before there is a second thread.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

fn bit(number: c_int) -> u32 {
    1 << number
}

fn is_ignored(signal: c_int) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action nothing changes; `now` is written before it is read,
    // which it is only after success.
    unsafe {
        libc::sigaction(signal, ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

fn is_closed(descriptor: c_int) -> bool {
    // SAFETY: no pointers; any number may be asked about.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) == -1 }
}

/// Whether what is written to standard error goes nowhere since the parent had closed it.
pub(crate) fn is_without_stderr() -> bool {
    CLOSED_AT_START.load(Ordering::Relaxed) & bit(libc::STDERR_FILENO) != 0
}

fn restore_inherited() {
    let ignored = IGNORED_AT_START.load(Ordering::Relaxed);
    for signal in TOUCHED_SIGNALS {
        let was_ignored = ignored & bit(signal) != 0;
        if was_ignored || signal == libc::SIGPIPE {
            let disposition = if was_ignored {
                libc::SIG_IGN
            } else {
                libc::SIG_DFL
            };
            // SAFETY: neither disposition runs code of this process.
            unsafe { libc::signal(signal, disposition) };
        }
    }
    let closed = CLOSED_AT_START.load(Ordering::Relaxed);
    for descriptor in (0..=2).filter(|descriptor| closed & bit(*descriptor) != 0) {
        // SAFETY: behind it is the `/dev/null` that was opened before `main`, which nothing
        // owns; `println!` and the like meet an error, which they are made for.
        unsafe { libc::close(descriptor) };
    }
}
