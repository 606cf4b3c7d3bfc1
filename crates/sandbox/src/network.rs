//! The simulated WhatsApp behind the sockets: accounts, devices, keys, queues, routing, faults, counters.
//!
//! [`Network`] is the handle; the decisions are made by the `World` behind one short lock, stanza in, stanzas out,
//! without I/O. Everything that leaves the world goes through bounded queues: a reader that lags far behind is
//! cut off, as a server would.

mod account;
mod app_state;
mod backlog;
mod counters;
mod device_list;
mod error;
mod event;
mod fault;
mod identity;
mod iq;
mod keys;
mod link_code;
mod login;
mod message;
mod pairing;
mod passkey;
mod people;
mod presence;
mod receipt;
mod saved;
mod socket;
mod stanza;
mod transit;
mod usync;
mod world;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{broadcast, mpsc};
use wacore_binary::{Jid, Node};

pub use counters::Counters;
pub use error::{NetworkError, PairError};
pub use event::{Handshake, NetworkEvent, SocketEnd};
pub(crate) use fault::{Door, Pace};
pub use fault::{Fault, Target};
pub(crate) use keys::SignedPreKey;
pub(crate) use login::LoginClaim;
pub(crate) use pairing::Registration;
pub use people::{Account, DeviceView};
pub use saved::RestoreError;
pub use transit::Way;

use crate::link::Link;
use world::World;

/// Stanzas that may wait in one connection's queue; one that falls further behind is cut off.
const QUEUE: usize = 16_384;
/// The same for links: phones share a processor with everything that writes to them, and cannot come back by themselves.
const LINK_QUEUE: usize = 262_144;
/// Events that a receiver may lag behind.
const EVENTS: usize = 8192;

/// Handle of one simulated WhatsApp. Cheap to clone; all clones are the same network.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    events: broadcast::Sender<NetworkEvent>,
    /// Those of them that are rare; see [`NetworkEvent::is_milestone`].
    milestones: broadcast::Sender<NetworkEvent>,
}

struct State {
    world: World,
    outlets: HashMap<SocketId, mpsc::Sender<Delivery>>,
}

/// What the phone sends after it has scanned a code: the fields of WhatsApp's own `pair-device` iq of the primary.
#[derive(Clone, Debug)]
pub struct PairingAnswer {
    /// First field of the QR code, or the `link_code_pairing_ref`.
    pub reference: String,
    /// Encoded `ADVSignedDeviceIdentityHMAC`.
    pub device_identity: Vec<u8>,
    /// The key index inside that identity.
    pub key_index: u32,
    /// Encoded `ADVSignedKeyIndexList` of the account that now includes the new device.
    pub key_index_list: Vec<u8>,
    /// Encoded `ClientPairingProps` for the companion, e.g. that the account's chats are addressed by LID.
    pub client_props: Option<Vec<u8>>,
}

impl Network {
    /// A network without accounts. A [`Sandbox`](crate::Sandbox) makes its own.
    pub fn new() -> Self {
        let state = State { world: World::new(clock()), outlets: HashMap::new() };
        let (events, milestones) = (broadcast::channel(EVENTS).0, broadcast::channel(EVENTS).0);
        Self { shared: Arc::new(Shared { state: Mutex::new(state), events, milestones }) }
    }

    /// A new account with its primary device (device 0), offline and without keys until it attaches and uploads them.
    pub fn create_account(&self, phone: &str, push_name: &str) -> Result<Account, NetworkError> {
        self.with(|world| world.create_account(phone, push_name))
    }

    pub fn accounts(&self) -> Vec<Account> {
        self.with(|world| (0..world.accounts.len()).map(|place| world.account_view(place)).collect())
    }

    /// The account behind a phone-number or LID jid, with or without device.
    pub fn account(&self, who: &Jid) -> Option<Account> {
        self.with(|world| world.find(who).map(|place| world.account_view(place)))
    }

    /// All devices of an account, the primary first.
    pub fn devices(&self, account: &Jid) -> Vec<DeviceView> {
        self.with(|world| world.find(account).map(|place| world.device_views(place)).unwrap_or_default())
    }

    /// Brings an in-process device online. An older socket or link of the same device is ended.
    pub fn attach(&self, device: &Jid) -> Result<Link, NetworkError> {
        let (outlet, inbox) = mpsc::channel(LINK_QUEUE);
        let (device, socket) = self.with_outlet(
            outlet,
            |world| {
                let id = world.find_device(device).ok_or(NetworkError::NoDevice)?;
                Ok((world.jid_of(id), world.attach(id)))
            },
            |opened| opened.as_ref().ok().map(|(_, socket)| *socket),
        )?;
        Ok(Link { device, socket, network: self.clone(), inbox })
    }

