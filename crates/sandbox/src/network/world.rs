//! The network's state and its way in: stanza in, stanzas out, no I/O. One lock protects all of it; every entry is short.
//!
//! What leaves is collected in order in `outbox` and `news` and handed on by [`Network`](super::Network) under the same
//! lock, so that two devices see one order of things.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::account::{Device, Person};
use super::backlog::Class;
use super::counters::Counters;
use super::event::{Handshake, NetworkEvent};
use super::fault::{Fault, Troubles};
use super::pairing::Pairings;
use super::socket::{Holder, Socket};
use super::stanza::{self, is, text};
use super::{Account, Delivery, NetworkError, SocketId};

/// A device of an account, both by their place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId {
    pub account: usize,
    pub device: u16,
}

pub struct World {
    pub(super) now: SystemTime,
    pub(super) accounts: Vec<Person>,
    users: HashMap<String, usize>,
    pub(super) sockets: HashMap<SocketId, Socket>,
    pub(super) next_socket: u64,
    pub(super) next_id: u64,
    pub(super) pairings: Pairings,
    pub(super) troubles: Troubles,
    pub(super) refuse_resumption: bool,
    /// `host:port` of the media server, for `media_conn`.
    pub(super) media_host: Option<String>,
    pub(super) counters: Counters,
    pub(super) outbox: Vec<(SocketId, Delivery)>,
    pub(super) news: Vec<NetworkEvent>,
}

impl World {
    pub fn new(now: SystemTime) -> Self {
        Self {
            now,
            accounts: Vec::new(),
            users: HashMap::new(),
            sockets: HashMap::new(),
            next_socket: 0,
            next_id: 0,
            pairings: Pairings::default(),
            troubles: Troubles::default(),
            refuse_resumption: false,
            media_host: None,
            counters: Counters { unknown_kinds: BTreeMap::new(), ..Counters::default() },
            outbox: Vec::new(),
            news: Vec::new(),
        }
    }

