//! Braces, names and encodings: the text of a template taken apart.
//!
//! Knows nothing of URLs. Messages never repeat the text.

use std::ops::Range;

use thiserror::Error;

use super::encoding::Encoding;
use crate::error::{At, Explain};

/// A piece of a template as it was written.
#[derive(Debug)]
pub(super) enum Written {
    Literal(String),
    Insert {
        name: String,
        /// What stands after the colon; `None` where the position is to decide.
        encoding: Option<Encoding>,
        span: Range<usize>,
    },
}

/// The pieces of `text`. Two literal texts never stand next to each other.
pub(super) fn parse(text: &str) -> Result<Vec<Written>, TemplateError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        literal.push_str(&text[at..brace]);
        let open = text.as_bytes()[brace] == b'{';
        if text.as_bytes().get(brace + 1) == Some(&text.as_bytes()[brace]) {
            literal.push(if open { '{' } else { '}' });
            at = brace + 2;
            continue;
        }
        if !open {
            return Err(TemplateFault::Stray.at(brace..brace + 1));
        }
        let Some(inner) = text[brace + 1..]
            .find(['{', '}'])
            .map(|found| brace + 1 + found)
        else {
            return Err(TemplateFault::Unclosed.at(brace..brace + 1));
        };
        if text.as_bytes()[inner] == b'{' {
            return Err(TemplateFault::Unclosed.at(brace..brace + 1));
        }
        let insert = insert(text, brace..inner + 1)?;
        if !literal.is_empty() {
            pieces.push(Written::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(insert);
        at = inner + 1;
    }
    literal.push_str(&text[at..]);
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Written::Insert { .. }))
    {
        return Err(TemplateFault::NoInsert.at(0..text.len()));
    }
    if !literal.is_empty() {
        pieces.push(Written::Literal(literal));
    }
    Ok(pieces)
}

/// The insert at `span`, braces included.
fn insert(text: &str, span: Range<usize>) -> Result<Written, TemplateError> {
    let inner = &text[span.start + 1..span.end - 1];
    let (name, encoding) = match inner.split_once(':') {
        Some((name, encoding)) => (name, Some(encoding)),
        None => (inner, None),
    };
    let name_end = span.start + 1 + name.len();
    if name.is_empty() {
        return Err(TemplateFault::NoName.at(span));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(TemplateFault::Name.at(span.start + 1..name_end));
    }
    let encoding = match encoding {
        None => None,
        Some("raw") => Some(Encoding::Raw),
        Some("percent") => Some(Encoding::Percent),
        Some("json") => Some(Encoding::Json),
        Some("base64") => Some(Encoding::Base64),
        Some(_) => return Err(TemplateFault::Encoding.at(name_end..span.end - 1)),
    };
    Ok(Written::Insert {
        name: name.to_owned(),
        encoding,
        span,
    })
}

/// Why a text is not a template, and where in it.
pub type TemplateError = At<TemplateFault>;

/// What can be wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateFault {
    /// A `{` without its `}`.
    #[error("this `{{` has no matching `}}`")]
    Unclosed,
    /// A `}` without its `{`.
    #[error("this `}}` has no matching `{{`")]
    Stray,
    /// `{}` or `{:raw}`.
    #[error("no name stands between the braces")]
    NoName,
    /// What stands between the braces is no name.
    #[error("this cannot be the name of an entry")]
    Name,
    /// An encoding that does not exist.
    #[error("there is no such encoding")]
    Encoding,
    /// All of it is literal text.
    #[error("the template inserts nothing")]
    NoInsert,
    /// A part of a scheme is inserted.
    #[error("a scheme is inserted in part")]
    Scheme,
    /// A port is inserted next to other text.
    #[error("a port is inserted next to other text")]
    Port,
    /// Something is inserted right after an IPv6 address in brackets.
    #[error("something is inserted right after a host in brackets")]
    AfterBracket,
    /// Something is inserted behind a `;`.
    #[error("something is inserted behind a `;` of a URL, where each driver reads in its own way")]
    Property,
}

impl TemplateFault {
    pub(super) fn at(self, span: Range<usize>) -> TemplateError {
        At::new(self, span)
    }
}

impl Explain for TemplateFault {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unclosed => "template-unclosed-brace",
            Self::Stray => "template-stray-brace",
            Self::NoName => "template-without-name",
            Self::Name => "template-name",
            Self::Encoding => "template-encoding",
            Self::NoInsert => "template-without-insert",
            Self::Scheme => "template-scheme",
            Self::Port => "template-port",
            Self::AfterBracket => "template-after-bracket",
            Self::Property => "template-property",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unclosed => "write `{NAME}`; a literal brace is written `{{`",
            Self::Stray => "a literal brace is written `}}`",
            Self::NoName | Self::Name => {
                "write `{NAME}` with the name of an entry: letters, digits and `_`; literal \
                 braces are written `{{` and `}}`"
            }
            Self::Encoding => "the encodings are `raw`, `percent`, `json` and `base64`",
            Self::NoInsert => {
                "write `{NAME}` where a value belongs; text that is all literal would be a value \
                 in the manifest"
            }
            Self::Scheme => "write the scheme out, or insert all of it: `{SCHEME}://`",
            Self::Port => "a port is inserted whole: `:{PORT}`",
            Self::AfterBracket => "write `[{ADDRESS}]:{PORT}`",
            Self::Property => {
                "say how it is written: `{NAME:raw}` inserts it as it is. The driver of SQL Server \
                 reads any text without `}` in braces, `{{{NAME:raw}}}`"
            }
        };
        Some(hint.to_owned())
    }
}
