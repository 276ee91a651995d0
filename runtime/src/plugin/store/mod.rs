//! Compiled plugins on disk: made once by a command, loaded by every run.
//!
//! Compiled code is trusted like a shared library, so this module decides by who could have
//! changed it. A folder is used only if it belongs to the user or to root and nobody else
//! can write to it; a file likewise. Beside each artifact a record says what component it
//! was made of, what that is, and the artifact's digest and stamp (inode, size and times).
//! While the stamp is the same nothing is hashed; when it differs, the artifact is, and one
//! that was changed is refused. A run never compiles.
//!
//! An artifact is found by the digest of its component in a folder named after all that it
//! depends on besides: version, settings and target of the engine. Components that were
//! pulled from a registry are kept beside these folders.

mod component;
mod error;
mod file;
mod record;
mod remove;
#[cfg(feature = "compile")]
mod save;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use error::StoreError;
pub use file::{Stamp, digest_of};
pub use record::Record;

/// Names the folder instead of the defaults.
pub const FOLDER_VARIABLE: &str = "SECRET_RUN_PLUGINS";
/// Where an image has its compiled plugins.
const SYSTEM_FOLDER: &str = "/usr/lib/secret-run/plugins";

/// The target that this library was built for.
pub(super) const TARGET: &str = env!("SECRET_RUN_TARGET");
/// What artifacts for this library depend on besides their component.
const ENGINE: &str = env!("SECRET_RUN_PLUGIN_ENGINE");

/// The folders with compiled plugins, the first of which is written to.
#[derive(Debug, Clone)]
pub struct Store {
    folders: Vec<PathBuf>,
    /// That with artifacts for this engine which was found good: the plugins of a run are in one,
    /// and it is judged for the first.
    good: OnceLock<PathBuf>,
}

/// An artifact that may be loaded. Only [`Store::find`] makes one.
#[derive(Debug)]
pub(super) struct Verified {
    path: PathBuf,
}

impl Verified {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// What is known of a compiled plugin, and the artifact if it may be loaded.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) artifact: Verified,
    /// Where the record is.
    pub(super) record_path: PathBuf,
}

impl Store {
    /// The folder that `SECRET_RUN_PLUGINS` names, else the user's cache and that of the
    /// system.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some(PathBuf::from(value))
        };
        if let Some(folder) = set(FOLDER_VARIABLE) {
            return Self::at(folder);
        }
        let cache = set("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
        let cache = cache.or_else(|| Some(set("HOME")?.join(".cache")));
        let user = cache.map(|cache| cache.join("secret-run/plugins"));
        Self {
            folders: user.into_iter().chain([SYSTEM_FOLDER.into()]).collect(),
            good: OnceLock::new(),
        }
    }

    /// One folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folders: vec![folder],
            good: OnceLock::new(),
        }
    }

    /// The folder that is written to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folders[0]
    }

    /// The compiled component of this digest; `None` if no folder has one.
    ///
    /// # Errors
    /// When a folder has one that must not be loaded. The next folder is not asked then:
    /// somebody put it there.
    pub(super) fn find(&self, digest: &str) -> Result<Option<Found>, StoreError> {
        for folder in &self.folders {
            let folder = folder.join(engine_folder(TARGET, ENGINE));
            if self.good.get() != Some(&folder) {
                if !file::judge_folder(&folder)? {
                    continue;
                }
                let _ = self.good.set(folder.clone());
            }
            let record_path = folder.join(digest).with_extension("json");
            let Some(record) = Record::read(&record_path)? else {
                continue;
            };
            if record.component != digest {
                return Err(StoreError::Record { path: record_path });
            }
            let path = folder.join(digest).with_extension("cwasm");
            file::judge_artifact(&path, &record.artifact)?;
            return Ok(Some(Found {
                record,
                artifact: Verified { path },
                record_path,
            }));
        }
        Ok(None)
    }
}

fn engine_folder(target: &str, engine: &str) -> String {
    format!("{target}-{engine}")
}

#[cfg(all(test, feature = "compile"))]
mod tests;
