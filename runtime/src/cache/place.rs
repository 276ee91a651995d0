//! Where the cache of a plan is kept across starts.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::debug;

use super::document::Kept;
use super::fingerprint::Fingerprint;
use super::identity::Identity;
use super::key::KeySource;
use super::remembered::Key;
use super::sealed::{DocumentIndex, Opened, Seal, Section};
use super::{CacheError, codec, folder};
use crate::backend::ProcessVariable;
use crate::manifest::CacheKey;
use crate::plan::Plan;

/// The largest file that is opened.
const LARGEST: u64 = 64 << 20;
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

    /// What is kept for these identities.
    pub(super) fn load(&self, identities: &[Identity]) -> Result<Vec<(Key, Kept)>, CacheError> {
        let unreadable = || CacheError::Unreadable {
            path: self.file.clone(),
        };
        let Some((seal, opened)) = self.open()? else {
            return Ok(Vec::new());
        };
        let is_same = is_same_start(&opened);
        let mut loaded = Vec::new();
        for identity in identities {
            let sections = seal.sections(&opened, *identity);
            for (backend, content) in sections.ok_or_else(unreadable)? {
                let documents = codec::decode(&content, backend).ok_or_else(unreadable)?;
                loaded.extend(documents.into_iter().map(|(request, mut kept)| {
                    kept.read.machine = kept.read.machine.filter(|_| is_same);
                    let identity = *identity;
                    (Key { identity, request }, kept)
                }));
            }
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

    /// Keeps these in place of what was there.
    pub(super) fn save<'a>(
        &self,
        kept: impl Iterator<Item = (&'a Key, &'a Kept)>,
    ) -> Result<(), CacheError> {
        folder::make(&self.folder)?;
        let key = self.key.find_or_make(&self.folder)?;
        let mut all: Vec<(&Key, &Kept)> =
            kept.filter(|(_, kept)| kept.outlives_a_process()).collect();
        all.sort_by_key(|(key, _)| *key);
        let sections = all.chunk_by(|(one, _), (other, _)| one.identity == other.identity);
        let sections = sections.map(|documents| {
            let (key, first) = documents[0];
            let content = documents.iter().map(|(key, kept)| (&key.request, *kept));
            Section {
                backend: first.backend.clone(),
                identity: key.identity,
                documents: documents.iter().map(|(_, kept)| index(kept)).collect(),
                content: codec::encode(content),
            }
        });
        let seal = Seal::new(&key, self.fingerprint);
        let bytes = seal.file(this_start(), sections.collect())?;
        folder::replace(&self.file, &bytes)?;
        folder::sweep(&self.folder);
        Ok(())
    }
}

fn index(kept: &Kept) -> DocumentIndex {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    DocumentIndex {
        names: kept.names.clone(),
        read: milliseconds(kept.read.wall),
        machine: kept.read.machine.map(milliseconds),
        ttl: milliseconds(kept.terms.ttl),
        stale: milliseconds(kept.terms.stale),
    }
}

fn this_start() -> Option<String> {
    let text = std::fs::read_to_string(Path::new(MACHINE)).ok()?;
    Some(text.trim().to_owned())
}

/// Whether a file is of this start of the machine.
pub(super) fn is_same_start(opened: &Opened) -> bool {
    opened.index.machine.is_some() && opened.index.machine == this_start()
}

#[cfg(test)]
mod tests;
