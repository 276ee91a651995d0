//! The plugins of a run: held against their pins and grants, loaded when they are needed.
//!
//! [`Plugins::authorize`] says what policy has to say of them before anything is read but
//! the lock file. [`Plugins::backend`] and [`Plugins::validator`] load one: its digest is
//! that of the lock file, its file is unchanged, its artifact is trusted, its imports and
//! needs are granted. In that order, and each with an error of its own.

mod credentials;
mod error;
mod grants;
mod loaded;
mod pin;
#[cfg(feature = "compile")]
mod subject;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use credentials::CredentialError;
pub use error::OpenError;

use grants::{bound, granted_imports, limits, outbound_limits};

use super::alarm::MakeAlarm;
use super::backend::{PluginBackend, Provision};
use super::component::World;
use super::store::Store;
use super::validator::Validator;
use crate::backend::ProcessVariable;
use crate::error::{Explain, Problem, Problems};
use crate::lock::{self, FILE_NAME, Grants, LockFile, LockedPlugin};
use crate::manifest::{BackendSettings, Manifest, Plugin};
use crate::outbound::Gate;
use crate::plan::Plan;

/// How plugins are found and run.
#[derive(Debug, Clone)]
pub struct PluginOptions {
    /// Where compiled plugins are.
    pub store: Store,
    /// Compile what is not compiled yet, although that takes longer than all else.
    pub allow_compile: bool,
    /// Ends calls that run too long, instead of a thread.
    pub alarm: Option<MakeAlarm>,
}

/// The plugins that a plan can use.
#[derive(Debug, Clone)]
pub struct Plugins {
    manifest: Arc<Manifest>,
    lock: Option<LockFile>,
    production: bool,
    options: PluginOptions,
}

impl Plugins {
    /// Those of a plan. The lock file beside the manifest is read if the plan uses a plugin.
    ///
    /// # Errors
    /// When the lock file can't be read, or has mistakes.
    pub fn of_plan(plan: &Plan, options: PluginOptions) -> Result<Self, Problems> {
        let lock = if used(plan).is_empty() {
            None
        } else {
            lock::read(&plan.manifest().source().directory().join(FILE_NAME))?
        };
        Ok(Self {
            manifest: Arc::clone(&plan.manifest),
            lock,
            production: plan.selection.production.is_some(),
            options,
        })
    }

    /// What stands against the plugins that a plan uses: a difference to the lock file, one without
    /// a pin in production or with a key that must have signed it, or plain HTTP to another machine.
    pub(crate) fn authorize(&self, plan: &Plan) -> Vec<Problem> {
        let mut problems = Vec::new();
        for name in used(plan) {
            let Some(plugin) = self.manifest.plugins.get(name) else {
                continue;
            };
            let place = self.manifest.source().place(&plugin.span);
            let mut refuse = |error: &dyn Explain| {
                problems.push(Problem::error(error, Some(place.clone())));
            };
            match self.locked(name) {
                None if self.production => refuse(&OpenError::NotLocked {
                    plugin: name.to_owned(),
                    reason: "production runs only what is",
                }),
                // A run holds a digest, and verifies nothing.
                None if plugin.signed_by.is_some() => refuse(&OpenError::NotLocked {
                    plugin: name.to_owned(),
                    reason: "its signature is verified when it gets there",
                }),
                None => {}
                Some(locked) => {
                    for difference in lock::compare(name, plugin, locked) {
                        refuse(&difference);
                    }
                }
            }
            if self.production {
                for origin in &plugin.allow.http {
                    if let Err(error) = bound(name, plugin, origin) {
                        refuse(&error);
                    }
                }
            }
        }
        problems
    }

