//! Until when a backend is waited for, and what is said when that is over.

use std::time::{Duration, Instant};

use humantime::format_duration;
use thiserror::Error;

use crate::backend::FetchError;
use crate::error::{Explain, Nature};

/// Whose deadline comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineOf {
    /// The backend's own.
    Backend,
    /// That of the run, for all of its backends.
    Run,
}

/// A moment that nothing is waited for beyond.
#[derive(Debug, Clone)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
    of: DeadlineOf,
}

impl Deadline {
    /// For a backend that is given `backend`, in a run that is given `run` and began at `started`.
    #[must_use]
    pub fn new(started: Instant, backend: Duration, run: Duration) -> Self {
        let (limit, of) = if backend <= run {
            (backend, DeadlineOf::Backend)
        } else {
            (run, DeadlineOf::Run)
        };
        Self {
            at: started + limit,
            limit,
            of,
        }
    }

    /// The same deadline for what begins at `started`.
    #[must_use]
    pub fn counted_from(mut self, started: Instant) -> Self {
        self.at = started + self.limit;
        self
    }

    /// When it is.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// How much time it gives in all.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// How much time is left.
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        self.at.saturating_duration_since(now)
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(&self, now: Instant) -> bool {
        self.left(now).is_zero()
    }
}

/// A backend took too long.
#[derive(Debug, Clone, Error)]
#[error("`{backend}` did not answer within {}, the deadline of {}{}", format_duration(*limit), of.noun(), before(.last.as_ref()))]
pub struct DeadlineError {
    /// Which.
    pub backend: String,
    /// How long it was waited for.
    pub limit: Duration,
    /// Whose deadline that was.
    pub of: DeadlineOf,
    /// What the attempt before came to, if there was one.
    pub last: Option<FetchError>,
}

impl DeadlineError {
    pub(super) fn new(backend: &str, deadline: &Deadline, last: Option<FetchError>) -> Self {
        Self {
            backend: backend.to_owned(),
            limit: deadline.limit,
            of: deadline.of,
            last,
        }
    }
}

impl DeadlineOf {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Backend => "this backend",
            Self::Run => "the run",
        }
    }
}

fn before(last: Option<&FetchError>) -> String {
    last.map_or_else(String::new, |last| format!("; the attempt before: {last}"))
}

impl Explain for DeadlineError {
    fn kind(&self) -> &'static str {
        match self.of {
            DeadlineOf::Backend => "backend-deadline",
            DeadlineOf::Run => "run-deadline",
        }
    }

    fn hint(&self) -> Option<String> {
        let Self { backend, .. } = self;
        Some(match self.of {
            DeadlineOf::Backend => format!(
                "check the server and the way to it; if it is that slow, give it more time with \
                 `deadline` in [backends.{backend}]"
            ),
            DeadlineOf::Run => format!(
                "check the server and the way to it; if it is that slow, give the run more time \
                 with `deadline` in [resilience], and no less than [backends.{backend}] has"
            ),
        })
    }

    fn nature(&self) -> Nature {
        Nature::Outage { retry_after: None }
    }

    fn is_late(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_earlier_of_two_deadlines_holds_and_is_named() {
        let now = Instant::now();
        for (backend, run, limit, kind) in [
            (20, 30, 20, "backend-deadline"),
            (20, 20, 20, "backend-deadline"),
            (20, 5, 5, "run-deadline"),
        ] {
            let deadline = Deadline::new(now, SECOND * backend, SECOND * run);
            assert_eq!(deadline.at(), now + SECOND * limit);
            let error = DeadlineError::new("vault", &deadline, None);
            assert_eq!(error.kind(), kind);
            let text = error.to_string();
            assert!(text.contains(&format!("within {limit}s")), "{text}");
        }
    }

    #[test]
    fn a_deadline_has_passed_when_no_time_is_left() {
        let now = Instant::now();
        let deadline = Deadline::new(now, SECOND, SECOND);
        assert_eq!(deadline.left(now + SECOND / 4), SECOND * 3 / 4);
        assert!(!deadline.has_passed(now));
        assert!(deadline.has_passed(now + SECOND));
        assert!(deadline.has_passed(now + 2 * SECOND));
        let later = deadline.counted_from(now + SECOND);
        assert_eq!(later.at(), now + 2 * SECOND);
    }
}
