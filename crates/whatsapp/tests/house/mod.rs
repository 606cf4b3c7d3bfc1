//! A loopback WhatsApp with phones, and channels of ours in it.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, dead_code)]

use async_trait::async_trait;
use domain::{ChannelId, ChatId, Content, Identity, Phone, Proxy, Timestamp};
use sandbox::phone::{Phone as Handset, Phones};
use sandbox::{Network, Sandbox, SandboxConfig};
use socket::{Close, InboundMessage, Inbox, InboxError, Opening, Outbound, Secret, Socket, SocketEvent, SocketFactory};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use vault::{Installation, Namespace, Scope, Vault};
use whatsapp::{AuthStore, Endpoint, WhatsApp, WhatsAppConfig};

pub const SOON: Duration = Duration::from_secs(20);

pub struct House {
    pub sandbox: Sandbox,
    pub phones: Phones,
    pub whatsapp: WhatsApp,
    pub auth_store: AuthStore,
    pub dir: tempfile::TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::built(false).await
    }

    pub async fn with_tls() -> Self {
        Self::built(true).await
    }

    async fn built(tls: bool) -> Self {
        // For a failing test: RUST_LOG=whatsapp=debug,whatsapp_rust=debug.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let sandbox = Sandbox::start(SandboxConfig { tls, ..SandboxConfig::default() }).await.unwrap();
        let phones = Phones::with_people(sandbox.network().clone(), 2).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let auth_store = AuthStore::disk(dir.path(), vault(&dir));
        let whatsapp = whatsapp(&sandbox, auth_store.clone());
        House { sandbox, phones, whatsapp, auth_store, dir }
    }

    /// The program as it is after a restart.
    pub fn restarted(&mut self) {
        self.whatsapp = whatsapp(&self.sandbox, self.auth_store.clone());
    }

    pub fn network(&self) -> &Network {
        self.sandbox.network()
    }

    pub fn vault(&self) -> Vault {
        vault(&self.dir)
    }

    pub fn ada(&self) -> Handset {
        self.phones.all()[0].clone()
    }

    pub fn grace(&self) -> Handset {
        self.phones.all()[1].clone()
    }

    pub async fn open(&self, channel: ChannelId) -> Session {
        self.open_with(channel, None, None).await
    }

    pub async fn open_with(&self, channel: ChannelId, by_code: Option<Phone>, proxy: Option<Proxy>) -> Session {
        Session::open(&self.whatsapp, channel, by_code, proxy).await
    }

    /// A channel linked to Ada's phone, logged in.
    pub async fn linked(&self, channel: ChannelId) -> Session {
        let mut pairing = self.open(channel).await;
        let code = pairing.qr().await;
        self.ada().scan(&code).await.unwrap();
        assert_eq!(pairing.closed().await, Close::Restart);
        let mut session = self.open(channel).await;
        session.opened().await;
        session
    }

    /// A proxy-less look at whether the sandbox met anything that a good client would not do.
    pub fn assert_good_manners(&self) {
        let counters = self.network().counters();
        assert_eq!(counters.unknown_stanzas, 0, "{counters:?}");
    }
}

fn vault(dir: &tempfile::TempDir) -> Vault {
    let scope = Scope { namespace: Namespace::Sandbox, installation: Installation::named("test") };
    Vault::key_file(dir.path().join("keys"), scope)
}

pub fn whatsapp(sandbox: &Sandbox, auth_store: AuthStore) -> WhatsApp {
    whatsapp_at(&sandbox.url(), sandbox, auth_store)
}

/// The sandbox, reached by another way.
pub fn whatsapp_at(url: &str, sandbox: &Sandbox, auth_store: AuthStore) -> WhatsApp {
    WhatsApp::new(WhatsAppConfig {
        auth_store,
        endpoint: Endpoint::loopback(url, sandbox.ca_pem()).unwrap(),
        device_name: "WhatIsUp".into(),
        version: None,
    })
    .unwrap()
}

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

pub fn chat_with(phone: &Handset) -> ChatId {
    ChatId::of_phone(&number(phone))
}

pub fn number(phone: &Handset) -> Phone {
    phone.number().parse().unwrap()
}

pub fn text(id: &str, to: &Handset, text: &str) -> Outbound {
    Outbound { whatsapp_id: id.into(), chat: chat_with(to), content: Content::Text { text: text.into() } }
}

/// A socket with what it told and took in.
pub struct Session {
    pub socket: Box<dyn Socket>,
    pub heard: mpsc::Receiver<SocketEvent>,
    pub inbox: Arc<Letterbox>,
    pub log: Vec<SocketEvent>,
    /// Receipts are not said to be kept when they are told.
    pub holds_receipts: bool,
}

