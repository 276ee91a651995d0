//! Circuit breakers: a backend that failed several times in a row is left alone for a while.
//!
//! They are plain data and told the time, so that a program can show them, copy them, and hand them
//! to another process. They are not kept across starts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use humantime::format_duration;
use thiserror::Error;

use crate::error::{Explain, Nature};

/// So many failures in a row open a breaker.
const FAILURES: u32 = 3;

/// Whether a backend is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// It is.
    Closed,
    /// It is not.
    Open,
    /// It is asked once, to see whether it is back.
    HalfOpen,
}

impl BreakerState {
    /// In words, as metrics and logs have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What is remembered of a backend that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// How many times in a row.
    pub failures: u32,
    /// Until when it is left alone, once that is enough.
    pub open_until: Option<Instant>,
}

impl Breaker {
    /// Whether the backend is asked at `now`.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

/// How a backend may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// As ever.
    Usual,
    /// Once: it may still be away.
    Probe,
}

/// The breakers of all backends that have failed, by their names in the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakers(BTreeMap<String, Breaker>);

impl Breakers {
    /// Whether and how a backend may be asked.
    ///
    /// # Errors
    /// When its breaker is open.
    pub fn admit(&self, backend: &str, now: Instant) -> Result<Admission, CircuitOpen> {
        let Some(breaker) = self.0.get(backend) else {
            return Ok(Admission::Usual);
        };
        match breaker.state(now) {
            BreakerState::Closed => Ok(Admission::Usual),
            BreakerState::HalfOpen => Ok(Admission::Probe),
            BreakerState::Open => Err(CircuitOpen {
                backend: backend.to_owned(),
                failures: breaker.failures,
                left: breaker
                    .open_until
                    .map_or(Duration::ZERO, |until| until - now),
            }),
        }
    }

    /// A backend has answered: its breaker is closed.
    pub fn answered(&mut self, backend: &str) {
        self.0.remove(backend);
    }

    /// A backend has failed by an outage. After enough of them in a row, and after each probe, it is
    /// left alone for `pause`.
    pub fn failed(&mut self, backend: &str, now: Instant, pause: Duration) {
        let breaker = self.0.entry(backend.to_owned()).or_insert(Breaker {
            failures: 0,
            open_until: None,
        });
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= FAILURES {
            breaker.open_until = Some(now + pause);
        }
    }

    /// Whether a backend is asked at `now`.
    #[must_use]
    pub fn state(&self, backend: &str, now: Instant) -> BreakerState {
        let breaker = self.0.get(backend);
        breaker.map_or(BreakerState::Closed, |breaker| breaker.state(now))
    }

    /// Those of backends that have failed since they last answered.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Breaker)> {
        self.0
            .iter()
            .map(|(name, breaker)| (name.as_str(), breaker))
    }
}

impl FromIterator<(String, Breaker)> for Breakers {
    fn from_iter<I: IntoIterator<Item = (String, Breaker)>>(breakers: I) -> Self {
        Self(breakers.into_iter().collect())
    }
}

/// A backend is not asked, because it has failed several times in a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{backend}` is not asked: it has failed {failures} times in a row, and is asked again in {}", seconds(*left))]
pub struct CircuitOpen {
    /// Which.
    pub backend: String,
    /// How many times.
    pub failures: u32,
    /// For how long.
    pub left: Duration,
}

/// Whole ones, rounded up.
fn seconds(left: Duration) -> String {
    let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    format_duration(Duration::from_secs(whole)).to_string()
}

impl Explain for CircuitOpen {
    fn kind(&self) -> &'static str {
        "backend-circuit-open"
    }

    fn hint(&self) -> Option<String> {
        Some(
            "earlier messages say why it failed; `breaker-pause` in [resilience] is how long it is \
             left alone"
                .into(),
        )
    }

    fn nature(&self) -> Nature {
        Nature::Outage {
            retry_after: Some(self.left),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    fn after_failures(count: u32, now: Instant) -> Breakers {
        let mut breakers = Breakers::default();
        (0..count).for_each(|_| breakers.failed("vault", now, PAUSE));
        breakers
    }

    #[test]
    fn three_failures_in_a_row_open_it_and_nothing_less() {
        let now = Instant::now();
        for count in 0..3 {
            let breakers = after_failures(count, now);
            assert_eq!(breakers.state("vault", now), BreakerState::Closed);
            assert_eq!(breakers.admit("vault", now), Ok(Admission::Usual));
        }
        let mut breakers = after_failures(2, now);
        breakers.answered("vault");
        breakers.failed("vault", now, PAUSE);
        breakers.failed("vault", now, PAUSE);
        assert_eq!(breakers.state("vault", now), BreakerState::Closed);
        breakers.failed("vault", now, PAUSE);
        assert_eq!(breakers.state("vault", now), BreakerState::Open);
    }

    #[test]
    fn an_open_one_says_when_it_is_asked_again() {
        let now = Instant::now();
        let breakers = after_failures(3, now);
        let refused = breakers.admit("vault", now + SECOND / 2).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`vault` is not asked: it has failed 3 times in a row, and is asked again in 30s"
        );
        let left = PAUSE - SECOND / 2;
        let retry_after = Some(left);
        assert_eq!(refused.nature(), Nature::Outage { retry_after });
    }

    #[test]
    fn after_its_pause_it_is_probed_and_the_probe_decides() {
        let now = Instant::now();
        let mut breakers = after_failures(3, now);
        let later = now + PAUSE;
        assert_eq!(breakers.state("vault", later), BreakerState::HalfOpen);
        assert_eq!(breakers.admit("vault", later), Ok(Admission::Probe));
        breakers.failed("vault", later, PAUSE);
        assert_eq!(breakers.state("vault", later), BreakerState::Open);
        let later = later + PAUSE;
        assert_eq!(breakers.admit("vault", later), Ok(Admission::Probe));
        breakers.answered("vault");
        assert_eq!(breakers.state("vault", later), BreakerState::Closed);
        breakers.failed("vault", later, PAUSE);
        assert_eq!(
            breakers.state("vault", later),
            BreakerState::Closed,
            "it counts anew"
        );
    }

    #[test]
    fn each_backend_has_its_own() {
        let now = Instant::now();
        let breakers = after_failures(3, now);
        assert_eq!(breakers.admit("aws", now), Ok(Admission::Usual));
        assert!(breakers.admit("vault", now).is_err());
    }

    #[test]
    fn they_are_plain_data_that_another_process_can_be_given() {
        let now = Instant::now();
        let breakers = after_failures(4, now);
        let parts = breakers.iter().map(|(name, breaker)| {
            let left = breaker.open_until.map(|until| until - now);
            (name.to_owned(), breaker.failures, left)
        });
        let parts: Vec<(String, u32, Option<Duration>)> = parts.collect();
        let again = parts.into_iter().map(|(name, failures, left)| {
            let open_until = left.map(|left| now + left);
            (
                name,
                Breaker {
                    failures,
                    open_until,
                },
            )
        });
        assert_eq!(again.collect::<Breakers>(), breakers);
    }
}
