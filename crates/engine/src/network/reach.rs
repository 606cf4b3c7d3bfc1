use crate::world::World;
use if_watch::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What is known of the way out.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// The last addresses with which the machine was online; `None` before the first look.
    good: Option<BTreeSet<IpAddr>>,
    routes: Option<BTreeSet<String>>,
    offline: bool,
}

/// The address by which connections leave, for those that can: not this machine's own, not link-local. Of an IPv6
/// address only its network counts, because temporary addresses come and go.
pub(crate) fn usable(net: IpNet) -> Option<IpAddr> {
    match net.addr() {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() => None,
        IpAddr::V4(v4) => Some(IpAddr::V4(v4)),
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified() => None,
        IpAddr::V6(_) => Some(net.network()),
    }
}

impl Reach {
    /// What the addresses of now mean. `routes`: the default routes, where the system tells them; an address that
    /// goes while they stay (a container's bridge) is no change.
    pub(crate) fn now(&mut self, up: &BTreeSet<IpAddr>, routes: Option<BTreeSet<String>>) -> Option<World> {
        let Some(good) = &self.good else {
            // A machine that never had an address (a container with loopback alone) is not offline: it has what it has.
            if !up.is_empty() {
                self.good = Some(up.clone());
                self.routes = routes;
            }
            return None;
        };
        if up.is_empty() {
            let news = (!self.offline).then_some(World::NetworkDown);
            self.offline = true;
            return news;
        }
        let lost_some = !good.is_subset(up);
        let gained_some = !up.is_subset(good);
        let same_way_out = routes.as_ref().is_some_and(|now| !now.is_empty() && Some(now) == self.routes.as_ref());
        let news = match (self.offline, lost_some) {
            (true, false) => Some(World::NetworkUp),
            (true, true) => Some(World::NetworkChanged),
            (false, true) if !same_way_out => Some(World::NetworkChanged),
            (false, true | false) => gained_some.then_some(World::NetworkUp),
        };
        self.offline = false;
        self.good = Some(up.clone());
        self.routes = routes;
        news
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|a| a.parse().unwrap()).collect()
    }

    fn route(name: &str) -> Option<BTreeSet<String>> {
        Some(BTreeSet::from([name.to_owned()]))
    }

    #[test]
    fn a_cable_pulled_and_put_back() {
        let mut reach = Reach::default();
        assert_eq!(reach.now(&set(&["192.0.2.7"]), None), None);
        assert_eq!(reach.now(&set(&[]), None), Some(World::NetworkDown));
        assert_eq!(reach.now(&set(&[]), None), None);
        assert_eq!(reach.now(&set(&["192.0.2.7"]), None), Some(World::NetworkUp));
    }

    #[test]
    fn another_network_after_a_while_without_any() {
        let mut reach = Reach::default();
        reach.now(&set(&["192.0.2.7"]), route("wlan0"));
        reach.now(&set(&[]), Some(BTreeSet::new()));
        assert_eq!(reach.now(&set(&["198.51.100.4"]), route("wlan0")), Some(World::NetworkChanged));
    }

    #[test]
    fn a_bridge_that_goes_while_the_way_out_stays_is_no_change() {
        let mut reach = Reach::default();
        reach.now(&set(&["192.0.2.7", "172.17.0.1"]), route("eth0"));
        assert_eq!(reach.now(&set(&["192.0.2.7"]), route("eth0")), None);
        assert_eq!(reach.now(&set(&["192.0.2.7", "172.18.0.1"]), route("eth0")), Some(World::NetworkUp));
        assert_eq!(reach.now(&set(&["192.0.2.7"]), route("wg0")), Some(World::NetworkChanged));
        assert_eq!(reach.now(&set(&["198.51.100.4"]), None), Some(World::NetworkChanged));
    }

    #[test]
    fn a_machine_that_only_ever_had_itself_is_not_offline() {
        let mut reach = Reach::default();
        assert_eq!(reach.now(&set(&[]), None), None);
        assert_eq!(reach.now(&set(&[]), None), None);
    }

    #[test]
    fn temporary_addresses_of_one_network_are_one() {
        let a = usable("2001:db8:1:2:aaaa::1/64".parse().unwrap());
        let b = usable("2001:db8:1:2:bbbb::2/64".parse().unwrap());
        assert!(a.is_some() && a == b);
        assert_eq!(usable("127.0.0.1/8".parse().unwrap()), None);
        assert_eq!(usable("fe80::1/64".parse().unwrap()), None);
        assert_eq!(usable("169.254.3.4/16".parse().unwrap()), None);
    }
}
