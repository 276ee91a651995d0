//! What a component is asked, in the types of the contract.
//!
//! Everything is borrowed: a value goes from its own type into the guest's memory, and
//! nothing between the two keeps a copy.

use wasmtime::component::{ComponentType, Lower};

use crate::rule::{Check, ParameterValue};

/// Asks whether the parameters make sense together.
pub(super) const CHECK_PARAMETERS: &str = "check-parameters";
/// Asks whether a value satisfies a rule.
pub(super) const VALIDATE: &str = "validate";

/// The answer to both: nothing, or the code of a violation.
pub(super) type Verdict = (Result<(), String>,);

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct Parameter<'a> {
    name: &'a str,
    value: Value<'a>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
pub(super) enum Value<'a> {
    #[component(name = "text")]
    Text(&'a str),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "number")]
    Number(f64),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "text-list")]
    TextList(&'a [String]),
}

/// The parameters of a check.
pub(super) fn parameters(check: &Check) -> Vec<Parameter<'_>> {
    check
        .parameters
        .iter()
        .map(|(name, value)| Parameter {
            name,
            value: value.into(),
        })
        .collect()
}

impl<'a> From<&'a ParameterValue> for Value<'a> {
    fn from(value: &'a ParameterValue) -> Self {
        match value {
            ParameterValue::Text(text) => Self::Text(text),
            ParameterValue::Integer(integer) => Self::Integer(*integer),
            ParameterValue::Number(number) => Self::Number(*number),
            ParameterValue::Boolean(boolean) => Self::Boolean(*boolean),
            ParameterValue::TextList(list) => Self::TextList(list),
        }
    }
}
