//! A login at one registry, and the header that it becomes.

use bytes::Bytes;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use crate::outbound::{HttpOrigin, base64};
use crate::secret::SecretValue;

use super::address::registry_origin;
use super::error::OciError;

/// User and password, and the registry that they are for. No other is sent them, whatever a
/// manifest names.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// With TLS: how it is spoken to is no matter of whose login it is.
    registry: HttpOrigin,
    user: SecretValue,
    password: SecretValue,
}

impl Credentials {
    /// A login for `registry`, a `host` or `host:port`. User and password are taken as they are.
    ///
    /// # Errors
    /// When the registry is none, or the user has a colon: in HTTP, the password would begin
    /// there.
    pub fn new(registry: &str, user: SecretValue, password: SecretValue) -> Result<Self, OciError> {
        let registry = registry_origin(registry, true).map_err(|_| OciError::LoginRegistry)?;
        if user.expose().contains(&b':') {
            return Err(OciError::Credentials);
        }
        Ok(Self {
            registry,
            user,
            password,
        })
    }

    /// Whether they are for this registry.
    pub(super) fn are_for(&self, registry: &str) -> bool {
        registry_origin(registry, true).is_ok_and(|origin| origin == self.registry)
    }

    /// The header for a server that wants user and password.
    pub(super) fn basic(&self) -> HeaderValue {
        let (user, password) = (self.user.expose(), self.password.expose());
        let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
        pair.extend_from_slice(user);
        pair.push(b':');
        pair.extend_from_slice(password);
        authorization(b"Basic ", &base64::encode(&pair)).expect("base64 may stand in a header")
    }

    /// The header for a server that wants a token; `None` if no token looks like this.
    pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
        let is_visible = |byte: u8| byte.is_ascii_graphic();
        let good = !token.is_empty() && token.bytes().all(is_visible);
        good.then(|| authorization(b"Bearer ", token.as_bytes()))?
    }
}

/// A header that is wiped when the last request that has it is gone, and that no debug print
/// shows.
fn authorization(scheme: &[u8], credential: &[u8]) -> Option<HeaderValue> {
    let mut text = Zeroizing::new(Vec::with_capacity(scheme.len() + credential.len()));
    text.extend_from_slice(scheme);
    text.extend_from_slice(credential);
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn credentials(user: &str, password: &str) -> Result<Credentials, OciError> {
        let value = |text: &str| SecretValue::copy_of(text.as_bytes());
        Credentials::new("registry.example.com:5000", value(user), value(password))
    }

    #[test]
    fn a_login_is_for_one_registry() {
        let credentials = credentials("dummy-user", "dummy-password").unwrap();
        for (registry, own) in [
            ("registry.example.com:5000", true),
            ("Registry.Example.Com:5000", true),
            ("registry.example.com", false),
            ("registry.example.com:5001", false),
            ("other.example.com:5000", false),
            ("example.com:5000", false),
            ("registry.example.com:5000/team", false),
            ("", false),
        ] {
            assert_eq!(credentials.are_for(registry), own, "{registry}");
        }
    }

    #[test]
    fn a_login_for_no_registry_is_refused() {
        let value = || SecretValue::copy_of(b"dummy");
        for registry in [
            "",
            "https://registry.example.com",
            "registry.example.com/team",
            "*",
        ] {
            let refused = Credentials::new(registry, value(), value());
            assert_eq!(refused.err(), Some(OciError::LoginRegistry), "{registry}");
        }
    }

    #[test]
    fn a_login_becomes_a_header_that_debug_does_not_show() {
        let credentials = credentials("dummy-user", "dummy-password").unwrap();
        let header = credentials.basic();
        assert_eq!(header, "Basic ZHVtbXktdXNlcjpkdW1teS1wYXNzd29yZA==");
        let shown = format!("{credentials:?} {header:?}");
        assert!(
            !shown.contains("dummy") && !shown.contains("ZHV"),
            "{shown}"
        );
    }

    #[test]
    fn a_user_with_a_colon_is_refused() {
        let refused = credentials("dummy:user", "dummy-password");
        assert_eq!(refused.err(), Some(OciError::Credentials));
    }

    #[test]
    fn what_could_end_the_header_is_no_token() {
        assert_eq!(
            Credentials::bearer("dummy-token").unwrap(),
            "Bearer dummy-token"
        );
        for token in ["", "dummy token", "dummy\r\nx: y", "dummy\0", "dümmy"] {
            assert_eq!(Credentials::bearer(token), None, "{token:?}");
        }
    }
}
