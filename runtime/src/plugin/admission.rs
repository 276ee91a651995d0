//! Holds what a component imports and needs against what the manifest grants it, and says
//! everything that is missing, as the lines to write.
//!
//! A run stops at the first thing that is not granted. Who adds a plugin wants all of them,
//! once. Both ask [`is_granted`], so that they can't differ.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::about::{About, AboutError, Needs};
use super::component::{Capability, ComponentFacts, World};
use crate::error::Explain;
use crate::manifest::{Allow, InertInterface, Plugin};
use crate::outbound::HttpOrigin;

/// What a component is granted of that which it asks for.
#[derive(Debug)]
pub struct Admission {
    /// The origins that it needs under the settings of the manifest.
    pub needs: Needs,
    /// Everything that stands against it.
    pub refusals: Vec<AdmissionError>,
}

/// Whether the manifest grants what an import lets a component do.
pub(super) fn is_granted(capability: Capability, allow: &Allow) -> bool {
    match capability {
        Capability::Settings | Capability::Log | Capability::Inert | Capability::Clock => true,
        Capability::Http | Capability::WasiHttp => !allow.http.is_empty(),
        Capability::Filesystem => allow.inert.contains(&InertInterface::Filesystem),
        Capability::Sockets => allow.inert.contains(&InertInterface::Sockets),
        Capability::Unknown => false,
    }
}

/// Judges a component by the grants of the manifest.
#[must_use]
pub fn admit(
    name: &str,
    plugin: &Plugin,
    facts: &ComponentFacts,
    about: Option<&About>,
) -> Admission {
    let mut refusals = Vec::new();
    let refuse = |error| AdmissionError::About {
        plugin: name.to_owned(),
        error,
    };
    let needs = match (facts.world, about) {
        (World::Validator, _) | (_, None) => {
            if !plugin.settings.is_empty() && facts.world == World::Validator {
                refusals.push(AdmissionError::ValidatorSettings {
                    plugin: name.to_owned(),
                });
            }
            Needs::default()
        }
        (World::Backend { .. }, Some(about)) => match about.settings(&plugin.settings) {
            Err(errors) => {
                refusals.extend(errors.into_iter().map(refuse));
                // What can be told of its needs without the setting is told now.
                needs_of_fixed(about)
            }
            Ok(settings) => about.needs(&settings).unwrap_or_else(|error| {
                refusals.push(refuse(error));
                Needs::default()
            }),
        },
    };
    refusals.extend(imports(name, plugin, facts, &needs));
    let missing: BTreeSet<_> = needs.required.difference(&plugin.allow.http).collect();
    if !missing.is_empty() {
        refusals.push(AdmissionError::Origins {
            plugin: name.to_owned(),
            missing: missing.into_iter().cloned().collect(),
            wanted: plugin.allow.http.union(&needs.required).cloned().collect(),
        });
    }
    Admission { needs, refusals }
}

fn needs_of_fixed(about: &About) -> Needs {
    let fixed = About {
        origins: about
            .origins
            .iter()
            .filter(|spec| !spec.origin.starts_with('{'))
            .cloned()
            .collect(),
        ..about.clone()
    };
    fixed.needs(&BTreeMap::new()).unwrap_or_default()
}

fn imports(
    name: &str,
    plugin: &Plugin,
    facts: &ComponentFacts,
    needs: &Needs,
) -> Vec<AdmissionError> {
    let mut inert = BTreeSet::new();
    let mut refusals = Vec::new();
    for import in &facts.imports {
        let capability = Capability::of_import(import);
        if facts.world == World::Validator {
            refusals.push(AdmissionError::Import {
                plugin: name.to_owned(),
                import: import.clone(),
                rule: "a validator may import nothing",
            });
            continue;
        }
        if is_granted(capability, &plugin.allow) {
            continue;
        }
        match capability {
            Capability::Filesystem => {
                inert.insert(InertInterface::Filesystem);
            }
            Capability::Sockets => {
                inert.insert(InertInterface::Sockets);
            }
            // The origins that it needs are said with their names.
            Capability::Http | Capability::WasiHttp if !needs.required.is_empty() => {}
            Capability::Http | Capability::WasiHttp => {
                let error = AdmissionError::NoOrigin {
                    plugin: name.to_owned(),
                    optional: needs.optional.clone(),
                };
                if !refusals.contains(&error) {
                    refusals.push(error);
                }
            }
            _ => refusals.push(AdmissionError::Import {
                plugin: name.to_owned(),
                import: import.clone(),
                rule: "this version has no such interface",
            }),
        }
    }
    if !inert.is_empty() {
        refusals.push(AdmissionError::Inert {
            plugin: name.to_owned(),
            wanted: plugin.allow.inert.union(&inert).copied().collect(),
            missing: inert,
        });
    }
    refusals
}

