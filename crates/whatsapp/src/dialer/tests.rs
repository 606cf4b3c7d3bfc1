#![allow(clippy::unwrap_used)]
use super::*;
use domain::Cause;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

fn dialer(proxy: Option<&str>) -> Dialer {
    Dialer::new(proxy.map(|text| text.parse().unwrap()), trust(&[]).unwrap())
}

fn hurried() -> Deadlines {
    let short = Duration::from_millis(150);
    Deadlines { connect: short, proxy: short, tls: short }
}

/// Answers one connection with what it says, upper-cased.
async fn shouting_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tcp = BufReader::new(tcp);
        let mut line = String::new();
        tcp.read_line(&mut line).await.unwrap();
        tcp.write_all(line.to_uppercase().as_bytes()).await.unwrap();
    });
    address
}

async fn shout(mut wire: Wire) -> String {
    wire.write_all(b"hello\n").await.unwrap();
    let mut answer = String::new();
    BufReader::new(wire).read_line(&mut answer).await.unwrap();
    answer
}

/// A CONNECT proxy for one connection that knows one password; returns the request's head.
async fn connect_proxy(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        tcp.write_all(answer.as_bytes()).await.unwrap();
        if answer.contains(" 200 ") {
            let target = head.split_whitespace().nth(1).unwrap().to_owned();
            let mut far = TcpStream::connect(target).await.unwrap();
            tokio::io::copy_bidirectional(&mut tcp, &mut far).await.unwrap();
        }
        head
    });
    (address, served)
}

#[tokio::test]
async fn dials_directly() {
    let server = shouting_server().await;
    let wire = dialer(None).dial("127.0.0.1", server.port(), false).await.unwrap();
    assert_eq!(shout(wire).await, "HELLO\n");
}

