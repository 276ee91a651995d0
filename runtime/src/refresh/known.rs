//! What somebody has, and what of it another reading changes. Pure: it is told the time.

use std::time::{Duration, Instant};

/// An entry, as it is told from others. By what a value is told from another one is the matter of
/// who has it.
pub trait Entry {
    /// The variable.
    fn name(&self) -> &str;
    /// Whether the value is the same.
    fn is_same(&self, other: &Self) -> bool;
    /// For how long it is good, if it is for a time.
    fn lease(&self) -> Option<Duration>;
}

/// What somebody has.
#[derive(Debug)]
pub struct Known<E> {
    entries: Vec<E>,
    since: Option<Instant>,
}

/// Nothing.
impl<E> Default for Known<E> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            since: None,
        }
    }
}

impl<E: Entry> Known<E> {
    /// These, which were read at that time.
    #[must_use]
    pub fn new(entries: Vec<E>, since: Instant) -> Self {
        Self {
            entries,
            since: Some(since),
        }
    }

    /// When something of it has to be replaced, since it is good for a time only.
    #[must_use]
    pub fn good_until(&self) -> Option<Instant> {
        let leases = self.entries.iter().filter_map(Entry::lease);
        Some(self.since? + usable(leases.min()?))
    }

    /// The names of entries that are other ones now, or that only one of the two has, in the
    /// order of the manifest. What a backend makes anew for each who asks, and for a time, is
    /// another one always: it has changed when that time is about to end.
    pub fn changed(&self, entries: &[E], now: Instant) -> Vec<String> {
        let had = |name: &str| self.entries.iter().find(|entry| entry.name() == name);
        let has = |name: &str| entries.iter().any(|entry| entry.name() == name);
        let differs = |entry: &&E| match had(entry.name()) {
            Some(had) => !had.is_same(entry) && !self.is_still_good(had, now),
            None => true,
        };
        let new = entries.iter().filter(differs);
        let gone = self.entries.iter().filter(|entry| !has(entry.name()));
        new.chain(gone)
            .map(|entry| entry.name().to_owned())
            .collect()
    }

    fn is_still_good(&self, entry: &E, now: Instant) -> bool {
        let until = |(since, lease)| since + usable(lease);
        let until = self.since.zip(entry.lease()).map(until);
        until.is_some_and(|until| now < until)
    }
}

/// The part of a lease after which the next one is asked for: there is time for some attempts.
fn usable(lease: Duration) -> Duration {
    lease / 3 * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[derive(Debug, Clone)]
    struct Marked {
        name: &'static str,
        mark: u8,
        lease: Option<Duration>,
    }

    impl Entry for Marked {
        fn name(&self) -> &str {
            self.name
        }

        fn is_same(&self, other: &Self) -> bool {
            self.mark == other.mark
        }

        fn lease(&self) -> Option<Duration> {
            self.lease
        }
    }

    fn entry(name: &'static str, mark: u8, lease: Option<Duration>) -> Marked {
        Marked { name, mark, lease }
    }

    #[test]
    fn what_is_new_other_or_gone_has_changed() {
        let now = Instant::now();
        let entry = |name, mark| entry(name, mark, None);
        let had = vec![entry("SAME", 1), entry("OTHER", 2), entry("GONE", 3)];
        let has = [entry("SAME", 1), entry("OTHER", 4), entry("NEW", 3)];
        let known = Known::new(had.clone(), now);
        assert_eq!(known.changed(&has, now), ["OTHER", "NEW", "GONE"]);
        assert!(known.changed(&had, now).is_empty());
        assert_eq!(known.good_until(), None);
    }

    #[test]
    fn what_is_leased_changes_when_two_thirds_of_the_lease_are_over() {
        let start = Instant::now();
        let had = |mark| {
            [
                entry("USER", mark, Some(30 * MINUTE)),
                entry("OTHER", mark, Some(90 * MINUTE)),
                entry("TOKEN", 1, None),
            ]
        };
        let known = Known::new(had(1).to_vec(), start);
        assert_eq!(known.good_until(), Some(start + 20 * MINUTE));
        let changed = |after| known.changed(&had(2), start + after);
        assert!(changed(19 * MINUTE).is_empty());
        assert_eq!(changed(20 * MINUTE), ["USER"]);
        assert_eq!(changed(60 * MINUTE), ["USER", "OTHER"]);
        let mut both = had(2);
        both[2].mark = 2;
        assert_eq!(known.changed(&both, start), ["TOKEN"]);
    }
}
