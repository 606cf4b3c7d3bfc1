//! Signal sessions of one phone, in memory. The ratchets are libsignal's; here are only the shelves they stand on.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use wacore_libsignal::protocol::error::Result as SignalResult;
use wacore_libsignal::protocol::{
    CiphertextMessage, CiphertextMessageType, Direction, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore,
    PreKeyBundle, PreKeyId, PreKeyRecord, PreKeySignalMessage, PreKeyStore, ProtocolAddress, SessionRecord, SessionStore,
    SignalMessage, SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore, UsePQRatchet, message_decrypt,
    message_encrypt, process_prekey_bundle,
};

use super::PhoneError;
use super::keys::{PhoneKeys, signal_rng};

/// A ciphertext as `<enc>` carries it.
pub(super) struct Sealed {
    /// `msg` or `pkmsg`.
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// Name and device of the peer, and the record.
pub(super) type SavedSession = (String, u32, Vec<u8>);

#[derive(Default)]
struct Shelf(HashMap<ProtocolAddress, SessionRecord>);

struct Identities {
    own: IdentityKeyPair,
    registration_id: u32,
    known: HashMap<ProtocolAddress, IdentityKey>,
}

struct OneTimeKeys<'a>(&'a mut BTreeMap<u32, PreKeyRecord>);

struct SignedKey(SignedPreKeyRecord);

impl Sealed {
    /// Damages the last byte of its MAC: it can still be parsed, but not authenticated.
    pub fn spoil(&mut self) -> Result<(), PhoneError> {
        let inner = self.inner()?;
        let start = self.bytes.windows(inner.len()).position(|window| window == inner);
        let last = start.and_then(|start| (start + inner.len()).checked_sub(1));
        if let Some(byte) = last.and_then(|last| self.bytes.get_mut(last)) {
            *byte ^= 0x55;
        }
        Ok(())
    }

    /// Without what would open the session at the other end.
    pub fn into_established(self) -> Result<Self, PhoneError> {
        Ok(Self { kind: "msg", bytes: self.inner()? })
    }

    fn inner(&self) -> Result<Vec<u8>, PhoneError> {
        Ok(match self.kind {
            "pkmsg" => PreKeySignalMessage::try_from(self.bytes.as_slice())?.message().serialized().to_vec(),
            _ => self.bytes.clone(),
        })
    }
}

/// All sessions of one phone, by (phone number, device).
pub(super) struct Sessions {
    shelf: Shelf,
    identities: Identities,
    signed: SignedKey,
    /// Brought back from a time that may be long past: good for reading, but what is written on them now may repeat
    /// keys that were used already. A new session is opened before anything is sent.
    stale: HashSet<ProtocolAddress>,
}

impl Sessions {
    pub fn new(keys: &PhoneKeys) -> Self {
        Self {
            shelf: Shelf::default(),
            identities: Identities { own: keys.identity.clone(), registration_id: keys.registration_id, known: HashMap::new() },
            signed: SignedKey(keys.signed_pre_key.clone()),
            stale: HashSet::new(),
        }
    }

    /// From now on none of the present sessions is written on.
    pub fn distrust_all(&mut self) {
        self.stale = self.shelf.0.keys().cloned().collect();
    }

    /// Every session with the address of its peer, as libsignal writes it.
    pub fn save(&self) -> Result<Vec<SavedSession>, PhoneError> {
        let saved = |(peer, record): (&ProtocolAddress, &SessionRecord)| {
            Ok((peer.name().to_owned(), peer.device_id().into(), record.serialize()?))
        };
        self.shelf.0.iter().map(saved).collect()
    }

    pub fn restore(keys: &PhoneKeys, saved: Vec<SavedSession>) -> Result<Self, PhoneError> {
        let mut sessions = Self::new(keys);
        for (peer, device, record) in saved {
            let peer = ProtocolAddress::new(&peer, device.into());
            sessions.shelf.0.insert(peer, SessionRecord::deserialize(&record)?);
        }
        Ok(sessions)
    }

    /// Whether there is a session to write on.
    pub fn exists(&self, peer: &ProtocolAddress) -> bool {
        self.shelf.0.contains_key(peer) && !self.stale.contains(peer)
    }

    pub fn forget_all(&mut self) {
        self.shelf.0.clear();
    }

    pub fn forget(&mut self, peer: &ProtocolAddress) {
        self.shelf.0.remove(peer);
    }

