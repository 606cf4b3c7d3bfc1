use super::DialError;
use domain::AddressKind;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long one address may take before the next is tried beside it (RFC 8305 recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);
/// The kernel's own probing: a peer that vanished is noticed after this and a few probes, even if we say nothing.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_secs(10);

/// What a proxy is asked for.
#[derive(Debug)]
pub(super) enum Target {
    /// The proxy resolves it.
    #[cfg_attr(feature = "sandbox", allow(dead_code))]
    Name(String),
    Address(SocketAddr),
}

/// The addresses behind a name; in a sandbox build only when every one of them is loopback.
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|source| DialError::Resolve { host: host.to_owned(), source })?
        .collect();
    #[cfg(feature = "sandbox")]
    permit(host, &addresses)?;
    if addresses.is_empty() {
        return Err(DialError::Resolve { host: host.to_owned(), source: std::io::ErrorKind::NotFound.into() });
    }
    Ok(addresses)
}

/// The addresses of a proxy, which somebody has chosen over the API: never where clouds hand out credentials, nor what is no
/// machine's address (a link-local one beside others is left out: machines of a local network announce them of themselves).
/// On this machine and its networks proxies are at home; only a person may choose one.
pub(super) async fn resolve_proxy(host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    permitted_proxy(host, resolve(host, port).await?)
}

fn permitted_proxy(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, DialError> {
    let (mut allowed, mut beside) = (Vec::new(), None);
    for address in found {
        let link_local = matches!(address.ip(), IpAddr::V6(v6) if v6.is_unicast_link_local());
        match AddressKind::of(address.ip()) {
            AddressKind::Loopback | AddressKind::Local | AddressKind::Public => allowed.push(address),
            AddressKind::Never(why) if link_local => beside = Some(why),
            AddressKind::Never(why) => return Err(DialError::Proxy(format!("{host} {why}"))),
        }
    }
    match beside {
        Some(why) if allowed.is_empty() => Err(DialError::Proxy(format!("{host} {why}"))),
        Some(_) | None => Ok(allowed),
    }
}

/// The sandbox's rule: loopback and nothing else, however the address is written.
#[cfg(feature = "sandbox")]
pub(crate) fn permit(host: &str, addresses: &[SocketAddr]) -> Result<(), DialError> {
    let all_loopback = !addresses.is_empty() && addresses.iter().all(|a| a.ip().to_canonical().is_loopback());
    if all_loopback { Ok(()) } else { Err(DialError::NotLoopback(host.to_owned())) }
}

/// What to ask the proxy for. A sandbox build resolves and checks by itself and names the address.
#[cfg(feature = "sandbox")]
pub(super) async fn through_proxy(host: &str, port: u16) -> Result<Target, DialError> {
    let addresses = resolve(host, port).await?;
    Ok(Target::Address(addresses[0]))
}

#[cfg(not(feature = "sandbox"))]
#[allow(clippy::unused_async)]
pub(super) async fn through_proxy(host: &str, port: u16) -> Result<Target, DialError> {
    Ok(match host.parse::<IpAddr>() {
        Ok(ip) => Target::Address(SocketAddr::new(ip, port)),
        Err(_) => Target::Name(host.to_owned()),
    })
}

/// Connects to whichever address answers first, the next one starting a little after the one before it, so that a
/// machine with a broken IPv6 route does not wait for it.
pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, DialError> {
    let mut attempts: FuturesUnordered<_> = addresses
        .iter()
        .enumerate()
        .map(|(nth, address)| async move {
            tokio::time::sleep(HEAD_START.saturating_mul(u32::try_from(nth).unwrap_or(u32::MAX))).await;
            TcpStream::connect(address).await
        })
        .collect();
    let mut first_error = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(tcp) => return tuned(tcp).map_err(DialError::Connect),
            Err(e) => {
                first_error.get_or_insert(e);
            }
        }
    }
    Err(DialError::Connect(first_error.unwrap_or_else(|| std::io::ErrorKind::AddrNotAvailable.into())))
}

fn tuned(tcp: TcpStream) -> std::io::Result<TcpStream> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(&tcp);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY))?;
    // Written bytes that nobody acknowledges end the connection, too.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(PROBE_AFTER))?;
    Ok(tcp)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(addresses: &[&str]) -> Result<Vec<String>, DialError> {
        let found = addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 3128)).collect();
        Ok(permitted_proxy("proxy.test", found)?.iter().map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn a_proxy_is_never_where_clouds_hand_out_credentials() {
        for ip in
            ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254", "0.0.0.0"]
        {
            assert!(matches!(of(&[ip]), Err(DialError::Proxy(_))), "{ip}");
            assert!(matches!(of(&["127.0.0.1", ip]), Err(DialError::Proxy(_))), "{ip}");
        }
        assert!(of(&["fe80::1"]).is_err());
    }

    #[test]
    fn a_proxy_is_at_home_on_this_machine_and_its_networks() {
        for ip in ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "192.0.2.1"] {
            assert_eq!(of(&[ip]).unwrap(), [ip]);
        }
        assert_eq!(of(&["fe80::1", "192.168.1.1"]).unwrap(), ["192.168.1.1"]);
    }
}
