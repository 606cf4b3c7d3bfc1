use crate::holder::Holder;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How often another port is tried when port 0 was asked for and the one that came is taken on another address.
const TRIES: usize = 16;

/// The API's sockets, listening but not answering yet: who connects now is answered as soon as [`serve`](crate::serve) runs.
#[derive(Debug)]
pub struct Sockets(pub(crate) Vec<TcpListener>);

/// Why the API has no port.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("port {} on {} is taken{}", .address.port(), .address.ip(), .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken { address: SocketAddr, holder: Option<Holder> },
    #[error("{0} is not a loopback address, and only those are served")]
    NotLoopback(IpAddr),
    #[error("no address to listen on")]
    NoAddress,
    #[error("cannot listen on {address}: {source}")]
    Io { address: SocketAddr, source: io::Error },
}

impl BindError {
    /// What to do, for a person.
    pub fn sentence(&self) -> String {
        match self {
            BindError::Taken { address, holder: Some(holder) } => {
                format!("Port {} is taken by {holder}. Stop it, or choose another port with --port.", address.port())
            }
            BindError::Taken { address, holder: None } => {
                format!("Port {} is taken by another program. Stop it, or choose another port with --port.", address.port())
            }
            BindError::NotLoopback(ip) => {
                format!("{ip} is not a loopback address. Only this machine is served: use 127.0.0.1 or ::1.")
            }
            BindError::NoAddress => "No address to listen on. Name at least one in api.bind, such as \"127.0.0.1\".".to_owned(),
            BindError::Io { address, source } => format!("Cannot listen on {address}: {source}."),
        }
    }
}

/// Listens on `port` of each of `ips`, the same port on all; 0 takes one that is free. An address family that this machine
/// does not have is left out, as long as one address remains. Must be called within a tokio runtime.
///
/// # Errors
/// When the port is taken on any address, by whom if the system tells; and for addresses that are not loopback.
pub fn bind(ips: &[IpAddr], port: u16) -> Result<Sockets, BindError> {
    if let Some(ip) = ips.iter().find(|ip| !ip.is_loopback()) {
        return Err(BindError::NotLoopback(*ip));
    }
    let mut last = BindError::NoAddress;
    for _ in 0..if port == 0 { TRIES } else { 1 } {
        match bind_all(ips, port) {
            Ok(listeners) => return Ok(Sockets(listeners)),
            Err(error @ BindError::Taken { .. }) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn bind_all(ips: &[IpAddr], mut port: u16) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    let mut absent = None;
    for ip in ips {
        let address = SocketAddr::new(*ip, port);
        match listen(address) {
            Ok(listener) => {
                port = listener.local_addr().map_err(|source| BindError::Io { address, source })?.port();
                listeners.push(listener);
            }
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
                return Err(BindError::Taken { address, holder: Holder::of(address) });
            }
            Err(source) if is_absent(&source) => {
                tracing::info!(%address, "this machine has no such address; the API is not served there");
                absent = Some(BindError::Io { address, source });
            }
            Err(source) => return Err(BindError::Io { address, source }),
        }
    }
    if listeners.is_empty() { Err(absent.unwrap_or(BindError::NoAddress)) } else { Ok(listeners) }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a restart need not wait for old connections to be forgotten. On Windows it would let others take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// No IPv6 on this machine, say.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(EAFNOSUPPORT)
}

#[cfg(target_os = "linux")]
const EAFNOSUPPORT: i32 = 97;
#[cfg(target_os = "macos")]
const EAFNOSUPPORT: i32 = 47;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
const EAFNOSUPPORT: i32 = 10047;

impl Sockets {
    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|l| l.local_addr().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_taken_port_names_who_has_it() {
        let first = bind(&[V4], 0).unwrap();
        let port = first.addresses()[0].port();
        let error = bind(&[V4], port).unwrap_err();
        let BindError::Taken { holder, .. } = &error else { panic!("{error:?}") };
        if cfg!(target_os = "linux") {
            assert_eq!(holder.as_ref().unwrap().pid, std::process::id());
            assert!(error.sentence().contains(&format!("(process {})", std::process::id())), "{}", error.sentence());
        }
    }

    #[tokio::test]
    async fn both_families_get_the_same_port() {
        let sockets = bind(&[V4, IpAddr::V6(Ipv6Addr::LOCALHOST)], 0).unwrap();
        let ports: Vec<u16> = sockets.addresses().iter().map(SocketAddr::port).collect();
        assert!(ports.iter().all(|p| *p == ports[0] && *p != 0), "{ports:?}");
    }

    #[tokio::test]
    async fn nothing_but_loopback_is_served() {
        assert!(matches!(bind(&["0.0.0.0".parse().unwrap()], 0), Err(BindError::NotLoopback(_))));
        assert!(matches!(bind(&["192.0.2.1".parse().unwrap()], 0), Err(BindError::NotLoopback(_))));
        assert!(matches!(bind(&[], 0), Err(BindError::NoAddress)));
    }
}
