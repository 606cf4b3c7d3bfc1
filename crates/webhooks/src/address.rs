//! Which addresses may be dialled. The one resolution that is checked here is the one that is dialled.

use crate::Trouble;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::Host;

/// How far this build delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any address but link-local ones and those at which clouds hand out credentials.
    Anywhere,
    /// This machine only.
    LoopbackOnly,
}

impl Default for Reach {
    /// That of this build: a sandbox build delivers to loopback only.
    fn default() -> Self {
        if cfg!(feature = "sandbox") { Reach::LoopbackOnly } else { Reach::Anywhere }
    }
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

/// Why this address is not dialled; `None` when it may be.
pub(crate) fn refusal(ip: IpAddr, reach: Reach) -> Option<&'static str> {
    let ip = plain(ip);
    if ip.is_loopback() {
        return None;
    }
    let link_local = match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let nobody = match ip {
        IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.is_broadcast() || v4.is_multicast(),
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast(),
    };
    if link_local || METADATA.contains(&ip) {
        Some("is a link-local or cloud metadata address, where nothing is ever delivered")
    } else if nobody {
        Some("is no address of one machine")
    } else if reach == Reach::LoopbackOnly {
        Some("is not a loopback address, and a sandbox build delivers to this machine only")
    } else {
        None
    }
}

/// An IPv4 address that is written as an IPv6 one: mapped (::ffff:0:0/96), or behind NAT64 (64:ff9b::/96) or 6to4
/// (2002::/16), which both lead there.
fn plain(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => v6.to_canonical(),
    }
}

/// The addresses behind a host, all of which may be dialled. A sandbox build takes a name only when every address of it is
/// loopback; another one leaves out what is forbidden (a name of the local network often has a link-local address besides).
pub(crate) async fn resolve(host: &Host<&str>, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, Trouble> {
    let found: Vec<SocketAddr> = match *host {
        Host::Ipv4(ip) => vec![(ip, port).into()],
        Host::Ipv6(ip) => vec![(ip, port).into()],
        Host::Domain(name) => {
            tokio::net::lookup_host((name, port)).await.map_err(|_| Trouble::NoSuchHost(name.to_owned()))?.collect()
        }
    };
    permitted(host, found, reach)
}

fn permitted(host: &Host<&str>, found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, Trouble> {
    let refused = found.iter().find_map(|address| Some((address.ip(), refusal(address.ip(), reach)?)));
    let allowed: Vec<_> = found.into_iter().filter(|address| refusal(address.ip(), reach).is_none()).collect();
    match refused {
        Some((ip, why)) if allowed.is_empty() || reach == Reach::LoopbackOnly => Err(Trouble::Forbidden(match host {
            Host::Domain(name) => format!("{name} leads to {ip}, which {why}"),
            Host::Ipv4(_) | Host::Ipv6(_) => format!("{ip} {why}"),
        })),
        _ if allowed.is_empty() => Err(Trouble::NoSuchHost(host.to_string())),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(ip: &str, reach: Reach) -> bool {
        refusal(ip.parse().unwrap(), reach).is_none()
    }

    #[test]
    fn metadata_and_link_local_addresses_are_refused_however_they_are_written() {
        for ip in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "::ffff:100.100.100.200",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
        ] {
            assert!(!open(ip, Reach::Anywhere), "{ip}");
            assert!(!open(ip, Reach::LoopbackOnly), "{ip}");
        }
    }

    #[test]
    fn a_sandbox_build_delivers_to_loopback_only() {
        for ip in ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"] {
            assert!(open(ip, Reach::LoopbackOnly), "{ip}");
        }
        for ip in ["192.0.2.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8"]
        {
            assert!(!open(ip, Reach::LoopbackOnly), "{ip}");
            assert!(open(ip, Reach::Anywhere), "{ip}: receivers live on local networks too");
        }
    }

    #[test]
    fn of_a_name_only_what_is_permitted_is_dialled() {
        let name = Host::Domain("receiver.test");
        let both: Vec<SocketAddr> = vec!["[fe80::1]:80".parse().unwrap(), "192.0.2.7:80".parse().unwrap()];
        assert_eq!(permitted(&name, both.clone(), Reach::Anywhere), Ok(vec![both[1]]));
        let mixed: Vec<SocketAddr> = vec!["127.0.0.1:80".parse().unwrap(), "192.0.2.7:80".parse().unwrap()];
        assert!(matches!(permitted(&name, mixed, Reach::LoopbackOnly), Err(Trouble::Forbidden(_))));
        let metadata = vec!["169.254.169.254:80".parse().unwrap()];
        assert!(matches!(permitted(&name, metadata, Reach::Anywhere), Err(Trouble::Forbidden(_))));
        assert!(matches!(permitted(&name, vec![], Reach::Anywhere), Err(Trouble::NoSuchHost(_))));
    }
}
