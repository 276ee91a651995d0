//! The command that runs.

use std::time::{Duration, Instant};

use nix::libc;
use nix::unistd::Pid;
use secret_runtime::manifest::ReloadSignal;

use crate::exec;

/// The command that runs.
pub(super) struct Running {
    process: Pid,
    is_stopping: bool,
    kill_at: Option<Instant>,
    is_stopped: bool,
}

impl Running {
    pub(super) fn new(process: Pid) -> Self {
        Self {
            process,
            is_stopping: false,
            kill_at: None,
            is_stopped: false,
        }
    }

    pub(super) fn process(&self) -> Pid {
        self.process
    }

    /// Whether it is to end so that another one starts.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Its end will be the end of its parent.
    pub(super) fn is_not_restarted(&mut self) {
        self.is_stopping = false;
        self.kill_at = None;
    }

    pub(super) fn note_stopped(&mut self, stopped: bool) {
        self.is_stopped = stopped;
    }

    /// Asks it to end, and leaves it `grace` for that.
    pub(super) fn stop(&mut self, grace: Duration) {
        self.is_stopping = true;
        self.kill_at = Some(Instant::now() + grace);
        self.send(libc::SIGTERM);
        if self.is_stopped {
            self.send(libc::SIGCONT);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.kill_at
    }

    pub(super) fn kill_if_late(&mut self, now: Instant) -> bool {
        let late = self.kill_at.take_if(|at| *at <= now).is_some();
        if late {
            self.send(libc::SIGKILL);
        }
        late
    }

    /// What it left behind in its group, which the next one would find in its way.
    pub(super) fn kill_group(self) {
        let _ = exec::send(Pid::from_raw(-self.process.as_raw()), libc::SIGKILL);
    }

    pub(super) fn tell(&self, signal: ReloadSignal) {
        self.send(match signal {
            ReloadSignal::Hup => libc::SIGHUP,
            ReloadSignal::Int => libc::SIGINT,
            ReloadSignal::Quit => libc::SIGQUIT,
            ReloadSignal::Term => libc::SIGTERM,
            ReloadSignal::Usr1 => libc::SIGUSR1,
            ReloadSignal::Usr2 => libc::SIGUSR2,
            ReloadSignal::Winch => libc::SIGWINCH,
        });
    }

    fn send(&self, signal: libc::c_int) {
        // It may have ended this moment, which is seen next.
        let _ = exec::send(self.process, signal);
    }
}