    pub fn create_account(&mut self, phone: &str, push_name: &str) -> Result<Account, NetworkError> {
        if phone.is_empty() || phone.len() > 15 || !phone.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NetworkError::BadNumber(phone.into()));
        }
        if self.users.contains_key(phone) {
            return Err(NetworkError::AccountExists);
        }
        let place = self.accounts.len();
        // Made up, the same for the same order of accounts, and of a length that phone numbers do not have.
        let lid = format!("{}", 100_000_000_000_000_u64 + 7_919 * (place as u64 + 1));
        let person = Person::new(phone.into(), lid, push_name.into(), self.unix());
        let account = Account { pn: person.pn_jid(0), lid: person.lid_jid(0), push_name: push_name.into() };
        self.admit(person);
        Ok(account)
    }

    pub(super) fn admit(&mut self, person: Person) {
        let place = self.accounts.len();
        let account = person.pn_jid(0);
        self.users.insert(person.pn.clone(), place);
        self.users.insert(person.lid.clone(), place);
        self.accounts.push(person);
        self.tell(NetworkEvent::AccountCreated { account });
    }

    /// Handles whatever arrived on a socket or link, whatever fault is in force.
    pub fn hear(&mut self, socket: SocketId, stanza: &Node) {
        let now = self.now;
        let Some(found) = self.sockets.get_mut(&socket) else { return };
        found.heard_at = now;
        match &found.holder {
            Holder::Device(device) => {
                let device = *device;
                self.hear_device(device, stanza);
            }
            Holder::Candidate(_) => self.hear_candidate(socket, stanza),
            Holder::Nobody => {}
        }
    }

    fn hear_device(&mut self, from: DeviceId, stanza: &Node) {
        match stanza.tag.as_ref() {
            "iq" => self.on_iq(from, stanza),
            "message" => self.on_message(from, stanza),
            "receipt" => self.on_receipt(from, stanza),
            "ack" => self.on_ack(from, stanza),
            "presence" => self.on_presence(from, stanza),
            "chatstate" => self.on_chatstate(from, stanza),
            "ib" => self.on_ib(from, stanza),
            // Calls are not simulated; the caller's stanza is acknowledged so that it is not repeated.
            "call" => self.acknowledge(from, stanza, "call"),
            "notification" => self.acknowledge(from, stanza, "notification"),
            tag => {
                let tag = tag.to_owned();
                self.unknown(Some(from), tag);
            }
        }
    }

    fn on_ack(&mut self, from: DeviceId, ack: &Node) {
        let (Some(class), Some(id)) = (text(ack, "class").and_then(|class| Class::of(&class)), text(ack, "id")) else {
            return;
        };
        if class == Class::Message && ack.attrs.contains_key("error") {
            self.counters.nacks_from_clients += 1;
        }
        self.taken(from, class, &id);
    }

    fn on_ib(&mut self, from: DeviceId, ib: &Node) {
        for child in stanza::children(ib) {
            match child.tag.as_ref() {
                "offline_batch" => {
                    let count = stanza::number(child, "count").unwrap_or(0);
                    self.pull_backlog(from, count);
                }
                "unified_session" | "clean" => {}
                tag => self.unknown(Some(from), format!("ib:{tag}")),
            }
        }
    }

    /// `<ack>` to a stanza of the device's own.
    pub(super) fn acknowledge(&mut self, device: DeviceId, stanza: &Node, class: &'static str) {
        let ack = self.ack(stanza, class);
        self.send(device, ack);
    }

    pub(super) fn ack(&self, stanza: &Node, class: &'static str) -> Node {
        let mut ack = NodeBuilder::new("ack").attr("class", class).attr("t", self.unix());
        for (from, to) in [("id", "id"), ("to", "from"), ("participant", "participant"), ("type", "type")] {
            // A message's own `type` is what it contains, not part of its ack.
            if let Some(value) = stanza.attrs.get(from).filter(|_| !(class == "message" && from == "type")) {
                ack = ack.attr(to, value.clone());
            }
        }
        ack.build()
    }

    // Who is who

    pub(super) fn find(&self, who: &Jid) -> Option<usize> {
        if !(who.is_pn() || who.is_lid()) {
            return None;
        }
        self.users.get(who.user.as_str()).copied()
    }

    pub(super) fn find_device(&self, who: &Jid) -> Option<DeviceId> {
        let account = self.find(who)?;
        let id = DeviceId { account, device: who.device };
        self.device(id).map(|_| id)
    }

    pub(super) fn device(&self, id: DeviceId) -> Option<&Device> {
        self.accounts.get(id.account)?.devices.get(&id.device)
    }

    pub(super) fn device_mut(&mut self, id: DeviceId) -> Option<&mut Device> {
        self.accounts.get_mut(id.account)?.devices.get_mut(&id.device)
    }

    pub(super) fn devices_of(&self, account: usize) -> Vec<DeviceId> {
        self.accounts[account].devices.keys().map(|device| DeviceId { account, device: *device }).collect()
    }

    pub(super) fn jid_of(&self, id: DeviceId) -> Jid {
        self.accounts[id.account].pn_jid(id.device)
    }

    /// From now on, changes of `known` are told to `knower`.
    pub(super) fn acquaint(&mut self, knower: usize, known: usize) {
        if knower != known {
            self.accounts[known].acquaintances.insert(knower);
        }
    }

    // Odds

    pub(super) fn unix(&self) -> u64 {
        self.now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
    }

    pub(super) fn fresh_id(&mut self) -> String {
        self.next_id += 1;
        format!("sandbox-{}", self.next_id)
    }

    pub(super) fn tell(&mut self, event: NetworkEvent) {
        self.news.push(event);
    }

    pub(super) fn unknown(&mut self, from: Option<DeviceId>, what: String) {
        self.counters.unknown_stanzas += 1;
        *self.counters.unknown_kinds.entry(what.clone()).or_default() += 1;
        let device = from.map(|from| self.jid_of(from));
        self.tell(NetworkEvent::UnknownStanza { device, what });
    }

    pub(super) fn hit(&mut self, device: Option<DeviceId>, fault: &Fault) {
        let device = device.map(|device| self.jid_of(device));
        self.tell(NetworkEvent::FaultHit { device, fault: fault.clone() });
    }

    pub fn counters(&self) -> Counters {
        let waiting = |device: &Device| if device.socket.is_some() { device.backlog.messages() as u64 } else { 0 };
        let undelivered = self.accounts.iter().flat_map(|person| person.devices.values()).map(waiting).sum();
        Counters { undelivered, ..self.counters.clone() }
    }

    pub(super) fn count_login(&mut self, id: DeviceId, handshake: Option<Handshake>) {
        self.counters.logins += 1;
        match handshake {
            Some(Handshake::Xx) => self.counters.logins_xx += 1,
            Some(Handshake::Ik) => self.counters.logins_ik += 1,
            Some(Handshake::XxFallback) => self.counters.logins_xx_fallback += 1,
            None => {}
        }
        let again = self.device_mut(id).is_some_and(|device| {
            device.logins += 1;
            device.logins > 1
        });
        self.counters.reconnects += u64::from(again);
    }
}

/// `iq` children that a client sends as answers to the server's own questions.
pub(super) fn is_answer(iq: &Node) -> bool {
    is(iq, "type", "result") || is(iq, "type", "error")
}
