//! Connections: who is at the other end, how they end, and what is sent to them.

use std::time::SystemTime;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::backlog::Class;
use super::event::{NetworkEvent, SocketEnd};
use super::pairing::Candidate;
use super::world::{DeviceId, World};
use super::{Delivery, SocketId};

/// A live socket or link.
#[derive(Debug)]
pub struct Socket {
    pub holder: Holder,
    /// In-process: faults do not hit it, and it is fed its backlog without asking.
    pub link: bool,
    /// Half-open by a fault: still there, but nobody at the other end counts on it.
    pub dead: bool,
    /// When the other end was last heard of.
    pub heard_at: SystemTime,
}

/// Who is at the other end.
#[derive(Debug)]
pub enum Holder {
    Candidate(Box<Candidate>),
    Device(DeviceId),
    /// Being closed.
    Nobody,
}

impl Holder {
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Device(device) => Some(*device),
            Self::Candidate(_) | Self::Nobody => None,
        }
    }
}

impl World {
    pub fn open(&mut self, holder: Holder, link: bool) -> SocketId {
        self.next_socket += 1;
        let id = SocketId(self.next_socket);
        self.sockets.insert(id, Socket { holder, link, dead: false, heard_at: self.now });
        if !link {
            self.counters.connections += 1;
        }
        id
    }

    /// The socket is gone, whoever ended it.
    pub fn closed(&mut self, socket: SocketId, end: SocketEnd) {
        let Some(gone) = self.sockets.remove(&socket) else { return };
        let device = match gone.holder {
            Holder::Device(device) => {
                let jid = self.jid_of(device);
                self.went_offline(device, socket);
                Some(jid)
            }
            Holder::Candidate(candidate) => {
                self.candidate_gone(&candidate);
                None
            }
            // Told when it was taken.
            Holder::Nobody => return,
        };
        self.tell(NetworkEvent::SocketClosed { device, end });
    }

    /// Detaches a device from this socket, if it is still its own.
    pub(super) fn went_offline(&mut self, id: DeviceId, socket: SocketId) {
        let now = self.unix();
        let Some(device) = self.device_mut(id) else { return };
        if device.socket != Some(socket) {
            return;
        }
        device.socket = None;
        device.backlog.hold();
        let was_available = std::mem::take(&mut device.available);
        if was_available {
            self.accounts[id.account].last_seen = Some(now);
            self.tell_watchers(id.account);
        }
    }

    /// Sends the last stanza, if any, and closes.
    pub(super) fn finish(&mut self, socket: SocketId, last: Option<Node>, end: SocketEnd) {
        if let Some(last) = last {
            self.outbox.push((socket, Delivery::Stanza(last)));
        }
        self.end(socket, Delivery::End(end), end);
    }

    /// Takes the socket from whoever holds it and ends it in this way.
    pub(super) fn end(&mut self, socket: SocketId, how: Delivery, end: SocketEnd) {
        self.outbox.push((socket, how));
        let Some(found) = self.sockets.get_mut(&socket) else { return };
        let holder = std::mem::replace(&mut found.holder, Holder::Nobody);
        match holder {
            Holder::Device(device) => {
                let jid = self.jid_of(device);
                self.went_offline(device, socket);
                self.tell(NetworkEvent::SocketClosed { device: Some(jid), end });
            }
            Holder::Candidate(candidate) => {
                self.candidate_gone(&candidate);
                self.tell(NetworkEvent::SocketClosed { device: None, end });
            }
            Holder::Nobody => {}
        }
    }

    /// To the device, now or when it comes back, until it acknowledges.
    pub(super) fn queue(&mut self, to: DeviceId, class: Class, id: String, stanza: Node) {
        let Some(device) = self.device_mut(to) else {
            self.counters.unroutable += 1;
            return;
        };
        if let Some(now) = device.backlog.add(class, id, stanza) {
            self.send(to, now);
        }
    }

    /// A `<notification>`, kept until acknowledged.
    pub(super) fn notify(&mut self, to: DeviceId, kind: &'static str, from: Jid, content: impl IntoIterator<Item = Node>) {
        let id = self.fresh_id();
        let notification = NodeBuilder::new("notification")
            .attr("from", from)
            .attr("type", kind)
            .attr("id", id.as_str())
            .attr("t", self.unix())
            .children(content)
            .build();
        self.queue(to, Class::Notification, id, notification);
    }

    pub(super) fn taken(&mut self, device: DeviceId, class: Class, id: &str) {
        let taken = self.device_mut(device).is_some_and(|device| device.backlog.take(class, id));
        if taken && class == Class::Message {
            let device = self.jid_of(device);
            self.tell(NetworkEvent::MessageTaken { id: id.into(), device });
        }
        if taken && let Some(batch) = self.device(device).and_then(|device| device.backlog.due()) {
            self.pull_backlog(device, batch);
        }
    }
}
