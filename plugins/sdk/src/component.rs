//! The side of [`export!`](crate::export) that needs no macro: rules to the types of the contract.

use crate::bindings::exports::secret_run::plugin::validation as wit;
use crate::{Kind, ParameterSpec, Parameters, Rule, Value, ViolationText};

/// What `export!` implements for a component.
pub trait Rules {
    /// All rules of the component.
    fn rules() -> &'static [Rule];
}

/// Stands for "no such rule". The host never asks for one; if it did, a code that is on no list
/// counts as a general failure, so the value is refused.
const UNKNOWN_RULE: &str = "";

impl<T: Rules> wit::Guest for T {
    fn rules() -> Vec<wit::Rule> {
        T::rules().iter().map(wit_rule).collect()
    }

    fn validate(
        rule: String,
        parameters: Vec<wit::Parameter>,
        value: Vec<u8>,
    ) -> Result<(), String> {
        let rule = find::<T>(&rule)?;
        rule.validate(&read(parameters), &value)
            .map_err(|text| text.code.to_owned())
    }

    fn check_parameters(rule: String, parameters: Vec<wit::Parameter>) -> Result<(), String> {
        let rule = find::<T>(&rule)?;
        rule.check_parameters(&read(parameters))
            .map_err(|text| text.code.to_owned())
    }
}

fn find<T: Rules>(name: &str) -> Result<&'static Rule, String> {
    T::rules()
        .iter()
        .find(|rule| rule.name() == name)
        .ok_or_else(|| UNKNOWN_RULE.to_owned())
}

fn read(parameters: Vec<wit::Parameter>) -> Parameters {
    parameters
        .into_iter()
        .map(|parameter| {
            let value = match parameter.value {
                wit::ParameterValue::Text(text) => Value::Text(text),
                wit::ParameterValue::Integer(integer) => Value::Integer(integer),
                wit::ParameterValue::Number(number) => Value::Number(number),
                wit::ParameterValue::Boolean(boolean) => Value::Boolean(boolean),
                wit::ParameterValue::TextList(list) => Value::TextList(list),
            };
            (parameter.name, value)
        })
        .collect()
}

fn wit_rule(rule: &Rule) -> wit::Rule {
    wit::Rule {
        name: rule.name().to_owned(),
        summary: rule.summary().to_owned(),
        parameters: rule.parameters().iter().map(wit_parameter).collect(),
        violations: rule.violations().into_iter().map(wit_violation).collect(),
    }
}

fn wit_parameter(spec: &ParameterSpec) -> wit::ParameterSpec {
    wit::ParameterSpec {
        name: spec.name.to_owned(),
        summary: spec.summary.to_owned(),
        kind: match spec.kind {
            Kind::Text => wit::ParameterKind::Text,
            Kind::Integer => wit::ParameterKind::Integer,
            Kind::Number => wit::ParameterKind::Number,
            Kind::Boolean => wit::ParameterKind::Boolean,
            Kind::TextList => wit::ParameterKind::TextList,
        },
        required: spec.required,
        choices: spec
            .choices
            .iter()
            .map(|choice| (*choice).to_owned())
            .collect(),
    }
}

fn wit_violation(text: ViolationText) -> wit::Violation {
    wit::Violation {
        code: text.code.to_owned(),
        message: text.message.to_owned(),
        hint: text.hint.to_owned(),
    }
}
