//! What was asked of whom, and what came of it: for those who have to account for it.
//!
//! An [`Access`] has no field that a value fits into. The version is a text that a backend
//! sent, so it is kept only where it is as short and plain as versions are, and where it cannot
//! be a part of what was read.

use std::time::{Duration, SystemTime};

use super::fetch::{Fetched, Outcome as Answer};
use super::recall::Remembered;
use crate::backend::Document;
use crate::error::Nature;
use crate::manifest::Class;
use crate::metrics::CacheResult;
use crate::plan::{DocumentId, Plan, RouteOrigin};

/// The longest text that is taken for a version. Those of AWS have 36 characters.
const LONGEST_VERSION: usize = 64;

const DAY: u64 = 24 * 60 * 60;
/// Counted from 1970. Nothing that is read was made in the year 2200.
const LAST_DAY: u64 = 84_000;

/// One entry that was asked for of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    name: String,
    class: Class,
    backend: String,
    kind: &'static str,
    version: Option<String>,
    outcome: AccessOutcome,
    took: Duration,
    created: Option<SystemTime>,
    cache: Option<CacheResult>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessOutcome {
    /// The backend gave the document.
    Ok,
    /// It was not asked: the document was read before, and is good for a while.
    Cached,
    /// It could not answer, by an error of this kind, and what was read before stands in.
    Stale(&'static str),
    /// It has none.
    Absent,
    /// It says that we may not have it, by an error of this kind.
    Denied(&'static str),
    /// Nobody knows, for an error of this kind.
    Failed(&'static str),
}

impl Access {
    /// The variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Secret or configuration.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The backend's name in the manifest.
    #[must_use]
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// The backend's kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The version that was read, where the backend knows versions.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> AccessOutcome {
        self.outcome
    }

    /// How long the backend took for all that was asked of it; nothing if it was not asked.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// When the version that was read was made, where the backend says so; not of one that is
    /// asked for as the version before, which is old because there is a newer one.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// Whether it was remembered, where that was looked for.
    #[must_use]
    pub fn cache(&self) -> Option<CacheResult> {
        self.cache
    }
}

impl AccessOutcome {
    /// The words of what backends say.
    pub(crate) const WORDS: [&'static str; 4] = ["ok", "absent", "denied", "failed"];
    /// The words of what is remembered instead.
    pub(crate) const REMEMBERED: [&'static str; 2] = ["cached", "stale"];

    /// The outcome of an error.
    fn of_error(kind: &'static str, nature: Nature) -> Self {
        match nature {
            Nature::Denied => Self::Denied(kind),
            Nature::Fault | Nature::Outage { .. } => Self::Failed(kind),
        }
    }

    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cached => "cached",
            Self::Stale(_) => "stale",
            Self::Absent => "absent",
            Self::Denied(_) => "denied",
            Self::Failed(_) => "failed",
        }
    }

    /// The kind of the error, if it was one.
    #[must_use]
    pub fn error(self) -> Option<&'static str> {
        match self {
            Self::Ok | Self::Cached | Self::Absent => None,
            Self::Stale(kind) | Self::Denied(kind) | Self::Failed(kind) => Some(kind),
        }
    }
}

impl Fetched {
    /// Every entry that was asked for of a backend, in the order of the manifest: secrets, and
    /// configuration that a backend holds. The version before stands under its own name.
    #[must_use]
    pub fn accesses(&self) -> Vec<Access> {
        let plan = &self.run.plan;
        let mut accesses = Vec::with_capacity(plan.routes.len());
        for route in &plan.routes {
            let entry = plan.entry(route);
            if let RouteOrigin::Document { document, .. } = &route.origin {
                accesses.extend(self.access(plan, &entry.name, entry.class, *document));
            }
            if let (Some(document), Some(previous)) = (route.previous, &entry.previous) {
                let name = previous.name.get_ref();
                let access = self.access(plan, name, entry.class, document);
                accesses.extend(access.map(|access| Access {
                    created: None,
                    ..access
                }));
            }
        }
        accesses
    }

    /// Every backend that was asked, and how long it took for all that was asked of it.
    pub(crate) fn fetches(&self) -> impl Iterator<Item = (&str, Duration)> {
        let backends = self.run.plan.backends.iter().zip(&self.took);
        // One that was not asked took no time, and whoever is asked takes some.
        let asked = backends.filter(|(_, took)| !took.is_zero());
        asked.map(|(backend, took)| (backend.name.as_str(), *took))
    }

    /// None of what was not asked for.
    fn access(&self, plan: &Plan, name: &str, class: Class, id: DocumentId) -> Option<Access> {
        let backend = &plan.backends[id.backend];
        let kind = backend.settings.kind();
        let remembered = self.remembered[id.backend][id.request];
        let answer = &self.documents[id.backend][id.request];
        let (outcome, version) = match answer {
            Answer::Found(document) => (AccessOutcome::Ok, version(document, kind)),
            Answer::Absent => (AccessOutcome::Absent, None),
            Answer::Failed(kind, nature) => (AccessOutcome::of_error(kind, *nature), None),
            Answer::Held => return None,
        };
        // That there was no version before may be remembered, too.
        let outcome = match (remembered, outcome) {
            (Some(Remembered { instead_of, .. }), AccessOutcome::Ok | AccessOutcome::Absent) => {
                instead_of.map_or(AccessOutcome::Cached, AccessOutcome::Stale)
            }
            _ => outcome,
        };
        let created = match answer {
            Answer::Found(document) => document.created.map(|at| plausible(at, kind)),
            Answer::Absent | Answer::Failed(..) | Answer::Held => None,
        };
        let cache = match outcome {
            AccessOutcome::Cached => Some(CacheResult::Hit),
            AccessOutcome::Stale(_) => Some(CacheResult::Stale),
            _ => self.looked_for[id.backend][id.request].then_some(CacheResult::Miss),
        };
        Some(Access {
            name: name.to_owned(),
            class,
            backend: backend.name.clone(),
            kind,
            version,
            outcome,
            took: self.took[id.backend],
            created,
            cache,
        })
    }
}

/// The time, to the day where a plugin says it: what it likes could stand in seconds.
fn plausible(created: SystemTime, kind: &str) -> SystemTime {
    if kind != "plugin" {
        return created;
    }
    let since = created.duration_since(SystemTime::UNIX_EPOCH);
    let days = since.unwrap_or_default().as_secs() / DAY;
    SystemTime::UNIX_EPOCH + Duration::from_secs(days.min(LAST_DAY) * DAY)
}

/// The version, unless it could be something else.
fn version(document: &Document, kind: &str) -> Option<String> {
    let version = document.version.as_deref()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let is_version =
        (1..=LONGEST_VERSION).contains(&version.len()) && version.bytes().all(is_plain);
    // A plugin says what it likes, and a short number stands in many documents.
    let must_differ = kind == "plugin" || version.len() > 8;
    let parts = [Some(&document.bytes), document.fields.as_ref()];
    let mut parts = parts.into_iter().flatten().map(|part| part.expose());
    let shows = parts.any(|part| {
        holds(version.as_bytes(), part) || (must_differ && holds(part, version.as_bytes()))
    });
    (is_version && !shows).then(|| version.to_owned())
}

/// Whether one text stands in the other.
fn holds(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretValue;

    fn shown(text: &str, content: &str, kind: &str) -> Option<String> {
        let mut document = Document::plain(SecretValue::copy_of(content.as_bytes()));
        document.version = Some(text.to_owned());
        version(&document, kind)
    }

    #[test]
    fn a_version_is_kept_where_it_can_be_no_value() {
        let id = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111";
        for (text, content, kind) in [
            ("3", "dummy-3", "vault"),
            (id, "dummy", "aws-secrets-manager"),
            ("7", "dummy", "plugin"),
        ] {
            assert_eq!(shown(text, content, kind).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_plugin_says_the_day_and_no_more() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let odd = at(20_000 * DAY + 12_345);
        assert_eq!(plausible(odd, "vault"), odd);
        assert_eq!(plausible(odd, "plugin"), at(20_000 * DAY));
        let far = at(u64::from(u32::MAX) * 1000);
        assert_eq!(plausible(far, "plugin"), at(LAST_DAY * DAY));
    }

    #[test]
    fn what_a_backend_passes_off_as_a_version_is_not_kept() {
        let long = "v".repeat(LONGEST_VERSION + 1);
        for (text, content, kind) in [
            ("dummy-value", "dummy-value", "vault"),
            ("v1-dummy", "dummy", "vault"),
            ("dummy-val", "the dummy-value", "aws-parameter-store"),
            ("dum", "dummy", "plugin"),
            ("", "dummy", "plugin"),
            ("two words", "dummy", "vault"),
            ("line\nend", "dummy", "vault"),
            (&long, "dummy", "vault"),
        ] {
            assert_eq!(shown(text, content, kind), None, "{text:?}");
        }
    }
}
