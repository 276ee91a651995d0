//! What can go wrong between reading and handing out, beside what backends, fields,
//! templates and validators say themselves.

use thiserror::Error;

use crate::error::Explain;
use crate::judge::Verdict;
use crate::plugin::Rejection;

/// Why a value cannot be handed out.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// A required value is nowhere.
    #[error("`{name}` is required and missing")]
    Missing {
        /// The entry.
        name: String,
        /// Where it was looked for.
        looked: String,
        /// Who knows it.
        owner: Option<String>,
    },
    /// A required value is composed of one that is absent.
    #[error("`{name}` is composed of `{part}`, which is absent")]
    MissingPart {
        /// The entry.
        name: String,
        /// The part.
        part: String,
    },
    /// A rule refused the value, or could not judge it.
    #[error("{}", rejected(.name, .verdict))]
    Rejected {
        /// The entry.
        name: String,
        /// Why.
        verdict: Verdict,
    },
    /// The run was planned as something else than what the app will be told.
    #[error(
        "`{name}` tells the app that this is production, but this run follows the rules of `{environment}`"
    )]
    LateProduction {
        /// The configuration entry.
        name: String,
        /// The environment of the run.
        environment: String,
    },
}

impl Explain for ResolveError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing-value",
            Self::MissingPart { .. } => "missing-part",
            Self::Rejected { verdict, .. } => verdict.kind(),
            Self::LateProduction { .. } => "late-production",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { looked, owner, .. } => {
                let ask = owner
                    .as_ref()
                    .map(|owner| format!("; its owner is {owner}"))
                    .unwrap_or_default();
                format!("looked in {looked}{ask}")
            }
            Self::MissingPart { part, .. } => {
                format!("give `{part}` a value, or make this entry `required = false`")
            }
            Self::Rejected { verdict, .. } => return verdict.hint(),
            Self::LateProduction { name, .. } => format!(
                "set {name} in the environment of secret-run, where it decides, or choose the \
                 environment with --env"
            ),
        })
    }

    fn code(&self) -> Option<String> {
        match self {
            Self::Rejected { verdict, .. } => verdict.code(),
            _ => None,
        }
    }
}

/// Violations complete "the value ..."; failures of a validator are no fault of the value.
fn rejected(name: &str, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Rejected(Rejection::Value { violation, .. }) => {
            format!("the value of `{name}` {}", violation.message)
        }
        other => format!("the value of `{name}` could not be judged: {other}"),
    }
}
