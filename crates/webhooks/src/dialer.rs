//! The one place of this crate that opens connections: TCP and TLS to what [`address`] permits, never through a proxy.

use crate::address::{self, AddressPolicy, Permitted, Reach, Refused};
use crate::{Names, Target, Trouble};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use url::Host;

/// How long one address may take before the next is tried beside it (RFC 8305 recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);

/// An open connection, secured or plain.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    reach: Reach,
    names: Names,
    more: Arc<[CertificateDer<'static>]>,
    /// Made for the first secure connection: reading this machine's authorities takes a moment.
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Dialer {
    /// Trusts the web's authorities, those of this machine, and `more`; what is no certificate is left out.
    pub fn new(reach: Reach, names: Names, more: &[CertificateDer<'static>]) -> Self {
        Dialer { reach, names, more: more.into(), tls: Arc::default() }
    }

    /// Opens a connection. The name is asked for once; what was checked is what is dialled. Sets no deadline of its own.
    pub async fn dial(&self, target: &Target, policy: AddressPolicy) -> Result<Box<dyn Wire>, Trouble> {
        let host = target.host();
        let mut permitted = address::resolve(&host, target.port(), &self.names, self.reach, policy).await?;
        if !policy.private {
            permitted = elsewhere(permitted, is_this_machine)?;
        }
        let tcp = connect(&permitted).await.map_err(|e| {
            let refused = e.kind() == io::ErrorKind::ConnectionRefused;
            if refused { Trouble::Refused } else { Trouble::Unreachable(e.to_string()) }
        })?;
        // A small request must not wait for the acknowledgement of another.
        let _ = tcp.set_nodelay(true);
        if !target.is_secure() {
            return Ok(Box::new(tcp));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|_| Trouble::Tls(format!("{name} is no name for a certificate")))?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::V4(ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::V6(ip)),
        };
        let secured = TlsConnector::from(self.trust().await).connect(name, tcp).await;
        secured.map(|stream| Box::new(stream) as Box<dyn Wire>).map_err(|e| Trouble::Tls(e.to_string()))
    }

    async fn trust(&self) -> Arc<ClientConfig> {
        let trusted = self.tls.get_or_init(async || {
            let more = Arc::clone(&self.more);
            let read = tokio::task::spawn_blocking(move || (rustls_native_certs::load_native_certs(), more)).await;
            match read {
                Ok((found, more)) => trust(found, &more),
                Err(_) => trust(CertificateResult::default(), &self.more),
            }
        });
        Arc::clone(trusted.await)
    }
}

fn trust(found: CertificateResult, more: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for error in &found.errors {
        tracing::debug!(%error, "some of this machine's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    roots.add_parsable_certificates(more.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the ring provider supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Those of other machines; none when one is of this machine. Whose it is may be impossible to say (no route leads there, no socket can
/// be made): then it is not connected to.
fn elsewhere(permitted: Permitted, is_this_machine: impl Fn(IpAddr) -> io::Result<bool>) -> Result<Permitted, Trouble> {
    let (mut known, mut unknown) = (Vec::new(), None);
    for address in permitted.addresses() {
        match is_this_machine(address.ip()) {
            Ok(false) => known.push(*address),
            Ok(true) => return Err(Trouble::Forbidden(format!("{} {}", address.ip(), Refused::Private))),
            Err(error) => unknown = unknown.or(Some(error)),
        }
    }
    match unknown {
        Some(error) if known.is_empty() => Err(Trouble::Unreachable(error.to_string())),
        Some(_) | None => Ok(permitted.of_these(&known)),
    }
}

/// Whether this machine itself has the address: what listens on all of its addresses is reached under a public one, too. Nothing
/// is sent: connecting a UDP socket only asks the system where it would send from, and to oneself one sends from there.
fn is_this_machine(ip: IpAddr) -> io::Result<bool> {
    let any = match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Any port: nobody listens, and nobody is told.
    socket.connect((ip, 9))?;
    Ok(socket.local_addr()?.ip() == ip)
}

/// The first address that answers; the next one is tried beside it after a head start, or as soon as one has failed.
async fn connect(permitted: &Permitted) -> io::Result<TcpStream> {
    let mut rest = permitted.addresses().iter();
    let mut tries = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        if let Some(address) = rest.next() {
            tries.push(TcpStream::connect(address));
        } else if tries.is_empty() {
            return Err(first_error.unwrap_or_else(|| io::ErrorKind::NotFound.into()));
        }
        tokio::select! {
            Some(tried) = tries.next() => match tried {
                Ok(tcp) => return Ok(tcp),
                Err(e) => first_error = first_error.or(Some(e)),
            },
            () = tokio::time::sleep(HEAD_START), if rest.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        assert!(is_this_machine(Ipv4Addr::LOCALHOST.into()).unwrap());
        assert!(is_this_machine(Ipv6Addr::LOCALHOST.into()).unwrap());
        // Without a route there it is not to be said.
        assert!(!is_this_machine(Ipv4Addr::new(192, 0, 2, 1).into()).unwrap_or(false));
    }

    #[tokio::test]
    async fn an_address_of_which_nobody_can_say_whose_it_is_is_not_connected_to() {
        let [other, ours, unknown] = [1, 2, 3].map(|n| IpAddr::from(Ipv4Addr::new(192, 0, 2, n)));
        let whose = |ip: IpAddr| if ip == unknown { Err(io::Error::other("too many open files")) } else { Ok(ip == ours) };
        let judged = async |found: &[IpAddr]| {
            let found = found.to_vec();
            let names = Names::told(move |_| found.clone());
            let host = Host::Domain("receiver.test");
            let permitted = address::resolve(&host, 443, &names, Reach::Anywhere, AddressPolicy::TRUSTED).await.unwrap();
            elsewhere(permitted, whose).map(|left| left.addresses().iter().map(|a| a.ip()).collect::<Vec<_>>())
        };
        assert_eq!(judged(&[unknown]).await, Err(Trouble::Unreachable("too many open files".into())));
        assert_eq!(judged(&[unknown, other]).await, Ok(vec![other]));
        for found in [[ours, unknown], [unknown, ours], [other, ours]] {
            assert!(matches!(judged(&found).await, Err(Trouble::Forbidden(_))), "{found:?}");
        }
    }

    #[tokio::test]
    async fn what_the_policy_refuses_is_refused_before_anything_is_connected() {
        // Were it dialled, it would be refused or answered by whatever is there: never forbidden.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let names = Names::told(|_| vec![Ipv4Addr::LOCALHOST.into()]);
        let dialer = Dialer::new(Reach::LoopbackOnly, names, &[]);
        let target = Target::parse(&format!("http://receiver.test:{port}/"), Reach::Anywhere, AddressPolicy::PUBLIC).unwrap();
        let refused = dialer.dial(&target, AddressPolicy::PUBLIC).await;
        assert!(matches!(refused, Err(Trouble::Forbidden(_))));
        let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "it was dialled");
        assert!(dialer.dial(&target, AddressPolicy::TRUSTED).await.is_ok());
    }
}
