//! The ways in, each with its own names: the Unix socket, and TLS for other machines.

use crate::rig::{Doors, PATIENCE, Rig};
use api::{Certificate, Public};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What is answered to these bytes: the status and everything.
async fn say<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, text: &str) -> (u16, String) {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // TLS may end without a farewell.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    (answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0), answer)
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or(Value::Null)
}

fn code(answer: &str) -> String {
    body(answer)["code"].as_str().unwrap_or_default().to_owned()
}

#[cfg(unix)]
mod socket {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use tokio::net::UnixStream;

    async fn rig() -> Rig {
        Rig::start_at(Doors { socket: true, ..Doors::default() }).await
    }

    async fn ask(rig: &Rig, text: &str) -> (u16, String) {
        say(UnixStream::connect(rig.bound.socket().unwrap()).await.unwrap(), text).await
    }

    #[tokio::test]
    async fn the_socket_is_for_its_owner_and_wants_a_key_like_any_other_door() {
        let rig = rig().await;
        let path = rig.bound.socket().unwrap().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let key = format!("Host: localhost\r\nAuthorization: Bearer {}\r\n", rig.key.expose());
        let (status, answer) = ask(&rig, &get("/v1/info", &key)).await;
        assert_eq!(status, 200, "{answer}");
        let doors = body(&answer)["doors"].as_array().unwrap().clone();
        assert!(doors.contains(&serde_json::json!({"kind": "unix", "address": path.display().to_string()})), "{doors:?}");
        assert!(body(&answer)["exposed"].is_null());
        let (status, answer) = ask(&rig, &get("/v1/info", "Host: localhost\r\n")).await;
        assert_eq!((status, code(&answer).as_str()), (401, "unauthorized"));
        rig.stop().await;
        assert!(!path.exists(), "it goes with the API");
    }

    #[tokio::test]
    async fn it_answers_to_localhost_alone() {
        let rig = rig().await;
        let key = format!("Authorization: Bearer {}\r\n", rig.key.expose());
        let port = rig.address().port();
        for host in [
            "127.0.0.1".to_owned(),
            format!("127.0.0.1:{port}"),
            format!("localhost:{port}"),
            "localhost:80".to_owned(),
            "localhost.".to_owned(),
            "LOCALHOST".to_owned(),
            "evil.example".to_owned(),
            "[::1]".to_owned(),
        ] {
            let (status, answer) = ask(&rig, &get("/v1/info", &format!("Host: {host}\r\n{key}"))).await;
            assert_eq!((status, code(&answer).as_str()), (403, "host_not_allowed"), "{host}");
        }
        for hosts in ["", "Host:\r\n", "Host: localhost\r\nHost: localhost\r\n"] {
            let (status, answer) = ask(&rig, &get("/v1/info", &format!("{hosts}{key}"))).await;
            assert_eq!((status, code(&answer).as_str()), (400, "bad_host"), "{hosts:?}");
        }
        // And loopback does not answer to the socket's name.
        let (status, answer) = rig.raw(&get("/v1/info", &format!("Host: localhost\r\n{key}"))).await;
        assert_eq!((status, code(&answer).as_str()), (403, "host_not_allowed"));
        rig.stop().await;
    }

    #[tokio::test]
    async fn a_page_gets_nowhere_by_it() {
        let rig = rig().await;
        let key = format!("Host: localhost\r\nAuthorization: Bearer {}\r\n", rig.key.expose());
        for origin in ["http://localhost", "null", "https://evil.example"] {
            let (status, answer) = ask(&rig, &get("/v1/info", &format!("{key}Origin: {origin}\r\n"))).await;
            assert_eq!((status, code(&answer).as_str()), (403, "origin_not_allowed"), "{origin}");
        }
        rig.stop().await;
    }
}

/// Takes any certificate: who compares the fingerprint need not ask an authority.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What is answered over TLS, and the fingerprint of who answers.
async fn over_tls(port: u16, text: &str) -> ((u16, String), String) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let shown = Sha256::digest(&stream.get_ref().1.peer_certificates().unwrap()[0]);
    let fingerprint = shown.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    (say(stream, text).await, fingerprint)
}

async fn public() -> (Rig, u16) {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::SelfMade {
        names: vec!["127.0.0.1".to_owned(), "whatisup.example".to_owned()],
        kept: dir.path().join("tls.sealed"),
        seal: vault::Key32::from_bytes([9; 32]),
    };
    let public = Public { certificate, names: vec!["whatisup.example".to_owned(), "router.example:8443".to_owned()] };
    let rig = Rig::start_at(Doors { public: Some(public), ..Doors::default() }).await;
    let port = rig.bound.exposed().iter().find_map(|a| a.strip_prefix("https://127.0.0.1:")?.parse().ok()).unwrap();
    (rig, port)
}

