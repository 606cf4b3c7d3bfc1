//! Which addresses may be dialled. The one resolution that is checked here is the one that is dialled: what is permitted has a
//! type of its own, and nothing else can be connected to.

use crate::{Names, Trouble};
use domain::AddressKind;
use std::net::{IpAddr, SocketAddr};
use url::Host;

/// How far this build delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Wherever the endpoint's own policy allows.
    Anywhere,
    /// This machine only, where the endpoint's own policy allows that.
    LoopbackOnly,
}

impl Default for Reach {
    /// That of this build: a sandbox build delivers to loopback only.
    fn default() -> Self {
        if cfg!(feature = "sandbox") { Reach::LoopbackOnly } else { Reach::Anywhere }
    }
}

/// Where one endpoint may lead, by who has added it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether it may be on this machine or its local networks: when a person has added it. An app gets deliveries on the
    /// public internet only, or it could have us knock at whatever listens here.
    pub private: bool,
}

impl AddressPolicy {
    pub const TRUSTED: Self = AddressPolicy { private: true };
    pub const PUBLIC: Self = AddressPolicy { private: false };
}

/// Why an address is not dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Never(#[from] domain::Never),
    #[error("is on this machine or its local networks, and only a person may add a receiver there")]
    Private,
    #[error("is not a loopback address, and a sandbox build delivers to this machine only")]
    Sandbox,
}

/// Why this address is not dialled; `None` when it may be.
pub(crate) fn refusal(ip: IpAddr, reach: Reach, policy: AddressPolicy) -> Option<Refused> {
    let kind = AddressKind::of(ip);
    match kind {
        AddressKind::Never(never) => Some(never.into()),
        AddressKind::Local | AddressKind::Public if reach == Reach::LoopbackOnly => Some(Refused::Sandbox),
        AddressKind::Loopback | AddressKind::Local if !policy.private => Some(Refused::Private),
        AddressKind::Loopback | AddressKind::Local | AddressKind::Public => None,
    }
}

/// Addresses that were checked. Made nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permitted(Vec<SocketAddr>);

impl Permitted {
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }

    /// Those of them that are among `kept`.
    pub fn of_these(mut self, kept: &[SocketAddr]) -> Self {
        self.0.retain(|address| kept.contains(address));
        self
    }
}

/// Asks for the addresses of a host, once, and checks them.
///
/// One of them that is refused refuses the name, whatever else it leads to: who is asked may answer otherwise the next time, and
/// a name that leads to both a receiver and to a place where there is none is no mistake. The exception is a link-local address
/// beside others, which machines of a local network announce of themselves, for a receiver that a person has added.
pub(crate) async fn resolve(
    host: &Host<&str>,
    port: u16,
    names: &Names,
    reach: Reach,
    policy: AddressPolicy,
) -> Result<Permitted, Trouble> {
    let found: Vec<SocketAddr> = match *host {
        Host::Ipv4(ip) => vec![(ip, port).into()],
        Host::Ipv6(ip) => vec![(ip, port).into()],
        Host::Domain(name) => names.addresses(name, port).await.map_err(|_| Trouble::NoSuchHost(name.to_owned()))?,
    };
    permitted(host, found, reach, policy)
}

fn permitted(host: &Host<&str>, found: Vec<SocketAddr>, reach: Reach, policy: AddressPolicy) -> Result<Permitted, Trouble> {
    let forbidden = |ip: IpAddr, why: Refused| {
        Trouble::Forbidden(match host {
            Host::Domain(name) => format!("{name} leads to {ip}, which {why}"),
            Host::Ipv4(_) | Host::Ipv6(_) => format!("{ip} {why}"),
        })
    };
    let (mut allowed, mut beside) = (Vec::new(), None);
    for address in found {
        let ip = address.ip();
        match refusal(ip, reach, policy) {
            None => allowed.push(address),
            Some(why @ Refused::Never(_)) if policy.private && is_link_local(ip) => beside = Some((ip, why)),
            Some(why) => return Err(forbidden(ip, why)),
        }
    }
    match beside {
        _ if !allowed.is_empty() => Ok(Permitted(allowed)),
        Some((ip, why)) => Err(forbidden(ip, why)),
        None => Err(Trouble::NoSuchHost(host.to_string())),
    }
}

