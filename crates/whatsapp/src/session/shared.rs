use super::pairing::Pairing;
use crate::ack_gate::AckGate;
use crate::transport::Pulse;
use domain::{Cause, ChannelId, ChatId, Timestamp};
use socket::{Close, Liveness, Opening};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::Client;

/// How a session ends that cannot keep what it must.
pub(super) const STORAGE_FAILED: Close = Close::Lost(Cause::StorageFailed);

/// How a session ends whose channel another worker has taken over: it can keep nothing either.
const MOVING: Close = Close::Lost(Cause::Moving);

/// What the socket in the engine's hands, the task that runs it and whatsapp-rust's hooks know in common.
pub(super) struct Shared {
    pub channel: ChannelId,
    pub pulse: Arc<Pulse>,
    pub gate: Arc<AckGate>,
    pub pairing: Mutex<Pairing>,
    /// Events heard from whatsapp-rust and not yet told to the engine.
    backlog: watch::Sender<usize>,
    /// Set while we take ourselves off the account, so that the server's good-bye is not read as the phone's.
    pub leaving: AtomicBool,
    client: Mutex<Option<Arc<Client>>>,
    open: AtomicBool,
    verdict: OnceLock<Close>,
    pinged: AtomicI64,
    known: Mutex<HashSet<ChatId>>,
    hang_up: CancellationToken,
    over: CancellationToken,
}

impl Shared {
    pub fn new(opening: &Opening) -> Self {
        Shared {
            channel: opening.channel,
            pulse: Arc::default(),
            gate: Arc::default(),
            pairing: Mutex::new(Pairing::new(opening.pair_by_code.clone())),
            backlog: watch::Sender::new(0),
            leaving: AtomicBool::new(false),
            client: Mutex::default(),
            open: AtomicBool::new(false),
            verdict: OnceLock::new(),
            pinged: AtomicI64::new(0),
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

    /// Something that must not be lost could not be written, by the engine's inbox or into the auth-state. The session
    /// ends without acknowledging anything more; how soon the next one tries is the engine's to say.
    pub fn storage_failed(&self) {
        self.decide(STORAGE_FAILED);
    }

    pub fn cannot_store(&self) -> bool {
        matches!(self.verdict(), Some(STORAGE_FAILED | MOVING))
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

    /// whatsapp-rust said something that the engine has yet to hear.
    pub fn event_came(&self) {
        self.backlog.send_modify(|waiting| *waiting += 1);
    }

    /// The engine is hearing one of them.
    pub fn event_left(&self) {
        self.backlog.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }

    /// Returns when no more than `most` events wait for the engine, or when the session is to end.
    pub async fn caught_up(&self, most: usize) {
        let mut backlog = self.backlog.subscribe();
        tokio::select! {
            // The sender lives as long as `self`.
            _ = backlog.wait_for(|waiting| *waiting <= most) => {}
            () = self.asked_to_end() => {}
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_trait::async_trait;
    use socket::{InboundMessage, Inbox, InboxError};
    use tokio::sync::mpsc;

    struct Nowhere;

    #[async_trait]
    impl Inbox for Nowhere {
        async fn commit(&self, _: Vec<InboundMessage>) -> Result<(), InboxError> {
            Ok(())
        }
    }

    fn shared() -> Shared {
        let channel = ChannelId::new(Timestamp::from_secs(1_700_000_000), 1);
        let (events, _) = mpsc::channel(1);
        Shared::new(&Opening { channel, proxy: None, pair_by_code: None, events, inbox: Arc::new(Nowhere) })
    }

    /// Polls until nothing moves any more; nobody else runs meanwhile.
    async fn is_done(waiting: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        tokio::select! { biased; () = waiting => true, () = std::future::ready(()) => false }
    }

    #[tokio::test]
    async fn whoever_waits_for_the_engine_goes_on_when_it_has_caught_up() {
        let shared = shared();
        shared.caught_up(0).await;
        for _ in 0..3 {
            shared.event_came();
        }
        let mut waiting = Box::pin(shared.caught_up(1));
        assert!(!is_done(&mut waiting).await);
        shared.event_left();
        assert!(!is_done(&mut waiting).await);
        shared.event_left();
        waiting.await;
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_session_lives() {
        let shared = shared();
        shared.event_came();
        let mut waiting = Box::pin(shared.caught_up(0));
        assert!(!is_done(&mut waiting).await);
        shared.decide(Close::Asked);
        waiting.await;
    }
}
