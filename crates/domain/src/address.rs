//! What an internet address is, for whoever is asked to connect to one that somebody else has chosen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How near an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// This machine.
    Loopback,
    /// Its local networks: private, shared (RFC 6598) and unique local addresses.
    Local,
    /// Anywhere else.
    Public,
    /// Nothing of ours is ever sent there.
    Never(Never),
}

/// Why nothing is ever sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Never {
    /// Where clouds hand out credentials, or the neighbours on a cable that have no address yet.
    #[error("is a link-local or cloud metadata address, where nothing is ever delivered")]
    Metadata,
    /// Unspecified, multicast, broadcast, reserved.
    #[error("is no address of one machine")]
    Nobody,
    /// An IPv4 address that is written as an IPv6 one: what it leads to is judged by whoever translates it, not by us.
    #[error("is an IPv4 address in the clothes of an IPv6 one; write it as what it is")]
    Disguised,
}

/// Where a machine of some cloud asks for its own credentials. (AWS, GCP and Azure use 169.254.169.254 besides, which is
/// link-local.)
const METADATA: [IpAddr; 5] = [
    // Alibaba
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure's wire server
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // AWS
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    // GCP
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
];

impl AddressKind {
    /// By the registries of IANA for special addresses.
    pub fn of(ip: IpAddr) -> Self {
        if METADATA.contains(&ip) {
            return AddressKind::Never(Never::Metadata);
        }
        match ip {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        }
    }
}

fn of_v4(ip: Ipv4Addr) -> AddressKind {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (127, ..) => AddressKind::Loopback,
        (169, 254, _) => AddressKind::Never(Never::Metadata),
        // This network; multicast, reserved and broadcast; the relays of 6to4; protocol assignments.
        (0 | 224..=255, ..) | (192, 0, 0) | (192, 88, 99) => AddressKind::Never(Never::Nobody),
        // Private (RFC 1918), shared by the customers of a carrier or by a tunnel (RFC 6598), for measuring (RFC 2544).
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) | (198, 18..=19, _) => AddressKind::Local,
        _ => AddressKind::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> AddressKind {
    if ip == Ipv6Addr::LOCALHOST {
        return AddressKind::Loopback;
    }
    if ip.is_unspecified() {
        return AddressKind::Never(Never::Nobody);
    }
    match ip.segments() {
        // Compatible (RFC 4291), mapped, translated (RFC 2765); NAT64 (RFC 6052, RFC 8215); Teredo; 6to4.
        [0, 0, 0, 0, 0, 0, ..]
        | [0, 0, 0, 0, 0, 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, ..]
        | [0x2001, 0, ..]
        | [0x2002, ..]
        // ISATAP (RFC 5214), whatever the network.
        | [_, _, _, _, 0 | 0x200, 0x5efe, ..] => AddressKind::Never(Never::Disguised),
        [0xfe80..=0xfebf, ..] => AddressKind::Never(Never::Metadata),
        // Multicast; what goes nowhere (RFC 6666).
        [0xff00..=0xffff, ..] | [0x100, 0, 0, 0, ..] => AddressKind::Never(Never::Nobody),
        // Unique local, and the site-local ones that came before.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => AddressKind::Local,
        _ => AddressKind::Public,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(kind: AddressKind, addresses: &[&str]) {
        for ip in addresses {
            assert_eq!(AddressKind::of(ip.parse().unwrap()), kind, "{ip}");
        }
    }

    #[test]
    fn credentials_of_clouds_and_link_local_addresses_are_never_connected_to() {
        check(
            AddressKind::Never(Never::Metadata),
            &[
                "169.254.169.254",
                "169.254.0.1",
                "fe80::1",
                "febf::1",
                "fd00:ec2::254",
                "fd20:ce::254",
                "100.100.100.200",
                "168.63.129.16",
                "192.0.0.192",
            ],
        );
    }

    #[test]
    fn what_is_no_machines_address_is_never_connected_to() {
        check(
            AddressKind::Never(Never::Nobody),
            &[
                "0.0.0.0",
                "0.1.2.3",
                "::",
                "255.255.255.255",
                "240.0.0.1",
                "224.0.0.1",
                "239.255.255.250",
                "ff02::1",
                "192.0.0.8",
                "192.88.99.1",
                "100::1",
            ],
        );
    }

    #[test]
    fn an_ipv4_address_in_disguise_is_never_connected_to() {
        check(
            AddressKind::Never(Never::Disguised),
            &[
                "::ffff:169.254.169.254",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:192.0.2.1",
                "::127.0.0.1",
                "::a9fe:a9fe",
                "::2",
                "::ffff:0:127.0.0.1",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b::7f00:1",
                "64:ff9b:1::a9fe:a9fe",
                "2002:a9fe:a9fe::1",
                "2002:7f00:1::",
                "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "2001:db8::5efe:10.0.0.1",
                "2001:db8::200:5efe:10.0.0.1",
            ],
        );
    }

    #[test]
    fn this_machine_and_its_networks_are_told_from_the_world() {
        check(AddressKind::Loopback, &["127.0.0.1", "127.9.8.7", "::1"]);
        check(
            AddressKind::Local,
            &[
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "100.127.0.1",
                "198.18.0.1",
                "fc00::1",
                "fd00::1",
                "fec0::1",
            ],
        );
        check(
            AddressKind::Public,
            &[
                "192.0.2.1",
                "172.15.0.1",
                "172.32.0.1",
                "100.63.0.1",
                "100.128.0.1",
                "198.20.0.1",
                "2001:db8::1",
                "2606:4700::1",
            ],
        );
    }
}
