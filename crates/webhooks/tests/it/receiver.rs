//! A receiver on a port of its own that does as it is told, and remembers what it got.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (n, value) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn seq(&self) -> u64 {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["seq"].as_u64().unwrap()
    }

    /// As the stock library takes them.
    pub fn headers(&self) -> hyper::HeaderMap {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        names.iter().map(|n| (hyper::header::HeaderName::from_static(n), self.header(n).unwrap().parse().unwrap())).collect()
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Act {
    Say(u16),
    /// With headers (each ended by CRLF) and a body.
    SayAll(u16, &'static str, &'static str),
    SayAfter(Duration, u16),
    /// Answers when let go.
    SayWhenLet(u16),
    /// Bytes of the head for ever, one at a time.
    DripHead,
    /// A head at once, and bytes of the body for ever.
    DripBody(u16),
    /// A body of a gigabyte.
    Huge(u16),
    Cut,
    Raw(&'static [u8]),
    /// Answers and closes, without having said so.
    SayAndHangUp(u16),
}

pub struct Receiver {
    pub address: SocketAddr,
    got: watch::Receiver<Vec<Request>>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

type Conduct = dyn Fn(usize, &Request) -> Act + Send + Sync;

struct Shared {
    conduct: Box<Conduct>,
    got: watch::Sender<Vec<Request>>,
    connections: AtomicUsize,
    sent: AtomicUsize,
    gate: Semaphore,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// `conduct` is told how many requests came before.
    pub async fn start(conduct: impl Fn(usize, &Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), conduct).await
    }

    pub async fn start_at(at: SocketAddr, conduct: impl Fn(usize, &Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, got) = watch::channel(Vec::new());
        let shared = Arc::new(Shared {
            conduct: Box::new(conduct),
            got: sender,
            connections: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                let mut open = tokio::task::JoinSet::new();
                while let Ok((tcp, _)) = listener.accept().await {
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    open.spawn(serve(tcp, Arc::clone(&shared)));
                }
            }
        });
        Receiver { address, got, shared, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.got.borrow().clone()
    }

    pub fn seqs(&self) -> Vec<u64> {
        self.got.borrow().iter().map(Request::seq).collect()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that went out.
    pub fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Lets so many answers go that wait for it.
    pub fn let_go(&self, answers: usize) {
        self.shared.gate.add_permits(answers);
    }

    /// Waits for so many requests, those that came already included.
    pub async fn wait_for(&self, requests: usize) -> Vec<Request> {
        let mut got = self.got.clone();
        let waited = tokio::time::timeout(Duration::from_secs(20), got.wait_for(|got| got.len() >= requests)).await;
        let Ok(seen) = waited else { panic!("only {} of {requests} requests came", self.got.borrow().len()) };
        seen.unwrap().clone()
    }
}

async fn serve(tcp: TcpStream, shared: Arc<Shared>) {
    let mut tcp = BufReader::new(tcp);
    while let Some(request) = read(&mut tcp).await {
        let act = {
            let mut act = None;
            shared.got.send_modify(|got| {
                act = Some((shared.conduct)(got.len(), &request));
                got.push(request);
            });
            act.unwrap()
        };
        if answer(&mut tcp, act, &shared).await.is_none() {
            return;
        }
    }
}

async fn read(tcp: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if tcp.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut request = Request { head, body: String::new() };
    let mut body = vec![0; request.header("content-length")?.parse().ok()?];
    tcp.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// `None` when the connection is to be closed.
async fn answer(tcp: &mut BufReader<TcpStream>, act: Act, shared: &Shared) -> Option<()> {
    let plain = |status: u16| match status {
        204 => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        _ => format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 2\r\n\r\nok"),
    };
    match act {
        Act::Say(status) => tcp.write_all(plain(status).as_bytes()).await.ok(),
        Act::SayAll(status, headers, body) => {
            let whole = format!("HTTP/1.1 {status} Whatever\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
            tcp.write_all(whole.as_bytes()).await.ok()
        }
        Act::SayAfter(span, status) => {
            tokio::time::sleep(span).await;
            tcp.write_all(plain(status).as_bytes()).await.ok()
        }
        Act::SayWhenLet(status) => {
            shared.gate.acquire().await.ok()?.forget();
            tcp.write_all(plain(status).as_bytes()).await.ok()
        }
        Act::DripHead => {
            tcp.write_all(b"HTTP/1.1 200 OK\r\nx-drip: ").await.ok()?;
            drip(tcp).await
        }
        Act::DripBody(status) => {
            let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 1000000\r\n\r\n");
            tcp.write_all(head.as_bytes()).await.ok()?;
            drip(tcp).await
        }
        Act::Huge(status) => {
            let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 1073741824\r\n\r\n");
            tcp.write_all(head.as_bytes()).await.ok()?;
            let piece = vec![b'x'; 64 * 1024];
            for _ in 0..(1 << 30) / piece.len() {
                tcp.write_all(&piece).await.ok()?;
                shared.sent.fetch_add(piece.len(), Ordering::SeqCst);
            }
            None
        }
        Act::Cut => None,
        Act::Raw(bytes) => {
            tcp.write_all(bytes).await.ok()?;
            None
        }
        Act::SayAndHangUp(status) => {
            tcp.write_all(plain(status).as_bytes()).await.ok()?;
            None
        }
    }
}

async fn drip(tcp: &mut BufReader<TcpStream>) -> Option<()> {
    loop {
        tcp.write_all(b"x").await.ok()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
