//! Signals to the parent, and which of them the command has already.
//!
//! All signals are blocked in the parent and read from a descriptor, so that none is lost and
//! none interrupts anything; the kernel ends a process that faults all the same.
//!
//! With a terminal, the command stays in the parent's process group, as the commands of a shell
//! script do: the terminal belongs to the group, and others of it may be part of the same
//! pipeline. What keys do (Ctrl-C, Ctrl-Z) and a change of its size reach the command without
//! the parent, and are not sent twice. Without a terminal, the command has a group of its own:
//! what is sent to the parent's group is forwarded once, and what a command leaves behind when
//! it is restarted can be found.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::{self, c_int};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{getpid, getsid};

/// The signals of this process.
pub(super) struct Signals {
    queue: SignalFd,
    /// Which signals were blocked before.
    inherited: SigSet,
    terminal: bool,
    leads_session: bool,
}

/// A signal that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) number: c_int,
    /// Whether the command has it, too.
    pub(super) shared: bool,
}

impl Signals {
    /// Holds all signals back from now on.
    pub(super) fn hold() -> nix::Result<Self> {
        let all = SigSet::all();
        let inherited = all.thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let queue = SignalFd::with_flags(&all, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self {
            queue,
            inherited,
            terminal: has_terminal(),
            leads_session: getsid(None).is_ok_and(|leader| leader == getpid()),
        })
    }

    /// What the command starts with.
    pub(super) fn inherited(&self) -> SigSet {
        self.inherited
    }

    /// Whether there is a terminal that keys of can reach the command.
    pub(super) fn terminal(&self) -> bool {
        self.terminal
    }

    /// The next one. None of this process itself, as when it writes to a pipe that is closed.
    pub(super) fn next(&self) -> Option<Arrived> {
        loop {
            let info = match self.queue.read_signal() {
                Ok(Some(info)) => info,
                Err(Errno::EINTR) => continue,
                Ok(None) | Err(_) => return None,
            };
            let number = c_int::try_from(info.ssi_signo).unwrap_or_default();
            let by_kernel = info.ssi_code == libc::SI_KERNEL;
            let own = !by_kernel && info.ssi_pid == std::process::id();
            // A child has ended, which is looked for anyway.
            let of_child = number == libc::SIGCHLD && info.ssi_code > 0;
            if !own && !of_child {
                let shared = by_kernel && self.reaches_group(number);
                return Some(Arrived { number, shared });
            }
        }
    }

    /// Stops this process as the command was, for whoever waits for it; returns when it is
    /// continued. Where nobody could continue it, the kernel does not stop it.
    pub(super) fn stop_by(&self, number: c_int) {
        let Ok(signal) = Signal::try_from(number) else {
            return;
        };
        let mut alone = SigSet::empty();
        alone.add(signal);
        let _ = alone.thread_unblock();
        let _ = raise(signal);
        let _ = alone.thread_block();
    }

    /// Whether the terminal sends this one to the whole group.
    fn reaches_group(&self, number: c_int) -> bool {
        let of_terminal = match number {
            libc::SIGINT | libc::SIGQUIT | libc::SIGTSTP | libc::SIGWINCH => true,
            libc::SIGTTIN | libc::SIGTTOU => true,
            // Who leads the session is told alone that the terminal is gone.
            libc::SIGHUP | libc::SIGCONT => !self.leads_session,
            _ => false,
        };
        self.terminal && of_terminal
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

/// Whether this session has a terminal.
fn has_terminal() -> bool {
    let flags = OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let mut options = File::options();
    let terminal = options
        .read(true)
        .custom_flags(flags.bits())
        .open("/dev/tty");
    terminal.is_ok()
}

/// Whether this one asks a command to end.
pub(super) fn asks_to_end(number: c_int) -> bool {
    [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT].contains(&number)
}
