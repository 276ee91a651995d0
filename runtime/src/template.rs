//! Values that are made of other values: `redis://:{PASSWORD}@{HOST}:6379/0`.
//!
//! `{NAME}` inserts a value; `{{` and `}}` are literal braces. If the literal text makes
//! the template a URL, where an insert stands decides how it is encoded: user, password,
//! path, query and fragment are percent-encoded, host and port are checked. Elsewhere it
//! goes in as it is. `{NAME:percent}`, `{NAME:json}`, `{NAME:base64}` and `{NAME:raw}`
//! say it outright.
//!
//! What is decided by position is decided when the template is parsed, from its literal
//! text alone: a value never moves a boundary, and is never parsed again. Errors name an
//! entry and must not hold anything of its value.

mod encoding;
mod host;
mod syntax;
mod url;

use std::collections::HashSet;
use std::ops::Range;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::error::Explain;
use crate::secret::SecretValue;

pub use syntax::{TemplateError, TemplateFault};

use encoding::{Encoding, Refusal};

/// A parsed template. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    literal_password: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Insert(Insert),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Insert {
    name: String,
    encoding: Encoding,
    span: Range<usize>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// When braces do not match, an insert is malformed, nothing is inserted at all, or
    /// an insert stands in a URL where nothing could make it safe.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let written = syntax::parse(text)?;
        let literal_password = url::has_literal_password(&written);
        Ok(Self {
            parts: url::decide(written)?,
            literal_password,
        })
    }

    /// Whether it is a URL whose password is written out in the template, where a
    /// manifest must not hold one: `x://app:hunter2@{HOST}/`.
    #[must_use]
    pub fn has_literal_password(&self) -> bool {
        self.literal_password
    }

    /// The names that it inserts, each once, in the order in which they first appear.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = self.inserts().map(|insert| insert.name.as_str());
        names.filter(|name| seen.insert(*name)).collect()
    }

    /// The names with where each stands in the text, braces included.
    pub fn places(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.inserts()
            .map(|insert| (insert.name.as_str(), insert.span.clone()))
    }

    fn inserts(&self) -> impl Iterator<Item = &Insert> {
        self.parts.iter().filter_map(|part| match part {
            Part::Insert(insert) => Some(insert),
            Part::Literal(_) => None,
        })
    }

    /// Puts the values in.
    ///
    /// The outcome is measured before it is written, so that it is written once and the
    /// only copy is the one handed out.
    ///
    /// # Errors
    /// When a value is missing, or cannot stand where the template puts it.
    pub fn render<'v>(
        &self,
        lookup: impl Fn(&str) -> Option<&'v SecretValue>,
    ) -> Result<SecretValue, ComposeError> {
        let mut values = Vec::with_capacity(self.parts.len());
        for insert in self.inserts() {
            values.push(lookup(&insert.name).ok_or_else(|| ComposeError::Missing {
                name: insert.name.clone(),
            })?);
        }
        let mut length = 0;
        self.write(&values, &mut |piece| length += piece.len())?;
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        self.write(&values, &mut |piece| text.extend_from_slice(piece))?;
        debug_assert_eq!(text.len(), length, "what was measured is what is written");
        Ok(SecretValue::from(text))
    }

    /// Writes to `put` in pieces. `values` holds one for each insert, in order.
    fn write(
        &self,
        values: &[&SecretValue],
        put: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ComposeError> {
        let mut values = values.iter();
        for part in &self.parts {
            match part {
                Part::Literal(text) => put(text.as_bytes()),
                Part::Insert(insert) => {
                    let value = values.next().map_or(&[][..], |value| value.expose());
                    insert
                        .encoding
                        .write(value, put)
                        .map_err(|refusal| ComposeError::of(refusal, &insert.name))?;
                }
            }
        }
        Ok(())
    }
}

/// Why a composed value could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// An inserted entry has no value.
    #[error("`{name}` has no value to insert")]
    Missing {
        /// The entry that is inserted.
        name: String,
    },
    /// The value stands where a URL has a host, and is none.
    #[error("the value of `{name}` cannot be the host of a URL")]
    Host {
        /// The entry that is inserted.
        name: String,
        /// Whether a list of hosts, with ports, would have been accepted.
        list: bool,
    },
    /// The value stands where a URL has a port, and is none.
    #[error("the value of `{name}` cannot be the port of a URL")]
    Port {
        /// The entry that is inserted.
        name: String,
    },
    /// The value stands where a URL has a scheme, and is none.
    #[error("the value of `{name}` cannot be the scheme of a URL")]
    Scheme {
        /// The entry that is inserted.
        name: String,
    },
    /// The value goes into a JSON string, and is not text.
    #[error("the value of `{name}` is not UTF-8 and cannot stand in JSON")]
    NotText {
        /// The entry that is inserted.
        name: String,
    },
}

impl ComposeError {
    fn of(refusal: Refusal, name: &str) -> Self {
        let name = name.to_owned();
        match refusal {
            Refusal::Host { list } => Self::Host { name, list },
            Refusal::Port => Self::Port { name },
            Refusal::Scheme => Self::Scheme { name },
            Refusal::NotText => Self::NotText { name },
        }
    }

    /// The entry whose value is missing or refused.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name }
            | Self::Host { name, .. }
            | Self::Port { name }
            | Self::Scheme { name }
            | Self::NotText { name } => name,
        }
    }
}

impl Explain for ComposeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "compose-missing",
            Self::Host { .. } => "compose-host",
            Self::Port { .. } => "compose-port",
            Self::Scheme { .. } => "compose-scheme",
            Self::NotText { .. } => "compose-not-text",
        }
    }

    fn hint(&self) -> Option<String> {
        let name = self.name();
        Some(match self {
            Self::Missing { .. } => format!("give `{name}` a value, or take it out of `compose`"),
            Self::Host { list: true, .. } => format!(
                "a name, an IP address, or a list such as `a:6379,b:6379`, without scheme, user or \
                 path; `{{{name}:raw}}` inserts it unchecked"
            ),
            Self::Host { list: false, .. } => format!(
                "one name or IP address, without a port, since text of the template adjoins it; \
                 `{{{name}:raw}}` inserts it unchecked"
            ),
            Self::Port { .. } => "a port is a number from 1 to 65535".to_owned(),
            Self::Scheme { .. } => {
                "a scheme is a letter followed by letters, digits, `+`, `-` or `.`".to_owned()
            }
            Self::NotText { .. } => format!("insert it as `{{{name}:base64}}`"),
        })
    }
}

#[cfg(test)]
mod tests;
