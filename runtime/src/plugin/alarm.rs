//! How a program ends calls that run too long without a thread.
//!
//! A library starts a thread for that, since signals belong to the program. A program that
//! lives for a moment only can do better: starting a thread, and ending it, costs more than
//! all that the thread watches.

use std::io;
use std::time::Duration;

use wasmtime::Engine;

/// Makes the running guest look at the time.
#[derive(Clone)]
pub struct Interrupt(Engine);

/// Whether both are for guests of one engine.
impl PartialEq for Interrupt {
    fn eq(&self, other: &Self) -> bool {
        Engine::same(&self.0, &other.0)
    }
}

impl Interrupt {
    pub(super) fn new(engine: Engine) -> Self {
        Self(engine)
    }

    /// Safe to call from a signal handler: it is one atomic addition.
    pub fn fire(&self) {
        self.0.increment_epoch();
    }
}

/// Makes an alarm that fires the interrupt; `None` where there can be none, and a thread has
/// to do.
pub type MakeAlarm = fn(Interrupt) -> Option<Box<dyn Alarm>>;

/// Fires an [`Interrupt`] after a time.
pub trait Alarm: Send {
    /// From `time` after now on, fires again and again until [`Alarm::stop`].
    ///
    /// # Errors
    /// When it can't; then nothing is run.
    fn ring_after(&mut self, time: Duration) -> io::Result<()>;

    /// Fires no more.
    fn stop(&mut self);
}
