//! The name of a field: `a.b`, or a JSON Pointer.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::error::Explain;

/// So many parts a field may have: more nesting than any document has.
const PARTS: usize = 128;

/// The way to a field in a JSON document.
///
/// Parts are joined by dots (`database.password`), or the whole is an RFC 6901 pointer
/// (`/database/password`), which also reaches keys that hold dots (`/a.b`), slashes
/// (`/a~1b`) or nothing (`/`). In an array a part is a position, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    text: String,
    steps: Vec<String>,
}

impl Field {
    /// Parses either form.
    ///
    /// # Errors
    /// When the text or a part of it is empty, holds control characters, has a `~` that
    /// is neither `~0` nor `~1`, or has more than 128 parts.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if let Some((at, c)) = text.char_indices().find(|(_, c)| c.is_control()) {
            return Err(FieldError::Control(at..at + c.len_utf8()));
        }
        let (pointer, parts) = match text.strip_prefix('/') {
            Some(parts) => (true, parts),
            None => (false, text),
        };
        let mut steps = Vec::new();
        let mut start = text.len() - parts.len();
        for part in parts.split(if pointer { '/' } else { '.' }) {
            if steps.len() == PARTS {
                return Err(FieldError::TooDeep(start..text.len()));
            }
            let end = start + part.len();
            steps.push(if pointer {
                unescape(part, start)?
            } else if part.is_empty() {
                return Err(FieldError::Empty(start.saturating_sub(1)..end));
            } else {
                part.to_owned()
            });
            start = end + 1;
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// The field as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parts on the way, from the outside in. There is at least one.
    #[must_use]
    pub fn steps(&self) -> &[String] {
        &self.steps
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unescape(part: &str, start: usize) -> Result<String, FieldError> {
    let mut step = String::with_capacity(part.len());
    let mut chars = part.char_indices();
    while let Some((at, c)) = chars.next() {
        step.push(match c {
            '~' => match chars.next() {
                Some((_, '0')) => '~',
                Some((_, '1')) => '/',
                _ => return Err(FieldError::Tilde(start + at..start + at + 1)),
            },
            c => c,
        });
    }
    Ok(step)
}

/// Why a text is not a field. Each holds where, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// Nothing stands there, or between two dots.
    #[error("a part of the field is empty")]
    Empty(Range<usize>),
    /// A control character, also a line end.
    #[error("the field holds a control character")]
    Control(Range<usize>),
    /// A `~` in a pointer that escapes nothing.
    #[error("`~` in a JSON Pointer is followed by neither `0` nor `1`")]
    Tilde(Range<usize>),
    /// More parts than any document is deep.
    #[error("the field has more than {PARTS} parts")]
    TooDeep(Range<usize>),
}

impl FieldError {
    /// Where, in bytes of the text that was parsed.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Empty(at) | Self::Control(at) | Self::Tilde(at) | Self::TooDeep(at) => at.clone(),
        }
    }
}

impl Explain for FieldError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Empty(_) => "field-empty",
            Self::Control(_) => "field-control-character",
            Self::Tilde(_) => "field-tilde",
            Self::TooDeep(_) => "field-too-deep",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Empty(_) => "write `#name`, `#outer.inner`, or a JSON Pointer such as `#/a.b/c`",
            Self::Control(_) => "look for a line end or an invisible character in the text",
            Self::Tilde(_) => "write `~0` for a `~` and `~1` for a `/` in a key",
            Self::TooDeep(_) => "store what is needed less deep in the document",
        };
        Some(hint.to_owned())
    }
}