/// What the manifest does not grant, or what it gives and the component does not take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// It imports what nobody may.
    #[error("the plugin `{plugin}` imports `{import}`, and {rule}")]
    Import {
        /// The plugin.
        plugin: String,
        /// The import.
        import: String,
        /// Why not.
        rule: &'static str,
    },
    /// It imports interfaces that do nothing.
    #[error("the plugin `{plugin}` imports {}, which it is not granted", inert_names(.missing, " and "))]
    Inert {
        /// The plugin.
        plugin: String,
        /// Those without a grant.
        missing: BTreeSet<InertInterface>,
        /// Those that must be granted, with those that are.
        wanted: BTreeSet<InertInterface>,
    },
    /// It sends requests and may send them to nobody.
    #[error("the plugin `{plugin}` sends requests, and is granted no origin")]
    NoOrigin {
        /// The plugin.
        plugin: String,
        /// The origins that it would use.
        optional: BTreeSet<HttpOrigin>,
    },
    /// It needs origins that are not granted.
    #[error("the plugin `{plugin}` needs {}, which it is not granted", origin_names(.missing, " and "))]
    Origins {
        /// The plugin.
        plugin: String,
        /// Those without a grant.
        missing: BTreeSet<HttpOrigin>,
        /// Those that must be granted, with those that are.
        wanted: BTreeSet<HttpOrigin>,
    },
    /// Its settings do not fit it.
    #[error("the plugin `{plugin}` {error}")]
    About {
        /// The plugin.
        plugin: String,
        /// What does not fit.
        error: AboutError,
    },
    /// A validator takes its parameters from the entry that it judges.
    #[error("the plugin `{plugin}` is a validator, and a validator reads no settings")]
    ValidatorSettings {
        /// The plugin.
        plugin: String,
    },
}

fn inert_names(interfaces: &BTreeSet<InertInterface>, between: &str) -> String {
    let names = interfaces.iter().map(|interface| interface.name());
    names.collect::<Vec<_>>().join(between)
}

fn origin_names(origins: &BTreeSet<HttpOrigin>, between: &str) -> String {
    let names = origins.iter().map(|origin| format!("`{origin}`"));
    names.collect::<Vec<_>>().join(between)
}

/// `["a", "b"]`. Neither names of interfaces nor origins have what TOML would escape.
pub(super) fn toml_list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items = items.into_iter();
    let items: Vec<_> = items
        .map(|item| format!("\"{}\"", item.to_string()))
        .collect();
    format!("[{}]", items.join(", "))
}

impl Explain for AdmissionError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Import { .. } => "plugin-import-unknown",
            Self::Inert { .. } | Self::NoOrigin { .. } => "plugin-import-not-granted",
            Self::Origins { .. } => "plugin-needs-more",
            Self::About { error, .. } => error.kind(),
            Self::ValidatorSettings { .. } => "plugin-setting-unknown",
        }
    }

    fn hint(&self) -> Option<String> {
        let line = |plugin: &str, line: String| {
            format!("if you trust it with that, write in [plugins.{plugin}]: `{line}`")
        };
        Some(match self {
            Self::Import { .. } => "build it with what `secret-run plugin new` sets up, which \
                                    imports only what there is"
                .to_owned(),
            Self::Inert { plugin, wanted, .. } => {
                let names = toml_list(wanted.iter().map(|interface| interface.name()));
                let line = line(plugin, format!("allow.inert = {names}"));
                format!("{line}; there are no files, and every socket is refused")
            }
            Self::NoOrigin { plugin, optional } if optional.is_empty() => {
                format!("write in [plugins.{plugin}] what it may talk to, as `allow.http = [...]`")
            }
            Self::NoOrigin { plugin, optional } => {
                line(plugin, format!("allow.http = {}", toml_list(optional)))
            }
            Self::Origins { plugin, wanted, .. } => {
                line(plugin, format!("allow.http = {}", toml_list(wanted)))
            }
            Self::About { error, .. } => return error.hint(),
            Self::ValidatorSettings { .. } => {
                "write parameters where the rule is used: `validate = { rule = \"...\", ... }`"
                    .to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests;
