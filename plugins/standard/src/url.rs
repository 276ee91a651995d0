//! URLs with an authority, taken apart as RFC 3986 says.
//!
//! A general URL crate normalises before one can look, brings the tables for international names,
//! and refuses the lists of hosts that database drivers take. This one only splits.

use percent_encoding::percent_decode_str;
use secret_run_sdk::violations;

use crate::host;
use crate::text::{self, Blemish};

violations! {
    /// What is wrong with a URL of any scheme.
    pub(crate) enum UrlViolation: Blemish {
        NoScheme => "no-scheme",
            "does not begin with a scheme and `://`",
            "Write the whole URL, with the scheme in front, as in `scheme://host`.";
        Space => "space",
            "has white space or control characters inside",
            "Write `%20` for a space in a URL.";
        Unencoded => "unencoded",
            "has a character in its user name or password that must be percent-encoded",
            "Encode it: `@` is `%40`, `/` is `%2F`, `:` is `%3A`, `#` is `%23`, `%` is `%25`.";
        NoHost => "no-host",
            "names no host",
            "Put the host behind `://`, or behind the `@` that ends the password.";
        InvalidHost => "invalid-host",
            "names a host that is neither a valid name nor an IP address",
            "Check the part between `@` (or `://`) and the next `/`. IPv6 stands in brackets.";
        InvalidPort => "invalid-port",
            "has a port that is not a number from 1 to 65535",
            "Check the number behind the host. A `:` in a password must be written as `%3A`.";
    }
}

/// A URL in its parts, all as they stand in the text.
#[derive(Debug)]
pub(crate) struct Url<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
    /// One host, or several with `,` between them; each perhaps with `:` and a port.
    pub(crate) hosts: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

impl<'a> Url<'a> {
    /// Splits a URL and checks what does not depend on the scheme.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Self, UrlViolation> {
        let text = text::line(value)?;
        let (scheme, rest) = text.split_once("://").ok_or(UrlViolation::NoScheme)?;
        if !is_scheme(scheme) {
            return Err(UrlViolation::NoScheme);
        }
        if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(UrlViolation::Space);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        if credentials.is_some_and(|credentials| !is_encoded(credentials)) {
            return Err(UrlViolation::Unencoded);
        }
        let (user, password) = match credentials.map(|both| both.split_once(':').ok_or(both)) {
            Some(Ok((user, password))) => (Some(user), Some(password)),
            Some(Err(user)) => (Some(user), None),
            None => (None, None),
        };
        check_hosts(hosts, rest)?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            scheme,
            user,
            password,
            hosts,
            path,
            query,
        })
    }

    /// Whether the scheme is one of these.
    pub(crate) fn has_scheme(&self, schemes: &[&str]) -> bool {
        schemes
            .iter()
            .any(|scheme| self.scheme.eq_ignore_ascii_case(scheme))
    }

    /// Whether the query has a parameter of this name, in any spelling, with one of these values.
    pub(crate) fn query_has(&self, name: &str, values: &[&str]) -> bool {
        self.parameters().any(|(key, value)| {
            let key: String = key.chars().filter(|c| !matches!(c, '-' | '_')).collect();
            let is_value = |allowed: &&str| allowed.eq_ignore_ascii_case(&value.replace('_', "-"));
            key.eq_ignore_ascii_case(name) && values.iter().any(is_value)
        })
    }

    /// The parameters of the query.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The password, from where most clients take it, or from the query.
    pub(crate) fn any_password(&self) -> Option<&'a str> {
        let in_query = || self.parameters().find(|(key, _)| *key == "password");
        self.password
            .or_else(|| in_query().map(|(_, password)| password))
    }
}

/// Decodes `%40` and the like. What decodes to no text stays visible as such.
pub(crate) fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// A scheme; also two, as in `jdbc:postgresql`, so that the rules can say what is wrong with it.
fn is_scheme(scheme: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(inside)
}

/// Whether all characters are such as may stand in front of `@`.
fn is_encoded(credentials: &str) -> bool {
    let bytes = credentials.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes
            .get(at + 1..at + 3)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte),
    })
}

fn check_hosts(hosts: &str, rest: &str) -> Result<(), UrlViolation> {
    for one in hosts.split(',').filter(|one| !one.is_empty()) {
        let (host, port) = match one.rsplit_once(':') {
            // In `[::1]` the last `:` is a part of the address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (one, None),
        };
        let port_is_wrong = port.is_some_and(|port| !host::is_port(port));
        if port_is_wrong && rest.contains('@') {
            // `user:half/other-half@host`: what looks like a port is half of the password.
            return Err(UrlViolation::Unencoded);
        }
        if host.is_empty() {
            return Err(UrlViolation::NoHost);
        }
        // A socket's path may stand for the host, encoded.
        let is_socket = host.starts_with("%2F") || host.starts_with("%2f");
        if !is_socket && !host::is_url_host(host) {
            return Err(UrlViolation::InvalidHost);
        }
        if port_is_wrong {
            return Err(UrlViolation::InvalidPort);
        }
    }
    Ok(())
}
