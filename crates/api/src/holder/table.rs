//! The kernel's tables of TCP sockets, `/proc/net/tcp` and `/proc/net/tcp6`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One socket. Addresses of IPv4 within IPv6 stand as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub listens: bool,
    pub uid: u32,
    pub inode: u64,
}

/// All of them as they are now; empty when the system does not tell.
pub(super) fn sockets() -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok());
    texts.flat_map(|text| text.lines().skip(1).filter_map(socket).collect::<Vec<_>>()).collect()
}

/// One line, as `tcp4_seq_show` and `tcp6_seq_show` of the kernel write it.
fn socket(line: &str) -> Option<Socket> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    Some(Socket {
        local: address(fields.get(1)?)?,
        remote: address(fields.get(2)?)?,
        listens: *fields.get(3)? == LISTEN,
        uid: fields.get(7)?.parse().ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// An address in words of 32 bits, each in this machine's order, and the port in that of people.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |n: usize| Some(u32::from_str_radix(ip.get(n * 8..n * 8 + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (n, part) in octets.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(n)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line =
            "  0: 0100007F:250F 0200007F:A001 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0";
        let read = socket(line).unwrap();
        assert_eq!((read.local, read.remote), ("127.0.0.1:9487".parse().unwrap(), "127.0.0.2:40961".parse().unwrap()));
        assert_eq!((read.listens, read.uid, read.inode), (false, 1000, 4711));
        assert!(socket(&line.replace(" 01 ", " 0A ")).unwrap().listens);
    }

    #[test]
    fn ipv4_within_ipv6_is_ipv4() {
        assert_eq!(address("0000000000000000FFFF00000100007F:250F").unwrap(), "127.0.0.1:9487".parse().unwrap());
        assert_eq!(address("00000000000000000000000001000000:0001").unwrap(), "[::1]:1".parse().unwrap());
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        for line in
            ["", "sl local_address", "0: 0100007F:250F", "0: 01:02 03:04 0A a b c 1000 0 1", "0: 0100007F 0:0 0A a b c 1 0 1"]
        {
            assert_eq!(socket(line), None, "{line}");
        }
    }
}
