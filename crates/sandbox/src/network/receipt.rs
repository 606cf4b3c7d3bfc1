//! `<receipt>`: takes messages out of the device's queue and tells their sender.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::backlog::Class;
use super::event::NetworkEvent;
use super::stanza::{self, child, children, text};
use super::world::{DeviceId, World};

impl World {
    pub(super) fn on_receipt(&mut self, from: DeviceId, receipt: &Node) {
        let Some(id) = text(receipt, "id").map(|id| id.into_owned()) else {
            self.unknown(Some(from), "receipt without id".into());
            return;
        };
        let kind = text(receipt, "type").map_or_else(|| "delivered".to_owned(), |kind| kind.into_owned());
        self.taken(from, Class::Message, &id);
        let further: Vec<String> = child(receipt, "list")
            .map(|list| children(list).iter().filter_map(|item| Some(text(item, "id")?.into_owned())).collect())
            .unwrap_or_default();
        for id in &further {
            self.taken(from, Class::Message, id);
        }
        self.acknowledge(from, receipt, "receipt");

        let Some(to) = stanza::jid(receipt, "to") else { return };
        let Some(account) = self.find(&to) else { return };
        match kind.as_str() {
            // To the device that encrypted: it must do so again.
            "retry" | "enc_rekey_retry" => {
                self.route_receipt(from, &to, receipt, &[DeviceId { account, device: to.device }], None);
            }
            // An own device took its copy of what another had sent; nobody waits for that.
            "sender" => {}
            // To the own device that had sent the peer message.
            "peer_msg" => self.route_receipt(from, &to, receipt, &[DeviceId { account, device: to.device }], None),
            _ => {
                let theirs: Vec<DeviceId> = self.devices_of(account).into_iter().filter(|id| *id != from).collect();
                self.route_receipt(from, &to, receipt, &theirs, None);
                if matches!(kind.as_str(), "read" | "played") && account != from.account {
                    let mine: Vec<DeviceId> = self.devices_of(from.account).into_iter().filter(|id| *id != from).collect();
                    self.route_receipt(from, &to, receipt, &mine, Some(to.to_non_ad()));
                }
            }
        }
        self.counters.receipts_routed += 1;
        let from = self.jid_of(from);
        self.tell(NetworkEvent::ReceiptRouted { id, from, kind });
    }

    /// `recipient` is the chat, when the receipt goes to devices of the one who read.
    fn route_receipt(&mut self, from: DeviceId, to: &Jid, receipt: &Node, targets: &[DeviceId], recipient: Option<Jid>) {
        let Some(id) = text(receipt, "id").map(|id| id.into_owned()) else { return };
        let mut stanza = NodeBuilder::new("receipt")
            .attr("from", self.accounts[from.account].jid_like(to, from.device))
            .attr("id", id.as_str())
            .attr("t", self.unix());
        if let Some(kind) = receipt.attrs.get("type") {
            stanza = stanza.attr("type", kind.clone());
        }
        let chat = recipient.or_else(|| stanza::jid(receipt, "recipient"));
        if let Some(chat) = chat {
            stanza = stanza.attr("recipient", chat);
        }
        let content = children(receipt);
        let stanza = if content.is_empty() { stanza.build() } else { stanza.children(content.to_vec()).build() };
        for target in targets {
            self.queue(*target, Class::Receipt, id.clone(), stanza.clone());
        }
    }
}
