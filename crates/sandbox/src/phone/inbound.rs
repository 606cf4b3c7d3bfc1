//! Everything that reaches a phone: messages to decrypt, receipts about its own, notifications to act on.

use jiff::Timestamp;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeValue};
use wacore_libsignal::protocol::SignalProtocolError;

use super::content::{Opened, open};
use super::conversation::{Content, Direction, MessageStatus, PhoneMessage};
use super::memory::{CodePairing, Memory, now, seconds};
use super::padding::unpad;
use super::peers::{address, bundle, child_bytes, node_bytes};
use super::{Phone, PhoneError, outbound};

/// Starts every automatic answer, so that two phones that answer each other stop.
const ECHO: &str = "Echo: ";
/// A device that still cannot decrypt after so many copies gets no more.
const MAX_RETRIES: u32 = 5;

impl Phone {
    /// Handles one stanza. Trouble with one message must not stop the phone: it is logged.
    pub(super) async fn take(&self, stanza: Node) {
        let outcome = match stanza.tag.as_ref() {
            "message" => self.take_message(&stanza).await,
            "receipt" => self.take_receipt(&stanza).await,
            "notification" => self.take_notification(&stanza).await,
            // Presence, chat states, `<ib>`: a phone has no screen to show them on yet.
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::debug!(stanza = %stanza.tag, %error, "phone could not handle a stanza");
        }
    }

    async fn take_message(&self, stanza: &Node) -> Result<(), PhoneError> {
        let (Some(id), Some(from)) = (text_attr(stanza, "id"), jid_attr(stanza, "from")) else {
            return Err(PhoneError::Protocol("message without id or from".to_owned()));
        };
        let mut memory = self.memory().await;
        let mut opened = Vec::new();
        for enc in stanza.get_children_by_tag("enc") {
            let kind = text_attr(enc, "type").unwrap_or_default();
            let bytes = node_bytes(enc).unwrap_or_default();
            let peer = address(&self.line().network, &from);
            let Memory { keys, sessions, .. } = &mut *memory;
            let plain = sessions.unseal(keys, &peer, &kind, bytes).await;
            match plain.and_then(unpad).and_then(|plain| open(&plain)) {
                Ok(content) => opened.push(content),
                // The very ciphertext of a message that has been read: its sender did not hear of it.
                Err(PhoneError::Signal(SignalProtocolError::DuplicatedMessage(..)))
                    if memory.messages.came_again(&id, if self.owns(&from) { Direction::Out } else { Direction::In }) => {}
                Err(error) => {
                    let content = Content::Undecryptable(error.to_string());
                    self.record(&mut memory, self.entry(stanza, &id, &from, content, None));
                    return self.ask_again(&mut memory, stanza, &id, &from);
                }
            }
        }
        self.line().tell(delivery_receipt(stanza, &id, &from))?;
        for content in opened {
            self.take_content(&mut memory, stanza, &id, &from, content).await?;
        }
        Ok(())
    }

    async fn take_content(
        &self,
        memory: &mut Memory,
        stanza: &Node,
        id: &str,
        from: &Jid,
        opened: Opened,
    ) -> Result<(), PhoneError> {
        match opened {
            Opened::Chat { content, sent_to } => {
                let entry = self.entry(stanza, id, from, content, sent_to);
                let answer = match &entry.content {
                    Content::Text(text) if memory.auto_reply && entry.direction == Direction::In && !text.starts_with(ECHO) => {
                        Some(format!("{ECHO}{text}"))
                    }
                    Content::Text(_)
                    | Content::Edit { .. }
                    | Content::Revoke { .. }
                    | Content::Reaction { .. }
                    | Content::Other(_)
                    | Content::Undecryptable(_) => None,
                };
                let chat = entry.chat.clone();
                let new = self.record(memory, entry);
                if let Some(answer) = answer.filter(|_| new) {
                    self.send_with(memory, &chat, &answer).await?;
                }
                Ok(())
            }
            Opened::KeyRequest(ids) if self.owns(from) => {
                let share = memory.app_state.key_share(&memory.roster, Some(&ids), seconds());
                outbound::deliver_to_companion(self.line(), &mut memory.sessions, from, &share).await
            }
            Opened::KeyRequest(_) => Err(PhoneError::Protocol("a stranger asked for app-state keys".to_owned())),
            Opened::Internal(kind) => {
                tracing::debug!(kind, "message between devices");
                Ok(())
            }
        }
    }

