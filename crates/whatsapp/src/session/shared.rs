use super::now;
use super::pairing::Pairing;
use crate::transport::Pulse;
use domain::{ChannelId, ChatId, Timestamp};
use socket::{Close, Liveness, Opening};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::Client;

/// What the socket in the engine's hands, the task that runs it and whatsapp-rust's hooks know in common.
pub(super) struct Shared {
    pub channel: ChannelId,
    pub pulse: Arc<Pulse>,
    pub pairing: Mutex<Pairing>,
    /// Events heard from whatsapp-rust and not yet told to the engine.
    pub backlog: AtomicUsize,
    /// Set while we take ourselves off the account, so that the server's good-bye is not read as the phone's.
    pub leaving: AtomicBool,
    client: Mutex<Option<Arc<Client>>>,
    open: AtomicBool,
    verdict: OnceLock<Close>,
    pinged: AtomicI64,
    /// Since when the engine's inbox has refused messages; milliseconds since the epoch, 0 when it has not.
    refused: AtomicI64,
    known: Mutex<HashSet<ChatId>>,
    hang_up: CancellationToken,
    over: CancellationToken,
}

impl Shared {
    pub fn new(opening: &Opening) -> Self {
        Shared {
            channel: opening.channel,
            pulse: Arc::default(),
            pairing: Mutex::new(Pairing::new(opening.pair_by_code.clone())),
            backlog: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
            client: Mutex::default(),
            open: AtomicBool::new(false),
            verdict: OnceLock::new(),
            pinged: AtomicI64::new(0),
            refused: AtomicI64::new(0),
            known: Mutex::default(),
            hang_up: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }

    /// Settles how this session ends and ends it. The first reason counts.
    pub fn decide(&self, close: Close) {
        let _ = self.verdict.set(close);
        self.hang_up.cancel();
    }

    pub fn verdict(&self) -> Option<Close> {
        self.verdict.get().copied()
    }

    /// Returns when the session is to end.
    pub async fn asked_to_end(&self) {
        self.hang_up.cancelled().await;
    }

    pub fn ending(&self) -> bool {
        self.hang_up.is_cancelled()
    }

    /// Nothing runs any more; only `Closed` remains to be told.
    pub fn over(&self) {
        self.hang_up.cancel();
        self.set_client(None);
        self.over.cancel();
    }

    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    pub fn set_client(&self, client: Option<Arc<Client>>) {
        if client.is_none() {
            self.open.store(false, Ordering::Release);
        }
        *locked(&self.client) = client;
    }

    pub fn client(&self) -> Option<Arc<Client>> {
        locked(&self.client).clone()
    }

    pub fn set_open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// The client while it can send and receive.
    pub fn open_client(&self) -> Option<Arc<Client>> {
        if self.ending() || !self.open.load(Ordering::Acquire) {
            return None;
        }
        self.client()
    }

    pub fn set_pinged(&self, at: Option<Timestamp>) {
        self.pinged.store(at.map_or(0, Timestamp::as_millis), Ordering::Relaxed);
    }

    pub fn liveness(&self) -> Liveness {
        let last_frame = self.pulse.last_frame_millis();
        // Whatever came in after a ping has answered it.
        let pinged =
            Some(self.pinged.load(Ordering::Relaxed)).filter(|at| *at != 0 && last_frame.is_none_or(|last| last < *at));
        Liveness {
            last_frame_at: last_frame.map(Timestamp::from_millis),
            ping_unanswered_since: pinged.map(Timestamp::from_millis),
        }
    }

    pub fn inbox_refused(&self) {
        let _ = self.refused.compare_exchange(0, now().as_millis(), Ordering::Relaxed, Ordering::Relaxed);
    }

    pub fn inbox_refused_since(&self) -> Option<Timestamp> {
        Some(self.refused.load(Ordering::Relaxed)).filter(|at| *at != 0).map(Timestamp::from_millis)
    }

    /// Whether WhatsApp has confirmed on this connection that somebody is behind this chat.
    pub fn knows(&self, chat: &ChatId) -> bool {
        locked(&self.known).contains(chat)
    }

    pub fn has_met(&self, chat: &ChatId) {
        locked(&self.known).insert(chat.clone());
    }
}

/// Nothing under these locks can be left half done.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
