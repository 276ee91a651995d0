//! What a backend is: the trait, and the types that it reads and answers with.
//!
//! Nothing here knows the generated bindings; `wire` alone does. So all of it runs natively.

mod about;
mod batch;
pub mod encoding;
mod error;
mod host;
mod http;
mod json;
mod token;

use std::fmt;

pub use about::{About, OriginSpec, SettingSpec};
pub use batch::{fetch_distinct, send_distinct};
pub use error::{Error, Outage};
pub use host::{Host, Level};
pub use http::{Header, HttpError, Request, Response};
pub use json::{member, text_member};
pub use token::bearer_token;

/// A place that secrets come from. Hand the type to [`export_backend!`](crate::export_backend).
pub trait Backend {
    /// What the backend is and what it needs. The same at every call.
    fn about() -> About;

    /// Reads a batch: one answer for each reference, in the order of the references.
    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>>;
}

/// Where a document stands in the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As the manifest writes it, without `#field` and `?version=`.
    pub path: String,
    /// Which version; none for the current one.
    pub version: Option<String>,
}

impl Reference {
    /// The current version of what is at `path`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            version: None,
        }
    }

    /// The same path at a version.
    #[must_use]
    pub fn at(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Refuses a version, for a backend that keeps none.
    ///
    /// # Errors
    /// [`Error::InvalidReference`] when the reference has a version.
    pub fn without_version(&self) -> Result<&str, Error> {
        match self.version {
            None => Ok(&self.path),
            Some(_) => Err(Error::invalid_reference(
                "the reference has a version, and this backend keeps only the current one",
            )),
        }
    }
}

/// What the backend holds at a path: the whole of it. The host takes fields out.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub bytes: Vec<u8>,
    /// The version that was read, where the backend knows versions.
    pub version: Option<String>,
    /// When that version was made, in seconds since 1970-01-01T00:00:00Z.
    pub created_at: Option<u64>,
    /// For how many seconds it is good, where the backend gives it for a time only.
    pub lease: Option<u64>,
}

impl Document {
    /// A document of which only the content is known.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            version: None,
            created_at: None,
            lease: None,
        }
    }

    /// The same, with the version that was read.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The same, with the time at which that version was made.
    #[must_use]
    pub fn created_at(mut self, seconds: u64) -> Self {
        self.created_at = Some(seconds);
        self
    }
}

/// Without the content, which is a secret.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("version", &self.version)
            .field("created_at", &self.created_at)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