    fn entry(&self, stanza: &Node, id: &str, from: &Jid, content: Content, sent_to: Option<String>) -> PhoneMessage {
        let own = self.owns(from);
        let partner = if own {
            let destination = sent_to.and_then(|jid| jid.parse().ok());
            destination.or_else(|| jid_attr(stanza, "recipient")).unwrap_or_else(|| from.clone())
        } else {
            from.clone()
        };
        let chat = self.line().network.account(&partner).map_or_else(|| partner.to_non_ad(), |account| account.pn);
        let at = text_attr(stanza, "t").and_then(|t| t.parse().ok()).and_then(|t| Timestamp::from_second(t).ok());
        let arrivals = u32::from(!matches!(content, Content::Undecryptable(_)));
        PhoneMessage {
            id: id.to_owned(),
            chat,
            from: from.clone(),
            direction: if own { Direction::Out } else { Direction::In },
            by_companion: own,
            offline: stanza.attrs.get("offline").is_some(),
            content,
            at: at.unwrap_or_else(now),
            status: if own { MessageStatus::Sent } else { MessageStatus::Delivered },
            arrivals,
        }
    }

    /// Asks for a message that could not be decrypted, with a fresh bundle to open a session on.
    fn ask_again(&self, memory: &mut Memory, stanza: &Node, id: &str, from: &Jid) -> Result<(), PhoneError> {
        let count = memory.retries.entry(id.to_owned()).or_default();
        *count += 1;
        if *count > MAX_RETRIES {
            return Err(PhoneError::Protocol("still undecryptable after five copies".to_owned()));
        }
        let retry = NodeBuilder::new("retry")
            .attr("count", *count)
            .attr("id", id)
            .attr("t", text_attr(stanza, "t").unwrap_or_default())
            .attr("v", "1")
            .build();
        let registration = NodeBuilder::new("registration").bytes(memory.keys.registration_id.to_be_bytes().to_vec()).build();
        let mut receipt = NodeBuilder::new("receipt").attr("to", from).attr("id", id).attr("type", "retry");
        if let Some(recipient) = jid_attr(stanza, "recipient") {
            receipt = receipt.attr("recipient", recipient);
        }
        self.line().tell(receipt.children([retry, registration, memory.keys.retry_bundle()?]).build())
    }

    async fn take_receipt(&self, stanza: &Node) -> Result<(), PhoneError> {
        let from = jid_attr(stanza, "participant").or_else(|| jid_attr(stanza, "from"));
        self.line().tell(ack(stanza))?;
        let mut memory = self.memory().await;
        let kind = text_attr(stanza, "type");
        if kind.as_deref() == Some("retry") {
            return match from {
                Some(device) if memory.answers_retries => self.send_again(&mut memory, stanza, &device).await,
                Some(device) => {
                    memory.unanswered.push((stanza.clone(), device));
                    Ok(())
                }
                None => Ok(()),
            };
        }
        let by_companion = from.as_ref().is_some_and(|from| self.owns(from));
        for id in receipt_ids(stanza) {
            let change = match (kind.as_deref(), by_companion) {
                (None | Some("inactive"), false) => Some((Direction::Out, MessageStatus::Delivered)),
                (Some("read" | "played"), false) => Some((Direction::Out, MessageStatus::Read)),
                // Read on a companion: then it is read here too.
                (Some("read" | "read-self" | "played" | "played-self"), true) => Some((Direction::In, MessageStatus::Read)),
                (_, _) => None,
            };
            if let Some((direction, status)) = change {
                self.raise(&mut memory, &id, direction, status);
            }
        }
        Ok(())
    }

