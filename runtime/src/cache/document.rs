//! One document that is remembered, and whether it may still be used.

use std::time::Duration;

use super::moment::Moment;
use super::terms::Terms;
use crate::backend::Document;
use crate::lease::Lease;

/// What was read.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Nothing where there was no version before.
    pub(crate) document: Option<Document>,
    pub(super) read: Moment,
    /// As it was when it was read; for those who look at all that is remembered.
    pub(super) terms: Terms,
    /// The backend's name.
    pub(super) backend: String,
    /// The entries that it is in.
    pub(super) names: Vec<String>,
}

/// Whether something remembered may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// It may, without asking.
    Good,
    /// Only if its backend can't be reached.
    Stale,
    /// It may not.
    Over,
}

/// A document that is remembered and may be used.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its lease is what is left of it.
    pub(crate) document: Option<Document>,
    /// How long ago it was read.
    pub(crate) since: Duration,
    /// For how long it may still be used without asking.
    pub(crate) left: Duration,
    pub(crate) age: Age,
}

impl Kept {
    pub(crate) fn new(
        document: Option<Document>,
        read: Moment,
        terms: Terms,
        backend: String,
        names: Vec<String>,
    ) -> Self {
        Self {
            document,
            read,
            terms,
            backend,
            names,
        }
    }

    fn lease(&self) -> Option<Lease> {
        self.document.as_ref()?.lease
    }

    /// Its time to live: not longer than its lease.
    fn ttl(&self, terms: Terms) -> Duration {
        let lease = self.lease().map(|lease| lease.duration);
        terms.ttl.min(lease.unwrap_or(Duration::MAX))
    }

    /// How old it is, and what that means; nothing if its clock is wrong.
    pub(super) fn age(&self, terms: Terms, now: Moment) -> Option<(Duration, Age)> {
        let since = self.read.age(now)?;
        let ended = self.lease().is_some_and(|lease| since >= lease.duration);
        let ttl = self.ttl(terms);
        let age = if ttl.is_zero() || ended {
            Age::Over
        } else if since < ttl {
            Age::Good
        } else if since < ttl.saturating_add(terms.stale) {
            Age::Stale
        } else {
            Age::Over
        };
        Some((since, age))
    }

    /// It, if it may be used.
    pub(super) fn known(&self, terms: Terms, now: Moment) -> Option<Known> {
        let (since, age) = self.age(terms, now)?;
        if age == Age::Over {
            return None;
        }
        let mut document = self.document.clone();
        if let Some(lease) = document.as_mut().and_then(|found| found.lease.as_mut()) {
            lease.duration = lease.duration.saturating_sub(since);
        }
        Some(Known {
            document,
            since,
            left: self.ttl(terms).saturating_sub(since),
            age,
        })
    }

    /// Whether it may be on a disk: what is leased ends by others' hands, too.
    pub(super) fn outlives_a_process(&self) -> bool {
        self.lease().is_none()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;
    use crate::secret::SecretValue;

    const TERMS: Terms = Terms {
        ttl: Duration::from_secs(1000),
        stale: Duration::from_secs(300),
    };

    fn at(seconds: u64) -> Moment {
        Moment {
            wall: Duration::from_secs(10_000 + seconds),
            machine: Some(Duration::from_secs(50 + seconds)),
        }
    }

    fn kept(lease: Option<u64>) -> Kept {
        let mut document = Document::plain(SecretValue::copy_of(b"dummy"));
        document.lease = lease.map(|seconds| Lease {
            duration: Duration::from_secs(seconds),
            renewable: true,
        });
        let names = vec!["A".to_owned()];
        Kept::new(Some(document), at(0), TERMS, "vault".to_owned(), names)
    }

    fn age(kept: &Kept, seconds: u64) -> Option<Age> {
        Some(kept.age(TERMS, at(seconds))?.1)
    }

    #[test]
    fn it_is_good_then_stale_then_over() {
        let kept = kept(None);
        for (seconds, expected) in [
            (0, Age::Good),
            (999, Age::Good),
            (1000, Age::Stale),
            (1299, Age::Stale),
            (1300, Age::Over),
        ] {
            assert_eq!(age(&kept, seconds), Some(expected), "{seconds}");
        }
        assert!(kept.known(TERMS, at(1300)).is_none());
    }

    #[test]
    fn it_never_outlives_its_lease() {
        let kept = kept(Some(60));
        assert_eq!(age(&kept, 30), Some(Age::Good));
        assert_eq!(age(&kept, 59), Some(Age::Good));
        assert_eq!(age(&kept, 60), Some(Age::Over));
        assert!(!kept.outlives_a_process());
        let known = kept.known(TERMS, at(20)).unwrap();
        let lease = known.document.unwrap().lease.unwrap();
        assert_eq!(lease.duration.as_secs(), 40);
        assert_eq!(known.left.as_secs(), 40);
    }

    #[test]
    fn without_a_time_to_live_and_from_the_future_it_is_not_used() {
        let kept = kept(None);
        let never = Terms {
            ttl: Duration::ZERO,
            ..TERMS
        };
        assert!(kept.known(never, at(0)).is_none());
        let before = Moment {
            wall: Duration::from_secs(9_999),
            machine: Some(Duration::from_secs(60)),
        };
        assert!(kept.known(TERMS, before).is_none());
    }
}
