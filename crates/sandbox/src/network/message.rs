//! `<message>`: each device's own copy goes to that device, and the sender is told whether it had thought of all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::backlog::Class;
use super::event::NetworkEvent;
use super::stanza::{self, child, children, is, text, with};
use super::world::{DeviceId, World};

/// Attributes of the sender's stanza that its receivers see unchanged.
const PASSED_ON: [&str; 4] = ["type", "category", "edit", "push_priority"];

/// One device's encrypted copy.
struct Copy {
    /// As the sender addressed it.
    jid: Jid,
    device: DeviceId,
    content: Vec<Node>,
}

/// Why a message is refused: the nack's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nack {
    Malformed = 400,
    NoSuchRecipient = 404,
}

impl World {
    pub(super) fn on_message(&mut self, from: DeviceId, message: &Node) {
        match self.route(from, message) {
            Ok(ack) => self.send(from, ack),
            Err(nack) => {
                self.counters.nacks += 1;
                self.refuse_message(from, message, nack as u16);
            }
        }
    }

    /// Answers with a nack. One that a fault wanted is nobody's mistake and is not counted.
    pub(super) fn refuse_message(&mut self, from: DeviceId, message: &Node, code: u16) {
        let ack = with(self.ack(message, "message"), "error", code);
        self.send(from, ack);
        let id = text(message, "id").unwrap_or_default().into_owned();
        let from = self.jid_of(from);
        self.tell(NetworkEvent::MessageRefused { id, from, code });
    }

    fn route(&mut self, from: DeviceId, message: &Node) -> Result<Node, Nack> {
        let id = text(message, "id").filter(|id| !id.is_empty()).ok_or(Nack::Malformed)?.into_owned();
        let to = stanza::jid(message, "to").ok_or(Nack::Malformed)?;
        let recipient = self.find(&to).ok_or(Nack::NoSuchRecipient)?;
        let (copies, strangers) = self.copies(from, recipient, &to, message)?;
        self.counters.unroutable += strangers;

        let left_out = if is_fan_out(&to, message) { self.left_out(from, recipient, &copies) } else { Vec::new() };
        self.counters.devices_left_out += left_out.len() as u64;
        let mut ack = self.ack(message, "message");
        if is_fan_out(&to, message) {
            let form = |id: &DeviceId| self.accounts[id.account].jid_like(&form_of(&copies, id.account, &to), id.device);
            let all: Vec<Jid> = copies.iter().map(|copy| copy.jid.clone()).chain(left_out.iter().map(form)).collect();
            ack = with(ack, "phash", participant_hash(&all));
        }

        let recipients = copies.len();
        let peer = is(message, "category", "peer");
        let shared: Vec<Node> =
            children(message).iter().filter(|part| !matches!(part.tag.as_ref(), "participants" | "enc")).cloned().collect();
        for copy in copies {
            let stanza = self.copy_for(from, recipient, &to, message, &copy, &shared, peer);
            self.queue(copy.device, Class::Message, id.clone(), stanza);
        }
        self.acquaint(from.account, recipient);
        self.acquaint(recipient, from.account);
        self.counters.messages_routed += 1;
        let from = self.jid_of(from);
        self.tell(NetworkEvent::MessageRouted { id, from, recipients });
        Ok(ack)
    }

    /// The copies for devices that exist, and how many were for devices that do not.
    fn copies(&self, from: DeviceId, recipient: usize, to: &Jid, message: &Node) -> Result<(Vec<Copy>, u64), Nack> {
        let mut copies: Vec<Copy> = Vec::new();
        let mut strangers = 0;
        let bare: Vec<Node> = children(message).iter().filter(|part| part.tag == "enc").cloned().collect();
        let fan_out = child(message, "participants").map_or(&[][..], children);
        let addressed = fan_out
            .iter()
            .filter_map(|copy| Some((stanza::jid(copy, "jid")?, children(copy).to_vec())))
            .chain((!bare.is_empty()).then(|| (to.clone(), bare)));
        for (jid, content) in addressed {
            let account = self.find(&jid).ok_or(Nack::NoSuchRecipient)?;
            if account != recipient && account != from.account {
                return Err(Nack::Malformed);
            }
            let device = DeviceId { account, device: jid.device };
            if self.device(device).is_none() {
                strangers += 1;
            } else if device != from && !copies.iter().any(|copy| copy.device == device) {
                copies.push(Copy { jid, device, content });
            }
        }
        Ok((copies, strangers))
    }

