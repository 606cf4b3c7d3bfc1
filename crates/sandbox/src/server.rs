//! The listener: what a client's dialer meets.

use std::net::SocketAddr;

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
#[derive(Debug)]
pub struct Sandbox {}

impl Sandbox {
    pub async fn start(config: SandboxConfig) -> Result<Self, StartError> {
        unimplemented!()
    }

    /// Where clients dial, e.g. `ws://127.0.0.1:40123/ws/chat`.
    pub fn url(&self) -> String {
        unimplemented!()
    }

    pub fn address(&self) -> SocketAddr {
        unimplemented!()
    }

    /// The CA to trust, when started with TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        unimplemented!()
    }

    /// The root key that signs the Noise certificate chain (XEdDSA), for clients that verify it.
    pub fn noise_root_public(&self) -> [u8; 32] {
        unimplemented!()
    }

    pub fn network(&self) -> &Network {
        unimplemented!()
    }

    /// Closes the listener and all sockets and waits for their tasks.
    pub async fn shutdown(self) {
        unimplemented!()
    }
}
