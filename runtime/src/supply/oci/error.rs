//! What goes wrong between here and a registry. Nothing here has room for a text that a
//! server sent, a credential, or an address that a server named.

use std::fmt;

use thiserror::Error;

use crate::error::Explain;

/// Who was spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The registry that the reference names.
    Registry,
    /// Where the registry sends its clients for a token.
    TokenService,
    /// Where the registry sends its clients for a blob.
    Store,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registry => "the registry",
            Self::TokenService => "the registry's token service",
            Self::Store => "the store that the registry redirects to",
        })
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The document that lists the layers.
    Manifest,
    /// The layer that is the component.
    Component,
    /// The layer that is its signature.
    Signature,
    /// The answer of the token service.
    Token,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "image manifest",
            Self::Component => "component",
            Self::Signature => "signature",
            Self::Token => "token",
        })
    }
}

/// Why what a digest names is no component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Shape {
    /// An index of several images.
    #[error("is an index of several images, not one image")]
    Index,
    /// Another kind of document, or not JSON.
    #[error("is neither an OCI image manifest nor a Docker manifest of version 2")]
    Manifest,
    /// A layer with a digest that is none, or not SHA-256.
    #[error("names a layer by something other than a SHA-256 digest")]
    Layer,
    /// No layer is a component.
    #[error("has no layer that is a WebAssembly component")]
    NoComponent,
    /// Several layers are.
    #[error("has more than one layer that is a WebAssembly component")]
    SeveralComponents,
    /// Several layers are signatures.
    #[error("has more than one layer that is a signature")]
    SeveralSignatures,
    /// The layer of the signature is not text.
    #[error("has a signature that is not text")]
    SignatureText,
}

/// Why a component could not be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OciError {
    /// The registry is no `host[:port]`.
    #[error("this is not the name of a registry")]
    Registry,
    /// The repository is none that a registry could have.
    #[error("this is not the name of a repository")]
    Repository,
    /// The digest is not `sha256:` and 64 digits.
    #[error("this is not a SHA-256 digest")]
    Digest,
    /// The user of the login has a colon.
    #[error("the user name for the registry has a colon")]
    Credentials,
    /// The login does not say which registry it is for.
    #[error("no registry is named that the login for registries is for")]
    LoginRegistry,
    /// The authorities given for TLS are no certificates.
    #[error("the certificates of the registry's authority can't be read")]
    Authority,
    /// No connection, or one that broke.
    #[error("{0} can't be reached, or the connection broke")]
    Unreachable(Peer),
    /// TLS failed: the certificate is not trusted, or is another's.
    #[error("{0} has no certificate that is trusted for its name")]
    Certificate(Peer),
    /// The time for the whole pull was over.
    #[error("the registry took longer than {seconds} s")]
    Timeout {
        /// The time that it had.
        seconds: u64,
    },
    /// 404.
    #[error("the registry has no such {0}")]
    NotFound(Item),
    /// 401 without a way on, or 403.
    #[error("{0} refuses to hand out the {1}")]
    Unauthorized(Peer, Item),
    /// 429 or 5xx.
    #[error("{0} can't answer now (HTTP status {1})")]
    Unavailable(Peer, u16),
    /// Something that the protocol does not know.
    #[error("{0} answered the request for the {1} in a way that no registry does")]
    Answer(Peer, Item),
    /// A redirect to somewhere it must not lead, or one too many.
    #[error("the registry redirects the request for the {0} to where it must not lead")]
    Redirect(Item),
    /// What came is not what the digest names.
    #[error("what came as the {0} is not what its digest names")]
    Mismatch(Item),
    /// More than is accepted.
    #[error("the {item} is larger than {limit} bytes")]
    TooLarge {
        /// What is.
        item: Item,
        /// What is accepted.
        limit: u64,
    },
    /// What the digest names is there, and no component.
    #[error("what the digest names {0}")]
    NotAComponent(Shape),
    /// The machine lacks what a pull needs.
    #[error("failed to start the client of registries")]
    Client,
}

impl Explain for OciError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Registry | Self::Repository | Self::Digest => "oci-reference",
            Self::Credentials | Self::LoginRegistry => "oci-credentials",
            Self::Authority => "oci-authority",
            Self::Unreachable(_) => "oci-unreachable",
            Self::Certificate(_) => "oci-certificate",
            Self::Timeout { .. } => "oci-timeout",
            Self::NotFound(_) => "oci-not-found",
            Self::Unauthorized(..) => "oci-unauthorized",
            Self::Unavailable(..) => "oci-unavailable",
            Self::Answer(..) => "oci-answer",
            Self::Redirect(_) => "oci-redirect",
            Self::Mismatch(_) => "oci-digest",
            Self::TooLarge { .. } => "oci-too-large",
            Self::NotAComponent(_) => "oci-not-a-component",
            Self::Client => "oci-client",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Registry => {
                "write a host and perhaps a port, such as `registry.example.com:5000`"
            }
            Self::Repository => "write lower-case words joined by `/`, such as `team/rules`",
            Self::Digest => "write `sha256:` and the 64 hexadecimal digits, in lower case",
            Self::Credentials => "correct SECRET_RUN_REGISTRY_USER",
            Self::LoginRegistry => {
                "set SECRET_RUN_REGISTRY to the host of the registry, and its port if it has one, \
                 such as `registry.example.com:5000`; the login is sent to no other"
            }
            Self::Authority => "give a file of certificates in PEM",
            Self::Unreachable(_) => "check the name of the registry and the way to it; try again",
            Self::Certificate(_) => {
                "check the name of the registry; for an authority of your own, give its \
                 certificate"
            }
            Self::Timeout { .. } => "try again, or allow more time",
            Self::NotFound(Item::Manifest) => {
                "check repository and digest; it is the digest of the image, not of its layer. \
                 Some registries answer so when they want a login"
            }
            Self::NotFound(_) => "the registry has lost it: push the component again",
            Self::Unauthorized(..) => {
                "set SECRET_RUN_REGISTRY_USER and SECRET_RUN_REGISTRY_PASSWORD to a login that \
                 may pull from this repository, and SECRET_RUN_REGISTRY to this registry: a \
                 login is sent to no other"
            }
            // Seen of registries that are asked for a layer as if it were an image.
            Self::Unavailable(Peer::Registry, 500) => {
                "try again later; if it stays so, check that the digest is that of the image, \
                 not of its layer"
            }
            Self::Unavailable(..) => "try again later",
            Self::Answer(..) => "check that the name is that of a registry, and of no proxy",
            Self::Redirect(_) => {
                "redirects lead to `https`, three times at most, and only for layers; correct \
                 the registry"
            }
            Self::Mismatch(_) => {
                "do not use what came: the registry, or something on the way, has changed it"
            }
            Self::TooLarge { .. } => "check that the digest is that of a plugin",
            Self::NotAComponent(Shape::Index) => {
                "take the digest of the image itself: the index lists it"
            }
            Self::NotAComponent(_) => {
                "check that the digest is that of a plugin, pushed as one layer of type \
                 `application/wasm`"
            }
            Self::Client => "check how many files and threads this user may have",
        };
        Some(hint.to_owned())
    }
}
