//! What can be wrong with the text of a reference, and where.
//!
//! Nothing here has room for the text itself.

use std::ops::Range;

use thiserror::Error;

use crate::error::{At, Explain};
use crate::extract::FieldError;

/// Why a text is not a reference, and where in it.
pub type ReferenceError = At<ReferenceFault>;

/// What can be wrong with a reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReferenceFault {
    /// A `from` without a backend.
    #[error("the reference does not name a backend")]
    NoBackend,
    /// The text before the first colon is not a name.
    #[error("this cannot be the name of a backend")]
    BackendName,
    /// Nothing stands where the path should.
    #[error("the reference has no path")]
    NoPath,
    /// `?version=` with nothing after it.
    #[error("the version is empty")]
    EmptyVersion,
    /// `version` stands twice.
    #[error("the version is given twice")]
    SecondVersion,
    /// Something else than `version` after the `?`.
    #[error("a reference has no such query key")]
    QueryKey,
    /// `#field?version=V`.
    #[error("the version stands after the field")]
    VersionAfterField,
    /// More than one `#`.
    #[error("the reference has more than one `#`")]
    SecondHash,
    /// A control character, also a line end.
    #[error("the reference holds a control character")]
    Control,
    /// White space at the start or the end of a part.
    #[error("a part of the reference begins or ends with white space")]
    Padding,
    /// The field itself is malformed.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl ReferenceFault {
    pub(super) fn at(self, span: Range<usize>) -> ReferenceError {
        At::new(self, span)
    }
}

impl Explain for ReferenceFault {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoBackend => "reference-without-backend",
            Self::BackendName => "reference-backend-name",
            Self::NoPath => "reference-without-path",
            Self::EmptyVersion => "reference-empty-version",
            Self::SecondVersion => "reference-second-version",
            Self::QueryKey => "reference-query-key",
            Self::VersionAfterField => "reference-version-after-field",
            Self::SecondHash => "reference-second-hash",
            Self::Control => "reference-control-character",
            Self::Padding => "reference-white-space",
            Self::Field(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        let table = "a name that holds `?`, `#` or outer white space is written as a table: \
                     { backend = \"...\", path = \"...\", version = \"...\", field = \"...\" }";
        let hint = match self {
            Self::NoBackend => {
                "write `backend:path`; for a path in the environment's own backend use `key` \
                 instead of `from`"
            }
            Self::BackendName => "a backend's name is made of letters, digits, `-` and `_`",
            Self::NoPath => "write what to read after the colon, such as `vault:app/database`",
            Self::EmptyVersion => "write `?version=3`, or leave it out for the current version",
            Self::SecondVersion => "keep one `version`",
            Self::QueryKey => "the only key is `version`, as in `backend:path?version=3#field`",
            Self::VersionAfterField => "the version comes first: `backend:path?version=V#field`",
            Self::Control => "look for a line end or an invisible character in the text",
            Self::SecondHash | Self::Padding => table,
            Self::Field(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}
