//! What can be wrong with a plan when the manifest is right.

use thiserror::Error;

use crate::error::Explain;

/// The kinds of backends that can be asked for although the manifest declares none of them.
pub(super) const ALWAYS_THERE: [&str; 4] =
    ["env", "vault", "aws-secrets-manager", "aws-parameter-store"];

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A backend was asked for that is not declared.
    #[error("{by} names a backend that the manifest does not declare")]
    UnknownBackend {
        /// Flag or variable.
        by: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// All that are declared.
        declared: Vec<String>,
    },
    /// A kind was asked for, and several backends are of it.
    #[error("{by} names a kind, and the manifest declares several backends of kind `{kind}`")]
    AmbiguousBackend {
        /// Flag or variable.
        by: String,
        /// The kind.
        kind: String,
        /// Those of the kind.
        names: Vec<String>,
    },
}

impl Explain for PlanError {
    fn kind(&self) -> &'static str {
        match self {
            Self::UnknownBackend { .. } => "unknown-backend",
            Self::AmbiguousBackend { .. } => "ambiguous-backend",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownBackend {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::UnknownBackend { declared, .. } => {
                let declared = match &declared[..] {
                    [] => "declare it under [backends]".to_owned(),
                    names => format!("declared are: {}", names.join(", ")),
                };
                let others = ALWAYS_THERE.join(", ");
                format!("{declared}; there without being declared are: {others}")
            }
            Self::AmbiguousBackend { names, .. } => {
                format!("name one of them: {}", names.join(", "))
            }
        })
    }
}
