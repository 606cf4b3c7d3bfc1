//! A connection that says it is a device already: is it, may it come in, and what does it hear first.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::event::{Handshake, NetworkEvent, SocketEnd};
use super::fault::{Fault, Verdict};
use super::socket::Holder;
use super::stanza::{self, conflict, server_jid};
use super::world::{DeviceId, World};
use super::{Delivery, SocketId};

/// What a client's payload claims, after a handshake that proved `noise_key`.
#[derive(Clone, Debug)]
pub struct LoginClaim {
    pub user: String,
    pub device: u16,
    /// Wants nothing sent until it says that it is active.
    pub passive: bool,
    pub noise_key: [u8; 32],
    pub handshake: Handshake,
}

impl World {
    /// Opens the socket and answers: `<success>`, `<failure>`, or a fault's silence.
    pub fn log_in(&mut self, claim: &LoginClaim) -> SocketId {
        let socket = self.open(Holder::Nobody, false);
        let known = self.find_device(&wacore_binary::Jid::pn_device(claim.user.as_str(), claim.device));
        let Some(id) = known.filter(|id| self.device(*id).is_some_and(|d| d.noise_key == Some(claim.noise_key))) else {
            self.refuse(socket, None, failure(401));
            return socket;
        };
        let jid = self.jid_of(id);
        match self.troubles.at_login(&jid, self.now) {
            Verdict::Fine => {}
            Verdict::Fail { stanza, fault } => {
                self.hit(Some(id), &fault);
                self.refuse(socket, Some(id), stanza);
                return socket;
            }
            Verdict::Cut(fault) => {
                self.hit(Some(id), &fault);
                self.outbox.push((socket, Delivery::Cut));
                return socket;
            }
            Verdict::Silence(fault) => {
                self.hit(Some(id), &fault);
                self.outbox.push((socket, Delivery::Silence));
                return socket;
            }
        }
        let pace = self.troubles.pace(Some(&jid));
        if pace.is_some() {
            self.outbox.push((socket, Delivery::Pace(pace)));
        }
        self.take_over(id, socket);
        self.count_login(id, Some(claim.handshake));
        let person = &self.accounts[id.account];
        let success = NodeBuilder::new("success")
            .attr("t", self.unix())
            .attr("lid", person.lid_jid(id.device))
            .attr("display_name", person.push_name.as_str())
            .attr("location", "sandbox")
            .attr("creation", person.list_time)
            .build();
        self.outbox.push((socket, Delivery::Stanza(success)));
        self.tell(NetworkEvent::LoggedIn { device: jid, handshake: Some(claim.handshake) });
        if !claim.passive {
            self.go_active(id);
        }
        socket
    }

    /// An in-process device comes online, active at once.
    pub fn attach(&mut self, id: DeviceId) -> SocketId {
        let socket = self.open(Holder::Nobody, true);
        self.take_over(id, socket);
        self.count_login(id, None);
        let device = self.jid_of(id);
        self.tell(NetworkEvent::LoggedIn { device, handshake: None });
        self.go_active(id);
        socket
    }

    /// Makes this the device's one live socket; an older one is told that it is replaced.
    fn take_over(&mut self, id: DeviceId, socket: SocketId) {
        let mut simultaneous = 1;
        if let Some(older) = self.device(id).and_then(|device| device.socket) {
            // One that a fault made half-open is dead to its client: coming back is what a good client does.
            if let Some(live) = self.sockets.get(&older).filter(|older| !older.dead) {
                simultaneous += 1;
                let silent = self.now.duration_since(live.heard_at).unwrap_or_default();
                self.counters.replaced += 1;
                self.tell(NetworkEvent::Replaced { device: self.jid_of(id), silent });
            }
            self.finish(older, Some(conflict("replaced")), SocketEnd::ByNetwork);
        }
        self.counters.max_simultaneous_logins = self.counters.max_simultaneous_logins.max(simultaneous);
        if let Some(found) = self.sockets.get_mut(&socket) {
            found.holder = Holder::Device(id);
        }
        if let Some(device) = self.device_mut(id) {
            device.socket = Some(socket);
        }
    }

