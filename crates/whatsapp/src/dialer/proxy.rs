use super::DialError;
use super::address::Target;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Proxy, ProxyScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;
use zeroize::Zeroizing;

/// More than any sane answer to CONNECT.
const LONGEST_ANSWER: usize = 8 * 1024;

/// Gets the proxy at the other end of `tcp` to carry what follows to `target`.
pub(super) async fn consent(proxy: &Proxy, tcp: TcpStream, target: &Target, port: u16) -> Result<TcpStream, DialError> {
    match proxy.scheme {
        ProxyScheme::Http => connect(proxy, tcp, target, port).await,
        ProxyScheme::Socks5 => socks(proxy, tcp, target, port).await,
    }
}

async fn connect(proxy: &Proxy, mut tcp: TcpStream, target: &Target, port: u16) -> Result<TcpStream, DialError> {
    let broken = |e: std::io::Error| DialError::Proxy(e.to_string());
    let authority = match target {
        Target::Name(name) => format!("{name}:{port}"),
        Target::Address(address) => address.to_string(),
    };
    let mut request = Zeroizing::new(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"));
    if let Some(credentials) = &proxy.credentials {
        let pair = Zeroizing::new(format!("{}:{}", credentials.user, credentials.password));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&Zeroizing::new(STANDARD.encode(pair.as_bytes())));
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    tcp.write_all(request.as_bytes()).await.map_err(broken)?;

    // Byte by byte, so that nothing of what follows the answer is taken with it. The answer is short and comes once.
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == LONGEST_ANSWER {
            return Err(DialError::Proxy("its answer is too long".into()));
        }
        answer.push(tcp.read_u8().await.map_err(broken)?);
    }
    match status(&answer) {
        Some(200..=299) => Ok(tcp),
        Some(407) => Err(DialError::Proxy("it wants other credentials".into())),
        Some(code) => Err(DialError::Proxy(format!("it answered {code}"))),
        None => Err(DialError::Proxy("it does not speak HTTP".into())),
    }
}

/// The status of an HTTP/1.x answer.
fn status(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer).ok()?.lines().next()?;
    line.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?.parse().ok()
}

async fn socks(proxy: &Proxy, tcp: TcpStream, target: &Target, port: u16) -> Result<TcpStream, DialError> {
    let target = match target {
        Target::Name(name) => TargetAddr::Domain(name.into(), port),
        Target::Address(address) => TargetAddr::Ip(*address),
    };
    let stream = match &proxy.credentials {
        None => Socks5Stream::connect_with_socket(tcp, target).await,
        Some(credentials) => {
            Socks5Stream::connect_with_password_and_socket(tcp, target, &credentials.user, &credentials.password).await
        }
    };
    stream.map(Socks5Stream::into_inner).map_err(|e| DialError::Proxy(e.to_string()))
}

#[cfg(test)]
mod fuzz {
    #[test]
    fn what_a_proxy_answers() {
        let seeds = ["HTTP/1.1 200 OK\r\nVia: x\r\n\r\n", "HTTP/1.0 407 Proxy Authentication Required\r\n\r\n"];
        ::fuzz::target!("proxy_answer").seeds(seeds).words(["HTTP/1.", "\r\n", " "]).run(|bytes| {
            // By the hundred: more is not judged.
            super::status(bytes).map(|status| status / 100)
        });
    }
}
