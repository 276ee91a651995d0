//! How long something took, in the buckets that Prometheus computes quantiles of.

use std::time::Duration;

/// The upper bounds of the buckets in seconds: from a local file to a store that hardly answers.
pub(super) const BOUNDS: [f64; 13] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// How often something took how long.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Histogram {
    /// How many are in each bucket and in none below; the last has no bound.
    buckets: [u64; BOUNDS.len() + 1],
    /// All of them together, in seconds.
    sum: f64,
}

impl Histogram {
    /// `None` for a sum that no times have.
    pub(super) fn new(buckets: [u64; BOUNDS.len() + 1], sum: f64) -> Option<Self> {
        (sum.is_finite() && sum >= 0.0).then_some(Self { buckets, sum })
    }

    pub(super) fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        let bucket = &mut self.buckets[bucket.unwrap_or(BOUNDS.len())];
        *bucket = bucket.saturating_add(1);
        self.sum += seconds;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket = bucket.saturating_add(more);
        }
        self.sum += other.sum;
    }

    /// How many are in each bucket or in one below, the one without a bound last.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().scan(0_u64, |all, bucket| {
            *all = all.saturating_add(*bucket);
            Some(*all)
        })
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}