    /// Opens a session from a fetched bundle; replaces one that was there.
    pub async fn open(&mut self, peer: &ProtocolAddress, bundle: &PreKeyBundle) -> Result<(), PhoneError> {
        process_prekey_bundle(peer, &mut self.shelf, &mut self.identities, bundle, &mut signal_rng(), UsePQRatchet::No).await?;
        self.stale.remove(peer);
        Ok(())
    }

    pub async fn seal(&mut self, peer: &ProtocolAddress, plaintext: &[u8]) -> Result<Sealed, PhoneError> {
        let message = message_encrypt(plaintext, peer, &mut self.shelf, &mut self.identities).await?;
        let kind = match message.message_type() {
            CiphertextMessageType::PreKey => "pkmsg",
            CiphertextMessageType::Whisper => "msg",
            CiphertextMessageType::SenderKey | CiphertextMessageType::Plaintext => {
                return Err(PhoneError::Protocol("unexpected ciphertext kind".to_owned()));
            }
        };
        Ok(Sealed { kind, bytes: message.serialize().to_vec() })
    }

    /// Decrypts what a peer sent; the one-time key that a first message used is spent.
    pub async fn unseal(
        &mut self,
        keys: &mut PhoneKeys,
        peer: &ProtocolAddress,
        kind: &str,
        bytes: &[u8],
    ) -> Result<Vec<u8>, PhoneError> {
        let message = match kind {
            "pkmsg" => CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(bytes)?),
            "msg" => CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes)?),
            other => {
                return Err(PhoneError::Protocol(format!("cannot decrypt <enc type=\"{other}\">")));
            }
        };
        let mut one_time = OneTimeKeys(&mut keys.pre_keys);
        let opened = message_decrypt(
            &message,
            peer,
            &mut self.shelf,
            &mut self.identities,
            &mut one_time,
            &self.signed,
            &mut signal_rng(),
            UsePQRatchet::No,
        )
        .await?;
        if let Some(spent) = opened.consumed_prekey_id {
            keys.pre_keys.remove(&spent.into());
        }
        Ok(opened.plaintext)
    }
}

#[async_trait]
impl SessionStore for Shelf {
    async fn load_session(&self, address: &ProtocolAddress) -> SignalResult<Option<SessionRecord>> {
        Ok(self.0.get(address).cloned())
    }
    async fn has_session(&self, address: &ProtocolAddress) -> SignalResult<bool> {
        Ok(self.0.contains_key(address))
    }
    async fn store_session(&mut self, address: &ProtocolAddress, record: SessionRecord) -> SignalResult<()> {
        self.0.insert(address.clone(), record);
        Ok(())
    }
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> SignalResult<IdentityKeyPair> {
        Ok(self.own.clone())
    }
    async fn get_local_registration_id(&self) -> SignalResult<u32> {
        Ok(self.registration_id)
    }
    async fn save_identity(&mut self, address: &ProtocolAddress, identity: &IdentityKey) -> SignalResult<IdentityChange> {
        let before = self.known.insert(address.clone(), *identity);
        Ok(IdentityChange::from_changed(before.is_some_and(|key| key != *identity)))
    }
    /// A phone trusts on first use and again after a change, as the app does by default.
    async fn is_trusted_identity(
        &self,
        _address: &ProtocolAddress,
        _identity: &IdentityKey,
        _direction: Direction,
    ) -> SignalResult<bool> {
        Ok(true)
    }
    async fn get_identity(&self, address: &ProtocolAddress) -> SignalResult<Option<IdentityKey>> {
        Ok(self.known.get(address).copied())
    }
}

#[async_trait]
impl PreKeyStore for OneTimeKeys<'_> {
    async fn get_pre_key(&self, id: PreKeyId) -> SignalResult<PreKeyRecord> {
        self.0.get(&id.into()).cloned().ok_or(SignalProtocolError::InvalidPreKeyId)
    }
    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> SignalResult<()> {
        self.0.insert(id.into(), record.clone());
        Ok(())
    }
    async fn remove_pre_key(&mut self, id: PreKeyId) -> SignalResult<()> {
        self.0.remove(&id.into());
        Ok(())
    }
}

#[async_trait]
impl SignedPreKeyStore for SignedKey {
    async fn get_signed_pre_key(&self, _id: SignedPreKeyId) -> SignalResult<SignedPreKeyRecord> {
        Ok(self.0.clone())
    }
    async fn save_signed_pre_key(&mut self, _id: SignedPreKeyId, record: &SignedPreKeyRecord) -> SignalResult<()> {
        self.0 = record.clone();
        Ok(())
    }
}
