//! The API's sockets: on loopback addresses, in the file system, and where the user asked for it on public addresses.

#[cfg(windows)]
mod pipe;
#[cfg(unix)]
mod socket;

#[cfg(windows)]
pub use pipe::LocalSocket;
#[cfg(unix)]
pub use socket::LocalSocket;

use crate::holder::Holder;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How often another port is tried when port 0 was asked for and the one that came is taken on another address.
const TRIES: usize = 16;

/// The API's sockets, listening but not answering yet: who connects now is answered as soon as [`serve`](crate::serve) runs.
#[derive(Debug)]
pub struct Sockets {
    pub(crate) loopback: Vec<TcpListener>,
    pub(crate) socket: Option<LocalSocket>,
    pub(crate) public: Vec<TcpListener>,
}

/// Why the API has no port.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("port {} on {} is taken{}", .address.port(), .address.ip(), .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken { address: SocketAddr, public: bool, holder: Option<Holder> },
    #[error("{0} is not a loopback address, and only those are served without TLS")]
    NotLoopback(IpAddr),
    #[error("no address to listen on")]
    NoAddress,
    #[error("cannot listen on {address}: {source}")]
    Io { address: SocketAddr, source: io::Error },
    #[error("another program answers at the socket {path}{}", .pid.map(|pid| format!(": process {pid}")).unwrap_or_default())]
    SocketTaken { path: PathBuf, pid: Option<u32> },
    #[error("the socket {path} cannot be made: {why}")]
    Socket { path: PathBuf, why: String },
}

impl BindError {
    /// What to do, for a person.
    pub fn sentence(&self) -> String {
        match self {
            BindError::Taken { address, public, holder } => {
                let by = holder.as_ref().map_or("another program".to_owned(), Holder::to_string);
                let setting = if *public { "in api.public.port" } else { "with --port" };
                format!("Port {} is taken by {by}. Stop it, or choose another port {setting}.", address.port())
            }
            BindError::NotLoopback(ip) => format!(
                "{ip} is not a loopback address. In api.bind only 127.0.0.1 and ::1 are served; other machines come in by api.public, \
                 with TLS."
            ),
            BindError::NoAddress => "No address to listen on. Name at least one in api.bind, such as \"127.0.0.1\".".to_owned(),
            BindError::Io { address, source } => format!("Cannot listen on {address}: {source}."),
            BindError::SocketTaken { path, pid } => {
                let by = pid.map_or("another program".to_owned(), |pid| format!("process {pid}"));
                format!(
                    "{by} answers at the socket {} already. Stop it, or choose another path in api.socket_path.",
                    path.display()
                )
            }
            BindError::Socket { path, why } => {
                format!(
                    "The socket {} cannot be made: {why}. Choose another path in api.socket_path, or set api.socket to false.",
                    path.display()
                )
            }
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
    Ok(Sockets { loopback: bind_each(ips, port, false)?, socket: None, public: Vec::new() })
}

impl Sockets {
    /// A Unix socket too.
    #[must_use]
    pub fn with_socket(self, socket: LocalSocket) -> Self {
        Sockets { socket: Some(socket), ..self }
    }

    /// Makes one at `path` and listens there too; see [`LocalSocket::bind`].
    ///
    /// # Errors
    /// As that.
    pub fn and_socket(self, path: &Path) -> Result<Self, BindError> {
        Ok(self.with_socket(LocalSocket::bind(path)?))
    }

    /// Listens on `port` of each of `ips` too, for other machines: nothing but TLS is spoken there.
    ///
    /// # Errors
    /// As [`bind`].
    pub fn and_public(self, ips: &[IpAddr], port: u16) -> Result<Self, BindError> {
        Ok(Sockets { public: bind_each(ips, port, true)?, ..self })
    }

    /// Where they listen on loopback, without TLS.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        addresses(&self.loopback)
    }
}

pub(crate) fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|l| l.local_addr().ok()).collect()
}

fn bind_each(ips: &[IpAddr], port: u16, public: bool) -> Result<Vec<TcpListener>, BindError> {
    let mut last = BindError::NoAddress;
    for _ in 0..if port == 0 { TRIES } else { 1 } {
        match bind_all(ips, port, public) {
            Ok(listeners) => return Ok(listeners),
            Err(error @ BindError::Taken { .. }) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn bind_all(ips: &[IpAddr], mut port: u16, public: bool) -> Result<Vec<TcpListener>, BindError> {
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
                return Err(BindError::Taken { address, public, holder: Holder::of(address) });
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
    // `::` is all of IPv6 and nothing else, on every system, so that 0.0.0.0 can stand beside it.
    if address.is_ipv6() {
        socket2::SockRef::from(&socket).set_only_v6(true)?;
    }
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
