//! A socket played by a test: it says what the script says and records what it is asked.

use crate::{Close, Liveness, Opening, Outbound, SendError, Socket, SocketEvent, SocketFactory, StoreError, VaultTrouble};
use async_trait::async_trait;
use domain::{ChannelId, Phone, Timestamp};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Opens scripted sockets; every opening is handed to the test through [`Script::opened`].
#[derive(Clone, Debug)]
pub struct Script {
    shared: Arc<Mutex<Shared>>,
    openings: mpsc::UnboundedSender<Played>,
}

#[derive(Debug, Default)]
struct Shared {
    paired: HashSet<ChannelId>,
    shredded: Vec<ChannelId>,
    live: Vec<ChannelId>,
    most_live_of_one: usize,
    shred_fails: bool,
}

/// One opened socket, in the hands of the test.
#[derive(Clone, Debug)]
pub struct Played {
    pub opening: Opening,
    calls: Arc<Mutex<Vec<Call>>>,
    conduct: Arc<Mutex<Conduct>>,
    shared: Arc<Mutex<Shared>>,
}

/// How a socket behaves when it is asked something.
#[derive(Debug, Default)]
struct Conduct {
    liveness: Liveness,
    /// Answers to the next sends; `Ok` when there is none.
    sends: VecDeque<Result<(), SendError>>,
    /// Sends that succeed are acknowledged at once, by this time of WhatsApp's.
    acknowledges: Option<Timestamp>,
    refuses_codes: bool,
    hangs: bool,
}

/// What the engine asked of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    Send(Outbound),
    PairingCode(Phone),
    Logout,
    Close,
}

fn locked<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Script {
    /// The factory, and the stream of sockets that it was asked to open.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Played>) {
        let (openings, opened) = mpsc::unbounded_channel();
        (Script { shared: Arc::default(), openings }, opened)
    }

    /// Pretends that paired auth-state exists.
    pub fn mark_paired(&self, channel: ChannelId) {
        locked(&self.shared).paired.insert(channel);
    }

    /// From now on auth-state cannot be destroyed (or can again).
    pub fn fail_shreds(&self, fails: bool) {
        locked(&self.shared).shred_fails = fails;
    }

    /// The channels whose auth-state was shredded, in order.
    pub fn shredded(&self) -> Vec<ChannelId> {
        locked(&self.shared).shredded.clone()
    }

    /// The most sockets that one channel ever had at once: must stay at one.
    pub fn most_sockets_of_one_channel(&self) -> usize {
        locked(&self.shared).most_live_of_one
    }
}

impl Played {
    /// Says `event` to the engine. After a `Closed` this socket counts as gone.
    pub async fn says(&self, event: SocketEvent) {
        if let SocketEvent::Paired { .. } = event {
            locked(&self.shared).paired.insert(self.opening.channel);
        }
        if let SocketEvent::Closed(_) = event {
            gone(&self.shared, self.opening.channel);
        }
        // A closed receiver means that the engine has let go of this socket; the script goes on.
        let _ = self.opening.events.send(event).await;
    }

    /// What it measures of its connection from now on.
    pub fn measures(&self, liveness: Liveness) {
        locked(&self.conduct).liveness = liveness;
    }

    /// How the next send (after those prepared already) is answered.
    pub fn answers_a_send(&self, answer: Result<(), SendError>) {
        locked(&self.conduct).sends.push_back(answer);
    }

    /// From now on every send that succeeds is followed by the server's ack.
    pub fn acknowledges(&self, at: Timestamp) {
        locked(&self.conduct).acknowledges = Some(at);
    }

    /// From now on it cannot ask for pairing codes.
    pub fn refuses_codes(&self) {
        locked(&self.conduct).refuses_codes = true;
    }

    /// From now on closing and logging out never end.
    pub fn hangs(&self) {
        locked(&self.conduct).hangs = true;
    }

    async fn hang_if_so_told(&self) {
        let hangs = locked(&self.conduct).hangs;
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    /// What was asked of this socket so far.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }
}

fn gone(shared: &Mutex<Shared>, channel: ChannelId) {
    let mut shared = locked(shared);
    if let Some(at) = shared.live.iter().position(|c| *c == channel) {
        shared.live.swap_remove(at);
    }
}

#[async_trait]
impl SocketFactory for Script {
    async fn open(&self, opening: Opening) -> Box<dyn Socket> {
        let played = Played { opening, calls: Arc::default(), conduct: Arc::default(), shared: self.shared.clone() };
        {
            let mut shared = locked(&self.shared);
            shared.live.push(played.opening.channel);
            let now = shared.live.iter().filter(|c| **c == played.opening.channel).count();
            shared.most_live_of_one = shared.most_live_of_one.max(now);
        }
        // Nobody listening means that the test is over.
        let _ = self.openings.send(played.clone());
        Box::new(played)
    }

    async fn is_paired(&self, channel: ChannelId) -> Result<bool, StoreError> {
        Ok(locked(&self.shared).paired.contains(&channel))
    }

    async fn shred(&self, channel: ChannelId) -> Result<(), StoreError> {
        let mut shared = locked(&self.shared);
        if shared.shred_fails {
            return Err(StoreError::Vault(VaultTrouble::Locked));
        }
        shared.paired.remove(&channel);
        shared.shredded.push(channel);
        Ok(())
    }
}

#[async_trait]
impl Socket for Played {
    async fn send(&self, message: Outbound) -> Result<(), SendError> {
        let whatsapp_id = message.whatsapp_id.clone();
        locked(&self.calls).push(Call::Send(message));
        let (answer, acknowledges) = {
            let mut conduct = locked(&self.conduct);
            (conduct.sends.pop_front().unwrap_or(Ok(())), conduct.acknowledges)
        };
        if let (Ok(()), Some(at)) = (&answer, acknowledges) {
            self.says(SocketEvent::ServerAck { whatsapp_id, error: None, at }).await;
        }
        answer
    }

    async fn request_pairing_code(&self, phone: Phone) -> Result<(), SendError> {
        locked(&self.calls).push(Call::PairingCode(phone));
        if locked(&self.conduct).refuses_codes { Err(SendError::NotNow("told so")) } else { Ok(()) }
    }

    async fn logout(&self) -> Result<(), SendError> {
        locked(&self.calls).push(Call::Logout);
        self.hang_if_so_told().await;
        Ok(())
    }

    async fn close(&self) {
        locked(&self.calls).push(Call::Close);
        self.hang_if_so_told().await;
        self.says(SocketEvent::Closed(Close::Asked)).await;
    }

    fn liveness(&self) -> Liveness {
        locked(&self.conduct).liveness
    }
}
