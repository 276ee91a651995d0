//! Why there is no document, and what an HTTP answer says about it.
//!
//! The texts are for people, and are written here or by the backend: nothing that a server sent
//! gets into them.

use super::{HttpError, Response};

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The backend answered that there is nothing at this path. An outage is never that.
    NotFound,
    /// The credential is good, and may not read this.
    AccessDenied(String),
    /// There is no credential, or it is not good.
    Unauthenticated(String),
    /// The path or version is none that this backend could have.
    InvalidReference(String),
    /// The server can't be reached, or can't answer now.
    Unavailable(Outage),
    /// Anything else.
    Other(String),
}

/// Nobody can say now; perhaps later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What happened.
    pub text: String,
    /// When to ask again, in milliseconds, if the server said so.
    pub retry_after_ms: Option<u64>,
}

impl Error {
    /// [`Error::InvalidReference`] with this text.
    pub fn invalid_reference(text: &str) -> Self {
        Self::InvalidReference(text.to_owned())
    }

    /// [`Error::Other`] with this text.
    pub fn other(text: &str) -> Self {
        Self::Other(text.to_owned())
    }

    /// [`Error::Unavailable`] with this text, and no word of when to ask again.
    pub fn unavailable(text: &str) -> Self {
        Self::Unavailable(Outage {
            text: text.to_owned(),
            retry_after_ms: None,
        })
    }

    /// What a status that is no success says. `retry_after` is the header of that name; a date
    /// in it says nothing, since a backend has no clock.
    ///
    /// ```
    /// use secret_run_sdk::{Error, Outage};
    ///
    /// assert_eq!(Error::from_status(404, None), Error::NotFound);
    /// let Error::Unavailable(Outage { retry_after_ms, .. }) = Error::from_status(429, Some("2"))
    /// else {
    ///     unreachable!("429 is an outage")
    /// };
    /// assert_eq!(retry_after_ms, Some(2000));
    /// ```
    pub fn from_status(status: u16, retry_after: Option<&str>) -> Self {
        let outage = |text: String| {
            let seconds = retry_after.and_then(|text| text.trim().parse::<u64>().ok());
            Self::Unavailable(Outage {
                text,
                retry_after_ms: seconds.map(|seconds| seconds.saturating_mul(1000)),
            })
        };
        match status {
            401 => Self::Unauthenticated("the server does not accept the credential".to_owned()),
            403 => Self::AccessDenied("the credential may not do this".to_owned()),
            404 => Self::NotFound,
            408 => outage("the server gave up waiting for the request".to_owned()),
            429 => outage("the server has had too many requests".to_owned()),
            500..=599 => outage(format!("the server answered with status {status}")),
            300..=399 => Self::Other(format!(
                "the server answered with a redirect ({status}), and none is followed"
            )),
            _ => Self::Other(format!("the server answered with status {status}")),
        }
    }

    /// The same for a request whose 404 is no answer about a document, but says that there is
    /// no such service at the address.
    #[must_use]
    pub fn or_wrong_address(self) -> Self {
        match self {
            Self::NotFound => Self::other("the server does not know the address of this request"),
            other => other,
        }
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied(text) | HttpError::Invalid(text) => Self::Other(text),
            HttpError::Unreachable(text) | HttpError::Broken(text) => Self::Unavailable(Outage {
                text,
                retry_after_ms: None,
            }),
            HttpError::Timeout => Self::unavailable("the server did not answer in time"),
            HttpError::TooLarge => Self::other("the answer is larger than the host allows"),
        }
    }
}

impl Response {
    /// The response itself if it is a success (200 to 299).
    ///
    /// # Errors
    /// What [`Error::from_status`] says of any other status.
    pub fn success(&self) -> Result<&Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::from_status(self.status, self.header("retry-after")))
    }

    /// The same for a server that another may answer for: a proxy, an ingress, a page of an
    /// outage. A 404 says that there is nothing only if it is the API's own.
    ///
    /// ```
    /// use secret_run_sdk::{Error, Response};
    ///
    /// let is_own = |response: &Response| response.body == b"no such key";
    /// let own = Response::new(404, "no such key");
    /// assert_eq!(own.success_or_own_404(is_own), Err(Error::NotFound));
    /// let other = Response::new(404, "default backend - 404");
    /// assert!(matches!(other.success_or_own_404(is_own), Err(Error::Other(_))));
    /// ```
    ///
    /// # Errors
    /// Those of [`Response::success`]; [`Error::Other`] for a 404 that is not its own.
    pub fn success_or_own_404(&self, is_own: impl FnOnce(&Self) -> bool) -> Result<&Self, Error> {
        match self.success() {
            Err(Error::NotFound) if !is_own(self) => Err(Error::NotFound.or_wrong_address()),
            answer => answer,
        }
    }
}
