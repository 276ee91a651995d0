//! The warning that values stand in for what a backend could not give.

use std::time::Duration;

use thiserror::Error;

use super::Remembered;
use crate::backend::FetchError;
use crate::cache::names;
use crate::error::{Explain, Problem};
use crate::plan::{DocumentId, Plan};

/// The kind of the warning that values stand in for what a backend could not give.
pub const STALE: &str = "stale-value";

/// Values stand in for what a backend could not give.
#[derive(Debug, Error)]
#[error("{} stale: `{backend}` gave {them} {} ago, and now {cause}", list(names), humantime::format_duration(*age))]
struct Stale {
    names: Vec<String>,
    them: &'static str,
    backend: String,
    age: Duration,
    cause: FetchError,
}

impl Explain for Stale {
    fn kind(&self) -> &'static str {
        STALE
    }

    fn hint(&self) -> Option<String> {
        Some(
            "bring the backend back; `stale-if-error` in [cache] says for how long this may go on"
                .into(),
        )
    }
}

/// `A` is, or `A`, `B` are.
fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", quoted.join(", "))
}

/// The warning that values of a backend are stale.
pub(super) fn warning(
    plan: &Plan,
    backend: usize,
    cause: FetchError,
    remembered: &[Option<Remembered>],
) -> Problem {
    let stale = remembered.iter().enumerate();
    let stale = stale.filter(|(_, found)| found.is_some_and(Remembered::is_stale));
    let mut found = Vec::new();
    let mut age = Duration::ZERO;
    for (request, remembered) in stale {
        age = age.max(remembered.map(|found| found.age).unwrap_or_default());
        found.extend(names(plan, DocumentId { backend, request }));
    }
    // In the order of the manifest, each once.
    let mut names: Vec<String> = Vec::new();
    for route in &plan.routes {
        let name = &plan.entry(route).name;
        if found.contains(name) {
            names.push(name.clone());
        }
    }
    let first = plan.routes.iter();
    let mut first = first.filter(|route| names.first() == Some(&plan.entry(route).name));
    let place = first.next().map(|route| &route.span);
    let place = place.map(|span| plan.manifest().source().place(span));
    let only = names.first().filter(|_| names.len() == 1).cloned();
    let stale = Stale {
        them: if names.len() == 1 { "it" } else { "them" },
        names,
        backend: plan.backends[backend].name.clone(),
        age: Duration::from_secs(age.as_secs()),
        cause,
    };
    Problem {
        secret: only,
        ..Problem::warning(&stale, place)
    }
}
