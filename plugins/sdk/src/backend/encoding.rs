//! Texts within URLs, and base64.

use base64ct::{Base64, Encoding};

use super::Error;

/// A reference's path as one segment of a URL's path: a `/` in it is encoded.
///
/// # Errors
/// [`Error::InvalidReference`] when the text is empty, `.` or `..`. Whoever reads the URL would
/// take the last two for steps to another folder, even when they are encoded.
///
/// ```
/// use secret_run_sdk::encoding::segment;
///
/// assert_eq!(segment("a/b c").as_deref(), Ok("a%2Fb%20c"));
/// assert!(segment("..").is_err());
/// ```
pub fn segment(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Err(Error::invalid_reference("a part of the path is empty"));
    }
    refuse_steps(text)?;
    Ok(query(text))
}

/// A reference's path as segments of a URL's path: each `/` stays.
///
/// # Errors
/// [`Error::InvalidReference`] when the path is empty, or a segment is `.` or `..`.
pub fn path(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Err(Error::invalid_reference("the path is empty"));
    }
    text.split('/').try_for_each(refuse_steps)?;
    Ok(encode(text, |byte| byte == b'/'))
}

/// A name or value of a query or of a form: everything but letters, digits and `-._~` is encoded.
pub fn query(text: &str) -> String {
    encode(text, |_| false)
}

/// The address in a setting, without a `/` at its end, so that a path can follow.
pub fn base_url(address: &str) -> &str {
    address.trim_end_matches('/')
}

/// Bytes from base64 with padding; none if the text is anything else.
///
/// ```
/// use secret_run_sdk::encoding::base64_decode;
///
/// assert_eq!(base64_decode("ZHVtbXk=").as_deref(), Some("dummy".as_bytes()));
/// assert_eq!(base64_decode("ZHVtbXk"), None);
/// ```
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Base64 with padding.
pub fn base64_encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

fn refuse_steps(segment: &str) -> Result<(), Error> {
    if segment == "." || segment == ".." {
        return Err(Error::invalid_reference(
            "a part of the path is `.` or `..`",
        ));
    }
    Ok(())
}

fn encode(text: &str, keep: impl Fn(u8) -> bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}
