//! The trait that a validator implements.

use crate::{ParameterSpec, Parameters, Violation};

/// A rule: what it is called, what it takes, how a value can fail, and the check itself.
///
/// See the [crate's front page](crate) for an example.
pub trait Validator {
    /// The name in the manifest: lower-case words joined by `-`.
    const NAME: &'static str;
    /// What it accepts, in one line.
    const SUMMARY: &'static str;
    /// The parameters it takes.
    const PARAMETERS: &'static [ParameterSpec] = &[];
    /// The ways in which a value, or the parameters, can be refused.
    type Violation: Violation;

    /// Judges a value.
    ///
    /// The host has checked that every required parameter is there, and that each has the kind
    /// and the choice that it declares.
    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), Self::Violation>;

    /// Whether the parameters make sense together, asked before any value is read.
    fn check_parameters(parameters: &Parameters) -> Result<(), Self::Violation> {
        let _ = parameters;
        Ok(())
    }
}
