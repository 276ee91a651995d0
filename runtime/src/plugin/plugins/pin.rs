//! A component held against its pin: its file, or what was kept of a registry.
//!
//! Reading and hashing one of megabytes takes longer than starting it. So a file whose
//! stamp is known to be that of the pinned component is not read; any other is.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::OpenError;
use crate::manifest::{ComponentSource, Plugin};
#[cfg(feature = "compile")]
use crate::plugin::make::LARGEST_COMPONENT;
use crate::plugin::store::{Found, Stamp, Store, digest_of};
use crate::regular_file;

/// A component, with the stamp of its file if it has one.
#[cfg(feature = "compile")]
pub(super) type Content = (Vec<u8>, Option<Stamp>);

/// Where a component lies: in a file, or else in the store, where what came from a registry
/// is kept.
pub(super) struct ComponentFile {
    path: Option<PathBuf>,
}

impl ComponentFile {
    pub(super) fn of(plugin: &Plugin, directory: &Path) -> Self {
        let path = match plugin.component.get_ref() {
            ComponentSource::Path(path) => Some(directory.join(path)),
            ComponentSource::Oci(_) => None,
        };
        Self { path }
    }

    /// The digest of what is there now, for a plugin that nothing pins.
    pub(super) fn digest(&self, name: &str) -> Result<String, OpenError> {
        let Some(path) = &self.path else {
            return Err(OpenError::NotLocked {
                plugin: name.to_owned(),
                reason: "of a component in a registry nothing else says which one was agreed to",
            });
        };
        let read = regular_file::open(path).and_then(digest_of);
        read.map_err(|error| unreadable(name, path, &error))
    }

    /// Refuses a file that is not the pinned component. None at all is fine: what runs is
    /// the artifact, and an image need not carry both.
    pub(super) fn check(
        &self,
        name: &str,
        digest: &str,
        found: &mut Found,
    ) -> Result<(), OpenError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let refuse = |error: io::Error| unreadable(name, path, &error);
        match regular_file::metadata(path) {
            Ok(metadata) if found.record.has_seen(Stamp::of(&metadata)) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(refuse(error)),
        }
        let file = regular_file::open(path).map_err(refuse)?;
        let stamp = Stamp::of(&file.metadata().map_err(refuse)?);
        if digest_of(file).map_err(refuse)? != digest {
            return Err(OpenError::Changed {
                plugin: name.to_owned(),
                path: path.clone(),
            });
        }
        Store::remember(found, stamp);
        Ok(())
    }

    /// The component, if it is the pinned one, and the stamp of its file; nothing if it is in a
    /// registry and was not fetched.
    #[cfg(feature = "compile")]
    pub(super) fn read(
        &self,
        name: &str,
        digest: &str,
        store: &Store,
    ) -> Result<Option<Content>, OpenError> {
        let Some(path) = &self.path else {
            let kept = store.kept_component(digest, LARGEST_COMPONENT);
            let kept = kept.map_err(OpenError::Store)?;
            return Ok(kept.map(|wasm| (wasm, None)));
        };
        let read = regular_file::open(path).and_then(|file| {
            let stamp = Stamp::of(&file.metadata()?);
            let mut wasm = Vec::new();
            // One byte more than is allowed is enough to be refused.
            let mut bounded = io::Read::take(file, LARGEST_COMPONENT as u64 + 1);
            io::Read::read_to_end(&mut bounded, &mut wasm)?;
            Ok((wasm, stamp))
        });
        let (wasm, stamp) = read.map_err(|error| unreadable(name, path, &error))?;
        match digest_of(&wasm[..]) {
            Ok(found) if found == digest => Ok(Some((wasm, Some(stamp)))),
            _ => Err(OpenError::Changed {
                plugin: name.to_owned(),
                path: path.clone(),
            }),
        }
    }
}

fn unreadable(name: &str, path: &Path, error: &io::Error) -> OpenError {
    OpenError::Unreadable {
        plugin: name.to_owned(),
        path: path.to_owned(),
        reason: regular_file::reason(error),
    }
}