#[tokio::test]
async fn connects_through_an_http_proxy_with_its_credentials() {
    let server = shouting_server().await;
    let (proxy, served) = connect_proxy("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").await;
    let wire = dialer(Some(&format!("http://ada:p%40ss@{proxy}"))).dial("127.0.0.1", server.port(), false).await.unwrap();
    assert_eq!(shout(wire).await, "HELLO\n");
    let head = served.await.unwrap();
    assert!(head.starts_with(&format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n")), "{head}");
    // "ada:p@ss"
    assert!(head.contains("\r\nProxy-Authorization: Basic YWRhOnBAc3M=\r\n"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_the_proxys_fault() {
    for answer in ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.0 502 Bad Gateway\r\n\r\n", "hello\r\n\r\n"] {
        let (proxy, _served) = connect_proxy(answer).await;
        let error = dialer(Some(&format!("http://{proxy}"))).dial("127.0.0.1", 9, false).await.unwrap_err();
        assert_eq!(error.cause(), Cause::ProxyFailed, "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_says_nothing_is_the_proxys_fault() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = dialer(Some(&format!("socks5://{gone}"))).dial("127.0.0.1", 9, false).await.unwrap_err();
    assert_eq!(error.cause(), Cause::ProxyFailed);

    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for scheme in ["http", "socks5"] {
        let proxy = format!("{scheme}://{}", mute.local_addr().unwrap());
        let error = dialer(Some(&proxy)).with_deadlines(hurried()).dial("127.0.0.1", 9, false).await.unwrap_err();
        assert_eq!(error.cause(), Cause::ProxyFailed, "{scheme}");
    }
}

/// A SOCKS5 proxy for one connection to `far`; returns the credentials and the target it was told.
async fn socks_proxy(far: SocketAddr) -> (SocketAddr, JoinHandle<(String, Vec<u8>)>) {
    async fn field(tcp: &mut TcpStream) -> String {
        let mut text = vec![0; tcp.read_u8().await.unwrap().into()];
        tcp.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        assert_eq!(tcp.read_u8().await.unwrap(), 5);
        assert!(field(&mut tcp).await.as_bytes().contains(&2), "no password was offered");
        tcp.write_all(&[5, 2]).await.unwrap();
        assert_eq!(tcp.read_u8().await.unwrap(), 1);
        let credentials = format!("{}:{}", field(&mut tcp).await, field(&mut tcp).await);
        tcp.write_all(&[1, 0]).await.unwrap();
        let mut request = [0; 4];
        tcp.read_exact(&mut request).await.unwrap();
        assert_eq!(request[..2], [5, 1]);
        let mut target = vec![request[3]];
        let length = match request[3] {
            1 => 4,
            3 => tcp.read_u8().await.unwrap().into(),
            _ => panic!("unexpected form of address"),
        };
        let mut host = vec![0; length];
        tcp.read_exact(&mut host).await.unwrap();
        target.extend(host);
        tcp.read_u16().await.unwrap();
        tcp.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.unwrap();
        let mut far = TcpStream::connect(far).await.unwrap();
        tokio::io::copy_bidirectional(&mut tcp, &mut far).await.unwrap();
        (credentials, target)
    });
    (address, served)
}

#[tokio::test]
async fn connects_through_a_socks_proxy_with_its_credentials() {
    let server = shouting_server().await;
    let (proxy, served) = socks_proxy(server).await;
    let wire = dialer(Some(&format!("socks5://ada:secret@{proxy}"))).dial("localhost", server.port(), false).await.unwrap();
    assert_eq!(shout(wire).await, "HELLO\n");
    let (credentials, target) = served.await.unwrap();
    assert_eq!(credentials, "ada:secret");
    // The proxy resolves the name, except in a sandbox build, which checks and pins the address.
    #[cfg(not(feature = "sandbox"))]
    assert_eq!(target, b"\x03localhost");
    #[cfg(feature = "sandbox")]
    assert_eq!(target, [1, 127, 0, 0, 1]);
}

#[tokio::test]
async fn a_refused_connection_is_told_from_a_silent_one() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = dialer(None).dial("127.0.0.1", gone.port(), false).await.unwrap_err();
    assert!(matches!(error, DialError::Connect(_)) && error.cause() == Cause::Unreachable, "{error}");

    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let error = dialer(None).with_deadlines(hurried()).dial("127.0.0.1", port, true).await.unwrap_err();
    assert!(matches!(error, DialError::NoAnswer) && error.cause() == Cause::NoAnswer, "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    let server = shouting_server().await;
    let error = dialer(None).dial("127.0.0.1", server.port(), true).await.unwrap_err();
    assert!(matches!(error, DialError::Tls(_)) && error.cause() == Cause::HandshakeFailed, "{error}");
}

/// The sandbox's rule, first of its two tests. Were any of these dialled, it would fail otherwise or not at all.
#[cfg(feature = "sandbox")]
mod sandbox_build {
    use super::*;

    const ELSEWHERE: [&str; 14] = [
        "192.0.2.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "8.8.8.8",
        "::",
        "2001:db8::1",
        "fe80::1",
        "fd00::1",
        "::ffff:192.0.2.1",
    ];

    #[tokio::test]
    async fn a_sandbox_build_refuses_every_address_that_is_not_loopback() {
        for host in ELSEWHERE {
            for secure in [false, true] {
                let error = dialer(None).dial(host, 9, secure).await.unwrap_err();
                assert!(matches!(error, DialError::NotLoopback(_)), "{host}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn a_sandbox_build_refuses_a_proxy_elsewhere_and_a_target_elsewhere_behind_a_proxy() {
        for host in ELSEWHERE {
            let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            for scheme in ["http", "socks5"] {
                let far_proxy = format!("{scheme}://{bracketed}:9");
                let error = dialer(Some(&far_proxy)).dial("127.0.0.1", 9, false).await.unwrap_err();
                assert!(matches!(error, DialError::NotLoopback(_)), "{far_proxy}: {error}");

                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let near_proxy = format!("{scheme}://{}", listener.local_addr().unwrap());
                let error = dialer(Some(&near_proxy)).dial(host, 9, false).await.unwrap_err();
                assert!(matches!(error, DialError::NotLoopback(_)), "{host}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let server = shouting_server().await;
        assert!(dialer(None).dial("localhost", server.port(), false).await.is_ok());
        let mixed: Vec<SocketAddr> = vec!["127.0.0.1:9".parse().unwrap(), "192.0.2.1:9".parse().unwrap()];
        assert!(matches!(permit("mixed.test", &mixed), Err(DialError::NotLoopback(_))));
        assert!(matches!(permit("nothing.test", &[]), Err(DialError::NotLoopback(_))));
        for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(permit("x", &[address.parse().unwrap()]).is_ok(), "{address}");
        }
    }
}
