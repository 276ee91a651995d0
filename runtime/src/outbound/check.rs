//! What a request must be before anything is done for it. Pure.
//!
//! A header or parameter that the plugin may not set is no mistake to be mended but an attempt:
//! it is refused, never left out.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use percent_encoding::percent_decode;

use super::credential::HostCredential;
use super::error::OutboundError;
use super::fault::UrlFault;
use super::limits::OutboundLimits;
use super::origin::HttpOrigin;

/// The longest URL that is sent; what common servers take at most.
pub(super) const URL_BYTES: usize = 8192;

/// What is reserved for the credentials of an origin.
pub(super) struct Reserved {
    headers: BTreeSet<String>,
    parameters: BTreeSet<String>,
}

impl Reserved {
    pub(super) fn of<'a>(credentials: impl Iterator<Item = &'a HostCredential>) -> Self {
        let mut reserved = Self {
            headers: BTreeSet::new(),
            parameters: BTreeSet::new(),
        };
        for credential in credentials {
            // A server that takes a key in a header may take one in `authorization` as well.
            reserved.headers.insert(AUTHORIZATION.as_str().to_owned());
            reserved.headers.extend(credential.header());
            let parameter = credential.parameter().map(str::to_ascii_lowercase);
            reserved.parameters.extend(parameter);
        }
        reserved
    }

    /// Whether credentials travel in the header `name`, which is in lower case.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.contains(name)
    }
}

/// The headers that the host sets itself: where the request goes, how it is framed, how the
/// answer is encoded. `range` would let a plugin read a credential that is echoed in parts.
pub(super) fn is_of_the_host(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "if-range",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.contains(&name) || name.starts_with("proxy-")
}

/// A method that is sent. `LIST` is one of Vault's. `CONNECT` would make a tunnel, and `TRACE`
/// answers with the request.
pub(super) fn method(name: &str) -> Result<Method, OutboundError> {
    const NAMES: [&str; 8] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LIST",
    ];
    if !NAMES.contains(&name) {
        return Err(OutboundError::Method);
    }
    Method::from_bytes(name.as_bytes()).map_err(|_| OutboundError::Method)
}

/// The origin of a URL, and its path and query without a fragment.
pub(super) fn url(url: &str) -> Result<(HttpOrigin, &str), OutboundError> {
    if url.len() > URL_BYTES {
        return Err(OutboundError::Url(UrlFault::Long));
    }
    let is_fit = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
            )
    };
    let is_encoded = |part: &str| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !url.bytes().all(is_fit) || !url.split('%').skip(1).all(is_encoded) {
        return Err(OutboundError::Url(UrlFault::Characters));
    }
    let url = url.split('#').next().unwrap_or_default();
    let origin = HttpOrigin::of_url(url).map_err(|_| OutboundError::Url(UrlFault::Origin))?;
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find(['/', '?']).map_or("", |start| &rest[start..]);
    Ok((origin, path))
}

/// The headers to send, if the plugin may set all of them.
pub(super) fn headers(
    headers: &[(String, String)],
    reserved: &Reserved,
    limits: &OutboundLimits,
) -> Result<HeaderMap, OutboundError> {
    let bytes = |(name, value): &(String, String)| name.len() + value.len();
    if headers.len() > limits.headers
        || headers.iter().map(bytes).sum::<usize>() > limits.header_bytes
    {
        return Err(OutboundError::HeadersTooLarge {
            count: limits.headers,
            bytes: limits.header_bytes,
        });
    }
    let mut checked = HeaderMap::with_capacity(headers.len() + 3);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| OutboundError::Header)?;
        if is_of_the_host(name.as_str()) || reserved.has_header(name.as_str()) {
            return Err(OutboundError::ReservedHeader {
                name: name.as_str().to_owned(),
            });
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| OutboundError::Header)?;
        checked.append(name, value);
    }
    Ok(checked)
}

/// Whether the query of `path` sets no parameter that a credential uses. Names are compared
/// without case, and `;` separates as well as `&`, since some servers read them so.
pub(super) fn parameters(path: &str, reserved: &Reserved) -> Result<(), OutboundError> {
    let Some((_, query)) = path.split_once('?') else {
        return Ok(());
    };
    for part in query.split(['&', ';']) {
        let name = part.split('=').next().unwrap_or_default().replace('+', " ");
        let name = percent_decode(name.as_bytes()).decode_utf8_lossy();
        let name = name.trim().to_ascii_lowercase();
        if reserved.parameters.contains(&name) {
            return Err(OutboundError::ReservedParameter { name });
        }
    }
    Ok(())
}