    /// Handles a stanza exactly as if it had arrived on this device's live socket or link; answers go there.
    pub fn submit(&self, device: &Jid, stanza: Node) -> Result<(), NetworkError> {
        self.with(|world| {
            let id = world.find_device(device).ok_or(NetworkError::NoDevice)?;
            let socket = world.device(id).and_then(|device| device.socket).ok_or(NetworkError::NotConnected)?;
            world.receive(socket, &stanza);
            Ok(())
        })
    }

    /// The phone has scanned and signed: `pair-success` goes to the waiting connection. Returns when the companion has
    /// countersigned; it is then sent away with 515 to log in as the returned device (phone-number form).
    pub async fn accept_pairing(&self, account: &Jid, answer: PairingAnswer) -> Result<Jid, PairError> {
        let promise = self.with(|world| world.accept_pairing(account, answer));
        promise.await.unwrap_or(Err(PairError::Gone))
    }

    /// Removes a companion as its phone does: a live socket gets `conflict device_removed`, later logins failure 401,
    /// everybody who cares a device notification. `key_index_list` is the phone's new signed list, if it has one ready.
    pub fn unlink(&self, device: &Jid, key_index_list: Option<Vec<u8>>) -> Result<(), NetworkError> {
        self.with(|world| world.unlink(device, key_index_list))
    }

    /// The phone's newly signed `ADVSignedKeyIndexList`; usync answers carry it.
    pub fn publish_key_index_list(&self, account: &Jid, list: Vec<u8>) -> Result<(), NetworkError> {
        self.with(|world| world.publish_key_index_list(account, list))
    }

    /// From now on unpaired connections are asked for a passkey with these WebAuthn request options (JSON) instead of
    /// being shown references; `None` goes back to references.
    pub fn demand_passkey(&self, request_options: Option<String>) {
        self.with(|world| world.pairings.passkey_options = request_options);
    }

    /// While set, clients that resume with IK are turned to a full handshake (XXfallback).
    pub fn refuse_resumption(&self, refuse: bool) {
        self.with(|world| world.refuse_resumption = refuse);
    }

    /// How long a pairing reference is valid: the first, and each later one. WhatsApp: 60 s and 20 s.
    pub fn set_reference_lifetimes(&self, first: Duration, later: Duration) {
        self.with(|world| (world.pairings.first, world.pairings.later) = (first, later));
    }

    pub fn inject(&self, target: Target, fault: Fault) {
        self.with(|world| world.inject(&target, &fault));
    }

    /// Ends the lasting faults of this target.
    pub fn heal(&self, target: &Target) {
        self.with(|world| world.heal(target));
    }

    pub fn heal_all(&self) {
        self.with(World::heal_all);
    }

    /// Lasting faults in force.
    pub fn faults(&self) -> Vec<(Target, Fault)> {
        self.with(|world| world.troubles.in_force(world.now))
    }

    pub fn counters(&self) -> Counters {
        self.with(|world| world.counters())
    }

    /// From now on; a receiver that lags more than 8192 events behind loses the oldest and is told so.
    pub fn events(&self) -> broadcast::Receiver<NetworkEvent> {
        self.shared.events.subscribe()
    }

    /// Of those events only what tells of devices coming and going. Every phone listens to it, so what happens with every
    /// message is not among it.
    pub fn milestones(&self) -> broadcast::Receiver<NetworkEvent> {
        self.shared.milestones.subscribe()
    }

    /// Everything that outlives a restart (see [`Self::restore`]); connections, faults and counters do not.
    pub fn save(&self) -> Vec<u8> {
        self.with(|world| world.save()).expect("maps with string and number keys always encode")
    }

    /// Puts what [`Self::save`] gave into a network that has no accounts yet. Phones must come back with the keys they
    /// had: attach them before their companions return.
    pub fn restore(&self, saved: &[u8]) -> Result<(), RestoreError> {
        self.with(|world| world.restore(saved))
    }

    pub(crate) fn submit_from(&self, socket: SocketId, stanza: Node) {
        self.with(|world| world.receive(socket, &stanza));
    }

    /// As [`Self::submit_from`] for a stanza that a fault had held up.
    pub(crate) fn submit_late(&self, socket: SocketId, stanza: &Node) {
        self.with(|world| world.hear(socket, stanza));
    }

