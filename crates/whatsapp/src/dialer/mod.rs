//! The one place that opens connections: TCP and TLS, directly or through a channel's proxy.
//!
//! In a build with the feature `sandbox` it refuses every address that is not loopback, the proxy's included, before
//! a packet leaves. A name is resolved once; what was checked is what is dialled.

mod address;
mod error;
mod proxy;
mod tls;
mod wire;

#[cfg(feature = "sandbox")]
pub(crate) use address::permit;
pub(crate) use error::DialError;
pub(crate) use tls::trust;
pub(crate) use wire::Wire;

use domain::Proxy;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// How long opening may take, each stage by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// Resolving the name and opening TCP, to WhatsApp or to the proxy.
    pub connect: Duration,
    /// The proxy's consent.
    pub proxy: Duration,
    pub tls: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines { connect: Duration::from_secs(8), proxy: Duration::from_secs(8), tls: Duration::from_secs(8) }
    }
}

/// Opens connections for one channel.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    proxy: Option<Arc<Proxy>>,
    tls: Arc<ClientConfig>,
    deadlines: Deadlines,
}

impl Dialer {
    pub fn new(proxy: Option<Proxy>, tls: Arc<ClientConfig>) -> Self {
        Dialer { proxy: proxy.map(Arc::new), tls, deadlines: Deadlines::default() }
    }

    #[cfg(test)]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Opens a connection to `host` (a name or an address without brackets), secured by TLS or plain.
    pub async fn dial(&self, host: &str, port: u16, secure: bool) -> Result<Wire, DialError> {
        let tcp = match &self.proxy {
            None => self.open(host, port).await?,
            Some(proxy) => {
                let target = address::through_proxy(host, port).await?;
                let tcp = self.open_proxy(proxy).await.map_err(DialError::at_proxy)?;
                tokio::time::timeout(self.deadlines.proxy, proxy::consent(proxy, tcp, &target, port))
                    .await
                    .map_err(|_| DialError::Proxy("it did not answer in time".into()))??
            }
        };
        if !secure {
            return Ok(Wire::Plain(tcp));
        }
        tokio::time::timeout(self.deadlines.tls, tls::secure(Arc::clone(&self.tls), host, tcp))
            .await
            .map_err(|_| DialError::NoAnswer)?
            .map(|stream| Wire::Tls(Box::new(stream)))
    }

    async fn open(&self, host: &str, port: u16) -> Result<tokio::net::TcpStream, DialError> {
        tokio::time::timeout(self.deadlines.connect, async {
            let addresses = address::resolve(host, port).await?;
            address::connect(&addresses).await
        })
        .await
        .map_err(|_| DialError::TimedOut)?
    }

    async fn open_proxy(&self, proxy: &Proxy) -> Result<tokio::net::TcpStream, DialError> {
        tokio::time::timeout(self.deadlines.connect, async {
            let addresses = address::resolve_proxy(&proxy.host, proxy.port).await?;
            address::connect(&addresses).await
        })
        .await
        .map_err(|_| DialError::TimedOut)?
    }
}

#[cfg(test)]
mod tests;