/// What a machine gives itself on a cable. Not 169.254.0.0/16: where clouds are, that is theirs.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: [&str; 14] = [
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "224.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ];
    const LOOPBACK: [&str; 3] = ["127.0.0.1", "127.9.8.7", "::1"];
    const LOCAL: [&str; 5] = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "fd00::1"];
    const PUBLIC: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

    fn why(ip: &str, reach: Reach, policy: AddressPolicy) -> Option<Refused> {
        refusal(ip.parse().unwrap(), reach, policy)
    }

    #[test]
    fn some_addresses_are_refused_whoever_added_them() {
        for ip in NEVER {
            for reach in [Reach::Anywhere, Reach::LoopbackOnly] {
                for policy in [AddressPolicy::TRUSTED, AddressPolicy::PUBLIC] {
                    assert!(matches!(why(ip, reach, policy), Some(Refused::Never(_))), "{ip}");
                }
            }
        }
    }

    #[test]
    fn this_machine_and_its_networks_are_for_receivers_that_a_person_added() {
        for ip in LOOPBACK.into_iter().chain(LOCAL) {
            assert_eq!(why(ip, Reach::Anywhere, AddressPolicy::PUBLIC), Some(Refused::Private), "{ip}");
            assert_eq!(why(ip, Reach::Anywhere, AddressPolicy::TRUSTED), None, "{ip}");
        }
        for ip in PUBLIC {
            assert_eq!(why(ip, Reach::Anywhere, AddressPolicy::PUBLIC), None, "{ip}");
        }
    }

    #[test]
    fn a_sandbox_build_delivers_to_loopback_only() {
        for ip in LOOPBACK {
            assert_eq!(why(ip, Reach::LoopbackOnly, AddressPolicy::TRUSTED), None, "{ip}");
            assert_eq!(why(ip, Reach::LoopbackOnly, AddressPolicy::PUBLIC), Some(Refused::Private), "{ip}");
        }
        for ip in LOCAL.into_iter().chain(PUBLIC) {
            assert_eq!(why(ip, Reach::LoopbackOnly, AddressPolicy::TRUSTED), Some(Refused::Sandbox), "{ip}");
        }
    }

    fn of_name(addresses: &[&str], reach: Reach, policy: AddressPolicy) -> Result<Vec<String>, Trouble> {
        let found = addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 80)).collect();
        let permitted = permitted(&Host::Domain("receiver.test"), found, reach, policy)?;
        Ok(permitted.addresses().iter().map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn one_refused_address_refuses_the_name() {
        for (reach, policy, addresses) in [
            (Reach::Anywhere, AddressPolicy::PUBLIC, ["192.0.2.7", "127.0.0.1"]),
            (Reach::Anywhere, AddressPolicy::PUBLIC, ["10.0.0.1", "192.0.2.7"]),
            (Reach::Anywhere, AddressPolicy::PUBLIC, ["192.0.2.7", "fe80::1"]),
            (Reach::Anywhere, AddressPolicy::TRUSTED, ["192.0.2.7", "169.254.169.254"]),
            (Reach::Anywhere, AddressPolicy::TRUSTED, ["127.0.0.1", "64:ff9b::7f00:1"]),
            (Reach::LoopbackOnly, AddressPolicy::TRUSTED, ["127.0.0.1", "192.0.2.7"]),
        ] {
            assert!(matches!(of_name(&addresses, reach, policy), Err(Trouble::Forbidden(_))), "{addresses:?}");
        }
        assert!(matches!(of_name(&[], Reach::Anywhere, AddressPolicy::TRUSTED), Err(Trouble::NoSuchHost(_))));
    }

    #[test]
    fn a_machine_of_the_local_network_may_have_a_link_local_address_besides() {
        let found = of_name(&["fe80::1", "192.168.1.7"], Reach::Anywhere, AddressPolicy::TRUSTED);
        assert_eq!(found, Ok(vec!["192.168.1.7".to_owned()]));
        assert!(matches!(of_name(&["fe80::1"], Reach::Anywhere, AddressPolicy::TRUSTED), Err(Trouble::Forbidden(_))));
    }
}
