//! Programs that a source of credentials starts, as `credential_process` of a profile: the SDK waits for
//! them, and does not end those that are waited for no longer.
//!
//! What is started belongs to the thread that did it, so what a future started is what the thread has
//! more of after a turn of it. Where the kernel does not tell (`/proc` is not there), nothing is ended.

use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

/// A future that ends what it started, where nobody waits for its end.
pub(super) struct Ending<F> {
    future: Pin<Box<F>>,
    /// What it has started that has not ended, or that nobody has looked at yet.
    started: Vec<Pid>,
}

impl<F> Ending<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            started: Vec::new(),
        }
    }
}

impl<F: Future> Future for Ending<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = children();
        let polled = self.future.as_mut().poll(context);
        let after = children();
        // Who was waited for is no child any more, and somebody else may have its number.
        self.started.retain(|child| after.contains(child));
        let new = after.into_iter().filter(|child| !before.contains(child));
        self.started.extend(new);
        polled
    }
}

impl<F> Drop for Ending<F> {
    fn drop(&mut self) {
        if self.started.is_empty() {
            return;
        }
        let children = children();
        for child in self.started.drain(..) {
            // What has ended is there until it was waited for, so the number is still its own.
            if children.contains(&child) {
                let _ = kill(child, Signal::SIGKILL);
                let _ = waitpid(child, None);
            }
        }
    }
}

/// What this thread has started, and nobody has waited for.
fn children() -> Vec<Pid> {
    let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    let numbers = children
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok());
    numbers.map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::future::{pending, ready};
    use std::process::{Child, Command};

    use futures_util::FutureExt;
    use nix::errno::Errno;

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").spawn().unwrap()
    }

    fn number(child: &Child) -> Pid {
        Pid::from_raw(child.id().try_into().unwrap())
    }

    #[test]
    fn what_it_started_ends_with_it_and_nothing_else_does() {
        let mut before = sleeper();
        let mut started = None;
        let future = async {
            started = Some(number(&sleeper()));
            pending::<()>().await;
        };
        let mut future = Ending::new(future);
        assert_eq!((&mut future).now_or_never(), None);
        let mut after = sleeper();
        drop(future);
        assert_eq!(kill(started.unwrap(), None), Err(Errno::ESRCH));
        for other in [&mut before, &mut after] {
            assert_eq!(other.try_wait().unwrap(), None);
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }

    #[test]
    fn what_was_waited_for_is_left_alone() {
        let future = async {
            let mut started = sleeper();
            started.kill().unwrap();
            started.wait().unwrap();
            ready(7).await
        };
        let mut future = Ending::new(future);
        assert_eq!((&mut future).now_or_never(), Some(7));
        assert!(future.started.is_empty());
    }
}
