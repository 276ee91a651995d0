//! `pattern`.

use regex_lite::Regex;
use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::text::{self, Unreadable};

violations! {
    /// What is wrong with a value that must match a pattern.
    pub(crate) enum PatternViolation: Unreadable {
        NoMatch => "no-match",
            "does not match `regex` as a whole",
            "See the manifest's `regex`, which must match all of the value, not only a part.";
        InvalidRegex => "invalid-regex",
            "cannot be checked, because `regex` is not a valid regular expression",
            "Check the parentheses and brackets. Look-around and back-references are not supported.";
    }
}

const REGEX: Parameter<String> = Parameter::new(
    "regex",
    "The regular expression that must match the whole value.",
)
.required();

/// Matches a regular expression as a whole, as if it stood between `^(?:` and `)$`. Matching takes
/// time in proportion to the value, whatever the expression.
pub(crate) struct Pattern;

impl Validator for Pattern {
    const NAME: &'static str = "pattern";
    const SUMMARY: &'static str = "Text that a regular expression matches as a whole.";
    const PARAMETERS: &'static [ParameterSpec] = &[REGEX.spec()];
    type Violation = PatternViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), PatternViolation> {
        let regex = compile(parameters)?;
        let text = text::document(value)?;
        if regex.is_match(text) {
            Ok(())
        } else {
            Err(PatternViolation::NoMatch)
        }
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), PatternViolation> {
        compile(parameters).map(drop)
    }
}

fn compile(parameters: &Parameters) -> Result<Regex, PatternViolation> {
    let regex = parameters.get(REGEX).unwrap_or_default();
    // Alone first: `a)(b` must not become valid by what is put around it.
    Regex::new(regex).map_err(|_| PatternViolation::InvalidRegex)?;
    let whole = format!(r"\A(?:{regex})\z");
    Regex::new(&whole).map_err(|_| PatternViolation::InvalidRegex)
}
