//! Whom a message must be encrypted for: device lists by usync, and key bundles to open sessions with.

use std::collections::HashSet;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent};
use wacore_libsignal::protocol::{IdentityKey, PreKeyBundle, ProtocolAddress, PublicKey};

use super::PhoneError;
use super::keys::iq;
use super::line::Line;
use super::sessions::Sessions;
use crate::network::{Account, Network};

/// Where a phone keeps the session with a device: by phone number, however the stanza named it.
pub(super) fn address(network: &Network, device: &Jid) -> ProtocolAddress {
    let user = network.account(device).map_or_else(|| device.user.to_string(), |account| account.pn.user.to_string());
    ProtocolAddress::new(&user, u32::from(device.device).into())
}

/// The account that a person means by `+1 555 …`, digits, or a jid.
pub(super) fn resolve(network: &Network, to: &str) -> Result<Account, PhoneError> {
    let unknown = || PhoneError::NoSuchAccount(to.to_owned());
    let jid = if to.contains('@') { to.parse::<Jid>().map_err(|_| unknown())? } else { Jid::pn(digits(to)?) };
    network.account(&jid).ok_or_else(unknown)
}

/// The digits of a phone number written in any usual way.
pub(super) fn digits(number: &str) -> Result<String, PhoneError> {
    let bad = || PhoneError::BadNumber(number.to_owned());
    if number.chars().any(|c| !(c.is_ascii_digit() || "+ -().".contains(c))) {
        return Err(bad());
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if (7..=15).contains(&digits.len()) && !digits.starts_with('0') { Ok(digits) } else { Err(bad()) }
}

/// All devices of these accounts, in phone-number form.
pub(super) async fn devices(line: &Line, accounts: &[&Jid]) -> Result<Vec<Jid>, PhoneError> {
    let users: HashSet<&Jid> = accounts.iter().copied().collect();
    let list = users.into_iter().map(|jid| NodeBuilder::new("user").attr("jid", jid).build());
    let usync = NodeBuilder::new("usync")
        .attrs([("sid", "1"), ("mode", "query"), ("last", "true"), ("index", "0"), ("context", "message")])
        .children([
            NodeBuilder::new("query").children([NodeBuilder::new("devices").attr("version", "2").build()]).build(),
            NodeBuilder::new("list").children(list).build(),
        ])
        .build();
    let answer = line.ask(iq("get", "usync", vec![usync])).await?;
    let mut found = Vec::new();
    for user in path(&answer, &["usync", "list"]).into_iter().flat_map(|list| list.get_children_by_tag("user")) {
        let Some(jid) = user.attrs.get("jid").and_then(wacore_binary::NodeValue::to_jid) else {
            continue;
        };
        for device in path(user, &["devices", "device-list"]).into_iter().flat_map(|list| list.get_children_by_tag("device")) {
            let id = device.attrs.get("id").and_then(|id| id.as_str().parse::<u16>().ok());
            found.extend(id.map(|id| jid.with_device(id)));
        }
    }
    Ok(found)
}

/// Opens a session with every device that has none yet. Devices without a bundle are left without one.
pub(super) async fn open_sessions(line: &Line, sessions: &mut Sessions, devices: &[Jid]) -> Result<(), PhoneError> {
    let missing: Vec<&Jid> = devices.iter().filter(|device| !sessions.exists(&address(&line.network, device))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let users = missing.iter().map(|device| NodeBuilder::new("user").attr("jid", *device).build());
    let answer = line.ask(iq("get", "encrypt", vec![NodeBuilder::new("key").children(users).build()])).await?;
    let list = path(&answer, &["list"]).into_iter().flat_map(|list| list.get_children_by_tag("user"));
    for user in list {
        let Some(device) = user.attrs.get("jid").and_then(wacore_binary::NodeValue::to_jid) else {
            continue;
        };
        if user.get_optional_child("error").is_some() {
            continue;
        }
        sessions.open(&address(&line.network, &device), &bundle(user, &device)?).await?;
    }
    Ok(())
}

/// Reads a key bundle: the `<user>` of an answer, or the `<keys>` of a retry receipt with `<registration>` beside it.
pub(super) fn bundle(user: &Node, device: &Jid) -> Result<PreKeyBundle, PhoneError> {
    let missing = |what: &str| PhoneError::Protocol(format!("key bundle without {what}"));
    let public = |node: &Node| -> Result<PublicKey, PhoneError> {
        let value = child_bytes(node, "value").ok_or_else(|| missing("value"))?;
        Ok(PublicKey::from_djb_public_key_bytes(value)?)
    };
    let id = |node: &Node| number(child_bytes(node, "id").unwrap_or_default());
    let registration = number(child_bytes(user, "registration").unwrap_or_default());
    let identity = child_bytes(user, "identity").ok_or_else(|| missing("identity"))?;
    let signed = user.get_optional_child("skey").ok_or_else(|| missing("skey"))?;
    let one_time = match user.get_optional_child("key") {
        Some(node) => Some((id(node).into(), public(node)?)),
        None => None,
    };
    Ok(PreKeyBundle::new(
        registration,
        u32::from(device.device).into(),
        one_time,
        id(signed).into(),
        public(signed)?,
        child_bytes(signed, "signature").ok_or_else(|| missing("signature"))?.to_vec(),
        IdentityKey::new(PublicKey::from_djb_public_key_bytes(identity)?),
    )?)
}

pub(super) fn path<'a>(node: &'a Node, tags: &[&str]) -> Option<&'a Node> {
    tags.iter().try_fold(node, |node, tag| node.get_optional_child(tag))
}

pub(super) fn node_bytes(node: &Node) -> Option<&[u8]> {
    match node.content.as_ref()? {
        NodeContent::Bytes(bytes) => Some(bytes),
        NodeContent::String(text) => Some(text.as_bytes()),
        NodeContent::Nodes(_) => None,
    }
}

pub(super) fn child_bytes<'a>(node: &'a Node, tag: &str) -> Option<&'a [u8]> {
    node.get_optional_child(tag).and_then(node_bytes)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_written_in_any_usual_way() {
        assert_eq!(digits("+1 (555) 0100-101").unwrap(), "15550100101");
        for bad in ["", "0155501001", "12", "+1 555 CALL ME", "1234567890123456"] {
            assert!(digits(bad).is_err(), "{bad}");
        }
    }
}
