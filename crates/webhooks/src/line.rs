//! HTTP/1.1 over one connection: a request, the head of its answer, and at most so much of the body.

use crate::dialer::Wire;
use crate::{Target, Trouble};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::io;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// How much of an answer is read; the rest is never waited for.
pub(crate) const LONGEST_ANSWER: usize = 2048;
/// How long the body of an answer may keep us once its head has said all that counts.
const BODY_PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of an answer's head, and of what is read at once.
const LONGEST_HEAD: usize = 32 * 1024;
/// A connection is not used again after it lay idle so long (the shortest customary keep-alive is 5 s) …
const LONGEST_IDLE: Duration = Duration::from_secs(4);
/// … nor when it is so old, so that a name is asked for again now and then.
const LONGEST_LIFE: Duration = Duration::from_secs(60);

/// An open connection to a receiver. Ends when it is dropped.
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
    opened: Instant,
    used: Instant,
    spoken: bool,
}

/// What was read of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    /// At most [`LONGEST_ANSWER`] bytes.
    pub body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The other side had closed a connection that lay idle: worth a fresh one.
    Stale,
    Broke(Trouble),
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    pub async fn open(wire: Box<dyn Wire>) -> Result<Self, Trouble> {
        let (sender, connection) =
            http1::Builder::new().max_buf_size(LONGEST_HEAD).handshake(TokioIo::new(wire)).await.map_err(|e| explain(&e))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection to a receiver ended");
            }
        });
        let now = Instant::now();
        Ok(Line { sender, task, opened: now, used: now, spoken: false })
    }

    pub fn is_fresh(&self) -> bool {
        let now = Instant::now();
        !self.sender.is_closed() && now - self.used < LONGEST_IDLE && now - self.opened < LONGEST_LIFE
    }

    /// Sends, and waits for the head of the answer. Sets no deadline of its own.
    pub async fn ask(mut self, target: &Target, headers: HeaderMap, body: Bytes) -> Result<Head, NoAnswer> {
        let request = request(target, headers, body).map_err(NoAnswer::Broke)?;
        if self.sender.ready().await.is_err() && self.spoken {
            return Err(NoAnswer::Stale);
        }
        match self.sender.send_request(request).await {
            Ok(answer) => Ok(Head { answer, line: self }),
            Err(e) if self.spoken && is_cut(&e) => Err(NoAnswer::Stale),
            Err(e) => Err(NoAnswer::Broke(explain(&e))),
        }
    }
}

/// The head of an answer, with its body still to come.
pub(crate) struct Head {
    answer: Response<Incoming>,
    line: Line,
}

impl Head {
    /// Reads the beginning of the body, until `deadline` and for a moment at the most; gives the line back when it can be
    /// used again.
    pub async fn read(self, deadline: Instant) -> (Answer, Option<Line>) {
        let (parts, incoming) = self.answer.into_parts();
        let (body, whole) = beginning(incoming, deadline.min(Instant::now() + BODY_PATIENCE)).await;
        let retry_after = parts.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut line = self.line;
        (line.spoken, line.used) = (true, Instant::now());
        (Answer { status: parts.status.as_u16(), retry_after, body }, whole.then_some(line))
    }
}

fn request(target: &Target, mut headers: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, Trouble> {
    let host = HeaderValue::try_from(target.authority()).map_err(|e| Trouble::BadTarget(e.to_string()))?;
    headers.insert(HOST, host);
    headers.insert(CONTENT_LENGTH, body.len().into());
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.path().parse().map_err(|_| Trouble::BadTarget("the URL cannot be requested".into()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The first bytes of a body, and whether that was all of it.
async fn beginning(mut incoming: Incoming, deadline: Instant) -> (Vec<u8>, bool) {
    let mut read = Vec::new();
    loop {
        match timeout_at(deadline, incoming.frame()).await {
            Ok(None) => return (read, true),
            Ok(Some(Ok(frame))) => {
                let Some(data) = frame.data_ref() else { continue };
                let room = LONGEST_ANSWER - read.len();
                read.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    return (read, false);
                }
            }
            Ok(Some(Err(_))) | Err(_) => return (read, false),
        }
    }
}

fn is_cut(error: &hyper::Error) -> bool {
    error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || error.source().and_then(|e| e.downcast_ref::<io::Error>()).is_some()
}

fn explain(error: &hyper::Error) -> Trouble {
    if is_cut(error) { Trouble::CutOff } else { Trouble::NotHttp(error.to_string()) }
}
