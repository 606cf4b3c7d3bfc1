//! `wss` with the sandbox's own CA.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use sandbox::{Sandbox, SandboxConfig};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

async fn dial(url: &str, roots: RootCertStore) -> Result<(), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    connect_async_tls_with_config(url, None, true, Some(Connector::Rustls(Arc::new(config)))).await.map(drop)
}

#[tokio::test]
async fn who_trusts_its_ca_gets_in_and_nobody_else() {
    let sandbox = Sandbox::start(SandboxConfig { tls: true, ..SandboxConfig::default() }).await.unwrap();
    assert!(sandbox.url().starts_with("wss://127.0.0.1:"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();
    dial(&sandbox.url(), roots.clone()).await.unwrap();
    let by_name = sandbox.url().replace("127.0.0.1", "localhost");
    dial(&by_name, roots).await.unwrap();
    dial(&sandbox.url(), RootCertStore::empty()).await.unwrap_err();
    sandbox.shutdown().await;
}
