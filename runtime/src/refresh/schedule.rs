//! When values are read again. A schedule is told the time.

use std::time::{Duration, Instant};

use rustix::rand::{GetRandomFlags, getrandom};

/// How long after the first failure.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// How long after many failures, at most.
const LAST_RETRY: Duration = Duration::from_secs(5 * 60);

/// When the next reading is due.
#[derive(Debug)]
pub struct Schedule {
    interval: Duration,
    min_interval: Duration,
    next: Instant,
    not_before: Instant,
    /// When a lease has to be replaced.
    lease: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// A schedule before anything was read. Values are taken for good for `interval`, and nothing
    /// is read for `min_interval` after a change.
    #[must_use]
    pub fn new(interval: Duration, min_interval: Duration, now: Instant) -> Self {
        Self {
            interval,
            min_interval,
            next: now,
            not_before: now,
            lease: None,
            failures: 0,
        }
    }

    /// The values are those that are known. `chance` is from 0 to 255.
    pub fn unchanged(&mut self, now: Instant, chance: u8) {
        self.failures = 0;
        self.forget_lease(now);
        self.next = now + earlier(self.interval, chance);
    }

    /// There are other values than before, or the first ones, or the same with leases that end
    /// later; some of them are good until `lease`.
    pub fn changed(&mut self, now: Instant, lease: Option<Instant>, chance: u8) {
        self.unchanged(now, chance);
        self.lease = lease;
        self.not_before = now + self.min_interval;
    }

    /// There are other values than before, and some of them stand in for what could not be read:
    /// that is tried again as after a failure. Says how long until then.
    pub fn changed_in_part(
        &mut self,
        now: Instant,
        lease: Option<Instant>,
        chance: u8,
    ) -> Duration {
        self.lease = lease;
        self.not_before = now + self.min_interval;
        self.failed(now, chance)
    }

    /// Some of the values are good for so long only, from now on.
    pub fn good_for(&mut self, now: Instant, left: Duration, chance: u8) {
        self.next = self.next.min(now + earlier(left, chance));
    }

    /// Nobody knows the values. Says how long until the next attempt.
    pub fn failed(&mut self, now: Instant, chance: u8) -> Duration {
        let doubled = FIRST_RETRY * 2_u32.pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.next = now + earlier(doubled.min(LAST_RETRY), chance);
        self.forget_lease(now);
        self.due() - now
    }

    /// A lease has to be replaced then, and not when it was said before.
    pub fn lease_moves(&mut self, lease: Option<Instant>) {
        self.lease = lease;
    }

    /// The next reading is due at once.
    pub fn hurry(&mut self, now: Instant) {
        self.next = now;
    }

    /// Nothing is read for a while.
    pub fn postpone(&mut self, until: Instant) {
        self.not_before = self.not_before.max(until);
    }

    /// When the next reading is due.
    #[must_use]
    pub fn due(&self) -> Instant {
        let next = self.lease.map_or(self.next, |lease| self.next.min(lease));
        next.max(self.not_before)
    }

    /// A lease for which values were read already is no reason to read them once more at once.
    fn forget_lease(&mut self, now: Instant) {
        self.lease = self.lease.filter(|lease| *lease > now);
    }
}

/// Up to a tenth earlier, so that many programs that were started at once do not ask at once.
fn earlier(time: Duration, chance: u8) -> Duration {
    time - time / 10 * u32::from(chance) / 255
}

/// From 0 to 255.
#[must_use]
pub fn chance() -> u8 {
    let mut byte = [0];
    // Without it, programs that were started at once ask at once.
    let _ = getrandom(&mut byte[..], GetRandomFlags::NONBLOCK);
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule(now: Instant) -> Schedule {
        Schedule::new(100 * SECOND, 30 * SECOND, now)
    }

    #[test]
    fn readings_are_due_within_the_last_tenth_of_the_interval() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.unchanged(now, 0);
        assert_eq!(schedule.due(), now + 100 * SECOND);
        schedule.unchanged(now, 255);
        assert_eq!(schedule.due(), now + 90 * SECOND);
    }

    #[test]
    fn failures_are_tried_again_more_and_more_slowly() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        let waits: Vec<u64> = (0..12).map(|_| schedule.failed(now, 0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        schedule.unchanged(now, 0);
        assert_eq!(schedule.failed(now, 0), SECOND, "a success forgets them");
    }

    #[test]
    fn after_a_change_nothing_is_read_for_the_least_time() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.changed(now, None, 0);
        schedule.failed(now, 0);
        assert_eq!(schedule.due(), now + 30 * SECOND);
        schedule.postpone(now + 40 * SECOND);
        assert_eq!(schedule.due(), now + 40 * SECOND);
        schedule.postpone(now);
        assert_eq!(schedule.due(), now + 40 * SECOND);
    }

    #[test]
    fn what_is_stale_in_part_is_tried_again_as_what_failed() {
        let now = Instant::now();
        let mut schedule = Schedule::new(100 * SECOND, 2 * SECOND, now);
        let lease = Some(now + 40 * SECOND);
        let wait = schedule.changed_in_part(now, lease, 0);
        assert_eq!(wait, 2 * SECOND, "not before the least time");
        let waits: Vec<u64> = (0..6).map(|_| schedule.failed(now, 0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 40], "the lease is known");
    }

    #[test]
    fn what_expires_is_read_again_then_and_not_an_interval_later() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.changed(now, None, 0);
        schedule.good_for(now, 60 * SECOND, 0);
        assert_eq!(schedule.due(), now + 60 * SECOND);
        schedule.good_for(now, 200 * SECOND, 0);
        assert_eq!(schedule.due(), now + 60 * SECOND);
        schedule.good_for(now, SECOND, 0);
        assert_eq!(
            schedule.due(),
            now + 30 * SECOND,
            "not before the least time"
        );
    }

    #[test]
    fn a_lease_is_looked_after_before_the_interval_is_over_and_once() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.changed(now, Some(now + 40 * SECOND), 0);
        assert_eq!(schedule.due(), now + 40 * SECOND);
        let later = now + 40 * SECOND;
        assert_eq!(schedule.failed(later, 0), SECOND);
        schedule.unchanged(later, 0);
        assert_eq!(schedule.due(), later + 100 * SECOND);
        schedule.changed(now, Some(now + 10 * SECOND), 0);
        assert_eq!(
            schedule.due(),
            now + 30 * SECOND,
            "not before the least time"
        );
    }
}
