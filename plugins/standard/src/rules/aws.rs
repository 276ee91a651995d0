//! `aws-access-key-id` and `aws-secret-access-key`.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Blemish};

const ID_LENGTH: usize = 20;
const SECRET_LENGTH: usize = 40;
/// Prefixes of identifiers of other things than access keys.
const OTHER_IDENTIFIERS: [&str; 9] = [
    "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "AROA", "ABIA", "ACCA", "ASCA",
];

violations! {
    /// What is wrong with the identifier of an access key.
    pub(crate) enum AccessKeyIdViolation: Blemish {
        SecretKey => "secret-key",
            "looks like a secret access key, not like the identifier of one",
            "Swap the two; the identifier has 20 characters and begins with `AKIA` or `ASIA`.";
        OtherIdentifier => "other-identifier",
            "identifies a user, a role or something else, not an access key",
            "Copy the access key's identifier, which begins with `AKIA` or `ASIA`.";
        NotAccessKey => "not-access-key",
            "does not begin with `AKIA` or `ASIA`",
            "Copy the whole identifier of the access key.";
        WrongLength => "wrong-length",
            "does not have 20 characters",
            "Copy the whole identifier of the access key.";
        InvalidCharacter => "invalid-character",
            "has characters other than A-Z and 0-9",
            "Copy the identifier only, without what stands around it.";
    }
}

/// The identifier of an access key of AWS, long-lived (`AKIA`) or temporary (`ASIA`).
pub(crate) struct AwsAccessKeyId;

impl Validator for AwsAccessKeyId {
    const NAME: &'static str = "aws-access-key-id";
    const SUMMARY: &'static str = "The identifier (`AKIA` or `ASIA`) of an AWS access key.";
    type Violation = AccessKeyIdViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), AccessKeyIdViolation> {
        let text = text::line(value)?;
        if is_secret(text) {
            return Err(AccessKeyIdViolation::SecretKey);
        }
        if OTHER_IDENTIFIERS
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            return Err(AccessKeyIdViolation::OtherIdentifier);
        }
        if !is_key_id(text) {
            return Err(AccessKeyIdViolation::NotAccessKey);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Err(AccessKeyIdViolation::InvalidCharacter);
        }
        if text.len() != ID_LENGTH {
            return Err(AccessKeyIdViolation::WrongLength);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with a secret access key.
    pub(crate) enum SecretAccessKeyViolation: Blemish {
        KeyId => "key-id",
            "is the identifier of an access key, not its secret",
            "Swap the two; the secret has 40 characters.";
        WrongLength => "wrong-length",
            "does not have 40 characters",
            "Copy the whole secret access key. AWS shows it only once.";
        InvalidCharacter => "invalid-character",
            "has characters other than letters, digits, `+` and `/`",
            "Copy the secret only, without what stands around it.";
    }
}

/// A secret access key of AWS: 30 bytes in base64.
pub(crate) struct AwsSecretAccessKey;

impl Validator for AwsSecretAccessKey {
    const NAME: &'static str = "aws-secret-access-key";
    const SUMMARY: &'static str = "The secret of an AWS access key.";
    type Violation = SecretAccessKeyViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), SecretAccessKeyViolation> {
        let text = text::line(value)?;
        if is_key_id(text) && text.len() == ID_LENGTH {
            return Err(SecretAccessKeyViolation::KeyId);
        }
        if !text.bytes().all(is_base64_digit) {
            return Err(SecretAccessKeyViolation::InvalidCharacter);
        }
        if text.len() != SECRET_LENGTH {
            return Err(SecretAccessKeyViolation::WrongLength);
        }
        Ok(())
    }
}

fn is_key_id(text: &str) -> bool {
    text.starts_with("AKIA") || text.starts_with("ASIA")
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LENGTH && text.bytes().all(is_base64_digit)
}

fn is_base64_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/".contains(&byte)
}
