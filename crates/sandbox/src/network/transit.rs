//! Stanzas between a client and the server that a fault loses, holds up, or answers otherwise.
//!
//! The world has no clock to wait by: what is to come later is handed to the connection, which keeps it until then.

use std::time::Duration;

use wacore_binary::Node;

use super::event::SocketEnd;
use super::fault::Fault;
use super::socket::Holder;
use super::stanza::{is, text};
use super::world::{DeviceId, World};
use super::{Delivery, SocketId};

/// Which way a stanza goes, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    FromClient,
    ToClient,
}

/// What becomes of one stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transit {
    Swallowed,
    Late(Duration),
    /// A message is refused with this code.
    Refused(u16),
    /// The connection is cut when the message has arrived; `true` if it goes on to its recipients first.
    Cut(bool),
}

impl Transit {
    /// What this fault does to such a stanza. The ack of a message goes by the name `message-ack` here.
    pub fn of(fault: &Fault, way: Way, tag: &str) -> Option<Self> {
        let message = way == Way::FromClient && tag == "message";
        let its_ack = way == Way::ToClient && tag == MESSAGE_ACK;
        let plain = if its_ack { "ack" } else { tag };
        let fits = |wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| wanted == plain);
        match fault {
            Fault::Nack { code, .. } if message => Some(Self::Refused(*code)),
            Fault::DropBeforeAck { delivered, .. } if message => Some(Self::Cut(*delivered)),
            Fault::SwallowAcks { .. } if its_ack => Some(Self::Swallowed),
            Fault::DelayAcks { delay, .. } if its_ack => Some(Self::Late(*delay)),
            Fault::SwallowStanzas { way: hit, tag: wanted, .. } if *hit == way && fits(wanted) => Some(Self::Swallowed),
            Fault::DelayStanzas { way: hit, tag: wanted, delay, .. } if *hit == way && fits(wanted) => Some(Self::Late(*delay)),
            Fault::Nack { .. }
            | Fault::DropBeforeAck { .. }
            | Fault::SwallowAcks { .. }
            | Fault::DelayAcks { .. }
            | Fault::SwallowStanzas { .. }
            | Fault::DelayStanzas { .. }
            | Fault::Drop
            | Fault::HalfOpen
            | Fault::Hang
            | Fault::Refuse { .. }
            | Fault::Unavailable
            | Fault::Slow { .. }
            | Fault::Replaced
            | Fault::TemporaryBan { .. }
            | Fault::Outdated
            | Fault::LoginFailure { .. }
            | Fault::StreamError { .. } => None,
        }
    }
}

/// The server's word on a message, told apart from the acks of receipts and the like.
const MESSAGE_ACK: &str = "message-ack";

impl World {
    /// Handles what arrived on a client's socket, unless a fault has something else in store for it.
    pub fn receive(&mut self, socket: SocketId, stanza: &Node) {
        let Some((transit, fault)) = self.transit_of(socket, Way::FromClient, stanza) else {
            self.hear(socket, stanza);
            return;
        };
        let device = self.sockets.get(&socket).and_then(|found| found.holder.device());
        self.hit(device, &fault);
        match transit {
            Transit::Swallowed => {}
            Transit::Late(delay) => self.outbox.push((socket, Delivery::HearLater(stanza.clone(), delay))),
            Transit::Refused(code) => {
                if let Some(device) = device {
                    self.refuse_message(device, stanza, code);
                }
            }
            Transit::Cut(delivered) => {
                // Before anything else, so that no word of it gets out; what it was about is heard all the same.
                self.cut_off(socket);
                if let Some(device) = device.filter(|_| delivered) {
                    self.on_message(device, stanza);
                }
            }
        }
    }

    /// To the device's live connection, if it has one and no fault is in the way.
    pub(super) fn send(&mut self, device: DeviceId, stanza: Node) {
        let Some(socket) = self.device(device).and_then(|device| device.socket) else { return };
        match self.transit_of(socket, Way::ToClient, &stanza) {
            None => self.outbox.push((socket, Delivery::Stanza(stanza))),
            Some((transit, fault)) => {
                self.hit(Some(device), &fault);
                if let Transit::Late(delay) = transit {
                    self.outbox.push((socket, Delivery::Later(stanza, delay)));
                }
            }
        }
    }

    fn transit_of(&mut self, socket: SocketId, way: Way, stanza: &Node) -> Option<(Transit, Fault)> {
        if self.troubles.none() {
            return None;
        }
        let found = self.sockets.get(&socket)?;
        let Holder::Device(device) = found.holder else { return None };
        if found.link {
            return None;
        }
        let jid = self.jid_of(device);
        let ack = stanza.tag == "ack" && (is(stanza, "class", "message") || text(stanza, "class").is_none());
        let tag = if ack { MESSAGE_ACK } else { stanza.tag.as_ref() };
        self.troubles.in_transit(way, tag, &jid, self.now)
    }

    fn cut_off(&mut self, socket: SocketId) {
        self.end(socket, Delivery::Cut, SocketEnd::ByFault);
    }
}
