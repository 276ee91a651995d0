//! What may not be done, decided before anything is read.
//!
//! [`authorize`] is the only way from a [`Plan`] to the stages that read. Production
//! rules have no switch: there is no parameter here that a flag could reach.

mod names;
mod parameters;

use std::collections::BTreeMap;

pub use names::changes_loading;
use thiserror::Error;

use crate::error::{Explain, Problem, Problems};
use crate::judge::{Judge, Verdict};
use crate::manifest::{BackendSettings, Class, VaultMethod};
use crate::plan::{Plan, Route, RouteOrigin};
use crate::plugin::Plugins;

/// A plan that may be carried out. Only [`authorize`] makes one.
#[derive(Debug)]
#[must_use = "an authorized plan does nothing until it is fetched"]
pub struct AuthorizedPlan {
    plan: Plan,
    plugins: Plugins,
}

impl AuthorizedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn into_parts(self) -> (Plan, Plugins) {
        (self.plan, self.plugins)
    }
}

/// Why a plan may not be carried out.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// Invariant 1.
    #[error("production reads nothing from an `env` backend, and `{backend}` is one: {names}")]
    EnvInProduction {
        /// The backend.
        backend: String,
        /// The entries that it would answer for.
        names: String,
        /// Who says that this is production.
        production: String,
        /// Who chose the backend.
        chosen_by: String,
    },
    /// The backend's kind is known, and this program cannot reach it.
    #[error("backends of kind `{kind}` are not built into this secret-run, and `{backend}` is one")]
    NotBuiltIn {
        /// The backend.
        backend: String,
        /// Its kind.
        kind: &'static str,
    },
    /// The backend has no versions.
    #[error("`{backend}` is a backend of kind `{kind}`, which knows no versions")]
    NoVersions {
        /// The backend.
        backend: String,
        /// Its kind.
        kind: &'static str,
    },
    /// A validator of several entries could not be had.
    #[error("{verdict}; it is to judge {names}")]
    Unjudged {
        /// Why not.
        verdict: Verdict,
        /// The entries.
        names: String,
    },
}

impl Explain for PolicyError {
    fn kind(&self) -> &'static str {
        match self {
            Self::EnvInProduction { .. } => "production-env-backend",
            Self::NotBuiltIn { .. } => "backend-not-built-in",
            Self::NoVersions { .. } => "backend-without-versions",
            Self::Unjudged { verdict, .. } => verdict.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::EnvInProduction {
                production,
                chosen_by,
                ..
            } => format!(
                "production: {production}; backend: {chosen_by}. Give production a backend that \
                 keeps secrets, such as `file`; no flag lifts this"
            ),
            Self::NotBuiltIn { .. } => "use a backend of a kind that is: `env`, `file`, `plugin`, those of AWS in a build with the \
                 feature `aws`, or `vault` in one with the feature `vault` (and `aws`, to log in with AWS)".into(),
            Self::NoVersions { .. } => "leave the version out".into(),
            Self::Unjudged { verdict, .. } => return verdict.hint(),
        })
    }
}

/// Applies the rules of production, the pins and grants of plugins, and what backends can do,
/// and asks `judge` whether the parameters of every rule make sense. Reads no secret, and
/// loads no plugin but the validators that the plan asks for.
///
/// # Errors
/// Everything that is refused, not the first alone.
pub fn authorize(
    plan: Plan,
    plugins: Plugins,
    judge: &mut Judge,
) -> Result<AuthorizedPlan, Problems> {
    let mut problems = backends(&plan);
    problems.extend(versions(&plan));
    let refused = plugins.authorize(&plan);
    if refused.is_empty() {
        judge.lend(&plugins);
    }
    problems.extend(refused);
    if let Some(by) = &plan.selection.production {
        problems.extend(env_in_production(&plan, by));
    }
    problems.extend(parameters::judge_all(&plan, judge));
    let (plan, _) = Problems::unless(plan, problems)?;
    Ok(AuthorizedPlan { plan, plugins })
}

