//! `min-length` and `max-length`, counted in characters.
//!
//! A character is a Unicode scalar value; in a value that is no UTF-8 text, a byte is one. White
//! space counts, since whoever uses the value counts it too.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

violations! {
    /// What is wrong with a value that must not be short.
    pub(crate) enum MinLengthViolation {
        TooShort => "too-short",
            "has fewer characters than `length` asks for",
            "Use a longer one, or copy the whole value.";
        InvalidLength => "invalid-length",
            "cannot be checked, because `length` is not above 0",
            "Set `length` to the fewest characters allowed.";
    }
}

const LEAST: Parameter<i64> = Parameter::new("length", "The fewest characters allowed.").required();

/// At least `length` characters.
pub(crate) struct MinLength;

impl Validator for MinLength {
    const NAME: &'static str = "min-length";
    const SUMMARY: &'static str = "At least `length` characters.";
    const PARAMETERS: &'static [ParameterSpec] = &[LEAST.spec()];
    type Violation = MinLengthViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), MinLengthViolation> {
        if characters(value) < parameters.get(LEAST).unwrap_or(i64::MAX) {
            return Err(MinLengthViolation::TooShort);
        }
        Ok(())
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), MinLengthViolation> {
        if parameters.get(LEAST).is_some_and(|least| least < 1) {
            return Err(MinLengthViolation::InvalidLength);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with a value that must not be long.
    pub(crate) enum MaxLengthViolation {
        TooLong => "too-long",
            "has more characters than `length` allows",
            "Use a shorter one, or remove what does not belong to it.";
        InvalidLength => "invalid-length",
            "cannot be checked, because `length` is not above 0",
            "Set `length` to the most characters allowed.";
    }
}

const MOST: Parameter<i64> = Parameter::new("length", "The most characters allowed.").required();

/// At most `length` characters.
pub(crate) struct MaxLength;

impl Validator for MaxLength {
    const NAME: &'static str = "max-length";
    const SUMMARY: &'static str = "At most `length` characters.";
    const PARAMETERS: &'static [ParameterSpec] = &[MOST.spec()];
    type Violation = MaxLengthViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), MaxLengthViolation> {
        if characters(value) > parameters.get(MOST).unwrap_or(0) {
            return Err(MaxLengthViolation::TooLong);
        }
        Ok(())
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), MaxLengthViolation> {
        if parameters.get(MOST).is_some_and(|most| most < 1) {
            return Err(MaxLengthViolation::InvalidLength);
        }
        Ok(())
    }
}

fn characters(value: &[u8]) -> i64 {
    let count = str::from_utf8(value).map_or(value.len(), |text| text.chars().count());
    i64::try_from(count).unwrap_or(i64::MAX)
}
