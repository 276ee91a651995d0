//! Ends calls that run too long.
//!
//! One thread for each validator, started by its first call. It sleeps until the deadline
//! of that call; a later call only writes its own deadline, which the thread finds when it
//! wakes. So a call costs a lock, not a switch of threads. Where the program gave an
//! [`Alarm`], that is used, and there is no thread.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

use super::alarm::{Alarm, Interrupt, MakeAlarm};

/// What a call has at least that begins when all should be over.
const SHORTEST: Duration = Duration::from_millis(1);

/// After a deadline, how long until the next interrupt: one that comes before the guest listens is
/// not enough.
const AGAIN: Duration = Duration::from_millis(50);

/// The thread waits and adds one to a counter; the smallest usual stack will do.
const STACK: usize = 64 * 1024;

/// Starts an epoch at each deadline. Validators may share an engine, and so its epochs: an
/// epoch only makes each guest compare the time with its own deadline.
pub(super) struct Watchdog {
    time: Duration,
    /// When all calls must be over, whatever time each has.
    until: Option<Instant>,
    shared: Arc<Shared>,
    started: bool,
    alarm: Option<Box<dyn Alarm>>,
}

struct Shared {
    engine: Engine,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    deadline: Option<Instant>,
    /// Whether the thread waits for news, and not for a time.
    parked: bool,
    ended: bool,
}

/// A call that is being watched. When it is dropped, the call is over.
#[must_use]
pub(super) struct Watch<'a> {
    over: Over<'a>,
    deadline: Option<Instant>,
}

/// What is told that a call is over.
enum Over<'a> {
    Thread(&'a Shared),
    Alarm(&'a mut dyn Alarm),
}

impl Watchdog {
    /// Gives every call `time`. No thread is started yet.
    pub(super) fn new(engine: Engine, time: Duration) -> Self {
        let shared = Shared {
            engine,
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        Self {
            time,
            until: None,
            shared: Arc::new(shared),
            started: false,
            alarm: None,
        }
    }

    /// Has the program's own alarm end the calls, if it has one.
    pub(super) fn use_alarm(&mut self, make: MakeAlarm) {
        self.alarm = make(Interrupt::new(self.shared.engine.clone()));
    }

    /// Gives no call more time than until then.
    pub(super) fn end_at(&mut self, until: Instant) {
        self.until = Some(until);
    }

    /// Watches the call that is about to start. Its store must stop at the next epoch.
    ///
    /// # Errors
    /// When no thread can be started: nothing runs unwatched.
    pub(super) fn watch(&mut self) -> io::Result<Watch<'_>> {
        // No deadline is before an earlier one, so a later one is never missed by a thread
        // that sleeps until an earlier one. A time beyond the clock's range is no deadline.
        let now = Instant::now();
        let left = self.until.map(|until| until.saturating_duration_since(now));
        // An alarm that rings at once would be none.
        let left = left.map_or(self.time, |left| left.max(SHORTEST).min(self.time));
        let deadline = now.checked_add(left);
        if let Some(alarm) = &mut self.alarm {
            alarm.ring_after(left)?;
            let over = Over::Alarm(alarm.as_mut());
            return Ok(Watch { over, deadline });
        }
        let mut state = self.shared.lock();
        state.deadline = deadline;
        let parked = state.parked;
        drop(state);
        if parked {
            self.shared.changed.notify_one();
        }
        if !self.started {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new()
                .name("watchdog".to_owned())
                .stack_size(STACK)
                .spawn(move || shared.stand_guard())?;
            self.started = true;
        }
        Ok(Watch {
            over: Over::Thread(&self.shared),
            deadline,
        })
    }
}

impl Watch<'_> {
    /// When the call must be over.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        match &mut self.over {
            Over::Thread(shared) => shared.lock().deadline = None,
            Over::Alarm(alarm) => alarm.stop(),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding the lock; a poisoned state would still be right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand_guard(&self) {
        let mut state = self.lock();
        while !state.ended {
            state = match state.deadline {
                None => self.park(state),
                Some(deadline) => self.sleep_or_interrupt(state, deadline),
            };
        }
    }

    fn park<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.parked = true;
        state = self
            .changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
        state.parked = false;
        state
    }

    fn sleep_or_interrupt<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> MutexGuard<'a, State> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.engine.increment_epoch();
            // Until the call is over: its guest may have begun after this epoch. A call that follows
            // it with less time than this is told late.
            state.deadline = Instant::now().checked_add(AGAIN);
            return state;
        }
        let waited = self.changed.wait_timeout(state, left);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watchdog(time: Duration) -> Watchdog {
        Watchdog::new(Engine::default(), time)
    }

    fn state(watchdog: &Watchdog) -> (bool, Option<Instant>) {
        let state = watchdog.shared.lock();
        (state.ended, state.deadline)
    }

    #[test]
    fn no_thread_is_started_before_the_first_call() {
        let watchdog = watchdog(Duration::from_secs(10));
        assert!(!watchdog.started);
        assert_eq!(Arc::strong_count(&watchdog.shared), 1);
    }

    #[test]
    fn a_call_that_is_over_has_no_deadline() {
        let mut watchdog = watchdog(Duration::from_secs(10));
        let watch = watchdog.watch().expect("a thread starts");
        assert!(watch.deadline().is_some());
        drop(watch);
        assert_eq!(state(&watchdog), (false, None));
    }

    #[test]
    fn a_call_is_interrupted_again_and_again_until_it_is_over() {
        let mut watchdog = watchdog(Duration::ZERO);
        let shared = Arc::clone(&watchdog.shared);
        let watch = watchdog.watch().expect("a thread starts");
        let mut last = watch.deadline();
        for _ in 0..3 {
            // Each interrupt sets the time of the next.
            let next = loop {
                let next = shared.lock().deadline;
                if next != last {
                    break next;
                }
                thread::yield_now();
            };
            assert!(next.is_some() && next > last);
            last = next;
        }
        drop(watch);
        assert_eq!(shared.lock().deadline, None);
    }

    #[test]
    fn the_thread_ends_with_its_watchdog() {
        let mut watchdog = watchdog(Duration::from_secs(600));
        drop(watchdog.watch().expect("a thread starts"));
        let shared = Arc::clone(&watchdog.shared);
        drop(watchdog);
        while Arc::strong_count(&shared) > 1 {
            thread::yield_now();
        }
    }

    #[test]
    fn no_call_has_more_time_than_there_is_for_all() {
        let mut watchdog = watchdog(Duration::from_secs(600));
        let until = Instant::now() + Duration::from_secs(300);
        watchdog.end_at(until);
        let watch = watchdog.watch().expect("a thread starts");
        let deadline = watch.deadline().expect("there is an end");
        assert!(deadline <= until + SHORTEST);
        drop(watch);
        watchdog.end_at(Instant::now());
        let watch = watchdog.watch().expect("a thread is there");
        assert!(watch.deadline().is_some());
    }

    #[test]
    fn a_time_beyond_the_clock_is_no_deadline() {
        let mut watchdog = watchdog(Duration::MAX);
        assert_eq!(watchdog.watch().expect("a thread starts").deadline(), None);
    }
}
