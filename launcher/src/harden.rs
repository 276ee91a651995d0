//! Keeps values in memory from leaving it by a crash: no core dump, no tracer, no
//! panic message with data in it.
//!
//! Called first in `main`. What it changes about the process is either undone by
//! `execve` itself (dumpable is set again when the kernel loads a readable program)
//! or by `Hardened::undo`, which the exec step calls: it takes the [`Hardened`] by
//! value, so a command cannot be started with the launcher's limits.
//!
//! While it is in force, `/proc/self` belongs to root: a launcher that is not root can
//! still resolve its own links there, but not open its own mode-0400 files such as
//! `/proc/self/environ`. Nothing in the launcher does.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::{io, panic, process};

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// The exit code when the launcher itself fails.
const LAUNCHER_FAILED: i32 = 125;

/// The process is hardened; what is needed to undo it is in here.
#[must_use = "the exec step takes it, and puts the limits back"]
#[derive(Debug)]
pub struct Hardened {
    /// Soft and hard limit for core dumps as inherited; `None` if there is nothing to
    /// put back.
    core: Option<(rlim_t, rlim_t)>,
}

/// Hardens this process.
///
/// A kernel or sandbox that refuses one of the steps is no reason not to start: each
/// alone keeps core dumps away.
pub fn harden() -> Hardened {
    panic::set_hook(Box::new(die));
    let _ = prctl::set_dumpable(false);
    let core = getrlimit(Resource::RLIMIT_CORE).ok();
    Hardened {
        core: core
            .filter(|&(soft, hard)| soft != 0 && setrlimit(Resource::RLIMIT_CORE, 0, hard).is_ok()),
    }
}

impl Hardened {
    /// Puts back what `execve` does not. Dumpable stays off until then.
    pub(crate) fn undo(self) {
        if let Some((soft, hard)) = self.core {
            // Raising a soft limit within its hard limit is always allowed.
            let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
        }
    }
}

/// Ends the process: a panic's message may hold what the code was working on, so only
/// its place is said.
fn die(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, |place| {
        format!(" at {}:{}", place.file(), place.line())
    });
    // One write, and none that could panic again when standard error is gone.
    let text = format!(
        "secret-run: internal error{place}; the command was not started. Please report this.\n"
    );
    let _ = io::stderr().write_all(text.as_bytes());
    process::exit(LAUNCHER_FAILED);
}
