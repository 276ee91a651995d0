//! That a policy is wanted for a service from which nothing is read.

use secret_runtime::error::{Explain, Problem, Problems};
use secret_runtime::plan::Plan;
use thiserror::Error;

/// Nothing is read from a service, in the environment that is selected.
#[derive(Debug, Error)]
#[error("the environment `{environment}` reads nothing from {service}")]
struct Nothing {
    environment: String,
    service: &'static str,
    kind: &'static str,
}

impl Explain for Nothing {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn hint(&self) -> Option<String> {
        Some(
            "choose the environment with --env, or a backend with --backend; `secret-run plan` \
             shows what comes from where"
                .into(),
        )
    }
}

/// It as what keeps a policy from being printed.
pub(super) fn nothing_of(plan: &Plan, service: &'static str, kind: &'static str) -> Problems {
    let nothing = Nothing {
        environment: plan.selection.environment.clone(),
        service,
        kind,
    };
    Problem::error(&nothing, None).into()
}
