//! A plugin of a manifest as the subject of conformance checks: with its settings, its
//! grants and its credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::grants::{limits, outbound_limits};
use super::pin::ComponentFile;
use super::{OpenError, PluginOptions, Plugins};
use crate::backend::ProcessVariable;
use crate::error::{Problem, Problems};
use crate::lock::{self, FILE_NAME};
use crate::manifest::{ComponentSource, Manifest, Plugin};
use crate::plugin::conformance::Subject;
use crate::plugin::store::Store;

impl Subject {
    /// The plugin `name` of a manifest, with what the manifest gives to it.
    ///
    /// A component in a file is what its author works on: it is read as it is now, whatever was
    /// locked before. One of a registry is what a run would take: the component that was kept
    /// when it was added, if manifest and lock agree.
    ///
    /// # Errors
    /// When there is no such plugin, its component can't be read, is not kept or is not the
    /// pinned one, or a credential is missing; with the place where it is declared.
    pub fn of_manifest(
        manifest: Arc<Manifest>,
        name: &str,
        store: Store,
        process: ProcessVariable<'_>,
    ) -> Result<Self, Problems> {
        let is_kept = manifest
            .plugins
            .get(name)
            .is_some_and(|plugin| matches!(plugin.component.get_ref(), ComponentSource::Oci(_)));
        let lock = if is_kept {
            lock::read(&manifest.source().directory().join(FILE_NAME))?
        } else {
            None
        };
        let plugins = Plugins {
            manifest,
            lock,
            production: false,
            options: PluginOptions {
                store,
                allow_compile: true,
                alarm: None,
            },
        };
        let plugin = plugins.plugin(name);
        let plugin = plugin.map_err(|error| Problem::error(&error, None))?;
        let place = plugins.manifest.source().place(&plugin.span);
        if let Some(locked) = plugins.locked(name) {
            let differences = lock::compare(name, plugin, locked);
            let differences = differences.iter();
            let problems = differences.map(|it| Problem::error(it, Some(place.clone())));
            Problems::unless((), problems.collect())?;
        }
        let subject = plugins.subject(name, plugin, process);
        Ok(subject.map_err(|error| Problem::error(&error, Some(place)))?)
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

impl Plugins {
    fn subject(
        &self,
        name: &str,
        plugin: &Plugin,
        process: ProcessVariable<'_>,
    ) -> Result<Subject, OpenError> {
        let file = ComponentFile::of(plugin, self.manifest.source().directory());
        let digest = self.digest(name, plugin, &file)?;
        let (wasm, _) = self.component(name, &file, &digest)?;
        let limits = limits(plugin, wasm.len() as u64);
        Ok(Subject {
            name: name.to_owned(),
            settings: plugin.settings.clone(),
            origins: self.origins(name, plugin, &plugin.allow.http, process)?,
            certificates: self.certificates(name, plugin)?,
            clock: plugin.allow.clock,
            outbound: outbound_limits(plugin, limits),
            limits,
            wasm,
            references: Vec::new(),
            missing: None,
            write_to: None,
        })
    }
}
