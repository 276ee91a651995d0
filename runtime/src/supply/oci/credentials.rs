//! A login at a registry, and the header that it becomes.

use bytes::Bytes;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use crate::secret::SecretValue;

use super::error::OciError;

/// User and password.
#[derive(Debug, Clone)]
pub struct Credentials {
    user: SecretValue,
    password: SecretValue,
}

impl Credentials {
    /// Takes both as they are.
    ///
    /// # Errors
    /// When the user has a colon: in HTTP, the password would begin there.
    pub fn new(user: SecretValue, password: SecretValue) -> Result<Self, OciError> {
        if user.expose().contains(&b':') {
            return Err(OciError::Credentials);
        }
        Ok(Self { user, password })
    }

    /// The header for a server that wants user and password.
    pub(super) fn basic(&self) -> HeaderValue {
        let (user, password) = (self.user.expose(), self.password.expose());
        let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
        pair.extend_from_slice(user);
        pair.push(b':');
        pair.extend_from_slice(password);
        authorization(b"Basic ", &base64(&pair)).expect("base64 may stand in a header")
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

/// Base64 with padding, into memory that is wiped.
fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len().div_ceil(3) * 4));
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            // Each byte of the chunk reaches one character further.
            let character = if position <= chunk.len() {
                ALPHABET[(bits >> (18 - 6 * position) & 63) as usize]
            } else {
                b'='
            };
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn credentials(user: &str, password: &str) -> Result<Credentials, OciError> {
        let value = |text: &str| SecretValue::copy_of(text.as_bytes());
        Credentials::new(value(user), value(password))
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(*base64(bytes.as_bytes()), text.as_bytes(), "{bytes}");
        }
        assert_eq!(*base64(b"\xfb\xff\xbf"), b"+/+/");
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
