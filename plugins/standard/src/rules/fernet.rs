//! `fernet-key`.

use base64ct::{Base64UrlUnpadded, Encoding};
use secret_run_sdk::{Parameters, Validator, violations};

use crate::rules::encoding::{needed_padding, split_padding};
use crate::text::{self, Blemish};

/// 16 bytes to sign and 16 to encrypt.
const KEY_BYTES: usize = 32;

violations! {
    /// What is wrong with a Fernet key.
    pub(crate) enum FernetViolation: Blemish {
        Token => "token",
            "is a Fernet token, which is encrypted with a key, and not a key",
            "Use the key that the token was made with.";
        StandardAlphabet => "standard-alphabet",
            "is standard base64 (with `+` or `/`), not base64url (with `-` or `_`)",
            "Replace `+` by `-` and `/` by `_`.";
        NotBase64Url => "not-base64url",
            "is not valid base64url",
            "Copy the whole key, without anything around it.";
        NoPadding => "no-padding",
            "does not end with `=`, which Fernet keys do",
            "Copy the whole key, with the `=` at its end.";
        WrongSize => "wrong-size",
            "does not decode to 32 bytes",
            "Generate a key with `Fernet.generate_key()`; a password is no key.";
    }
}

/// A key for Fernet: 32 bytes in base64url, with padding.
pub(crate) struct FernetKey;

impl Validator for FernetKey {
    const NAME: &'static str = "fernet-key";
    const SUMMARY: &'static str = "A Fernet key: 32 bytes in base64url, with padding.";
    type Violation = FernetViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), FernetViolation> {
        let text = text::line(value)?;
        if text.starts_with("gAAAA") {
            return Err(FernetViolation::Token);
        }
        if text.contains(['+', '/']) {
            return Err(FernetViolation::StandardAlphabet);
        }
        let (digits, padding) = split_padding(text);
        let bytes =
            Base64UrlUnpadded::decode_vec(digits).map_err(|_| FernetViolation::NotBase64Url)?;
        if bytes.len() != KEY_BYTES {
            return Err(FernetViolation::WrongSize);
        }
        if padding != needed_padding(digits) {
            return Err(FernetViolation::NoPadding);
        }
        Ok(())
    }
}
