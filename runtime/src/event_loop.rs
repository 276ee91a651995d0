//! Waiting for what is reached over a network.
//!
//! One thread does it: a launcher that has others executes its command more slowly. It is
//! started for a run that needs it, and gone before the command is.

use std::future::Future;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Builder, Handle};

use crate::error::Explain;

/// How long a look-up of a name that nobody waits for any more may hold up the end. Its
/// thread ends with the process image at the latest.
const PATIENCE: Duration = Duration::from_millis(50);

/// Why nothing can be waited for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the system gives no means to wait for a network: {reason}")]
#[cfg_attr(
    not(feature = "compile"),
    expect(
        unreachable_pub,
        reason = "only errors of what compiles carry it outside"
    )
)]
pub struct NoEventLoop {
    reason: String,
}

impl NoEventLoop {
    pub(crate) fn new(error: &std::io::Error) -> Self {
        Self {
            reason: error.kind().to_string(),
        }
    }
}

impl Explain for NoEventLoop {
    fn kind(&self) -> &'static str {
        "no-event-loop"
    }

    fn hint(&self) -> Option<String> {
        Some("check how many files this process may open, with `ulimit -n`".into())
    }
}

/// Runs a future to its end. Within somebody else's event loop, which must not be stopped
/// for it, that is done on a thread of its own.
pub(crate) fn block_on<F>(future: F) -> Result<F::Output, NoEventLoop>
where
    F: Future + Send,
    F::Output: Send,
{
    if Handle::try_current().is_err() {
        return run(future);
    }
    thread::scope(|scope| {
        let waiting = scope.spawn(|| run(future));
        match waiting.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn run<F: Future>(future: F) -> Result<F::Output, NoEventLoop> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| NoEventLoop::new(&error))?;
    let output = runtime.block_on(future);
    runtime.shutdown_timeout(PATIENCE);
    Ok(output)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    async fn wait() -> u8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        7
    }

    #[test]
    fn what_waits_comes_to_its_end() {
        assert_eq!(block_on(wait()).unwrap(), 7);
    }

    #[test]
    fn it_also_runs_within_the_event_loop_of_a_program() {
        let outer = Builder::new_current_thread().build().unwrap();
        outer.block_on(async { assert_eq!(block_on(wait()).unwrap(), 7) });
    }
}
