//! The plugins of a run: held against their pins and grants, loaded when they are needed.
//!
//! [`Plugins::authorize`] says what policy has to say of them before anything is read but
//! the lock file. [`Plugins::backend`] and [`Plugins::validator`] load one: its digest is
//! that of the lock file, its file is unchanged, its artifact is trusted, its imports and
//! needs are granted. In that order, and each with an error of its own.

mod credentials;
mod error;
mod pin;
#[cfg(feature = "compile")]
mod subject;

use std::borrow::Cow;
use std::collections::BTreeSet;

use std::sync::Arc;

pub use credentials::CredentialError;
pub use error::OpenError;

use super::admission::is_granted;
use super::alarm::MakeAlarm;
use super::artifact;
use super::backend::{PluginBackend, Provision};
use super::component::{Capability, World};
use super::limits::Limits;
use super::store::{Found, Record, Store, StoreError};
use super::validator::Validator;
use crate::backend::ProcessVariable;
use crate::backend::file::Strictness;
use crate::error::{Explain, Problem, Problems};
use crate::lock::{self, FILE_NAME, Grants, LockFile, LockedPlugin};
use crate::manifest::{BackendSettings, Manifest, Plugin};
use crate::outbound::{Bound, Gate, GrantedOrigin, HttpOrigin, OutboundLimits, Reach, Scheme};
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

    /// What stands against the plugins that a plan uses: a difference to the lock file, in
    /// production one without a pin, or plain HTTP to another machine.
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

    fn plugin(&self, name: &str) -> Result<&Plugin, OpenError> {
        let plugin = self.manifest.plugins.get(name);
        plugin.ok_or_else(|| OpenError::Undeclared {
            plugin: name.to_owned(),
        })
    }

    fn locked(&self, name: &str) -> Option<&LockedPlugin> {
        self.lock.as_ref()?.plugins.get(name)
    }

    /// The digest that its component must have.
    fn digest(
        &self,
        name: &str,
        plugin: &Plugin,
        file: &pin::ComponentFile,
    ) -> Result<String, OpenError> {
        match (self.locked(name), &plugin.sha256) {
            (Some(locked), _) => Ok(locked.sha256.clone()),
            (None, Some(pinned)) => Ok(pinned.get_ref().clone()),
            (None, None) => file.digest(name),
        }
    }

    /// The component with this pin, from its artifact.
    fn load(&self, name: &str, plugin: &Plugin) -> Result<Loaded, OpenError> {
        let directory = self.manifest.source().directory();
        let file = pin::ComponentFile::of(plugin, directory);
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
                OpenError::Outdated { plugin }
            }
        })?;
        Ok(Loaded {
            component,
            record: found.record,
        })
    }

    #[cfg(feature = "compile")]
    fn compile(
        &self,
        name: &str,
        file: &pin::ComponentFile,
        digest: &str,
    ) -> Result<Found, OpenError> {
        let not_compiled = || OpenError::NotCompiled {
            plugin: name.to_owned(),
            can_compile: true,
        };
        if !self.options.allow_compile {
            return Err(not_compiled());
        }
        let store = &self.options.store;
        let (wasm, stamp) = file.read(name, digest, store)?;
        let made = super::make::Made::of(name, &wasm, None);
        let made = made.map_err(|error| OpenError::Make {
            plugin: name.to_owned(),
            error: Box::new(error),
        })?;
        store.save(&made, stamp).map_err(OpenError::Store)?;
        let found = store.find(digest).map_err(OpenError::Store)?;
        found.ok_or_else(not_compiled)
    }

    #[cfg(not(feature = "compile"))]
    #[expect(clippy::unused_self, reason = "a build with a compiler uses it")]
    fn compile(&self, name: &str, _: &pin::ComponentFile, _: &str) -> Result<Found, OpenError> {
        Err(OpenError::NotCompiled {
            plugin: name.to_owned(),
            can_compile: false,
        })
    }

    /// What is both needed and granted, with the credentials that the host adds.
    fn origins(
        &self,
        name: &str,
        plugin: &Plugin,
        needs: &BTreeSet<HttpOrigin>,
        process: ProcessVariable<'_>,
    ) -> Result<Vec<GrantedOrigin>, OpenError> {
        let directory = self.manifest.source().directory();
        let allow = &plugin.allow;
        let granted = allow.http.iter().filter(|origin| needs.contains(origin));
        granted
            .map(|origin| {
                let specs = plugin.credentials.get(origin).into_iter().flatten();
                let credentials = specs.map(|spec| {
                    credentials::read(spec, directory, process, Strictness::of(self.production))
                });
                let credentials: Result<_, _> = credentials.collect();
                Ok(GrantedOrigin {
                    origin: origin.clone(),
                    reach: Reach {
                        private: allow.private_addresses.contains(origin),
                        link_local: allow.link_local_addresses.contains(origin),
                        bound: if self.production {
                            bound(name, plugin, origin)?
                        } else {
                            Bound::None
                        },
                    },
                    credentials: credentials.map_err(|error| OpenError::Credential {
                        plugin: name.to_owned(),
                        origin: origin.clone(),
                        error: Box::new(error),
                    })?,
                })
            })
            .collect()
    }

    fn certificates(&self, name: &str, plugin: &Plugin) -> Result<Option<Vec<u8>>, OpenError> {
        let Some(file) = &plugin.ca_file else {
            return Ok(None);
        };
        let path = self.manifest.source().directory().join(file);
        match std::fs::read(&path) {
            Ok(pem) => Ok(Some(pem)),
            Err(error) => Err(OpenError::Unreadable {
                plugin: name.to_owned(),
                path,
                reason: error.kind().to_string(),
            }),
        }
    }
}

