//! Which environment this run is in, whether that is production, and which backend was
//! asked for.
//!
//! A pure function of the command line, the variables, and the manifest. Production is
//! decided by *any* signal: what was selected explicitly cannot overrule a variable that
//! says production.

use thiserror::Error;

use crate::cache::TTL_VARIABLE;
use crate::error::Explain;
use crate::manifest::{Environment, Manifest};
use crate::nearest::nearest;

/// The variables with which ecosystems name an environment, strongest first.
pub const ECOSYSTEM_VARIABLES: [&str; 6] = [
    "NODE_ENV",
    "APP_ENV",
    "RAILS_ENV",
    "RUST_ENV",
    "ASPNETCORE_ENVIRONMENT",
    "ENVIRONMENT",
];
/// Names the environment.
pub const ENVIRONMENT_VARIABLE: &str = "SECRETS_ENV";
/// Names a backend or a kind of backend.
pub const BACKEND_VARIABLE: &str = "SECRETS_BACKEND";

/// What stands before names in AWS, for backends that do not say it themselves.
pub const AWS_PREFIX_VARIABLE: &str = "AWS_SECRETS_PREFIX";

/// What the user asked for, before the manifest was consulted.
#[derive(Debug, Default, Clone)]
pub struct Wanted {
    /// `--env`.
    pub environment: Option<String>,
    /// `--backend`.
    pub backend: Option<String>,
    /// Whether the program itself says these two, in its code.
    pub by_program: bool,
    /// Those of the variables above that are set and not empty.
    pub variables: Vec<(&'static str, String)>,
}

impl Wanted {
    /// Reads the variables that matter through `variable`.
    pub fn new(
        environment: Option<String>,
        backend: Option<String>,
        variable: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Self {
        let names = [
            ENVIRONMENT_VARIABLE,
            BACKEND_VARIABLE,
            AWS_PREFIX_VARIABLE,
            TTL_VARIABLE,
        ];
        let variables = names
            .into_iter()
            .chain(ECOSYSTEM_VARIABLES)
            .filter_map(|name| {
                let value = variable(name)?.to_string_lossy().trim().to_owned();
                (!value.is_empty()).then_some((name, value))
            })
            .collect();
        Self {
            environment,
            backend,
            by_program: false,
            variables,
        }
    }

    /// Who chose something that is said by no variable.
    fn said(&self, flag: &str, choice: &str, name: &str) -> String {
        if self.by_program {
            format!("{choice}(\"{name}\") of the program")
        } else {
            format!("{flag} {name}")
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Everything that names an environment, strongest first.
    fn environments(&self) -> Vec<Said<'_>> {
        let flag = self.environment.as_deref().map(|name| Said {
            by: self.said("--env", "environment", name),
            name,
            to_us: true,
        });
        let variables = std::iter::once(ENVIRONMENT_VARIABLE)
            .chain(ECOSYSTEM_VARIABLES)
            .filter_map(|variable| {
                let name = self.variable(variable)?;
                Some(Said {
                    by: format!("{variable}={name}"),
                    name,
                    to_us: variable == ENVIRONMENT_VARIABLE,
                })
            });
        flag.into_iter().chain(variables).collect()
    }

    /// The backend that was asked for by flag or variable, with who said so.
    #[must_use]
    pub fn backend(&self) -> Option<(String, &str)> {
        if let Some(name) = &self.backend {
            return Some((self.said("--backend", "backend", name), name));
        }
        let name = self.variable(BACKEND_VARIABLE)?;
        Some((format!("{BACKEND_VARIABLE}={name}"), name))
    }

    /// What stands before names in AWS where the manifest does not say it.
    #[must_use]
    pub fn aws_prefix(&self) -> &str {
        self.variable(AWS_PREFIX_VARIABLE).unwrap_or_default()
    }

    /// For how long what is read is good, as it was written.
    pub(crate) fn cache_ttl(&self) -> Option<&str> {
        self.variable(TTL_VARIABLE)
    }
}

/// Something that names an environment.
struct Said<'a> {
    /// Who says it.
    by: String,
    /// The environment.
    name: &'a str,
    /// Whether it is said to this program, and not to whoever cares.
    to_us: bool,
}

/// The environment of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its name in the manifest; one that the manifest does not declare is `development`
    /// or `production`.
    pub environment: String,
    /// Who chose it: a flag, a variable, or nobody.
    pub chosen_by: Option<String>,
    /// Who says that this is production, if anybody does.
    pub production: Option<String>,
}

impl Selection {
    /// Decides.
    ///
    /// # Errors
    /// When the environment that was asked for is not declared.
    pub fn decide(manifest: &Manifest, wanted: &Wanted) -> Result<Self, SelectionError> {
        let said = wanted.environments();
        // A manifest without environments has nothing to choose from, and what the ecosystem
        // calls `test` or `eu` is not meant for it. What is said to us is.
        let meant = said.iter().find(|said| {
            said.to_us || !manifest.environments.is_empty() || find(manifest, said.name).is_some()
        });
        let (environment, chosen_by) = match meant {
            None => {
                let usual = "development";
                let declared = find(manifest, usual).unwrap_or_else(|| usual.to_owned());
                (declared, None)
            }
            Some(Said { by, name, .. }) => {
                let declared = find(manifest, name).ok_or_else(|| SelectionError {
                    by: by.clone(),
                    nearest: nearest(name, manifest.environments.keys().map(String::as_str)),
                    declared: manifest.environments.keys().cloned().collect(),
                })?;
                (declared, Some(by.clone()))
            }
        };
        let declared = manifest.environments.get(&environment);
        let production = said
            .iter()
            .find(|said| means_production(said.name))
            .map(|said| said.by.clone())
            .or_else(|| production(&environment, declared));
        Ok(Self {
            environment,
            chosen_by,
            production,
        })
    }
}

fn production(name: &str, declared: Option<&Environment>) -> Option<String> {
    if means_production(name) {
        return Some(format!("the environment `{name}`"));
    }
    declared
        .filter(|environment| environment.production)
        .map(|_| format!("`production = true` in [environments.{name}]"))
}

/// Whether a text names production, in any spelling.
#[must_use]
pub fn means_production(text: &str) -> bool {
    const NAMES: [&str; 2] = ["production", "prod"];
    let text = text.trim();
    NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// The environment of the manifest that `name` means: as written, in another case, or by
/// its common short form. `development` and `production` exist without being declared.
fn find(manifest: &Manifest, name: &str) -> Option<String> {
    const SYNONYMS: [[&str; 2]; 2] = [["development", "dev"], ["production", "prod"]];
    let declared = |name: &str| {
        let names = || manifest.environments.keys();
        names()
            .find(|known| *known == name)
            .or_else(|| names().find(|known| known.eq_ignore_ascii_case(name)))
            .cloned()
    };
    if let Some(found) = declared(name) {
        return Some(found);
    }
    let synonyms = SYNONYMS
        .iter()
        .find(|names| names.iter().any(|known| known.eq_ignore_ascii_case(name)))?;
    let found = synonyms.iter().find_map(|name| declared(name));
    Some(found.unwrap_or_else(|| synonyms[0].to_owned()))
}

/// The environment that was asked for is not in the manifest.
#[derive(Debug, Error)]
#[error("{by} names an environment that the manifest does not declare")]
pub struct SelectionError {
    by: String,
    nearest: Option<String>,
    declared: Vec<String>,
}

impl Explain for SelectionError {
    fn kind(&self) -> &'static str {
        "unknown-environment"
    }

    fn hint(&self) -> Option<String> {
        if let Some(nearest) = &self.nearest {
            return Some(format!("did you mean `{nearest}`?"));
        }
        let declared = if self.declared.is_empty() {
            "none".to_owned()
        } else {
            self.declared.join(", ")
        };
        Some(format!(
            "declared are: {declared}. Add [environments.NAME], or choose one with --env"
        ))
    }
}

#[cfg(test)]
mod tests;
