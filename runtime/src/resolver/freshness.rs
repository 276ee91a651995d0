//! How fresh the values of a reading are.

use std::time::Duration;

use super::resolved::ResolvedEntry;

/// How fresh the values of a reading are. All of it is nothing where all was read just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// How old the oldest value is that stands in for what its backend could not give, if one does.
    pub stale: Option<Duration>,
    /// For how long the values are good that were not asked for, until the first of them expires.
    pub good_for: Option<Duration>,
}

impl Freshness {
    /// That of these.
    #[must_use]
    pub fn of(entries: &[ResolvedEntry]) -> Self {
        let remembered = || entries.iter().filter_map(|entry| entry.remembered);
        let stale = remembered().filter(|found| found.is_stale());
        let good = remembered().filter(|found| !found.is_stale());
        Self {
            stale: stale.map(|found| found.age).max(),
            good_for: good.map(|found| found.good_for).min(),
        }
    }

    /// Whether a value stands in for what its backend could not give.
    #[must_use]
    pub fn is_stale(self) -> bool {
        self.stale.is_some()
    }
}
