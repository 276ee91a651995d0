//! The thread that reads values again.
//!
//! It exists while somebody watches, and sleeps between readings. It holds no lock while it sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use thiserror::Error;

use super::handle::Inner;
use super::off_loop::{READING, no_thread};
use crate::error::{Explain, Problem, Problems};
use crate::refresh::now;

/// How long it sleeps at most: a sleep stands still while the machine sleeps, and what is due does not.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The thread, as those see it who watch. When the last of them is gone it ends, after the reading
/// that is under way, if one is.
#[derive(Debug)]
pub(super) struct Background {
    wake: Sender<()>,
}

/// A mistake in this library or below it.
#[derive(Debug, Error)]
#[error("reading the values again has panicked")]
struct Panicked;

impl Explain for Panicked {
    fn kind(&self) -> &'static str {
        "refresh-panicked"
    }

    fn hint(&self) -> Option<String> {
        Some("this is a bug; the panic's own message says where".to_owned())
    }
}

impl Background {
    pub(super) fn start(inner: Arc<Inner>) -> Result<Self, Problems> {
        let (wake, woken) = channel();
        let thread = Builder::new().name(READING.to_owned());
        let thread = thread.spawn(move || run(&inner, &woken));
        thread.map_err(|error| no_thread(&error))?;
        Ok(Self { wake })
    }

    /// Has it look again when the next reading is due.
    pub(super) fn wake(&self) {
        // It ends only after this is dropped.
        let _ = self.wake.send(());
    }
}

fn run(inner: &Inner, woken: &Receiver<()>) {
    loop {
        let left = inner.due().saturating_duration_since(now());
        match woken.recv_timeout(left.min(LOOK_AGAIN)) {
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(()) => continue,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if inner.due() > now() {
            continue;
        }
        // What went wrong is said to who watches; a thread that is silently gone would not be.
        if catch_unwind(AssertUnwindSafe(|| inner.refresh())).is_err() {
            inner.failed(&Problem::error(&Panicked, None).into());
        }
    }
}
