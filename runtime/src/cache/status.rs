//! What is kept across starts, for who asks: names and times, no value.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::moment::Moment;
use super::place::{Place, is_same_start};
use super::{CacheError, folder};
use crate::backend::ProcessVariable;
use crate::plan::Plan;

/// The cache of a plan.
#[derive(Debug)]
pub struct CacheStatus {
    /// Its file, whether there is one or not.
    pub path: PathBuf,
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
}

impl State {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Expired => "expired",
        }
    }
}

/// What is kept for a plan; nothing if its manifest wants nothing kept.
///
/// # Errors
/// When there is a file that can't be opened, or that others could get at.
pub fn status(
    plan: &Plan,
    process: ProcessVariable<'_>,
) -> Result<Option<CacheStatus>, CacheError> {
    let Some(place) = Place::of(plan, process)? else {
        return Ok(None);
    };
    let mut status = CacheStatus {
        path: place.file.clone(),
        entries: Vec::new(),
    };
    let Some((_, opened)) = place.open()? else {
        return Ok(Some(status));
    };
    let (now, is_same) = (Moment::now(), is_same_start(&opened));
    for section in &opened.index.sections {
        for document in &section.documents {
            let machine = document.machine.filter(|_| is_same);
            let read = Moment {
                wall: Duration::from_millis(document.read),
                machine: machine.map(Duration::from_millis),
            };
            let age = read.age(now);
            let ttl = Duration::from_millis(document.ttl);
            let stale = Duration::from_millis(document.stale);
            let state = match age {
                Some(age) if age < ttl => State::Fresh,
                Some(age) if age < ttl.saturating_add(stale) => State::Stale,
                _ => State::Expired,
            };
            status
                .entries
                .extend(document.names.iter().map(|name| StatusEntry {
                    name: name.clone(),
                    backend: section.backend.clone(),
                    age,
                    ttl,
                    state,
                }));
        }
    }
    let by = |entry: &StatusEntry| (entry.name.clone(), entry.age);
    status.entries.sort_by_key(by);
    Ok(Some(status))
}

/// Removes all caches of this user, those of other plans included, and answers how many there
/// were. Keys are left: without a cache they open nothing.
///
/// # Errors
/// When one can't be removed.
pub fn clear(process: ProcessVariable<'_>) -> Result<usize, CacheError> {
    let folder = folder::path(process)?;
    if !folder::judge(&folder)? {
        return Ok(0);
    }
    let mut removed = 0;
    for (path, is_cache) in folder::files(&folder)? {
        match fs::remove_file(&path) {
            Ok(()) => removed += usize::from(is_cache),
            // Another may have removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(CacheError::io(&path, "removed")(error)),
        }
    }
    Ok(removed)
}
