//! Why a manifest must not ask for a check, by what the rule declares.
//!
//! Parameters stand in the manifest, which holds no values; even so, a message quotes names
//! and never the content of a parameter: a regular expression may tell much about a value.

use crate::error::Explain;
use crate::nearest::nearest;

use super::{Catalog, Check, ParameterKind, ParameterSpec, ParameterValue, RuleSpec};

/// A reason why a manifest must not ask for a check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The component has no such rule.
    #[error("there is no rule `{rule}`")]
    UnknownRule {
        /// The name that the manifest gives.
        rule: String,
        /// The rule whose name is most like it.
        nearest: Option<String>,
    },
    /// The rule has no such parameter.
    #[error("the rule `{rule}` has no parameter `{parameter}`")]
    UnknownParameter {
        /// The rule.
        rule: String,
        /// The name that the manifest gives.
        parameter: String,
        /// The parameter whose name is most like it.
        nearest: Option<String>,
        /// All parameters of the rule.
        known: Vec<String>,
    },
    /// A parameter that the rule cannot do without is not given.
    #[error("the rule `{rule}` needs the parameter `{parameter}`")]
    MissingParameter {
        /// The rule.
        rule: String,
        /// The parameter.
        parameter: String,
        /// What it does, by the rule's own words.
        summary: String,
        /// What it must be.
        kind: ParameterKind,
    },
    /// A parameter is of a kind that the rule does not take.
    #[error("the parameter `{parameter}` of the rule `{rule}` must be {}, not {}", .expected.noun(), .given.noun())]
    WrongParameterKind {
        /// The rule.
        rule: String,
        /// The parameter.
        parameter: String,
        /// What it must be.
        expected: ParameterKind,
        /// What the manifest gives.
        given: ParameterKind,
    },
    /// A text is none of those that the parameter allows.
    #[error("the parameter `{parameter}` of the rule `{rule}` does not allow this text")]
    UnknownChoice {
        /// The rule.
        rule: String,
        /// The parameter.
        parameter: String,
        /// The allowed text that is most like it.
        nearest: Option<String>,
        /// All texts that are allowed.
        choices: Vec<String>,
    },
}

impl CheckError {
    /// The parameter that it is about, to find its place in the manifest; none where it is
    /// about the rule, or about something that is not there.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::UnknownRule { .. } | Self::MissingParameter { .. } => None,
            Self::UnknownParameter { parameter, .. }
            | Self::WrongParameterKind { parameter, .. }
            | Self::UnknownChoice { parameter, .. } => Some(parameter),
        }
    }
}

impl Explain for CheckError {
    fn kind(&self) -> &'static str {
        match self {
            Self::UnknownRule { .. } => "unknown-rule",
            Self::UnknownParameter { .. } => "unknown-parameter",
            Self::MissingParameter { .. } => "missing-parameter",
            Self::WrongParameterKind { .. } => "wrong-parameter-kind",
            Self::UnknownChoice { .. } => "unknown-choice",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownRule {
                nearest: Some(nearest),
                ..
            } => Some(did_you_mean(nearest)),
            Self::UnknownRule { nearest: None, .. } => {
                Some("`secret-run rules` lists them all".to_owned())
            }
            Self::UnknownParameter {
                nearest: Some(nearest),
                ..
            } => Some(did_you_mean(nearest)),
            Self::UnknownParameter { known, .. } if known.is_empty() => {
                Some("this rule takes no parameters".to_owned())
            }
            Self::UnknownParameter { known, .. } => Some(format!("it takes {}", quoted(known))),
            Self::MissingParameter { summary, kind, .. } => {
                Some(format!("it must be {}: {summary}", kind.noun()))
            }
            Self::WrongParameterKind { .. } => None,
            Self::UnknownChoice {
                nearest: Some(nearest),
                ..
            } => Some(did_you_mean(nearest)),
            Self::UnknownChoice { choices, .. } => Some(format!("it allows {}", quoted(choices))),
        }
    }
}

/// Every reason against `check`.
pub(super) fn refuse(catalog: &Catalog, check: &Check) -> Vec<CheckError> {
    let Some(rule) = catalog.rule(&check.rule) else {
        return vec![CheckError::UnknownRule {
            rule: check.rule.clone(),
            nearest: nearest(&check.rule, catalog.names()),
        }];
    };
    let mut errors: Vec<_> = check
        .parameters
        .iter()
        .filter_map(|(name, value)| misfit(rule, name, value))
        .collect();
    errors.extend(missing(rule, check));
    errors
}

/// The required parameters that are not given.
fn missing<'a>(rule: &'a RuleSpec, check: &'a Check) -> impl Iterator<Item = CheckError> + 'a {
    let given = |name: &str| check.parameters.iter().any(|(given, _)| given == name);
    rule.parameters
        .iter()
        .filter(move |spec| spec.required && !given(&spec.name))
        .map(|spec| CheckError::MissingParameter {
            rule: rule.name.to_string(),
            parameter: spec.name.to_string(),
            summary: spec.summary.to_string(),
            kind: spec.kind,
        })
}

/// Why the rule does not take this value under this name.
fn misfit(rule: &RuleSpec, name: &str, value: &ParameterValue) -> Option<CheckError> {
    let Some(spec) = rule.parameter(name) else {
        return Some(CheckError::UnknownParameter {
            rule: rule.name.to_string(),
            parameter: name.to_owned(),
            nearest: nearest(name, rule.parameters.iter().map(|spec| &*spec.name)),
            known: rule
                .parameters
                .iter()
                .map(|spec| spec.name.to_string())
                .collect(),
        });
    };
    if !spec.kind.takes(value.kind()) {
        return Some(CheckError::WrongParameterKind {
            rule: rule.name.to_string(),
            parameter: name.to_owned(),
            expected: spec.kind,
            given: value.kind(),
        });
    }
    let stray = value.texts().iter().find(|text| !allows(spec, text))?;
    Some(CheckError::UnknownChoice {
        rule: rule.name.to_string(),
        parameter: name.to_owned(),
        nearest: nearest(stray, spec.choices.iter().map(|choice| &**choice)),
        choices: spec.choices.iter().map(ToString::to_string).collect(),
    })
}

fn allows(spec: &ParameterSpec, text: &str) -> bool {
    spec.choices.is_empty() || spec.choices.iter().any(|choice| choice == text)
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests;