    /// Opens a backend.
    ///
    /// # Errors
    /// When it is not what was pinned, not compiled, or asks for more than it was granted;
    /// when a setting or a credential is missing.
    pub(crate) fn backend(
        &self,
        name: &str,
        process: ProcessVariable<'_>,
    ) -> Result<PluginBackend, OpenError> {
        let plugin = self.plugin(name)?;
        let loaded = self.load(name, plugin)?;
        let record = &loaded.record;
        let (Some(World::Backend { .. }), Some(about)) =
            (World::named(&record.world), &record.about)
        else {
            return Err(OpenError::NotABackend {
                plugin: name.to_owned(),
            });
        };
        let capabilities = granted_imports(name, plugin, record)?;
        let settings = about.settings(&plugin.settings);
        let settings = settings.map_err(|mut problems| OpenError::About {
            plugin: name.to_owned(),
            error: problems.remove(0),
        })?;
        let needs = about.needs(&settings).map_err(|error| OpenError::About {
            plugin: name.to_owned(),
            error,
        })?;
        let required = lock::Needs {
            http: needs.required.clone(),
        };
        if let Some(error) = lock::needs_refused(name, &required, &Grants::of(plugin)) {
            return Err(OpenError::Needs(error));
        }
        let limits = limits(plugin, record.size);
        let origins = self.origins(name, plugin, &needs.all(), process)?;
        let ca = self.certificates(name, plugin)?;
        let outbound = outbound_limits(plugin, limits);
        let gate = Gate::new(name.to_owned(), origins, ca, outbound);
        let gate = gate.map_err(|error| OpenError::Outbound {
            plugin: name.to_owned(),
            error: Box::new(error),
        })?;
        let provision = Provision {
            name: name.to_owned(),
            settings,
            gate,
            capabilities,
            clock: plugin.allow.clock,
            limits,
            alarm: self.options.alarm,
        };
        Ok(PluginBackend::new(&loaded.component, provision)?)
    }

    /// Opens a validator.
    ///
    /// # Errors
    /// When it is not what was pinned, or not compiled.
    pub(crate) fn validator(&self, name: &str) -> Result<Validator, OpenError> {
        let plugin = self.plugin(name)?;
        let loaded = self.load(name, plugin)?;
        let record = loaded.record;
        let (Some(World::Validator), Some(catalog)) = (World::named(&record.world), record.catalog)
        else {
            return Err(OpenError::NotAValidator {
                plugin: name.to_owned(),
            });
        };
        let limits = limits(plugin, record.size);
        let name = Cow::Owned(name.to_owned());
        let validator = Validator::new(name, Cow::Owned(catalog), loaded.component, limits);
        Ok(match self.options.alarm {
            Some(alarm) => validator.with_alarm(alarm),
            None => validator,
        })
    }

    /// The digest that a plugin's component must have; nothing if that can't be known.
    pub(crate) fn component_digest(&self, name: &str) -> Option<String> {
        let plugin = self.plugin(name).ok()?;
        let file = pin::ComponentFile::of(plugin, self.manifest.source().directory());
        self.digest(name, plugin, &file).ok()
    }

    fn plugin(&self, name: &str) -> Result<&Plugin, OpenError> {
        let plugin = self.manifest.plugins.get(name);
        plugin.ok_or_else(|| OpenError::Undeclared {
            plugin: name.to_owned(),
        })
    }

    fn locked(&self, name: &str) -> Option<&LockedPlugin> {
        self.lock.as_ref()?.plugins.get(name)
    }
}

/// The plugins that answer for something in this plan, or judge something.
fn used(plan: &Plan) -> BTreeSet<&str> {
    let backends = plan.backends.iter();
    let backends = backends.filter(|backend| !backend.requests.is_empty());
    let backends = backends.filter_map(|backend| match &backend.settings {
        BackendSettings::Plugin { plugin, .. } => Some(plugin.as_str()),
        _ => None,
    });
    let checks = plan
        .routes
        .iter()
        .flat_map(|route| &plan.entry(route).checks);
    let checks = checks.filter_map(|check| check.get_ref().plugin.as_deref());
    backends.chain(checks).collect()
}
