//! What every subcommand looks at: the manifest, its lock, and the store.

use std::path::{Path, PathBuf};

use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::lock::{self, LockFile};
use secret_runtime::manifest::{Manifest, Plugin};
use secret_runtime::plugin::{self, Store};

use super::error::{CommandError, refusal};
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

    pub(super) fn write_lock(&self, lock: &LockFile) -> Result<(), Problems> {
        let written = lock::write(&LockFile::path_beside(&self.path), lock);
        written.map_err(|error| refusal(&error))
    }
}

pub(super) fn store() -> Store {
    Store::of_environment(|name| std::env::var_os(name))
}
