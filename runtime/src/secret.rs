//! The type that holds a value.
//!
//! A [`SecretValue`] is wiped when it is dropped. It has no `Display`, no
//! `Serialize`, no `PartialEq`, and its `Debug` shows nothing of the content, not
//! even the length. Whoever needs the bytes writes `expose`, which a reader can
//! search for.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};
use serde::de::{Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

/// Bytes of a secret, or of configuration that travels the same way.
///
/// Any bytes: several lines, any encoding, even none.
#[derive(Clone)]
pub struct SecretValue(SecretSlice<u8>);

impl SecretValue {
    /// Takes the bytes over. A vector with spare capacity is moved into one of exact
    /// size, and the old one is wiped.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(SecretSlice::from(bytes));
        }
        let exact = bytes.as_slice().to_vec();
        zeroize::Zeroize::zeroize(&mut bytes);
        Self(SecretSlice::from(exact))
    }

    /// Copies the bytes; the caller's copy stays the caller's to wipe.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(SecretSlice::from(bytes.to_vec()))
    }

    /// The bytes, in the open. Keep the borrow short and copy nothing out of it that
    /// is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretValue {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self::new(std::mem::take(&mut *bytes))
    }
}

/// Any bytes, of who hands some out: a text or a string of JSON, too.
impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = SecretValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<SecretValue, E> {
        Ok(SecretValue::copy_of(bytes))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<SecretValue, E> {
        Ok(SecretValue::new(bytes))
    }

    fn visit_str<E>(self, text: &str) -> Result<SecretValue, E> {
        Ok(SecretValue::copy_of(text.as_bytes()))
    }

    fn visit_string<E>(self, text: String) -> Result<SecretValue, E> {
        Ok(SecretValue::new(text.into_bytes()))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_content_nor_length() {
        let short = format!("{:?}", SecretValue::new(b"a".to_vec()));
        let long = format!("{:#?}", SecretValue::new(vec![b'x'; 4096]));
        assert_eq!(short, "SecretValue(..)");
        assert_eq!(short, long);
    }

    #[test]
    fn bytes_come_back_as_they_went_in() {
        let mut roomy = Vec::with_capacity(64);
        roomy.extend_from_slice(b"two\nlines\0\xff");
        assert_eq!(SecretValue::new(roomy).expose(), b"two\nlines\0\xff");
    }
}
