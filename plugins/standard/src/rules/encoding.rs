//! Bytes written as text: `base64`, `base64url`, `hex`.

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::size::{self, WrongSize};
use crate::text::{self, Blemish};

violations! {
    /// What is wrong with standard base64.
    pub(crate) enum Base64Violation: Blemish, WrongSize {
        LineBreaks => "line-breaks",
            "has white space or line breaks inside",
            "Write it on one line, for example with `base64 -w0`.";
        UrlAlphabet => "url-alphabet",
            "is base64url (with `-` or `_`), not standard base64 (with `+` or `/`)",
            "Encode with the standard alphabet, or use the rule `base64url`.";
        Padding => "padding",
            "does not end with the right number of `=`",
            "Copy the whole value; `=` fills standard base64 up to a multiple of four characters.";
        NotBase64 => "not-base64",
            "is not valid base64",
            "Copy the whole value, without anything around it.";
    }
}

/// Standard base64 (RFC 4648, section 4), with its padding and on one line: the form that every
/// decoder takes.
pub(crate) struct Base64;

impl Validator for Base64 {
    const NAME: &'static str = "base64";
    const SUMMARY: &'static str = "Standard base64 with padding, on one line.";
    const PARAMETERS: &'static [ParameterSpec] = &size::PARAMETERS;
    type Violation = Base64Violation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), Base64Violation> {
        let text = text::line(value)?;
        if text.contains(char::is_whitespace) {
            return Err(Base64Violation::LineBreaks);
        }
        if text.contains(['-', '_']) {
            return Err(Base64Violation::UrlAlphabet);
        }
        let (digits, padding) = split_padding(text);
        let bytes = Base64Unpadded::decode_vec(digits).map_err(|_| Base64Violation::NotBase64)?;
        if padding != needed_padding(digits) {
            return Err(Base64Violation::Padding);
        }
        Ok(size::check(parameters, bytes.len())?)
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), Base64Violation> {
        Ok(size::check_parameters(parameters)?)
    }
}

violations! {
    /// What is wrong with base64url.
    pub(crate) enum Base64UrlViolation: Blemish, WrongSize {
        LineBreaks => "line-breaks",
            "has white space or line breaks inside",
            "Write it on one line.";
        StandardAlphabet => "standard-alphabet",
            "is standard base64 (with `+` or `/`), not base64url (with `-` or `_`)",
            "Replace `+` by `-` and `/` by `_`, or use the rule `base64`.";
        Padding => "padding",
            "has a wrong number of `=` at its end",
            "Leave the `=` out, or fill up to a multiple of four characters.";
        NotBase64Url => "not-base64url",
            "is not valid base64url",
            "Copy the whole value, without anything around it.";
    }
}

/// base64url (RFC 4648, section 5), on one line. Its padding may be there or not: both are common.
pub(crate) struct Base64Url;

impl Validator for Base64Url {
    const NAME: &'static str = "base64url";
    const SUMMARY: &'static str = "base64url on one line, with or without padding.";
    const PARAMETERS: &'static [ParameterSpec] = &size::PARAMETERS;
    type Violation = Base64UrlViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), Base64UrlViolation> {
        let text = text::line(value)?;
        if text.contains(char::is_whitespace) {
            return Err(Base64UrlViolation::LineBreaks);
        }
        if text.contains(['+', '/']) {
            return Err(Base64UrlViolation::StandardAlphabet);
        }
        let (digits, padding) = split_padding(text);
        let bytes =
            Base64UrlUnpadded::decode_vec(digits).map_err(|_| Base64UrlViolation::NotBase64Url)?;
        if padding != 0 && padding != needed_padding(digits) {
            return Err(Base64UrlViolation::Padding);
        }
        Ok(size::check(parameters, bytes.len())?)
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), Base64UrlViolation> {
        Ok(size::check_parameters(parameters)?)
    }
}

/// The digits, and how many `=` follow them.
pub(crate) fn split_padding(text: &str) -> (&str, usize) {
    let digits = text.trim_end_matches('=');
    (digits, text.len() - digits.len())
}

/// How many `=` fill the digits up to groups of four.
pub(crate) fn needed_padding(digits: &str) -> usize {
    (4 - digits.len() % 4) % 4
}

violations! {
    /// What is wrong with hexadecimal digits.
    pub(crate) enum HexViolation: Blemish, WrongSize {
        Prefix => "prefix",
            "begins with `0x`",
            "Remove `0x`, or set `prefix` to \"allowed\".";
        NoPrefix => "no-prefix",
            "does not begin with `0x`",
            "Put `0x` in front.";
        NotHex => "not-hex",
            "has characters other than 0-9, a-f and A-F",
            "Copy the whole value, without separators and without anything around it.";
        OddLength => "odd-length",
            "has an odd number of digits",
            "Copy the whole value: each byte is two digits.";
    }
}

const PREFIX: Parameter<String> =
    Parameter::new("prefix", "Whether `0x` stands in front (forbidden).").choices(&[
        "forbidden",
        "allowed",
        "required",
    ]);

/// Two hexadecimal digits a byte, in either case or both.
pub(crate) struct Hex;

impl Validator for Hex {
    const NAME: &'static str = "hex";
    const SUMMARY: &'static str = "Hexadecimal digits, two a byte.";
    const PARAMETERS: &'static [ParameterSpec] =
        &[size::PARAMETERS[0], size::PARAMETERS[1], PREFIX.spec()];
    type Violation = HexViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), HexViolation> {
        let text = text::line(value)?;
        let prefix = parameters.get(PREFIX).unwrap_or("forbidden");
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        match (digits, prefix) {
            (Some(_), "forbidden") => return Err(HexViolation::Prefix),
            (None, "required") => return Err(HexViolation::NoPrefix),
            _ => {}
        }
        let digits = digits.unwrap_or(text);
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(HexViolation::NotHex);
        }
        if digits.len() % 2 == 1 {
            return Err(HexViolation::OddLength);
        }
        Ok(size::check(parameters, digits.len() / 2)?)
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), HexViolation> {
        Ok(size::check_parameters(parameters)?)
    }
}