    /// Devices that should have had a copy: all of the recipient's and the sender's other ones, if they have keys.
    fn left_out(&self, from: DeviceId, recipient: usize, copies: &[Copy]) -> Vec<DeviceId> {
        let mut expected = self.devices_of(recipient);
        if recipient != from.account {
            expected.extend(self.devices_of(from.account));
        }
        expected.retain(|id| {
            *id != from
                && self.device(*id).is_some_and(|device| device.keys.is_some())
                && !copies.iter().any(|copy| copy.device == *id)
        });
        expected
    }

    #[allow(clippy::too_many_arguments)]
    fn copy_for(
        &self,
        from: DeviceId,
        recipient: usize,
        to: &Jid,
        message: &Node,
        copy: &Copy,
        shared: &[Node],
        peer: bool,
    ) -> Node {
        let sender = &self.accounts[from.account];
        let by_lid = copy.jid.is_lid();
        let mut stanza = NodeBuilder::new("message")
            .attr("from", sender.jid_like(&copy.jid, from.device))
            .attr("t", self.unix())
            .attr("notify", sender.push_name.as_str());
        for name in ["id"].into_iter().chain(PASSED_ON) {
            if let Some(value) = message.attrs.get(name) {
                stanza = stanza.attr(name, value.clone());
            }
        }
        // The other address of the same person, so that clients can put both together.
        stanza = if by_lid {
            stanza.attr("addressing_mode", "lid").attr("sender_pn", sender.pn_jid(0))
        } else {
            stanza.attr("addressing_mode", "pn").attr("sender_lid", sender.lid_jid(0))
        };
        if copy.device.account == from.account && !peer {
            // The sender's own device: whom it was written to. A resend to that device alone names them itself.
            let chat = stanza::jid(message, "recipient").unwrap_or_else(|| to.to_non_ad());
            let person = &self.accounts[self.find(&chat).unwrap_or(recipient)];
            stanza = if chat.is_lid() {
                stanza.attr("recipient_pn", person.pn_jid(0)).attr("peer_recipient_pn", person.pn_jid(0))
            } else {
                stanza.attr("recipient_lid", person.lid_jid(0)).attr("peer_recipient_lid", person.lid_jid(0))
            };
            stanza = stanza.attr("recipient", chat);
        }
        stanza.children(copy.content.iter().chain(shared).cloned()).build()
    }
}

/// Whether the message is meant for all devices: not a peer message, not a resend to one device after its retry receipt.
fn is_fan_out(to: &Jid, message: &Node) -> bool {
    to.device == 0
        && !is(message, "category", "peer")
        && !is(message, "device_fanout", "false")
        && (child(message, "participants").is_some()
            || !children(message).iter().any(|part| part.tag == "enc" && part.attrs.contains_key("count")))
}

/// In which form the sender addresses this account's devices.
fn form_of(copies: &[Copy], account: usize, to: &Jid) -> Jid {
    copies.iter().find(|copy| copy.device.account == account).map_or_else(|| to.clone(), |copy| copy.jid.clone())
}

/// The participant hash, version 2: SHA-256 over the sorted device jids in their full form, six bytes of it in base64.
pub(super) fn participant_hash(devices: &[Jid]) -> String {
    let mut full: Vec<String> =
        devices.iter().map(|jid| format!("{}.0:{}@{}", jid.user, jid.device, jid.server.as_str())).collect();
    full.sort_unstable();
    let digest = Sha256::digest(full.concat());
    format!("2:{}", STANDARD_NO_PAD.encode(&digest[..6]))
}