#[tokio::test]
async fn other_machines_see_the_certificate_whose_fingerprint_is_shown_and_need_a_key() {
    let (rig, port) = public().await;
    let info = rig.get("/v1/info").await.body;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let ((status, answer), fingerprint) = over_tls(port, &get("/v1/info", &host)).await;
    assert_eq!((status, code(&answer).as_str()), (401, "unauthorized"));
    assert_eq!(info["exposed"]["fingerprint"], fingerprint);
    assert_eq!(info["exposed"]["self_made"], true);
    assert_eq!(
        info["exposed"]["addresses"],
        serde_json::json!([
            format!("https://whatisup.example:{port}"),
            "https://router.example:8443",
            format!("https://127.0.0.1:{port}")
        ])
    );
    let key = format!("{host}Authorization: Bearer {}\r\n", rig.key.expose());
    assert_eq!(over_tls(port, &get("/v1/info", &key)).await.0.0, 200);
    // The dashboard as it is served there may use it.
    let own = format!("{key}Origin: https://127.0.0.1:{port}\r\n");
    assert_eq!(over_tls(port, &get("/v1/info", &own)).await.0.0, 200);
    rig.stop().await;
}

#[tokio::test]
async fn the_public_door_answers_to_its_own_names_alone() {
    let (rig, port) = public().await;
    let key = format!("Authorization: Bearer {}\r\n", rig.key.expose());
    for host in [format!("127.0.0.1:{port}"), format!("whatisup.example:{port}"), "router.example:8443".to_owned()] {
        let ((status, answer), _) = over_tls(port, &get("/v1/info", &format!("Host: {host}\r\n{key}"))).await;
        assert_eq!(status, 200, "{host} {answer}");
    }
    for host in [
        format!("localhost:{port}"),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        rig.address().to_string(),
        "whatisup.example".to_owned(),
        format!("router.example:{port}"),
        format!("WhatIsUp.example:{port}"),
        format!("whatisup.example.:{port}"),
        format!("evil.example:{port}"),
        format!("[::1]:{port}"),
        format!("0.0.0.0:{port}"),
    ] {
        let ((status, answer), _) = over_tls(port, &get("/v1/info", &format!("Host: {host}\r\n{key}"))).await;
        assert_eq!((status, code(&answer).as_str()), (403, "host_not_allowed"), "{host}");
    }
    for hosts in [String::new(), "Host:\r\n".to_owned(), format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n")] {
        let ((status, answer), _) = over_tls(port, &get("/v1/info", &format!("{hosts}{key}"))).await;
        assert_eq!((status, code(&answer).as_str()), (400, "bad_host"), "{hosts:?}");
    }
    // Loopback does not answer to the public names, and its own pages are not those of the public door.
    let (status, answer) = rig.raw(&get("/v1/info", &format!("Host: whatisup.example:{port}\r\n{key}"))).await;
    assert_eq!((status, code(&answer).as_str()), (403, "host_not_allowed"));
    let crossed = format!("Host: 127.0.0.1:{port}\r\n{key}Origin: http://{}\r\n", rig.address());
    let ((status, answer), _) = over_tls(port, &get("/v1/info", &crossed)).await;
    assert_eq!((status, code(&answer).as_str()), (403, "origin_not_allowed"));
    rig.stop().await;
}

#[tokio::test]
async fn nothing_is_said_there_without_tls() {
    let (rig, port) = public().await;
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let plain = get("/livez", &format!("Host: 127.0.0.1:{port}\r\n"));
    let (status, answer) = say(stream, &plain).await;
    assert!(status == 0 && !answer.contains("HTTP"), "{answer:?}");
    rig.stop().await;
}

#[tokio::test]
async fn who_says_nothing_is_let_go_at_every_door() {
    let (rig, port) = public().await;
    let silent = async |port: u16| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await.expect("it is ended");
        assert!(matches!(ended, Ok(0) | Err(_)));
    };
    tokio::join!(silent(port), silent(rig.address().port()));
    rig.stop().await;
}

#[tokio::test]
async fn without_a_public_door_nothing_is_exposed() {
    let rig = Rig::start().await;
    let info = rig.get("/v1/info").await;
    assert!(info.body["exposed"].is_null(), "{}", info.body);
    assert_eq!(info.body["doors"], serde_json::json!([{"kind": "tcp", "address": rig.bound.base_url()}]));
    rig.stop().await;
}
