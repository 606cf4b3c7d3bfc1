//! By which names each door is asked for, and what is told of the doors.

use crate::guard::Names;
use crate::tls::{Shown, Tls};
use domain::DoorKind;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Loopback, with our port.
pub(crate) fn loopback(addresses: &[SocketAddr]) -> Names {
    let port = addresses.first().map_or(0, SocketAddr::port);
    let hosts = addresses.iter().map(ToString::to_string).chain([format!("localhost:{port}")]);
    named("http", hosts.collect())
}

/// What programs write where there is no address: nothing else.
pub(crate) fn socket() -> Names {
    Names { hosts: vec!["localhost".to_owned()], origins: Vec::new() }
}

fn named(scheme: &str, hosts: Vec<String>) -> Names {
    Names { origins: hosts.iter().map(|host| format!("{scheme}://{host}")).collect(), hosts }
}

/// Of the public addresses: the names that were given, and the very address that a connection came to.
#[derive(Debug)]
pub(crate) struct PublicNames {
    given: Vec<String>,
    /// One for each address of this machine that was asked.
    at: Mutex<HashMap<SocketAddr, Arc<Names>>>,
}

impl PublicNames {
    pub fn new(given: Vec<String>) -> Arc<Self> {
        Arc::new(PublicNames { given, at: Mutex::default() })
    }

    pub fn at(&self, here: SocketAddr) -> Arc<Names> {
        // An IPv6 scope is how this machine tells its networks apart; nobody writes it into a Host.
        let here = SocketAddr::new(here.ip().to_canonical(), here.port());
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.entry(here).or_insert_with(|| Arc::new(public(&self.given, here))).clone()
    }
}

/// HTTPS' own port is left out by those who ask.
const HTTPS: u16 = 443;

fn public(given: &[String], here: SocketAddr) -> Names {
    let mut hosts = Vec::new();
    for name in given.iter().cloned().chain([host(here.ip())]) {
        if has_port(&name) {
            hosts.push(name);
            continue;
        }
        hosts.push(format!("{name}:{}", here.port()));
        if here.port() == HTTPS {
            hosts.push(name);
        }
    }
    named("https", hosts)
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A name that is reached by another port, through a router say, is given with it.
fn has_port(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// For which names a certificate has to be good.
pub fn certificate_names(ips: &[IpAddr], given: &[String]) -> Vec<String> {
    let bare = |name: &String| {
        let name = if has_port(name) { name.rsplit_once(':').map_or(name.as_str(), |(name, _)| name) } else { name };
        name.trim_start_matches('[').trim_end_matches(']').to_owned()
    };
    let ips = ips.iter().filter(|ip| !ip.is_unspecified()).map(ToString::to_string);
    let mut names: Vec<String> = given.iter().map(bare).chain(ips).collect();
    if names.is_empty() {
        names.push("localhost".to_owned());
    }
    names.sort();
    names.dedup();
    names
}

/// Every way in, for those who ask.
#[derive(Debug)]
pub(crate) struct Doors {
    pub loopback: Vec<SocketAddr>,
    pub socket: Option<PathBuf>,
    pub public: Vec<SocketAddr>,
    pub names: Vec<String>,
    pub tls: Option<Tls>,
}

impl Doors {
    /// Each with its address, as people and programs write it.
    pub fn told(&self) -> Vec<(DoorKind, String)> {
        let tcp = self.loopback.iter().map(|a| (DoorKind::Tcp, format!("http://{a}")));
        let socket = self.socket.iter().map(|path| (DoorKind::Unix, path.display().to_string()));
        tcp.chain(socket).chain(self.exposed().into_iter().map(|address| (DoorKind::Tls, address))).collect()
    }

    /// The addresses at which other machines may ask.
    pub fn exposed(&self) -> Vec<String> {
        if self.tls.is_none() {
            return Vec::new();
        }
        let Some(port) = self.public.first().map(SocketAddr::port) else { return Vec::new() };
        let names = self.names.iter().map(|name| if has_port(name) { name.clone() } else { format!("{name}:{port}") });
        names.chain(self.public.iter().map(ToString::to_string)).map(|at| format!("https://{at}")).collect()
    }

    /// What is shown to other machines.
    pub fn shown(&self) -> Option<Shown> {
        self.tls.as_ref().map(|tls| tls.shown().borrow().clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(given: &[&str], here: &str) -> Vec<String> {
        let given = given.iter().map(|n| (*n).to_owned()).collect();
        PublicNames::new(given).at(here.parse().unwrap()).hosts.clone()
    }

    #[test]
    fn a_public_door_answers_to_its_names_and_to_the_address_that_was_asked() {
        assert_eq!(at(&["home.example"], "192.0.2.1:9488"), ["home.example:9488", "192.0.2.1:9488"]);
        assert_eq!(at(&["home.example:8443"], "[2001:db8::1]:9488"), ["home.example:8443", "[2001:db8::1]:9488"]);
        assert_eq!(at(&[], "[::ffff:192.0.2.1]:9488"), ["192.0.2.1:9488"]);
        assert_eq!(at(&["home.example"], "192.0.2.1:443"), ["home.example:443", "home.example", "192.0.2.1:443", "192.0.2.1"]);
    }

    #[test]
    fn a_certificate_is_good_for_names_and_addresses_without_ports() {
        let names = |ips: &[&str], given: &[&str]| {
            let ips: Vec<IpAddr> = ips.iter().map(|ip| ip.parse().unwrap()).collect();
            certificate_names(&ips, &given.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names(&["192.0.2.1", "::1"], &["home.example:8443"]), ["192.0.2.1", "::1", "home.example"]);
        assert_eq!(names(&["0.0.0.0"], &["[2001:db8::1]"]), ["2001:db8::1"]);
        assert_eq!(names(&["::"], &[]), ["localhost"]);
    }
}
