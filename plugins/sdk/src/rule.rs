//! Validators of different types in one list.

use crate::{ParameterSpec, Parameters, Validator, Violation, ViolationText};

/// A [`Validator`] without its type, so that different ones fit into one static list.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    name: &'static str,
    summary: &'static str,
    parameters: &'static [ParameterSpec],
    violations: fn() -> Vec<ViolationText>,
    validate: fn(&Parameters, &[u8]) -> Result<(), ViolationText>,
    check_parameters: fn(&Parameters) -> Result<(), ViolationText>,
}

impl Rule {
    /// The rule that `V` implements.
    pub const fn of<V: Validator>() -> Self {
        Self {
            name: V::NAME,
            summary: V::SUMMARY,
            parameters: V::PARAMETERS,
            violations: <V::Violation as Violation>::all,
            validate: |parameters, value| V::validate(parameters, value).map_err(Violation::text),
            check_parameters: |parameters| V::check_parameters(parameters).map_err(Violation::text),
        }
    }

    /// The name in the manifest.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it accepts, in one line.
    pub const fn summary(&self) -> &'static str {
        self.summary
    }

    /// The parameters it takes.
    pub const fn parameters(&self) -> &'static [ParameterSpec] {
        self.parameters
    }

    /// Every violation it can answer with.
    pub fn violations(&self) -> Vec<ViolationText> {
        (self.violations)()
    }

    /// Judges a value.
    pub fn validate(&self, parameters: &Parameters, value: &[u8]) -> Result<(), ViolationText> {
        (self.validate)(parameters, value)
    }

    /// Whether the parameters make sense together.
    pub fn check_parameters(&self, parameters: &Parameters) -> Result<(), ViolationText> {
        (self.check_parameters)(parameters)
    }
}
