//! For how long a document is good: as long as the shortest time of all that is made of it.

use std::time::Duration;

use super::CacheError;
use crate::manifest::LONGEST_TTL;
use crate::plan::{DocumentId, Plan, Route, RouteOrigin};
use crate::selection::Wanted;

/// Where nobody says anything.
const TTL: Duration = Duration::from_secs(60 * 60);

/// What `SECRETS_CACHE_TTL_SECONDS` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    /// Nothing.
    Unset,
    /// Nothing is remembered.
    Off,
    /// So long, and no longer where the manifest says a longer time.
    Most(Duration),
}

impl Variable {
    /// That of a run.
    pub(crate) fn of(wanted: &Wanted) -> Result<Self, CacheError> {
        Self::parse(wanted.cache_ttl()).ok_or(CacheError::Ttl)
    }

    /// Whole seconds; nothing if it is something else.
    fn parse(text: Option<&str>) -> Option<Self> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Some(Self::Unset);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: u64 = text.parse().ok().filter(|_| digits)?;
        let most = Duration::from_secs(seconds);
        (most <= LONGEST_TTL).then_some(match seconds {
            0 => Self::Off,
            _ => Self::Most(most),
        })
    }
}

/// How long a document may be used from when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Without asking.
    pub(crate) ttl: Duration,
    /// For how long after that if its backend can't be reached.
    pub(crate) stale: Duration,
}

impl Terms {
    /// Those of a document of a plan. The version before has those of the current one.
    pub(crate) fn of(plan: &Plan, document: DocumentId, variable: Variable) -> Self {
        let manifest = plan.manifest();
        let backend = &plan.backends[document.backend];
        let declared = manifest.backends.get(&backend.name);
        let usual = declared
            .and_then(|declared| declared.cache)
            .or(manifest.cache.ttl);
        let path = &backend.requests[document.request].path;
        let uses = plan.routes.iter().filter(|route| {
            let mut used = documents(route);
            used.any(|used| {
                used.backend == document.backend && backend.requests[used.request].path == *path
            })
        });
        let said = uses.map(|route| plan.entry(route).cache.or(usual));
        let shortest = said.map(|said| match (said, variable) {
            (_, Variable::Off) => Duration::ZERO,
            (Some(said), Variable::Most(most)) => said.min(most),
            (Some(said), Variable::Unset) => said,
            (None, Variable::Most(most)) => most,
            (None, Variable::Unset) => TTL,
        });
        Self {
            ttl: shortest.min().unwrap_or_default(),
            stale: manifest.cache.stale_if_error,
        }
    }
}

/// The documents of a route.
fn documents(route: &Route) -> impl Iterator<Item = DocumentId> {
    let own = match &route.origin {
        RouteOrigin::Document { document, .. } => Some(*document),
        RouteOrigin::Process | RouteOrigin::Composed(_) => None,
    };
    own.into_iter().chain(route.previous)
}

/// The entries that a document is in, those that are composed of them included.
pub(crate) fn names(plan: &Plan, document: DocumentId) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for route in &plan.routes {
        if documents(route).any(|used| used == document) {
            names.push(&plan.entry(route).name);
        }
    }
    for &index in &plan.order {
        let route = &plan.routes[index];
        if let RouteOrigin::Composed(template) = &route.origin
            && template.names().iter().any(|part| names.contains(part))
        {
            names.push(&plan.entry(route).name);
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::manifest::Manifest;
    use crate::plugin::standard_catalog;

    const MANIFEST: &str = r#"
version = 1
[cache]
ttl = "30m"
[environments.development]
backend = "vault"
[backends.vault]
kind = "vault"
cache = "10m"
[backends.other]
kind = "vault"
[secrets.A]
key = "shared#a"
[secrets.B]
key = "shared#b"
cache = "2m"
[secrets.C]
from = "other:c"
[secrets.D]
from = "other:d"
cache = "1h"
[secrets.E]
compose = "{A}-{D}"
[secrets.F]
compose = "{E}"
"#;

    fn plan(text: &str) -> Plan {
        let manifest = Manifest::parse(Path::new("secrets.toml"), text, standard_catalog());
        let wanted = Wanted::new(None, None, |_| None);
        Plan::new(Arc::new(manifest.unwrap()), &wanted).unwrap()
    }

    fn ttl(plan: &Plan, path: &str, variable: Variable) -> u64 {
        let document = find(plan, path);
        Terms::of(plan, document, variable).ttl.as_secs()
    }

    fn find(plan: &Plan, path: &str) -> DocumentId {
        let mut found = plan
            .backends
            .iter()
            .enumerate()
            .flat_map(|(index, backend)| {
                let requests = backend.requests.iter().enumerate();
                requests.map(move |(request, asked)| {
                    (
                        DocumentId {
                            backend: index,
                            request,
                        },
                        asked,
                    )
                })
            });
        found.find(|(_, asked)| asked.path == path).unwrap().0
    }

    #[test]
    fn the_shortest_time_of_those_that_use_a_document_counts() {
        let plan = plan(MANIFEST);
        let unset = |path| ttl(&plan, path, Variable::Unset);
        assert_eq!((unset("shared"), unset("c"), unset("d")), (120, 1800, 3600));
        let most = Variable::Most(Duration::from_secs(600));
        let most = |path| ttl(&plan, path, most);
        assert_eq!((most("shared"), most("c"), most("d")), (120, 600, 600));
        assert_eq!(ttl(&plan, "d", Variable::Off), 0);
        let silent = super::tests::plan(&MANIFEST.replace("ttl = \"30m\"", ""));
        assert_eq!(ttl(&silent, "c", Variable::Unset), 3600);
        let longer = Variable::Most(Duration::from_secs(7200));
        assert_eq!(ttl(&silent, "c", longer), 7200);
        assert_eq!(ttl(&silent, "d", longer), 3600);
    }

    #[test]
    fn a_document_is_in_all_that_is_composed_of_it() {
        let plan = plan(MANIFEST);
        assert_eq!(names(&plan, find(&plan, "d")), ["D", "E", "F"]);
        assert_eq!(names(&plan, find(&plan, "shared")), ["A", "B", "E", "F"]);
    }

    #[test]
    fn the_variable_is_whole_seconds() {
        let most = |seconds| Some(Variable::Most(Duration::from_secs(seconds)));
        for (text, read) in [
            (None, Some(Variable::Unset)),
            (Some(""), Some(Variable::Unset)),
            (Some("0"), Some(Variable::Off)),
            (Some("90"), most(90)),
            (Some("604800"), most(604_800)),
            (Some("604801"), None),
            (Some("-1"), None),
            (Some("+1"), None),
            (Some("1h"), None),
            (Some("1.5"), None),
        ] {
            assert_eq!(Variable::parse(text), read, "{text:?}");
        }
    }
}
