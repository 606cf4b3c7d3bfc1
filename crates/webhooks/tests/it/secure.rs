use crate::ground::{Ground, hurried};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use webhooks::DispatcherConfig;

/// A receiver behind TLS that takes everything, and the authority that vouches for it under `name`.
async fn receiver(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(vec![]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&ca_key).unwrap().der().clone();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(tcp).await else { return };
                let mut read = vec![0; 8192];
                let _ = stream.read(&mut read).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (address, authority)
}

#[tokio::test]
async fn https_is_spoken_with_those_whose_authority_is_trusted_and_with_nobody_else() {
    let (address, authority) = receiver("localhost").await;
    let trusting = Ground::new(DispatcherConfig { authorities: vec![authority], ..hurried() }).await;
    let tried = trusting.try_at(format!("https://localhost:{}/", address.port())).await;
    assert!(tried.delivered, "{tried:?}");
    let tried = trusting.try_at(format!("https://127.0.0.1:{}/", address.port())).await;
    assert!(tried.error.unwrap().contains("no secure connection"), "the certificate is for another name");
    trusting.end().await;

    let wary = Ground::hurried().await;
    let tried = wary.try_at(format!("https://localhost:{}/", address.port())).await;
    assert!(!tried.delivered && tried.error.unwrap().contains("no secure connection"));
    wary.end().await;
}

#[tokio::test]
async fn a_receiver_that_speaks_no_tls_is_not_delivered_to() {
    let plain = crate::receiver::Receiver::start(|_, _| crate::receiver::Act::Say(200)).await;
    let ground = Ground::hurried().await;
    let tried = ground.try_at(format!("https://{}/", plain.address)).await;
    assert!(!tried.delivered);
    assert_eq!(plain.requests().len(), 0);
    ground.end().await;
}
