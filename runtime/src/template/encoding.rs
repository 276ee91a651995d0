//! How one value is written where it stands.
//!
//! Writing goes through a function that takes pieces, so that measuring and writing are
//! the same code. No piece is kept.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::host;
use crate::outbound::base64;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is done to a value, or asked of it, on its way into a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    Raw,
    /// Every byte but unreserved characters as `%XX`.
    Percent,
    /// For the inside of a JSON string.
    Json,
    /// Standard alphabet, padded.
    Base64,
    /// The scheme of a URL: checked.
    Scheme,
    /// A whole host: checked; an IPv6 address gets brackets. With `list`, several with
    /// ports are accepted, as drivers of clusters take them.
    Host { list: bool },
    /// A host that other text adjoins, such as `{REGION}.example.com`: checked.
    HostPart,
    /// An IPv6 address inside brackets of the template: checked.
    Bracketed,
    /// A port: checked.
    Port,
}

/// Why a value cannot stand where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Host { list: bool },
    Port,
    Scheme,
    NotText,
}

impl Encoding {
    pub(super) fn write(self, value: &[u8], put: &mut dyn FnMut(&[u8])) -> Result<(), Refusal> {
        match self {
            Self::Raw => put(value),
            Self::Percent => {
                percent_encode(value, RESERVED).for_each(|piece| put(piece.as_bytes()));
            }
            Self::Json => json(value, put).ok_or(Refusal::NotText)?,
            Self::Base64 => put(&base64::encode(value)),
            Self::Scheme => {
                if !host::is_scheme(value) {
                    return Err(Refusal::Scheme);
                }
                put(value);
            }
            Self::Host { list } => host::write(value, list, put).ok_or(Refusal::Host { list })?,
            Self::HostPart => {
                if !host::is_name(value) {
                    return Err(Refusal::Host { list: false });
                }
                put(value);
            }
            Self::Bracketed => {
                if !host::is_ipv6(value) {
                    return Err(Refusal::Host { list: false });
                }
                put(value);
            }
            Self::Port => {
                if !host::is_port(value) {
                    return Err(Refusal::Port);
                }
                put(value);
            }
        }
        Ok(())
    }
}

fn json(value: &[u8], put: &mut dyn FnMut(&[u8])) -> Option<()> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = std::str::from_utf8(value).ok()?.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'))
    {
        put(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => put(&[b'\\', byte]),
            b'\n' => put(b"\\n"),
            b'\r' => put(b"\\r"),
            b'\t' => put(b"\\t"),
            byte => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                put(b"\\u00");
                put(&digits);
            }
        }
        rest = &rest[at + 1..];
    }
    put(rest);
    Some(())
}
