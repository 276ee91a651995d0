//! Why a request was not sent, or has no answer.
//!
//! A text here may name an origin, an address, and a header or parameter that the host reserves.
//! It has no room for a path, a query, a value, or what a server sent.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

use super::address::AddressKind;
use super::fault::{CertificateFault, CredentialFault, UrlFault};
use super::origin::HttpOrigin;
use crate::error::{Explain, Nature};

/// The few things that a plugin is told apart; see `http-error` of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The grant does not allow it. The host fails the whole call.
    Denied,
    /// The request is none that could be sent.
    Invalid,
    /// No connection.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The answer is larger than allowed.
    TooLarge,
    /// The connection broke, or what came cannot be read.
    Broken,
}

/// Why a request was not sent, or has no answer; or why a gate cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutboundError {
    /// A credential cannot be sent.
    #[error("the credential for `{origin}` {fault}")]
    Credential {
        /// Whom it is for.
        origin: HttpOrigin,
        /// What is wrong.
        fault: CredentialFault,
    },
    /// The file of certificates holds none that can be used.
    #[error("the file of certificate authorities holds no usable certificate")]
    Authority,

    /// The URL cannot be sent to.
    #[error("a URL of the plugin {0}")]
    Url(UrlFault),
    /// The method is none that is sent.
    #[error("the plugin used a method that is not sent")]
    Method,
    /// A header is none that could be sent.
    #[error("a header of the plugin has a name or value that cannot be sent")]
    Header,
    /// More headers, or larger ones, than a request may have.
    #[error("a request of the plugin has more than {count} headers or {bytes} bytes of them")]
    HeadersTooLarge {
        /// How many there may be.
        count: usize,
        /// How large all may be.
        bytes: usize,
    },
    /// The body of the request is too large.
    #[error("a request of the plugin is larger than {limit} bytes")]
    RequestTooLarge {
        /// How large it may be.
        limit: usize,
    },

    /// The origin is not granted.
    #[error("the plugin sent a request to {}, which it is not allowed to", denied(.origin.as_ref()))]
    Denied {
        /// Where to; `None` if the plugin could have put a value into the name.
        origin: Option<HttpOrigin>,
    },
    /// The origin has an address that is not granted.
    #[error("`{origin}` is at {address}, a {kind} address, which the plugin may not connect to")]
    Address {
        /// The origin, which is granted.
        origin: HttpOrigin,
        /// Its address.
        address: IpAddr,
        /// What the address is.
        kind: AddressKind,
    },
    /// The origin has an address that is too far away for plain HTTP.
    #[error("`{origin}` is at {address}, and production speaks plain HTTP that far to nobody")]
    BeyondBound {
        /// The origin, which is granted.
        origin: HttpOrigin,
        /// Its address.
        address: IpAddr,
    },
    /// The host sets this header, or keeps it for a credential.
    #[error("the plugin set the header `{name}`, which the host keeps for itself")]
    ReservedHeader {
        /// The header; a name that the host knows.
        name: String,
    },
    /// The host keeps this parameter for a credential.
    #[error("the plugin set the query parameter `{name}`, which the host keeps for a credential")]
    ReservedParameter {
        /// The parameter, as the credential names it.
        name: String,
    },
    /// More requests than one call may send.
    #[error("the plugin sent more than {limit} requests in one call")]
    TooManyRequests {
        /// How many there may be.
        limit: usize,
    },
    /// The answer holds a credential of the plugin.
    #[error("`{origin}` answered with a credential of the plugin in it")]
    CredentialEchoed {
        /// Who answered.
        origin: HttpOrigin,
    },

    /// The name has no address.
    #[error("the name of `{origin}` cannot be resolved")]
    Resolve {
        /// The origin.
        origin: HttpOrigin,
    },
    /// No address took the connection.
    #[error("failed to connect to `{origin}`: {reason}")]
    Connect {
        /// The origin.
        origin: HttpOrigin,
        /// What the system says of such failures.
        reason: io::ErrorKind,
    },
    /// The server is not proven to be who it should be.
    #[error("the certificate of `{origin}` {fault}")]
    Certificate {
        /// The origin.
        origin: HttpOrigin,
        /// What is wrong.
        fault: CertificateFault,
    },
    /// No common ground in TLS, or no TLS at all.
    #[error("failed to speak TLS with `{origin}`")]
    Tls {
        /// The origin.
        origin: HttpOrigin,
    },
    /// The system trusts nobody.
    #[error("no certificate authorities are installed, so `{origin}` cannot be trusted")]
    NoAuthorities {
        /// The origin.
        origin: HttpOrigin,
    },

    /// No whole answer in time.
    #[error("`{origin}` did not answer within {}", humantime::format_duration(*limit))]
    Timeout {
        /// The origin.
        origin: HttpOrigin,
        /// The time of one request.
        limit: Duration,
    },
    /// The body of the answer is too large.
    #[error("the answer of `{origin}` is larger than {limit} bytes")]
    ResponseTooLarge {
        /// The origin.
        origin: HttpOrigin,
        /// How large it may be.
        limit: usize,
    },
    /// The answers of one call are too large together.
    #[error("the answers to the plugin are larger than {limit} bytes in one call")]
    CallTooLarge {
        /// How large they may be.
        limit: usize,
    },
    /// The headers of the answer are too large, or too many.
    #[error("the answer of `{origin}` has more than {count} headers or {bytes} bytes of them")]
    ResponseHeadersTooLarge {
        /// The origin.
        origin: HttpOrigin,
        /// How many there may be.
        count: usize,
        /// How large all may be.
        bytes: usize,
    },
    /// The body is compressed, so that a credential in it could not be seen.
    #[error("the answer of `{origin}` is encoded, although none was asked for")]
    Encoded {
        /// The origin.
        origin: HttpOrigin,
    },
    /// The connection ended early, or what came is no HTTP.
    #[error("the answer of `{origin}` broke off, or is no HTTP")]
    Broken {
        /// The origin.
        origin: HttpOrigin,
    },
}

