//! How long to wait before the next attempt, and whether there is one.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Before the second attempt, without jitter. It doubles with each further one.
const FIRST: Duration = Duration::from_millis(200);
/// The longest, without jitter. With it, each is longer by up to itself.
const LONGEST: Duration = Duration::from_secs(3);

/// The pauses of one thing that is asked again and again. It is told how much time is left, and
/// waits for nothing itself.
#[derive(Debug)]
pub struct Pauses {
    backoff: ExponentialBackoff,
    attempt: u32,
}

impl Pauses {
    /// For so many attempts, the first included.
    #[must_use]
    pub fn new(attempts: u32) -> Self {
        let again = attempts.saturating_sub(1);
        let backoff = ExponentialBuilder::new()
            .with_min_delay(FIRST)
            .with_max_delay(LONGEST)
            .with_max_times(usize::try_from(again).unwrap_or(usize::MAX))
            .with_jitter();
        Self {
            backoff: backoff.build(),
            attempt: 1,
        }
    }

    /// Which attempt it is, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long to wait before the next attempt; `None` if there is none, because all were made or
    /// because it would begin after the time that is `left`. Who was asked may have said how long to
    /// wait at least: the pause is added to that, so that not all come back at once.
    pub fn next(&mut self, retry_after: Option<Duration>, left: Duration) -> Option<Duration> {
        let own = self.backoff.next()?;
        let pause = own.saturating_add(retry_after.unwrap_or_default());
        (pause < left).then(|| {
            self.attempt += 1;
            pause
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    #[test]
    fn there_are_as_many_attempts_as_were_said() {
        for attempts in 1..6 {
            let mut pauses = Pauses::new(attempts);
            while pauses.next(None, HOUR).is_some() {}
            assert_eq!(pauses.attempt(), attempts);
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_have_jitter() {
        let mut seen = Vec::new();
        for _ in 0..50 {
            let mut pauses = Pauses::new(8);
            for (index, least) in [200, 400, 800, 1600, 3000, 3000, 3000].iter().enumerate() {
                let pause = pauses.next(None, HOUR).unwrap();
                let least = Duration::from_millis(*least);
                assert!(pause >= least && pause <= least * 2, "{index}: {pause:?}");
                if index == 0 {
                    seen.push(pause);
                }
            }
        }
        seen.dedup();
        assert!(seen.len() > 25, "{} different of 50", seen.len());
    }

    #[test]
    fn nothing_is_asked_earlier_than_it_wants() {
        let mut pauses = Pauses::new(3);
        let after = Duration::from_secs(7);
        let pause = pauses.next(Some(after), HOUR).unwrap();
        assert!(pause >= after && pause <= after + 2 * FIRST, "{pause:?}");
    }

    #[test]
    fn no_attempt_begins_after_the_deadline() {
        let second = Duration::from_secs(1);
        assert_eq!(Pauses::new(3).next(None, FIRST / 2), None);
        assert_eq!(Pauses::new(3).next(Some(2 * second), second), None);
        assert_eq!(Pauses::new(3).next(Some(Duration::MAX), HOUR), None);
        let mut pauses = Pauses::new(3);
        let _ = pauses.next(Some(2 * second), second);
        assert_eq!(
            pauses.attempt(),
            1,
            "an attempt that is not made does not count"
        );
    }
}