    pub(crate) fn socket_closed(&self, socket: SocketId, end: SocketEnd) {
        let outlet = self.with_state(|state| {
            state.world.closed(socket, end);
            state.outlets.remove(&socket)
        });
        drop(outlet);
    }

    pub(crate) fn log_in(&self, claim: &LoginClaim) -> (SocketId, mpsc::Receiver<Delivery>) {
        let (outlet, inbox) = mpsc::channel(QUEUE);
        (self.with_outlet(outlet, |world| world.log_in(claim), |socket| Some(*socket)), inbox)
    }

    pub(crate) fn register(&self, registration: Registration) -> (SocketId, mpsc::Receiver<Delivery>) {
        let (outlet, inbox) = mpsc::channel(QUEUE);
        (self.with_outlet(outlet, |world| world.register(registration), |socket| Some(*socket)), inbox)
    }

    /// How long a connection may still wait to be paired; `None` once it need not.
    pub(crate) fn pairing_time_left(&self, socket: SocketId) -> Option<Duration> {
        self.with(|world| {
            let deadline = world.pairing_deadline(socket)?;
            Some(deadline.duration_since(world.now).unwrap_or_default())
        })
    }

    pub(crate) fn pairing_expired(&self, socket: SocketId) {
        self.with(|world| world.pairing_expired(socket));
    }

    /// What a fresh TCP connection meets.
    pub(crate) fn door(&self) -> Door {
        self.with(|world| {
            let door = world.troubles.at_door(world.now);
            match &door {
                Door::Refused(fault) | Door::Unavailable(fault) | Door::Silent(fault) => world.hit(None, fault),
                Door::Open => {}
            }
            door
        })
    }

    pub(crate) fn resumption_refused(&self) -> bool {
        self.with(|world| world.refuse_resumption)
    }

    pub(crate) fn count_malformed(&self) {
        self.with(|world| world.counters.malformed += 1);
    }

    pub(crate) fn serve_media_at(&self, host: String) {
        self.with(|world| world.media_host = Some(host));
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.with_state(|state| act(&mut state.world))
    }

    /// The socket that `act` opens gets this outlet before anything is sent to it.
    fn with_outlet<T>(
        &self,
        outlet: mpsc::Sender<Delivery>,
        act: impl FnOnce(&mut World) -> T,
        opened: impl FnOnce(&T) -> Option<SocketId>,
    ) -> T {
        self.with_state(|state| {
            let outcome = act(&mut state.world);
            if let Some(socket) = opened(&outcome) {
                state.outlets.insert(socket, outlet);
            }
            outcome
        })
    }

    /// Acts under the lock and hands on what the world wants sent and told, in its order.
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.world.now = clock();
        let outcome = act(&mut state);
        state.hand_on();
        for event in state.world.news.drain(..) {
            // Nobody listens: nobody needs to know.
            if event.is_milestone() {
                let _ = self.shared.milestones.send(event.clone());
            }
            let _ = self.shared.events.send(event);
        }
        outcome
    }
}

/// The one place where the network reads the clock; to the world, time is an argument.
#[expect(clippy::disallowed_methods, reason = "a live network runs on the machine's clock")]
fn clock() -> SystemTime {
    SystemTime::now()
}

impl State {
    fn hand_on(&mut self) {
        while !self.world.outbox.is_empty() {
            for (socket, delivery) in std::mem::take(&mut self.world.outbox) {
                let Some(outlet) = self.outlets.get(&socket) else { continue };
                let ends = matches!(delivery, Delivery::End(_) | Delivery::Cut);
                let full = matches!(outlet.try_send(delivery), Err(mpsc::error::TrySendError::Full(_)));
                if full || ends {
                    // Without its outlet the connection ends when it has read what is in the queue.
                    self.outlets.remove(&socket);
                }
                if full {
                    self.world.closed(socket, SocketEnd::TooSlow);
                }
            }
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// Names a live socket or link; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketId(pub(crate) u64);

/// What a socket's or link's queue carries.
#[derive(Debug)]
pub(crate) enum Delivery {
    Stanza(Node),
    /// The same after a while; what comes meanwhile overtakes it.
    Later(Node, Duration),
    /// A stanza of the client's own that is to be heard after a while.
    HearLater(Node, Duration),
    /// Flush, say goodbye, close.
    End(SocketEnd),
    /// Close at once, as a broken cable would tell it: TCP reset.
    Cut,
    /// Neither read nor write any more, keep the connection.
    Freeze,
    /// Go on reading, answer nothing any more.
    Silence,
    Pace(Option<Pace>),
}

#[cfg(test)]
mod tests;