    pub(super) async fn send_again(&self, memory: &mut Memory, stanza: &Node, device: &Jid) -> Result<(), PhoneError> {
        let Some(id) = text_attr(stanza, "id") else {
            return Ok(());
        };
        let count = stanza.get_optional_child("retry").and_then(|retry| text_attr(retry, "count"));
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(1);
        if count > MAX_RETRIES {
            return Ok(());
        }
        let peer = address(&self.line().network, device);
        match stanza.get_optional_child("keys") {
            Some(keys) => {
                let mut user = keys.clone();
                if let (Some(registration), Some(wacore_binary::NodeContent::Nodes(children))) =
                    (stanza.get_optional_child("registration"), user.content.as_mut())
                {
                    children.push(registration.clone());
                }
                memory.sessions.open(&peer, &bundle(&user, device)?).await?;
            }
            // Without keys in the receipt the session is opened anew from a fetched bundle.
            None => memory.sessions.forget(&peer),
        }
        outbound::deliver_again(self.line(), memory, self.account(), device, &id, count).await
    }

    async fn take_notification(&self, stanza: &Node) -> Result<(), PhoneError> {
        self.line().tell(ack(stanza))?;
        let mut memory = self.memory().await;
        match text_attr(stanza, "type").as_deref() {
            Some("encrypt") if stanza.get_optional_child("count").is_some() => self.publish_keys(&mut memory).await,
            Some("link_code_companion_reg") => {
                if let Some(step) = stanza.get_optional_child("link_code_companion_reg") {
                    self.take_code_step(&mut memory, step);
                }
                Ok(())
            }
            Some("server_sync") => {
                for collection in stanza.get_children_by_tag("collection") {
                    if let Some(name) = text_attr(collection, "name") {
                        memory.app_state.catch_up(self.line(), &name).await?;
                    }
                }
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn take_code_step(&self, memory: &mut Memory, step: &Node) {
        let part = |tag| child_bytes(step, tag).map(<[u8]>::to_vec).unwrap_or_default();
        let reference = part("link_code_pairing_ref");
        match text_attr(step, "stage").as_deref() {
            Some("companion_hello") => {
                let wrapped_ephemeral = part("link_code_pairing_wrapped_companion_ephemeral_pub");
                memory.code = CodePairing::Requested { reference, wrapped_ephemeral };
            }
            Some("companion_finish") => {
                let bundle = part("link_code_pairing_wrapped_key_bundle");
                memory.code = CodePairing::Finished { reference, bundle, identity: part("companion_identity_public") };
            }
            Some(_) | None => {}
        }
        self.tick();
    }

    fn owns(&self, jid: &Jid) -> bool {
        jid.user == self.account().pn.user || jid.user == self.account().lid.user
    }
}

fn delivery_receipt(stanza: &Node, id: &str, from: &Jid) -> Node {
    let receipt = NodeBuilder::new("receipt").attr("to", from).attr("id", id);
    if text_attr(stanza, "category").as_deref() == Some("peer") {
        return receipt.attr("type", "peer_msg").build();
    }
    match jid_attr(stanza, "recipient") {
        Some(recipient) => receipt.attr("type", "sender").attr("recipient", recipient).build(),
        None => receipt.build(),
    }
}

/// The acknowledgement of a receipt or notification.
fn ack(stanza: &Node) -> Node {
    let mut ack = NodeBuilder::new("ack").attr("class", stanza.tag.as_ref());
    for (from, to) in [("id", "id"), ("from", "to"), ("type", "type"), ("participant", "participant")] {
        if let Some(value) = stanza.attrs.get(from) {
            ack = ack.attr(to, value.clone());
        }
    }
    ack.build()
}

/// The ids that a receipt speaks of: its own and those of its `<list>`.
fn receipt_ids(stanza: &Node) -> Vec<String> {
    let list = stanza.get_optional_child("list").into_iter().flat_map(|list| list.get_children_by_tag("item"));
    text_attr(stanza, "id").into_iter().chain(list.filter_map(|item| text_attr(item, "id"))).collect()
}

fn text_attr(node: &Node, name: &str) -> Option<String> {
    node.attrs.get(name).map(ToString::to_string)
}

fn jid_attr(node: &Node, name: &str) -> Option<Jid> {
    node.attrs.get(name).and_then(NodeValue::to_jid)
}
