//! Names and addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The most characters of a name in DNS, without the final dot.
const MAX_NAME: usize = 253;
/// The most characters between two dots.
const MAX_LABEL: usize = 63;

/// A host as URLs take it: a name, an IPv4 address, or an IPv6 address in brackets.
///
/// `_` is allowed, since container networks have such names although DNS forbids it for hosts.
pub(crate) fn is_url_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        // A zone follows `%25` (RFC 6874).
        let address = address
            .split_once("%25")
            .map_or(address, |(address, _)| address);
        return address.parse::<Ipv6Addr>().is_ok();
    }
    is_name(&host.replace('_', "-")) || host.parse::<Ipv4Addr>().is_ok()
}

/// A name after RFC 1123: letters, digits and `-` between dots; no `-` at the edge of a label.
pub(crate) fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= MAX_NAME && name.split('.').all(is_label)
}

/// A number from 1 to 65535, in plain digits.
pub(crate) fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0)
}
