//! A plugin of a manifest as the subject of conformance checks: with its settings, its
//! grants and its credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pin::ComponentFile;
use super::{OpenError, PluginOptions, Plugins, limits, outbound_limits};
use crate::backend::ProcessVariable;
use crate::manifest::{ComponentSource, Manifest};
use crate::plugin::conformance::{Subject, SubjectError};
use crate::plugin::store::Store;

impl Subject {
    /// The plugin `name` of a manifest, with what the manifest gives to it. Its component is
    /// read from its file, and is the pinned one if there is a pin.
    ///
    /// # Errors
    /// When there is no such plugin, its component is in a registry or can't be read, or a
    /// credential is missing.
    pub fn of_manifest(
        manifest: Arc<Manifest>,
        name: &str,
        store: Store,
        process: ProcessVariable<'_>,
    ) -> Result<Self, SubjectError> {
        let plugins = Plugins {
            manifest,
            lock: None,
            production: false,
            options: PluginOptions {
                store,
                allow_compile: true,
                alarm: None,
            },
        };
        let plugin = plugins.plugin(name)?;
        if let ComponentSource::Oci(_) = plugin.component.get_ref() {
            return Err(SubjectError::Registry {
                plugin: name.to_owned(),
            });
        }
        let file = ComponentFile::of(plugin, plugins.manifest.source().directory());
        let digest = match &plugin.sha256 {
            Some(pinned) => pinned.get_ref().clone(),
            None => file.digest(name)?,
        };
        let (wasm, _) = file.read(name, &digest)?;
        let origins = plugins.origins(name, plugin, &plugin.allow.http, process)?;
        let limits = limits(plugin, wasm.len() as u64);
        Ok(Self {
            name: name.to_owned(),
            settings: plugin.settings.clone(),
            origins,
            certificates: plugins.certificates(name, plugin)?,
            clock: plugin.allow.clock,
            outbound: outbound_limits(plugin, limits),
            limits,
            wasm,
            references: Vec::new(),
            missing: None,
            write_to: None,
        })
    }

    /// A component without a manifest: nothing is granted to it yet.
    #[must_use]
    pub fn of_component(name: &str, wasm: Vec<u8>) -> Self {
        let limits = crate::plugin::Limits::for_size(wasm.len() as u64);
        Self {
            name: name.to_owned(),
            settings: BTreeMap::new(),
            origins: Vec::new(),
            certificates: None,
            clock: false,
            outbound: crate::outbound::OutboundLimits::default(),
            limits,
            wasm,
            references: Vec::new(),
            missing: None,
            write_to: None,
        }
    }
}

impl From<OpenError> for SubjectError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}
