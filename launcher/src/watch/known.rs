//! What the command has, and what of it another reading changes. Pure: it is told the time.

use std::time::{Duration, Instant};

use super::gate::Reported;

/// What the command has.
#[derive(Debug, Default)]
pub(super) struct Known {
    entries: Vec<Reported>,
    since: Option<Instant>,
}

impl Known {
    pub(super) fn new(entries: Vec<Reported>, since: Instant) -> Self {
        Self {
            entries,
            since: Some(since),
        }
    }

    /// When something of it has to be replaced, since it is good for a time only.
    pub(super) fn good_until(&self) -> Option<Instant> {
        let leases = self.entries.iter().filter_map(|entry| entry.lease);
        Some(self.since? + usable(leases.min()?))
    }

    /// The names of entries that are other ones now, or that only one of the two has, in the
    /// order of the manifest. What a backend makes anew for each who asks, and for a time, is
    /// another one always: it has changed when that time is about to end.
    pub(super) fn changed(&self, entries: &[Reported], now: Instant) -> Vec<String> {
        let had = |name: &str| self.entries.iter().find(|entry| entry.name == name);
        let has = |name: &str| entries.iter().any(|entry| entry.name == name);
        let differs = |entry: &&Reported| match had(&entry.name) {
            Some(had) => had.mark != entry.mark && !self.is_still_good(had, now),
            None => true,
        };
        let new = entries.iter().filter(differs);
        let gone = self.entries.iter().filter(|entry| !has(&entry.name));
        new.chain(gone).map(|entry| entry.name.clone()).collect()
    }

    fn is_still_good(&self, entry: &Reported, now: Instant) -> bool {
        let until = |(since, lease)| since + usable(lease);
        let until = self.since.zip(entry.lease).map(until);
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

    fn entry(name: &str, mark: u8, lease: Option<Duration>) -> Reported {
        Reported {
            name: name.to_owned(),
            mark: [mark; 32],
            at_path: false,
            lease,
        }
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
        both[2].mark = [2; 32];
        assert_eq!(known.changed(&both, start), ["TOKEN"]);
    }
}
