//! Credentials that the host adds to requests, so that the plugin need not have them.
//!
//! A credential goes to the one origin that it stands beside. Its checks are made when the gate
//! is made; a credential that could not be sent as it is never gets to a request.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use super::address::Reach;
use super::base64;
use super::check;
use super::error::OutboundError;
use super::fault::CredentialFault;
use super::origin::HttpOrigin;
use crate::secret::SecretValue;

/// An origin that a plugin may send requests to.
#[derive(Debug, Clone)]
pub struct GrantedOrigin {
    /// Exactly this one.
    pub origin: HttpOrigin,
    /// Which addresses its name may stand for.
    pub reach: Reach,
    /// What the host adds to each request to it.
    pub credentials: Vec<HostCredential>,
}

/// What the host adds to a request.
#[derive(Clone)]
pub enum HostCredential {
    /// A header whose whole value it is.
    Header {
        /// The header.
        name: String,
        /// Its value, with a scheme such as `Bearer` if there is one.
        value: SecretValue,
    },
    /// `authorization: Bearer ...`
    Bearer(SecretValue),
    /// `authorization: Basic ...`
    Basic {
        /// Before the colon. It counts as secret only when the password is empty.
        username: SecretValue,
        /// After the colon.
        password: SecretValue,
    },
    /// A parameter of the query.
    Query {
        /// The parameter.
        name: String,
        /// Its value, not yet encoded.
        value: SecretValue,
    },
}

impl fmt::Debug for HostCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header { .. } => "Header(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::Basic { .. } => "Basic(..)",
            Self::Query { .. } => "Query(..)",
        })
    }
}

/// What needs no encoding in a query: the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl HostCredential {
    /// The header that it is sent in, in lower case.
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::Header { name, .. } => Some(name.to_ascii_lowercase()),
            Self::Bearer(_) | Self::Basic { .. } => Some(AUTHORIZATION.as_str().to_owned()),
            Self::Query { .. } => None,
        }
    }

    /// The query parameter that it is sent in.
    pub(super) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Query { name, .. } => Some(name),
            Self::Header { .. } | Self::Bearer(_) | Self::Basic { .. } => None,
        }
    }

    /// Whether it can be sent as it is.
    pub(super) fn check(&self) -> Result<(), CredentialFault> {
        let (parts, must): (&[&SecretValue], &SecretValue) = match self {
            Self::Header { name, value } => {
                let name = HeaderName::from_bytes(name.as_bytes());
                let is_own = |name: &HeaderName| check::is_of_the_host(name.as_str());
                if name.as_ref().map_or(true, is_own) {
                    return Err(CredentialFault::Name);
                }
                (&[value], value)
            }
            Self::Query { name, value } => {
                if name.is_empty() || name.chars().any(char::is_control) {
                    return Err(CredentialFault::Name);
                }
                (&[value], value)
            }
            Self::Bearer(token) => (&[token], token),
            Self::Basic { username, password } => {
                if username.expose().contains(&b':') {
                    return Err(CredentialFault::Colon);
                }
                let must = if password.expose().is_empty() {
                    username
                } else {
                    password
                };
                (&[username, password], must)
            }
        };
        if must.expose().trim_ascii().is_empty() {
            return Err(CredentialFault::Empty);
        }
        let is_control = |byte: &u8| byte.is_ascii_control();
        if parts
            .iter()
            .any(|part| part.expose().iter().any(is_control))
        {
            return Err(CredentialFault::Control);
        }
        Ok(())
    }

    /// Puts it where the server looks for it. `url` is the whole URL.
    pub(super) fn add(
        &self,
        origin: &HttpOrigin,
        headers: &mut HeaderMap,
        url: &mut Zeroizing<String>,
    ) -> Result<(), OutboundError> {
        let unfit = |fault| OutboundError::Credential {
            origin: origin.clone(),
            fault,
        };
        let (name, value) = match self {
            Self::Header { name, value } => (
                HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| unfit(CredentialFault::Name))?,
                Zeroizing::new(value.expose().to_vec()),
            ),
            Self::Bearer(token) => (AUTHORIZATION, joined(b"Bearer ", token.expose())),
            Self::Basic { username, password } => {
                let pair = pair(username, password);
                (AUTHORIZATION, joined(b"Basic ", &base64::encode(&pair)))
            }
            Self::Query { name, value } => {
                let separator = if url.contains('?') { '&' } else { '?' };
                url.push(separator);
                url.extend(percent_encode(name.as_bytes(), QUERY));
                url.push('=');
                url.extend(percent_encode(value.expose(), QUERY));
                return Ok(());
            }
        };
        let mut value =
            HeaderValue::from_bytes(&value).map_err(|_| unfit(CredentialFault::Control))?;
        // Kept out of `Debug`, and out of the table that HTTP/2 compresses headers with.
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }
}

/// What basic authentication encodes.
pub(super) fn pair(username: &SecretValue, password: &SecretValue) -> Zeroizing<Vec<u8>> {
    let (username, password) = (username.expose(), password.expose());
    let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
    pair.extend_from_slice(username);
    pair.push(b':');
    pair.extend_from_slice(password);
    pair
}

fn joined(scheme: &[u8], value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut joined = Zeroizing::new(Vec::with_capacity(scheme.len() + value.len()));
    joined.extend_from_slice(scheme);
    joined.extend_from_slice(value);
    joined
}
