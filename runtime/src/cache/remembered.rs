//! What a process remembers of documents.
//!
//! What is read is pending until the resolution has come to its end. A value that some rule
//! refuses is never remembered, and one that was remembered and is refused is forgotten, so that the
//! next resolution asks for it.

use std::collections::BTreeMap;

use super::document::{Age, Kept, Known};
use super::identity::Identity;
use super::moment::Moment;
use super::place::{News, Place};
use super::terms::Terms;
use super::{Asking, CacheError};
use crate::backend::Request;
use crate::error::{Problem, Problems, Severity};

/// Which document of whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) identity: Identity,
    pub(crate) request: Request,
}

/// Documents that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Whether this process will not resolve again.
    pub(crate) once: bool,
    pub(crate) asking: Asking,
    kept: BTreeMap<Key, Kept>,
    /// What the resolution read that is under way.
    pending: Vec<(Key, Kept)>,
    /// What it took from here.
    served: Vec<Key>,
    /// Where it is kept across starts, if it is.
    place: Option<Place>,
    /// Who asks.
    identities: Vec<Identity>,
    /// What that does not know yet: when a document was forgotten, or nothing where it was read.
    unsaved: BTreeMap<Key, Option<Moment>>,
    /// Whether any of that has to be said.
    changed: bool,
}

impl Cache {
    /// Begins a resolution of these identities, with what is kept across starts at `place`. What
    /// is wrong there is answered.
    pub(crate) fn begin(
        &mut self,
        place: Option<Place>,
        identities: &[Option<Identity>],
    ) -> Option<CacheError> {
        self.pending.clear();
        self.served.clear();
        let identities: Vec<Identity> = identities.iter().flatten().copied().collect();
        let is_known = self.place == place && self.identities == identities;
        (self.place, self.identities) = (place, identities);
        let place = self.place.as_ref().filter(|_| !is_known)?;
        let loaded = place.prepare().and_then(|()| place.load(&self.identities));
        match loaded {
            Ok(loaded) => {
                for (key, kept) in loaded {
                    let own = self.kept.get(&key);
                    if own.is_none_or(|own| kept.read.is_after(own.read)) {
                        self.kept.insert(key, kept);
                    }
                }
                None
            }
            // It is replaced by what is read now.
            Err(error @ CacheError::Unreadable { .. }) => Some(error),
            Err(error) => {
                self.place = None;
                Some(error)
            }
        }
    }

    /// Whether anything of this resolution will be of use to a later one.
    pub(crate) fn lasts(&self) -> bool {
        !self.once || self.place.is_some()
    }

    /// What was read of this and may be used.
    pub(crate) fn known(&self, key: &Key, terms: Terms, now: Moment) -> Option<Known> {
        self.kept.get(key)?.known(terms, now)
    }

    /// Whether something of this age is used without asking.
    pub(crate) fn answers(&self, age: Age) -> bool {
        match self.asking {
            Asking::Expired => age == Age::Good,
            Asking::All => false,
        }
    }

    /// Notes what was taken from here.
    pub(crate) fn served(&mut self, key: Key) {
        self.served.push(key);
    }

    /// Notes what was read.
    pub(crate) fn read(&mut self, key: Key, kept: Kept) {
        self.pending.push((key, kept));
    }

    /// Forgets what its backend has no more, or does not give any more.
    pub(crate) fn forget(&mut self, key: &Key) {
        self.changed |= self.kept.remove(key).is_some();
        if self.place.is_some() {
            // Another may have read it before, and keep it.
            self.unsaved.insert(key.clone(), Some(Moment::now()));
        }
    }

    /// The resolution was good: what it read is kept.
    pub(crate) fn keep(&mut self) -> Option<CacheError> {
        self.served.clear();
        self.changed |= !self.pending.is_empty();
        for (key, kept) in std::mem::take(&mut self.pending) {
            if self.place.is_some() {
                self.unsaved.insert(key.clone(), None);
            }
            self.kept.insert(key, kept);
        }
        let now = Moment::now();
        self.kept
            .retain(|_, kept| !matches!(kept.age(kept.terms, now), None | Some((_, Age::Over))));
        self.write()
    }

