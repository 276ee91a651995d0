//! Where a secret stands: a backend, a path, and perhaps a version and a field.
//!
//! The text form is `backend:path?version=V#field`, in the order of a URL. `from` always
//! names its backend ([`Reference::parse_absolute`]): the first colon ends the name, so
//! that an ARN may follow. `key` never names one ([`Reference::parse_relative`]): every
//! colon belongs to the path. Nothing is percent-decoded. A name that holds `?` or `#`
//! is written as a table instead ([`Reference::from_parts`]).
//!
//! Parsing is pure. It must not look at which backends exist, nor at whether a backend
//! can do what is asked: that is the planner's business. Messages never repeat the text,
//! since people paste values where references belong; the span says where to look.

mod error;

use std::fmt;
use std::ops::Range;

use crate::extract::Field;

pub use error::{ReferenceError, ReferenceFault};

/// A place that a document comes from, and the part of it that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    backend: Option<String>,
    path: String,
    version: Option<String>,
    field: Option<Field>,
}

impl Reference {
    /// Parses the text of a `from`, which names its backend.
    ///
    /// # Errors
    /// When a part is empty, malformed, or not one that references have.
    pub fn parse_absolute(text: &str) -> Result<Self, ReferenceError> {
        refuse_control(text)?;
        let Some(colon) = text
            .find([':', '?', '#'])
            .filter(|&at| text.as_bytes()[at] == b':')
        else {
            return Err(ReferenceFault::NoBackend.at(0..text.len()));
        };
        let name = &text[..colon];
        if name.is_empty() {
            return Err(ReferenceFault::NoBackend.at(0..1));
        }
        if !is_backend_name(name) {
            return Err(ReferenceFault::BackendName.at(0..colon));
        }
        let mut reference = parse_rest(text, colon + 1)?;
        reference.backend = Some(name.to_owned());
        Ok(reference)
    }

    /// Parses the text of a `key`, which is relative to the environment's backend.
    ///
    /// # Errors
    /// When a part is empty, malformed, or not one that references have.
    pub fn parse_relative(text: &str) -> Result<Self, ReferenceError> {
        refuse_control(text)?;
        parse_rest(text, 0)
    }

    /// Puts a reference together from the keys of a table, where any character but
    /// control characters may stand in a path or version.
    ///
    /// # Errors
    /// When a part is empty or holds control characters, or the backend's name is not a
    /// name. The span is the whole of the part that is wrong.
    pub fn from_parts(
        backend: Option<&str>,
        path: &str,
        version: Option<&str>,
        field: Option<Field>,
    ) -> Result<Self, ReferenceError> {
        if let Some(name) = backend.filter(|name| !is_backend_name(name)) {
            return Err(ReferenceFault::BackendName.at(0..name.len()));
        }
        refuse_control(path)?;
        if path.is_empty() {
            return Err(ReferenceFault::NoPath.at(0..0));
        }
        if let Some(version) = version {
            refuse_control(version)?;
            if version.is_empty() {
                return Err(ReferenceFault::EmptyVersion.at(0..0));
            }
        }
        Ok(Self {
            backend: backend.map(str::to_owned),
            path: path.to_owned(),
            version: version.map(str::to_owned),
            field,
        })
    }

    /// The backend by its name in the manifest; `None` for the environment's own.
    #[must_use]
    pub fn backend(&self) -> Option<&str> {
        self.backend.as_deref()
    }

    /// The path within the backend, without the backend's prefix.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version; `None` for the current one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The field of the document; `None` for the whole of it.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        self.field.as_ref()
    }

    /// What stands before the first colon of a relative path, if it could be the name of
    /// a backend: whoever knows the backends can tell the user that `from` was meant.
    #[must_use]
    pub fn backend_in_path(&self) -> Option<&str> {
        if self.backend.is_some() {
            return None;
        }
        let (name, _) = self.path.split_once(':')?;
        is_backend_name(name).then_some(name)
    }

    fn has_text_form(&self) -> bool {
        let plain = |part: &str, marks: &[char]| !part.contains(marks) && part.trim() == part;
        plain(&self.path, &['?', '#'])
            && self
                .version
                .as_deref()
                .is_none_or(|version| plain(version, &['#', '&']))
            && self
                .field
                .as_ref()
                .is_none_or(|field| field_fault(field.as_str()).is_none())
    }
}

