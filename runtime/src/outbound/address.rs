//! What an address is: whether a plugin may be connected to it.
//!
//! Pure: no resolving, no I/O. An address that carries an IPv4 address within (mapped, NAT64,
//! 6to4) is what the address within is, so that no spelling of a private address looks public.
//! What is not known to be public is not public.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses that are not public may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// This machine and private networks: loopback, RFC 1918, carrier-grade NAT, unique local
    /// addresses.
    pub private: bool,
    /// Link-local addresses, and those at which clouds serve credentials to their machines.
    pub link_local: bool,
    /// How far what is sent may go, whatever else is granted.
    pub bound: Bound,
}

/// How far what is sent without TLS may go. Ordered: what comes later is narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Bound {
    /// As far as it is granted.
    #[default]
    None,
    /// To the other end of the link: no router carries it on.
    Link,
    /// Not out of this machine.
    Machine,
}

impl Bound {
    /// Whether what is sent to `address` goes no further. That a cloud serves its metadata there
    /// is not enough: elsewhere the same address may be anybody's. Nor is an address that stands
    /// for a link-local one behind a translator.
    #[must_use]
    pub fn holds(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_on_link = match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        match self {
            Self::None => true,
            Self::Link => is_on_link || address.is_loopback(),
            Self::Machine => address.is_loopback(),
        }
    }
}

impl Reach {
    /// Whether `address` is of a kind that may be connected to; its bound aside.
    #[must_use]
    pub fn covers(self, address: IpAddr) -> bool {
        match AddressKind::of(address) {
            AddressKind::Public => true,
            AddressKind::Private => self.private,
            AddressKind::LinkLocal => self.link_local,
            AddressKind::Unusable => false,
        }
    }
}

/// What an address is good for. Ordered: what comes later needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// Reached over the internet.
    Public,
    /// This machine or a private network.
    Private,
    /// The link, or a metadata service of a cloud.
    LinkLocal,
    /// Multicast, broadcast, documentation, reserved: nothing is ever asked there.
    Unusable,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Unusable => "reserved",
        })
    }
}

impl AddressKind {
    /// The kind of `address`.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => v4(address),
            IpAddr::V6(address) => v6(address),
        }
    }
}

/// Metadata services that stand outside 169.254.0.0/16: Alibaba Cloud, Oracle Cloud, and the
/// host of a machine at Azure.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

fn v4(address: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&address) {
        return AddressKind::LinkLocal;
    }
    match address.octets() {
        // "This host" reaches the machine itself on Linux.
        [0, 0, 0, 0] | [10 | 127, ..] | [192, 168, ..] => AddressKind::Private,
        [172, 16..=31, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => AddressKind::Private,
        [169, 254, ..] => AddressKind::LinkLocal,
        // Protocol assignments, documentation, the anycast of 6to4.
        [0, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            AddressKind::Unusable
        }
        [192, 88, 99, _] | [224..=255, ..] => AddressKind::Unusable,
        _ => AddressKind::Public,
    }
}

