//! whatsapp-rust's HTTP client (media, version look-ups): one request per connection, over the channel's dialer.

use crate::dialer::{Dialer, Wire};
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use url::Url;
use wacore::net::{HttpClient, HttpRequest, HttpResponse};

/// What one exchange may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// Bytes of an answer's body; a longer one is an error, not a shorter body.
    pub body: usize,
    /// From the first byte of the request to the last of the answer, beside what dialling takes.
    pub exchange: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        // WhatsApp's own limit for a video or picture; documents are larger and come in ranges.
        Caps { body: 100 * 1024 * 1024, exchange: Duration::from_secs(120) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Http {
    dialer: Dialer,
    caps: Caps,
}

impl Http {
    pub fn new(dialer: Dialer) -> Self {
        Http { dialer, caps: Caps::default() }
    }

    #[cfg(test)]
    pub fn with_caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    async fn exchange(&self, wire: Wire, request: Request<Full<Bytes>>) -> anyhow::Result<HttpResponse> {
        let (mut sender, connection) = http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(wire)).await?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            let status_code = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), self.caps.body)
                .collect()
                .await
                .map_err(|e| anyhow::anyhow!("the answer's body: {e}"))?
                .to_bytes();
            anyhow::Ok(HttpResponse { status_code, body: body.into() })
        };
        // The connection is driven here, so that it ends with the exchange.
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            end = connection => {
                // Some servers cut the connection right after their answer; whether it was whole, the exchange knows.
                if let Err(e) = end {
                    tracing::debug!(error = %e, "an http connection broke");
                }
                exchange.await
            }
        }
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let url = Url::parse(&request.url).context("not an address")?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => bail!("not an http address"),
        };
        let host = url.host_str().context("an address without a host")?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().context("an address without a port")?;
        let built = build(&url, request.clone())?;
        let wire = self.dialer.dial(host, port, secure).await?;
        tokio::time::timeout(self.caps.exchange, self.exchange(wire, built)).await.context("no answer within the deadline")?
    }
}

fn build(url: &Url, request: HttpRequest) -> anyhow::Result<Request<Full<Bytes>>> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let body = request.body.unwrap_or_default();
    let mut built = Request::builder().method(request.method.as_str()).uri(path).body(Full::new(body.clone()))?;
    let headers = built.headers_mut();
    for (name, value) in &request.headers {
        headers.insert(HeaderName::try_from(name.as_str())?, HeaderValue::try_from(value.as_str())?);
    }
    headers.insert(HOST, HeaderValue::try_from(authority)?);
    if !body.is_empty() {
        headers.insert(CONTENT_LENGTH, body.len().into());
    }
    Ok(built)
}

#[cfg(all(test, feature = "sandbox"))]
mod tests;
