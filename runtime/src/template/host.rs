//! What may stand as scheme, host or port of a URL.
//!
//! A host is accepted by what it is made of, not by what it lacks: a character that some
//! URL parser takes for a boundary is then refused whether or not it is known here.

use std::net::Ipv6Addr;

/// Whether `value` is a scheme by RFC 3986.
pub(super) fn is_scheme(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic)
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Whether `value` is a number from 1 to 65535 in at most five digits.
pub(super) fn is_port(value: &[u8]) -> bool {
    let digits = matches!(value.len(), 1..=5) && value.iter().all(u8::is_ascii_digit);
    let number = || {
        value
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    digits && (1..=65535).contains(&number())
}

/// Whether `value` is a name, an IPv4 address, or a part of either: letters, also other
/// than ASCII, digits of ASCII, `-`, `.` and `_`.
pub(super) fn is_name(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_'))
    })
}

/// Whether `value` is an IPv6 address without brackets and without a zone.
pub(super) fn is_ipv6(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Writes a host, or with `list` one or more of them with or without ports. `None` if
/// `value` is neither; something may have been written then.
pub(super) fn write(value: &[u8], list: bool, put: &mut dyn FnMut(&[u8])) -> Option<()> {
    if !list {
        return one(value, put);
    }
    for (index, entry) in value.split(|byte| *byte == b',').enumerate() {
        if index > 0 {
            put(b",");
        }
        let (host, port) = split_port(entry);
        one(host, put)?;
        if let Some(port) = port {
            is_port(port).then_some(())?;
            put(b":");
            put(port);
        }
    }
    Some(())
}

fn one(host: &[u8], put: &mut dyn FnMut(&[u8])) -> Option<()> {
    let bare = host
        .strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"));
    if is_ipv6(bare.unwrap_or(host)) {
        put(b"[");
        put(bare.unwrap_or(host));
        put(b"]");
        return Some(());
    }
    is_name(host).then(|| put(host))
}

/// Splits off a port. The colons of an IPv6 address without brackets are its own.
fn split_port(entry: &[u8]) -> (&[u8], Option<&[u8]>) {
    if is_ipv6(entry) || entry.ends_with(b"]") {
        return (entry, None);
    }
    match entry.iter().rposition(|byte| *byte == b':') {
        Some(at) => (&entry[..at], Some(&entry[at + 1..])),
        None => (entry, None),
    }
}
