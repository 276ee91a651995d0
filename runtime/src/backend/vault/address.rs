//! Where Vault is.

use std::fmt;
use std::path::PathBuf;

use super::VaultError;
use crate::outbound::{HttpOrigin, Scheme};

/// An origin, or the socket of an agent on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Origin(HttpOrigin),
    Socket(PathBuf),
}

impl Address {
    /// Reads `https://host:port`, `http://host:port` or `unix:///path`.
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        let bad = |reason: String| VaultError::BadAddress { reason };
        let Some(path) = text.strip_prefix("unix://") else {
            let origin = HttpOrigin::parse(text);
            return origin
                .map(Self::Origin)
                .map_err(|error| bad(error.to_string()));
        };
        let path = PathBuf::from(path);
        if path.is_absolute() {
            Ok(Self::Socket(path))
        } else {
            Err(bad("names a socket without its whole path".into()))
        }
    }

    /// Whether what is sent there is encrypted, or stays on this machine.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Origin(origin) => origin.scheme() == Scheme::Https || origin.is_loopback(),
            Self::Socket(_) => true,
        }
    }

    /// Whether it is that of an agent on this machine.
    pub(super) fn is_socket(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    /// What URLs begin with. That of a socket is never looked up.
    pub(super) fn base(&self) -> String {
        match self {
            Self::Origin(origin) => origin.to_string(),
            Self::Socket(_) => "http://localhost".into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => origin.fmt(f),
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn plain_text_is_private_on_this_machine_alone() {
        for (text, private) in [
            ("https://vault.example.com:8200/", true),
            ("http://127.0.0.1:8200", true),
            ("http://localhost:8100", true),
            ("unix:///run/agent.sock", true),
            ("http://vault.example.com", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(
                Address::parse(text).unwrap().is_private(),
                private,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "vault:8200",
            "https://",
            "unix://agent.sock",
            "https://a/v1",
            "https://u@a",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