fn v6(address: Ipv6Addr) -> AddressKind {
    let within = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => AddressKind::Private,
        [0, 0, 0, 0, 0, 0xffff, high, low] => within(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => within(high, low),
        // NAT64 with a prefix of the network's own; where the IPv4 address stands depends on
        // the prefix, so the stricter of both places counts.
        [0x64, 0xff9b, 1, high, middle, .., last, low] => within(last, low)
            .max(within(high, (middle << 8) | (address.segments()[5] >> 8)))
            .max(AddressKind::Private),
        [0x2002, high, low, ..] => within(high, low),
        // Where Amazon and Google serve metadata; other local addresses are private.
        [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] => AddressKind::LinkLocal,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        // Protocol assignments (Teredo among them) and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Unusable,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Unusable,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> AddressKind {
        AddressKind::of(text.parse().unwrap())
    }

    #[test]
    fn the_link_ends_where_the_next_router_would_be() {
        let holds = |bound: Bound, text: &str| bound.holds(text.parse().unwrap());
        for (address, on_link, on_machine) in [
            ("127.0.0.1", true, true),
            ("::1", true, true),
            ("169.254.169.254", true, false),
            ("fe80::1", true, false),
            ("::ffff:169.254.169.254", true, false),
            // Behind a translator, or only at one cloud.
            ("64:ff9b::a9fe:a9fe", false, false),
            ("2002:a9fe:a9fe::1", false, false),
            ("100.100.100.200", false, false),
            ("168.63.129.16", false, false),
            ("fd00:ec2::254", false, false),
            ("10.0.0.1", false, false),
            ("1.1.1.1", false, false),
            ("::", false, false),
        ] {
            assert_eq!(holds(Bound::Link, address), on_link, "{address}");
            assert_eq!(holds(Bound::Machine, address), on_machine, "{address}");
            assert!(holds(Bound::None, address));
        }
    }

    #[test]
    fn each_address_has_its_kind() {
        use AddressKind::{LinkLocal, Private, Public, Unusable};
        for (text, expected) in [
            ("1.1.1.1", Public),
            ("172.15.255.255", Public),
            ("172.32.0.0", Public),
            ("100.63.0.1", Public),
            ("100.128.0.1", Public),
            ("198.17.0.1", Public),
            ("198.20.0.1", Public),
            ("169.253.0.1", Public),
            ("10.0.0.1", Private),
            ("127.0.0.1", Private),
            ("127.255.255.254", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("100.127.255.255", Private),
            ("198.18.0.1", Private),
            ("198.19.255.255", Private),
            ("0.0.0.0", Private),
            ("169.254.169.254", LinkLocal),
            ("169.254.170.2", LinkLocal),
            ("100.100.100.200", LinkLocal),
            ("168.63.129.16", LinkLocal),
            ("192.0.0.192", LinkLocal),
            ("0.0.0.1", Unusable),
            ("192.0.0.1", Unusable),
            ("192.0.2.1", Unusable),
            ("198.51.100.1", Unusable),
            ("203.0.113.1", Unusable),
            ("192.88.99.1", Unusable),
            ("224.0.0.1", Unusable),
            ("240.0.0.1", Unusable),
            ("255.255.255.255", Unusable),
            ("2606:4700::1111", Public),
            ("64:ff9b::1.1.1.1", Public),
            ("2002:0101:0101::1", Public),
            ("::", Private),
            ("::1", Private),
            ("fc00::1", Private),
            ("fd12::1", Private),
            ("fec0::1", Private),
            ("64:ff9b:1::1.1.1.1", Private),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fd00:ec2::254", LinkLocal),
            ("fd20:ce::254", LinkLocal),
            ("64:ff9b::169.254.169.254", LinkLocal),
            ("64:ff9b:1:a9fe:a9:fe00::", LinkLocal),
            ("64:ff9b:1::169.254.169.254", LinkLocal),
            ("2002:a9fe:a9fe::1", LinkLocal),
            ("::ffff:169.254.169.254", LinkLocal),
            // IPv4-compatible and IPv4-translated addresses are not routed.
            ("::1.1.1.1", Unusable),
            ("::ffff:0:1.1.1.1", Unusable),
            ("100::1", Unusable),
            ("2001::1", Unusable),
            ("2001:db8::1", Unusable),
            ("3fff::1", Unusable),
            ("5f00::1", Unusable),
            ("ff02::1", Unusable),
            ("4000::1", Unusable),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn each_grant_covers_its_own_kind() {
        let reach = |private, link_local| Reach {
            private,
            link_local,
            bound: Bound::None,
        };
        for (text, with_none, with_private, with_link_local) in [
            ("1.1.1.1", true, true, true),
            ("10.0.0.1", false, true, false),
            ("169.254.169.254", false, false, true),
            ("224.0.0.1", false, false, false),
        ] {
            let address = text.parse().unwrap();
            assert_eq!(reach(false, false).covers(address), with_none, "{text}");
            assert_eq!(reach(true, false).covers(address), with_private, "{text}");
            assert_eq!(
                reach(false, true).covers(address),
                with_link_local,
                "{text}"
            );
        }
    }

    /// Every way in which an IPv6 address carries an IPv4 address.
    fn spellings(address: Ipv4Addr) -> [Ipv6Addr; 7] {
        let [a, b, c, d] = address.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        [
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
        ]
    }

    proptest! {
        #[test]
        fn no_spelling_of_an_address_needs_less_than_the_address(bits: u32) {
            let address = Ipv4Addr::from(bits);
            for spelling in spellings(address) {
                let found = AddressKind::of(IpAddr::V6(spelling));
                // `::1` looks like an address that carries 0.0.0.1, and is none.
                prop_assert!(found >= v4(address) || spelling.is_loopback(), "{spelling}");
            }
        }

        #[test]
        fn a_private_address_is_public_in_no_spelling(
            network in prop::sample::select(vec![
                (0x0a00_0000_u32, 8), (0x7f00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16),
                (0x6440_0000, 10), (0xc612_0000, 15), (0xa9fe_0000, 16), (0xe000_0000, 4),
                (0xf000_0000, 4), (0, 32),
            ]),
            host: u32,
        ) {
            let (prefix, length) = network;
            let address = Ipv4Addr::from(prefix | host.checked_shr(length).unwrap_or(0));
            prop_assert_ne!(v4(address), AddressKind::Public);
            for spelling in spellings(address) {
                prop_assert_ne!(AddressKind::of(IpAddr::V6(spelling)), AddressKind::Public);
            }
        }

        #[test]
        fn only_global_unicast_and_embedded_addresses_are_public(bits: u128) {
            let address = Ipv6Addr::from(bits);
            if AddressKind::of(IpAddr::V6(address)) == AddressKind::Public {
                let first = address.segments()[0];
                prop_assert!((0x2000..=0x3fff).contains(&first) || first == 0x64 || first == 0);
            }
        }
    }
}
