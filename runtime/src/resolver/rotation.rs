//! Secrets that are older than the manifest wants them to be.

use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::Run;
use super::fetch::Outcome;
use crate::error::{Explain, Problem};
use crate::plan::{DocumentId, RouteOrigin};

const DAY: u64 = 24 * 60 * 60;

/// A secret should have been changed since. It is good all the same.
#[derive(Debug, Error)]
#[error("`{name}` was last changed {} ago, and should be every {}", words(*age), words(*every))]
struct Overdue {
    name: String,
    age: Duration,
    every: Duration,
}

impl Explain for Overdue {
    fn kind(&self) -> &'static str {
        "rotation-overdue"
    }

    fn hint(&self) -> Option<String> {
        Some("change it where it is kept, or `rotate-every` in the manifest".into())
    }
}

/// Whole days, where it is a day at least: nobody changes secrets by the minute.
pub(crate) fn words(time: Duration) -> String {
    match time.as_secs() / DAY {
        0 => humantime::format_duration(Duration::from_secs(time.as_secs())).to_string(),
        days => format!("{days}d"),
    }
}

/// Notes those whose current version is known to be older than `rotate-every`.
pub(super) fn note(run: &mut Run, documents: &[Vec<Outcome>], now: SystemTime) {
    let mut found = Vec::new();
    for route in &run.plan.routes {
        let entry = run.plan.entry(route);
        let RouteOrigin::Document { document, .. } = &route.origin else {
            continue;
        };
        let DocumentId { backend, request } = *document;
        let is_current = run.plan.backends[backend].requests[request]
            .version
            .is_none();
        let created = match &documents[backend][request] {
            Outcome::Found(found) if is_current => found.created,
            _ => None,
        };
        let age = created.and_then(|created| now.duration_since(created).ok());
        let Some((age, every)) = age.zip(entry.about.rotate_every) else {
            continue;
        };
        if age > every {
            let name = entry.name.clone();
            let overdue = Overdue { name, age, every };
            let place = run.plan.manifest().source().place(&entry.span);
            found.push(Problem::warning(&overdue, Some(place)).of(&entry.name));
        }
    }
    run.problems.append(&mut found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_days_where_there_are_some() {
        let words = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(words(90 * DAY), "90d");
        assert_eq!(words(DAY + 5), "1d");
        assert_eq!(words(2), "2s");
        assert_eq!(words(3 * 60 * 60), "3h");
    }
}
