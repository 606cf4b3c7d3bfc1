//! A real client (whatsapp-rust) that dials the sandbox, with its memory in this process.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::disallowed_methods, dead_code)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use whatsapp_rust::TokioRuntime;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::transport::{DisconnectReason, Transport, TransportEvent, TransportFactory};
use whatsapp_rust::types::events::Event;
use whatsapp_rust::wacore::net::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::wacore::store::InMemoryBackend;

/// Nothing in these tests takes longer on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    pub handle: BotHandle,
    pub memory: Arc<InMemoryBackend>,
    events: mpsc::UnboundedReceiver<Arc<Event>>,
    texts: Vec<String>,
}

impl Client {
    pub async fn start(url: String) -> Self {
        Self::resume(url, Arc::new(InMemoryBackend::new())).await
    }

    /// A client with the memory of an earlier one.
    pub async fn resume(url: String, memory: Arc<InMemoryBackend>) -> Self {
        Self::with(url, memory, None).await
    }

    pub async fn with_code(url: String, phone: &str) -> Self {
        let options = PairCodeOptions { phone_number: phone.into(), ..PairCodeOptions::default() };
        Self::with(url, Arc::new(InMemoryBackend::new()), Some(options)).await
    }

    async fn with(url: String, memory: Arc<InMemoryBackend>, code: Option<PairCodeOptions>) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let builder = Bot::builder()
            .with_backend_arc(memory.clone())
            .with_transport_factory(Dialer { url })
            .with_http_client(NoHttp)
            .with_runtime(TokioRuntime)
            .with_version((2, 3000, 1_030_000_000))
            .with_wanted_pre_key_count(20)
            .on_event(move |event, _| {
                let told = told.clone();
                async move { drop(told.send(event)) }
            });
        let builder = match code {
            Some(options) => builder.with_pair_code(options),
            None => builder,
        };
        let handle = builder.build().await.unwrap().spawn();
        Self { handle, memory, events, texts: Vec::new() }
    }

    /// The next event of interest.
    pub async fn wait<T>(&mut self, what: &str, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if let Some(found) = find(&event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    pub async fn qr_code(&mut self) -> String {
        self.wait("QR code", |event| match event {
            Event::PairingQrCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    pub async fn pair_code(&mut self) -> String {
        self.wait("pairing code", |event| match event {
            Event::PairingCode(shown) => Some(shown.code.clone()),
            _ => None,
        })
        .await
    }

    pub async fn connected(&mut self) {
        self.wait("connection", |event| matches!(event, Event::Connected(_)).then_some(())).await;
    }

    /// Waits for a text; those that come before it are kept for later calls.
    pub async fn text(&mut self, expected: &str) {
        use whatsapp_rust::prelude::MessageExt as _;
        let mut texts = std::mem::take(&mut self.texts);
        if !texts.iter().any(|text| text == expected) {
            self.wait(expected, |event| {
                texts.extend(event.messages().filter_map(|inbound| inbound.message.text_content().map(String::from)));
                texts.iter().any(|text| text == expected).then_some(())
            })
            .await;
        }
        self.texts = texts;
    }
}

struct Dialer {
    url: String,
}

#[async_trait]
impl TransportFactory for Dialer {
    async fn create_transport(&self) -> anyhow::Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        let (socket, _) = connect_async(&self.url).await?;
        let (sink, mut stream) = socket.split();
        let (tell, events) = async_channel::bounded(64);
        tell.send(TransportEvent::Connected).await?;
        tokio::spawn(async move {
            let reason = loop {
                match stream.next().await {
                    Some(Ok(Message::Binary(bytes))) => {
                        if tell.send(TransportEvent::DataReceived(bytes)).await.is_err() {
                            return;
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => break DisconnectReason::StreamEnded,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break DisconnectReason::ReadError(error.to_string()),
                }
            };
            drop(tell.send(TransportEvent::Disconnected(reason)).await);
        });
        Ok((Arc::new(Pipe(Mutex::new(Box::new(sink)))), events))
    }
}

type Sink = Box<dyn futures::Sink<Message, Error = tokio_tungstenite::tungstenite::Error> + Send + Unpin>;

struct Pipe(Mutex<Sink>);

#[async_trait]
impl Transport for Pipe {
    async fn send(&self, bytes: Bytes) -> anyhow::Result<()> {
        Ok(self.0.lock().await.send(Message::Binary(bytes)).await?)
    }

    async fn disconnect(&self) {
        drop(self.0.lock().await.close().await);
    }
}

struct NoHttp;

#[async_trait]
impl HttpClient for NoHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        anyhow::bail!("no HTTP in this test: {}", request.url)
    }
}
