//! `json`.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};
use serde_json::Value;

use crate::text::{self, Unreadable};

violations! {
    /// What is wrong with a JSON document.
    pub(crate) enum JsonViolation: Unreadable {
        SingleQuotes => "single-quotes",
            "has names in single quotes, which JSON does not know",
            "Write double quotes. A shell or a program may have printed it in its own notation.";
        NotJson => "not-json",
            "is not valid JSON",
            "Copy the whole document; a shell may have taken its quotation marks away.";
        Encoded => "encoded",
            "is JSON inside a JSON string",
            "Decode it once, so that it begins with `{` or `[`.";
        NotObject => "not-object",
            "is JSON, but not an object",
            "Use a document that begins with `{`, as `keys` asks for.";
        MissingKey => "missing-key",
            "lacks a key that `keys` lists",
            "Copy the whole document, and check that it is of the right kind.";
    }
}

const KEYS: Parameter<Vec<String>> = Parameter::new(
    "keys",
    "Keys that the document must have, as an object (none).",
);

/// A JSON document (RFC 8259), nested at most 127 deep.
pub(crate) struct Json;

impl Validator for Json {
    const NAME: &'static str = "json";
    const SUMMARY: &'static str = "A JSON document, perhaps an object with certain keys.";
    const PARAMETERS: &'static [ParameterSpec] = &[KEYS.spec()];
    type Violation = JsonViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), JsonViolation> {
        let text = text::document(value)?;
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            let inside = text.trim_start_matches(|c: char| c.is_whitespace() || "{[".contains(c));
            let single = inside.len() < text.len() && inside.starts_with('\'');
            return Err(if single {
                JsonViolation::SingleQuotes
            } else {
                JsonViolation::NotJson
            });
        };
        if document
            .as_str()
            .is_some_and(|inner| inner.trim_start().starts_with(['{', '[']))
        {
            return Err(JsonViolation::Encoded);
        }
        let Some(keys) = parameters.get(KEYS) else {
            return Ok(());
        };
        let object = document.as_object().ok_or(JsonViolation::NotObject)?;
        if keys.iter().all(|key| object.contains_key(key)) {
            return Ok(());
        }
        Err(JsonViolation::MissingKey)
    }
}
