//! Sending: a message is encrypted once for every device of the recipient and of the own account.

use buffa::{Message as _, MessageField};
use rand::Rng as _;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use waproto::whatsapp as wa;

use super::PhoneError;
use super::line::Line;
use super::memory::{Memory, Sent};
use super::padding::pad;
use super::peers::{address, devices, open_sessions};
use super::sessions::{Sealed, Sessions};
use crate::network::Account;

/// Ids of messages from a phone begin differently from those of web clients (`3EB0…`), which tells them apart in logs.
pub(super) fn message_id() -> String {
    format!("3A{:018X}", rand::rng().random::<u128>() >> 56)
}

pub(super) fn text(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..Default::default() }
}

/// Sends to all devices of the recipient, and to the own companions as "I sent this". Returns when the network has it.
pub(super) async fn deliver(
    line: &Line,
    memory: &mut Memory,
    own: &Account,
    to: &Jid,
    id: &str,
    message: &wa::Message,
) -> Result<(), PhoneError> {
    let all = devices(line, &[to, &own.pn]).await?;
    let others: Vec<Jid> = all.into_iter().filter(|device| *device != line.device).collect();
    open_sessions(line, &mut memory.sessions, &others).await?;
    let plain = message.encode_to_vec();
    let echo = device_sent(to, message).encode_to_vec();
    let mut participants = Vec::new();
    for device in &others {
        if !memory.sessions.exists(&address(&line.network, device)) {
            continue;
        }
        let content = if device.user == own.pn.user { &echo } else { &plain };
        let mut sealed = memory.sessions.seal(&address(&line.network, device), &pad(content.clone())).await?;
        if memory.spoil_next {
            sealed.spoil()?;
        }
        participants.push(NodeBuilder::new("to").attr("jid", device).children([enc(sealed, None)]).build());
    }
    memory.spoil_next = false;
    memory.sent.insert(id.to_owned(), Sent { to: to.clone(), message: message.clone() });
    let stanza = NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", "text")
        .children([NodeBuilder::new("participants").children(participants).build()])
        .build();
    accepted(&line.send(id, stanza).await?)
}

/// A message between devices of the own account, for one device: key shares, history.
pub(super) async fn deliver_to_companion(
    line: &Line,
    sessions: &mut Sessions,
    device: &Jid,
    message: &wa::Message,
) -> Result<(), PhoneError> {
    open_sessions(line, sessions, std::slice::from_ref(device)).await?;
    let sealed = sessions.seal(&address(&line.network, device), &pad(message.encode_to_vec())).await?;
    let id = message_id();
    let stanza = NodeBuilder::new("message")
        .attr("to", device)
        .attr("id", id.as_str())
        .attr("type", "text")
        .attr("category", "peer")
        .attr("push_priority", "high")
        .children([NodeBuilder::new("meta").attr("appdata", "default").build(), enc(sealed, None)])
        .build();
    accepted(&line.send(&id, stanza).await?)
}

/// The same message once more for a device that could not decrypt it.
pub(super) async fn deliver_again(
    line: &Line,
    memory: &mut Memory,
    own: &Account,
    device: &Jid,
    id: &str,
    count: u32,
) -> Result<(), PhoneError> {
    let Sent { to, message } = memory.sent.get(id).cloned().ok_or_else(|| PhoneError::NoSuchMessage(id.to_owned()))?;
    open_sessions(line, &mut memory.sessions, std::slice::from_ref(device)).await?;
    let ours = line.network.account(device).is_some_and(|account| account.pn == own.pn);
    let content = if ours { device_sent(&to, &message) } else { message };
    let sealed = memory.sessions.seal(&address(&line.network, device), &pad(content.encode_to_vec())).await?;
    let mut stanza =
        NodeBuilder::new("message").attr("to", device).attr("id", id).attr("type", "text").attr("device_fanout", "false");
    if ours {
        stanza = stanza.attr("recipient", &to);
    }
    accepted(&line.send(id, stanza.children([enc(sealed, Some(count))]).build()).await?)
}

fn device_sent(to: &Jid, message: &wa::Message) -> wa::Message {
    wa::Message {
        device_sent_message: MessageField::some(wa::message::DeviceSentMessage {
            destination_jid: Some(to.to_string()),
            message: MessageField::some(message.clone()),
            phash: None,
        }),
        ..Default::default()
    }
}

fn enc(sealed: Sealed, retry: Option<u32>) -> Node {
    let node = NodeBuilder::new("enc").attr("v", "2").attr("type", sealed.kind);
    let node = match retry {
        Some(count) => node.attr("count", count),
        None => node,
    };
    node.bytes(sealed.bytes).build()
}

fn accepted(ack: &Node) -> Result<(), PhoneError> {
    match ack.attrs.get("error") {
        Some(code) => Err(PhoneError::Refused(format!("nack {code}"))),
        None => Ok(()),
    }
}
