//! What there is to be measured, with the names that Prometheus knows it by.

/// What kind of numbers they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Numbers of one name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

const fn family(name: &'static str, kind: Kind, help: &'static str) -> Family {
    Family { name, kind, help }
}

pub(super) const BUILD: Family = family(
    "secret_run_build_info",
    Kind::Gauge,
    "The version of secret-run; always 1.",
);
pub(super) const ACCESS: Family = family(
    "secret_run_access_total",
    Kind::Counter,
    "Entries that backends were asked for, by what came of it.",
);
pub(super) const CACHE: Family = family(
    "secret_run_cache_total",
    Kind::Counter,
    "Entries that were looked for in the cache, by whether they were there.",
);
pub(super) const FETCH: Family = family(
    "secret_run_fetch_duration_seconds",
    Kind::Histogram,
    "How long a backend took for all that a resolution asked of it.",
);
pub(super) const AGE: Family = family(
    "secret_run_secret_age_seconds",
    Kind::Gauge,
    "How old the version of a secret was when this was written.",
);
pub(super) const CREATED: Family = family(
    "secret_run_secret_created_timestamp_seconds",
    Kind::Gauge,
    "When the version of a secret was made.",
);
pub(super) const BREAKER: Family = family(
    "secret_run_breaker_state",
    Kind::Gauge,
    "The circuit breaker of a backend: 0 is closed, 1 half-open, 2 open.",
);
pub(super) const RESOLUTIONS: Family = family(
    "secret_run_resolutions_total",
    Kind::Counter,
    "Resolutions of all secrets, by what came of it.",
);
pub(super) const SUCCESS: Family = family(
    "secret_run_last_success_timestamp_seconds",
    Kind::Gauge,
    "When a resolution last had all secrets, valid.",
);
pub(super) const RESTARTS: Family = family(
    "secret_run_restarts_total",
    Kind::Counter,
    "How often the command was started again with other values.",
);

/// The label of the project, which numbers of several projects on one machine are told apart by.
pub(super) const PROJECT: &str = "project";
pub(super) const BACKEND: &str = "backend";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const RESULT: &str = "result";
pub(super) const SECRET: &str = "secret";
pub(super) const VERSION: &str = "version";
/// The upper bound of a bucket.
pub(super) const LE: &str = "le";
