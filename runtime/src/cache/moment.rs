//! When something was read, by two clocks.
//!
//! The clock on the wall goes on while the machine is off, and can be set back. The one that
//! counts from the start of the machine can't be, and goes on while the machine sleeps. What both
//! know of is as old as the older says; what the wall says is of the future has no age.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since 1970.
    pub(super) wall: Duration,
    /// Since the machine was started, if it is the same start.
    pub(super) machine: Option<Duration>,
}

/// How long ago the machine was started. It goes on while that sleeps.
pub(crate) fn since_start() -> Option<Duration> {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).ok();
    time.map(Duration::from)
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self {
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            machine: since_start(),
        }
    }

    /// Whether this was after the other.
    pub(super) fn is_after(self, other: Self) -> bool {
        match self.machine.zip(other.machine) {
            Some((this, other)) => this > other,
            None => self.wall > other.wall,
        }
    }

    /// How long ago this was; nothing if that can't be.
    pub(crate) fn age(self, now: Self) -> Option<Duration> {
        let wall = now.wall.checked_sub(self.wall)?;
        match self.machine.zip(now.machine) {
            Some((then, now)) => Some(wall.max(now.checked_sub(then)?)),
            None => Some(wall),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, machine: Option<u64>) -> Moment {
        Moment {
            wall: Duration::from_secs(wall),
            machine: machine.map(Duration::from_secs),
        }
    }

    #[test]
    fn the_older_of_both_clocks_counts_and_the_future_has_no_age() {
        let seconds = |then: Moment, now| then.age(now).map(|age| age.as_secs());
        assert_eq!(seconds(at(100, Some(10)), at(160, Some(70))), Some(60));
        // The wall was set back by half a minute.
        assert_eq!(seconds(at(100, Some(10)), at(130, Some(70))), Some(60));
        // It was set forward.
        assert_eq!(seconds(at(100, Some(10)), at(900, Some(70))), Some(800));
        // It was set back behind what was read.
        assert_eq!(seconds(at(100, Some(10)), at(99, Some(70))), None);
        // Another start of the machine, whose clock is of no use.
        assert_eq!(seconds(at(100, None), at(160, Some(1))), Some(60));
        assert_eq!(seconds(at(100, Some(80)), at(160, Some(70))), None);
    }

    #[test]
    fn the_clock_that_nobody_sets_tells_what_was_after_what() {
        assert!(at(100, Some(71)).is_after(at(130, Some(70))));
        assert!(!at(130, Some(70)).is_after(at(100, Some(70))));
        assert!(at(130, None).is_after(at(100, Some(70))));
    }

    #[test]
    fn now_has_both_clocks() {
        let now = Moment::now();
        assert!(now.machine.is_some());
        assert!(now.age(Moment::now()).is_some());
    }
}
