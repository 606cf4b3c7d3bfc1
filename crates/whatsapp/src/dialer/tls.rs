use super::DialError;
use crate::EndpointError;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Trusts the web's authorities and `more`. One value serves all channels: it holds the root store and TLS tickets.
pub(crate) fn trust(more: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, EndpointError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for authority in more {
        roots.add(authority.clone()).map_err(|_| EndpointError::BadAuthority)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the ring provider supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

pub(super) async fn secure(config: Arc<ClientConfig>, host: &str, tcp: TcpStream) -> Result<TlsStream<TcpStream>, DialError> {
    let name =
        ServerName::try_from(host.to_owned()).map_err(|e| DialError::Tls(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
    TlsConnector::from(config).connect(name, tcp).await.map_err(DialError::Tls)
}
