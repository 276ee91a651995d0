//! Ends validators that run too long, by a timer and a signal instead of a thread.
//!
//! A process with two threads executes another program more slowly: the kernel has to wake
//! the other one and see it end. That took longer than validating.
//!
//! Nothing of it reaches the command: timers end with `execve`, handlers too. The signal is
//! SIGURG, which does nothing by default, so that one which comes late does no harm. SIGALRM
//! would be the parent's: `alarm` and then `exec` is how scripts limit the time of a command.
#![expect(unsafe_code, reason = "a signal handler has no safe form")]

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::{
    SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction,
};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use secret_runtime::plugin::{Alarm, Interrupt};

/// Wakes a validator that is late.
const SIGNAL: Signal = Signal::SIGURG;
/// After the deadline, how long until the next interrupt, if one was not enough.
const AGAIN: Duration = Duration::from_millis(50);

/// What the handler fires: one interrupt for each engine that runs guests. There are two, that
/// of the standard rules and that of plugins.
static INTERRUPTS: [OnceLock<Interrupt>; 2] = [OnceLock::new(), OnceLock::new()];

/// A timer that ends calls which run too long. `None` where there can be no timer, or the
/// parent blocks the signal: then a thread does it; glibc takes signal 33 for that, and puts
/// it back to its default instead of to what the parent chose.
#[must_use]
pub fn timer(interrupt: Interrupt) -> Option<Box<dyn Alarm>> {
    let known = |place: &OnceLock<Interrupt>| place.get().is_some_and(|known| *known == interrupt);
    if !INTERRUPTS.iter().any(known) {
        let free = INTERRUPTS.iter().find(|place| place.get().is_none())?;
        free.set(interrupt).ok()?;
    }
    Some(Box::new(SignalTimer::new()?))
}

struct SignalTimer(Timer);

// SAFETY: what is in it is the kernel's name for the timer, which is good in every thread.
unsafe impl Send for SignalTimer {}

impl SignalTimer {
    fn new() -> Option<Self> {
        let blocked = SigSet::thread_get_mask().ok()?.contains(SIGNAL);
        if blocked {
            return None;
        }
        let notify = SigevNotify::SigevSignal {
            signal: SIGNAL,
            si_value: 0,
        };
        let timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify)).ok()?;
        let handler = SigHandler::Handler(on_alarm);
        let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
        // SAFETY: the handler reads an initialised static and adds to an atomic; both may be
        // done at any point of the program.
        unsafe { sigaction(SIGNAL, &action) }.ok()?;
        Some(Self(timer))
    }
}

extern "C" fn on_alarm(_: nix::libc::c_int) {
    for interrupt in INTERRUPTS.iter().filter_map(OnceLock::get) {
        interrupt.fire();
    }
}

impl Alarm for SignalTimer {
    fn ring_after(&mut self, time: Duration) -> io::Result<()> {
        let expiration = Expiration::IntervalDelayed(time.into(), AGAIN.into());
        self.0.set(expiration, TimerSetTimeFlags::empty())?;
        Ok(())
    }

    fn stop(&mut self) {
        // A zero time disarms. It cannot fail for a timer that exists.
        let never = Expiration::OneShot(TimeSpec::from_duration(Duration::ZERO));
        let _ = self.0.set(never, TimerSetTimeFlags::empty());
    }
}
