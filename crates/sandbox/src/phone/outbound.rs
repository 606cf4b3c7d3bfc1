//! Sending: a message is encrypted once for every device of the recipient and of the own account.

use buffa::{Message as _, MessageField};
use rand::Rng as _;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use waproto::whatsapp as wa;

use super::PhoneError;
use super::letter::Letter;
use super::line::Line;
use super::memory::{Memory, Mishap, Sent};
use super::padding::pad;
use super::peers::{address, devices, open_sessions};
use super::sessions::{Sealed, Sessions};
use crate::network::Account;

/// Ids of messages from a phone begin differently from those of web clients (`3EB0…`), which tells them apart in logs.
pub(super) fn message_id() -> String {
    format!("3A{:018X}", rand::rng().random::<u128>() >> 56)
}

/// Everybody who gets a copy of a message: all devices of the recipient and the own companions, with sessions to them.
pub(super) async fn audience(line: &Line, memory: &mut Memory, own: &Account, to: &Jid) -> Result<Vec<Jid>, PhoneError> {
    let all = devices(line, &[to, &own.pn]).await?;
    let others: Vec<Jid> = all.into_iter().filter(|device| *device != line.device).collect();
    open_sessions(line, &mut memory.sessions, &others).await?;
    Ok(others)
}

/// Encrypts for all of these devices; for the own companions as "I sent this". Nothing is sent yet.
pub(super) async fn compose(
    line: &Line,
    memory: &mut Memory,
    own: &Account,
    to: &Jid,
    audience: &[Jid],
    id: &str,
    letter: Letter,
) -> Result<Node, PhoneError> {
    let mishap = memory.mishap.take();
    // Sessions that nobody at the other end knows of.
    let mut strange = Sessions::new(&memory.keys);
    if mishap == Some(Mishap::WrongSession) {
        open_sessions(line, &mut strange, audience).await?;
    }
    let plain = letter.message.encode_to_vec();
    let echo = device_sent(to, &letter.message).encode_to_vec();
    let mut participants = Vec::new();
    for device in audience {
        let peer = address(&line.network, device);
        let sessions = if mishap == Some(Mishap::WrongSession) { &mut strange } else { &mut memory.sessions };
        if !sessions.exists(&peer) {
            continue;
        }
        let content = if device.user == own.pn.user { &echo } else { &plain };
        let mut sealed = sessions.seal(&peer, &pad(content.clone())).await?;
        match mishap {
            Some(Mishap::Spoiled) => sealed.spoil()?,
            Some(Mishap::WrongSession) => sealed = sealed.into_established()?,
            None => {}
        }
        participants.push(NodeBuilder::new("to").attr("jid", device).children([enc(sealed, &letter, None)]).build());
    }
    let stanza = head(to, id, &letter).children([NodeBuilder::new("participants").children(participants).build()]).build();
    memory.sent.insert(id.to_owned(), Sent { to: to.clone(), letter });
    Ok(stanza)
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
        .children([NodeBuilder::new("meta").attr("appdata", "default").build(), plain_enc(sealed)])
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
    let Sent { to, letter } = memory.sent.get(id).cloned().ok_or_else(|| PhoneError::NoSuchMessage(id.to_owned()))?;
    open_sessions(line, &mut memory.sessions, std::slice::from_ref(device)).await?;
    let ours = line.network.account(device).is_some_and(|account| account.pn == own.pn);
    let content = if ours { device_sent(&to, &letter.message) } else { letter.message.clone() };
    let sealed = memory.sessions.seal(&address(&line.network, device), &pad(content.encode_to_vec())).await?;
    let mut stanza = head(device, id, &letter).attr("device_fanout", "false");
    if ours {
        stanza = stanza.attr("recipient", &to);
    }
    accepted(&line.send(id, stanza.children([enc(sealed, &letter, Some(count))]).build()).await?)
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

fn head(to: &Jid, id: &str, letter: &Letter) -> NodeBuilder {
    let stanza = NodeBuilder::new("message").attr("to", to).attr("id", id).attr("type", letter.kind);
    match letter.edit {
        Some(edit) => stanza.attr("edit", edit),
        None => stanza,
    }
}

fn enc(sealed: Sealed, letter: &Letter, retry: Option<u32>) -> Node {
    let mut node = plain_enc(sealed);
    if letter.hidden {
        node.attrs.insert("decrypt-fail", "hide");
    }
    if let Some(count) = retry {
        node.attrs.insert("count", count.to_string());
    }
    node
}

fn plain_enc(sealed: Sealed) -> Node {
    NodeBuilder::new("enc").attr("v", "2").attr("type", sealed.kind).bytes(sealed.bytes).build()
}

pub(super) fn accepted(ack: &Node) -> Result<(), PhoneError> {
    match ack.attrs.get("error") {
        Some(code) => Err(PhoneError::Refused(format!("nack {code}"))),
        None => Ok(()),
    }
}
