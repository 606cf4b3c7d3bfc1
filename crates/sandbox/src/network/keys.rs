//! A device's public keys as the server keeps them, and the `encrypt` iqs that fill and hand them out.

use std::collections::VecDeque;

use sha1::{Digest as _, Sha1};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::event::NetworkEvent;
use super::stanza::{bytes, child, child_content, child_number, children, empty, error, jid, key32, refusal, result};
use super::world::{DeviceId, World};

/// Below this the server asks for more.
const LOW: usize = 10;

/// What others need to begin a Signal session with a device.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub registration: u32,
    pub identity: [u8; 32],
    pub signed: SignedPreKey,
    pub one_time: VecDeque<PreKey>,
}

#[derive(Clone, Debug, Default)]
pub struct SignedPreKey {
    pub id: u32,
    pub key: [u8; 32],
    pub signature: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct PreKey {
    pub id: u32,
    pub key: [u8; 32],
}

impl World {
    pub(super) fn on_encrypt_iq(&mut self, from: DeviceId, iq: &Node, set: bool) -> Node {
        match (set, super::stanza::topic(iq)) {
            (true, "rotate") => self.rotate(from, iq),
            (true, _) => self.upload(from, iq),
            (false, "count") => {
                let count = self.device(from).and_then(|device| device.keys.as_ref()).map_or(0, |keys| keys.one_time.len());
                result(iq, [NodeBuilder::new("count").attr("value", count).build()])
            }
            (false, "digest") => match self.device(from).and_then(|device| device.keys.as_ref()) {
                Some(keys) if !keys.one_time.is_empty() => result(iq, [digest(keys)]),
                Some(_) | None => refusal(iq, 404, "item-not-found"),
            },
            (false, "key") => {
                let asked: Vec<Jid> = child(iq, "key")
                    .map(|key| children(key).iter().filter_map(|user| jid(user, "jid")).collect())
                    .unwrap_or_default();
                let users: Vec<Node> = asked.iter().map(|who| self.bundle(from, who)).collect();
                result(iq, [NodeBuilder::new("list").children(users).build()])
            }
            (false, _) => self.unknown_iq(from, iq),
        }
    }

    fn upload(&mut self, from: DeviceId, iq: &Node) -> Node {
        let Some(upload) = parse_upload(iq) else { return refusal(iq, 400, "bad-request") };
        let count = upload.one_time.len();
        let Some(device) = self.device_mut(from) else { return refusal(iq, 404, "item-not-found") };
        match &mut device.keys {
            Some(keys) if keys.identity == upload.identity => {
                keys.registration = upload.registration;
                keys.signed = upload.signed;
                for key in upload.one_time {
                    keys.one_time.retain(|known| known.id != key.id);
                    keys.one_time.push_back(key);
                }
            }
            keys => *keys = Some(upload),
        }
        device.asked_for_keys = false;
        let device = self.jid_of(from);
        self.tell(NetworkEvent::PreKeysUploaded { device, count });
        result(iq, [])
    }

    fn rotate(&mut self, from: DeviceId, iq: &Node) -> Node {
        let signed = child(iq, "rotate").and_then(|rotate| child(rotate, "skey")).and_then(parse_signed);
        match (signed, self.device_mut(from).and_then(|device| device.keys.as_mut())) {
            (Some(signed), Some(keys)) => {
                keys.signed = signed;
                result(iq, [])
            }
            (Some(_) | None, _) => refusal(iq, 406, "not-acceptable"),
        }
    }

    /// One `<user>` of the answer, in the address form of the question; a one-time key is gone once handed out.
    fn bundle(&mut self, asking: DeviceId, who: &Jid) -> Node {
        let user = NodeBuilder::new("user").attr("jid", who.clone());
        let Some(id) = self.find_device(who) else {
            return user.children([error(406, "not-acceptable")]).build();
        };
        self.acquaint(asking.account, id.account);
        let Some(device) = self.device_mut(id) else {
            return user.children([error(406, "not-acceptable")]).build();
        };
        let device_identity = device.identity.clone();
        let Some(keys) = &mut device.keys else {
            return user.children([error(404, "item-not-found")]).build();
        };
        let one_time = keys.one_time.pop_front();
        let mut parts = vec![
            bytes("registration", keys.registration.to_be_bytes()),
            bytes("type", [5]),
            bytes("identity", keys.identity),
            signed_node(&keys.signed),
        ];
        parts.extend(
            one_time.as_ref().map(|key| NodeBuilder::new("key").children([key_id(key.id), bytes("value", key.key)]).build()),
        );
        parts.extend(device_identity.map(|identity| bytes("device-identity", identity)));
        let left = keys.one_time.len();
        let ask = left < LOW && !device.asked_for_keys;
        if ask {
            device.asked_for_keys = true;
        }
        self.counters.bundles_handed_out += 1;
        if one_time.is_none() {
            self.counters.bundles_without_one_time_key += 1;
        }
        if ask {
            self.ask_for_keys(id, left);
        }
        user.children(parts).build()
    }

    fn ask_for_keys(&mut self, device: DeviceId, left: usize) {
        let count = NodeBuilder::new("count").attr("value", left).build();
        self.notify(device, "encrypt", super::stanza::server_jid(), [count]);
    }
}

fn parse_upload(iq: &Node) -> Option<Keys> {
    Some(Keys {
        registration: child_number(iq, "registration")?,
        identity: key32(&child_content(iq, "identity")?)?,
        signed: parse_signed(child(iq, "skey")?)?,
        one_time: child(iq, "list").map_or(&[][..], children).iter().filter_map(parse_one_time).collect(),
    })
}

fn parse_one_time(key: &Node) -> Option<PreKey> {
    Some(PreKey { id: child_number(key, "id")?, key: key32(&child_content(key, "value")?)? })
}

fn parse_signed(skey: &Node) -> Option<SignedPreKey> {
    Some(SignedPreKey {
        id: child_number(skey, "id")?,
        key: key32(&child_content(skey, "value")?)?,
        signature: child_content(skey, "signature").filter(|signature| signature.len() == 64)?.into_owned(),
    })
}

fn signed_node(signed: &SignedPreKey) -> Node {
    NodeBuilder::new("skey")
        .children([key_id(signed.id), bytes("value", signed.key), bytes("signature", signed.signature.clone())])
        .build()
}

/// Key ids travel in three bytes.
fn key_id(id: u32) -> Node {
    bytes("id", &id.to_be_bytes()[1..])
}

/// `<digest>`: the public bundle and SHA-1 over identity, signed pre-key, its signature and all one-time keys.
fn digest(keys: &Keys) -> Node {
    let mut hash = Sha1::new();
    hash.update(keys.identity);
    hash.update(keys.signed.key);
    hash.update(&keys.signed.signature);
    for key in &keys.one_time {
        hash.update(key.key);
    }
    NodeBuilder::new("digest")
        .children([
            bytes("registration", keys.registration.to_be_bytes()),
            bytes("type", [5]),
            bytes("identity", keys.identity),
            signed_node(&keys.signed),
            if keys.one_time.is_empty() {
                empty("list")
            } else {
                NodeBuilder::new("list").children(keys.one_time.iter().map(|key| key_id(key.id))).build()
            },
            bytes("hash", hash.finalize().to_vec()),
        ])
        .build()
}
