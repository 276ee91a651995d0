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
    entries: Vec<Had<E>>,
}

/// An entry of it, and when that was read.
#[derive(Debug)]
struct Had<E> {
    entry: E,
    since: Instant,
}

/// Nothing.
impl<E> Default for Known<E> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<E: Entry> Known<E> {
    /// These, which were read at that time.
    #[must_use]
    pub fn new(entries: Vec<E>, since: Instant) -> Self {
        let entries = entries.into_iter();
        Self {
            entries: entries.map(|entry| Had { entry, since }).collect(),
        }
    }

    /// When something of it has to be replaced, since it is good for a time only.
    #[must_use]
    pub fn good_until(&self) -> Option<Instant> {
        self.entries.iter().filter_map(Had::good_until).min()
    }

    /// Notes another reading that has changed nothing: what it gave for a time, and is the same,
    /// as a token that its giver keeps until it ends, is good for as long as that reading says.
    pub fn given_again(&mut self, entries: &[E], since: Instant)
    where
        E: Clone,
    {
        for had in &mut self.entries {
            let mut leased = entries.iter().filter(|entry| entry.lease().is_some());
            let again = |entry: &&E| entry.name() == had.entry.name() && had.entry.is_same(entry);
            if let Some(entry) = leased.find(again) {
                *had = Had {
                    entry: entry.clone(),
                    since,
                };
            }
        }
    }

    /// The names of entries that are other ones now, or that only one of the two has, in the
    /// order of the manifest. What a backend makes anew for each who asks, and for a time, is
    /// another one always: it has changed when that time is about to end.
    pub fn changed(&self, entries: &[E], now: Instant) -> Vec<String> {
        let had = |name: &str| self.entries.iter().find(|had| had.entry.name() == name);
        let has = |name: &str| entries.iter().any(|entry| entry.name() == name);
        let differs = |entry: &&E| match had(entry.name()) {
            Some(had) => !had.entry.is_same(entry) && !had.is_still_good(now),
            None => true,
        };
        let new = entries.iter().filter(differs);
        let gone = self.entries.iter().map(|had| &had.entry);
        let gone = gone.filter(|entry| !has(entry.name()));
        new.chain(gone)
            .map(|entry| entry.name().to_owned())
            .collect()
    }
}

impl<E: Entry> Had<E> {
    /// When it has to be replaced. A lease is as long as a backend says, and what is longer than
    /// the clock can count has no end.
    fn good_until(&self) -> Option<Instant> {
        self.since.checked_add(usable(self.entry.lease()?))
    }

    fn is_still_good(&self, now: Instant) -> bool {
        let is_leased = self.entry.lease().is_some();
        is_leased && self.good_until().is_none_or(|until| now < until)
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

    #[test]
    fn what_is_given_once_more_is_good_for_as_long_as_it_is_said_then() {
        let start = Instant::now();
        let token = |mark, lease| entry("TOKEN", mark, Some(lease));
        let user = |mark| entry("USER", mark, Some(90 * MINUTE));
        let mut known = Known::new(vec![token(1, 60 * MINUTE), user(1)], start);
        assert_eq!(known.good_until(), Some(start + 40 * MINUTE));
        // The same token, with what is left of its time, and another user.
        let later = start + 40 * MINUTE;
        let has = [token(1, 21 * MINUTE), user(2)];
        assert!(known.changed(&has, later).is_empty());
        known.given_again(&has, later);
        let until = later + 14 * MINUTE;
        assert_eq!(known.good_until(), Some(until));
        let has = [token(2, 60 * MINUTE), user(3)];
        assert!(known.changed(&has, later).is_empty());
        assert_eq!(known.changed(&has, until), ["TOKEN"]);
        // The user is the one of the first reading.
        let last = start + 60 * MINUTE;
        assert_eq!(known.changed(&has, last), ["TOKEN", "USER"]);
    }

    #[test]
    fn a_lease_that_no_clock_can_count_has_no_end() {
        let now = Instant::now();
        let endless = Some(Duration::from_secs(u64::MAX));
        let had = |mark| vec![entry("TOKEN", mark, endless)];
        let known = Known::new(had(1), now);
        assert_eq!(known.good_until(), None);
        assert!(known.changed(&had(2), now).is_empty());
    }
}
