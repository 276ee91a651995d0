//! What every subcommand looks at: the manifest, its lock, and the store.

use std::io::Read;
use std::path::{Path, PathBuf};

use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::lock::{self, LockFile};
use secret_runtime::manifest::{ComponentSource, Manifest, Plugin};
use secret_runtime::plugin::{self, Store, digest_of};
use secret_runtime::regular_file;

use super::error::{CommandError, refusal};
use super::inspect::LARGEST;
use crate::cli::Options;

pub(super) struct Context {
    pub(super) manifest: Manifest,
    pub(super) lock: LockFile,
    pub(super) store: Store,
    /// The manifest's file.
    pub(super) path: PathBuf,
    /// What stood in it.
    #[cfg_attr(
        not(feature = "compile"),
        expect(dead_code, reason = "only `add` writes to the manifest")
    )]
    pub(super) text: String,
}

impl Context {
    /// Mistakes of the manifest and of the lock are told together.
    pub(super) fn load(options: &Options) -> Result<Self, Problems> {
        let file = options.manifest()?;
        let manifest = Manifest::parse(&file.path, &file.text, plugin::standard_catalog());
        let lock = lock::read(&LockFile::path_beside(&file.path));
        match (manifest, lock) {
            (Ok(manifest), Ok(lock)) => Ok(Self {
                manifest,
                lock: lock.unwrap_or_default(),
                store: store(),
                path: file.path,
                text: file.text,
            }),
            (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
            (Err(manifest), Err(lock)) => Err(manifest
                .into_vec()
                .into_iter()
                .chain(lock.into_vec())
                .collect()),
        }
    }

    pub(super) fn plugin(&self, name: &str) -> Result<&Plugin, Problems> {
        self.manifest.plugins.get(name).ok_or_else(|| {
            let known: Vec<_> = self.manifest.plugins.keys().map(String::as_str).collect();
            refusal(&CommandError::Undeclared {
                name: name.to_owned(),
                known: known.join(", "),
            })
        })
    }

    /// A problem of a plugin, at the place where it is declared.
    pub(super) fn problem(&self, plugin: &Plugin, error: &(impl Explain + ?Sized)) -> Problem {
        Problem::error(error, Some(self.manifest.source().place(&plugin.span)))
    }

    /// Problems of a plugin that have no place yet, at the place where it is declared.
    #[cfg(feature = "compile")]
    pub(super) fn placed(&self, plugin: &Plugin, problems: Problems) -> Problems {
        let place = self.manifest.source().place(&plugin.span);
        let problems = problems.into_vec().into_iter();
        let placed = problems.map(|problem| Problem {
            place: problem.place.or_else(|| Some(place.clone())),
            ..problem
        });
        placed.collect()
    }

    /// What paths of the manifest are relative to.
    pub(super) fn directory(&self) -> &Path {
        self.manifest.source().directory()
    }

    /// The digest that a plugin has that nothing locks: the declared one, or that of its file.
    pub(super) fn digest(&self, plugin: &Plugin) -> Option<String> {
        let declared = plugin.sha256.as_ref();
        let declared = declared.map(|sha256| sha256.get_ref().clone());
        declared.or_else(|| self.digest_of_file(plugin))
    }

    /// The digest of the component that is there now; nothing if it is in a registry, or cannot be
    /// read.
    pub(super) fn digest_of_file(&self, plugin: &Plugin) -> Option<String> {
        let ComponentSource::Path(path) = plugin.component.get_ref() else {
            return None;
        };
        let file = regular_file::open(&self.directory().join(path)).ok()?;
        // One byte more than is allowed makes it another than any that is pinned.
        digest_of(file.take(LARGEST as u64 + 1)).ok()
    }

    pub(super) fn write_lock(&self, lock: &LockFile) -> Result<(), Problems> {
        let written = lock::write(&LockFile::path_beside(&self.path), lock);
        written.map_err(|error| refusal(&error))
    }
}

pub(super) fn store() -> Store {
    Store::of_environment(|name| std::env::var_os(name))
}
