//! Values out of a list: `one-of`, `boolean`.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::text::{self, Blemish};

violations! {
    /// What is wrong with a value that must be in a list.
    pub(crate) enum OneOfViolation: Blemish {
        OtherCase => "other-case",
            "differs from one of `values` in upper and lower case",
            "Write it as the manifest does.";
        NotInValues => "not-in-values",
            "is not one of `values`",
            "Use one of the values that the manifest lists.";
        InvalidValues => "invalid-values",
            "cannot be checked, because `values` is empty or has an empty text in it",
            "List the values allowed.";
    }
}

const VALUES: Parameter<Vec<String>> = Parameter::new("values", "The values allowed.").required();

/// Exactly one of `values`.
pub(crate) struct OneOf;

impl Validator for OneOf {
    const NAME: &'static str = "one-of";
    const SUMMARY: &'static str = "Exactly one of `values`.";
    const PARAMETERS: &'static [ParameterSpec] = &[VALUES.spec()];
    type Violation = OneOfViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), OneOfViolation> {
        let values = parameters.get(VALUES).unwrap_or_default();
        // First of all, since a listed value may have white space or quotes itself.
        if values.iter().any(|allowed| allowed.as_bytes() == value) {
            return Ok(());
        }
        let text = text::line(value)?;
        if values
            .iter()
            .any(|allowed| allowed.to_lowercase() == text.to_lowercase())
        {
            return Err(OneOfViolation::OtherCase);
        }
        Err(OneOfViolation::NotInValues)
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), OneOfViolation> {
        let values = parameters.get(VALUES).unwrap_or_default();
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err(OneOfViolation::InvalidValues);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with a switch.
    pub(crate) enum BooleanViolation: Blemish {
        NotBoolean => "not-boolean",
            "is none of true, false, 1, 0, yes, no, on and off",
            "Write `true` or `false`.";
    }
}

/// `true`, `false`, `1`, `0`, `yes`, `no`, `on` or `off`, in upper or lower case.
pub(crate) struct Boolean;

impl Validator for Boolean {
    const NAME: &'static str = "boolean";
    const SUMMARY: &'static str = "true, false, 1, 0, yes, no, on or off, in any case.";
    type Violation = BooleanViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), BooleanViolation> {
        let text = text::line(value)?;
        let words = ["true", "false", "1", "0", "yes", "no", "on", "off"];
        if words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Ok(());
        }
        Err(BooleanViolation::NotBoolean)
    }
}
