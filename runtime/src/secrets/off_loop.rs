//! Waiting for work that blocks, in any event loop or none.
//!
//! A reading waits for networks and computes. In the loop of a program it would stop everything
//! else, so it has a thread of its own, for as long as it takes.

use std::thread::Builder;

use tokio::sync::oneshot;

use crate::error::{Problem, Problems};
use crate::event_loop::NoEventLoop;

/// What threads of this library are called.
pub(super) const READING: &str = "secrets-reading";

/// Does the work on a thread, and waits for it without one. Who stops waiting does not stop the
/// work; what comes of it is dropped.
pub(super) async fn off_loop<T, W>(work: W) -> Result<T, Problems>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, Problems> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let thread = Builder::new().name(READING.to_owned()).spawn(move || {
        // Nobody waits any more: then nobody wants it.
        let _ = sender.send(work());
    });
    let thread = thread.map_err(|error| no_thread(&error))?;
    match receiver.await {
        Ok(done) => done,
        // It was not sent, so the thread has panicked.
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("a thread that ends in good order has sent what it made"),
        },
    }
}

pub(super) fn no_thread(error: &std::io::Error) -> Problems {
    Problem::error(&NoEventLoop::new(error), None).into()
}
