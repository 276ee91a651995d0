//! Where the cache of a plan is kept across starts.
//!
//! Several may read and keep at once, under one credential or several. Who keeps something says what
//! is new, and never what was there when it began.

mod part;

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::debug;

pub(super) use self::part::News;
use self::part::{Part, recent};
use super::document::Kept;
use super::fingerprint::Fingerprint;
use super::identity::Identity;
use super::key::KeySource;
use super::moment::Moment;
use super::remembered::Key;
use super::sealed::{Opened, Seal, Sealed, SectionIndex};
use super::{CacheError, folder};
use crate::backend::ProcessVariable;
use crate::manifest::CacheKey;
use crate::plan::Plan;

/// The largest file that is opened, and written.
const LARGEST: u64 = 64 << 20;
/// Of how many other identities something is left at most.
const MOST_OTHERS: usize = 16;
/// What tells one start of the machine from another.
const MACHINE: &str = "/proc/sys/kernel/random/boot_id";

/// A file for a plan, and the key to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
    pub(super) file: PathBuf,
    key: KeySource,
    fingerprint: Fingerprint,
}

impl Place {
    /// That of a plan whose manifest wants it; nothing is opened yet.
    pub(crate) fn of(
        plan: &Plan,
        process: ProcessVariable<'_>,
    ) -> Result<Option<Self>, CacheError> {
        let manifest = plan.manifest();
        let Some(key) = &manifest.cache.across_starts else {
            return Ok(None);
        };
        let folder = folder::path(process)?;
        let fingerprint = Fingerprint::of(plan);
        let file = folder.join(fingerprint.to_string());
        Ok(Some(Self {
            file: file.with_extension(folder::ENDING),
            key: match key {
                CacheKey::Keyring => KeySource::Keyring,
                CacheKey::File(path) => KeySource::File(manifest.source().directory().join(path)),
            },
            folder,
            fingerprint,
        }))
    }

    /// Files of this plan in other places, where nobody looks in this environment.
    pub(super) fn elsewhere(&self, process: ProcessVariable<'_>) -> Vec<PathBuf> {
        let name = self.file.file_name();
        let folders = folder::candidates(process).into_iter();
        let others = folders.filter(|folder| *folder != self.folder);
        let files = others.filter_map(|folder| Some(folder.join(name?)));
        files.filter(|file| file.is_file()).collect()
    }

    /// What is kept for these identities.
    pub(super) fn load(&self, identities: &[Identity]) -> Result<Vec<(Key, Kept)>, CacheError> {
        let unreadable = || CacheError::Unreadable {
            path: self.file.clone(),
        };
        let Some((seal, opened)) = self.open()? else {
            return Ok(Vec::new());
        };
        let start = this_start();
        let mut loaded = Vec::new();
        for identity in identities {
            let part = Part::of(&seal, &opened, *identity, start.as_deref());
            loaded.extend(part.ok_or_else(unreadable)?.documents);
        }
        let documents = loaded.len();
        debug!(file = %self.file.display(), documents, "opened the cache");
        Ok(loaded)
    }

    /// The file, if there is one.
    pub(super) fn open(&self) -> Result<Option<(Seal, Opened)>, CacheError> {
        let unreadable = || CacheError::Unreadable {
            path: self.file.clone(),
        };
        if !folder::judge(&self.folder)? {
            return Ok(None);
        }
        let Some((file, metadata)) = folder::open(&self.file)? else {
            return Ok(None);
        };
        if metadata.len() > LARGEST {
            return Err(unreadable());
        }
        let mut bytes = Vec::new();
        let read = file.take(LARGEST).read_to_end(&mut bytes);
        read.map_err(CacheError::io(&self.file, "read"))?;
        let key = self.key.find()?.ok_or_else(unreadable)?;
        let seal = Seal::new(&key, self.fingerprint);
        let opened = seal.open(&bytes).ok_or_else(unreadable)?;
        Ok(Some((seal, opened)))
    }

    /// Makes sure that something could be kept.
    pub(super) fn prepare(&self) -> Result<(), CacheError> {
        folder::make(&self.folder)?;
        self.key.find_or_make(&self.folder).map(|_| ())
    }

    /// Brings what is new to what is there by now, of which others may have read more since. If that
    /// can't be done nothing is left: what is there may be older than what somebody has, or denied
    /// since.
    pub(super) fn save(
        &self,
        identities: &[Identity],
        news: &[News<'_>],
    ) -> Result<(), CacheError> {
        folder::make(&self.folder)?;
        let saved = self.replace(identities, news);
        if saved.is_err() {
            let _ = fs::remove_file(&self.file);
        }
        saved
    }

    fn replace(&self, identities: &[Identity], news: &[News<'_>]) -> Result<(), CacheError> {
        let key = self.key.find_or_make(&self.folder)?;
        let seal = Seal::new(&key, self.fingerprint);
        let _turn = folder::turn(&self.folder);
        let there = match self.open() {
            Ok(there) => there.map(|(_, opened)| opened),
            Err(CacheError::Unreadable { .. }) => None,
            Err(error) => return Err(error),
        };
        let there = there.unwrap_or_default();
        let (start, now) = (this_start(), Moment::now());
        let mut sections = Vec::new();
        for identity in identities {
            let part = Part::of(&seal, &there, *identity, start.as_deref());
            let part = part.unwrap_or_default().with(*identity, news, now);
            if let Some(section) = part.section(*identity, start.clone()) {
                sections.push(seal.section(section)?);
            }
        }
        let own = sections.len();
        let is_own = |index: &SectionIndex| {
            let mut identities = identities.iter();
            identities.any(|identity| seal.is_of(index, *identity))
        };
        let others = there.sections.into_iter();
        let others = others.filter(|(index, _)| !is_own(index));
        sections.extend(youngest(others.collect(), start.as_deref(), now));
        let mut bytes = seal.file(&sections)?;
        while bytes.len() as u64 > LARGEST && sections.len() > own {
            sections.pop();
            bytes = seal.file(&sections)?;
        }
        if bytes.len() as u64 > LARGEST {
            let error = io::Error::from(ErrorKind::FileTooLarge);
            return Err(CacheError::io(&self.file, "written")(error));
        }
        folder::replace(&self.file, &bytes)?;
        folder::sweep(&self.folder);
        Ok(())
    }
}

/// Those of others that may be of use, the youngest first.
fn youngest(others: Vec<Sealed>, start: Option<&str>, now: Moment) -> Vec<Sealed> {
    let age = |(index, _): &Sealed| {
        let used = index.documents.iter().filter_map(|document| {
            let age = index.moment(document.read, start).age(now)?;
            let end = document.ttl.saturating_add(document.stale);
            (age < Duration::from_millis(end)).then_some(age)
        });
        let forgotten = recent(index.forgotten(start), now);
        used.chain(forgotten.and_then(|at| at.age(now))).min()
    };
    let aged = others
        .into_iter()
        .filter_map(|section| Some((age(&section)?, section)));
    let mut aged: Vec<_> = aged.collect();
    aged.sort_by_key(|(age, _)| *age);
    let sections = aged.into_iter().map(|(_, section)| section);
    sections.take(MOST_OTHERS).collect()
}

/// Which start of the machine this is.
pub(super) fn this_start() -> Option<String> {
    let text = std::fs::read_to_string(Path::new(MACHINE)).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests;
