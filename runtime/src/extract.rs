//! One field of a JSON document, as it is spelled there.
//!
//! The document is borrowed and walked, never turned into a tree: what lies beside the
//! way is skipped, so that no copy of another secret is made, and several fields can be
//! taken out of one document. Numbers, booleans, objects and arrays come back as they
//! are written (`1.0` stays `1.0`); strings come back unescaped; null is an error, since
//! it is not a value. The walk is iterative: deep nesting costs no stack.
//!
//! Errors hold the field that was asked for, a line and a column. They must not hold
//! anything of the document, with one exception: names of keys that are much like the
//! missing one, see [`ExtractError::Missing`]. Texts of the JSON parser are dropped, for
//! they may quote the input.

mod field;
mod string;
mod walk;

use serde_json::value::RawValue;
use thiserror::Error;

use crate::error::Explain;
use crate::secret::SecretValue;

pub use field::{Field, FieldError};
pub(crate) use string::unescape;

/// Takes one field out of a JSON document.
///
/// A byte order mark at the start of the document is passed over, as RFC 8259 permits.
///
/// # Errors
/// When the document is not JSON, or the field is missing, null, or ambiguous.
pub fn extract(document: &[u8], field: &Field) -> Result<SecretValue, ExtractError> {
    let text = std::str::from_utf8(document).map_err(|_| ExtractError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: &RawValue = serde_json::from_str(text).map_err(|error| ExtractError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    let mut value = root.get();
    for (depth, step) in field.steps().iter().enumerate() {
        value = walk::member(value, step).map_err(|stop| explain(stop, field, depth))?;
    }
    match value.as_bytes().first() {
        Some(b'n') => Err(ExtractError::Null {
            field: field.to_string(),
        }),
        Some(b'"') => string::unescape(value).ok_or_else(|| ExtractError::NotText {
            field: field.to_string(),
        }),
        _ => Ok(SecretValue::copy_of(value.as_bytes())),
    }
}

fn explain(stop: walk::Stop, field: &Field, depth: usize) -> ExtractError {
    let part = field.steps()[depth].clone();
    let field = field.to_string();
    match stop {
        walk::Stop::Missing { near } => ExtractError::Missing { field, part, near },
        walk::Stop::Twice => ExtractError::Ambiguous { field, part },
        walk::Stop::Scalar => ExtractError::NotNested { field, part },
        walk::Stop::NotAnIndex => ExtractError::NotAnIndex { field, part },
        walk::Stop::Unreadable => ExtractError::BadKey { field },
    }
}

/// Why a field could not be taken out of a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The document is not text.
    #[error("the document is not JSON: it is not UTF-8")]
    NotUtf8,
    /// The document is not JSON, or more follows after it.
    #[error("the document is not JSON: line {line}, column {column}")]
    NotJson {
        /// Line, counted from 1.
        line: usize,
        /// Column in bytes, counted from 1; 0 at the very start.
        column: usize,
    },
    /// No such key or element.
    #[error("the document has no field `{field}`: `{part}` is missing")]
    Missing {
        /// The field as the manifest spells it.
        field: String,
        /// The part of it that was not found.
        part: String,
        /// At most three keys of the document that are much like `part`. A key is shown
        /// only if it looks like an identifier of at most 64 characters and is near to
        /// what the manifest asks for: a document whose keys are themselves secrets
        /// shows nothing.
        near: Vec<String>,
    },
    /// A key on the way stands twice.
    #[error("the field `{field}` is ambiguous: the key `{part}` stands more than once")]
    Ambiguous {
        /// The field as the manifest spells it.
        field: String,
        /// The part of it that stands more than once.
        part: String,
    },
    /// The way goes on where the document has a string, number, boolean or null.
    #[error("the document has no field `{field}`: what should hold `{part}` holds no fields")]
    NotNested {
        /// The field as the manifest spells it.
        field: String,
        /// The part of it that nothing can hold.
        part: String,
    },
    /// The way goes through an array with something that is not a position.
    #[error("the document has no field `{field}`: `{part}` is asked of an array")]
    NotAnIndex {
        /// The field as the manifest spells it.
        field: String,
        /// The part of it that is not a position.
        part: String,
    },
    /// The field is there, and is null.
    #[error("the field `{field}` is null")]
    Null {
        /// The field as the manifest spells it.
        field: String,
    },
    /// The field is a string that no text encodes: half of a surrogate pair.
    #[error("the field `{field}` is a string with a broken `\\u` escape")]
    NotText {
        /// The field as the manifest spells it.
        field: String,
    },
    /// A key on the way is a string that no text encodes.
    #[error("the field `{field}` was not found: a key beside it has a broken `\\u` escape")]
    BadKey {
        /// The field as the manifest spells it.
        field: String,
    },
}

impl Explain for ExtractError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NotUtf8 | Self::NotJson { .. } => "document-not-json",
            Self::Missing { .. } => "field-missing",
            Self::Ambiguous { .. } => "field-ambiguous",
            Self::NotNested { .. } => "field-not-nested",
            Self::NotAnIndex { .. } => "field-not-an-index",
            Self::Null { .. } => "field-null",
            Self::NotText { .. } => "field-not-text",
            Self::BadKey { .. } => "document-bad-key",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotUtf8 | Self::NotJson { .. } => {
                "a `#field` needs a JSON document; leave it out to get the whole of the document"
                    .to_owned()
            }
            Self::Missing { field, near, .. } if !near.is_empty() => {
                let near: Vec<String> = near.iter().map(|key| format!("`{key}`")).collect();
                format!(
                    "did you mean {} in place of that part of `{field}`?",
                    near.join(" or ")
                )
            }
            Self::Missing { field, .. } if field.contains('.') && !field.starts_with('/') => {
                format!("a key that itself holds dots is written as a pointer: `#/{field}`")
            }
            Self::Missing { .. } => "compare the field with the keys of the document".to_owned(),
            Self::Ambiguous { .. } => "remove the repeated key from the document".to_owned(),
            Self::NotNested { .. } => {
                "the document is flatter than the field; if the part before holds JSON as a \
                 string, store it as an object"
                    .to_owned()
            }
            Self::NotAnIndex { .. } => {
                "elements of an array are counted from 0: `#list.0` or `#/list/0`".to_owned()
            }
            Self::Null { .. } => "store a value, or remove the key".to_owned(),
            Self::NotText { .. } | Self::BadKey { .. } => {
                "store the document again with whole characters".to_owned()
            }
        };
        Some(hint)
    }
}

#[cfg(test)]
mod tests;