fn denied(origin: Option<&HttpOrigin>) -> String {
    origin.map_or_else(|| "an origin".to_owned(), |origin| format!("`{origin}`"))
}

impl OutboundError {
    /// What the plugin is told.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Denied { .. }
            | Self::Address { .. }
            | Self::BeyondBound { .. }
            | Self::ReservedHeader { .. }
            | Self::ReservedParameter { .. }
            | Self::TooManyRequests { .. }
            | Self::CredentialEchoed { .. } => ErrorClass::Denied,
            Self::Credential { .. }
            | Self::Authority
            | Self::Url(_)
            | Self::Method
            | Self::Header
            | Self::HeadersTooLarge { .. }
            | Self::RequestTooLarge { .. } => ErrorClass::Invalid,
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::NoAuthorities { .. } => ErrorClass::Unreachable,
            Self::Timeout { .. } => ErrorClass::Timeout,
            Self::ResponseTooLarge { .. }
            | Self::CallTooLarge { .. }
            | Self::ResponseHeadersTooLarge { .. } => ErrorClass::TooLarge,
            Self::Encoded { .. } | Self::Broken { .. } => ErrorClass::Broken,
        }
    }

    /// Whether the plugin did what it may not, so that its whole call fails.
    #[must_use]
    pub const fn is_violation(&self) -> bool {
        matches!(self.class(), ErrorClass::Denied)
    }
}

