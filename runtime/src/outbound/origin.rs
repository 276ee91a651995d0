//! Scheme, host and port: what a grant names, and what a request is held against.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a request goes, in one spelling: `https://api.example.com` and
/// `https://API.example.com:443/` are the same origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HttpOrigin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// The schemes that a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// Its name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL need not name.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It begins with neither `https://` nor `http://`.
    #[error("has no scheme `https` or `http`")]
    Scheme,
    /// It has a user, a password, a path, a query or a fragment.
    #[error("has more than scheme, host and port")]
    More,
    /// The host is no name and no address.
    #[error("has a host that is neither a name nor an address")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
}

impl HttpOrigin {
    /// Reads `scheme://host[:port]`, with a `/` at the end at most. No wildcard: a grant
    /// names exactly one origin.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (scheme, authority) = split_scheme(text)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(OriginError::More);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(port) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(OriginError::Port)?,
            Some(_) => return Err(OriginError::Port),
        };
        let host = canonical_host(host)?;
        Ok(Self { scheme, host, port })
    }

    /// The origin of a URL, whatever its path and query. A URL with a user or password is
    /// refused: credentials are the host's business.
    ///
    /// # Errors
    /// When `url` is no URL of these schemes.
    pub fn of_url(url: &str) -> Result<Self, OriginError> {
        let (_, rest) = split_scheme(url)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        Self::parse(&url[..url.len() - rest.len() + end])
    }

    /// With TLS or without.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// A name in lower case, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, named or not.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The host, if it is an address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.trim_matches(['[', ']']).parse().ok()
    }

    /// Whether the host is this machine by its name or address, so that what is sent leaves it
    /// on no network.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.address().is_some_and(|address| address.is_loopback())
    }
}

impl fmt::Display for HttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), OriginError> {
    let (scheme, rest) = text.split_once("://").ok_or(OriginError::Scheme)?;
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok((Scheme::Https, rest)),
        "http" => Ok((Scheme::Http, rest)),
        _ => Err(OriginError::Scheme),
    }
}

/// Host and port; the colons of an IPv6 address stand in brackets.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    let Some(rest) = authority.strip_prefix('[') else {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    };
    let end = rest.find(']').ok_or(OriginError::Host)?;
    let host = &authority[..end + 2];
    match &rest[end + 1..] {
        "" => Ok((host, None)),
        port => Ok((host, Some(port.strip_prefix(':').ok_or(OriginError::Host)?))),
    }
}

/// One spelling for each host, so that equal texts mean equal hosts.
fn canonical_host(host: &str) -> Result<String, OriginError> {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let address: Ipv6Addr = address.parse().map_err(|_| OriginError::Host)?;
        return Ok(format!("[{address}]"));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(address.to_string());
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // A last label of digits alone is another spelling of an address to some resolvers
    // (`127.1`, `0x7f.1`, `2130706433`), and no name in DNS.
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if name.len() > 253 || numeric || !name.split('.').all(is_label) {
        return Err(OriginError::Host);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, spelling) in [
            ("https://api.example.com", "https://api.example.com"),
            ("HTTPS://API.Example.com:443/", "https://api.example.com"),
            ("https://api.example.com.", "https://api.example.com"),
            ("http://localhost:8500", "http://localhost:8500"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://[0:0::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(
                HttpOrigin::parse(text).unwrap().to_string(),
                spelling,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        use OriginError::{Host, More, Port, Scheme};
        for (text, error) in [
            ("api.example.com", Scheme),
            ("ftp://api.example.com", Scheme),
            ("https://api.example.com/v1", More),
            ("https://user@api.example.com", More),
            ("https://api.example.com?a=b", More),
            ("https://a\\b", More),
            ("https://", Host),
            ("https://*.example.com", Host),
            ("https://exa mple.com", Host),
            ("https://2130706433", Host),
            ("https://127.1", Host),
            ("https://0x7f.1", Host),
            ("https://0x7f000001", Host),
            ("https://[::1", Host),
            ("https://[::1]x", Host),
            ("https://[fe80::1%25eth0]", Host),
            ("https://a:0", Port),
            ("https://a:65536", Port),
            ("https://a:", Port),
            ("https://a:+1", Port),
        ] {
            assert_eq!(HttpOrigin::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_origin_of_a_url_is_before_its_path() {
        let of = |url| HttpOrigin::of_url(url).map(|origin| origin.to_string());
        assert_eq!(of("https://a.b/c?d#e"), Ok("https://a.b".to_owned()));
        assert_eq!(of("http://a.b:8080?d"), Ok("http://a.b:8080".to_owned()));
        assert_eq!(of("https://a.b@evil.example/"), Err(OriginError::More));
        assert_eq!(
            of("https://a.b\\@evil.example/"),
            Ok("https://a.b".to_owned())
        );
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://db.localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(
                HttpOrigin::parse(text).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
    }
}
