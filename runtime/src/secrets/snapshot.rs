//! The values of one moment.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use serde::de::DeserializeOwned;

use super::error::{AccessError, Declared, names};
use super::fill;
use super::rotating::Rotating;
use super::secret::Secret;
use crate::manifest::Manifest;
use crate::refresh::now;
use crate::resolver::ResolvedEntry;
use crate::selection::Selection;

/// All values as they were read together. Who holds one sees one state, whatever is read
/// meanwhile. Cheap to clone; its `Debug` shows names alone.
#[derive(Clone)]
pub struct Snapshot(Arc<Contents>);

#[derive(Clone)]
struct Contents {
    number: u64,
    manifest: Arc<Manifest>,
    selection: Arc<Selection>,
    /// In the order of the manifest; absent ones are not among them.
    entries: Arc<[Arc<ResolvedEntry>]>,
    /// What was current before, for keys that are rotated.
    former: Vec<Former>,
}

/// What was the value of an entry until a reading brought another one.
#[derive(Clone)]
struct Former {
    entry: Arc<ResolvedEntry>,
    until: Instant,
}

impl Snapshot {
    /// The first one.
    pub(super) fn first(
        manifest: Arc<Manifest>,
        selection: Selection,
        entries: Arc<[Arc<ResolvedEntry>]>,
    ) -> Self {
        Self(Arc::new(Contents {
            number: 1,
            manifest,
            selection: Arc::new(selection),
            entries,
            former: Vec::new(),
        }))
    }

    /// The next one, with other values.
    pub(super) fn next(&self, entries: Arc<[Arc<ResolvedEntry>]>, now: Instant) -> Self {
        let contents = &self.0;
        let mut next = Contents {
            number: contents.number + 1,
            entries,
            former: Vec::new(),
            ..Contents::clone(contents)
        };
        for entry in &contents.manifest.entries {
            let Some(previous) = &entry.previous else {
                continue;
            };
            let name = &entry.name;
            let replaced = match (contents.entry(name), next.entry(name)) {
                (Some(had), Some(has)) if had.value.expose() != has.value.expose() => Some(had),
                _ => None,
            };
            let former = match (replaced, now.checked_add(previous.grace)) {
                (Some(had), Some(until)) => Some(Former {
                    entry: Arc::clone(had),
                    until,
                }),
                _ => contents.former(name, now).cloned(),
            };
            next.former
                .extend(former.filter(|former| former.until > now));
        }
        Self(Arc::new(next))
    }

    /// The same without what is not honoured any more; `None` if all of it is.
    pub(super) fn without_outdated(&self, now: Instant) -> Option<Self> {
        let is_outdated = |former: &Former| former.until <= now;
        self.0.former.iter().any(is_outdated).then(|| {
            let mut contents = Contents::clone(&self.0);
            contents.former.retain(|former| !is_outdated(former));
            Self(Arc::new(contents))
        })
    }

    /// Counted from 1: each time that values change it is one more.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The environment of the manifest.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.0.selection.environment
    }

    /// Whether the rules of production hold.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.0.selection.production.is_some()
    }

    /// The names of all that have a value, in the order of the manifest.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The value of an entry that must have one.
    ///
    /// # Errors
    /// When the manifest does not declare it, or lets it be absent and it is.
    pub fn required(&self, name: &str) -> Result<Secret, AccessError> {
        self.optional(name)?.ok_or_else(|| self.absent(name))
    }

    /// The value of an entry that may have none.
    ///
    /// # Errors
    /// When the manifest does not declare it.
    pub fn optional(&self, name: &str) -> Result<Option<Secret>, AccessError> {
        let contents = &self.0;
        if let Some(entry) = contents.entry(name) {
            return Ok(Some(Secret::new(entry, &contents.manifest)));
        }
        let mut declared = contents.manifest.entries.iter().flat_map(names);
        if declared.any(|declared| declared == name) {
            Ok(None)
        } else {
            Err(AccessError::not_declared(&contents.manifest, name))
        }
    }

    /// The value of an entry as another type; see [`Secret::parse`].
    ///
    /// # Errors
    /// When there is none, or it is no such thing.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T, AccessError> {
        self.required(name)?.parse()
    }

    /// The value of an entry as a document of JSON; see [`Secret::json`].
    ///
    /// # Errors
    /// When there is none, or it is no such document.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, AccessError> {
        self.required(name)?.json()
    }

    /// A struct whose fields are called as entries are, in upper or lower case: `database_url` is
    /// the value of `DATABASE_URL`. Numbers and truth values are read from texts; a field that is a
    /// list or a struct itself is read from JSON. A field that is an `Option` may have no value.
    ///
    /// A field of the type [`SecretValue`](crate::secret::SecretValue) takes any bytes, and is
    /// wiped; one that is a `String` is not.
    ///
    /// # Errors
    /// When a field has no entry, no value, or one that does not fit.
    pub fn to_struct<T: DeserializeOwned>(&self) -> Result<T, AccessError> {
        fill::fill(self)
    }

    /// A key with the one before, which is honoured for the time that its `previous` says.
    ///
    /// # Errors
    /// When the manifest does not declare it, or no `previous` of it, or it has no value.
    pub fn rotating(&self, name: &str) -> Result<Rotating, AccessError> {
        let contents = &self.0;
        let current = self.required(name)?;
        let previous = contents.manifest.entry(name);
        let previous = previous.and_then(|entry| entry.previous.as_ref());
        let previous = previous.ok_or_else(|| AccessError::WithoutPrevious {
            name: name.to_owned(),
            declared: self.declared(name),
        })?;
        let former = contents.former(name, now());
        let former = former.map(|former| Secret::new(&former.entry, &contents.manifest));
        let kept = contents.entry(previous.name.get_ref());
        let kept = kept.map(|entry| Secret::new(entry, &contents.manifest));
        Ok(Rotating::new(current, former.into_iter().chain(kept)))
    }

    pub(super) fn absent(&self, name: &str) -> AccessError {
        AccessError::Absent {
            name: name.to_owned(),
            declared: self.declared(name),
        }
    }

    fn declared(&self, name: &str) -> Declared {
        let declared = Declared::of(&self.0.manifest, name);
        declared.expect("what is not declared is an error of its own")
    }

    pub(super) fn manifest(&self) -> &Arc<Manifest> {
        &self.0.manifest
    }

    pub(super) fn entries(&self) -> &[Arc<ResolvedEntry>] {
        &self.0.entries
    }

    /// The names of entries with other values than in `before`, or which only one of the two has,
    /// in the order of the manifest.
    pub(super) fn differs_from(&self, before: &Self) -> Vec<String> {
        let differs = |entry: &&Arc<ResolvedEntry>| match before.0.entry(&entry.name) {
            Some(had) => had.value.expose() != entry.value.expose(),
            None => true,
        };
        let other = self.entries().iter().filter(differs);
        let had = before.entries().iter();
        let gone = had.filter(|entry| self.0.entry(&entry.name).is_none());
        other.chain(gone).map(|entry| entry.name.clone()).collect()
    }
}

impl Contents {
    fn entry(&self, name: &str) -> Option<&Arc<ResolvedEntry>> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    fn former(&self, name: &str, now: Instant) -> Option<&Former> {
        let mut former = self.former.iter();
        former.find(|former| former.entry.name == name && former.until > now)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Snapshot")
            .field("number", &self.0.number)
            .field("names", &names)
            .finish_non_exhaustive()
    }
}
