//! What became of each check. No verdict holds a value, or a text that a component wrote
//! after it could have seen one.

use crate::error::Explain;

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckVerdict {
    /// A stable token: lower-case words joined by `-`.
    pub name: &'static str,
    /// What the contract wants, in one line.
    pub what: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The component does what the contract wants.
    Passed,
    /// It does not.
    Failed(Finding),
    /// Nothing was found out.
    Skipped(Finding),
}

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was seen.
    pub reason: String,
    /// What to do.
    pub advice: String,
}

impl Outcome {
    /// Its stable token.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    pub(super) fn failed(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Failed(Finding {
            reason: reason.into(),
            advice: advice.into(),
        })
    }

    pub(super) fn skipped(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Skipped(Finding {
            reason: reason.into(),
            advice: advice.into(),
        })
    }

    /// The component broke down, or was refused.
    pub(super) fn broken(error: &impl Explain) -> Self {
        Self::failed(error.to_string(), error.hint().unwrap_or_default())
    }
}
