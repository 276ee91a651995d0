//! A validator with one rule, `prefixed`: the value begins with a text that the manifest gives.
//!
//! All texts for people are in `rules`, which is asked before there is a value. `validate`
//! answers with one of the codes listed there, and so can tell nothing of the value.

use exports::secret_run::plugin::validation::{
    Guest, Parameter, ParameterKind, ParameterSpec, ParameterValue, Rule, Violation,
};

wit_bindgen::generate!({ path: "wit", world: "validator" });

struct Validator;

export!(Validator);

impl Guest for Validator {
    fn rules() -> Vec<Rule> {
        vec![Rule {
            name: "prefixed".into(),
            summary: "Text that begins with a given text, and goes on after it.".into(),
            parameters: vec![ParameterSpec {
                name: "prefix".into(),
                summary: "What it begins with.".into(),
                kind: ParameterKind::Text,
                required: true,
                choices: Vec::new(),
            }],
            violations: vec![
                violation(
                    "other-prefix",
                    "does not begin with the prefix",
                    "Check whether it is the key that is meant, and not another one.",
                ),
                violation(
                    "nothing-after",
                    "ends after the prefix",
                    "Copy all of it.",
                ),
                violation(
                    "empty-prefix",
                    "would be compared with an empty prefix",
                    "Give a prefix of at least one character.",
                ),
            ],
        }]
    }

    fn validate(rule: String, parameters: Vec<Parameter>, value: Vec<u8>) -> Result<(), String> {
        Self::check_parameters(rule, parameters.clone())?;
        match value.strip_prefix(prefix(&parameters).as_bytes()) {
            None => Err("other-prefix".into()),
            Some([]) => Err("nothing-after".into()),
            Some(_) => Ok(()),
        }
    }

    fn check_parameters(_: String, parameters: Vec<Parameter>) -> Result<(), String> {
        if prefix(&parameters).is_empty() {
            return Err("empty-prefix".into());
        }
        Ok(())
    }
}

/// The host has seen to it that it is there, and a text.
fn prefix(parameters: &[Parameter]) -> &str {
    parameters
        .iter()
        .find_map(|parameter| match &parameter.value {
            ParameterValue::Text(text) if parameter.name == "prefix" => Some(text.as_str()),
            _ => None,
        })
        .unwrap_or_default()
}

fn violation(code: &str, message: &str, hint: &str) -> Violation {
    Violation {
        code: code.into(),
        message: message.into(),
        hint: hint.into(),
    }
}
