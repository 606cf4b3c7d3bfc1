//! Pairing by code: the server relays three stages between the companion and the account's phone, and reads none of it.
//!
//! `companion_hello` (iq of the companion → notification to the phone), `primary_hello` (iq of the phone → notification
//! to the companion), `companion_finish` (iq of the companion → notification to the phone); then the phone pairs with
//! the `link_code_pairing_ref` as reference.

use std::time::Duration;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::event::NetworkEvent;
use super::pairing::CodePairing;
use super::socket::Holder;
use super::stanza::{self, bytes, child, child_content, children, is, refusal, result, server_jid};
use super::world::{DeviceId, World};
use super::{Delivery, SocketId};

/// How long a code is good for; WhatsApp's clients stop at this too.
const LIFETIME: Duration = Duration::from_secs(180);
const REFERENCE: &str = "link_code_pairing_ref";

impl World {
    /// A stage from the companion.
    pub(super) fn on_companion_code(&mut self, socket: SocketId, iq: &Node) -> Node {
        let Some(stage) = child(iq, "link_code_companion_reg") else { return refusal(iq, 400, "bad-request") };
        if is(stage, "stage", "companion_hello") {
            self.companion_hello(socket, iq, stage)
        } else if is(stage, "stage", "companion_finish") {
            self.companion_finish(socket, iq, stage)
        } else {
            refusal(iq, 400, "bad-request")
        }
    }

    fn companion_hello(&mut self, socket: SocketId, iq: &Node, stage: &Node) -> Node {
        let Some(account) = stanza::jid(stage, "jid").and_then(|jid| self.find(&jid)) else {
            return refusal(iq, 404, "item-not-found");
        };
        let reference = self.fresh_reference();
        let deadline = self.now + LIFETIME;
        let Some(candidate) = self.candidate_mut(socket) else { return refusal(iq, 400, "bad-request") };
        candidate.code = Some(CodePairing { account, reference: reference.clone() });
        candidate.wait_until(deadline);
        let noise_key = candidate.noise_key();

        let mut content: Vec<Node> = children(stage).to_vec();
        if child(stage, "companion_server_auth_key_pub").is_none() {
            content.push(bytes("companion_server_auth_key_pub", noise_key));
        }
        content.push(bytes(REFERENCE, reference.as_bytes()));
        self.relay_to_phone(account, "companion_hello", content);
        let account = self.accounts[account].pn_jid(0);
        self.tell(NetworkEvent::CodeRequested { account });
        let answer = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .children([bytes(REFERENCE, reference.as_bytes())])
            .build();
        result(iq, [answer])
    }

    fn companion_finish(&mut self, socket: SocketId, iq: &Node, stage: &Node) -> Node {
        let code = self.candidate_mut(socket).and_then(|candidate| candidate.code.as_ref());
        let named = child_content(stage, REFERENCE);
        match code {
            Some(code) if named.as_deref() == Some(code.reference.as_bytes()) => {
                let account = code.account;
                self.relay_to_phone(account, "companion_finish", children(stage).to_vec());
                result(iq, [])
            }
            Some(_) | None => refusal(iq, 404, "item-not-found"),
        }
    }

    /// `primary_hello` from the phone.
    pub(super) fn on_primary_code(&mut self, from: DeviceId, iq: &Node) -> Node {
        let stage = child(iq, "link_code_companion_reg");
        let Some(stage) = stage.filter(|stage| from.device == 0 && is(stage, "stage", "primary_hello")) else {
            return refusal(iq, 400, "bad-request");
        };
        let reference = child_content(stage, REFERENCE).unwrap_or_default();
        let companion = self.sockets.iter().find_map(|(id, socket)| match &socket.holder {
            Holder::Candidate(candidate) => {
                let code = candidate.code.as_ref()?;
                (code.account == from.account && code.reference.as_bytes() == &*reference).then_some(*id)
            }
            Holder::Device(_) | Holder::Nobody => None,
        });
        let Some(companion) = companion else { return refusal(iq, 404, "item-not-found") };
        let notification = self.code_notification("primary_hello", self.accounts[from.account].pn_jid(0), children(stage));
        self.outbox.push((companion, Delivery::Stanza(notification)));
        result(iq, [])
    }

    fn relay_to_phone(&mut self, account: usize, stage: &'static str, content: Vec<Node>) {
        let phone = DeviceId { account, device: 0 };
        let jid = self.accounts[account].pn_jid(0);
        let content =
            NodeBuilder::new("link_code_companion_reg").attr("stage", stage).attr("jid", jid).children(content).build();
        self.notify(phone, "link_code_companion_reg", server_jid(), [content]);
    }

    fn code_notification(&mut self, stage: &'static str, jid: Jid, content: &[Node]) -> Node {
        let content = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", stage)
            .attr("jid", jid)
            .children(content.to_vec())
            .build();
        NodeBuilder::new("notification")
            .attr("from", server_jid())
            .attr("type", "link_code_companion_reg")
            .attr("id", self.fresh_id())
            .attr("t", self.unix())
            .children([content])
            .build()
    }
}
