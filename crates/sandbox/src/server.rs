//! The listener: what a client's dialer meets.

mod certificate;
mod client_payload;
mod connection;
mod frame;
mod handshake;
mod listener;
mod noise;
mod tls;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::certificate::NoiseIdentity;
use self::listener::House;
use crate::network::Network;

/// How to listen.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Loopback only; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `wss` with a certificate of the sandbox's own CA ([`Sandbox::ca_pem`]).
    pub tls: bool,
    /// Fixes the Noise keys, so that clients which cached the server's key survive a restart of the sandbox.
    pub seed: Option<u64>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), tls: false, seed: None }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot make a certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A running loopback WhatsApp. Dropping it stops it.
pub struct Sandbox {
    house: Arc<House>,
    address: SocketAddr,
    ca_pem: Option<String>,
}

impl Sandbox {
    pub async fn start(config: SandboxConfig) -> Result<Self, StartError> {
        if !config.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(config.listen));
        }
        let seed = config.seed.map_or_else(rand::random, wide_seed);
        let identity = NoiseIdentity::from_seed(seed).map_err(|error| StartError::Certificate(Box::new(error)))?;
        let (ca_pem, tls) = if config.tls {
            let (pem, acceptor) = tls::acceptor().map_err(|error| StartError::Certificate(Box::new(error)))?;
            (Some(pem), Some(acceptor))
        } else {
            (None, None)
        };
        let listen = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let network = Network::new();
        network.serve_media_at(address.to_string());
        let house = Arc::new(House { network, identity, tls, stop: CancellationToken::new(), tasks: TaskTracker::new() });
        house.tasks.spawn(listener::listen(listener, Arc::clone(&house)));
        tracing::info!(%address, tls = config.tls, "the sandbox listens");
        Ok(Self { house, address, ca_pem })
    }

    /// Where clients dial, e.g. `ws://127.0.0.1:40123/ws/chat`.
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}/ws/chat", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA to trust, when started with TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The root key that signs the Noise certificate chain (XEdDSA), for clients that verify it.
    pub fn noise_root_public(&self) -> [u8; 32] {
        self.house.identity.root_public()
    }

    pub fn network(&self) -> &Network {
        &self.house.network
    }

    /// Closes the listener and all sockets and waits for their tasks.
    pub async fn shutdown(self) {
        self.house.stop.cancel();
        self.house.tasks.close();
        self.house.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.house.stop.cancel();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).field("tls", &self.ca_pem.is_some()).finish()
    }
}

fn wide_seed(seed: u64) -> [u8; 32] {
    let mut wide = [0; 32];
    wide[..8].copy_from_slice(&seed.to_be_bytes());
    wide
}
