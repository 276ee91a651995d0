//! `[resilience]`.

use schemars::JsonSchema;

/// How long backends are waited for, and how often they are asked.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Resilience {
    /// How long a run waits for all of its backends, as in 1m; 30s by default.
    deadline: Option<String>,
    /// How often a backend is asked at most that could not be reached; 3 by default.
    #[schemars(range(min = 1, max = 10))]
    attempts: Option<u32>,
    /// How long a backend is not asked that has failed three times in a row; 30s by default.
    breaker_pause: Option<String>,
}
