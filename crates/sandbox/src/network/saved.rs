//! What outlives a restart of the sandbox: accounts, devices, keys, app state, and what waits for devices. A companion
//! that comes back to a restored network is known there and resumes; one that comes to an empty network is logged out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore_binary::marshal;

use super::account::{Device, Person};
use super::app_state::Collection;
use super::backlog::{Backlog, Class};
use super::keys::{Keys, PreKey, SignedPreKey};
use super::world::World;

/// Format of what [`Network::save`](super::Network::save) gives.
const FORMAT: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("the saved network does not read")]
    Unreadable(#[from] serde_json::Error),
    #[error("the saved network has format {0}, this sandbox reads {FORMAT}")]
    Format(u32),
    #[error("only a network without accounts can be restored into")]
    InUse,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    /// Ids given out so far: a client that remembers one must not see it again.
    next_id: u64,
    accounts: Vec<SavedAccount>,
}

#[derive(Serialize, Deserialize)]
struct SavedAccount {
    pn: String,
    lid: String,
    push_name: String,
    about: String,
    next_device: u16,
    key_index_list: Option<Vec<u8>>,
    list_time: u64,
    acquaintances: BTreeSet<usize>,
    collections: BTreeMap<String, Vec<Vec<u8>>>,
    blocked: BTreeSet<String>,
    privacy: BTreeMap<String, String>,
    devices: BTreeMap<u16, SavedDevice>,
}

#[derive(Serialize, Deserialize)]
struct SavedDevice {
    key_index: u32,
    noise_key: Option<[u8; 32]>,
    identity: Option<Vec<u8>>,
    keys: Option<SavedKeys>,
    platform: String,
    logins: u64,
    waiting: Vec<SavedStanza>,
}

#[derive(Serialize, Deserialize)]
struct SavedKeys {
    registration: u32,
    identity: [u8; 32],
    signed: (u32, [u8; 32], Vec<u8>),
    one_time: Vec<(u32, [u8; 32])>,
}

/// A stanza that a device has not acknowledged, as it would go over the wire.
#[derive(Serialize, Deserialize)]
struct SavedStanza {
    class: Class,
    id: String,
    stanza: Vec<u8>,
}

impl World {
    pub fn save(&self) -> serde_json::Result<Vec<u8>> {
        let accounts = self.accounts.iter().map(SavedAccount::of).collect();
        serde_json::to_vec(&Saved { format: FORMAT, next_id: self.next_id, accounts })
    }

    pub fn restore(&mut self, saved: &[u8]) -> Result<(), RestoreError> {
        if !self.accounts.is_empty() {
            return Err(RestoreError::InUse);
        }
        let saved: Saved = serde_json::from_slice(saved)?;
        if saved.format != FORMAT {
            return Err(RestoreError::Format(saved.format));
        }
        self.next_id = saved.next_id;
        for account in saved.accounts {
            self.admit(account.into_person());
        }
        Ok(())
    }
}

impl SavedAccount {
    fn of(person: &Person) -> Self {
        Self {
            pn: person.pn.clone(),
            lid: person.lid.clone(),
            push_name: person.push_name.clone(),
            about: person.about.clone(),
            next_device: person.next_device,
            key_index_list: person.key_index_list.clone(),
            list_time: person.list_time,
            acquaintances: person.acquaintances.clone(),
            collections: person.collections.iter().map(|(name, kept)| (name.clone(), kept.patches().to_vec())).collect(),
            blocked: person.blocked.clone(),
            privacy: person.privacy.clone(),
            devices: person.devices.iter().map(|(id, device)| (*id, SavedDevice::of(device))).collect(),
        }
    }

    fn into_person(self) -> Person {
        let mut person = Person::new(self.pn, self.lid, self.push_name, self.list_time);
        person.about = self.about;
        person.next_device = self.next_device;
        person.key_index_list = self.key_index_list;
        person.acquaintances = self.acquaintances;
        person.collections =
            self.collections.into_iter().map(|(name, patches)| (name, Collection::from_patches(patches))).collect();
        person.blocked = self.blocked;
        person.privacy = self.privacy;
        person.devices = self.devices.into_iter().map(|(id, device)| (id, device.into_device())).collect();
        person
    }
}

impl SavedDevice {
    fn of(device: &Device) -> Self {
        let waiting = device.backlog.entries().filter_map(|(class, id, stanza)| {
            Some(SavedStanza { class, id: id.to_owned(), stanza: marshal::marshal(stanza).ok()? })
        });
        Self {
            key_index: device.key_index,
            noise_key: device.noise_key,
            identity: device.identity.clone(),
            keys: device.keys.as_ref().map(SavedKeys::of),
            platform: device.platform.clone(),
            logins: device.logins,
            waiting: waiting.collect(),
        }
    }

    fn into_device(self) -> Device {
        let mut backlog = Backlog::default();
        for waiting in self.waiting {
            // What does not read any more was written by another version of the codec; it is lost, as mail can be.
            let bytes = waiting.stanza.get(1..).unwrap_or_default();
            if let Ok(stanza) = marshal::unmarshal_ref(bytes) {
                backlog.add(waiting.class, waiting.id, stanza.to_owned());
            }
        }
        Device {
            key_index: self.key_index,
            noise_key: self.noise_key,
            identity: self.identity,
            keys: self.keys.map(SavedKeys::into_keys),
            platform: self.platform,
            logins: self.logins,
            backlog,
            ..Device::default()
        }
    }
}

impl SavedKeys {
    fn of(keys: &Keys) -> Self {
        Self {
            registration: keys.registration,
            identity: keys.identity,
            signed: (keys.signed.id, keys.signed.key, keys.signed.signature.clone()),
            one_time: keys.one_time.iter().map(|key| (key.id, key.key)).collect(),
        }
    }

    fn into_keys(self) -> Keys {
        let (id, key, signature) = self.signed;
        Keys {
            registration: self.registration,
            identity: self.identity,
            signed: SignedPreKey { id, key, signature },
            one_time: self.one_time.into_iter().map(|(id, key)| PreKey { id, key }).collect(),
        }
    }
}
