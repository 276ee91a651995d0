//! `min-bytes` and `bytes`: how many bytes an encoded value stands for.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, violations};

violations! {
    /// Well encoded, but too few or too many bytes.
    pub(crate) enum WrongSize {
        TooShort => "too-short",
            "decodes to fewer bytes than `min-bytes` asks for",
            "Generate a longer one, for example with `openssl rand`.";
        Size => "wrong-size",
            "does not decode to exactly as many bytes as `bytes` asks for",
            "Copy the whole value, or generate one of that size, for example with `openssl rand`.";
        Contradiction => "contradiction",
            "cannot satisfy `min-bytes` and `bytes`: they contradict each other or are negative",
            "Give one of the two, not negative.";
    }
}

const MIN_BYTES: Parameter<i64> = Parameter::new("min-bytes", "The fewest bytes, once decoded.");
const BYTES: Parameter<i64> = Parameter::new("bytes", "The exact number of bytes, once decoded.");

/// What a rule that uses this module declares.
pub(crate) const PARAMETERS: [ParameterSpec; 2] = [MIN_BYTES.spec(), BYTES.spec()];

pub(crate) fn check(parameters: &Parameters, size: usize) -> Result<(), WrongSize> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if parameters.get(BYTES).is_some_and(|bytes| size != bytes) {
        return Err(WrongSize::Size);
    }
    if parameters.get(MIN_BYTES).is_some_and(|least| size < least) {
        return Err(WrongSize::TooShort);
    }
    Ok(())
}

pub(crate) fn check_parameters(parameters: &Parameters) -> Result<(), WrongSize> {
    let (least, exact) = (parameters.get(MIN_BYTES), parameters.get(BYTES));
    let negative = least.is_some_and(i64::is_negative) || exact.is_some_and(i64::is_negative);
    let crossed = matches!((least, exact), (Some(least), Some(exact)) if least > exact);
    if negative || crossed {
        Err(WrongSize::Contradiction)
    } else {
        Ok(())
    }
}
