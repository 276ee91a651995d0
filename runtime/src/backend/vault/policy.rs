//! What a policy must grant for a plan, and nothing more.

use std::collections::BTreeSet;
use std::fmt;

use super::VaultError;
use super::engine::{Engine, Mounts};
use super::hint::stanza;
use super::read::Place;
use super::setup::Setup;
use super::transit::Transit;
use crate::backend::file::Strictness;
use crate::backend::{ProcessVariable, Request};
use crate::ciphertext::{is_ciphertext, lacks_mark};
use crate::error::{Problem, Problems};
use crate::manifest::{BackendSettings, KvVersion, VaultLeases, VaultMethod, VaultSettings};
use crate::plan::Plan;

/// A policy of Vault. Displays as its text, in HCL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Paths that are read.
    reads: BTreeSet<String>,
    /// Of those, the ones in a mount that nobody says anything of.
    unknown: BTreeSet<String>,
    /// What decrypts.
    decrypts: BTreeSet<String>,
    /// Whether a token is made and revoked.
    logs_in: bool,
    /// Whether it is asked how long a token is good that is there already.
    looks_up: bool,
}

impl Policy {
    /// The least that the backends of `plan` need; `None` if none of them is a Vault. It is made of
    /// the manifest and of the variables of Vault alone: where neither says which version of the
    /// engine for keys and values is at `mount`, it is taken to be 2.
    ///
    /// # Errors
    /// When a policy would grant more than a path that is needed, since it takes it for a pattern, or
    /// when it is not clear what is needed, as a run would say.
    pub fn of(plan: &Plan, process: ProcessVariable<'_>) -> Result<Option<Self>, Problems> {
        let problems = problems(plan, process);
        if !problems.is_empty() {
            return Err(problems.into_iter().collect());
        }
        let mut policy = Self {
            reads: BTreeSet::new(),
            unknown: BTreeSet::new(),
            decrypts: BTreeSet::new(),
            logs_in: false,
            looks_up: false,
        };
        for planned in &plan.backends {
            let BackendSettings::Vault(settings) = &planned.settings else {
                continue;
            };
            // What is not clear was said.
            let Ok(place) = place(plan, settings, process) else {
                continue;
            };
            let (ciphertexts, requests): (Vec<_>, Vec<_>) = planned
                .requests
                .iter()
                .partition(|request| is_ciphertext(&request.path));
            let transit = place.transit.as_ref().filter(|_| !ciphertexts.is_empty());
            policy.decrypts.extend(transit.map(Transit::api_path));
            let paths: Vec<_> = requests
                .into_iter()
                .map(|request| place.path(request))
                .collect();
            let stated = Place {
                kv_version: place.kv_version.or_else(|| {
                    let is_mounted = place.mount.is_some();
                    is_mounted.then_some(KvVersion::Two)
                }),
                ..place
            };
            let mounts = stated.stated(&paths);
            for path in paths.into_iter().flatten() {
                policy.add(&mounts, path);
            }
            if !planned.requests.is_empty() {
                let logs_in = logs_in(settings, process);
                policy.logs_in |= logs_in;
                policy.looks_up |= !logs_in && matches!(settings.leases, VaultLeases::AtLeast(_));
            }
        }
        let needs = !policy.reads.is_empty() || !policy.decrypts.is_empty();
        Ok(needs.then_some(policy))
    }

    fn add(&mut self, mounts: &Mounts, path: String) {
        match mounts.target(&path) {
            Some(target) if target.engine != Engine::Other => {
                self.reads.insert(target.api_path);
            }
            _ => {
                self.unknown.insert(path.clone());
                self.reads.insert(path);
            }
        }
    }
}

/// Where in Vault a backend reads.
fn place(
    plan: &Plan,
    settings: &VaultSettings,
    process: ProcessVariable<'_>,
) -> Result<Place, VaultError> {
    let setup = Setup {
        settings,
        directory: plan.manifest().source().directory(),
        strictness: Strictness::Warn,
        process,
    };
    setup.place()
}