/// The canonical text. What has no text form is shown as the table of the manifest.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_text_form() {
            return self.write_table(f);
        }
        if let Some(backend) = &self.backend {
            write!(f, "{backend}:")?;
        }
        f.write_str(&self.path)?;
        if let Some(version) = &self.version {
            write!(f, "?version={version}")?;
        }
        if let Some(field) = &self.field {
            write!(f, "#{field}")?;
        }
        Ok(())
    }
}

impl Reference {
    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("backend", self.backend()),
            ("path", Some(self.path())),
            ("version", self.version()),
            ("field", self.field().map(Field::as_str)),
        ];
        let mut lead = "{ ";
        for (key, part) in parts {
            let Some(part) = part else { continue };
            write!(
                f,
                "{lead}{key} = \"{}\"",
                part.replace('\\', "\\\\").replace('"', "\\\"")
            )?;
            lead = ", ";
        }
        f.write_str(" }")
    }
}

/// Parses `path?version=V#field`, which begins at `start`; spans count from the start of
/// `text`.
fn parse_rest(text: &str, start: usize) -> Result<Reference, ReferenceError> {
    let hash = text[start..].find('#').map(|at| start + at);
    let located = hash.unwrap_or(text.len());
    let question = text[start..located].find('?').map(|at| start + at);
    let path_span = start..question.unwrap_or(located);
    if path_span.is_empty() {
        return Err(ReferenceFault::NoPath.at(path_span));
    }
    refuse_padding(text, path_span.clone())?;
    let version = match question {
        Some(at) => Some(parse_query(text, at + 1..located)?),
        None => None,
    };
    let field = match hash {
        Some(at) => Some(parse_field(text, at + 1..text.len())?),
        None => None,
    };
    Ok(Reference {
        backend: None,
        path: text[path_span].to_owned(),
        version,
        field,
    })
}

fn parse_query(text: &str, span: Range<usize>) -> Result<String, ReferenceError> {
    let mut version = None;
    let mut start = span.start;
    for pair in text[span].split('&') {
        let end = start + pair.len();
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != "version" {
            return Err(ReferenceFault::QueryKey.at(start..start + key.len()));
        }
        let value_span = end - value.len()..end;
        if value.is_empty() {
            return Err(ReferenceFault::EmptyVersion.at(start..end));
        }
        refuse_padding(text, value_span)?;
        if version.replace(value.to_owned()).is_some() {
            return Err(ReferenceFault::SecondVersion.at(start..end));
        }
        start = end + 1;
    }
    // `split` yields at least one pair, and a pair is a version or an error.
    version.ok_or_else(|| ReferenceFault::QueryKey.at(start..start))
}

fn parse_field(text: &str, span: Range<usize>) -> Result<Field, ReferenceError> {
    let name = &text[span.clone()];
    if let Some((fault, at)) = field_fault(name) {
        return Err(fault.at(span.start + at..span.end));
    }
    Field::parse(name).map_err(|error| {
        let inner = error.span();
        ReferenceFault::Field(error).at(span.start + inner.start..span.start + inner.end)
    })
}

/// What a field cannot hold in the text form although it is a field, and where.
fn field_fault(name: &str) -> Option<(ReferenceFault, usize)> {
    if let Some(at) = name.find("?version=") {
        return Some((ReferenceFault::VersionAfterField, at));
    }
    if let Some(at) = name.find('#') {
        return Some((ReferenceFault::SecondHash, at));
    }
    (name.trim() != name).then_some((ReferenceFault::Padding, 0))
}

fn refuse_control(text: &str) -> Result<(), ReferenceError> {
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, c)) => Err(ReferenceFault::Control.at(at..at + c.len_utf8())),
        None => Ok(()),
    }
}

fn refuse_padding(text: &str, span: Range<usize>) -> Result<(), ReferenceError> {
    let part = &text[span.clone()];
    if part.trim() == part {
        Ok(())
    } else {
        Err(ReferenceFault::Padding.at(span))
    }
}

/// Whether `name` is letters, digits, `-` and `_`, and begins with one of the first two.
pub(crate) fn is_backend_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests;
