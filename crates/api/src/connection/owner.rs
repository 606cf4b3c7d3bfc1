//! Which user has the other end of a connection on this machine, asked of the kernel for this one connection: the tables
//! in `/proc/net` would have to be read whole for each one that comes.
//!
//! One message each way on a netlink socket: `linux/netlink.h`, `linux/inet_diag.h`.

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use std::net::{IpAddr, SocketAddr};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// With `struct inet_diag_req_v2`.
const REQUEST: usize = HEADER + 56;
/// Where `idiag_uid` stands in the answer: after `family…retrans`, the socket's id, `expires`, `rqueue` and `wqueue`.
const UID: usize = HEADER + 4 + 48 + 12;
/// No cookie is known.
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// The user whose socket is bound to `theirs` and connected to `ours`; `None` when the system does not tell.
pub(super) fn uid(theirs: SocketAddr, ours: SocketAddr) -> Option<u32> {
    let (theirs, ours) = (plain(theirs), plain(ours));
    if !theirs.ip().is_loopback() && theirs.ip() != ours.ip() {
        return None;
    }
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        Some(netlink::SOCK_DIAG),
    )
    .ok()?;
    sendto(&socket, &request(theirs, ours), SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
    let mut answer = [0; 1024];
    // The kernel has answered when the request was handed over.
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty()).ok()?;
    read(&answer[..length])
}

fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn request(theirs: SocketAddr, ours: SocketAddr) -> [u8; REQUEST] {
    let mut message = Vec::with_capacity(REQUEST);
    message.extend_from_slice(&(REQUEST as u32).to_ne_bytes());
    message.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[if theirs.is_ipv4() { AF_INET } else { AF_INET6 }, IPPROTO_TCP, 0, 0]);
    // In any state.
    message.extend_from_slice(&u32::MAX.to_ne_bytes());
    message.extend_from_slice(&theirs.port().to_be_bytes());
    message.extend_from_slice(&ours.port().to_be_bytes());
    message.extend_from_slice(&octets(theirs.ip()));
    message.extend_from_slice(&octets(ours.ip()));
    // On any interface.
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&NO_COOKIE);
    message.try_into().expect("the parts of the request have these lengths")
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&ip.octets());
            octets
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn read(answer: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    if kind != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    Some(u32::from_ne_bytes(answer.get(UID..UID + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_of_our_own_is_ours() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (here, from) = listener.accept().unwrap();
            assert_eq!(uid(from, here.local_addr().unwrap()), Some(rustix::process::geteuid().as_raw()), "{address}");
            drop(there);
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_nobodys() {
        assert_eq!(uid("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()), None);
        assert_eq!(uid("192.0.2.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()), None);
    }

    #[test]
    fn what_is_no_answer_tells_nobody() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0; 20]), None);
    }
}
