//! The key material of a primary device: what it publishes for others to open sessions with it.

use std::collections::BTreeMap;

use rand::Rng as _;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, SERVER_JID};
use wacore_libsignal::protocol::{
    GenericSignedPreKey as _, IdentityKeyPair, KeyPair, PreKeyRecord, SignedPreKeyRecord, Timestamp,
};

use super::PhoneError;

/// How many one-time pre-keys a phone publishes at a time.
const BATCH: u32 = 40;

/// The generator that Signal's key functions take.
pub(super) fn signal_rng() -> rand_signal::rngs::StdRng {
    rand_signal::make_rng()
}

/// Identity, registration id, signed pre-key and one-time pre-keys of one phone.
pub(super) struct PhoneKeys {
    pub identity: IdentityKeyPair,
    pub registration_id: u32,
    pub signed_pre_key: SignedPreKeyRecord,
    pub pre_keys: BTreeMap<u32, PreKeyRecord>,
    next_pre_key: u32,
}

/// The records of [`PhoneKeys`] as libsignal writes them.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct SavedKeys {
    identity: Vec<u8>,
    registration_id: u32,
    signed_pre_key: Vec<u8>,
    pre_keys: BTreeMap<u32, Vec<u8>>,
    next_pre_key: u32,
}

impl PhoneKeys {
    pub fn generate() -> Result<Self, PhoneError> {
        let identity = IdentityKeyPair::generate(&mut signal_rng());
        let pair = KeyPair::generate(&mut signal_rng());
        let signature = identity.private_key().calculate_signature(&pair.public_key.serialize(), &mut signal_rng())?;
        let signed_pre_key = SignedPreKeyRecord::new(1.into(), Timestamp::from_epoch_millis(0), &pair, &signature);
        Ok(Self {
            identity,
            registration_id: rand::rng().random_range(1..0x3fff),
            signed_pre_key,
            pre_keys: BTreeMap::new(),
            next_pre_key: 1,
        })
    }

    /// All of it, to be kept.
    pub fn save(&self) -> Result<SavedKeys, PhoneError> {
        let mut pre_keys = BTreeMap::new();
        for (id, key) in &self.pre_keys {
            pre_keys.insert(*id, key.serialize()?);
        }
        Ok(SavedKeys {
            identity: self.identity.serialize().into_vec(),
            registration_id: self.registration_id,
            signed_pre_key: self.signed_pre_key.serialize()?,
            pre_keys,
            next_pre_key: self.next_pre_key,
        })
    }

    pub fn restore(saved: SavedKeys) -> Result<Self, PhoneError> {
        let mut pre_keys = BTreeMap::new();
        for (id, key) in saved.pre_keys {
            pre_keys.insert(id, PreKeyRecord::deserialize(&key)?);
        }
        Ok(Self {
            identity: IdentityKeyPair::try_from(saved.identity.as_slice())?,
            registration_id: saved.registration_id,
            signed_pre_key: SignedPreKeyRecord::deserialize(&saved.signed_pre_key)?,
            pre_keys,
            next_pre_key: saved.next_pre_key,
        })
    }

    /// The 32 bytes of the public identity key, as stanzas carry it.
    pub fn identity_public(&self) -> &[u8] {
        self.identity.public_key().public_key_bytes()
    }

    /// Makes a fresh batch of one-time pre-keys and the children of the `<iq xmlns="encrypt">` that publishes them.
    pub fn publish_batch(&mut self) -> Result<Vec<Node>, PhoneError> {
        let mut list = Vec::new();
        for id in self.next_pre_key..self.next_pre_key + BATCH {
            let pair = KeyPair::generate(&mut signal_rng());
            list.push(key_node("key", id, pair.public_key.public_key_bytes(), None));
            self.pre_keys.insert(id, PreKeyRecord::new(id.into(), &pair));
        }
        self.next_pre_key += BATCH;
        Ok(vec![
            bytes_node("registration", self.registration_id.to_be_bytes()),
            bytes_node("type", [5u8]),
            bytes_node("identity", self.identity_public()),
            NodeBuilder::new("list").children(list).build(),
            self.signed_pre_key_node()?,
        ])
    }

    /// A bundle for one peer with a one-time pre-key of its own, as a retry receipt's `<keys>`.
    pub fn retry_bundle(&mut self) -> Result<Node, PhoneError> {
        let id = self.next_pre_key;
        self.next_pre_key += 1;
        let pair = KeyPair::generate(&mut signal_rng());
        self.pre_keys.insert(id, PreKeyRecord::new(id.into(), &pair));
        Ok(NodeBuilder::new("keys")
            .children([
                bytes_node("type", [5u8]),
                bytes_node("identity", self.identity_public()),
                key_node("key", id, pair.public_key.public_key_bytes(), None),
                self.signed_pre_key_node()?,
            ])
            .build())
    }

    fn signed_pre_key_node(&self) -> Result<Node, PhoneError> {
        let public = self.signed_pre_key.public_key()?;
        let signature = self.signed_pre_key.signature()?;
        Ok(key_node("skey", self.signed_pre_key.id()?.into(), public.public_key_bytes(), Some(signature)))
    }
}

/// The iq that asks the network something; its `id` is added by the line it goes out on.
pub(super) fn iq(kind: &'static str, namespace: &'static str, children: Vec<Node>) -> NodeBuilder {
    NodeBuilder::new("iq").attr("to", SERVER_JID).attr("type", kind).attr("xmlns", namespace).children(children)
}

pub(super) fn bytes_node(tag: &'static str, bytes: impl AsRef<[u8]>) -> Node {
    NodeBuilder::new(tag).bytes(bytes.as_ref().to_vec()).build()
}

fn key_node(tag: &'static str, id: u32, public: &[u8], signature: Option<Vec<u8>>) -> Node {
    // Key ids are three bytes on the wire.
    let mut children = vec![bytes_node("id", &id.to_be_bytes()[1..]), bytes_node("value", public)];
    if let Some(signature) = signature {
        children.push(bytes_node("signature", signature));
    }
    NodeBuilder::new(tag).children(children).build()
}
