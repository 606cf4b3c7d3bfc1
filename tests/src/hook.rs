//! A webhook receiver in the hands of a test: keeps every request as it came, and answers as it is told.

use crate::PATIENCE;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Caught {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// # Errors
    /// When the body is not JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// What a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status with further header lines.
    Status(u16, String),
    /// 200 after so long.
    After(Duration),
    /// 200, and then a byte now and then, without end.
    Drip,
    /// 200 and so many bytes.
    Flood(u64),
}

/// Listens until it is dropped. Speaks HTTP by hand: the answers that it is here for are no server's.
#[derive(Debug)]
pub struct Hook {
    url: String,
    caught: watch::Receiver<Vec<Caught>>,
    /// How many bytes of floods were taken off our hands.
    taken: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Desk {
    reply: Box<dyn Fn(&Caught) -> Reply + Send + Sync>,
    caught: watch::Sender<Vec<Caught>>,
    taken: watch::Sender<u64>,
}

impl Hook {
    /// # Errors
    /// When it cannot listen.
    pub async fn start(reply: impl Fn(&Caught) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (caught_in, caught) = watch::channel(Vec::new());
        let (taken_in, taken) = watch::channel(0);
        let desk = Arc::new(Desk { reply: Box::new(reply), caught: caught_in, taken: taken_in });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = desk.clone();
                // Whoever hangs up on us has had enough.
                tokio::spawn(async move { drop(attend(stream, &desk).await) });
            }
        });
        Ok(Hook { url, caught, taken, task })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn taken(&self) -> u64 {
        *self.taken.borrow()
    }

    pub fn caught(&self) -> Vec<Caught> {
        self.caught.borrow().clone()
    }

    /// Waits until so many requests have come; all that came.
    ///
    /// # Errors
    /// When they do not.
    pub async fn wait(&self, count: usize) -> Result<Vec<Caught>> {
        let mut caught = self.caught.clone();
        let all = tokio::time::timeout(PATIENCE, caught.wait_for(|all| all.len() >= count)).await;
        let all = all.with_context(|| format!("{} of {count} requests came", self.caught().len()))??.clone();
        Ok(all)
    }
}

async fn attend(stream: TcpStream, desk: &Desk) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(caught) = read(&mut stream).await? else { return Ok(()) };
        let reply = (desk.reply)(&caught);
        desk.caught.send_modify(|all| all.push(caught));
        match reply {
            Reply::Status(status, headers) => {
                stream.write_all(format!("HTTP/1.1 {status} So\r\n{headers}content-length: 0\r\n\r\n").as_bytes()).await?;
            }
            Reply::After(span) => {
                tokio::time::sleep(span).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?;
            }
            Reply::Drip => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    // Inside the head: a client that waits for its end waits for ever.
                    stream.write_all(b"x-drop: y\r\n").await?;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            Reply::Flood(bytes) => {
                stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").as_bytes()).await?;
                let chunk = vec![b'x'; 64 << 10];
                let mut left = bytes;
                while left > 0 {
                    let part = chunk.len().min(usize::try_from(left).unwrap_or(chunk.len()));
                    stream.write_all(&chunk[..part]).await?;
                    left -= part as u64;
                    desk.taken.send_modify(|taken| *taken += part as u64);
                }
            }
        }
    }
}

/// The next request on a connection; `None` at its end.
async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Caught>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut caught = Caught { headers, body: Vec::new() };
    let length = caught.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    caught.body.resize(length, 0);
    stream.read_exact(&mut caught.body).await?;
    Ok(Some(caught))
}