fn env_in_production(plan: &Plan, production: &str) -> Vec<Problem> {
    // One problem for each place in the manifest that chose such a backend.
    let mut chosen: BTreeMap<(usize, Option<usize>), Vec<&Route>> = BTreeMap::new();
    for route in &plan.routes {
        let RouteOrigin::Document { document, .. } = &route.origin else {
            continue;
        };
        let backend = &plan.backends[document.backend];
        if !matches!(backend.settings, BackendSettings::Env { .. }) {
            continue;
        }
        let explicit = names_its_backend(plan, route).then_some(route.span.start);
        chosen
            .entry((document.backend, explicit))
            .or_default()
            .push(route);
    }
    chosen
        .into_iter()
        .map(|((backend, explicit), routes)| {
            let backend = &plan.backends[backend];
            let names: Vec<_> = routes
                .iter()
                .map(|route| plan.entry(route).name.as_str())
                .collect();
            let (span, chosen_by) = match explicit {
                Some(_) => (
                    Some(routes[0].span.clone()),
                    "`from` of the entry".to_owned(),
                ),
                None => (
                    backend.span.clone(),
                    backend.chosen_by.clone().unwrap_or_default(),
                ),
            };
            let error = PolicyError::EnvInProduction {
                backend: backend.name.clone(),
                names: names.join(", "),
                production: production.to_owned(),
                chosen_by,
            };
            let place = span.map(|span| plan.manifest().source().place(&span));
            Problem::error(&error, place)
        })
        .collect()
}

/// Whether the route's own `from` names the backend, rather than a default.
fn names_its_backend(plan: &Plan, route: &Route) -> bool {
    let entry = plan.entry(route);
    let changed = plan
        .manifest()
        .environments
        .get(&plan.selection.environment)
        .and_then(|environment| environment.overrides.get(&entry.name))
        .and_then(|changed| changed.origin.as_ref());
    matches!(
        changed.unwrap_or(&entry.origin),
        crate::manifest::Origin::From(_)
    )
}

fn backends(plan: &Plan) -> Vec<Problem> {
    let used = plan.backends.iter();
    let used = used.filter(|backend| !backend.requests.is_empty());
    used.filter(|backend| !is_built_in(&backend.settings))
        .map(|backend| {
            let error = PolicyError::NotBuiltIn {
                backend: backend.name.clone(),
                kind: backend.settings.kind(),
            };
            let place = backend.span.as_ref();
            let place = place.map(|span| plan.manifest().source().place(span));
            Problem::error(&error, place)
        })
        .collect()
}

fn is_built_in(settings: &BackendSettings) -> bool {
    match settings {
        BackendSettings::Env { .. }
        | BackendSettings::File { .. }
        | BackendSettings::Plugin { .. } => true,
        BackendSettings::Aws(_) => cfg!(feature = "aws"),
        BackendSettings::Vault(vault) => {
            let by_aws = matches!(
                vault.auth.as_ref().map(|auth| &auth.method),
                Some(VaultMethod::Aws { .. })
            );
            cfg!(feature = "vault") && (!by_aws || cfg!(feature = "aws"))
        }
    }
}

fn versions(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for route in &plan.routes {
        let RouteOrigin::Document { document, .. } = &route.origin else {
            continue;
        };
        let backend = &plan.backends[document.backend];
        let versioned = backend.requests[document.request].version.is_some();
        let (name, kind) = (backend.name.clone(), backend.settings.kind());
        if versioned && matches!(kind, "env" | "file") {
            let error = PolicyError::NoVersions {
                backend: name,
                kind,
            };
            let place = plan.manifest().source().place(&route.span);
            problems.push(Problem::error(&error, Some(place)).of(&plan.entry(route).name));
        }
    }
    problems
}

/// Whether every value of this entry must be checked for being a placeholder.
pub(crate) fn refuses_placeholders(plan: &Plan, class: Class) -> bool {
    plan.selection.production.is_some() && class == Class::Secret
}
