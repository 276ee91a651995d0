//! What the command has, and what of it another reading changes. Pure.

use secret_runtime::plan::DocumentId;

use super::report::Reported;

/// What the command has.
#[derive(Debug, Default)]
pub(super) struct Known {
    entries: Vec<Reported>,
}

impl Known {
    /// The command has these now, and still those that were held when they were read.
    pub(super) fn update(&mut self, entries: Vec<Reported>) {
        let had = std::mem::take(&mut self.entries);
        let had = |entry: &Reported| had.iter().find(|had| had.name == entry.name).cloned();
        let entries = entries.into_iter().map(|entry| match entry.held {
            true => had(&entry).unwrap_or(entry),
            false => entry,
        });
        self.entries = entries.collect();
    }

    /// The names of entries that are other ones now, or that only one of the two has, in the
    /// order of the manifest. What a backend makes anew for each who asks, and for a time, is
    /// another one always: it has changed when that time is about to end, as `are_good` knows.
    pub(super) fn changed(
        &self,
        entries: &[Reported],
        are_good: impl Fn(&[DocumentId]) -> bool,
    ) -> Vec<String> {
        let had = |name: &str| self.entries.iter().find(|entry| entry.name == name);
        let has = |name: &str| entries.iter().any(|entry| entry.name == name);
        let differs = |entry: &&Reported| match had(&entry.name) {
            // What stands in for something newer is no news.
            Some(_) if entry.held || entry.stale => false,
            Some(had) => had.mark != entry.mark && !are_good(&had.leased),
            None => true,
        };
        let new = entries.iter().filter(differs);
        let gone = self.entries.iter().filter(|entry| !has(&entry.name));
        new.chain(gone).map(|entry| entry.name.clone()).collect()
    }

    /// Whether something that stands in for what could not be read is another value than that of the
    /// command, which may have a newer one.
    pub(super) fn is_newer_than(&self, entries: &[Reported]) -> bool {
        let had = |name: &str| self.entries.iter().find(|entry| entry.name == name);
        let mut stale = entries.iter().filter(|entry| entry.stale);
        stale.any(|entry| had(&entry.name).is_some_and(|had| had.mark != entry.mark))
    }

    /// What is good for a time of those entries that are other ones now, also where that is no
    /// change: it says nothing of what the command has.
    pub(super) fn others(&self, entries: &[Reported]) -> Vec<DocumentId> {
        let is_other = |entry: &&Reported| {
            let had = self.entries.iter().find(|had| had.name == entry.name);
            !entry.held && had.is_none_or(|had| had.mark != entry.mark)
        };
        let others = entries.iter().filter(is_other);
        others.flat_map(|entry| entry.leased.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: DocumentId = DocumentId {
        backend: 0,
        request: 0,
    };

    fn entry(name: &str, mark: u8) -> Reported {
        Reported {
            name: name.to_owned(),
            mark: [mark; 32],
            at_path: false,
            stale: false,
            held: false,
            composed: false,
            leased: Vec::new(),
        }
    }

    fn known(entries: &[Reported]) -> Known {
        let mut known = Known::default();
        known.update(entries.to_vec());
        known
    }

    #[test]
    fn what_is_new_other_or_gone_has_changed() {
        let had = [entry("SAME", 1), entry("OTHER", 2), entry("GONE", 3)];
        let has = [entry("SAME", 1), entry("OTHER", 4), entry("NEW", 3)];
        let known = known(&had);
        assert_eq!(known.changed(&has, |_| false), ["OTHER", "NEW", "GONE"]);
        assert!(known.changed(&had, |_| false).is_empty());
    }

    #[test]
    fn what_is_leased_changes_when_it_is_no_longer_good() {
        let user = |mark| Reported {
            leased: vec![DOCUMENT],
            ..entry("USER", mark)
        };
        let known = known(&[user(1), entry("TOKEN", 1)]);
        let are_good = |leased: &[DocumentId]| leased == [DOCUMENT];
        assert!(
            known
                .changed(&[user(2), entry("TOKEN", 1)], are_good)
                .is_empty()
        );
        assert_eq!(
            known.changed(&[user(2), entry("TOKEN", 1)], |_| false),
            ["USER"]
        );
        assert_eq!(
            known.changed(&[user(2), entry("TOKEN", 2)], are_good),
            ["TOKEN"]
        );
        // The time of another one is not the time of the one that is there.
        assert_eq!(known.others(&[user(2), entry("TOKEN", 1)]), [DOCUMENT]);
        assert!(known.others(&[user(1), entry("TOKEN", 2)]).is_empty());
    }

    #[test]
    fn what_is_stale_is_no_change_and_may_be_older() {
        let stale = |mark| Reported {
            stale: true,
            ..entry("TOKEN", mark)
        };
        let known = known(&[entry("TOKEN", 2), entry("OTHER", 2)]);
        let read = [stale(1), entry("OTHER", 2)];
        assert!(known.changed(&read, |_| false).is_empty());
        assert!(known.is_newer_than(&read));
        let read = [stale(2), entry("OTHER", 3)];
        assert_eq!(known.changed(&read, |_| false), ["OTHER"]);
        assert!(!known.is_newer_than(&read));
        // Nothing is there yet that could be newer.
        assert!(!Known::default().is_newer_than(&read));
    }

    #[test]
    fn what_is_held_stays_what_it_was() {
        let mut known = known(&[entry("USER", 1), entry("TOKEN", 1)]);
        let held = Reported {
            held: true,
            ..entry("USER", 0)
        };
        let read = [held, entry("TOKEN", 2)];
        assert_eq!(known.changed(&read, |_| false), ["TOKEN"]);
        known.update(read.to_vec());
        assert_eq!(
            known.changed(&[entry("USER", 2), entry("TOKEN", 2)], |_| false),
            ["USER"]
        );
    }
}
