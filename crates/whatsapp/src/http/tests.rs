#![allow(clippy::unwrap_used)]
use super::*;
use crate::dialer::trust;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Reads one request and answers it; returns the request.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Vec<u8>) -> String {
    let mut request = vec![0; 4096];
    let mut read = 0;
    loop {
        read += stream.read(&mut request[read..]).await.unwrap();
        let text = String::from_utf8_lossy(&request[..read]).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected =
            head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse().unwrap()));
        if body.len() >= expected.unwrap_or(0) {
            // The other side may have had enough before the end.
            let _ = stream.write_all(&answer).await;
            return text;
        }
    }
}

async fn plain(says: Vec<u8>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(async move { answer(listener.accept().await.unwrap().0, says).await }))
}

fn client(authorities: &[CertificateDer<'static>]) -> Http {
    Http::new(Dialer::new(None, trust(authorities).unwrap()))
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn posts_a_body_and_reads_the_answer() {
    let (server, served) = plain(ok("done")).await;
    let request = HttpRequest::post(format!("http://{server}/up?auth=1")).with_header("x-test", "yes").with_body("payload");
    let answer = client(&[]).execute(request).await.unwrap();
    assert_eq!((answer.status_code, answer.body.as_slice()), (200, &b"done"[..]));
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /up?auth=1 HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains(&format!("host: {server}\r\n"))
            && request.contains("x-test: yes\r\n")
            && request.ends_with("\r\n\r\npayload")
    );
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_no_error() {
    let (server, _served) = plain(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let answer = client(&[]).execute(HttpRequest::get(format!("http://{server}/"))).await.unwrap();
    assert_eq!(answer.status_code, 404);
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_an_error() {
    for head in ["content-length: 2000\r\n\r\n", "\r\n"] {
        let mut says = format!("HTTP/1.1 200 OK\r\n{head}").into_bytes();
        says.resize(says.len() + 2000, b'x');
        let (server, _served) = plain(says).await;
        let http = client(&[]).with_caps(Caps { body: 1000, exchange: Duration::from_secs(5) });
        assert!(http.execute(HttpRequest::get(format!("http://{server}/"))).await.is_err(), "{head:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = client(&[]).with_caps(Caps { body: 1000, exchange: Duration::from_millis(100) });
    let request = HttpRequest::get(format!("http://{}/", listener.local_addr().unwrap()));
    assert!(http.execute(request).await.is_err());
}

#[tokio::test]
async fn media_over_tls_needs_the_trusted_authority() {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &authority).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/m", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(tls) = acceptor.accept(tcp).await {
                answer(tls, ok("sealed")).await;
            }
        }
    });
    assert!(client(&[]).execute(HttpRequest::get(&url)).await.is_err());
    let answer = client(&[authority.der().clone()]).execute(HttpRequest::get(&url)).await.unwrap();
    assert_eq!(answer.body, b"sealed");
}
