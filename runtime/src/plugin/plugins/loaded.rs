//! The component of a plugin, loaded from its artifact.

use super::pin::ComponentFile;
#[cfg(feature = "compile")]
use super::pin::Content;
use super::{OpenError, Plugins};
use crate::manifest::Plugin;
use crate::plugin::artifact;
use crate::plugin::store::{Found, Record, StoreError};

/// A component that may run, and what is known of it.
pub(super) struct Loaded {
    pub(super) component: wasmtime::component::Component,
    pub(super) record: Record,
}

impl Plugins {
    /// The digest that its component must have.
    pub(super) fn digest(
        &self,
        name: &str,
        plugin: &Plugin,
        file: &ComponentFile,
    ) -> Result<String, OpenError> {
        match (self.locked(name), &plugin.sha256) {
            (Some(locked), _) => Ok(locked.sha256.clone()),
            (None, Some(pinned)) => Ok(pinned.get_ref().clone()),
            (None, None) => file.digest(name),
        }
    }

    /// The component with this pin, from its artifact.
    pub(super) fn load(&self, name: &str, plugin: &Plugin) -> Result<Loaded, OpenError> {
        let directory = self.manifest.source().directory();
        let file = ComponentFile::of(plugin, directory);
        let is_locked = self.locked(name).is_some();
        let digest = self.digest(name, plugin, &file)?;
        let found = match self.options.store.find(&digest) {
            // Nobody put anything in its place, so that it is as good as not compiled.
            Err(StoreError::Missing { .. }) if self.options.allow_compile => None,
            found => found.map_err(OpenError::Store)?,
        };
        let mut found = match found {
            Some(found) => found,
            None => self.compile(name, &file, &digest)?,
        };
        file.check(name, &digest, &mut found)?;
        let engine = artifact::plugin_engine().map_err(OpenError::Engine)?;
        let component = artifact::load_verified(&engine, &found.artifact);
        let component = component.map_err(|error| {
            let plugin = name.to_owned();
            if artifact::is_forbidden(&error) {
                OpenError::NotExecutable { plugin }
            } else {
                OpenError::Outdated { plugin, is_locked }
            }
        })?;
        Ok(Loaded {
            component,
            record: found.record,
        })
    }

    #[cfg(feature = "compile")]
    fn compile(&self, name: &str, file: &ComponentFile, digest: &str) -> Result<Found, OpenError> {
        let not_compiled = || OpenError::NotCompiled {
            plugin: name.to_owned(),
            can_compile: true,
            is_locked: self.locked(name).is_some(),
        };
        if !self.options.allow_compile {
            return Err(not_compiled());
        }
        let store = &self.options.store;
        let (wasm, stamp) = self.component(name, file, digest)?;
        let made = crate::plugin::make::Made::of(name, &wasm, None);
        let made = made.map_err(|error| OpenError::Make {
            plugin: name.to_owned(),
            error: Box::new(error),
        })?;
        store.save(&made, stamp).map_err(OpenError::Store)?;
        let found = store.find(digest).map_err(OpenError::Store)?;
        found.ok_or_else(not_compiled)
    }

    /// The component of this digest, and the stamp of its file.
    #[cfg(feature = "compile")]
    pub(super) fn component(
        &self,
        name: &str,
        file: &ComponentFile,
        digest: &str,
    ) -> Result<Content, OpenError> {
        let read = file.read(name, digest, &self.options.store)?;
        read.ok_or_else(|| OpenError::NotHere {
            plugin: name.to_owned(),
            is_locked: self.locked(name).is_some(),
        })
    }

    #[cfg(not(feature = "compile"))]
    fn compile(&self, name: &str, _: &ComponentFile, _: &str) -> Result<Found, OpenError> {
        Err(OpenError::NotCompiled {
            plugin: name.to_owned(),
            can_compile: false,
            is_locked: self.locked(name).is_some(),
        })
    }
}