impl Session {
    pub async fn open(whatsapp: &WhatsApp, channel: ChannelId, by_code: Option<Phone>, proxy: Option<Proxy>) -> Self {
        let (events, heard) = mpsc::channel(socket::EVENT_CAPACITY);
        let inbox = Arc::new(Letterbox::default());
        let opening = Opening { channel, proxy, pair_by_code: by_code, events, inbox: inbox.clone() };
        Session { socket: whatsapp.open(opening).await, heard, inbox, log: Vec::new(), holds_receipts: false }
    }

    pub async fn next(&mut self) -> SocketEvent {
        let event = tokio::time::timeout(SOON, self.heard.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("nothing was told after {:?}", self.log)).expect("told after Closed");
        self.log.push(event.clone());
        if let SocketEvent::Receipt { kept, .. } = &event
            && !self.holds_receipts
        {
            kept.settle();
        }
        event
    }

    /// Skips to the first event that fits.
    pub async fn until<T>(&mut self, fits: impl Fn(&SocketEvent) -> Option<T>) -> T {
        loop {
            let event = self.next().await;
            if let Some(found) = fits(&event) {
                return found;
            }
            assert!(!matches!(event, SocketEvent::Closed(_)), "closed early: {:?}", self.log);
        }
    }

    pub async fn qr(&mut self) -> String {
        self.until(|e| match e {
            SocketEvent::PairingQr { code: Secret(text), .. } => Some(text.clone()),
            _ => None,
        })
        .await
    }

    pub async fn opened(&mut self) -> Identity {
        self.until(|e| match e {
            SocketEvent::Opened { identity } => Some(identity.clone()),
            _ => None,
        })
        .await
    }

    /// Whether it came to be logged in before it ended.
    pub async fn until_opened_or_closed(&mut self) -> bool {
        loop {
            match self.next().await {
                SocketEvent::Opened { .. } => return true,
                SocketEvent::Closed(_) => return false,
                _ => {}
            }
        }
    }

    /// The reason, and that nothing follows it.
    pub async fn closed(&mut self) -> Close {
        let close = self
            .until(|e| match e {
                SocketEvent::Closed(close) => Some(*close),
                _ => None,
            })
            .await;
        assert_eq!(tokio::time::timeout(SOON, self.heard.recv()).await, Ok(None), "something was told after Closed");
        close
    }
}

/// Keeps what comes; can be told to refuse.
#[derive(Default)]
pub struct Letterbox {
    pub refuses: AtomicBool,
    pub panics: AtomicBool,
    letters: Mutex<Vec<InboundMessage>>,
    /// Everything that was handed in, in order: the id and the kind of its content.
    handed_in: Mutex<Vec<(String, &'static str)>>,
    count: watch::Sender<usize>,
}

impl Letterbox {
    pub fn all(&self) -> Vec<InboundMessage> {
        self.letters.lock().unwrap().clone()
    }

    pub fn handed_in(&self) -> Vec<(String, &'static str)> {
        self.handed_in.lock().unwrap().clone()
    }

    /// The letter with this id once it can be read.
    pub async fn readable(&self, id: &str) -> InboundMessage {
        self.with(id, |content| *content != Content::Undecryptable).await
    }

    /// The letter with this id once its content fits.
    pub async fn with(&self, id: &str, fits: impl Fn(&Content) -> bool) -> InboundMessage {
        let mut count = self.count.subscribe();
        let found = || self.all().into_iter().find(|l| l.whatsapp_id == id && fits(&l.content));
        tokio::time::timeout(SOON, count.wait_for(|_| found().is_some())).await.expect("no such message came").unwrap();
        found().unwrap()
    }

    pub async fn letter(&self, nth: usize) -> InboundMessage {
        let mut count = self.count.subscribe();
        tokio::time::timeout(SOON, count.wait_for(|n| *n > nth)).await.expect("no message came").unwrap();
        self.all()[nth].clone()
    }
}

#[async_trait]
impl Inbox for Letterbox {
    async fn commit(&self, messages: Vec<InboundMessage>) -> Result<(), InboxError> {
        assert!(!self.panics.load(Ordering::SeqCst), "told to panic");
        if self.refuses.load(Ordering::SeqCst) {
            return Err(InboxError("told to refuse".into()));
        }
        let mut letters = self.letters.lock().unwrap();
        for message in messages {
            self.handed_in.lock().unwrap().push((message.whatsapp_id.clone(), message.content.kind()));
            let same = |l: &InboundMessage| {
                (&l.chat, &l.sender.phone, &l.whatsapp_id) == (&message.chat, &message.sender.phone, &message.whatsapp_id)
            };
            match letters.iter_mut().find(|l| same(l)) {
                Some(known) if known.content == Content::Undecryptable => *known = message,
                Some(_) => {}
                None => letters.push(message),
            }
        }
        let count = letters.len();
        drop(letters);
        self.count.send_replace(count);
        Ok(())
    }
}