    /// It was not: what it read is not kept, and what is refused of what it took is forgotten.
    pub(crate) fn reject(&mut self, problems: &Problems) -> Option<CacheError> {
        self.pending.clear();
        let errors = problems.as_slice().iter();
        let refused: Vec<&str> = errors.filter_map(refused).collect();
        for key in std::mem::take(&mut self.served) {
            let is_in = |kept: &Kept| kept.names.iter().any(|name| refused.contains(&&**name));
            if self.kept.get(&key).is_some_and(is_in) {
                self.forget(&key);
            }
        }
        self.write()
    }

    fn write(&mut self) -> Option<CacheError> {
        let place = self.place.as_ref().filter(|_| self.changed)?;
        let news = self.unsaved.iter().filter_map(|(key, forgotten)| {
            Some(match forgotten {
                Some(at) => News::Forgotten(key, *at),
                None => News::Read(key, self.kept.get(key)?),
            })
        });
        let news: Vec<_> = news.collect();
        if let Err(error) = place.save(&self.identities, &news) {
            // It is said once more, with what comes then.
            return Some(error);
        }
        self.changed = false;
        self.unsaved.clear();
        None
    }
}

/// The entry that could not be used.
fn refused(problem: &Problem) -> Option<&str> {
    let is_error = problem.severity == Severity::Error;
    problem.secret.as_deref().filter(|_| is_error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backend::Document;
    use crate::resolver::ResolveError;
    use crate::secret::SecretValue;

    const TERMS: Terms = Terms {
        ttl: Duration::from_secs(60),
        stale: Duration::ZERO,
    };

    fn key(identity: u8) -> Key {
        Key {
            identity: Identity::test(identity),
            request: Request {
                path: "app".to_owned(),
                version: None,
            },
        }
    }

    /// What a resolution reads of an entry `A`.
    fn read(cache: &mut Cache) {
        assert!(cache.begin(None, &[Some(Identity::test(1))]).is_none());
        let document = Some(Document::plain(SecretValue::copy_of(b"dummy")));
        let names = vec!["A".to_owned()];
        let kept = Kept::new(document, Moment::now(), TERMS, "it".to_owned(), names);
        cache.read(key(1), kept);
    }

    fn knows(cache: &Cache, identity: u8) -> bool {
        let known = cache.known(&key(identity), TERMS, Moment::now());
        known.is_some()
    }

    fn refusal(name: &str) -> Problems {
        let error = ResolveError::Missing {
            name: name.to_owned(),
            looked: "nowhere".to_owned(),
            owner: None,
        };
        Problem::error(&error, None).of(name).into()
    }

    #[test]
    fn only_what_a_good_resolution_read_is_remembered_and_for_its_identity() {
        let mut cache = Cache::default();
        read(&mut cache);
        assert!(!knows(&cache, 1));
        assert!(cache.reject(&refusal("B")).is_none());
        assert!(!knows(&cache, 1));
        read(&mut cache);
        assert!(cache.keep().is_none());
        assert!(knows(&cache, 1) && !knows(&cache, 2));
    }

    #[test]
    fn what_is_refused_is_forgotten_and_nothing_else_is() {
        let mut cache = Cache::default();
        read(&mut cache);
        assert!(cache.keep().is_none());
        cache.served(key(1));
        assert!(cache.reject(&refusal("B")).is_none());
        assert!(knows(&cache, 1));
        cache.served(key(1));
        assert!(cache.reject(&refusal("A")).is_none());
        assert!(!knows(&cache, 1));
    }

    #[test]
    fn what_is_asked_for_although_it_is_remembered() {
        let mut cache = Cache::default();
        for (asking, good) in [(Asking::Expired, true), (Asking::All, false)] {
            cache.asking = asking;
            assert_eq!(cache.answers(Age::Good), good);
            assert!(!cache.answers(Age::Stale));
        }
    }
}