    /// The device wants to hear everything now: its backlog first.
    pub(super) fn go_active(&mut self, id: DeviceId) {
        let Some(device) = self.device_mut(id) else { return };
        let waits = device.backlog.announce();
        let preview = NodeBuilder::new("offline_preview")
            .attr("count", waits.total())
            .attr("message", waits.messages)
            .attr("notification", waits.notifications)
            .attr("receipt", waits.receipts)
            .attr("call", waits.calls)
            .attr("appdata", 0)
            .build();
        let link = self.is_link(id);
        if !link {
            self.send(id, NodeBuilder::new("ib").attr("from", server_jid()).children([preview]).build());
        }
        // A link is given everything; a client with nothing waiting has nothing to ask for.
        if link || waits.total() == 0 {
            self.pull_backlog(id, waits.total());
        }
    }

    pub(super) fn pull_backlog(&mut self, id: DeviceId, count: usize) {
        let Some(device) = self.device_mut(id) else { return };
        let out = device.backlog.pull(count);
        self.counters.redelivered += out.repeated as u64;
        for stanza in out.stanzas {
            self.send(id, stanza);
        }
        let Some(announced) = out.finished else { return };
        let end = NodeBuilder::new("offline").attr("count", announced).build();
        self.send(id, NodeBuilder::new("ib").attr("from", server_jid()).children([end]).build());
        let meanwhile = self.device_mut(id).map(|device| device.backlog.catch_up()).unwrap_or_default();
        for stanza in meanwhile {
            self.send(id, stanza);
        }
    }

    /// `<iq xmlns="passive">`: the client says when it is ready to hear, or wants quiet again.
    pub(super) fn on_passive_iq(&mut self, from: DeviceId, iq: &Node) {
        self.send(from, stanza::result(iq, []));
        match stanza::topic(iq) {
            "active" => self.go_active(from),
            _ => {
                if let Some(device) = self.device_mut(from) {
                    device.backlog.hold();
                }
            }
        }
    }

    fn refuse(&mut self, socket: SocketId, device: Option<DeviceId>, stanza: Node) {
        let code = stanza::number(&stanza, "reason").or_else(|| stanza::number(&stanza, "code")).unwrap_or(0);
        let device = device.map(|device| self.jid_of(device));
        self.tell(NetworkEvent::LoginRefused { device, code });
        self.finish(socket, Some(stanza), SocketEnd::ByNetwork);
    }

    fn is_link(&self, id: DeviceId) -> bool {
        let socket = self.device(id).and_then(|device| device.socket);
        socket.and_then(|socket| self.sockets.get(&socket)).is_some_and(|socket| socket.link)
    }
}

/// `<failure>` at login.
pub(super) fn failure(code: u16) -> Node {
    NodeBuilder::new("failure").attr("reason", code).attr("location", "sandbox").build()
}

/// The failure or stream error that a lasting fault answers a login with.
pub(super) fn fault_failure(fault: &Fault, remaining: std::time::Duration) -> Option<Node> {
    match fault {
        Fault::Outdated => Some(failure(405)),
        Fault::LoginFailure { code } => Some(failure(*code)),
        Fault::TemporaryBan { .. } => {
            let seconds = remaining.as_secs().max(1);
            // 101: sent too many messages to people who do not have the number in their address book.
            Some(stanza::with(stanza::with(failure(402), "expire", seconds), "code", 101))
        }
        Fault::Unavailable => Some(stanza::stream_error(503)),
        Fault::Drop
        | Fault::HalfOpen
        | Fault::Hang
        | Fault::Refuse { .. }
        | Fault::Slow { .. }
        | Fault::Replaced
        | Fault::StreamError { .. }
        | Fault::Nack { .. }
        | Fault::SwallowAcks { .. }
        | Fault::DelayAcks { .. }
        | Fault::DropBeforeAck { .. }
        | Fault::SwallowStanzas { .. }
        | Fault::DelayStanzas { .. } => None,
    }
}
