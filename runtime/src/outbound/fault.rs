//! What can be wrong with a URL, a credential or a certificate.

use thiserror::Error;

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UrlFault {
    /// Longer than any that is sent.
    #[error("is longer than {} bytes", super::check::URL_BYTES)]
    Long,
    /// Spaces, control characters, backslashes, letters beyond ASCII, or a lone `%`.
    #[error("has characters that must be percent-encoded")]
    Characters,
    /// A user, a host that is none, another scheme.
    #[error("has no proper origin")]
    Origin,
    /// The rest is no path and query.
    #[error("has no proper path and query")]
    Path,
}

/// What is wrong with a credential that the host shall add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialFault {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// Control characters, such as the end of a line.
    #[error("has a control character in it, such as the end of a line")]
    Control,
    /// A user name with a colon ends at the colon.
    #[error("has a user name with a colon in it")]
    Colon,
    /// No name of a header, or one that the host sets itself.
    #[error("names a header that cannot carry it")]
    Name,
    /// Two credentials for the same place.
    #[error("is given twice for the same header or parameter")]
    Twice,
}

/// What is wrong with the certificate of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateFault {
    /// No authority that is trusted has signed it.
    #[error("is signed by nobody who is trusted here")]
    Issuer,
    /// It is for another name.
    #[error("is for another name")]
    Name,
    /// It is no longer valid.
    #[error("has expired")]
    Expired,
    /// It is not valid yet.
    #[error("is not valid yet")]
    Early,
    /// Anything else.
    #[error("is not acceptable")]
    Other,
}
