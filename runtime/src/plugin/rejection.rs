//! Why a value was not accepted: it is wrong, or its validator is.

use std::time::Duration;

use crate::error::Explain;
use crate::rule::{CheckError, ViolationSpec};

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The value violates the rule. All texts are from the catalogue, and older than the value.
    #[error("the value {}", .violation.message)]
    Value {
        /// The rule.
        rule: String,
        /// What is wrong.
        violation: ViolationSpec,
    },
    /// The parameters make no sense together; no value was asked for.
    #[error("the rule `{rule}` has parameters with which the value {}", .violation.message)]
    Parameters {
        /// The rule.
        rule: String,
        /// What is wrong.
        violation: ViolationSpec,
    },
    /// The check is not one that the component declares; the component was not asked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The validator broke down or broke the contract. The value is not accepted.
    #[error("the validator `{validator}` {failure}")]
    Failed {
        /// The name of the component.
        validator: String,
        /// How.
        failure: Failure,
    },
}

/// How a validator can break down or break the contract. Nothing of what it said is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It gave up, or did what WebAssembly forbids.
    #[error("stopped with a trap")]
    Trapped,
    /// It ran too long.
    #[error("ran longer than {} ms", .0.as_millis())]
    Deadline(Duration),
    /// It called itself too deeply.
    #[error("ran out of stack")]
    Stack,
    /// It asked for too much memory.
    #[error("asked for more than {} KiB of memory", .0 / 1024)]
    Memory(usize),
    /// It asked for too large a table.
    #[error("asked for a table of more than {0} entries")]
    Tables(usize),
    /// Its answer is larger than any right one, or is not of the contract's form.
    #[error("gave an answer that is too large or malformed")]
    Answer,
    /// It answered with a code that its rule does not list.
    #[error("answered with a code that it does not list")]
    UnknownCode,
    /// The machine has no room for it, or it has too many parts.
    #[error("could not be started")]
    Start,
}

impl Rejection {
    /// The code of the violation, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Value { violation, .. } | Self::Parameters { violation, .. } => {
                Some(&violation.code)
            }
            Self::Check(_) | Self::Failed { .. } => None,
        }
    }
}

impl Explain for Rejection {
    fn kind(&self) -> &'static str {
        match self {
            Self::Value { .. } => "invalid-value",
            Self::Parameters { .. } => "invalid-parameters",
            Self::Check(error) => error.kind(),
            Self::Failed { failure, .. } => failure.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Value { violation, .. } | Self::Parameters { violation, .. } => {
                Some(violation.hint.to_string()).filter(|hint| !hint.is_empty())
            }
            Self::Check(error) => error.hint(),
            Self::Failed { failure, .. } => failure.hint(),
        }
    }
}

impl Explain for Failure {
    fn kind(&self) -> &'static str {
        match self {
            Self::Trapped => "validator-trapped",
            Self::Deadline(_) => "validator-deadline",
            Self::Stack => "validator-stack",
            Self::Memory(_) => "validator-memory",
            Self::Tables(_) => "validator-tables",
            Self::Answer => "validator-answer",
            Self::UnknownCode => "validator-unknown-code",
            Self::Start => "validator-start",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Start => {
                "Check how much memory this process may use, for example with `ulimit -v`."
            }
            _ => {
                "This is a fault of the validator, not of the value. Report it to whoever made it."
            }
        };
        Some(hint.to_owned())
    }
}
