//! The end of a command, which becomes the end of its parent.

use nix::libc::c_int;
use rustix::process::WaitStatus;

use crate::exec;
use crate::exit::{ExitCode, FAILED};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Code(u8),
    Signal(c_int),
}

impl End {
    /// `None` for a process that was stopped or continued.
    pub(super) fn of(status: WaitStatus) -> Option<Self> {
        if let Some(signal) = status.terminating_signal() {
            return Some(Self::Signal(signal));
        }
        let code = status.exit_status()?;
        // The kernel keeps eight bits of a code.
        Some(Self::Code(u8::try_from(code & 0xff).unwrap_or(FAILED)))
    }

    /// Ends this process in the same way. Process 1 cannot die of a signal that it sends
    /// itself; then it is the code that a shell makes of the signal.
    pub(super) fn mirror(self) -> ExitCode {
        match self {
            Self::Code(code) => ExitCode::from(code),
            Self::Signal(signal) => {
                exec::die_of(signal);
                ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
        }
    }
}