/// Why no policy can be made: once for a backend, and for each entry that it can't name the path of, and
/// nothing else.
fn problems(plan: &Plan, process: ProcessVariable<'_>) -> Vec<Problem> {
    let places = plan.backends.iter().map(|planned| match &planned.settings {
        BackendSettings::Vault(settings) if !planned.requests.is_empty() => {
            Some(place(plan, settings, process))
        }
        _ => None,
    });
    let places: Vec<Option<Result<Place, VaultError>>> = places.collect();
    let of_backends = plan.backends.iter().zip(&places);
    let mut problems: Vec<_> = of_backends
        .filter_map(|(planned, place)| {
            let error = place.as_ref()?.as_ref().err()?;
            let span = planned.span.as_ref();
            let place = span.map(|span| plan.manifest().source().place(span));
            Some(Problem::error(error, place))
        })
        .collect();
    problems.extend(plan.asked().filter_map(|(route, backend, request)| {
        let place = places[backend].as_ref()?.as_ref().ok()?;
        let error = match path(place, request) {
            Ok(path) if is_pattern(&path) => VaultError::Pattern { path },
            Ok(_) => return None,
            Err(error) => error,
        };
        Some(plan.problem(route, &error))
    }));
    problems
}

/// The path of a policy that a request needs.
fn path(place: &Place, request: &Request) -> Result<String, VaultError> {
    if lacks_mark(&request.path) {
        return Err(VaultError::NoMark);
    }
    if !is_ciphertext(&request.path) {
        return place.path(request);
    }
    let transit = place.transit.as_ref().ok_or(VaultError::NoTransit)?;
    Ok(transit.api_path())
}

/// Whether a path means more than itself where a policy names it: a `*` at its end stands for any
/// ending, a name `+` for any name, and braces for what Vault knows of who asks.
pub(super) fn is_pattern(path: &str) -> bool {
    let is_any = |name: &str| name.starts_with('+');
    path.ends_with('*') || path.contains("{{") || path.split('/').any(is_any)
}

/// Whether a run makes a token of its own.
fn logs_in(settings: &VaultSettings, process: ProcessVariable<'_>) -> bool {
    let is_set = |name| process(name).is_some_and(|value| !value.is_empty());
    match &settings.auth {
        Some(auth) => !matches!(auth.method, VaultMethod::Token { .. }),
        None => is_set("VAULT_ROLE_ID") && !is_set("VAULT_TOKEN"),
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.reads {
            if self.unknown.contains(path) {
                let (mount, rest) = path.split_once('/').unwrap_or((path, ""));
                writeln!(
                    f,
                    "# If `{mount}` holds version 2 of the engine for keys and values, the path is \
                     {mount}/data/{rest}."
                )?;
            }
            writeln!(f, "{}", stanza(path, "read"))?;
        }
        for path in &self.decrypts {
            writeln!(f, "{}", stanza(path, "update"))?;
        }
        if self.looks_up {
            writeln!(
                f,
                "# Where something is leased, it is asked how long the token is good."
            )?;
            writeln!(f, "{}", stanza("auth/token/lookup-self", "read"))?;
        }
        if self.logs_in {
            writeln!(f, "# The token of a login is revoked.")?;
            writeln!(f, "{}", stanza("auth/token/revoke-self", "update"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_pattern;

    #[test]
    fn what_a_policy_takes_for_a_pattern_is_known() {
        for path in [
            "a/b*",
            "*",
            "+/a",
            "a/+/b",
            "a/+",
            "a/+b",
            "a/{{identity.entity.id}}",
        ] {
            assert!(is_pattern(path), "{path}");
        }
        for path in ["a/b", "a*/b", "a/b+c", "a/{b}", "C++/a"] {
            assert!(!is_pattern(path), "{path}");
        }
    }
}
