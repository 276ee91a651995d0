//! What is kept across starts, for who asks: names and times, no value.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::identity::Identity;
use super::moment::Moment;
use super::place::{Place, this_start};
use super::sealed::DocumentIndex;
use super::terms::{Terms, names};
use super::{CacheError, folder};
use crate::backend::ProcessVariable;
use crate::own_file::FOREIGN;
use crate::plan::{DocumentId, Plan};
use crate::plugin::Plugins;

/// The cache of a plan.
#[derive(Debug)]
pub struct CacheStatus {
    /// Its file, whether there is one or not.
    pub path: PathBuf,
    /// Others for the same plan, where starts in another environment have kept them.
    pub elsewhere: Vec<PathBuf>,
    /// What is in it, by backend and name.
    pub entries: Vec<StatusEntry>,
}

/// An entry of the manifest that is in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// The variable.
    pub name: String,
    /// Which backend gave it.
    pub backend: String,
    /// How long ago; nothing if that is in the future.
    pub age: Option<Duration>,
    /// How long it is good.
    pub ttl: Duration,
    /// What that means.
    pub state: State,
}

/// Whether something in a cache is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is, without asking.
    Fresh,
    /// It is if its backend can't be reached.
    Stale,
    /// It is not any more.
    Expired,
    /// It is not: another identity has read it.
    Foreign,
}

impl State {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Expired => "expired",
            Self::Foreign => "foreign",
        }
    }
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    /// How many caches.
    pub removed: usize,
    /// Where they were looked for.
    pub folders: Vec<PathBuf>,
}

/// What is kept for a plan, as a start with these variables finds it; nothing if its manifest wants
/// nothing kept.
///
/// # Errors
/// When there is a file that can't be opened, or that others could get at.
pub fn status(
    plan: &Plan,
    plugins: &Plugins,
    process: ProcessVariable<'_>,
) -> Result<Option<CacheStatus>, CacheError> {
    let Some(place) = Place::of(plan, process)? else {
        return Ok(None);
    };
    let mut status = CacheStatus {
        elsewhere: place.elsewhere(process),
        path: place.file.clone(),
        entries: Vec::new(),
    };
    let Some((seal, opened)) = place.open()? else {
        return Ok(Some(status));
    };
    let identities = plan.backends.iter();
    let identities = identities.filter_map(|backend| Identity::of(plan, backend, plugins, process));
    let identities: Vec<Identity> = identities.collect();
    let (now, start) = (Moment::now(), this_start());
    for (section, _) in &opened.sections {
        let mut own = identities.iter();
        let is_own = own.any(|identity| seal.is_of(section, *identity));
        for document in &section.documents {
            let age = section.moment(document.read, start.as_deref()).age(now);
            let terms = terms(plan, &section.backend, document);
            let state = match age {
                _ if !is_own => State::Foreign,
                Some(age) if age < terms.ttl => State::Fresh,
                // Without a time to live nothing stands in, either.
                Some(_) if terms.ttl.is_zero() => State::Expired,
                Some(age) if age < terms.ttl.saturating_add(terms.stale) => State::Stale,
                _ => State::Expired,
            };
            status
                .entries
                .extend(document.names.iter().map(|name| StatusEntry {
                    name: name.clone(),
                    backend: section.backend.clone(),
                    age,
                    ttl: terms.ttl,
                    state,
                }));
        }
    }
    let by = |entry: &StatusEntry| (entry.name.clone(), entry.age);
    status.entries.sort_by_key(by);
    Ok(Some(status))
}

/// Those that a start would hold a document to.
fn terms(plan: &Plan, backend: &str, document: &DocumentIndex) -> Terms {
    let found = plan.backends.iter().position(|known| known.name == backend);
    let found = found.and_then(|backend| {
        let requests = 0..plan.backends[backend].requests.len();
        let mut requests = requests.map(|request| DocumentId { backend, request });
        requests.find(|id| names(plan, *id) == document.names)
    });
    match found {
        Some(id) => Terms::of(plan, id, plan.ttl),
        None => Terms {
            ttl: Duration::from_millis(document.ttl),
            stale: Duration::from_millis(document.stale),
        },
    }
}

/// Removes all caches of this user, those of other plans included, wherever the environment of a start
/// may have put them. Keys are left: without a cache they open nothing.
///
/// # Errors
/// When one can't be removed. Those that can be are.
pub fn clear(process: ProcessVariable<'_>) -> Result<Cleared, CacheError> {
    let usual = folder::path(process)?;
    let mut cleared = Cleared {
        removed: 0,
        folders: folder::candidates(process),
    };
    let mut wrong = None;
    for folder in &cleared.folders {
        match remove(folder) {
            Ok(removed) => cleared.removed += removed,
            // It is none of this user's, and nobody looks there.
            Err(CacheError::Exposed { reason, .. }) if reason == FOREIGN && *folder != usual => {}
            Err(error) => wrong = wrong.or(Some(error)),
        }
    }
    wrong.map_or(Ok(cleared), Err)
}

/// Removes those in a folder, and answers how many there were.
fn remove(folder: &Path) -> Result<usize, CacheError> {
    if !folder::judge(folder)? {
        return Ok(0);
    }
    let mut removed = 0;
    for (path, is_cache) in folder::files(folder)? {
        match fs::remove_file(&path) {
            Ok(()) => removed += usize::from(is_cache),
            // Another may have removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(CacheError::io(&path, "removed")(error)),
        }
    }
    Ok(removed)
}
