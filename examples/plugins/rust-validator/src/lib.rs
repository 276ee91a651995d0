//! A validator with one rule, `licence-key`: groups of four digits joined by `-`.
//!
//! All texts for people are in `rules`, which is asked before there is a value. `validate`
//! answers with one of the codes listed there, and so can tell nothing of the value.

use exports::secret_run::plugin::validation::{
    Guest, Parameter, ParameterKind, ParameterSpec, ParameterValue, Rule, Violation,
};

wit_bindgen::generate!({ path: "wit", world: "validator" });

const DIGITS: usize = 4;
const DEFAULT_GROUPS: i64 = 3;
const MOST_GROUPS: i64 = 64;

struct Validator;

export!(Validator);

impl Guest for Validator {
    fn rules() -> Vec<Rule> {
        vec![Rule {
            name: "licence-key".into(),
            summary: "groups of four digits joined by `-`".into(),
            parameters: vec![ParameterSpec {
                name: "groups".into(),
                summary: "how many groups there are; 3 unless it says another".into(),
                kind: ParameterKind::Integer,
                required: false,
                choices: Vec::new(),
            }],
            violations: vec![
                violation(
                    "malformed",
                    "is not made of groups of four digits joined by `-`",
                    "copy the whole key, without spaces or line breaks",
                ),
                violation(
                    "wrong-length",
                    "has more or fewer groups of digits than the rule asks for",
                    "copy the whole key, or give the number of its groups as `groups`",
                ),
                violation(
                    "invalid-groups",
                    "can't be judged, as `groups` is out of its range",
                    "give a number from 1 to 64 as `groups`",
                ),
            ],
        }]
    }

    fn validate(rule: String, parameters: Vec<Parameter>, value: Vec<u8>) -> Result<(), String> {
        let expected = groups(&parameters);
        Self::check_parameters(rule, parameters)?;
        let groups = value.split(|byte| *byte == b'-');
        if !groups.clone().all(is_group) {
            return Err("malformed".into());
        }
        if i64::try_from(groups.count()) != Ok(expected) {
            return Err("wrong-length".into());
        }
        Ok(())
    }

    fn check_parameters(_: String, parameters: Vec<Parameter>) -> Result<(), String> {
        if (1..=MOST_GROUPS).contains(&groups(&parameters)) {
            Ok(())
        } else {
            Err("invalid-groups".into())
        }
    }
}

/// How many groups the manifest asks for. The host has checked that it is an integer.
fn groups(parameters: &[Parameter]) -> i64 {
    let mut found = parameters
        .iter()
        .filter(|parameter| parameter.name == "groups");
    match found.next().map(|parameter| &parameter.value) {
        Some(ParameterValue::Integer(groups)) => *groups,
        _ => DEFAULT_GROUPS,
    }
}

fn is_group(text: &[u8]) -> bool {
    text.len() == DIGITS && text.iter().all(u8::is_ascii_digit)
}

fn violation(code: &str, message: &str, hint: &str) -> Violation {
    Violation {
        code: code.into(),
        message: message.into(),
        hint: hint.into(),
    }
}
