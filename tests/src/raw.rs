//! HTTP by hand over one kept connection: heads that no client library would write, and the answers as they came.

use crate::PATIENCE;
use anyhow::{Context, Result, bail};
use rustls::ClientConfig;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The word of a problem; empty for what is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A door of the application.
#[derive(Clone, Debug)]
pub enum Place {
    Tcp {
        to: SocketAddr,
        /// The address to come from: any of 127.0.0.0/8 is this machine's.
        from: Option<IpAddr>,
    },
    Unix(PathBuf),
    /// The door for other machines.
    Tls {
        to: SocketAddr,
        from: Option<IpAddr>,
        config: Arc<ClientConfig>,
    },
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Place {
    async fn connect(&self) -> Result<Box<dyn Stream>> {
        match self {
            Place::Tcp { to, from } => Ok(Box::new(tcp(*to, *from).await?)),
            Place::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Place::Tls { to, from, config } => {
                let stream = tcp(*to, *from).await?;
                Ok(Box::new(TlsConnector::from(config.clone()).connect(to.ip().into(), stream).await?))
            }
        }
    }
}

async fn tcp(to: SocketAddr, from: Option<IpAddr>) -> Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One door to ask at, over one connection for as long as that is kept.
pub struct Raw {
    place: Place,
    stream: Option<BufReader<Box<dyn Stream>>>,
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Raw {
    pub fn to(address: SocketAddr) -> Self {
        Raw::at(Place::Tcp { to: address, from: None })
    }

    pub fn at(place: Place) -> Self {
        Raw { place, stream: None }
    }

    /// Writes a request as it is and reads the answer; `None` when the connection is closed without one. `bodiless` for `HEAD`.
    ///
    /// # Errors
    /// When there is no connection, or the answer is no HTTP or does not end.
    pub async fn ask(&mut self, request: &[u8], bodiless: bool) -> Result<Option<Answer>> {
        let kept = self.stream.is_some();
        let first = timeout(PATIENCE, self.once(request, bodiless)).await.context("the answer does not end")?;
        match first {
            // A connection that was kept may have been closed at rest, before it had this request.
            Ok(None) | Err(_) if kept => {
                self.stream = None;
                timeout(PATIENCE, self.once(request, bodiless)).await.context("the answer does not end")?
            }
            answer => answer,
        }
    }

    async fn once(&mut self, request: &[u8], bodiless: bool) -> Result<Option<Answer>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(self.place.connect().await?),
        };
        // Refused while it is still being written is an answer, too.
        let written = match stream.write_all(request).await {
            // TLS keeps back what does not fill a record.
            Ok(()) => stream.flush().await,
            error => error,
        };
        let Some(answer) = read(&mut stream, bodiless).await? else {
            written?;
            return Ok(None);
        };
        let closes = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let bounded = bodiless || answer.header("content-length").is_some() || answer.header("transfer-encoding").is_some();
        if written.is_ok() && !closes && (bounded || matches!(answer.status, 204 | 304)) {
            self.stream = Some(stream);
        }
        Ok(Some(answer))
    }
}

async fn read(stream: &mut BufReader<Box<dyn Stream>>, bodiless: bool) -> Result<Option<Answer>> {
    let mut line = String::new();
    // A reset is an end without an answer.
    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
        return Ok(None);
    }
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status: u16 = status.with_context(|| format!("no status line: {line:?}"))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            bail!("the head of an answer broke off");
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if bodiless || matches!(status, 204 | 304) {
        return Ok(Some(answer));
    }
    if answer.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        answer.body = chunks(stream).await?;
    } else if let Some(length) = answer.header("content-length") {
        answer.body.resize(length.parse()?, 0);
        stream.read_exact(&mut answer.body).await?;
    } else {
        stream.read_to_end(&mut answer.body).await?;
    }
    Ok(Some(answer))
}

async fn chunks(stream: &mut BufReader<Box<dyn Stream>>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let size = line.trim_end().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("no size of a chunk: {line:?}"))?;
        let mut chunk = vec![0; size];
        stream.read_exact(&mut chunk).await?;
        body.extend(chunk);
        line.clear();
        stream.read_line(&mut line).await?;
        if size == 0 {
            return Ok(body);
        }
    }
}
