//! Single values: `number` and `uuid`.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::text::{self, Blemish};

violations! {
    /// What is wrong with a number.
    pub(crate) enum NumberViolation: Blemish {
        DecimalComma => "decimal-comma",
            "has a comma in it",
            "Write a point before the decimals, and nothing between thousands.";
        NotNumber => "not-number",
            "is not a decimal number",
            "Write digits, perhaps with `-` in front, a `.`, or an exponent; no unit.";
        NotInteger => "not-integer",
            "is not a whole number",
            "Write it without `.` and without an exponent.";
        BelowMin => "below-min",
            "is below `min`",
            "Use a larger number; the manifest gives the limit.";
        AboveMax => "above-max",
            "is above `max`",
            "Use a smaller number; the manifest gives the limit.";
        Contradiction => "contradiction",
            "cannot satisfy both `min` and `max`",
            "Set `min` to no more than `max`; both must be finite.";
    }
}

const MIN: Parameter<f64> = Parameter::new("min", "The lowest number allowed.");
const MAX: Parameter<f64> = Parameter::new("max", "The highest number allowed.");
const INTEGER: Parameter<bool> = Parameter::new("integer", "Accept whole numbers only (false).");

/// A decimal number, finite, perhaps with bounds. The bounds are compared as 64-bit floats.
pub(crate) struct Number;

impl Validator for Number {
    const NAME: &'static str = "number";
    const SUMMARY: &'static str = "A decimal number, perhaps whole or within bounds.";
    const PARAMETERS: &'static [ParameterSpec] = &[MIN.spec(), MAX.spec(), INTEGER.spec()];
    type Violation = NumberViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), NumberViolation> {
        let text = text::line(value)?;
        if text.contains(',') {
            return Err(NumberViolation::DecimalComma);
        }
        // `parse` also takes `inf` and `nan`, which no configuration means as a number.
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|number| plain && number.is_finite());
        let number = number.ok_or(NumberViolation::NotNumber)?;
        if parameters.get(INTEGER) == Some(true) && text.contains(['.', 'e', 'E']) {
            return Err(NumberViolation::NotInteger);
        }
        if parameters.get(MIN).is_some_and(|min| number < min) {
            return Err(NumberViolation::BelowMin);
        }
        if parameters.get(MAX).is_some_and(|max| number > max) {
            return Err(NumberViolation::AboveMax);
        }
        Ok(())
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), NumberViolation> {
        let min = parameters.get(MIN).unwrap_or(f64::MIN);
        let max = parameters.get(MAX).unwrap_or(f64::MAX);
        if min.is_finite() && max.is_finite() && min <= max {
            return Ok(());
        }
        Err(NumberViolation::Contradiction)
    }
}

/// How many digits stand between the `-` of a UUID.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

violations! {
    /// What is wrong with a UUID.
    pub(crate) enum UuidViolation: Blemish {
        Wrapped => "wrapped",
            "has braces or `urn:uuid:` around the UUID",
            "Keep only the digits and `-`.";
        NoHyphens => "no-hyphens",
            "lacks the `-` between its groups",
            "Write it in groups of 8, 4, 4, 4 and 12 digits, with `-` between them.";
        NotUuid => "not-uuid",
            "is not a UUID",
            "Write it in groups of 8, 4, 4, 4 and 12 hexadecimal digits, with `-` between them.";
        Nil => "nil",
            "is the UUID of zeros only, which stands for none",
            "Copy the real one, or generate one with `uuidgen`.";
    }
}

/// A UUID (RFC 9562) of any version, in either case.
pub(crate) struct Uuid;

impl Validator for Uuid {
    const NAME: &'static str = "uuid";
    const SUMMARY: &'static str = "A UUID of any version, with hyphens.";
    type Violation = UuidViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), UuidViolation> {
        let text = text::line(value)?;
        if text.starts_with('{') || text.starts_with("urn:") {
            return Err(UuidViolation::Wrapped);
        }
        let is_hex = |part: &str| part.bytes().all(|digit| digit.is_ascii_hexdigit());
        if text.len() == GROUPS.iter().sum::<usize>() && is_hex(text) {
            return Err(UuidViolation::NoHyphens);
        }
        let groups: Vec<_> = text.split('-').collect();
        let fits = groups.len() == GROUPS.len()
            && groups
                .iter()
                .zip(GROUPS)
                .all(|(group, size)| group.len() == size && is_hex(group));
        if !fits {
            return Err(UuidViolation::NotUuid);
        }
        if text.bytes().all(|digit| matches!(digit, b'0' | b'-')) {
            return Err(UuidViolation::Nil);
        }
        Ok(())
    }
}
