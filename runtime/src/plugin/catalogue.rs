//! From what a component says about its rules to a [`Catalog`] that may be shown.
//!
//! Names and codes are used as keys and must be as the contract wants them, or the
//! component is refused. Texts for people are cleaned and cut. All this happens before
//! the component sees a value.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::rule::{Catalog, ParameterKind, ParameterSpec, RuleSpec, ViolationSpec};

use super::answer;
use super::error::Fault;
use super::text::{clean, is_word};

/// The most rules of a component.
const RULES: usize = 256;
/// The most parameters, violations, or choices in one list.
const ITEMS: usize = 64;
/// The longest summary, message, or choice, in characters.
const LINE: usize = 200;
/// The longest hint, in characters.
const HINT: usize = 400;

/// Judges and cleans what a component says about its rules.
pub(super) fn read(rules: Vec<answer::Rule>) -> Result<Catalog, Fault> {
    if rules.len() > RULES {
        return Err(Fault::TooMany);
    }
    judge_names(rules.iter().map(|rule| &*rule.name))?;
    let rules: Result<Vec<_>, _> = rules.into_iter().map(rule).collect();
    Ok(Catalog::from(rules?))
}

fn rule(rule: answer::Rule) -> Result<RuleSpec, Fault> {
    if rule.parameters.len() > ITEMS || rule.violations.len() > ITEMS {
        return Err(Fault::TooMany);
    }
    judge_names(rule.parameters.iter().map(|parameter| &*parameter.name))?;
    judge_names(rule.violations.iter().map(|violation| &*violation.code))?;
    let parameters: Result<Vec<_>, _> = rule.parameters.into_iter().map(parameter).collect();
    Ok(RuleSpec {
        name: Cow::Owned(rule.name),
        summary: text(&rule.summary, LINE),
        parameters: Cow::Owned(parameters?),
        violations: rule.violations.into_iter().map(violation).collect(),
    })
}

fn parameter(parameter: answer::ParameterSpec) -> Result<ParameterSpec, Fault> {
    if parameter.choices.len() > ITEMS {
        return Err(Fault::TooMany);
    }
    // A cleaned choice would be another choice than the component knows.
    if parameter
        .choices
        .iter()
        .any(|choice| clean(choice, LINE) != *choice)
    {
        return Err(Fault::Choice);
    }
    Ok(ParameterSpec {
        name: Cow::Owned(parameter.name),
        summary: text(&parameter.summary, LINE),
        kind: parameter.kind.into(),
        required: parameter.required,
        choices: parameter.choices.into_iter().map(Cow::Owned).collect(),
    })
}

fn violation(violation: answer::Violation) -> ViolationSpec {
    ViolationSpec {
        code: Cow::Owned(violation.code),
        message: text(&violation.message, LINE),
        hint: text(&violation.hint, HINT),
    }
}

fn judge_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for name in names {
        if !is_word(name) {
            return Err(Fault::Name);
        }
        if !seen.insert(name) {
            return Err(Fault::Twice);
        }
    }
    Ok(())
}

fn text(text: &str, most: usize) -> Cow<'static, str> {
    Cow::Owned(clean(text, most))
}

impl From<answer::ParameterKind> for ParameterKind {
    fn from(kind: answer::ParameterKind) -> Self {
        match kind {
            answer::ParameterKind::Text => Self::Text,
            answer::ParameterKind::Integer => Self::Integer,
            answer::ParameterKind::Number => Self::Number,
            answer::ParameterKind::Boolean => Self::Boolean,
            answer::ParameterKind::TextList => Self::TextList,
        }
    }
}
