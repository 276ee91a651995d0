//! Names and addresses: `email`, `hostname`, `port`, `ip-address`.

use std::net::{IpAddr, Ipv4Addr};

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::host;
use crate::text::{self, Blemish};

/// The most characters in front of `@` (RFC 5321).
const MAX_LOCAL: usize = 64;

violations! {
    /// What is wrong with an e-mail address.
    pub(crate) enum EmailViolation: Blemish {
        DisplayName => "display-name",
            "has more in it than the address, such as a name in front of `<`",
            "Keep only what stands between `<` and `>`.";
        NoAt => "no-at",
            "has no `@`",
            "Write the whole address, such as `name@example.org`.";
        InvalidLocal => "invalid-local",
            "has something in front of `@` that no mail server takes",
            "Check the part in front of `@`: no spaces, and no dot at its ends.";
        InvalidDomain => "invalid-domain",
            "has something behind `@` that is not the name of a domain",
            "Check the part behind `@`.";
    }
}

/// An e-mail address, without a name. Quoted local parts are refused, as most services do.
pub(crate) struct Email;

impl Validator for Email {
    const NAME: &'static str = "email";
    const SUMMARY: &'static str = "An e-mail address.";
    type Violation = EmailViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), EmailViolation> {
        let text = text::line(value)?;
        if text.contains(['<', '>', ',', ';']) {
            return Err(EmailViolation::DisplayName);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailViolation::NoAt)?;
        let inside = |c: char| {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii()
        };
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        if !(1..=MAX_LOCAL).contains(&local.len()) || dots || !local.chars().all(inside) {
            return Err(EmailViolation::InvalidLocal);
        }
        if !domain.contains('.') || domain.ends_with('.') || !host::is_name(domain) {
            return Err(EmailViolation::InvalidDomain);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with the name of a host.
    pub(crate) enum HostnameViolation: Blemish {
        Url => "url",
            "is a URL, not only a host name",
            "Keep what stands between `://` and the next `/` or `:`.";
        Port => "port",
            "has a port behind the name",
            "Remove the `:` and the number.";
        IpAddress => "ip-address",
            "is an IP address, not a name",
            "Write the name, or use the rule `ip-address`.";
        InvalidHostname => "invalid-hostname",
            "is not a valid host name",
            "Use letters, digits and `-`, with `.` between the parts; at most 63 in each.";
    }
}

/// The name of a host, after RFC 1123: fully qualified or not.
pub(crate) struct Hostname;

impl Validator for Hostname {
    const NAME: &'static str = "hostname";
    const SUMMARY: &'static str = "The name of a host, without scheme and port.";
    type Violation = HostnameViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), HostnameViolation> {
        let text = text::line(value)?;
        if text.contains('/') {
            return Err(HostnameViolation::Url);
        }
        if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(HostnameViolation::IpAddress);
        }
        if text
            .rsplit_once(':')
            .is_some_and(|(_, port)| host::is_port(port))
        {
            return Err(HostnameViolation::Port);
        }
        if !host::is_name(text) {
            return Err(HostnameViolation::InvalidHostname);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with the number of a port.
    pub(crate) enum PortViolation: Blemish {
        NotNumber => "not-number",
            "is not a number in plain digits",
            "Write only the number, such as `5432`.";
        OutOfRange => "out-of-range",
            "is not between 1 and 65535",
            "Use a port from 1 to 65535.";
    }
}

/// The number of a TCP or UDP port.
pub(crate) struct Port;

impl Validator for Port {
    const NAME: &'static str = "port";
    const SUMMARY: &'static str = "The number of a port, from 1 to 65535.";
    type Violation = PortViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), PortViolation> {
        let text = text::line(value)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PortViolation::NotNumber);
        }
        if host::is_port(text) {
            Ok(())
        } else {
            Err(PortViolation::OutOfRange)
        }
    }
}

violations! {
    /// What is wrong with an IP address.
    pub(crate) enum IpViolation: Blemish {
        Network => "network",
            "is a network (with `/`), not one address",
            "Remove the `/` and what follows.";
        Port => "port",
            "has a port behind the address",
            "Remove the `:` and the number, and the brackets if there are any.";
        NotIpAddress => "not-ip-address",
            "is not an IP address",
            "Write it as `192.0.2.1` or `2001:db8::1`, without leading zeros.";
        WrongVersion => "wrong-version",
            "is an address of the other version than `version` asks for",
            "Use an address of the version that the manifest asks for.";
    }
}

const VERSION: Parameter<String> =
    Parameter::new("version", "Which version of IP to accept (both).").choices(&["4", "6"]);

/// An IPv4 or IPv6 address.
pub(crate) struct IpAddress;

impl Validator for IpAddress {
    const NAME: &'static str = "ip-address";
    const SUMMARY: &'static str = "An IPv4 or IPv6 address.";
    const PARAMETERS: &'static [ParameterSpec] = &[VERSION.spec()];
    type Violation = IpViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), IpViolation> {
        let text = text::line(value)?;
        if text.contains('/') {
            return Err(IpViolation::Network);
        }
        let Ok(address) = text.parse::<IpAddr>() else {
            return Err(if has_port(text) {
                IpViolation::Port
            } else {
                IpViolation::NotIpAddress
            });
        };
        let version = if address.is_ipv4() { "4" } else { "6" };
        if parameters
            .get(VERSION)
            .is_some_and(|wanted| wanted != version)
        {
            return Err(IpViolation::WrongVersion);
        }
        Ok(())
    }
}

fn has_port(text: &str) -> bool {
    let is_v4 = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    text.rsplit_once(':')
        .is_some_and(|(address, _)| address.ends_with(']') || is_v4(address))
}
