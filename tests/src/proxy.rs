//! Small proxies on loopback, SOCKS5 and HTTP CONNECT, that want credentials and remember what they were asked.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One client that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Its credentials were right, and it was connected to this address.
    Granted(SocketAddr),
    /// It gave other credentials, or none.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Socks5,
    Http,
}

/// Serves until dropped.
#[derive(Debug)]
pub struct Proxy {
    kind: Kind,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    password: String,
}

impl Proxy {
    /// A proxy that lets in whoever has these credentials.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(kind: Kind, user: &str, password: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let wanted = Credentials { user: user.to_owned(), password: password.to_owned() };
        let book = Arc::clone(&asked);
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (wanted, book) = (wanted.clone(), Arc::clone(&book));
                // A client that breaks off is its own affair; what matters is in the book.
                tokio::spawn(async move {
                    let _ = match kind {
                        Kind::Socks5 => socks5(client, &wanted, &book).await,
                        Kind::Http => http(client, &wanted, &book).await,
                    };
                });
            }
        });
        Ok(Proxy { kind, address, asked, server })
    }

    /// As a person writes it into a channel.
    pub fn url(&self, user: &str, password: &str) -> String {
        let scheme = match self.kind {
            Kind::Socks5 => "socks5",
            Kind::Http => "http",
        };
        format!("{scheme}://{user}:{password}@{}", self.address)
    }

    /// Everybody who came so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn note(book: &Mutex<Vec<Asked>>, asked: Asked) {
    book.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
}

/// RFC 1928 with the user name and password of RFC 1929.
async fn socks5(mut client: TcpStream, wanted: &Credentials, book: &Mutex<Vec<Asked>>) -> Result<()> {
    ensure!(client.read_u8().await? == 5, "not SOCKS5");
    let methods = counted(&mut client).await?;
    if !methods.contains(&2) {
        note(book, Asked::Refused);
        client.write_all(&[5, 0xff]).await?;
        return Ok(());
    }
    client.write_all(&[5, 2]).await?;
    ensure!(client.read_u8().await? == 1, "another version of passwords");
    let (user, password) = (counted(&mut client).await?, counted(&mut client).await?);
    if user != wanted.user.as_bytes() || password != wanted.password.as_bytes() {
        note(book, Asked::Refused);
        client.write_all(&[1, 1]).await?;
        return Ok(());
    }
    client.write_all(&[1, 0]).await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    ensure!(request == [5, 1, 0, 1], "a sandbox build asks for an IPv4 address, not for {request:?}");
    let ip = Ipv4Addr::from(client.read_u32().await?);
    let target = SocketAddr::from((ip, client.read_u16().await?));
    note(book, Asked::Granted(target));
    let server = TcpStream::connect(target).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    carry(client, server).await
}

async fn counted(client: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// RFC 9110, 9.3.6, with Basic credentials.
async fn http(mut client: TcpStream, wanted: &Credentials, book: &Mutex<Vec<Asked>>) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let Some(authority) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        bail!("not a CONNECT: {head}");
    };
    let right = format!("Proxy-Authorization: Basic {}", STANDARD.encode(format!("{}:{}", wanted.user, wanted.password)));
    if !head.lines().any(|line| line == right) {
        note(book, Asked::Refused);
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n\r\n";
        client.write_all(refusal.as_bytes()).await?;
        return Ok(());
    }
    let target: SocketAddr = authority.parse().context("a sandbox build asks for an address")?;
    note(book, Asked::Granted(target));
    let server = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    carry(client, server).await
}

async fn carry(mut client: TcpStream, mut server: TcpStream) -> Result<()> {
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