impl Explain for OutboundError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Credential { .. } => "plugin-http-credential",
            Self::Authority => "plugin-http-authority",
            Self::Url(_) => "plugin-http-url",
            Self::Method => "plugin-http-method",
            Self::Header => "plugin-http-header",
            Self::HeadersTooLarge { .. } => "plugin-http-request-headers",
            Self::RequestTooLarge { .. } => "plugin-http-request-too-large",
            Self::Denied { .. } => "plugin-http-denied",
            Self::Address { kind, .. } => match kind {
                AddressKind::LinkLocal => "plugin-http-link-local-address",
                AddressKind::Unusable => "plugin-http-reserved-address",
                AddressKind::Public | AddressKind::Private => "plugin-http-private-address",
            },
            Self::BeyondBound { .. } => "production-plain-http",
            Self::ReservedHeader { .. } => "plugin-http-reserved-header",
            Self::ReservedParameter { .. } => "plugin-http-reserved-parameter",
            Self::TooManyRequests { .. } => "plugin-http-too-many-requests",
            Self::CredentialEchoed { .. } => "plugin-http-credential-echoed",
            Self::Resolve { .. } => "plugin-http-unresolved",
            Self::Connect { .. } => "plugin-http-unreachable",
            Self::Certificate { .. } => "plugin-http-certificate",
            Self::Tls { .. } => "plugin-http-tls",
            Self::NoAuthorities { .. } => "plugin-http-no-authorities",
            Self::Timeout { .. } => "plugin-http-timeout",
            Self::ResponseTooLarge { .. } => "plugin-http-too-large",
            Self::CallTooLarge { .. } => "plugin-http-call-too-large",
            Self::ResponseHeadersTooLarge { .. } => "plugin-http-headers-too-large",
            Self::Encoded { .. } => "plugin-http-encoded",
            Self::Broken { .. } => "plugin-http-broken",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Denied { origin: None } => {
                "the name is not shown, since a plugin that was given an answer could have put a \
                 value into it; compare the origins that `secret-run plugin inspect` shows with \
                 `allow.http`"
            }
            Self::Denied {
                origin: Some(origin),
            } => {
                return Some(format!(
                    "if the plugin should reach it, add it: `allow.http = [\"{origin}\"]`"
                ));
            }
            Self::Credential { fault, .. } => match fault {
                CredentialFault::Empty => "check the variable or file that it comes from",
                CredentialFault::Control => {
                    "store it without a line break at its end, as `printf %s` writes it"
                }
                CredentialFault::Colon => "everything after the colon belongs to the password",
                CredentialFault::Name => {
                    "name a header such as `authorization` or `x-api-key`, or a query parameter"
                }
                CredentialFault::Twice => "keep one of them",
            },
            Self::Authority => "give a PEM file with `-----BEGIN CERTIFICATE-----`",
            Self::Address { origin, kind, .. } => {
                let grant = |key: &str, what: &str| {
                    format!("if it is {what}, add it: `allow.{key} = [\"{origin}\"]`")
                };
                return Some(match kind {
                    AddressKind::LinkLocal => grant(
                        "link-local-addresses",
                        "a service of the link or the cloud's metadata that the plugin needs",
                    ),
                    AddressKind::Unusable => {
                        "check the name's records: nothing can be reached there".to_owned()
                    }
                    AddressKind::Public | AddressKind::Private => {
                        grant("private-addresses", "a server of your own network")
                    }
                });
            }
            Self::BeyondBound { .. } => {
                "check the name's records: without TLS it may lead to this machine, or to \
                 link-local addresses where they are granted"
            }
            Self::Url(_)
            | Self::Method
            | Self::Header
            | Self::HeadersTooLarge { .. }
            | Self::RequestTooLarge { .. }
            | Self::ReservedHeader { .. }
            | Self::ReservedParameter { .. }
            | Self::TooManyRequests { .. } => "this is a mistake in the plugin; tell its author",
            Self::CredentialEchoed { .. } => {
                "the plugin must not see the credential; ask the server's operator why it sends \
                 it back, and whether `allow.http` names the right server"
            }
            Self::Resolve { .. } => "check the name, and the DNS of this machine",
            Self::Connect { .. } => {
                "check that the server runs and that a firewall lets it through"
            }
            Self::Certificate { fault, .. } => match fault {
                CertificateFault::Issuer => {
                    "install the authority's certificate in the system, or name its file"
                }
                CertificateFault::Early => "check this machine's clock",
                CertificateFault::Name | CertificateFault::Expired | CertificateFault::Other => {
                    "the server needs another certificate"
                }
            },
            Self::Tls { .. } => "check the port, and that the server speaks TLS 1.2 or 1.3",
            Self::NoAuthorities { .. } => {
                "install the package `ca-certificates`, or set `SSL_CERT_FILE`"
            }
            Self::Timeout { .. } | Self::Broken { .. } => "check the server and the network",
            Self::ResponseTooLarge { .. } | Self::ResponseHeadersTooLarge { .. } => {
                "check that `allow.http` names the right server"
            }
            Self::CallTooLarge { .. } => "let the plugin fetch fewer secrets, or smaller ones",
            Self::Encoded { .. } => "the server must honour `accept-encoding: identity`",
        };
        Some(hint.to_owned())
    }

    fn nature(&self) -> Nature {
        match self.class() {
            ErrorClass::Denied => Nature::Denied,
            ErrorClass::Unreachable | ErrorClass::Timeout => Nature::Outage { retry_after: None },
            ErrorClass::Invalid | ErrorClass::TooLarge | ErrorClass::Broken => Nature::Fault,
        }
    }
}