/// A component that may run, and what is known of it.
struct Loaded {
    component: wasmtime::component::Component,
    record: Record,
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

/// How far production lets requests to a granted origin go. Without TLS they stay on this machine,
/// or on its link where that is granted: metadata services of clouds know nothing better. Where a
/// name leads is seen when it is resolved.
fn bound(name: &str, plugin: &Plugin, origin: &HttpOrigin) -> Result<Bound, OpenError> {
    if origin.scheme() == Scheme::Https {
        return Ok(Bound::None);
    }
    if origin.is_loopback() {
        return Ok(Bound::Machine);
    }
    let is_granted = plugin.allow.link_local_addresses.contains(origin);
    let may_be_near = |address| Bound::Link.holds(address);
    if is_granted && origin.address().is_none_or(may_be_near) {
        return Ok(Bound::Link);
    }
    Err(OpenError::PlainHttp {
        plugin: name.to_owned(),
        origin: origin.clone(),
    })
}

/// What the imports let it do, if all of that is granted.
fn granted_imports(
    name: &str,
    plugin: &Plugin,
    record: &Record,
) -> Result<BTreeSet<Capability>, OpenError> {
    let allow = &plugin.allow;
    let mut capabilities = BTreeSet::new();
    for import in &record.imports {
        let capability = Capability::of_import(import);
        if !is_granted(capability, allow) {
            return Err(OpenError::Import {
                plugin: name.to_owned(),
                import: import.clone(),
                capability,
            });
        }
        capabilities.insert(capability);
    }
    Ok(capabilities)
}

fn limits(plugin: &Plugin, size: u64) -> Limits {
    let own = Limits::for_size(size);
    let wanted = &plugin.limits;
    Limits {
        time: wanted.time.unwrap_or(own.time),
        memory: wanted.memory.unwrap_or(own.memory),
        log: wanted.log.unwrap_or(own.log),
        ..own
    }
}

fn outbound_limits(plugin: &Plugin, limits: Limits) -> OutboundLimits {
    let own = OutboundLimits::default();
    let wanted = &plugin.limits;
    OutboundLimits {
        time: limits.time,
        response_bytes: wanted.response.unwrap_or(own.response_bytes),
        requests: wanted.requests.unwrap_or(own.requests),
        ..own
    }
}
