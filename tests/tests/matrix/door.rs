//! A door that is asked at: where it is, and the names that it goes by.

use super::axes::{self, Host, Origin};
use acceptance::raw::{Place, Raw};
use rustls::ClientConfig;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

pub struct Door {
    place: Place,
    pub hosts: Vec<Host>,
    pub origins: Vec<Origin>,
}

impl Door {
    /// The one that programs and the dashboard of this machine use.
    pub fn loopback(port: u16) -> Self {
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Door { place: Place::Tcp { to, from: None }, hosts: axes::hosts(port), origins: axes::origins(port) }
    }

    /// The socket in the file system; `loopback` is the port of the first.
    pub fn unix(path: PathBuf, loopback: u16) -> Self {
        Door { place: Place::Unix(path), hosts: axes::socket_hosts(loopback), origins: axes::socket_origins(loopback) }
    }

    /// The one for other machines.
    pub fn public(to: SocketAddr, config: Arc<ClientConfig>, loopback: u16) -> Self {
        Door {
            place: Place::Tls { to, from: None, config },
            hosts: axes::public_hosts(to, loopback),
            origins: axes::public_origins(to, loopback),
        }
    }

    /// Whether this machine has many addresses to come from: of IPv6 there is one, and who comes by the socket has none.
    pub fn is_asked_from_many(&self) -> bool {
        match &self.place {
            Place::Tcp { to, .. } | Place::Tls { to, .. } => to.is_ipv4(),
            Place::Unix(_) => false,
        }
    }

    /// A connection of its own, from this address where there are many.
    pub fn line(&self, address: Option<IpAddr>) -> Raw {
        let mut place = self.place.clone();
        if let (Place::Tcp { from, .. } | Place::Tls { from, .. }, true) = (&mut place, self.is_asked_from_many()) {
            *from = address;
        }
        Raw::at(place)
    }
}
