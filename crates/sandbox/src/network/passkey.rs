//! The passkey demand of mid-2026: on some accounts WhatsApp asks for a WebAuthn assertion before it links a device.
//!
//! The sandbox asks and accepts any answer as well-formed; it cannot judge an assertion, having no credentials to check
//! it against. A client that answers stays waiting, as if the phone had yet to confirm.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::event::NetworkEvent;
use super::stanza::{self, bytes, child, child_content, refusal, result, server_jid};
use super::world::World;
use super::{Delivery, SocketId};

/// How far an unpaired connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Asked { options: String },
    Answered,
}

/// How long the person has to use their passkey.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

impl World {
    pub(super) fn demand_passkey(&mut self, socket: SocketId, options: &str) {
        let notification = NodeBuilder::new("notification")
            .attr("from", server_jid())
            .attr("type", "passkey_prologue_request")
            .attr("id", self.fresh_id())
            .attr("t", self.unix())
            .children([bytes("passkey_request_options", options.as_bytes())])
            .build();
        self.outbox.push((socket, Delivery::Stanza(notification)));
        let deadline = self.now + PATIENCE;
        if let Some(candidate) = self.candidate_mut(socket) {
            candidate.passkey = Some(Stage::Asked { options: options.to_owned() });
            candidate.wait_until(deadline);
        }
    }

    pub(super) fn on_passkey(&mut self, socket: SocketId, iq: &Node) -> Node {
        let stage = self.candidate_mut(socket).and_then(|candidate| candidate.passkey.clone());
        let topic = stanza::topic(iq);
        match (topic, stage) {
            ("ref", _) => {
                let reference = self.fresh_reference();
                result(iq, [bytes("ref", reference.as_bytes())])
            }
            ("passkey_request_options", Some(Stage::Asked { options })) => {
                result(iq, [bytes("passkey_request_options", options.as_bytes())])
            }
            ("passkey_prologue", Some(Stage::Asked { .. })) => {
                let whole = child(iq, "passkey_prologue").is_some_and(|prologue| {
                    ["credential_id", "webauthn_assertion", "prologue_payload"]
                        .into_iter()
                        .all(|part| child_content(prologue, part).is_some_and(|content| !content.is_empty()))
                });
                if !whole {
                    return refusal(iq, 400, "bad-request");
                }
                if let Some(candidate) = self.candidate_mut(socket) {
                    candidate.passkey = Some(Stage::Answered);
                }
                self.tell(NetworkEvent::PasskeyAnswered { socket: socket.0 });
                result(iq, [])
            }
            (_, _) => refusal(iq, 406, "not-acceptable"),
        }
    }
}
